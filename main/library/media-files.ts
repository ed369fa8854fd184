/** Images that come into a machine's folder: copied or moved, never changed where they came from. */
import { constants } from 'node:fs'
import { chmod, copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import { syncFolder } from './atomic-file.ts'
import { firstFree, safeFileName } from './folder-name.ts'
import { libraryError } from './machine-folder.ts'

const PROGRESS_INTERVAL_MS = 200

/** A path in `folder` (made where it is missing) for a file called `fileName`, which nothing there has. */
export async function freeFilePath(folder: string, fileName: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const safe = safeFileName(basename(fileName))
  const extension = extname(safe)
  const taken = (await readdir(folder)).map((name) => (extname(name) === extension ? basename(name, extension) : name))
  return join(folder, firstFree(basename(safe, extension), taken) + extension)
}

/** Copies `from` to `to`, by reference where the file system can; durable when it resolves, absent when it fails. */
export async function copyImage(
  from: string,
  to: string,
  onProgress: (doneBytes: number, totalBytes: number) => void,
): Promise<void> {
  try {
    const { size } = await stat(from)
    const timer = setInterval(() => {
      stat(to).then(
        (target) => onProgress(target.size, size),
        () => {},
      )
    }, PROGRESS_INTERVAL_MS)
    try {
      await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    } finally {
      clearInterval(timer)
    }
    // A copy has the permissions of the original, which may be read-only.
    await chmod(to, 0o644)
    const handle = await open(to, 'r+')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
    await syncFolder(dirname(to))
    onProgress(size, size)
  } catch (cause) {
    await rm(to, { force: true })
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT')
      throw new AppError('disk/not-found', `There is no such file: ${from}`, { context: { path: from }, cause })
    if (code === 'ENOSPC' || code === 'EDQUOT')
      throw new AppError('disk/full', `No space is left for a copy of ${from}`, { context: { path: from }, cause })
    throw libraryError(`Cannot copy ${from}`, cause)
  }
}

/** Moves an uploaded file, which lies on the same file system. */
export async function moveImage(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
    await syncFolder(dirname(to))
  } catch (cause) {
    await rm(from, { force: true })
    throw libraryError(`Cannot store ${basename(to)}`, cause)
  }
}
