/** `run --display window`: the throw-away machine in a library of its own, shown by the browser shell. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MachineSpec } from '../../../core/contract/machine-spec.ts'
import type { RunOptions } from '../../../core/contract/vm-thread.ts'
import { Host } from '../../host.ts'
import { startBrowserShell } from '../../shells/browser/browser-shell.ts'
import { openBrowser } from '../../shells/browser/open-browser.ts'
import { consoleUrl } from '../../shells/browser/page-address.ts'
import type { Launched } from './run-command.ts'

export async function launchInWindow(
  spec: MachineSpec,
  options: RunOptions,
  vmThread: URL | undefined,
): Promise<Launched> {
  const libraryFolder = await mkdtemp(join(tmpdir(), 'vitrine-run-'))
  const removeFolder = () => rm(libraryFolder, { recursive: true, force: true })
  try {
    const host = await Host.open({
      libraryFolder,
      welcome: false,
      shell: { openConsole: () => {}, pageUrl: () => null, quit: () => void host.machines.stopAll() },
      ...(vmThread ? { vmThread } : {}),
    })
    const shell = await startBrowserShell(host, { port: 0, folders: [] })
    const { schemaVersion: _, id: __, present: ___, pending: ____, ...settings } = spec
    const machine = await host.machines.library.add(() => Promise.resolve(settings))
    const { id } = machine.spec
    const started = host.machines.start(id, options)
    const vm = host.machines.running(id)
    // How the start went is told by the machine itself.
    started.catch(() => {})
    const url = consoleUrl(shell.url, id)
    if (!(await openBrowser(url))) process.stderr.write(`vitrine: Open ${url} in a browser\n`)
    return {
      vm,
      async close() {
        await shell.close()
        await host.dispose()
        await removeFolder()
      },
    }
  } catch (error) {
    await removeFolder()
    throw error
  }
}
