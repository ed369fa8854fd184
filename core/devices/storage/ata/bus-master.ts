/**
 * The bus master of one IDE channel: moves data between a drive and the memory that a table of physical regions describes.
 * Source: Programming Interface for Bus Master IDE Controller 1.0 (Intel, 1994); 82371SB data sheet 2.7.
 */
import type { AddressMap } from '../../../memory/address-map.ts'

/** Offsets within the channel's eight ports. */
const COMMAND = 0
const STATUS = 2
const TABLE = 4

const COMMAND_START = 0x01
const COMMAND_TO_MEMORY = 0x08
const STATUS_ACTIVE = 0x01
const STATUS_ERROR = 0x02
const STATUS_INTERRUPT = 0x04
/** Set by firmware for drives that it set up for DMA; nothing here depends on them. */
const STATUS_CAPABLE = 0x60

const PRD_BYTES = 8
const PRD_LAST = 0x8000_0000

/** Saved form of a bus master. */
export type BusMasterState = {
  readonly command: number
  readonly status: number
  readonly table: number
  readonly next: number
  readonly address: number
  readonly left: number
  readonly last: boolean
}

/** One channel's half of the sixteen ports at BAR 4. */
export class BusMaster {
  /** Called when software starts the engine. */
  onStart: () => void = () => {}
  readonly #memory: AddressMap
  #command = 0
  #status = 0
  /** Where the table begins. */
  #table = 0
  /** The table's next entry, and what is left of the present one. */
  #next = 0
  #address = 0
  #left = 0
  #last = false

  constructor(memory: AddressMap) {
    this.#memory = memory
  }

  get active(): boolean {
    return (this.#status & STATUS_ACTIVE) !== 0
  }

  /** The channel's interrupt line rose. */
  interrupt(): void {
    this.#status |= STATUS_INTERRUPT
  }

  read8(register: number): number {
    if (register === COMMAND) return this.#command
    if (register === STATUS) return this.#status
    if (register >= TABLE) return (this.#table >>> (8 * (register - TABLE))) & 0xff
    return 0
  }

  write8(register: number, value: number): void {
    if (register === COMMAND) this.#writeCommand(value)
    else if (register === STATUS) {
      const kept = this.#status & (STATUS_ACTIVE | (~value & (STATUS_ERROR | STATUS_INTERRUPT)))
      this.#status = kept | (value & STATUS_CAPABLE)
    } else if (register >= TABLE) {
      const shift = 8 * (register - TABLE)
      // The table begins at a multiple of four.
      this.#table = ((this.#table & ~(0xff << shift)) | (value << shift)) & ~3
    }
  }

  /** Moves up to `length` bytes into memory. Fewer when the table ends, which stops the engine. */
  toMemory(data: Uint8Array, offset: number, length: number): number {
    return this.#move(length, (address, done, count) => this.#memory.writeBytes(address, data, offset + done, count))
  }

  /** Moves up to `length` bytes out of memory. */
  fromMemory(data: Uint8Array, offset: number, length: number): number {
    return this.#move(length, (address, done, count) => this.#memory.readBytes(address, data, offset + done, count))
  }

  reset(): void {
    this.restore({ command: 0, status: 0, table: 0, next: 0, address: 0, left: 0, last: false })
  }

  save(): BusMasterState {
    return {
      command: this.#command,
      status: this.#status,
      table: this.#table,
      next: this.#next,
      address: this.#address,
      left: this.#left,
      last: this.#last,
    }
  }

  restore(state: BusMasterState): void {
    this.#command = state.command
    this.#status = state.status
    this.#table = state.table
    this.#next = state.next
    this.#address = state.address
    this.#left = state.left
    this.#last = state.last
  }

  /** Starting takes the table from its beginning; stopping forgets how far it was. */
  #writeCommand(value: number): void {
    const wasStarted = this.#command & COMMAND_START
    this.#command = value & (COMMAND_START | COMMAND_TO_MEMORY)
    if (!(value & COMMAND_START)) this.#status &= ~STATUS_ACTIVE
    else if (!wasStarted) {
      this.#next = this.#table
      this.#left = 0
      this.#last = false
      this.#status |= STATUS_ACTIVE
      this.onStart()
    }
  }

  #move(length: number, copy: (address: number, done: number, count: number) => void): number {
    let done = 0
    while (done < length && this.active) {
      if (this.#left === 0) this.#fetch()
      const count = Math.min(length - done, this.#left)
      copy(this.#address >>> 0, done, count)
      this.#address = (this.#address + count) | 0
      this.#left -= count
      done += count
      if (this.#left === 0 && this.#last) this.#status &= ~STATUS_ACTIVE
    }
    return done
  }

  /** Reads an entry: address, then a count of bytes of which 0 means 64 KiB, and the mark of the last one. Both are even. */
  #fetch(): void {
    const entry = this.#next >>> 0
    this.#address = this.#memory.read(entry, 4) & ~1
    const control = this.#memory.read(entry + 4, 4)
    this.#left = control & 0xfffe || 0x1_0000
    this.#last = (control & PRD_LAST) !== 0
    this.#next = (this.#next + PRD_BYTES) | 0
  }
}
