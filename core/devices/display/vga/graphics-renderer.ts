/**
 * Pixels of the VGA's own graphics modes: one line at a time, out of the planes. Hot path: a 640 by 480 picture is 38,400 words.
 */
import { LineAddress, planeAddress, type VgaMode } from './display-mode.ts'
import type { Palette } from './palette.ts'

/** Bit 7-k of a byte at bit 4k, so that four planes combine to eight 4-bit pixels in one word. */
const SPREAD = Uint32Array.from({ length: 256 }, (_, byte) => {
  let spread = 0
  for (let k = 0; k < 8; k++) if (byte & (0x80 >>> k)) spread |= 1 << (4 * k)
  return spread
})

/** Two-bit pixel k of a byte (from the left) at bit 4k. */
const PAIRS = Uint16Array.from({ length: 256 }, (_, byte) => {
  let pairs = 0
  for (let k = 0; k < 4; k++) pairs |= ((byte >>> (6 - 2 * k)) & 3) << (4 * k)
  return pairs
})

/** Widest line, with room for the character that panning brings in. */
const LINE_PIXELS = 256 * 9 + 9

/** Draws planar, CGA and packed pictures. */
export class GraphicsRenderer {
  readonly #words: Uint32Array
  readonly #line = new Uint32Array(LINE_PIXELS)
  readonly #address = new LineAddress()

  /** `words` is video memory, one element per plane address. */
  constructor(words: Uint32Array) {
    this.#words = words
  }

  /** Draws the whole picture; `stride` is in pixels. */
  render(mode: VgaMode, start: number, palette: Palette, target: Uint32Array, stride: number): void {
    const { width, height } = mode
    const address = this.#address
    for (let y = 0; y < height; y++) {
      address.locate(mode, start, y)
      if (mode.format === 'packed') this.#packedLine(mode, palette.colours)
      else this.#planesLine(mode, palette.attributes)
      const pan = address.pixelPan
      target.set(this.#line.subarray(pan, pan + width), y * stride)
    }
  }

  #packedLine(mode: VgaMode, colours: Uint32Array): void {
    const line = this.#line
    const { counter, rowScan } = this.#address
    for (let k = 0, x = 0; k <= mode.characters; k++, x += 4) {
      const word = this.#words[planeAddress(mode, counter + (k >>> mode.countShift), rowScan)]
      line[x] = colours[word & 0xff]
      line[x + 1] = colours[(word >>> 8) & 0xff]
      line[x + 2] = colours[(word >>> 16) & 0xff]
      line[x + 3] = colours[word >>> 24]
    }
  }

  #planesLine(mode: VgaMode, colours: Uint32Array): void {
    const cga = mode.format === 'cga'
    const { counter, rowScan } = this.#address
    for (let k = 0, x = 0; k <= mode.characters; k++, x += 8) {
      const word = this.#words[planeAddress(mode, counter + (k >>> mode.countShift), rowScan)]
      spreadPixels(cga ? pairPixels(word) : planePixels(word), colours, this.#line, x)
    }
  }
}

/** Eight 4-bit pixels, the leftmost in the low bits, of the four planes at one address. */
export function planePixels(word: number): number {
  return (
    SPREAD[word & 0xff] |
    (SPREAD[(word >>> 8) & 0xff] << 1) |
    (SPREAD[(word >>> 16) & 0xff] << 2) |
    (SPREAD[word >>> 24] << 3)
  )
}

/** Planes 0 and 1 give the low two bits of four pixels each, planes 2 and 3 the high two. */
function pairPixels(word: number): number {
  const left = PAIRS[word & 0xff] | (PAIRS[(word >>> 16) & 0xff] << 2)
  const right = PAIRS[(word >>> 8) & 0xff] | (PAIRS[word >>> 24] << 2)
  return left | (right << 16)
}

/** Writes eight 4-bit pixels as colours. */
export function spreadPixels(pixels: number, colours: Uint32Array, line: Uint32Array, x: number): void {
  line[x] = colours[pixels & 15]
  line[x + 1] = colours[(pixels >>> 4) & 15]
  line[x + 2] = colours[(pixels >>> 8) & 15]
  line[x + 3] = colours[(pixels >>> 12) & 15]
  line[x + 4] = colours[(pixels >>> 16) & 15]
  line[x + 5] = colours[(pixels >>> 20) & 15]
  line[x + 6] = colours[(pixels >>> 24) & 15]
  line[x + 7] = colours[pixels >>> 28]
}
