/**
 * The data phase of packet commands (ATA/ATAPI-6 9.8): an answer, or sectors of the disc, in blocks that keep to the byte count
 * limit of programmed I/O, or by DMA.
 */
import { AppError } from '../../../base/errors.ts'
import type { BlockDevice } from '../../../disk/block-device.ts'
import type { StateRecord } from '../../device.ts'
import { buildRawSector, rawParts } from './cd-sector.ts'
import { BUFFER_BYTES, type DriveEngine } from './drive-engine.ts'
import { REGISTER } from './registers.ts'

const SECTOR_BYTES = 2048
/** READ CD flags that stand for user data alone. */
export const USER_DATA_ONLY = 0x10

/** Interrupt reason, in the count register (7.14): a packet is wanted, data goes to the host, or the command is over. */
export const REASON_PACKET = 0x01
const REASON_TO_HOST = 0x02
export const REASON_DONE = 0x03

/** Where sectors come from. Throws AppError when the host cannot read them; undefined when the disc is gone. */
export type DiscSource = () => BlockDevice | undefined

/** What the last block ended with. */
export type LoadResult = { readonly bytes: number } | { readonly failure: 'no-disc' } | { readonly failure: AppError }

/** Blocks of one command's answer. */
export class PacketTransfer {
  readonly #engine: DriveEngine
  readonly #disc: DiscSource
  /** An answer, or one sector that goes out in pieces. */
  #reply: Uint8Array = new Uint8Array(0)
  #position = 0
  #lba = 0
  #sectors = 0
  #flags = USER_DATA_ONLY
  /** Bytes of a block at most. */
  #limit = 0
  #dma = false

  constructor(engine: DriveEngine, disc: DiscSource) {
    this.#engine = engine
    this.#disc = disc
  }

  /** Takes the way that data will move from the registers: DMA, or programmed I/O with its limit. */
  begin(dma: boolean): void {
    const { registers } = this.#engine
    this.#dma = dma
    const limit = registers.get(REGISTER.mid) | (registers.get(REGISTER.high) << 8)
    // Zero is not allowed, and 65535 means 65534: blocks are even, but for the last.
    this.#limit = dma ? BUFFER_BYTES : (limit || 0xffff) & 0xfffe || 2
    this.#reply = new Uint8Array(0)
    this.#position = 0
    this.#sectors = 0
  }

  get dma(): boolean {
    return this.#dma
  }

  sendReply(reply: Uint8Array): void {
    this.#reply = reply
    this.#position = 0
    this.#engine.startIn(this.#dma)
  }

  /** Sends `count` sectors from `lba`, of each the parts that `flags` (byte 9 of READ CD) names. */
  sendSectors(lba: number, count: number, flags: number): void {
    this.#lba = lba
    this.#sectors = count
    this.#flags = flags
    this.#engine.startIn(this.#dma)
  }

  /** Puts the next block into the engine's buffer. */
  load(): LoadResult {
    const { buffer, registers } = this.#engine
    let bytes = 0
    try {
      bytes = this.#loadInto(buffer)
    } catch (failure) {
      if (failure instanceof AppError) return { failure }
      throw failure
    }
    if (bytes < 0) return { failure: 'no-disc' }
    if (bytes > 0 && !this.#dma) {
      registers.set(REGISTER.count, REASON_TO_HOST)
      registers.set(REGISTER.mid, bytes & 0xff)
      registers.set(REGISTER.high, bytes >>> 8)
    }
    return { bytes }
  }

  save(): StateRecord {
    return {
      reply: this.#reply.slice(),
      position: this.#position,
      lba: this.#lba,
      sectors: this.#sectors,
      flags: this.#flags,
      limit: this.#limit,
      dma: this.#dma,
    }
  }

  restore(record: StateRecord): void {
    this.#reply = (record['reply'] as Uint8Array).slice()
    this.#position = record['position'] as number
    this.#lba = record['lba'] as number
    this.#sectors = record['sectors'] as number
    this.#flags = record['flags'] as number
    this.#limit = record['limit'] as number
    this.#dma = record['dma'] as boolean
  }

  #loadInto(buffer: Uint8Array): number {
    if (this.#position === this.#reply.length && this.#sectors > 0) {
      const disc = this.#disc()
      if (!disc) return -1
      const whole = Math.floor(Math.min(this.#limit, BUFFER_BYTES) / SECTOR_BYTES)
      if (this.#flags === USER_DATA_ONLY && whole > 0) {
        const count = Math.min(whole, this.#sectors)
        disc.readSectors(this.#lba, count, buffer)
        this.#lba += count
        this.#sectors -= count
        return count * SECTOR_BYTES
      }
      this.#stageSector(disc)
    }
    const bytes = Math.min(this.#reply.length - this.#position, this.#limit)
    buffer.set(this.#reply.subarray(this.#position, this.#position + bytes))
    this.#position += bytes
    return bytes
  }

  #stageSector(disc: BlockDevice): void {
    const data = new Uint8Array(SECTOR_BYTES)
    disc.readSectors(this.#lba, 1, data)
    if (this.#flags === USER_DATA_ONLY) this.#reply = data
    else {
      const raw = buildRawSector(this.#lba, data)
      const parts = rawParts(this.#flags)
      this.#reply = new Uint8Array(parts.reduce((sum, [, bytes]) => sum + bytes, 0))
      let at = 0
      for (const [start, bytes] of parts) {
        this.#reply.set(raw.subarray(start, start + bytes), at)
        at += bytes
      }
    }
    this.#position = 0
    this.#lba++
    this.#sectors--
  }
}
