import { assembleFont, drawGlyphs } from './drawing.ts'
import { GLYPHS_8X16 } from './glyphs-8x16.ts'

const glyphs = new Map(Array.from(drawGlyphs(GLYPHS_8X16), ([character, rows]) => [character, rows.subarray(1, 15)]))

/** The font of 350-line modes: 14 bytes for each code, the 8 by 16 font without its first and last row. */
export const font8x14: Uint8Array = assembleFont(glyphs, 14)
