/** The bytes of the disk, nothing else. */
import { AppError } from '../../base/errors.ts'
import { z } from '../../base/schema.ts'
import type { ByteStore } from '../block-device.ts'
import { type Extent, ExtentKind, type ImageDetails, type ImageLayer } from '../disk-image.ts'
import type { ImageFormat, LayerRequest } from './image-format.ts'

class RawLayer implements ImageLayer {
  readonly format = 'raw'
  readonly granuleBytes = 512
  readonly backing = undefined
  readonly details: ImageDetails = {}
  readonly sizeBytes: number
  readonly readOnly: boolean
  readonly #store: ByteStore
  readonly #path: string

  constructor({ store, readOnly, path }: LayerRequest) {
    this.#store = store
    this.#path = path
    this.readOnly = readOnly
    this.sizeBytes = store.sizeBytes
  }

  map(position: number, lengthBytes: number, extent: Extent): void {
    extent.kind = ExtentKind.data
    extent.position = position
    extent.lengthBytes = lengthBytes
    extent.store = this.#store
  }

  readPacked(): void {}

  write(position: number, lengthBytes: number, from: Uint8Array, offset: number): void {
    if (this.readOnly)
      throw new AppError('disk/read-only', `Opened for reading only: ${this.#path}`, { context: { path: this.#path } })
    this.#store.write(position, from, offset, lengthBytes)
  }

  grow(sizeBytes: number): void {
    this.#store.truncate(sizeBytes)
  }

  settle(): void {}

  flush(): void {
    if (!this.readOnly) this.#store.flush()
  }

  close(): void {
    this.#store.close()
  }
}

export const raw = {
  id: 'raw',
  label: 'Raw',
  extensions: ['img', 'raw', 'ima', 'dsk'],
  options: z.strictObject({}),
  probe: () => false,
  open: (request) => new RawLayer(request),
  create: (store, { sizeBytes }) => store.truncate(sizeBytes),
} as const satisfies ImageFormat
