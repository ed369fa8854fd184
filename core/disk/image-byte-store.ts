/** The disk in an image as bytes, for what reads files: a CD that was stored in a disk format. Read only. */
import { AppError } from '../base/errors.ts'
import type { BlockDevice, ByteStore } from './block-device.ts'

export class ImageByteStore implements ByteStore {
  readonly readOnly = true
  readonly sizeBytes: number
  readonly #disk: BlockDevice

  /** `disk` has sectors of 512 bytes and is closed with the store. */
  constructor(disk: BlockDevice) {
    this.#disk = disk
    this.sizeBytes = disk.sectors * disk.sectorBytes
  }

  read(position: number, into: Uint8Array, offset = 0, length = into.length - offset): void {
    const { sectorBytes, sectors } = this.#disk
    const first = Math.floor(position / sectorBytes)
    const end = Math.min(Math.ceil((position + length) / sectorBytes), sectors)
    if (end <= first) return void into.fill(0, offset, offset + length)
    const whole = new Uint8Array((end - first) * sectorBytes)
    this.#disk.readSectors(first, end - first, whole)
    const part = whole.subarray(position - first * sectorBytes, position - first * sectorBytes + length)
    into.set(part, offset)
    into.fill(0, offset + part.length, offset + length)
  }

  write(): void {
    throw new AppError('disk/read-only', 'A CD cannot be written')
  }

  truncate(): void {
    this.write()
  }

  flush(): void {}

  close(): void {
    this.#disk.close()
  }
}
