/** The machine of a first start. */
import { type DriveSlot, type MachineSettings, machineSettingsSchema } from '../../core/contract/machine-spec.ts'
import type { MediumInfo } from '../../core/contract/vm-thread.ts'
import type { HostEvents } from '../host-events.ts'
import type { Library, StoredMachine } from '../library/library.ts'
import { storedPath } from '../library/machine-folder.ts'
import { copyImage, freeFilePath } from '../library/media-files.ts'
import type { ThreadPools } from '../vm/vm-pool.ts'

const slots: Readonly<Record<MediumInfo['kind'], DriveSlot>> = { floppy: 'fda', disk: 'hda', cdrom: 'hdc' }

/** What the importer needs of the host. */
export interface Importer {
  readonly library: Library
  readonly pools: ThreadPools
  readonly events: HostEvents
}

/** Settings of a machine whose only medium is `file`. */
function settingsFor(info: MediumInfo, name: string, file: string, template: string): MachineSettings {
  return machineSettingsSchema.parse({
    name,
    template,
    // A CD drive and a floppy drive are there in any case, as in any PC, so that media can be put in.
    drives: [
      { slot: 'fda', kind: 'floppy', file: info.kind === 'floppy' ? file : null },
      ...(info.kind === 'disk' ? [{ slot: slots.disk, kind: 'disk', file }] : []),
      { slot: 'hdc', kind: 'cdrom', file: info.kind === 'cdrom' ? file : null },
    ],
  })
}

/** The machine that a first start shows, made from the demo disk at `image`. */
export async function importDemo(library: Library, pools: ThreadPools, image: string): Promise<StoredMachine> {
  const info = await pools.inspectMedium(image)
  return library.add(async (folder) => {
    const target = await freeFilePath(`${folder}/disks`, image)
    await copyImage(image, target, () => {})
    return settingsFor(info, 'Vitrine Demo', storedPath(folder, target), 'demo')
  })
}
