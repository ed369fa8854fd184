/** The movement of a disk's sectors: from READ SECTORS to WRITE DMA FUA EXT, block by block, with the address registers. */
import { AppError } from '../../../base/errors.ts'
import type { BlockDevice } from '../../../disk/block-device.ts'
import type { Geometry } from '../../../disk/geometry.ts'
import type { StateRecord } from '../../device.ts'
import type { TransferRow } from './disk-commands.ts'
import { BUFFER_BYTES, type DriveEngine } from './drive-engine.ts'
import { ABORTED, NOT_FOUND, UNCORRECTABLE, WRITE_PROTECTED } from './registers.ts'
import { type AddressForm, addressForm, readAddress, readCount, writeAddress, writeCount } from './sector-address.ts'

const SECTOR_BYTES = 512
const DMA_SECTORS = BUFFER_BYTES / SECTOR_BYTES

/** Told when the host's disk failed under a guest's command. */
export type HostErrorListener = (error: AppError) => void

/** One command's way through the disk. */
export class SectorTransfer {
  readonly #engine: DriveEngine
  readonly #disk: BlockDevice
  readonly #onHostError: HostErrorListener
  #form: AddressForm = 'lba28'
  #geometry: Geometry | undefined
  #lba = 0
  #left = 0
  /** Sectors in a block. */
  #block = 1
  #flush = false

  constructor(engine: DriveEngine, disk: BlockDevice, onHostError: HostErrorListener) {
    this.#engine = engine
    this.#disk = disk
    this.#onHostError = onHostError
  }

  /** Sectors still to be moved. */
  get left(): number {
    return this.#left
  }

  /** Takes address and count from the registers. Returns the error that refuses the command, or 0. */
  begin(row: TransferRow, geometry: Geometry | undefined, multiple: number): number {
    const { registers } = this.#engine
    this.#geometry = geometry
    this.#form = addressForm(registers, row.extended)
    this.#lba = readAddress(registers, this.#form, geometry)
    this.#left = readCount(registers, row.extended)
    this.#flush = row.flush
    this.#block = row.blocks === 'dma' ? DMA_SECTORS : row.blocks === 'multiple' ? multiple : 1
    if (this.#block === 0) return ABORTED
    if (row.action === 'write' && this.#disk.readOnly) return WRITE_PROTECTED | ABORTED
    return this.#lba < 0 || this.#lba >= this.#disk.sectors ? NOT_FOUND : 0
  }

  /** Reads the next block into the engine's buffer: its bytes, 0 at the end, -1 after a failure. */
  load(): number {
    if (this.#left === 0) return 0
    const count = this.#nextCount()
    if (count === 0) return this.#fail(NOT_FOUND)
    const { buffer } = this.#engine
    if (!this.#attempt(() => this.#disk.readSectors(this.#lba, count, buffer), UNCORRECTABLE)) return -1
    this.#advance(count)
    return count * SECTOR_BYTES
  }

  /** Bytes of the next block to be written. */
  room(): number {
    return this.#nextCount() * SECTOR_BYTES
  }

  /** Writes a block from the engine's buffer. False after a failure. */
  store(bytes: number): boolean {
    const count = bytes / SECTOR_BYTES
    const { buffer } = this.#engine
    if (!this.#attempt(() => this.#disk.writeSectors(this.#lba, count, buffer), ABORTED)) return false
    this.#advance(count)
    if (this.#left > 0 && this.#lba >= this.#disk.sectors) return this.#fail(NOT_FOUND) > 0
    return true
  }

  /** Reads everything to see whether it can be read; says how it ended. */
  verify(): void {
    while (this.#left > 0) {
      const count = Math.min(DMA_SECTORS, this.#left, this.#disk.sectors - this.#lba)
      if (count === 0) {
        this.#fail(NOT_FOUND)
        return
      }
      const { buffer } = this.#engine
      if (!this.#attempt(() => this.#disk.readSectors(this.#lba, count, buffer), UNCORRECTABLE)) return
      this.#advance(count)
    }
    this.#engine.end()
  }

  /** Everything was moved. */
  finish(): void {
    if (!this.#flush || this.#attempt(() => this.#disk.flush(), ABORTED)) this.#engine.end()
  }

  /** FLUSH CACHE: everything written is on the host's disk. */
  flush(): void {
    if (this.#attempt(() => this.#disk.flush(), ABORTED)) this.#engine.end()
  }

  save(): StateRecord {
    return {
      form: this.#form,
      geometry: this.#geometry ? { ...this.#geometry } : null,
      lba: this.#lba,
      left: this.#left,
      block: this.#block,
      flush: this.#flush,
    }
  }

  restore(record: StateRecord): void {
    this.#form = record['form'] as AddressForm
    this.#geometry = (record['geometry'] as Geometry | null) ?? undefined
    this.#lba = record['lba'] as number
    this.#left = record['left'] as number
    this.#block = record['block'] as number
    this.#flush = record['flush'] as boolean
  }

  /** Sectors of the next block. One that runs over the end of the disk stops there, so that the next one fails. */
  #nextCount(): number {
    return Math.min(this.#block, this.#left, this.#disk.sectors - this.#lba)
  }

  #advance(count: number): void {
    this.#lba += count
    this.#left -= count
    // The registers name the last sector done, as drives of every age do.
    this.#tell(this.#lba - 1)
  }

  #tell(lba: number): void {
    writeAddress(this.#engine.registers, this.#form, this.#geometry, lba)
    writeCount(this.#engine.registers, this.#form === 'lba48', this.#left)
  }

  /** Ends the command with the registers at the sector that could not be done. Returns -1. */
  #fail(error: number): number {
    this.#tell(this.#lba)
    this.#left = 0
    this.#engine.end(error)
    return -1
  }

  /** Accesses the medium. When the host fails, the guest sees a drive with a bad sector. */
  #attempt(access: () => void, error: number): boolean {
    try {
      access()
      return true
    } catch (cause) {
      if (!(cause instanceof AppError)) throw cause
      this.#onHostError(cause)
      this.#fail(error)
      return false
    }
  }
}
