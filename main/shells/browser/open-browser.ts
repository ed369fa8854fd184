/** Opens an address in the user's browser. */
import { spawn } from 'node:child_process'

/** Returns whether a browser could be asked; says nothing of whether it came up. */
export function openBrowser(url: string): Promise<boolean> {
  const [command, args] = commandFor(url)
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'ignore', detached: true })
    child.once('error', () => resolve(false))
    child.once('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}

function commandFor(url: string): [string, string[]] {
  if (process.platform === 'darwin') return ['open', [url]]
  // The address goes to no shell: "&" in it would end the command.
  if (process.platform === 'win32') return ['rundll32', ['url.dll,FileProtocolHandler', url]]
  return ['xdg-open', [url]]
}
