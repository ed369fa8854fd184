/**
 * The adapter's window at A0000h to BFFFFh: through the graphics controller byte by byte, or, where memory is plain bytes (chain 4
 * without anything in the way, and the banks of the VBE modes), mapped so that the processor reaches it directly.
 *
 * Source: IBM VGA technical reference, "Graphics controller" 06h; "VBE Display API", banked mode.
 */
import type { AddressMap, MmioHandler } from '../../../memory/address-map.ts'
import { VRAM_BASE } from '../../../memory/layout.ts'
import type { PlanarMemory } from './planar-memory.ts'
import type { VgaRegisters } from './registers.ts'
import type { VbeRegisters } from './vbe.ts'

const LEGACY_START = 0xa_0000
const LEGACY_BYTES = 0x2_0000
const BANK_BYTES = 0x1_0000
/** Memory map select: first byte and size of the window, from A0000h. */
const MAPS = [
  { start: 0, bytes: 0x2_0000 },
  { start: 0, bytes: 0x1_0000 },
  { start: 0x1_0000, bytes: 0x8000 },
  { start: 0x1_8000, bytes: 0x8000 },
]
const CLOSED = { start: 0, bytes: 0 }

/** Owner of the window in the address map. */
export class LegacyWindow {
  readonly #map: AddressMap
  readonly #planar: PlanarMemory
  readonly #registers: VgaRegisters
  readonly #vbe: VbeRegisters
  readonly #vram: Uint8Array
  /** The window that is open, and whether it holds a linear picture whose banks for reading and writing differ. */
  #window = CLOSED
  #banked = false
  /** Offset in video memory of what is mapped at A0000h for direct access, or -1. */
  #direct = -1
  #closeDirect: (() => void) | undefined
  readonly #close: () => void

  constructor(map: AddressMap, planar: PlanarMemory, registers: VgaRegisters, vbe: VbeRegisters) {
    this.#map = map
    this.#planar = planar
    this.#registers = registers
    this.#vbe = vbe
    this.#vram = map.memory.vram
    this.#close = map.addWindow(LEGACY_START, LEGACY_BYTES, { mmio: this.#handler })
  }

  dispose(): void {
    this.#mapDirect(-1)
    this.#close()
  }

  /** Takes over what the registers say. Cheap where nothing changes: drawing programs write these registers for every pixel. */
  update(): void {
    const { graphics, miscOutput, enable } = this.#registers
    this.#planar.configure(this.#registers)
    const open = (miscOutput & 0x02) !== 0 && enable !== 0
    const mode = this.#vbe.mode
    const linear = mode !== undefined && mode.bitsPerPixel !== 4
    this.#planar.base = mode?.bitsPerPixel === 4 ? this.#vbe.writeBase : 0
    this.#banked = linear
    if (!open) this.#window = CLOSED
    else if (linear) this.#window = MAPS[1]
    else this.#window = MAPS[(graphics[6] >>> 2) & 3]
    this.#mapDirect(open ? this.#directOffset(linear) : -1)
  }

  #directOffset(linear: boolean): number {
    if (linear) return this.#vbe.writeBase === this.#vbe.readBase ? this.#vbe.writeBase : -1
    return this.#window === MAPS[1] && this.#planar.isLinear ? this.#planar.base * 4 : -1
  }

  #mapDirect(offset: number): void {
    if (offset === this.#direct) return
    this.#direct = offset
    const before = this.#closeDirect
    this.#closeDirect =
      offset < 0
        ? undefined
        : this.#map.addWindow(LEGACY_START, BANK_BYTES, { host: VRAM_BASE + offset, writable: true })
    before?.()
  }

  readonly #handler: MmioHandler = {
    read: (gpa, size) => {
      const offset = gpa - LEGACY_START - this.#window.start
      let value = 0
      for (let i = 0; i < size; i++) value |= this.#read(offset + i) << (8 * i)
      return value
    },
    write: (gpa, size, value) => {
      const offset = gpa - LEGACY_START - this.#window.start
      for (let i = 0; i < size; i++) this.#write(offset + i, (value >>> (8 * i)) & 0xff)
    },
  }

  #read(offset: number): number {
    if (offset < 0 || offset >= this.#window.bytes) return 0xff
    return this.#banked ? this.#vram[this.#vbe.readBase + offset] : this.#planar.read(offset)
  }

  #write(offset: number, value: number): void {
    if (offset < 0 || offset >= this.#window.bytes) return
    if (this.#banked) {
      this.#map.memory.writes.touch(VRAM_BASE + this.#vbe.writeBase + offset)
      this.#vram[this.#vbe.writeBase + offset] = value
    } else this.#planar.write(offset, value)
  }
}
