/** The whole app in the browser shell, as `npm start` serves it, with a library of its own. */
import { onTestFinished } from 'vitest'
import { type Client, createClient } from '../../core/contract/client.ts'
import { createTransportPair } from '../../core/contract/memory-transport.ts'
import { Host } from '../../main/host.ts'
import { startBrowserShell } from '../../main/shells/browser/browser-shell.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface RealApp {
  readonly url: string
  readonly client: Client
}

/** Serves a new library; `welcome` makes the demo machine in it. */
export async function serveRealApp(options: { welcome: boolean }): Promise<RealApp> {
  const host = await Host.open({
    libraryFolder: `${temporaryFolder()}/library`,
    welcome: options.welcome,
    shell: { openConsole: () => {}, pageUrl: () => null, quit: () => {} },
  })
  onTestFinished(() => host.dispose())
  const shell = await startBrowserShell(host, { port: 0, folders: [] })
  onTestFinished(() => shell.close())
  const [clientEnd, hostEnd] = createTransportPair()
  const client = createClient(clientEnd)
  host.connect(hostEnd, { shell: 'local', hostPaths: true, folders: [] })
  return { url: shell.url, client }
}

/** The text screen of the only machine of `client`, lines joined; "" in graphics modes and while it is off. */
export async function onlyScreen(client: Client): Promise<string> {
  const [card] = await client.api.library.list({})
  if (card?.kind !== 'machine') return ''
  const text = await client.api.machine.screenText({ id: card.id }).catch(() => undefined)
  return text?.lines.join('\n') ?? ''
}
