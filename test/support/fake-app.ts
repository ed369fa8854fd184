/** The whole app in the browser shell, with fake machines inside. */
import { onTestFinished } from 'vitest'
import type { Client } from '../../core/contract/client.ts'
import type { HostOptions } from '../../main/host.ts'
import { startBrowserShell } from '../../main/shells/browser/browser-shell.ts'
import { connect, openFakeHost } from './fake-host.ts'

export interface ServedApp {
  /** The address with the token. */
  readonly url: string
  /** A second client, that sees what the page has done. */
  readonly client: Client
}

export async function serveFakeApp(options: Partial<HostOptions> = {}): Promise<ServedApp> {
  const host = await openFakeHost(options)
  const shell = await startBrowserShell(host, { port: 0, folders: [] })
  onTestFinished(() => shell.close())
  return { url: shell.url, client: connect(host) }
}
