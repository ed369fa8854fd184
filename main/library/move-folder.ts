/** Moves folders, also from one disk to another. */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { cp, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncFolder } from './atomic-file.ts'

/**
 * Moves `from` to `to`, which does not exist. On the same file system this is one step; elsewhere the folder is copied, appears
 * under its name when the copy is whole, and is removed only then.
 */
export async function moveFolder(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    const half = join(dirname(to), `.${basename(to)}.${randomUUID()}.tmp`)
    try {
      await cp(from, half, { recursive: true, mode: constants.COPYFILE_FICLONE, preserveTimestamps: true })
      await rename(half, to)
    } catch (cause) {
      await rm(half, { recursive: true, force: true })
      throw cause
    }
    await syncFolder(dirname(to))
    await rm(from, { recursive: true, force: true })
    return
  }
  await syncFolder(dirname(to))
  await syncFolder(dirname(from))
}
