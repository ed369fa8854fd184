/** A machine made from a template: its folder with a new disk, or with an image that is there already. */
import { join } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { FromTemplate } from '../../core/contract/library-api.ts'
import type { DriveKind, DriveSlot } from '../../core/contract/machine-spec.ts'
import type { MediaSource } from '../../core/contract/media-source.ts'
import { findTemplate } from '../../core/templates/catalogue.ts'
import { templateSettings } from '../../core/templates/template-settings.ts'
import type { CallContext } from '../ipc/call-context.ts'
import type { StoredMachine } from '../library/library.ts'
import { storedPath } from '../library/machine-folder.ts'
import { freeFilePath } from '../library/media-files.ts'
import type { Importer } from './import-image.ts'
import { openSource } from './media-source.ts'

const MIB = 2 ** 20
const NEW_DISK = 'disk.qcow2'

/** Makes the machine, or throws and leaves nothing behind. */
export async function createFromTemplate(
  importer: Importer,
  choice: FromTemplate,
  context: CallContext,
): Promise<StoredMachine> {
  const { library } = importer
  const template = findTemplate(choice.template)
  if (!template)
    throw new AppError('ipc/invalid-argument', `There is no template ${JSON.stringify(choice.template)}`, {
      context: { template: choice.template },
    })
  return library.add(async (folder) => {
    const disk = choice.disk ?? (template.disk ? { kind: 'new' as const } : { kind: 'none' as const })
    let file: string | null = null
    if (disk.kind === 'new')
      file = await createDisk(importer, folder, disk.sizeMib ?? template.disk?.goodMib ?? DEFAULT_DISK_MIB)
    else if (disk.kind === 'existing') file = await place(importer, disk.source, 'disk', folder, disk.copy, context)
    const media = new Map<DriveSlot, string>()
    for (const { slot, source } of choice.media)
      media.set(slot, await place(importer, source, kindOf(slot), folder, false, context))
    return templateSettings(template, choice, library.freeName(choice.name ?? template.name), file, media)
  })
}

/** For templates that need no disk, when one is wanted all the same. */
const DEFAULT_DISK_MIB = 500

async function createDisk({ pools }: Importer, folder: string, sizeMib: number): Promise<string> {
  const file = await freeFilePath(join(folder, 'disks'), NEW_DISK)
  await pools.runDiskTask({
    type: 'create',
    file,
    format: 'qcow2',
    sizeBytes: sizeMib * MIB,
    options: {},
    backing: null,
    overwrite: false,
  })
  return storedPath(folder, file)
}

function kindOf(slot: DriveSlot): DriveKind {
  if (slot.startsWith('f')) return 'floppy'
  if (slot === 'hdc') return 'cdrom'
  throw new AppError('ipc/invalid-argument', `Media go into fda, fdb and hdc, not ${slot}`, { context: { slot } })
}

/** The path of an image of this kind as it stands in machine.json; what was uploaded or shall be copied is put into the folder. */
async function place(
  { pools, events }: Importer,
  source: MediaSource,
  kind: DriveKind,
  folder: string,
  copies: boolean,
  context: CallContext,
): Promise<string> {
  const opened = await openSource(source, context)
  const { fileName } = opened
  try {
    const moves = copies || !opened.stays
    const info = await pools.inspectMedium(opened.path, fileName, moves)
    if (info.kind !== kind)
      throw new AppError('disk/unsupported-format', `${fileName} is ${NAMES[info.kind]}, not ${NAMES[kind]}`)
    if (!moves) return opened.path
    const target = await freeFilePath(join(folder, kind === 'disk' ? 'disks' : 'media'), fileName)
    await opened.putInto(target, (doneBytes, totalBytes) =>
      events.emit('import-progress', { fileName, uploadId: null, doneBytes, totalBytes }),
    )
    return storedPath(folder, target)
  } finally {
    await opened.discard()
  }
}

const NAMES: Readonly<Record<DriveKind, string>> = { floppy: 'a floppy', disk: 'a hard disk', cdrom: 'a CD' }
