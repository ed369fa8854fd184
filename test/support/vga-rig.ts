/** A VGA without a processor or a BIOS, driven by port and memory accesses as a program would. */
import type { Frame } from '../../core/devices/display/vga/screen.ts'
import { type Vga, vga } from '../../core/devices/display/vga/vga.ts'
import { font8x16 } from '../../core/firmware/fonts/font-8x16.ts'
import { createFakeContext, type FakeContext } from './fake-context.ts'
import { egaColour, type ModeRegisters } from './vga-modes.ts'

const FRAME_NS = 1e9 / 60

/** The picture as the host gets it: one number a pixel, as 0xRRGGBB. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly pixels: Uint32Array
}

/** An adapter with everything a test touches. */
export class VgaRig {
  readonly context: FakeContext
  readonly device: Vga

  constructor(vramBytes = 0x40_0000) {
    this.context = createFakeContext({ ramBytes: 0xa_0000, vramBytes })
    this.device = vga.create(this.context, vga.options.parse({}))
    this.device.reset()
  }

  out(port: number, value: number): void {
    this.context.ports.write8(port, value)
  }

  in(port: number): number {
    return this.context.ports.read8(port)
  }

  sequencer(index: number, value: number): void {
    this.context.ports.write16(0x3c4, index | (value << 8))
  }

  graphics(index: number, value: number): void {
    this.context.ports.write16(0x3ce, index | (value << 8))
  }

  crtc(index: number, value: number): void {
    this.context.ports.write16(this.crtcPort, index | (value << 8))
  }

  get crtcPort(): number {
    return this.in(0x3cc) & 1 ? 0x3d4 : 0x3b4
  }

  /** Reads one register of an indexed file. */
  indexed(port: number, index: number): number {
    this.out(port, index)
    return this.in(port + 1)
  }

  attribute(index: number, value: number): void {
    this.in(this.crtcPort + 6)
    this.out(0x3c0, index)
    this.out(0x3c0, value)
    this.in(this.crtcPort + 6)
    this.out(0x3c0, 0x20)
  }

  vbe(index: number, value: number): void {
    this.context.ports.write16(0x1ce, index)
    this.context.ports.write16(0x1cf, value)
  }

  readVbe(index: number): number {
    this.context.ports.write16(0x1ce, index)
    return this.context.ports.read16(0x1cf)
  }

  peek(gpa: number): number {
    return this.context.memory.read(gpa, 1)
  }

  poke(gpa: number, ...values: number[]): void {
    for (const [i, value] of values.entries()) this.context.memory.write(gpa + i, 1, value)
  }

  /** Programs a mode as a BIOS does; the palette is that of the EGA, and grey from entry 64 on. Memory is kept. */
  setMode(mode: ModeRegisters): void {
    this.out(0x3c2, mode.misc)
    this.sequencer(0, 1)
    for (const [index, value] of mode.sequencer.entries()) if (index > 0) this.sequencer(index, value)
    this.sequencer(0, 3)
    this.crtc(0x11, 0)
    for (const [index, value] of mode.crtc.entries()) this.crtc(index, value)
    for (const [index, value] of mode.graphics.entries()) this.graphics(index, value)
    for (const [index, value] of mode.attribute.entries()) this.attribute(index, value)
    this.out(0x3c6, 0xff)
    this.out(0x3c8, 0)
    for (let entry = 0; entry < 256; entry++) {
      const colour = entry < 64 ? egaColour(entry) : [entry >> 2, entry >> 2, entry >> 2]
      for (const component of colour) this.out(0x3c9, component)
    }
    this.context.advance(2 * FRAME_NS)
  }

  /** Loads a font into plane 2, as the BIOS's INT 10h function 11h does, and goes back to text addressing. */
  loadFont(font: Uint8Array = font8x16, height = 16, block = 0): void {
    const before = [2, 4].map((index) => [index, this.indexed(0x3c4, index)] as const)
    const graphicsBefore = [4, 5, 6].map((index) => [index, this.indexed(0x3ce, index)] as const)
    this.sequencer(2, 4)
    this.sequencer(4, 7)
    this.graphics(4, 2)
    this.graphics(5, 0)
    this.graphics(6, 4)
    for (let code = 0; code < 256; code++) {
      this.poke(0xa_0000 + block * 0x2000 + code * 32, ...font.subarray(code * height, (code + 1) * height))
    }
    for (const [index, value] of before) this.sequencer(index, value)
    for (const [index, value] of graphicsBefore) this.graphics(index, value)
  }

  /** Writes bytes of text with one attribute at a cell of a text page. */
  type(text: string, { at = 0, attribute = 7, base = 0xb_8000 } = {}): void {
    for (const [i, character] of [...text].entries()) this.poke(base + (at + i) * 2, character.charCodeAt(0), attribute)
  }

  frame(): Frame {
    return this.device.frame()
  }

  picture(): Picture {
    const { width, height } = this.device.frame()
    const pixels = new Uint32Array(width * height)
    this.device.render(pixels, width)
    for (const [i, pixel] of pixels.entries()) {
      pixels[i] = ((pixel & 0xff) << 16) | (pixel & 0xff00) | ((pixel >>> 16) & 0xff)
    }
    return { width, height, pixels }
  }
}

/** What a 6-bit DAC value looks like as 0xRRGGBB. */
export function rgb([red = 0, green = 0, blue = 0]: readonly number[]): number {
  const wide = (value: number): number => (value << 2) | (value >> 4)
  return (wide(red) << 16) | (wide(green) << 8) | wide(blue)
}
