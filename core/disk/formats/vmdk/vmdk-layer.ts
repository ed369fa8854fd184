/** A VMDK image: its parts one after the other. The first write gives it a new content identifier, as the format wants. */
import { AppError } from '../../../base/errors.ts'
import type { ByteStore } from '../../block-device.ts'
import type { Extent, ImageDetails, ImageLayer } from '../../disk-image.ts'
import { bytesOf } from '../numbers.ts'
import type { VmdkExtent } from './extents.ts'

export interface VmdkParts {
  readonly store: ByteStore
  readonly path: string
  readonly readOnly: boolean
  readonly createType: string
  readonly extents: readonly VmdkExtent[]
  readonly granuleBytes: number
  /** Where the descriptor has the eight digits of the content identifier; undefined without. */
  readonly cid: { readonly position: number; readonly value: number } | undefined
}

export class VmdkLayer implements ImageLayer {
  readonly format = 'vmdk'
  readonly backing = undefined
  readonly readOnly: boolean
  readonly sizeBytes: number
  readonly granuleBytes: number
  readonly details: ImageDetails
  readonly #parts: VmdkParts
  readonly #starts: readonly number[]
  #isMarked = false
  /** Index of the part that was used last. */
  #part = 0

  constructor(parts: VmdkParts) {
    this.#parts = parts
    this.readOnly = parts.readOnly
    this.granuleBytes = parts.granuleBytes
    const starts: number[] = []
    let size = 0
    for (const extent of parts.extents) {
      starts.push(size)
      size += extent.sizeBytes
    }
    this.#starts = starts
    this.sizeBytes = size
    this.details = { type: parts.createType, files: new Set(parts.extents.map(({ store }) => store)).size }
  }

  /** The part at `position`, whose start is `#starts[#part]`. */
  #at(position: number): VmdkExtent {
    const starts = this.#starts
    if (position < (starts[this.#part] as number)) this.#part = 0
    while (this.#part + 1 < starts.length && position >= (starts[this.#part + 1] as number)) this.#part++
    return this.#parts.extents[this.#part] as VmdkExtent
  }

  map(position: number, lengthBytes: number, extent: Extent): void {
    const part = this.#at(position)
    const within = position - (this.#starts[this.#part] as number)
    part.map(within, Math.min(lengthBytes, part.sizeBytes - within), extent)
  }

  readPacked(position: number, lengthBytes: number, into: Uint8Array, offset: number): void {
    this.#at(position).readPacked(position - (this.#starts[this.#part] as number), lengthBytes, into, offset)
  }

  write(position: number, lengthBytes: number, from: Uint8Array, offset: number): void {
    if (this.readOnly) {
      const { path } = this.#parts
      throw new AppError('disk/read-only', `Opened for reading only: ${path}`, { context: { path } })
    }
    if (!this.#isMarked) this.#changeId()
    while (lengthBytes > 0) {
      const part = this.#at(position)
      const within = position - (this.#starts[this.#part] as number)
      const length = Math.min(lengthBytes, part.sizeBytes - within)
      part.write(within, length, from, offset)
      position += length
      offset += length
      lengthBytes -= length
    }
  }

  #changeId(): void {
    const { store, cid } = this.#parts
    if (cid) {
      // The highest value means "no parent" to images that name this one.
      const value = cid.value >= 0xffff_fffe ? 1 : cid.value + 1
      store.write(cid.position, bytesOf(value.toString(16).padStart(8, '0')))
    }
    this.#isMarked = true
  }

  settle(): void {
    for (const extent of this.#parts.extents) extent.settle()
  }

  flush(): void {
    if (this.readOnly) return
    this.settle()
    for (const store of this.#stores()) store.flush()
  }

  close(): void {
    try {
      for (const extent of this.#parts.extents) extent.finish()
    } finally {
      for (const store of this.#stores()) store.close()
    }
  }

  #stores(): Set<ByteStore> {
    const stores = this.#parts.extents.flatMap(({ store }) => (store ? [store] : []))
    return new Set([this.#parts.store, ...stores])
  }
}
