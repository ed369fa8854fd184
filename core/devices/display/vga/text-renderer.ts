/**
 * Text: characters from plane 0, attributes from plane 1, their shapes from plane 2, with cursor, underline and blinking.
 *
 * Source: IBM VGA technical reference, "Sequencer" 03h, "CRT controller" 0Ah, 0Bh, 0Eh, 0Fh, 14h, "Attribute controller" 10h.
 */
import { LineAddress, planeAddress, type VgaMode } from './display-mode.ts'
import type { Palette } from './palette.ts'
import type { VgaRegisters } from './registers.ts'

const LINE_PIXELS = 256 * 9 + 9
const FONT_BYTES_PER_CHARACTER = 32

/** Which halves of blinking are shown. */
export type BlinkPhase = { readonly cursor: boolean; readonly text: boolean }

/** First plane address of the font that `select` (three bits of sequencer 03h) names. */
function fontAddress(select: number): number {
  return ((select & 3) << 14) | ((select & 4) << 11)
}

/** First plane addresses of the fonts for attribute bit 3 clear and set. */
export function fontAddresses(characterMapSelect: number): readonly [number, number] {
  const whenClear = (characterMapSelect & 0x03) | ((characterMapSelect & 0x10) >>> 2)
  const whenSet = ((characterMapSelect & 0x0c) >>> 2) | ((characterMapSelect & 0x20) >>> 3)
  return [fontAddress(whenClear), fontAddress(whenSet)]
}

/** The cursor as the CRT controller draws it. */
export type TextCursor = { readonly counter: number; readonly firstScan: number; readonly lastScan: number }

/** Where the cursor is, or undefined while it is switched off. */
export function textCursor(registers: VgaRegisters): TextCursor | undefined {
  const { crtc } = registers
  const firstScan = crtc[0x0a] & 0x1f
  const lastScan = crtc[0x0b] & 0x1f
  if (crtc[0x0a] & 0x20 || firstScan > lastScan) return undefined
  return { counter: ((crtc[0x0e] << 8) | crtc[0x0f]) + ((crtc[0x0b] >>> 5) & 3), firstScan, lastScan }
}

/** Draws text pictures. */
export class TextRenderer {
  readonly #words: Uint32Array
  readonly #line = new Uint32Array(LINE_PIXELS)
  readonly #address = new LineAddress()
  #fonts: readonly [number, number] = [0, 0]
  #underlineScan = 0
  #attributeMode = 0

  /** `words` is video memory, one element per plane address. */
  constructor(words: Uint32Array) {
    this.#words = words
  }

  /** Draws the whole screen; `stride` is in pixels. */
  render(
    mode: VgaMode,
    start: number,
    scene: { registers: VgaRegisters; palette: Palette; blink: BlinkPhase },
    target: Uint32Array,
    stride: number,
  ): void {
    const { registers, palette, blink } = scene
    this.#fonts = fontAddresses(registers.sequencer[3])
    this.#underlineScan = registers.crtc[0x14] & 0x1f
    this.#attributeMode = registers.attribute[0x10]
    const cursor = blink.cursor ? textCursor(registers) : undefined
    const address = this.#address
    for (let y = 0; y < mode.height; y++) {
      address.locate(mode, start, y)
      const { rowScan, pixelPan } = address
      const cursorAt = cursor && rowScan >= cursor.firstScan && rowScan <= cursor.lastScan ? cursor.counter : -1
      this.#drawLine(mode, palette.attributes, cursorAt, blink.text)
      target.set(this.#line.subarray(pixelPan, pixelPan + mode.width), y * stride)
    }
  }

  #drawLine(mode: VgaMode, colours: Uint32Array, cursorAt: number, blinkOn: boolean): void {
    const { counter, rowScan } = this.#address
    const words = this.#words
    const line = this.#line
    const nine = mode.characterWidth === 9
    const blinks = (this.#attributeMode & 0x08) !== 0
    const joinLines = (this.#attributeMode & 0x04) !== 0
    for (let k = 0, x = 0; k <= mode.characters; k++, x += mode.characterWidth) {
      const count = (counter + (k >>> mode.countShift)) & 0xffff
      const word = words[planeAddress(mode, count, rowScan)]
      const character = word & 0xff
      const attribute = (word >>> 8) & 0xff
      const foreground = colours[attribute & 15]
      const background = colours[blinks ? (attribute >>> 4) & 7 : attribute >>> 4]
      const font = this.#fonts[(attribute >>> 3) & 1]
      let shape = (words[font + character * FONT_BYTES_PER_CHARACTER + rowScan] >>> 16) & 0xff
      if (blinks && attribute & 0x80 && !blinkOn) shape = 0
      let ninth = nine && joinLines && (character & 0xe0) === 0xc0 && (shape & 1) !== 0
      if ((rowScan === this.#underlineScan && (attribute & 7) === 1) || count === cursorAt) {
        shape = 0xff
        ninth = nine
      }
      drawShape(shape, foreground, background, line, x)
      if (nine) line[x + 8] = ninth ? foreground : background
    }
  }
}

function drawShape(shape: number, foreground: number, background: number, line: Uint32Array, x: number): void {
  line[x] = shape & 0x80 ? foreground : background
  line[x + 1] = shape & 0x40 ? foreground : background
  line[x + 2] = shape & 0x20 ? foreground : background
  line[x + 3] = shape & 0x10 ? foreground : background
  line[x + 4] = shape & 0x08 ? foreground : background
  line[x + 5] = shape & 0x04 ? foreground : background
  line[x + 6] = shape & 0x02 ? foreground : background
  line[x + 7] = shape & 0x01 ? foreground : background
}
