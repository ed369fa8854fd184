/** The host's side of a floppy controller (82077AA data sheet, 5), as a BIOS would do it, on any machine's ports. */
import type { ChipAccess } from './qemu-chips.ts'

const DOR = 0x3f2
const MSR = 0x3f4
const FIFO = 0x3f5
const CCR = 0x3f7
/** Where DMA channel 2 moves data to and from. */
const FLOPPY_BUFFER = 0x2_0000

/** Gives commands and takes results. */
export class FloppyHost {
  readonly chips: ChipAccess

  constructor(chips: ChipAccess) {
    this.chips = chips
  }

  /** Resets the controller and takes the four statuses that it then has. */
  async reset(): Promise<number[][]> {
    // The first DMA controller reaches the bus through channel 4 of the second: cascade mode, unmasked.
    await this.chips.out8(0xd6, 0xc0)
    await this.chips.out8(0xd4, 0x00)
    await this.chips.out8(DOR, 0x00)
    await this.chips.out8(DOR, 0x1c)
    await this.ready()
    const statuses: number[][] = []
    for (let i = 0; i < 4; i++) statuses.push(await this.command(0x08))
    // Step rate 8 ms, head load 4 ms, DMA; 500 kbps.
    await this.command(0x03, 0x8f, 0x02)
    await this.chips.out8(CCR, 0)
    return statuses
  }

  async rate(code: number): Promise<void> {
    await this.chips.out8(CCR, code)
  }

  async motor(value: number): Promise<void> {
    await this.chips.out8(DOR, value)
  }

  /** Waits until the controller takes or gives a byte; returns the main status. */
  async ready(): Promise<number> {
    for (let i = 0; i < 20_000; i++) {
      const status = await this.chips.in8(MSR)
      if (status & 0x80) return status
      await this.chips.wait()
    }
    throw new Error('The controller takes no byte and gives none')
  }

  /** Writes a command and reads its result, if it has one. */
  async command(...bytes: readonly number[]): Promise<number[]> {
    for (const byte of bytes) {
      const status = await this.ready()
      if (status & 0x40) throw new Error(`The controller gives bytes instead of taking them (${status.toString(16)})`)
      await this.chips.out8(FIFO, byte)
    }
    return this.result()
  }

  async result(): Promise<number[]> {
    const result: number[] = []
    while (((await this.ready()) & 0x50) === 0x50) result.push(await this.chips.in8(FIFO))
    return result
  }

  /** RECALIBRATE or SEEK, and the status that SENSE INTERRUPT then gives. */
  async seek(...bytes: readonly number[]): Promise<number[]> {
    await this.command(...bytes)
    for (let i = 0; i < 20_000; i++) {
      await this.chips.wait()
      const status = await this.command(0x08)
      if (status.length === 2) return status
    }
    throw new Error('The seek does not end')
  }

  /** Programs DMA channel 2 for `bytes`; `toMemory` is reading from the disk. */
  async dma(bytes: number, toMemory: boolean): Promise<void> {
    const { chips } = this
    await chips.out8(0x0a, 0x06)
    await chips.out8(0x0c, 0)
    await chips.out8(0x0b, toMemory ? 0x46 : 0x4a)
    await chips.out8(0x04, FLOPPY_BUFFER & 0xff)
    await chips.out8(0x04, (FLOPPY_BUFFER >>> 8) & 0xff)
    await chips.out8(0x81, FLOPPY_BUFFER >>> 16)
    await chips.out8(0x05, (bytes - 1) & 0xff)
    await chips.out8(0x05, (bytes - 1) >>> 8)
    await chips.out8(0x0a, 0x02)
  }

  async read(bytes: number, ...command: readonly number[]): Promise<{ data: Uint8Array; result: number[] }> {
    await this.chips.writeMemory(FLOPPY_BUFFER, new Uint8Array(bytes).fill(0xee))
    await this.dma(bytes, true)
    const result = await this.command(...command)
    return { data: await this.chips.readMemory(FLOPPY_BUFFER, bytes), result }
  }

  async write(data: Uint8Array, ...command: readonly number[]): Promise<number[]> {
    await this.chips.writeMemory(FLOPPY_BUFFER, data)
    await this.dma(data.length, false)
    return this.command(...command)
  }
}
