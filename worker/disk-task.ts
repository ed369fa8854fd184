/** The thread of tasks on disk images: convert, compact and the like. */
import { AppError } from '../core/base/errors.ts'
import type { DiskTask, DiskTaskResults } from '../core/contract/disk-task.ts'
import { toErrorRecord } from '../core/contract/error-record.ts'
import type { MediaTaskResult } from '../core/contract/vm-thread.ts'
import { checkDisk, compactDisk, convertDisk, createDisk, diskInfo, resizeDisk } from './disk/disk-tasks.ts'

/** Runs one task. Failures come back as a record: an AppError does not survive the way between threads. */
export function runDiskTask({
  task,
  control,
}: {
  task: DiskTask
  control: SharedArrayBuffer
}): MediaTaskResult<DiskTaskResults[DiskTask['type']]> {
  const stop = new Int32Array(control, 0, 1)
  const progress = new Float64Array(control, 8, 2)
  const onProgress = (doneBytes: number, totalBytes: number): void => {
    progress[0] = doneBytes
    progress[1] = totalBytes
    if (Atomics.load(stop, 0) !== 0) throw new AppError('task/cancelled', 'Cancelled')
  }
  try {
    return { ok: perform(task, onProgress) }
  } catch (error) {
    return { error: toErrorRecord(error) }
  }
}

function perform(task: DiskTask, onProgress: (done: number, total: number) => void) {
  switch (task.type) {
    case 'info':
      return diskInfo(task.file)
    case 'create':
      return createDisk(task)
    case 'convert':
      return convertDisk(task, onProgress)
    case 'check':
      return checkDisk(task, onProgress)
    case 'compact':
      return compactDisk(task, onProgress)
    case 'resize':
      return resizeDisk(task, onProgress)
  }
}
