/** Tasks on disk images with the locks that they need: none works on an image that a running machine writes. */
import { basename } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { DiskTask, DiskTaskOf, DiskTaskResults } from '../../core/contract/disk-task.ts'
import { ImageLocks, type ImageUse } from '../library/image-locks.ts'
import type { DiskTaskWatch, ThreadPools } from '../vm/vm-pool.ts'

/** Files of a task and whether it changes them. Only describing an image may be done while a machine writes it. */
function uses(task: DiskTask): ImageUse[] {
  switch (task.type) {
    case 'info':
      return []
    case 'create':
      return [{ file: task.file, writes: true }]
    case 'convert':
      return [
        { file: task.file, writes: false },
        { file: task.target, writes: true },
      ]
    case 'check':
      return [{ file: task.file, writes: task.repair }]
    case 'compact':
    case 'resize':
      return [{ file: task.file, writes: true }]
  }
}

/** What the image of a task stands on. One that cannot be read has nothing: the task itself says what is wrong. */
async function backingFiles(pools: ThreadPools, task: DiskTask): Promise<string[]> {
  if (task.type === 'info' || task.type === 'create') return []
  const info = await pools.runDiskTask<'info'>({ type: 'info', file: task.file }).catch(() => undefined)
  return info?.backing.map(({ file }) => file) ?? []
}

/** Runs `task`. Throws `library/locked` when a running machine writes one of its images. */
export async function runDiskTask<T extends DiskTask['type']>(
  pools: ThreadPools,
  task: DiskTaskOf<T>,
  watch: DiskTaskWatch = {},
): Promise<DiskTaskResults[T]> {
  const locks = new ImageLocks()
  try {
    for (const use of uses(task)) locks.take(use)
    for (const file of await backingFiles(pools, task)) locks.takeBacking(file)
    return await pools.runDiskTask<T>(task, watch)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'library/locked') throw error
    const file = String(error.context['file'] ?? '')
    const message = `A running machine uses ${basename(file)}; stop it first: ${file}`
    throw new AppError('library/locked', message, { context: error.context, cause: error })
  } finally {
    locks.releaseAll()
  }
}
