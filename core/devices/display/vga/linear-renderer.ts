/** Pixels of the Bochs VBE modes: lines of 8 to 32 bits per pixel, and the planar one of 4. */
import { planePixels, spreadPixels } from './graphics-renderer.ts'
import type { Palette } from './palette.ts'
import { VBE_MAX_WIDTH, type VbeMode } from './vbe.ts'

const OPAQUE = 0xff00_0000 | 0

/** Draws linear pictures. */
export class LinearRenderer {
  readonly #bytes: Uint8Array
  readonly #halves: Uint16Array
  readonly #words: Uint32Array
  /** Signed, because V8 keeps these out of floating point. */
  readonly #pixels: Int32Array
  readonly #line = new Uint32Array(VBE_MAX_WIDTH + 8)

  /** `words` is video memory. */
  constructor(words: Uint32Array) {
    this.#words = words
    this.#pixels = new Int32Array(words.buffer, words.byteOffset, words.length)
    this.#bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
    this.#halves = new Uint16Array(words.buffer, words.byteOffset, words.byteLength >>> 1)
  }

  /** Draws the whole picture; `stride` is in pixels. */
  render(mode: VbeMode, palette: Palette, target: Uint32Array, stride: number): void {
    const { bitsPerPixel, width, height } = mode
    for (let row = 0; row < height; row++) {
      const line = (mode.y + row) * mode.pitch
      const at = row * stride
      if (bitsPerPixel === 32) this.#line32((line >>> 2) + mode.x, target, at, width)
      else if (bitsPerPixel === 24) this.#line24(line + mode.x * 3, target, at, width)
      else if (bitsPerPixel === 16) this.#line16((line >>> 1) + mode.x, target, at, width)
      else if (bitsPerPixel === 15) this.#line15((line >>> 1) + mode.x, target, at, width)
      else if (bitsPerPixel === 8) this.#line8(line + mode.x, palette.colours, target, at, width)
      else this.#line4(line + (mode.x >>> 3), mode.x & 7, palette.attributes, target, at, width)
    }
  }

  #line32(from: number, target: Uint32Array, at: number, width: number): void {
    const words = this.#pixels
    for (let x = 0; x < width; x++) {
      const pixel = words[from + x]
      target[at + x] = OPAQUE | ((pixel & 0xff) << 16) | (pixel & 0xff00) | ((pixel >>> 16) & 0xff)
    }
  }

  #line24(from: number, target: Uint32Array, at: number, width: number): void {
    const bytes = this.#bytes
    for (let x = 0, i = from; x < width; x++, i += 3) {
      target[at + x] = OPAQUE | (bytes[i] << 16) | (bytes[i + 1] << 8) | bytes[i + 2]
    }
  }

  #line16(from: number, target: Uint32Array, at: number, width: number): void {
    const halves = this.#halves
    for (let x = 0; x < width; x++) {
      const pixel = halves[from + x]
      const green = (pixel >>> 5) & 0x3f
      target[at + x] =
        OPAQUE | (expand5(pixel & 0x1f) << 16) | (((green << 2) | (green >>> 4)) << 8) | expand5(pixel >>> 11)
    }
  }

  #line15(from: number, target: Uint32Array, at: number, width: number): void {
    const halves = this.#halves
    for (let x = 0; x < width; x++) {
      const pixel = halves[from + x]
      target[at + x] =
        OPAQUE | (expand5(pixel & 0x1f) << 16) | (expand5((pixel >>> 5) & 0x1f) << 8) | expand5((pixel >>> 10) & 0x1f)
    }
  }

  #line8(from: number, colours: Uint32Array, target: Uint32Array, at: number, width: number): void {
    const bytes = this.#bytes
    for (let x = 0; x < width; x++) target[at + x] = colours[bytes[from + x]]
  }

  #line4(from: number, pan: number, colours: Uint32Array, target: Uint32Array, at: number, width: number): void {
    const line = this.#line
    for (let x = 0, i = from; x < width + pan; x += 8, i++) spreadPixels(planePixels(this.#words[i]), colours, line, x)
    target.set(line.subarray(pan, pan + width), at)
  }
}

function expand5(value: number): number {
  return (value << 3) | (value >>> 2)
}
