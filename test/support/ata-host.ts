/** The host's side of ATA and ATAPI (ATA/ATAPI-6, 9), as a driver would do it, on any machine's ports. */
import type { ChipAccess } from './qemu-chips.ts'

const BUSY = 0x80
const REQUEST = 0x08
const ERROR = 0x01
/** Where the bus master's table and its data lie in guest memory. */
const TABLE = 0x1_0000
const DATA = 0x2_0000
/** Where the bus master ports are put. */
const BUS_MASTER = 0xc000

/** Registers of a command, most significant bytes of 48-bit ones in the high half of each number. */
export interface AtaCommand {
  readonly command: number
  readonly features?: number
  readonly count?: number
  readonly low?: number
  readonly mid?: number
  readonly high?: number
  /** Without the bit that selects the drive. */
  readonly device?: number
  /** Writes all registers twice, as 48-bit commands need. */
  readonly extended?: boolean
}

/** What a drive's registers say afterwards. */
export interface AtaResult {
  readonly status: number
  readonly error: number
  readonly count: number
  readonly low: number
  readonly mid: number
  readonly high: number
}

/** A region of memory in the bus master's table. */
export interface Region {
  readonly gpa: number
  readonly bytes: number
}

/** Address and count registers for 28-bit commands. */
export function lba28(lba: number, count: number): Pick<AtaCommand, 'count' | 'low' | 'mid' | 'high' | 'device'> {
  const device = 0x40 | ((lba >>> 24) & 0x0f)
  return { count: count & 0xff, low: lba & 0xff, mid: (lba >>> 8) & 0xff, high: (lba >>> 16) & 0xff, device }
}

/** Address and count registers for 48-bit commands. */
export function lba48(lba: number, count: number): Omit<AtaCommand, 'command'> {
  const byte = (n: number) => Math.floor(lba / 2 ** (8 * n)) % 256
  const pair = (low: number, high: number) => low | (high << 8)
  return {
    count: count & 0xffff,
    low: pair(byte(0), byte(3)),
    mid: pair(byte(1), byte(4)),
    high: pair(byte(2), byte(5)),
    device: 0x40,
    extended: true,
  }
}

/** Drives one channel's drive. */
export class AtaHost {
  readonly chips: ChipAccess
  readonly #base: number
  readonly #control: number
  readonly #busMaster: number
  readonly #select: number

  constructor(chips: ChipAccess, channel: 0 | 1, unit: 0 | 1) {
    this.chips = chips
    this.#base = channel === 0 ? 0x1f0 : 0x170
    this.#control = channel === 0 ? 0x3f6 : 0x376
    this.#busMaster = BUS_MASTER + 8 * channel
    this.#select = unit === 0 ? 0xa0 : 0xb0
  }

  /** Gives the bus master its ports and leave to access memory. */
  async openBusMaster(): Promise<void> {
    await this.#config(0x20, BUS_MASTER)
    await this.#config(0x04, 0x0005)
  }

  async softReset(): Promise<void> {
    await this.chips.out8(this.#control, 0x04)
    await this.chips.wait()
    await this.chips.out8(this.#control, 0x00)
    await this.idle()
  }

  /** Waits until the selected drive is not busy and returns its alternate status. */
  async idle(): Promise<number> {
    for (let i = 0; i < 100_000; i++) {
      const status = await this.chips.in8(this.#control)
      if (!(status & BUSY)) return status
      await this.chips.wait()
    }
    throw new Error('The drive stays busy')
  }

  async select(): Promise<void> {
    await this.chips.out8(this.#base + 6, this.#select)
  }

  /** Writes a command's registers and the command itself. */
  async issue(command: AtaCommand): Promise<void> {
    const { chips } = this
    await chips.out8(this.#base + 6, (command.device ?? 0) | this.#select)
    const values = [command.features, command.count, command.low, command.mid, command.high].map((value) => value ?? 0)
    if (command.extended)
      for (const [i, value] of values.entries()) await chips.out8(this.#base + 1 + i, (value >>> 8) & 0xff)
    for (const [i, value] of values.entries()) await chips.out8(this.#base + 1 + i, value & 0xff)
    await chips.out8(this.#base + 7, command.command)
  }

  /** The registers, when the drive is idle. */
  async result(): Promise<AtaResult> {
    await this.idle()
    const [error, count, low, mid, high] = await Promise.all(
      [1, 2, 3, 4, 5].map((register) => this.chips.in8(this.#base + register)),
    )
    const status = await this.chips.in8(this.#base + 7)
    return { status, error: error ?? 0, count: count ?? 0, low: low ?? 0, mid: mid ?? 0, high: high ?? 0 }
  }

  /** A command without data. */
  async command(command: AtaCommand): Promise<AtaResult> {
    await this.issue(command)
    return this.result()
  }

  /** A command that reads `bytes` by programmed I/O in blocks of `block`; ends early at an error. */
  async readPio(command: AtaCommand, bytes: number, block = 512): Promise<{ data: Uint8Array; result: AtaResult }> {
    await this.issue(command)
    const data = new Uint8Array(bytes)
    let done = 0
    while (done < bytes) {
      const status = await this.idle()
      if (status & ERROR || !(status & REQUEST)) break
      const length = Math.min(block, bytes - done)
      data.set(await this.chips.inWords(this.#base, length / 2), done)
      done += length
    }
    return { data: data.subarray(0, done), result: await this.result() }
  }

  /** A command that writes `data` by programmed I/O in blocks of `block`. */
  async writePio(command: AtaCommand, data: Uint8Array, block = 512): Promise<AtaResult> {
    await this.issue(command)
    for (let done = 0; done < data.length; done += block) {
      const status = await this.idle()
      if (status & ERROR || !(status & REQUEST)) break
      await this.chips.outWords(this.#base, data.subarray(done, done + block))
    }
    return this.result()
  }

  /** A DMA command over `regions` (or one region for everything). Returns the bus master's status and the drive's registers. */
  async dma(
    command: AtaCommand,
    toMemory: boolean,
    regions: readonly Region[],
  ): Promise<{ busMaster: number; result: AtaResult }> {
    const { chips } = this
    const table = new Uint8Array(8 * regions.length)
    const view = new DataView(table.buffer)
    for (const [i, { gpa, bytes }] of regions.entries()) {
      view.setUint32(8 * i, gpa, true)
      view.setUint32(8 * i + 4, (bytes & 0xffff) | (i === regions.length - 1 ? 0x8000_0000 : 0), true)
    }
    await chips.writeMemory(TABLE, table)
    await chips.out32(this.#busMaster + 4, TABLE)
    await chips.out8(this.#busMaster, toMemory ? 8 : 0)
    await chips.out8(this.#busMaster + 2, 0x66)
    await this.issue(command)
    await chips.out8(this.#busMaster, toMemory ? 9 : 1)
    return this.finishDma()
  }

  /** Waits for the end of a DMA command. */
  async finishDma(): Promise<{ busMaster: number; result: AtaResult }> {
    const { chips } = this
    let busMaster = 0
    for (let i = 0; i < 2000 && !(busMaster & 4); i++) {
      busMaster = await chips.in8(this.#busMaster + 2)
      await chips.wait()
    }
    const result = busMaster & 4 ? await this.result() : await this.#rawResult()
    busMaster = await chips.in8(this.#busMaster + 2)
    await chips.out8(this.#busMaster, 0)
    await chips.out8(this.#busMaster + 2, 0x66)
    return { busMaster: busMaster & 7, result }
  }

  /** Reads sectors by DMA into one region of memory. */
  async readDma(
    command: AtaCommand,
    bytes: number,
  ): Promise<{ data: Uint8Array; busMaster: number; result: AtaResult }> {
    const end = await this.dma(command, true, split(DATA, bytes))
    return { data: await this.chips.readMemory(DATA, bytes), ...end }
  }

  async writeDma(command: AtaCommand, data: Uint8Array): Promise<{ busMaster: number; result: AtaResult }> {
    await this.chips.writeMemory(DATA, data)
    return this.dma(command, false, split(DATA, data.length))
  }

  /** A packet command with an answer by programmed I/O. `limit` is the byte count limit; `chunks` are the sizes of the blocks. */
  async packet(packet: readonly number[], limit = 0xfffe): Promise<PacketResult> {
    await this.#sendPacket(packet, 0, limit)
    const parts: Uint8Array[] = []
    const chunks: number[] = []
    for (;;) {
      const status = await this.idle()
      if (!(status & REQUEST)) break
      const length = (await this.chips.in8(this.#base + 4)) | ((await this.chips.in8(this.#base + 5)) << 8)
      chunks.push(length)
      const words = await this.chips.inWords(this.#base, Math.ceil(length / 2))
      parts.push(words.subarray(0, length))
    }
    return { data: concat(parts), chunks, result: await this.result() }
  }

  /** The same by DMA. */
  async packetDma(packet: readonly number[], bytes: number): Promise<PacketResult & { busMaster: number }> {
    const { chips } = this
    const table = new Uint8Array(8)
    new DataView(table.buffer).setUint32(0, DATA, true)
    new DataView(table.buffer).setUint32(4, 0x8000_0000 | (bytes & 0xffff), true)
    await chips.writeMemory(TABLE, table)
    await chips.out32(this.#busMaster + 4, TABLE)
    await chips.out8(this.#busMaster, 8)
    await chips.out8(this.#busMaster + 2, 0x66)
    await this.#sendPacket(packet, 1, 0)
    await chips.out8(this.#busMaster, 9)
    const end = await this.finishDma()
    return { data: await chips.readMemory(DATA, bytes), chunks: [], ...end }
  }

  /** Sense key, code and qualifier of the last packet command. */
  async sense(): Promise<number[]> {
    const { data } = await this.packet([0x03, 0, 0, 0, 18])
    return [(data[2] ?? 0) & 0x0f, data[12] ?? 0, data[13] ?? 0]
  }

  async #sendPacket(packet: readonly number[], features: number, limit: number): Promise<void> {
    await this.issue({ command: 0xa0, features, mid: limit & 0xff, high: limit >>> 8 })
    const status = await this.idle()
    if (!(status & REQUEST)) throw new Error(`The drive takes no packet (status ${status.toString(16)})`)
    const bytes = new Uint8Array(12)
    bytes.set(packet)
    await this.chips.outWords(this.#base, bytes)
  }

  async #rawResult(): Promise<AtaResult> {
    const status = await this.chips.in8(this.#control)
    return { status, error: 0, count: 0, low: 0, mid: 0, high: 0 }
  }

  async #config(offset: number, value: number): Promise<void> {
    await this.chips.out32(0xcf8, 0x8000_0900 | offset)
    await this.chips.out32(0xcfc, value)
  }
}

/** How a packet command ended. */
export interface PacketResult {
  readonly data: Uint8Array
  readonly chunks: readonly number[]
  readonly result: AtaResult
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Regions of at most 64 KiB that cross no boundary of 64 KiB. */
function split(gpa: number, bytes: number): Region[] {
  const regions: Region[] = []
  for (let done = 0; done < bytes; ) {
    const length = Math.min(bytes - done, 0x1_0000 - ((gpa + done) & 0xffff))
    regions.push({ gpa: gpa + done, bytes: length })
    done += length
  }
  return regions
}
