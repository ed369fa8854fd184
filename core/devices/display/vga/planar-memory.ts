/**
 * The way between processor and video memory: four planes behind the graphics controller's latches, write and read modes, and
 * the addressing of the sequencer (planar, odd/even, chain 4).
 *
 * Plane p of address a is byte a * 4 + p of video memory, so that one 32-bit word holds an address on all four planes, and
 * chain 4 (where the two low address bits choose the plane) is plain memory.
 *
 * Source: IBM VGA technical reference, "Graphics controller registers" 00h to 08h, "Sequencer registers" 02h and 04h.
 */
import { VRAM_BASE } from '../../../memory/layout.ts'
import type { WriteTracker } from '../../../memory/write-tracker.ts'
import type { VgaRegisters } from './registers.ts'

/** For each 4-bit plane mask, the bytes of those planes. */
const PLANE_BYTES = Uint32Array.from({ length: 16 }, (_, planes) => {
  let bytes = 0
  for (let plane = 0; plane < 4; plane++) if (planes & (1 << plane)) bytes |= 0xff << (plane * 8)
  return bytes
})
const EVEN_PLANES = 0x00ff_00ff
const ODD_PLANES = 0xff00_ff00 | 0
const ALL_BYTES = 0x0101_0101

/** Hot path: every access of a guest to planar video memory comes through here, byte by byte. */
export class PlanarMemory {
  /** What the last read loaded from the four planes. */
  latch = 0
  /** Plane address of the window's first byte (Bochs VBE banks at 4 bits per pixel). */
  base = 0
  readonly #words: Uint32Array
  readonly #writes: WriteTracker
  #writeMode = 0
  #rotate = 0
  #operation = 0
  #mapMask = 0
  #setReset = 0
  #enableSetReset = 0
  #bitMask = 0
  /** Write mode 0 with nothing to combine: the byte goes to the planes as it is. */
  #plain = false
  #chain4 = false
  #oddEvenWrite = false
  #oddEvenRead = false
  /** Odd/even addressing keeps address bit 0 out of the plane address. */
  #chainOddEven = false
  #compareMode = false
  #readPlane = 0
  #compareValue = 0
  #compareCare = 0

  /** `words` is video memory, one element per plane address. */
  constructor(words: Uint32Array, writes: WriteTracker) {
    this.#words = words
    this.#writes = writes
  }

  /** Takes over what the registers say. */
  configure(registers: VgaRegisters): void {
    const { graphics, sequencer } = registers
    this.#writeMode = graphics[5] & 3
    this.#rotate = graphics[3] & 7
    this.#operation = (graphics[3] >>> 3) & 3
    this.#mapMask = PLANE_BYTES[sequencer[2] & 15]
    this.#setReset = PLANE_BYTES[graphics[0] & 15]
    this.#enableSetReset = PLANE_BYTES[graphics[1] & 15]
    this.#bitMask = Math.imul(graphics[8], ALL_BYTES)
    this.#plain =
      this.#writeMode === 0 && !this.#rotate && !this.#operation && !this.#enableSetReset && graphics[8] === 0xff
    this.#chain4 = (sequencer[4] & 0x08) !== 0
    this.#oddEvenWrite = (sequencer[4] & 0x04) === 0
    this.#oddEvenRead = (graphics[5] & 0x10) !== 0
    this.#chainOddEven = (graphics[6] & 0x02) !== 0
    this.#compareMode = (graphics[5] & 0x08) !== 0
    this.#readPlane = graphics[4] & 3
    this.#compareValue = PLANE_BYTES[graphics[2] & 15]
    this.#compareCare = PLANE_BYTES[graphics[7] & 15]
  }

  /** Whether chain 4 is on and memory behaves as plain bytes, so that the processor may reach it without this class. */
  get isLinear(): boolean {
    return this.#chain4 && this.#plain && this.#mapMask === PLANE_BYTES[15] && !this.#compareMode
  }

  /** Reads the byte at `offset` from the window's beginning. */
  read(offset: number): number {
    const word = this.#words[this.#wordIndex(offset)]
    this.latch = word
    if (this.#compareMode) {
      let differs = (word ^ this.#compareValue) & this.#compareCare
      differs |= differs >>> 16
      return ~(differs | (differs >>> 8)) & 0xff
    }
    if (this.#chain4) return (word >>> ((offset & 3) * 8)) & 0xff
    const plane = this.#oddEvenRead ? (this.#readPlane & 2) | (offset & 1) : this.#readPlane
    return (word >>> (plane * 8)) & 0xff
  }

  /** Writes a byte at `offset` from the window's beginning. */
  write(offset: number, value: number): void {
    const index = this.#wordIndex(offset)
    let planes = this.#mapMask
    if (this.#chain4) planes &= 0xff << ((offset & 3) * 8)
    else if (this.#oddEvenWrite) planes &= offset & 1 ? ODD_PLANES : EVEN_PLANES
    const data = this.#plain ? Math.imul(value, ALL_BYTES) : this.#combine(value)
    this.#writes.touch(VRAM_BASE + index * 4)
    this.#words[index] = (this.#words[index] & ~planes) | (data & planes)
  }

  #wordIndex(offset: number): number {
    if (this.#chain4) return this.base + (offset >>> 2)
    if (this.#chainOddEven) return this.base + ((offset & 0xfffe) | (offset >>> 16))
    return this.base + (offset & 0xffff)
  }

  /** What the graphics controller makes of a byte from the processor and the latches, on all four planes. */
  #combine(value: number): number {
    if (this.#writeMode === 1) return this.latch
    let data: number
    let mask = this.#bitMask
    if (this.#writeMode === 2) data = PLANE_BYTES[value & 15]
    else {
      const rotated = Math.imul(((value >>> this.#rotate) | (value << (8 - this.#rotate))) & 0xff, ALL_BYTES)
      if (this.#writeMode === 3) {
        data = this.#setReset
        mask &= rotated
      } else data = (rotated & ~this.#enableSetReset) | (this.#setReset & this.#enableSetReset)
    }
    if (this.#operation === 1) data &= this.latch
    else if (this.#operation === 2) data |= this.latch
    else if (this.#operation === 3) data ^= this.latch
    return (data & mask) | (this.latch & ~mask)
  }
}
