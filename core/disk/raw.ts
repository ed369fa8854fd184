/** A raw image: the sectors of a floppy or hard disk one after the other, nothing else. */
import { AppError } from '../base/errors.ts'
import type { BlockDevice, ByteStore } from './block-device.ts'
import { checkSectors } from './bounds.ts'
import { disguiseOf } from './image-signatures.ts'

const SECTOR_BYTES = 512

/** How a raw image is opened. */
export interface RawDiskOptions {
  readonly writeProtected?: boolean
  /** The medium has at least this many sectors; those behind the end of the file are zeros until they are written. */
  readonly minSectors?: number
  /** Whether it is raw only for being nothing else. */
  readonly isGuessed?: boolean
}

/**
 * The next time the image would pass for one of another format, which may name any file of the host: what a guest writes must
 * not decide that. Footers at its end are harmless.
 */
function refuseDisguise(sector: Uint8Array): void {
  const format = disguiseOf(sector)
  if (!format) return
  const message = `The guest has tried to write what would make its raw disk look like a ${format} file`
  throw new AppError('disk/unsupported-format', message, { context: { format } })
}

/** Sectors of 512 bytes over a host file. A file that ends within a sector has that sector, completed by zeros. */
export class RawDisk implements BlockDevice {
  readonly sectorBytes = SECTOR_BYTES
  readonly sectors: number
  readonly readOnly: boolean
  readonly #store: ByteStore
  readonly #isGuessed: boolean

  constructor(store: ByteStore, options: RawDiskOptions = {}) {
    this.#store = store
    this.sectors = Math.max(Math.ceil(store.sizeBytes / SECTOR_BYTES), options.minSectors ?? 0)
    this.#isGuessed = options.isGuessed ?? false
    this.readOnly = store.readOnly || (options.writeProtected ?? false)
  }

  readSectors(lba: number, count: number, into: Uint8Array, offset = 0): void {
    checkSectors(this.sectors, lba, count)
    this.#store.read(lba * SECTOR_BYTES, into.subarray(offset, offset + count * SECTOR_BYTES))
  }

  writeSectors(lba: number, count: number, from: Uint8Array, offset = 0): void {
    checkSectors(this.sectors, lba, count)
    if (this.readOnly) throw new AppError('disk/read-only', 'The image is write-protected')
    if (this.#isGuessed && lba === 0 && count > 0) refuseDisguise(from.subarray(offset, offset + SECTOR_BYTES))
    this.#store.write(lba * SECTOR_BYTES, from.subarray(offset, offset + count * SECTOR_BYTES))
  }

  flush(): void {
    if (!this.readOnly) this.#store.flush()
  }

  close(): void {
    this.#store.close()
  }
}
