/**
 * The two cascaded 8237A DMA controllers of a PC/AT with their page registers: channels 0 to 3 move bytes within 64 KiB,
 * channels 5 to 7 words within 128 KiB, channel 4 carries the cascade (Intel 8237A data sheet; IBM PC/AT Technical Reference).
 * Transfers happen when a device asks for them; the bus is not arbitrated cycle by cycle, so demand, single and block mode and
 * the priority of channels make no difference to a device. Firmware has to set channel 4 to cascade and unmask it.
 *
 * Unsupported: memory-to-memory transfers, which the AT's wiring and PIIX3 do not support either.
 */
import { parseWith, z } from '../../base/schema.ts'
import type { DmaChannel, DmaService } from '../../bus/dma.ts'
import type { AddressMap } from '../../memory/address-map.ts'
import { type Device, type DeviceContext, defineDevice, type StateRecord } from '../device.ts'

/** Mode register: bits 2 and 3 type, 4 autoinitialisation, 5 decrement, 6 and 7 demand, single, block or cascade. */
const TYPE_VERIFY = 0
const TYPE_WRITE = 1
const TYPE_READ = 2
const AUTOINIT = 0x10
const DECREMENT = 0x20
const CASCADE = 0xc0
const BLOCK = 0x80
const CONTROLLER_DISABLED = 4
/** Ports 80h to 8Fh: which channel's page a register is, or -1 for a plain latch. */
const PAGE_CHANNEL = [-1, 2, 3, 1, -1, -1, -1, 0, -1, 6, 7, 5, -1, -1, -1, 4] as const

const options = z.strictObject({})

const channelState = z.strictObject({
  baseAddress: z.int(),
  baseCount: z.int(),
  address: z.int(),
  count: z.int(),
  mode: z.int(),
})
const chipState = z.strictObject({
  channels: z.array(channelState).length(4),
  command: z.int(),
  mask: z.int(),
  status: z.int(),
  requests: z.int(),
  flipFlop: z.boolean(),
  temporary: z.int(),
})
const stateSchema = z.strictObject({ chips: z.array(chipState).length(2), pages: z.array(z.int()).length(16) })

interface Channel {
  baseAddress: number
  baseCount: number
  address: number
  count: number
  mode: number
}

/** One 8237A: its registers. `shift` is 0 for bytes, 1 for words. */
class Chip {
  readonly channels: Channel[] = Array.from({ length: 4 }, () => ({
    baseAddress: 0,
    baseCount: 0,
    address: 0,
    count: 0,
    mode: 0,
  }))
  command = 0
  mask = 0xf
  /** Terminal counts reached, bits 0 to 3. */
  status = 0
  requests = 0
  flipFlop = false
  temporary = 0

  masterClear(): void {
    this.command = 0
    this.mask = 0xf
    this.status = 0
    this.requests = 0
    this.flipFlop = false
    this.temporary = 0
  }

  read(register: number): number {
    if (register < 8) {
      const channel = this.channels[register >> 1] as Channel
      const value = register & 1 ? channel.count : channel.address
      this.flipFlop = !this.flipFlop
      return this.flipFlop ? value & 0xff : value >> 8
    }
    if (register === 8) {
      const status = this.status | (this.requests << 4)
      this.status = 0
      return status
    }
    if (register === 13) return this.temporary
    return register === 15 ? this.mask | 0xf0 : 0xff
  }

  write(register: number, value: number): void {
    const channel = this.channels[value & 3] as Channel
    const bit = 1 << (value & 3)
    switch (register) {
      case 8:
        this.command = value
        break
      case 9:
        this.requests = value & 4 ? this.requests | bit : this.requests & ~bit
        break
      case 10:
        this.mask = value & 4 ? this.mask | bit : this.mask & ~bit
        break
      case 11:
        channel.mode = value
        break
      case 12:
        this.flipFlop = false
        break
      case 13:
        this.masterClear()
        break
      case 14:
        this.mask = 0
        break
      case 15:
        this.mask = value & 0xf
        break
      default:
        this.#writeCounter(register, value)
    }
  }

  #writeCounter(register: number, value: number): void {
    const channel = this.channels[register >> 1] as Channel
    const merge = (old: number) => (this.flipFlop ? (old & 0xff) | (value << 8) : (old & 0xff00) | value)
    if (register & 1) {
      channel.baseCount = merge(channel.baseCount)
      channel.count = channel.baseCount
    } else {
      channel.baseAddress = merge(channel.baseAddress)
      channel.address = channel.baseAddress
    }
    this.flipFlop = !this.flipFlop
  }

  save(): z.infer<typeof chipState> {
    const { channels, command, mask, status, requests, flipFlop, temporary } = this
    return { channels: channels.map((c) => ({ ...c })), command, mask, status, requests, flipFlop, temporary }
  }

  restore(state: z.infer<typeof chipState>): void {
    state.channels.forEach((saved, i) => {
      Object.assign(this.channels[i] as Channel, saved)
    })
    this.command = state.command
    this.mask = state.mask
    this.status = state.status
    this.requests = state.requests
    this.flipFlop = state.flipFlop
    this.temporary = state.temporary
  }
}

/** The machine's DMA controllers, and the DMA service of its devices. */
export class I8237 implements Device, DmaService {
  readonly #memory: AddressMap
  readonly #low = new Chip()
  readonly #high = new Chip()
  readonly #pages = new Uint8Array(16)
  readonly #releases: (() => void)[]

  constructor(context: DeviceContext) {
    this.#memory = context.memory
    const { ports } = context
    this.#releases = [
      ports.register(0x00, 16, {
        read8: (port) => this.#low.read(port),
        write8: (port, value) => this.#write(this.#low, port, value),
      }),
      // The second controller's registers lie on even addresses.
      ports.register(0xc0, 32, {
        read8: (port) => this.#high.read((port - 0xc0) >> 1),
        write8: (port, value) => this.#write(this.#high, (port - 0xc0) >> 1, value),
      }),
      ports.register(0x80, 16, {
        read8: (port) => this.#pages[port & 15] as number,
        write8: (port, value) => {
          this.#pages[port & 15] = value
        },
      }),
    ]
  }

  #write(chip: Chip, register: number, value: number): void {
    chip.write(register, value)
    if (chip.requests) this.#serveRequests(chip)
  }

  /**
   * Software requests run a block transfer to its end, masked or not (data sheet, "Software Commands"). No device drives the bus
   * then, so what is written to memory is all ones.
   */
  #serveRequests(chip: Chip): void {
    if (chip.command & CONTROLLER_DISABLED) return
    for (let index = 0; index < 4; index++) {
      const channel = chip.channels[index] as Channel
      if (!(chip.requests & (1 << index)) || (channel.mode & CASCADE) !== BLOCK) continue
      const mask = chip.mask
      const unit = chip === this.#high ? 2 : 1
      const idle = new Uint8Array((channel.count + 1) * unit).fill(0xff)
      this.#run(chip, index, idle, 0, channel.count + 1, true)
      chip.mask |= mask
    }
  }

  reset(): void {
    this.#low.masterClear()
    this.#high.masterClear()
    this.#pages.fill(0)
  }

  /** Channel `number`, 0 to 7. */
  channel(number: number): DmaChannel {
    const chip = number < 4 ? this.#low : this.#high
    const index = number & 3
    const self = this
    return {
      get ready() {
        return self.#ready(chip, index)
      },
      write: (data, offset, length) => this.#transfer(chip, index, data, offset, length, true),
      read: (data, offset, length) => this.#transfer(chip, index, data, offset, length, false),
    }
  }

  #ready(chip: Chip, index: number): boolean {
    // Channels of the first controller reach the bus through the cascade on channel 4.
    if (chip === this.#low && (this.#high.mask & 1 || this.#high.command & CONTROLLER_DISABLED)) return false
    if (((chip.channels[index] as Channel).mode & CASCADE) === CASCADE) return false
    return !(chip.mask & (1 << index)) && !(chip.command & CONTROLLER_DISABLED)
  }

  #transfer(
    chip: Chip,
    index: number,
    data: Uint8Array,
    offset: number,
    length: number,
    toMemory: boolean,
  ): { moved: number; terminalCount: boolean } {
    if (!this.#ready(chip, index)) return { moved: 0, terminalCount: false }
    const unit = chip === this.#high ? 2 : 1
    const units = Math.min(Math.floor(length / unit), (chip.channels[index] as Channel).count + 1)
    return { moved: units * unit, terminalCount: this.#run(chip, index, data, offset, units, toMemory) }
  }

  /** Moves `units` bytes or words, at most up to terminal count; returns whether it was reached. */
  #run(chip: Chip, index: number, data: Uint8Array, offset: number, units: number, toMemory: boolean): boolean {
    const channel = chip.channels[index] as Channel
    const unit = chip === this.#high ? 2 : 1
    const page = PAGE_CHANNEL.indexOf((chip === this.#high ? index + 4 : index) as 0)
    const type = (channel.mode >> 2) & 3
    const moves = type === TYPE_VERIFY ? false : type === (toMemory ? TYPE_WRITE : TYPE_READ)
    if (moves) this.#copy(channel, page, unit, data, offset, units, toMemory)
    else if (!toMemory) data.fill(0xff, offset, offset + units * unit)
    const step = channel.mode & DECREMENT ? -units : units
    channel.address = (channel.address + step) & 0xffff
    channel.count = (channel.count - units) & 0xffff
    const terminalCount = units > 0 && channel.count === 0xffff
    if (terminalCount) this.#finish(chip, index, channel)
    return terminalCount
  }

  #finish(chip: Chip, index: number, channel: Channel): void {
    chip.status |= 1 << index
    chip.requests &= ~(1 << index)
    if (channel.mode & AUTOINIT) {
      channel.address = channel.baseAddress
      channel.count = channel.baseCount
    } else chip.mask |= 1 << index
  }

  /** Physical address of the unit at counter value `address`: the page register does not count along. */
  #physical(page: number, unit: number, address: number): number {
    const upper = this.#pages[page] as number
    return unit === 1 ? (upper << 16) | (address & 0xffff) : ((upper & 0xfe) << 16) | ((address & 0xffff) << 1)
  }

  #copy(
    channel: Channel,
    page: number,
    unit: number,
    data: Uint8Array,
    offset: number,
    units: number,
    toMemory: boolean,
  ): void {
    if (channel.mode & DECREMENT) {
      for (let i = 0; i < units; i++)
        this.#move(this.#physical(page, unit, channel.address - i), data, offset + i * unit, unit, toMemory)
      return
    }
    for (let done = 0; done < units; ) {
      const from = (channel.address + done) & 0xffff
      const count = Math.min(units - done, 0x1_0000 - from)
      this.#move(this.#physical(page, unit, from), data, offset + done * unit, count * unit, toMemory)
      done += count
    }
  }

  #move(gpa: number, data: Uint8Array, offset: number, bytes: number, toMemory: boolean): void {
    if (toMemory) this.#memory.writeBytes(gpa, data, offset, bytes)
    else this.#memory.readBytes(gpa, data, offset, bytes)
  }

  save(): StateRecord {
    return { chips: [this.#low.save(), this.#high.save()], pages: [...this.#pages] }
  }

  restore(record: StateRecord): void {
    const state = parseWith(stateSchema, record, 'Saved 8237 state', 'state/corrupt')
    this.#low.restore(state.chips[0] as z.infer<typeof chipState>)
    this.#high.restore(state.chips[1] as z.infer<typeof chipState>)
    this.#pages.set(state.pages)
  }

  dispose(): void {
    for (const release of this.#releases) release()
  }
}

export const i8237 = defineDevice({
  id: 'i8237',
  label: 'Intel 8237A DMA controllers',
  role: 'chipset',
  version: 1,
  options,
  create: (context) => new I8237(context),
})
