/** A new file that is written from its beginning on, with holes where long runs of zeros are. */
import { closeSync, fsyncSync, ftruncateSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import { hostError } from '../files/file-byte-store.ts'

/** Runs of zeros shorter than this are written as they are. */
const GRAIN_BYTES = 64 << 10
/** Space that is left to the host: a full system disk harms more than this import. */
const RESERVE_BYTES = 256 << 20
/** How much is written between two looks at the space that is left. */
const SPACE_CHECK_BYTES = 64 << 20

export class SparseFile {
  readonly #path: string
  readonly #fd: number
  #sizeBytes = 0
  #sinceCheckBytes = SPACE_CHECK_BYTES
  #isOpen = true

  /** Makes the file. Throws as files do. */
  constructor(path: string) {
    this.#path = path
    try {
      this.#fd = openSync(path, 'wx', 0o644)
    } catch (cause) {
      throw hostError('open', path, cause)
    }
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  append(bytes: Uint8Array): void {
    // Pieces end at multiples of the grain within the file.
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(GRAIN_BYTES - (this.#sizeBytes % GRAIN_BYTES), bytes.length - at)
      this.#appendPiece(bytes.subarray(at, at + length))
      at += length
    }
  }

  /** Closes the file; it is durable then. */
  finish(): void {
    try {
      ftruncateSync(this.#fd, this.#sizeBytes)
      fsyncSync(this.#fd)
    } catch (cause) {
      throw hostError('write', this.#path, cause)
    } finally {
      this.#close()
    }
  }

  /** Closes the file and removes it. */
  discard(): void {
    this.#close()
    rmSync(this.#path, { force: true })
  }

  #close(): void {
    if (this.#isOpen) closeSync(this.#fd)
    this.#isOpen = false
  }

  #appendPiece(piece: Uint8Array): void {
    if (!isZero(piece)) {
      this.#checkSpace(piece.length)
      try {
        for (let done = 0; done < piece.length; )
          done += writeSync(this.#fd, piece, done, piece.length - done, this.#sizeBytes + done)
      } catch (cause) {
        throw hostError('write', this.#path, cause)
      }
    }
    this.#sizeBytes += piece.length
  }

  #checkSpace(lengthBytes: number): void {
    this.#sinceCheckBytes += lengthBytes
    if (this.#sinceCheckBytes < SPACE_CHECK_BYTES) return
    this.#sinceCheckBytes = 0
    const { bavail, bsize } = statfsSync(dirname(this.#path))
    if (bavail * bsize < RESERVE_BYTES + SPACE_CHECK_BYTES)
      throw new AppError('disk/full', 'The disk of the library is full', { context: { path: this.#path } })
  }
}

const ZEROS = Buffer.alloc(GRAIN_BYTES)

/** Whether there is nothing in `piece`, which is at most a grain. */
function isZero(piece: Uint8Array): boolean {
  return ZEROS.compare(piece, 0, piece.length, 0, piece.length) === 0
}
