/**
 * Files of the host as ByteStores: synchronous, positioned, and with the host's failures told as AppErrors. Whether another
 * process uses the file is not known here: the host process holds the locks.
 */
import { closeSync, constants, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { AppError, type ErrorCode } from '../../core/base/errors.ts'
import type { ByteStore } from '../../core/disk/block-device.ts'

const codes: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'disk/not-found',
  ENOTDIR: 'disk/not-found',
  ENOSPC: 'disk/full',
  EDQUOT: 'disk/full',
  EFBIG: 'disk/full',
  EROFS: 'disk/read-only',
  EACCES: 'disk/read-only',
  EPERM: 'disk/read-only',
}

const messages: Readonly<Partial<Record<ErrorCode, string>>> = {
  'disk/not-found': 'There is no such file',
  'disk/full': 'No space is left for',
  'disk/read-only': 'May not write',
}

/** An AppError for a failed call on `path`. */
export function hostError(operation: 'open' | 'read' | 'write' | 'flush', path: string, cause: unknown): AppError {
  const errno = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
  const found = codes[errno]
  // Who may not open a file for reading is not helped by being told about writing.
  const code = found === 'disk/read-only' && operation === 'read' ? 'disk/io' : (found ?? 'disk/io')
  const message = messages[code] ? `${messages[code]}: ${path}` : `Cannot ${operation} ${path} (${errno})`
  return new AppError(code, message, { context: { path, operation, errno }, cause })
}

/** One open file. */
class FileByteStore implements ByteStore {
  readonly readOnly: boolean
  readonly #path: string
  #fd: number
  #sizeBytes: number

  constructor(path: string, fd: number, sizeBytes: number, readOnly: boolean) {
    this.#path = path
    this.#fd = fd
    this.#sizeBytes = sizeBytes
    this.readOnly = readOnly
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  read(position: number, into: Uint8Array, offset = 0, length = into.length - offset): void {
    let done = 0
    try {
      while (done < length) {
        const count = readSync(this.#fd, into, offset + done, length - done, position + done)
        if (count === 0) break
        done += count
      }
    } catch (cause) {
      throw hostError('read', this.#path, cause)
    }
    if (done < length) into.fill(0, offset + done, offset + length)
  }

  write(position: number, from: Uint8Array, offset = 0, length = from.length - offset): void {
    if (this.readOnly) throw new AppError('disk/read-only', `Opened for reading only: ${this.#path}`)
    let done = 0
    try {
      while (done < length) done += writeSync(this.#fd, from, offset + done, length - done, position + done)
    } catch (cause) {
      // What was written before the failure is in the file all the same.
      this.#sizeBytes = Math.max(this.#sizeBytes, position + done)
      throw hostError('write', this.#path, cause)
    }
    this.#sizeBytes = Math.max(this.#sizeBytes, position + length)
  }

  truncate(sizeBytes: number): void {
    if (this.readOnly) throw new AppError('disk/read-only', `Opened for reading only: ${this.#path}`)
    try {
      ftruncateSync(this.#fd, sizeBytes)
    } catch (cause) {
      throw hostError('write', this.#path, cause)
    }
    this.#sizeBytes = sizeBytes
  }

  flush(): void {
    if (this.readOnly) return
    try {
      fdatasyncSync(this.#fd)
    } catch (cause) {
      throw hostError('flush', this.#path, cause)
    }
  }

  close(): void {
    if (this.#fd < 0) return
    const fd = this.#fd
    this.#fd = -1
    closeSync(fd)
  }
}

/** Makes a new, empty file for writing. Throws `disk/io` where there is one already. */
export function createFileByteStore(path: string): ByteStore {
  try {
    return new FileByteStore(path, openSync(path, 'wx+', 0o666), 0, false)
  } catch (cause) {
    throw hostError('open', path, cause)
  }
}

/**
 * Opens a regular file. Throws `disk/not-found`, `disk/read-only` (it may not be written; open it with `readOnly`) or
 * `disk/unsupported-format` for whatever is no file, such as a directory.
 */
export function openFileByteStore(path: string, readOnly: boolean): ByteStore {
  let fd: number
  try {
    fd = openSync(path, readOnly ? 'r' : constants.O_RDWR)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EISDIR')
      throw new AppError('disk/unsupported-format', `It is a directory, not an image: ${path}`, {
        context: { path },
        cause,
      })
    throw hostError(readOnly ? 'read' : 'open', path, cause)
  }
  const stat = fstatSync(fd)
  if (!stat.isFile()) {
    closeSync(fd)
    const what = stat.isDirectory() ? 'a directory' : 'a special file'
    throw new AppError('disk/unsupported-format', `It is ${what}, not an image: ${path}`, { context: { path } })
  }
  return new FileByteStore(path, fd, stat.size, readOnly)
}
