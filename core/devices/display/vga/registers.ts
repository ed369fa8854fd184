/**
 * The VGA's register files and their ports: miscellaneous output, sequencer, CRT controller, graphics controller and attribute
 * controller. It decodes ports and keeps values; what they mean for memory, picture and time is read from here by others.
 *
 * Source: IBM VGA technical reference, "Video subsystem, registers".
 */

/** Bits that exist in each register; the others read as zero. */
const SEQUENCER_MASKS = Uint8Array.of(0x03, 0x3d, 0x0f, 0x3f, 0x0e)
const GRAPHICS_MASKS = Uint8Array.of(0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff)
const ATTRIBUTE_MASKS = Uint8Array.of(...new Array(16).fill(0x3f), 0xef, 0xff, 0x3f, 0x0f, 0x0f)
const CRTC_MASKS = Uint8Array.of(
  ...[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  ...[0x7f, 0xff, 0x3f, 0x7f, 0xff, 0xff, 0xff, 0xff],
  ...[0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xef, 0xff],
)

/** Index of the palette address source bit in the attribute controller's index register. */
const PALETTE_ADDRESS_SOURCE = 0x20

/** What changed: how memory is accessed, what the picture shows, or only how long it takes. */
export type RegisterListener = {
  /** Registers that decide how the processor reaches video memory. */
  memoryChanged(): void
  /** The start address (CRT controller 0Ch and 0Dh). */
  startChanged(start: number): void
  /** Registers that decide whether there is a picture at all. */
  blankChanged(blank: boolean): void
  /** CRT controller 11h bit 4 went to 0: the vertical interrupt latch is cleared. */
  interruptCleared(): void
}

/** All register files. Indexed ports are those of one VGA: 3C0h to 3CFh, and 3B4h.. or 3D4h.. as the I/O address bit says. */
export class VgaRegisters {
  readonly sequencer = new Uint8Array(8)
  readonly crtc = new Uint8Array(64)
  readonly graphics = new Uint8Array(16)
  readonly attribute = new Uint8Array(32)
  /** Index registers of sequencer, CRT, graphics and attribute controller. */
  readonly indices = new Uint8Array(4)
  miscOutput = 0
  featureControl = 0
  /** Port 3C3h: without bit 0 the adapter answers nowhere else. */
  enable = 1
  /** Rises with every change that the picture may show. */
  generation = 0
  /** The attribute port takes data next, not an index. */
  flipFlop = false
  readonly #listener: RegisterListener

  constructor(listener: RegisterListener) {
    this.#listener = listener
  }

  reset(): void {
    for (const file of [this.sequencer, this.crtc, this.graphics, this.attribute, this.indices]) file.fill(0)
    this.miscOutput = 0
    this.featureControl = 0
    this.enable = 1
    this.flipFlop = false
    this.changed()
  }

  /** Tells everybody that everything may have changed: after reset and restore. */
  changed(): void {
    this.generation++
    this.#listener.memoryChanged()
    this.#listener.blankChanged(this.screenOff)
  }

  /** First of the CRT controller's two ports: 3B4h in monochrome, 3D4h in colour. */
  get crtcPort(): number {
    return this.miscOutput & 0x01 ? 0x3d4 : 0x3b4
  }

  /** The attribute controller shows the border, the sequencer is held in reset or turned the screen off, or nothing is scanned. */
  get screenOff(): boolean {
    const held = (this.sequencer[0] & 0x03) !== 0x03 || (this.sequencer[1] & 0x20) !== 0
    return held || this.paletteClosed || (this.crtc[0x17] & 0x80) === 0
  }

  /** The palette belongs to the processor, not to the picture. */
  get paletteClosed(): boolean {
    return (this.indices[3] & PALETTE_ADDRESS_SOURCE) === 0
  }

  readSequencer(data: boolean): number {
    return data ? this.sequencer[this.indices[0]] : this.indices[0]
  }

  writeSequencer(data: boolean, value: number): void {
    if (!data) {
      this.indices[0] = value & 0x07
      return
    }
    const index = this.indices[0]
    const masked = value & (SEQUENCER_MASKS[index] ?? 0)
    if (this.sequencer[index] === masked) return
    this.sequencer[index] = masked
    if (index === 2 || index === 4) this.#listener.memoryChanged()
    if (index === 0 || index === 1) this.#listener.blankChanged(this.screenOff)
    if (index !== 2) this.generation++
  }

  readGraphics(data: boolean): number {
    return data ? this.graphics[this.indices[2]] : this.indices[2]
  }

  writeGraphics(data: boolean, value: number): void {
    if (!data) {
      this.indices[2] = value & 0x0f
      return
    }
    const index = this.indices[2]
    const masked = value & (GRAPHICS_MASKS[index] ?? 0)
    if (this.graphics[index] === masked) return
    this.graphics[index] = masked
    this.#listener.memoryChanged()
    if (index === 5 || index === 6) this.generation++
  }

  readCrtc(data: boolean, latch: number): number {
    if (!data) return this.indices[1]
    const index = this.indices[1]
    // Two read-only registers that every VGA has and none documents: the latch of the selected plane, and the flip-flop.
    if (index === 0x22) return (latch >>> ((this.graphics[4] & 3) * 8)) & 0xff
    if (index === 0x24) return this.flipFlop ? 0x80 : 0
    return this.crtc[index]
  }

  writeCrtc(data: boolean, value: number): void {
    if (!data) {
      this.indices[1] = value & 0x3f
      return
    }
    const index = this.indices[1]
    let masked = value & (CRTC_MASKS[index] ?? 0)
    if (index <= 7 && this.crtc[0x11] & 0x80) {
      if (index !== 7) return // write protected, except for the line compare bit
      masked = (this.crtc[7] & ~0x10) | (masked & 0x10)
    }
    if (index === 0x11 && !(value & 0x10)) this.#listener.interruptCleared()
    if (this.crtc[index] === masked) return
    this.crtc[index] = masked
    this.generation++
    if (index === 0x0c || index === 0x0d) this.#listener.startChanged((this.crtc[0x0c] << 8) | this.crtc[0x0d])
    if (index === 0x17) this.#listener.blankChanged(this.screenOff)
  }

  /** Port 3C0h (`data` false) reads the index, 3C1h the register. */
  readAttribute(data: boolean): number {
    return data ? this.attribute[this.indices[3] & 0x1f] : this.indices[3]
  }

  /** Port 3C0h takes index and data in turn. */
  writeAttribute(value: number): void {
    const data = this.flipFlop
    this.flipFlop = !data
    if (!data) {
      if (this.indices[3] === (value & 0x3f)) return
      this.indices[3] = value & 0x3f
      this.generation++
      this.#listener.blankChanged(this.screenOff)
      return
    }
    const index = this.indices[3] & 0x1f
    if (index < 16 && !this.paletteClosed) return // the palette is the picture's while the picture is shown
    const masked = value & (ATTRIBUTE_MASKS[index] ?? 0)
    if (this.attribute[index] === masked) return
    this.attribute[index] = masked
    this.generation++
  }

  writeMiscOutput(value: number): void {
    const changed = value ^ this.miscOutput
    this.miscOutput = value
    if (changed & 0x02) this.#listener.memoryChanged()
    if (changed) this.generation++
  }

  writeEnable(value: number): void {
    this.enable = value & 1
    this.#listener.memoryChanged()
  }
}
