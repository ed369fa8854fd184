/** The thread that looks into foreign files: what they are, what is packed in them; and makes media of ordinary ones. */
import { AppError } from '../core/base/errors.ts'
import { toErrorRecord } from '../core/contract/error-record.ts'
import type { ImportTasks } from '../core/contract/import-tasks.ts'
import type { MediaTaskResult } from '../core/contract/vm-thread.ts'
import { composeMedium } from './imports/compose-medium.ts'
import { copySparse } from './imports/copy-sparse.ts'
import { look } from './imports/look.ts'
import { type Progress, unpack } from './imports/unpack.ts'
import { imageMembers } from './imports/zip-file.ts'

type TaskName = keyof ImportTasks

const tasks: {
  readonly [N in TaskName]: (
    request: ImportTasks[N]['request'],
    onProgress: Progress,
  ) => ImportTasks[N]['result'] | Promise<ImportTasks[N]['result']>
} = {
  look: ({ path, name }) => look(path, name),
  members: ({ path, name }) => imageMembers(path, name),
  unpack,
  compose: composeMedium,
  copy: copySparse,
}

/** Runs one task; `control` is laid out as that of disk tasks. Failures come back as a record. */
export async function runImportTask<N extends TaskName>({
  name,
  request,
  control,
}: {
  name: N
  request: ImportTasks[N]['request']
  control: SharedArrayBuffer
}): Promise<MediaTaskResult<ImportTasks[N]['result']>> {
  const stop = new Int32Array(control, 0, 1)
  const progress = new Float64Array(control, 8, 2)
  const onProgress: Progress = (doneBytes, totalBytes) => {
    progress[0] = doneBytes
    progress[1] = totalBytes
    if (Atomics.load(stop, 0) !== 0) throw new AppError('ipc/closed', 'Cancelled')
  }
  try {
    return { ok: await tasks[name](request, onProgress) }
  } catch (error) {
    return { error: toErrorRecord(error) }
  }
}
