/**
 * The display interface of Bochs ("VBE DISPI"), which boot firmware and drivers use for everything above the standard modes:
 * eleven 16-bit registers behind an index port (1CEh) and a data port (1CFh, 1D0h), or flat in PCI memory.
 *
 * Source: "VBE Display API" of the Bochs documentation, interface version B0C5h; QEMU "Standard VGA" specification.
 */

/** Largest picture, as the capabilities registers say. */
export const VBE_MAX_WIDTH = 2560
const VBE_MAX_HEIGHT = 1600
const VBE_MAX_BPP = 32

const ID = 0
const XRES = 1
const YRES = 2
const BPP = 3
const ENABLE = 4
const BANK = 5
const VIRT_WIDTH = 6
const VIRT_HEIGHT = 7
const X_OFFSET = 8
const Y_OFFSET = 9
const VIDEO_MEMORY_64K = 10
const REGISTERS = 10

const ENABLED = 0x01
const GET_CAPABILITIES = 0x02
const BANK_GRANULARITY_32K = 0x10
const DAC_8_BIT = 0x20
const NO_CLEAR_MEMORY = 0x80
const BANK_FOR_WRITING = 0x4000
const BANK_FOR_READING = 0x8000

const WINDOW_BYTES = 0x1_0000

/** A linear or (at 4 bits per pixel) planar picture in video memory. */
export type VbeMode = {
  readonly width: number
  readonly height: number
  readonly bitsPerPixel: 4 | 8 | 15 | 16 | 24 | 32
  /** From one line to the next: bytes, or plane addresses at 4 bits per pixel. */
  readonly pitch: number
  /** First pixel shown, within the virtual screen. */
  readonly x: number
  readonly y: number
}

/** What the interface tells its owner. */
export type VbeListener = {
  /** Mode, banks or offsets changed. */
  vbeChanged(): void
  /** A mode was enabled without asking to keep the contents of video memory. */
  clearMemory(bytes: number): void
  dacWidthChanged(eightBit: boolean): void
}

/** The display interface registers. */
export class VbeRegisters {
  readonly #values = new Uint16Array(REGISTERS)
  #index = 0
  #writeBank = 0
  #readBank = 0
  #mode: VbeMode | undefined
  readonly #vramBytes: number
  readonly #listener: VbeListener

  constructor(vramBytes: number, listener: VbeListener) {
    this.#vramBytes = vramBytes
    this.#listener = listener
    this.#values[ID] = 0xb0c5
  }

  reset(): void {
    this.#values.fill(0)
    this.#values[ID] = 0xb0c5
    this.#index = 0
    this.#writeBank = 0
    this.#readBank = 0
    this.#update()
    this.#listener.dacWidthChanged(false)
  }

  /** The present picture, or undefined while the VGA's own modes are shown. */
  get mode(): VbeMode | undefined {
    return this.#mode
  }

  /** First byte of video memory in the write and the read window at A0000h (plane addresses at 4 bits per pixel). */
  get writeBase(): number {
    return this.#windowBase(this.#writeBank)
  }

  get readBase(): number {
    return this.#windowBase(this.#readBank)
  }

  get index(): number {
    return this.#index
  }

  set index(value: number) {
    this.#index = value & 0xffff
  }

  read(index: number): number {
    if (index === VIDEO_MEMORY_64K) return this.#vramBytes >>> 16
    if (index >= REGISTERS) return 0
    if (this.#values[ENABLE] & GET_CAPABILITIES) {
      if (index === XRES) return VBE_MAX_WIDTH
      if (index === YRES) return VBE_MAX_HEIGHT
      if (index === BPP) return VBE_MAX_BPP
      if (index === BANK) return BANK_GRANULARITY_32K << 8
    }
    if (index === BANK) return this.#writeBank
    if (index === VIRT_HEIGHT && !this.#mode) return this.#values[YRES]
    return this.#values[index]
  }

  write(index: number, value: number): void {
    if (index === ID) {
      if (value >= 0xb0c0 && value <= 0xb0c5) this.#values[ID] = value
    } else if (index === ENABLE) this.#writeEnable(value)
    else if (index === BANK) this.#writeBanks(value)
    else if (index < REGISTERS && index !== VIRT_HEIGHT) {
      this.#values[index] = index === BPP && value === 0 ? 8 : value
      this.#update()
    }
  }

  save(): Uint16Array {
    return Uint16Array.of(...this.#values, this.#index, this.#writeBank, this.#readBank)
  }

  restore(state: Uint16Array): void {
    this.#values.set(state.subarray(0, REGISTERS))
    this.#index = state[REGISTERS]
    this.#writeBank = state[REGISTERS + 1]
    this.#readBank = state[REGISTERS + 2]
    this.#update()
  }

  #writeEnable(value: number): void {
    const before = this.#values[ENABLE]
    this.#values[ENABLE] = value
    if ((before ^ value) & BANK_GRANULARITY_32K || !(value & ENABLED)) {
      this.#writeBank = 0
      this.#readBank = 0
    }
    const starts = (value & ENABLED) !== 0 && !(before & ENABLED)
    if (starts) {
      this.#values[VIRT_WIDTH] = 0
      this.#values[X_OFFSET] = 0
      this.#values[Y_OFFSET] = 0
    }
    this.#update()
    if (starts && !(value & NO_CLEAR_MEMORY) && this.#mode) {
      const { pitch, height, bitsPerPixel } = this.#mode
      this.#listener.clearMemory(Math.min(pitch * height * (bitsPerPixel === 4 ? 4 : 1), this.#vramBytes))
    }
    this.#listener.dacWidthChanged((value & DAC_8_BIT) !== 0)
  }

  #writeBanks(value: number): void {
    const bank = value & 0x1ff
    const which = value & (BANK_FOR_READING | BANK_FOR_WRITING)
    if (which !== BANK_FOR_READING) this.#writeBank = bank
    if (which !== BANK_FOR_WRITING) this.#readBank = bank
    this.#listener.vbeChanged()
  }

  #windowBase(bank: number): number {
    const planar = this.#mode?.bitsPerPixel === 4
    const granule = this.#values[ENABLE] & BANK_GRANULARITY_32K ? 0x8000 : 0x1_0000
    const end = this.#vramBytes / (planar ? 4 : 1) - WINDOW_BYTES
    return Math.min(bank * granule, end)
  }

  /** Makes a mode of the registers, and puts into them what video memory allows. */
  #update(): void {
    const values = this.#values
    this.#mode = undefined
    if (values[ENABLE] & ENABLED) {
      const bitsPerPixel = depthOf(values[BPP])
      const storedBits = bitsPerPixel === 15 ? 16 : bitsPerPixel
      const vramPixels = Math.floor((this.#vramBytes * 8) / storedBits)
      const width = clamp(values[XRES] & ~7, 8, VBE_MAX_WIDTH)
      const height = clamp(values[YRES], 1, Math.min(VBE_MAX_HEIGHT, Math.floor(vramPixels / width)))
      const widest = Math.min(Math.floor(vramPixels / height), 0xffff) & ~7
      const virtualWidth = clamp(values[VIRT_WIDTH] & ~7, width, widest)
      const virtualHeight = Math.min(Math.floor(vramPixels / virtualWidth), 0xffff)
      const pitch = (virtualWidth * storedBits) / (bitsPerPixel === 4 ? 32 : 8)
      // The offsets make a start address, so that a line may begin in one row of the virtual screen and end in the next.
      const y = Math.min(values[Y_OFFSET], virtualHeight - height)
      const x = Math.min(values[X_OFFSET], vramPixels - (y + height - 1) * virtualWidth - width)
      values.set([width, height, bitsPerPixel], XRES)
      values.set([virtualWidth, virtualHeight, x, y], VIRT_WIDTH)
      this.#mode = { width, height, bitsPerPixel, pitch, x, y }
    }
    this.#listener.vbeChanged()
  }
}

function depthOf(value: number): VbeMode['bitsPerPixel'] {
  return value === 4 || value === 15 || value === 16 || value === 24 || value === 32 ? value : 8
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high))
}
