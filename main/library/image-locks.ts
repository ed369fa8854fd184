/** Keeps two machines, of this process or another, from using one image while one of them writes it. */
import { basename, dirname, join } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { DriveSpec } from '../../core/contract/machine-spec.ts'
import { acquireLock, type LockFile, lockOwner, type Owner } from './lock-file.ts'

/** An image and whether it will be written. */
export interface ImageUse {
  readonly file: string
  readonly writes: boolean
}

/** How a drive uses its image. */
export function imageUse(
  drive: Pick<DriveSpec, 'file' | 'kind' | 'writeProtected' | 'discardWrites'>,
  discardWrites: boolean,
): ImageUse | undefined {
  if (drive.file === null) return undefined
  return {
    file: drive.file,
    writes: drive.kind !== 'cdrom' && !drive.writeProtected && !drive.discardWrites && !discardWrites,
  }
}

function lockPath(file: string): string {
  return join(dirname(file), `.${basename(file)}.vitrine-lock`)
}

/** The other process of which a machine writes the image, if there is one. */
export function otherOwner(file: string): Owner | undefined {
  const owner = lockOwner(lockPath(file))
  return owner && owner.pid !== process.pid ? owner : undefined
}

/** Locks images one by one; `release` frees what was taken. */
export class ImageLocks {
  readonly #held = new Map<string, LockFile>()

  /** Throws `library/locked` when another machine writes the image. An image in a folder that cannot be written is not locked. */
  take({ file, writes }: ImageUse): void {
    if (this.#held.has(file)) return
    const path = lockPath(file)
    const owner = writes ? this.#acquire(path, file) : lockOwner(path)
    if (owner)
      throw new AppError(
        'library/locked',
        `Another running machine (process ${owner.pid}) writes this image: ${file}`,
        { context: { file, pid: owner.pid } },
      )
  }

  has(file: string): boolean {
    return this.#held.has(file)
  }

  release(file: string): void {
    this.#held.get(file)?.release()
    this.#held.delete(file)
  }

  releaseAll(): void {
    for (const lock of this.#held.values()) lock.release()
    this.#held.clear()
  }

  #acquire(path: string, file: string) {
    try {
      const result = acquireLock(path)
      if (!('release' in result)) return result
      this.#held.set(file, result)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // The image itself may be writable all the same, or opening it says what is wrong.
      if (code !== 'EACCES' && code !== 'EROFS' && code !== 'EPERM' && code !== 'ENOENT' && code !== 'ENOTDIR')
        throw error
    }
    return undefined
  }
}
