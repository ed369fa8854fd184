import { assembleFont, drawGlyphs } from './drawing.ts'
import { GLYPHS_8X8 } from './glyphs-8x8.ts'

/** The font of 200-line modes: 8 bytes for each of the 256 codes of code page 437. */
export const font8x8: Uint8Array = assembleFont(drawGlyphs(GLYPHS_8X8), 8)
