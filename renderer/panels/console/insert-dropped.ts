/** An image dropped on a console goes into the drive that fits it. */
import type { DriveSpec } from '../../../core/contract/machine-spec.ts'
import type { Notices } from '../../app/notices.svelte.ts'
import { strings } from '../../strings/en.ts'
import { type DroppedFiles, type FileSender, refuseFolders } from '../library/dropped-files.ts'
import type { ConsoleModel } from './console-model.svelte.ts'
import { driveFor } from './drop-target.ts'

export interface InsertInto {
  readonly model: Pick<ConsoleModel, 'insert'>
  readonly sender: Pick<FileSender, 'send'>
  readonly notices: Notices
}

/** Inserts the files one after the other; what fails becomes a notice. With `into`, that drive is taken. */
export async function insertDropped(
  dropped: DroppedFiles,
  drives: readonly DriveSpec[],
  { model, sender, notices }: InsertInto,
  into?: DriveSpec,
): Promise<void> {
  const { files, refused } = refuseFolders(dropped)
  for (const { name, title, detail } of refused)
    notices.add('error', strings.failed.insert(name), `${title}. ${detail}`)
  for (const file of files) {
    const drive = into ?? driveFor(drives, file.name, file.size)
    if (!drive) {
      notices.add('error', strings.failed.insert(file.name), strings.console.noDrives)
      continue
    }
    await notices.guard(async () => model.insert(drive.slot, await sender.send(file)), strings.failed.insert(file.name))
  }
}
