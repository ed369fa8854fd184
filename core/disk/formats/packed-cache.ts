/** Compressed pieces of an image, unpacked; the last ones are kept, because guests read in pieces. */
import { AppError } from '../../base/errors.ts'
import type { ByteStore } from '../block-device.ts'
import type { ImageHost } from '../disk-image.ts'

const CACHE_BYTES = 4 << 20

export interface PackedPieces {
  readonly method: 'deflate' | 'zlib' | 'zstd'
  readonly pieceBytes: number
  /** Whether a piece may be shorter: the rest is zeros then. */
  readonly mayBeShort: boolean
}

export class PackedCache {
  readonly #store: ByteStore
  readonly #host: ImageHost
  readonly #pieces: PackedPieces
  readonly #path: string
  readonly #unpacked = new Map<number, Uint8Array>()

  constructor(store: ByteStore, host: ImageHost, pieces: PackedPieces, path: string) {
    this.#store = store
    this.#host = host
    this.#pieces = pieces
    this.#path = path
  }

  /** The piece whose packed bytes begin at `position` and are at most `lengthBytes`. Throws `disk/corrupt-image`. */
  read(position: number, lengthBytes: number): Uint8Array {
    const known = this.#unpacked.get(position)
    if (known) return known
    const { method, pieceBytes, mayBeShort } = this.#pieces
    const available = Math.min(lengthBytes, Math.max(0, this.#store.sizeBytes - position))
    const piece = new Uint8Array(pieceBytes)
    const length = available === 0 ? 0 : this.#unpack(method, position, available, piece)
    if (length === 0 || (length < pieceBytes && !mayBeShort))
      throw new AppError('disk/corrupt-image', `${this.#path} is damaged: a compressed piece is too short`, {
        context: { path: this.#path, offset: position },
      })
    if (this.#unpacked.size >= Math.max(1, CACHE_BYTES / pieceBytes))
      this.#unpacked.delete(this.#unpacked.keys().next().value as number)
    this.#unpacked.set(position, piece)
    return piece
  }

  #unpack(method: PackedPieces['method'], position: number, lengthBytes: number, into: Uint8Array): number {
    const packed = new Uint8Array(lengthBytes)
    this.#store.read(position, packed)
    return this.#host.unpack(method, packed, into)
  }
}
