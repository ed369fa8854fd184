/** A layer whose file holds the bytes of the disk one after the other from its beginning: raw images, fixed VHD images. */
import { AppError } from '../../base/errors.ts'
import type { ByteStore } from '../block-device.ts'
import { type Extent, ExtentKind, type ImageDetails, type ImageFormatId, type ImageLayer } from '../disk-image.ts'
import type { LayerRequest } from './image-format.ts'

/** What the formats with such layers differ in. */
export interface FlatLayerFacts {
  readonly format: ImageFormatId
  readonly sizeBytes: number
  readonly details: ImageDetails
}

export class FlatLayer implements ImageLayer {
  readonly format: ImageFormatId
  readonly granuleBytes = 512
  readonly backing = undefined
  readonly details: ImageDetails
  readonly sizeBytes: number
  readonly readOnly: boolean
  protected readonly store: ByteStore
  readonly #path: string

  constructor({ store, readOnly, path }: LayerRequest, { format, sizeBytes, details }: FlatLayerFacts) {
    this.store = store
    this.#path = path
    this.readOnly = readOnly
    this.format = format
    this.sizeBytes = sizeBytes
    this.details = details
  }

  map(position: number, lengthBytes: number, extent: Extent): void {
    extent.kind = ExtentKind.data
    extent.position = position
    extent.lengthBytes = lengthBytes
    extent.store = this.store
  }

  readPacked(): void {}

  write(position: number, lengthBytes: number, from: Uint8Array, offset: number): void {
    if (this.readOnly)
      throw new AppError('disk/read-only', `Opened for reading only: ${this.#path}`, { context: { path: this.#path } })
    this.store.write(position, from, offset, lengthBytes)
  }

  settle(): void {}

  flush(): void {
    if (!this.readOnly) this.store.flush()
  }

  close(): void {
    this.store.close()
  }
}
