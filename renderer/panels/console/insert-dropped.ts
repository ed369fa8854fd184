/** What is dropped on a console goes into a drive: images as they are, ordinary files and folders as a CD or floppy made of them. */
import type { DriveSpec } from '../../../core/contract/machine-spec.ts'
import type { Notices } from '../../app/notices.svelte.ts'
import { strings } from '../../strings/en.ts'
import type { DroppedFiles, FileSender } from '../library/dropped-files.ts'
import type { ConsoleModel } from './console-model.svelte.ts'
import { driveFor, driveForFiles } from './drop-target.ts'
import { isImage, type Part, partsOf, TooMuch } from './dropped-contents.ts'

export interface InsertInto {
  readonly model: Pick<ConsoleModel, 'insert' | 'machineId'>
  readonly sender: Pick<FileSender, 'send' | 'insertFiles'>
  readonly notices: Notices
}

/** Inserts the images one after the other, and everything else together; what fails becomes a notice. With `into`, that drive is taken. */
export async function insertDropped(
  { files, folders, refused }: DroppedFiles,
  drives: readonly DriveSpec[],
  into: InsertInto,
  drive?: DriveSpec,
): Promise<void> {
  const { notices } = into
  for (const { name, title, detail } of refused)
    notices.add('error', strings.failed.insert(name), `${title}. ${detail}`)
  const images: File[] = []
  const ordinary: File[] = []
  for (const file of files) ((await isImage(file)) ? images : ordinary).push(file)
  for (const file of images) await insertImage(file, drives, into, drive)
  if (ordinary.length + folders.length > 0) await insertFiles(ordinary, folders, drives, into, drive)
}

async function insertImage(
  file: File,
  drives: readonly DriveSpec[],
  { model, sender, notices }: InsertInto,
  into: DriveSpec | undefined,
): Promise<void> {
  const drive = into ?? driveFor(drives, file.name, file.size)
  const failed = strings.failed.insert(file.name)
  if (!drive) notices.add('error', failed, strings.console.noDrives)
  else await notices.guard(async () => model.insert(drive.slot, await sender.send(file)), failed)
}

async function insertFiles(
  files: readonly File[],
  folders: readonly FileSystemDirectoryEntry[],
  drives: readonly DriveSpec[],
  { model, sender, notices }: InsertInto,
  into: DriveSpec | undefined,
): Promise<void> {
  const [first] = [...folders, ...files]
  const several = folders.length + files.length > 1
  const label = (several || !first ? strings.console.filesLabel : first.name).slice(0, 32).trim() || 'FILES'
  const failed = strings.failed.insert(first?.name ?? label)
  let parts: Part[]
  try {
    parts = await partsOf(files, folders)
  } catch (error) {
    notices.add('error', failed, error instanceof TooMuch ? error.message : String(error))
    return
  }
  const drive = into ?? driveForFiles(drives, parts)
  if (!drive) notices.add('error', failed, strings.console.noDrives)
  else await notices.guard(() => sender.insertFiles(model.machineId, drive.slot, label, parts), failed)
}
