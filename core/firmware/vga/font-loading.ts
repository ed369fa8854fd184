/** Characters in plane 2, where the VGA keeps the fonts of text modes: eight blocks of 8 KiB, 32 bytes a character. */
import type { Call, Steps } from '../call.ts'
import { font8x8 } from '../fonts/font-8x8.ts'
import { font8x14 } from '../fonts/font-8x14.ts'
import { font8x16 } from '../fonts/font-8x16.ts'
import { GRAPHICS, MISC_READ, SEQUENCER, setIndexed } from './registers.ts'

const FONT_WINDOW = 0xa_0000
const WINDOW_BYTES = 0x1_0000
const CHARACTER_BYTES = 32

export const ROM_FONTS = { 8: font8x8, 14: font8x14, 16: font8x16 } as const

/** First byte of font block `block`: blocks 4 to 7 lie between 0 to 3. */
function blockOffset(block: number): number {
  return ((block & 3) << 14) | ((block & 4) << 11)
}

/** Loads `count` characters of `height` bytes each into `block`, from character `first` on. */
export function* loadFont(
  call: Call,
  font: { glyphs: Uint8Array; height: number; first: number; block: number },
): Steps {
  const { glyphs, height, first, block } = font
  yield* openFontPlane(call)
  yield* call.touch(FONT_WINDOW, WINDOW_BYTES, false)
  const count = Math.min(Math.floor(glyphs.length / height), 256 - first)
  const start = FONT_WINDOW + blockOffset(block)
  for (let i = 0; i < count; i++) {
    const glyph = glyphs.subarray(i * height, (i + 1) * height)
    call.machine.writeLinearBytes(start + (first + i) * CHARACTER_BYTES, glyph)
  }
  yield* closeFontPlane(call)
}

/** Plane 2 alone at A0000h, without odd/even addressing. */
function* openFontPlane(call: Call): Steps {
  yield* setIndexed(call, SEQUENCER, 0, 1)
  yield* setIndexed(call, SEQUENCER, 2, 4)
  yield* setIndexed(call, SEQUENCER, 4, 7)
  yield* setIndexed(call, SEQUENCER, 0, 3)
  yield* setIndexed(call, GRAPHICS, 4, 2)
  yield* setIndexed(call, GRAPHICS, 5, 0)
  yield* setIndexed(call, GRAPHICS, 6, 4)
}

/** Back to text: the window at B8000h, or B0000h in monochrome. */
function* closeFontPlane(call: Call): Steps {
  yield* setIndexed(call, SEQUENCER, 0, 1)
  yield* setIndexed(call, SEQUENCER, 2, 3)
  yield* setIndexed(call, SEQUENCER, 4, 2)
  yield* setIndexed(call, SEQUENCER, 0, 3)
  const colour = (yield* call.in8(MISC_READ)) & 1
  yield* setIndexed(call, GRAPHICS, 6, colour ? 0x0e : 0x0a)
  yield* setIndexed(call, GRAPHICS, 4, 0)
  yield* setIndexed(call, GRAPHICS, 5, 0x10)
}
