/** A medium with counters of what went over it, for statistics and activity lights. */
import type { BlockDevice } from './block-device.ts'

/** Passes everything on to `device` and counts. */
export class MeteredDisk implements BlockDevice {
  readBytes = 0
  writtenBytes = 0
  readonly sectorBytes: number
  readonly sectors: number
  readonly readOnly: boolean
  #device: BlockDevice

  constructor(device: BlockDevice) {
    this.#device = device
    this.sectorBytes = device.sectorBytes
    this.sectors = device.sectors
    this.readOnly = device.readOnly
  }

  /** Goes on with `device`, which holds the same, and returns the one before. */
  switchTo(device: BlockDevice): BlockDevice {
    const before = this.#device
    this.#device = device
    return before
  }

  readSectors(lba: number, count: number, into: Uint8Array, offset = 0): void {
    this.#device.readSectors(lba, count, into, offset)
    this.readBytes += count * this.sectorBytes
  }

  writeSectors(lba: number, count: number, from: Uint8Array, offset = 0): void {
    this.#device.writeSectors(lba, count, from, offset)
    this.writtenBytes += count * this.sectorBytes
  }

  flush(): void {
    this.#device.flush()
  }

  settle(): void {
    this.#device.settle?.()
  }

  close(): void {
    this.#device.close()
  }
}
