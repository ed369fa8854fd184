/** Makes a machine of an inspected file: the file is copied or moved first, so that the library is busy for a moment only. */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { chmod, copyFile, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RecognisedFile } from '../../core/contract/import-tasks.ts'
import type { DriveSlot, MachineSettings } from '../../core/contract/machine-spec.ts'
import type { Template } from '../../core/contract/template.ts'
import { templateSettings } from '../../core/templates/template-settings.ts'
import type { Library, StoredMachine } from '../library/library.ts'
import { storedPath } from '../library/machine-folder.ts'
import { freeFilePath } from '../library/media-files.ts'
import type { InspectOptions } from './inspect-file.ts'
import { needsDisk } from './proposal.ts'
import { discardStaged, type StagedFile } from './staged-file.ts'

const MIB = 2 ** 20
const MEDIA_SLOTS = { floppy: 'fda', cdrom: 'hdc' } as const satisfies Partial<
  Record<RecognisedFile['kind'], DriveSlot>
>

export interface MachineRequest {
  readonly staged: StagedFile
  readonly file: RecognisedFile
  /** Of a kernel. */
  readonly initrd: StagedFile | null
  readonly template: Template
  readonly name: string
  readonly memoryMib: number
}

/** Makes the machine. The user's own files stay as they are; ours are used up. */
export async function createFromItem(
  library: Library,
  request: MachineRequest,
  options: InspectOptions,
): Promise<StoredMachine> {
  const { template, file } = request
  const image = await ownCopy(request.staged, options)
  const initrd = request.initrd && (await ownCopy(request.initrd, options))
  try {
    return await library.add(async (folder) => {
      const place = async (owned: StagedFile) => {
        const target = await freeFilePath(join(folder, 'disks'), owned.fileName)
        await rename(owned.path, target)
        return storedPath(folder, target)
      }
      const path = await place(image)
      const disk =
        file.kind === 'disk' ? path : needsDisk(file, template) ? await emptyDisk(folder, template, options) : null
      const slot = file.kind === 'floppy' || file.kind === 'cdrom' ? MEDIA_SLOTS[file.kind] : undefined
      const settings = templateSettings(
        template,
        { group: '', memoryMib: request.memoryMib },
        library.freeName(request.name),
        disk,
        new Map(slot ? [[slot, path]] : []),
      )
      return file.kind === 'kernel' ? withKernel(settings, path, initrd && (await place(initrd))) : settings
    })
  } catch (error) {
    await discardStaged(image)
    if (initrd) await discardStaged(initrd)
    throw error
  }
}

function withKernel(settings: MachineSettings, file: string, initrd: string | null): MachineSettings {
  return { ...settings, boot: { ...settings.boot, kernel: { file, initrd, append: '' } } }
}

async function emptyDisk(folder: string, template: Template, { pools }: InspectOptions): Promise<string> {
  const file = await freeFilePath(join(folder, 'disks'), 'disk.qcow2')
  const sizeBytes = (template.disk?.goodMib ?? 0) * MIB
  await pools.runDiskTask({
    type: 'create',
    file,
    format: 'qcow2',
    sizeBytes,
    options: {},
    backing: null,
    overwrite: false,
  })
  return storedPath(folder, file)
}

/** A file of ours with the same contents: by reference where the file system can, with holes where it cannot. */
async function ownCopy(staged: StagedFile, options: InspectOptions): Promise<StagedFile> {
  if (staged.isOurs) return staged
  const target = join(options.stagingFolder, `${randomUUID()}.copy`)
  await mkdir(options.stagingFolder, { recursive: true })
  try {
    await copyFile(staged.path, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE)
    // A copy has the permissions of the original, which may be read-only.
    await chmod(target, 0o644)
  } catch {
    await rm(target, { force: true })
    await options.pools.runImportTask('copy', { path: staged.path, target }, options)
  }
  return { ...staged, path: target, isOurs: true }
}
