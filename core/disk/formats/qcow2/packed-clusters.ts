/** Compressed clusters of a qcow2 file, unpacked; the last ones are kept, because guests read in pieces. */

import { AppError } from '../../../base/errors.ts'
import type { ByteStore } from '../../block-device.ts'
import type { ImageHost } from '../../disk-image.ts'

const CACHE_BYTES = 4 << 20

export class PackedClusters {
  readonly #store: ByteStore
  readonly #host: ImageHost
  readonly #method: 'deflate' | 'zstd'
  readonly #clusterBytes: number
  readonly #path: string
  readonly #unpacked = new Map<number, Uint8Array>()

  constructor(store: ByteStore, host: ImageHost, method: 'deflate' | 'zstd', clusterBytes: number, path: string) {
    this.#store = store
    this.#host = host
    this.#method = method
    this.#clusterBytes = clusterBytes
    this.#path = path
  }

  /** The cluster whose packed bytes begin at `position` and are at most `lengthBytes`. Throws `disk/corrupt-image`. */
  read(position: number, lengthBytes: number): Uint8Array {
    const known = this.#unpacked.get(position)
    if (known) return known
    const available = Math.min(lengthBytes, Math.max(0, this.#store.sizeBytes - position))
    const packed = new Uint8Array(available)
    this.#store.read(position, packed)
    const cluster = new Uint8Array(this.#clusterBytes)
    const length = available === 0 ? 0 : this.#host.unpack(this.#method, packed, cluster)
    if (length !== this.#clusterBytes)
      throw new AppError('disk/corrupt-image', `${this.#path} is damaged: a compressed cluster is too short`, {
        context: { path: this.#path, offset: position },
      })
    if (this.#unpacked.size >= Math.max(1, CACHE_BYTES / this.#clusterBytes))
      this.#unpacked.delete(this.#unpacked.keys().next().value as number)
    this.#unpacked.set(position, cluster)
    return cluster
  }
}
