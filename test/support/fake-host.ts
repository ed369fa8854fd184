/** A host with fake machines over a library in a temporary folder, and clients of it. */
import { onTestFinished } from 'vitest'
import { type Client, createClient } from '../../core/contract/client.ts'
import { createTransportPair } from '../../core/contract/memory-transport.ts'
import { Host, type HostOptions } from '../../main/host.ts'
import type { Grants } from '../../main/ipc/call-context.ts'
import { fakeVmThread } from './fake-vm.ts'
import { temporaryFolder } from './temporary-folder.ts'

export const everything: Grants = { shell: 'local', hostPaths: true, folders: [] }

/** Opens a host that is disposed of with the test. */
export async function openFakeHost(options: Partial<HostOptions> = {}): Promise<Host> {
  const host = await Host.open({
    libraryFolder: temporaryFolder(),
    welcome: false,
    shell: { openConsole: () => {}, pageUrl: () => null, quit: () => {} },
    vmThread: fakeVmThread,
    ...options,
  })
  onTestFinished(() => host.dispose())
  return host
}

/** A client over a connection in memory. */
export function connect(host: Host, grants: Grants = everything): Client {
  const [clientEnd, hostEnd] = createTransportPair()
  const client = createClient(clientEnd)
  host.connect(hostEnd, grants)
  return client
}
