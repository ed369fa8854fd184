/**
 * Keeps an image from being read by one machine, of this process or another, while another one writes it. Who writes has a lock
 * file of one name; each who reads has one of his own. Both look for the other after they have made theirs, so that of two at the
 * same moment one is refused, or both.
 */
import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { DriveSpec } from '../../core/contract/machine-spec.ts'
import { acquireLock, type LockFile, lockOwner, type Owner } from './lock-file.ts'

/** An image and whether it will be written. */
export interface ImageUse {
  readonly file: string
  readonly writes: boolean
}

interface HeldLock {
  readonly writes: boolean
  readonly path: string
  readonly lock: LockFile
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

function readerPrefix(file: string): string {
  return `.${basename(file)}.vitrine-read-`
}

/** The other process of which a machine writes the image, if there is one. */
export function otherOwner(file: string): Owner | undefined {
  const owner = lockOwner(lockPath(file))
  return owner && owner.pid !== process.pid ? owner : undefined
}

/** Whether the process that wrote the image has ended without saying so. */
export function wasLeft(file: string): boolean {
  return existsSync(lockPath(file)) && lockOwner(lockPath(file)) === undefined
}

/** Locks images one by one; `release` frees what was taken. */
export class ImageLocks {
  readonly #held = new Map<string, HeldLock>()

  /**
   * Throws `library/locked` when another machine writes the image, or when it shall be written and another one reads it. An image
   * in a folder that cannot be written is not locked.
   */
  take({ file, writes }: ImageUse): void {
    const held = this.#held.get(file)
    if (held && (held.writes || !writes)) return
    if (writes) this.#takeToWrite(file, held)
    else this.#takeToRead(file)
  }

  /** As `take`, of what an image stands on: that is not written by the same machine either. */
  takeBacking(file: string): void {
    if (this.#held.get(file)?.writes) throw lockedError(file, { pid: process.pid }, 'writes')
    this.take({ file, writes: false })
  }

  /** From now on the image is only read. */
  writeNoMore(file: string): void {
    const held = this.#held.get(file)
    if (!held?.writes) return
    const lock = this.#acquire(join(dirname(file), readerPrefix(file) + randomUUID()))
    held.lock.release()
    if (lock && 'lock' in lock) this.#held.set(file, { writes: false, ...lock })
    else this.#held.delete(file)
  }

  /** Whether the image is held for writing. */
  has(file: string): boolean {
    return this.#held.get(file)?.writes === true
  }

  release(file: string): void {
    this.#held.get(file)?.lock.release()
    this.#held.delete(file)
  }

  releaseAll(): void {
    for (const { lock } of this.#held.values()) lock.release()
    this.#held.clear()
  }

  #takeToWrite(file: string, reading: HeldLock | undefined): void {
    const result = this.#acquire(lockPath(file))
    if (result && 'pid' in result) throw lockedError(file, result, 'writes')
    const reader = readerOf(file, reading?.path)
    if (reader) {
      result?.lock.release()
      throw lockedError(file, reader, 'reads')
    }
    reading?.lock.release()
    this.#held.delete(file)
    if (result) this.#held.set(file, { writes: true, ...result })
  }

  #takeToRead(file: string): void {
    const result = this.#acquire(join(dirname(file), readerPrefix(file) + randomUUID()))
    const writer = lockOwner(lockPath(file))
    if (writer) {
      if (result && 'lock' in result) result.lock.release()
      throw lockedError(file, writer, 'writes')
    }
    if (result && 'lock' in result) this.#held.set(file, { writes: false, ...result })
  }

  #acquire(path: string): { readonly path: string; readonly lock: LockFile } | Owner | undefined {
    try {
      const result = acquireLock(path)
      return 'release' in result ? { path, lock: result } : result
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // The image itself may be writable all the same, or opening it says what is wrong.
      if (code !== 'EACCES' && code !== 'EROFS' && code !== 'EPERM' && code !== 'ENOENT' && code !== 'ENOTDIR')
        throw error
    }
    return undefined
  }
}

function lockedError(file: string, { pid }: Pick<Owner, 'pid'>, does: 'writes' | 'reads'): AppError {
  return new AppError('library/locked', `Another running machine (process ${pid}) ${does} this image: ${file}`, {
    context: { file, pid },
  })
}

/** Somebody else who reads the image. What readers have left that ended without a word goes. */
function readerOf(file: string, own: string | undefined): Owner | undefined {
  const prefix = readerPrefix(file)
  let names: string[]
  try {
    names = readdirSync(dirname(file))
  } catch {
    return undefined
  }
  for (const name of names) {
    const path = join(dirname(file), name)
    if (!name.startsWith(prefix) || path === own) continue
    const owner = lockOwner(path)
    if (owner) return owner
    rmSync(path, { force: true })
  }
  return undefined
}
