import { assembleFont, drawGlyphs } from './drawing.ts'
import { GLYPHS_8X16 } from './glyphs-8x16.ts'

/** The font of 400-line text and of 480-line graphics: 16 bytes for each of the 256 codes of code page 437. */
export const font8x16: Uint8Array = assembleFont(drawGlyphs(GLYPHS_8X16), 16)
