/**
 * The colour look-up table of the VGA (the INMOS IMSG171 RAMDAC and its descendants): 256 entries of three 6-bit values, or
 * 8-bit ones after the Bochs VBE flag, written and read one component at a time through ports 3C6h to 3C9h.
 *
 * Source: IBM VGA technical reference, "Video digital-to-analog converter"; IMSG171 data sheet.
 */

const MASK = 0x3c6
const READ_ADDRESS = 0x3c7
const WRITE_ADDRESS = 0x3c8

/** What a DAC remembers, for saved state. */
export type DacState = {
  readonly entries: Uint8Array
  readonly registers: Uint8Array
}

/** The colour table and its port interface. */
export class Dac {
  /** Rises whenever a colour on the screen may look different. */
  generation = 0
  readonly #entries = new Uint8Array(768)
  #mask = 0xff
  /** One address register serves both directions: selecting an entry to read fetches it and moves on. */
  #address = 0
  #reading = false
  /** Which of red, green and blue comes next. */
  #component = 0
  readonly #latch = new Uint8Array(3)
  #eightBit = false

  reset(): void {
    this.#entries.fill(0)
    this.#mask = 0xff
    this.#address = 0
    this.#reading = false
    this.#component = 0
    this.#latch.fill(0)
    this.#eightBit = false
    this.generation++
  }

  /** Ports 3C6h to 3C9h. */
  read(port: number): number {
    if (port === MASK) return this.#mask
    if (port === READ_ADDRESS) return this.#reading ? 3 : 0
    if (port === WRITE_ADDRESS) return this.#address
    return this.#readData()
  }

  write(port: number, value: number): void {
    if (port === MASK) {
      if (value !== this.#mask) this.generation++
      this.#mask = value
    } else if (port === READ_ADDRESS) {
      this.#reading = true
      this.#component = 0
      this.#fetch(value)
    } else if (port === WRITE_ADDRESS) {
      this.#reading = false
      this.#component = 0
      this.#address = value
    } else this.#writeData(value)
  }

  /** Whether components have 8 bits. Switching keeps the colours on the screen. */
  set eightBit(wide: boolean) {
    if (wide === this.#eightBit) return
    this.#eightBit = wide
    const { length } = this.#entries
    for (let i = 0; i < length; i++) this.#entries[i] = wide ? this.#entries[i] << 2 : this.#entries[i] >>> 2
    this.generation++
  }

  get eightBit(): boolean {
    return this.#eightBit
  }

  /** The output of the monitor comparator (input status 0 bit 4), which programs use to sense the monitor: high while entry 0 is dark. */
  get sense(): boolean {
    const sum = this.#entries[0] + this.#entries[1] + this.#entries[2]
    return (this.#eightBit ? sum >> 2 : sum) < 0x4e
  }

  /** Fills `colours` (256 of them) with what the pixel values 0 to 255 look like, after the pixel mask, as opaque RGBA. */
  resolve(colours: Uint32Array): void {
    for (let pixel = 0; pixel < 256; pixel++) colours[pixel] = this.#colour(pixel & this.#mask)
  }

  save(): DacState {
    const [red, green, blue] = this.#latch
    const flags = (this.#reading ? 1 : 0) | (this.#eightBit ? 2 : 0)
    return {
      entries: this.#entries.slice(),
      registers: Uint8Array.of(this.#mask, this.#address, this.#component, flags, red, green, blue),
    }
  }

  restore(state: DacState): void {
    this.#entries.set(state.entries)
    const [mask, address, component, flags] = state.registers
    this.#mask = mask
    this.#address = address
    this.#component = component % 3
    this.#reading = (flags & 1) !== 0
    this.#eightBit = (flags & 2) !== 0
    this.#latch.set(state.registers.subarray(4, 7))
    this.generation++
  }

  #colour(entry: number): number {
    const at = entry * 3
    let red = this.#entries[at]
    let green = this.#entries[at + 1]
    let blue = this.#entries[at + 2]
    if (!this.#eightBit) {
      red = (red << 2) | (red >>> 4)
      green = (green << 2) | (green >>> 4)
      blue = (blue << 2) | (blue >>> 4)
    }
    return (0xff00_0000 | (blue << 16) | (green << 8) | red) >>> 0
  }

  #fetch(entry: number): void {
    this.#latch.set(this.#entries.subarray(entry * 3, entry * 3 + 3))
    this.#address = (entry + 1) & 0xff
  }

  #readData(): number {
    const value = this.#latch[this.#component]
    if (++this.#component === 3) {
      this.#component = 0
      this.#fetch(this.#address)
    }
    return value
  }

  #writeData(value: number): void {
    this.#latch[this.#component] = this.#eightBit ? value : value & 0x3f
    if (++this.#component < 3) return
    this.#component = 0
    this.#entries.set(this.#latch, this.#address * 3)
    this.#address = (this.#address + 1) & 0xff
    this.generation++
  }
}
