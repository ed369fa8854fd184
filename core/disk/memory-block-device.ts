/** A medium that lives in memory: blank floppies, tests. */
import type { BlockDevice } from './block-device.ts'
import { checkSectors } from './bounds.ts'

/** What a memory medium is like besides its bytes. */
export interface MemoryBlockDeviceOptions {
  readonly sectorBytes?: number
  readonly readOnly?: boolean
}

/** All sectors in one array, which is shared with the caller. */
export class MemoryBlockDevice implements BlockDevice {
  readonly bytes: Uint8Array
  readonly sectorBytes: number
  readonly sectors: number
  readonly readOnly: boolean

  /** `bytes` is a whole number of sectors (512 bytes unless told otherwise). */
  constructor(bytes: Uint8Array, options: MemoryBlockDeviceOptions = {}) {
    this.bytes = bytes
    this.sectorBytes = options.sectorBytes ?? 512
    this.readOnly = options.readOnly ?? false
    this.sectors = bytes.length / this.sectorBytes
    if (!Number.isInteger(this.sectors)) throw new RangeError(`${bytes.length} bytes are no whole number of sectors`)
  }

  readSectors(lba: number, count: number, into: Uint8Array, offset = 0): void {
    checkSectors(this.sectors, lba, count)
    into.set(this.bytes.subarray(lba * this.sectorBytes, (lba + count) * this.sectorBytes), offset)
  }

  writeSectors(lba: number, count: number, from: Uint8Array, offset = 0): void {
    checkSectors(this.sectors, lba, count)
    this.bytes.set(from.subarray(offset, offset + count * this.sectorBytes), lba * this.sectorBytes)
  }

  flush(): void {}

  close(): void {}
}
