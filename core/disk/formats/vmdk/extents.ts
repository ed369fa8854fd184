/** The parts that a VMDK image consists of: plain files and zeros here, sparse files beside. Positions are those within the part. */
import { AppError } from '../../../base/errors.ts'
import type { ByteStore } from '../../block-device.ts'
import { type Extent, ExtentKind } from '../../disk-image.ts'

export interface VmdkExtent {
  readonly sizeBytes: number
  readonly store: ByteStore | undefined
  readonly isWritable: boolean
  map(position: number, lengthBytes: number, extent: Extent): void
  readPacked(position: number, lengthBytes: number, into: Uint8Array, offset: number): void
  write(position: number, lengthBytes: number, from: Uint8Array, offset: number): void
  /** Hands tables that are held back to the file. */
  settle(): void
  /** Leaves the file as it is when nobody writes it. */
  finish(): void
}

/** Zeros that nothing can be written to. */
export class ZeroExtent implements VmdkExtent {
  readonly store = undefined
  readonly isWritable = false
  readonly sizeBytes: number

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes
  }

  map(_position: number, lengthBytes: number, extent: Extent): void {
    extent.kind = ExtentKind.zero
    extent.lengthBytes = lengthBytes
  }

  readPacked(): void {}

  write(): void {
    throw new AppError('disk/read-only', 'This part of the image cannot be written')
  }

  settle(): void {}

  finish(): void {}
}

/** A range of a file as it is. */
export class FlatExtent implements VmdkExtent {
  readonly isWritable = true
  readonly store: ByteStore
  readonly sizeBytes: number
  readonly #offset: number

  constructor(store: ByteStore, sizeBytes: number, offset: number) {
    this.store = store
    this.sizeBytes = sizeBytes
    this.#offset = offset
  }

  map(position: number, lengthBytes: number, extent: Extent): void {
    extent.kind = ExtentKind.data
    extent.store = this.store
    extent.position = this.#offset + position
    extent.lengthBytes = lengthBytes
  }

  readPacked(): void {}

  write(position: number, lengthBytes: number, from: Uint8Array, offset: number): void {
    this.store.write(this.#offset + position, from, offset, lengthBytes)
  }

  settle(): void {}

  finish(): void {}
}
