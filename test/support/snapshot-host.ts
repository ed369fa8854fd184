/** A host with real machines for tests of snapshots: the demo disk on the virtual clock. */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { demoImage } from '../../assets/demo/build.ts'
import type { Client } from '../../core/contract/client.ts'
import type { MachineSettingsInput } from '../../core/contract/machine-spec.ts'
import { Host } from '../../main/host.ts'
import { connect } from './fake-host.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface SnapshotHost {
  readonly host: Host
  readonly client: Client
  readonly api: Client['api']
  readonly folder: string
  /** Makes a machine with a copy of the demo disk in its folder. */
  machine(settings?: Partial<MachineSettingsInput>): Promise<string>
  path(id: string): string
}

/** Opens a host over a new library, or over the one in `folder`. It is disposed of with the test. */
export async function openSnapshotHost(folder = temporaryFolder()): Promise<SnapshotHost> {
  const host = await Host.open({
    libraryFolder: folder,
    welcome: false,
    shell: { openConsole: () => {}, pageUrl: () => null, quit: () => {} },
  })
  onTestFinished(() => host.dispose())
  const client = connect(host)
  const { api } = client
  return {
    host,
    client,
    api,
    folder,
    async machine(settings = {}) {
      const images = temporaryFolder()
      const image = join(images, 'demo.img')
      copyFileSync(demoImage, image)
      const card = await api.library.importImage({ source: { kind: 'path', path: image }, name: 'Demo' })
      const patch = { memoryMib: 16, display: { videoMemoryMib: 1 as const }, ...settings }
      await api.library.update({ id: card.id, patch })
      return card.id
    },
    path: (id) => host.machines.library.machine(id).path,
  }
}

/** Waits until the text is on the machine's screen. */
export async function waitForText({ host }: SnapshotHost, id: string, text: string): Promise<void> {
  const { seen } = await host.machines
    .running(id)
    .call({ type: 'wait-text', text, timeoutSeconds: 60, background: true })
  if (seen === 'nowhere') throw new Error(`The machine does not show ${text}`)
}

/** The text screen, joined. */
export async function screenOf({ api }: SnapshotHost, id: string): Promise<string> {
  return (await api.machine.screenText({ id })).lines.join('\n')
}
