/** A raw image: the sectors of a floppy or hard disk one after the other, nothing else. */
import { AppError } from '../base/errors.ts'
import type { BlockDevice, ByteStore } from './block-device.ts'
import { checkSectors } from './bounds.ts'

const SECTOR_BYTES = 512

/** How a raw image is opened. */
export interface RawDiskOptions {
  readonly writeProtected?: boolean
  /** The medium has at least this many sectors; those behind the end of the file are zeros until they are written. */
  readonly minSectors?: number
}

/** Sectors of 512 bytes over a host file. A file that ends within a sector has that sector, completed by zeros. */
export class RawDisk implements BlockDevice {
  readonly sectorBytes = SECTOR_BYTES
  readonly sectors: number
  readonly readOnly: boolean
  readonly #store: ByteStore

  constructor(store: ByteStore, options: RawDiskOptions = {}) {
    this.#store = store
    this.sectors = Math.max(Math.ceil(store.sizeBytes / SECTOR_BYTES), options.minSectors ?? 0)
    this.readOnly = store.readOnly || (options.writeProtected ?? false)
  }

  readSectors(lba: number, count: number, into: Uint8Array, offset = 0): void {
    checkSectors(this.sectors, lba, count)
    this.#store.read(lba * SECTOR_BYTES, into.subarray(offset, offset + count * SECTOR_BYTES))
  }

  writeSectors(lba: number, count: number, from: Uint8Array, offset = 0): void {
    checkSectors(this.sectors, lba, count)
    if (this.readOnly) throw new AppError('disk/read-only', 'The image is write-protected')
    this.#store.write(lba * SECTOR_BYTES, from.subarray(offset, offset + count * SECTOR_BYTES))
  }

  flush(): void {
    if (!this.readOnly) this.#store.flush()
  }

  close(): void {
    this.#store.close()
  }
}
