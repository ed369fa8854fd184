/** A machine made from a disk image: the image goes into its folder, into the drive that fits it. */
import { extname } from 'node:path'
import { type DriveSlot, type MachineSettings, machineSettingsSchema } from '../../core/contract/machine-spec.ts'
import type { MediaSource } from '../../core/contract/media-source.ts'
import type { MediumInfo } from '../../core/contract/vm-thread.ts'
import type { HostEvents } from '../host-events.ts'
import type { CallContext } from '../ipc/call-context.ts'
import type { Library, StoredMachine } from '../library/library.ts'
import { storedPath } from '../library/machine-folder.ts'
import { copyImage, freeFilePath } from '../library/media-files.ts'
import type { ThreadPools } from '../vm/vm-pool.ts'
import { openSource } from './media-source.ts'

const slots: Readonly<Record<MediumInfo['kind'], DriveSlot>> = { floppy: 'fda', disk: 'hda', cdrom: 'hdc' }

/** What the importer needs of the host. */
export interface Importer {
  readonly library: Library
  readonly pools: ThreadPools
  readonly events: HostEvents
}

/** "fd-1.44_boot.img" as "fd-1.44 boot". */
function nameOf(fileName: string): string {
  const name = fileName
    .slice(0, fileName.length - extname(fileName).length)
    .replaceAll('_', ' ')
    .trim()
  return name.slice(0, 80) || 'Machine'
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

/** Imports `source`; the original stays as it is. Throws for what is no image, having made nothing. */
export async function importImage(
  importer: Importer,
  source: MediaSource,
  name: string | undefined,
  context: CallContext,
): Promise<StoredMachine> {
  const { library, pools } = importer
  const opened = await openSource(source, context)
  try {
    const info = await pools.inspectMedium(opened.path, opened.fileName, true)
    return await library.add(async (folder) => {
      const target = await freeFilePath(`${folder}/disks`, opened.fileName)
      await opened.putInto(target, (doneBytes, totalBytes) =>
        importer.events.emit('import-progress', { fileName: opened.fileName, uploadId: null, doneBytes, totalBytes }),
      )
      return settingsFor(info, library.freeName(name ?? nameOf(opened.fileName)), storedPath(folder, target), 'other')
    })
  } finally {
    await opened.discard()
  }
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
