/**
 * Makes a font of code page 437 out of drawings. A drawing is a line of text: the character, the row it begins in, and its rows
 * as hexadecimal bytes, the leftmost dot highest; what is not drawn is blank.
 *
 *   A 2 18 3c 66 66 66 7e 66 66 66 66
 *
 * A letter with a mark is drawn as another drawing with rows laid over it: `é e 2 0c 18`.
 */
import { CODE_PAGE_437 } from '../../base/code-page-437.ts'
import { drawBox } from './box-drawing.ts'

/** What a font is made of. */
export interface FontSource {
  /** Rows of a cell. */
  readonly height: number
  /** Drawings, one to a line. */
  readonly drawings: string
  /** Letters with marks: character, letter, first row of the mark, its rows. Marks replace what is there. */
  readonly marked: string
  /** Characters that are light on a full cell: character, and the one that is left out. */
  readonly inverted: Readonly<Record<string, string>>
}

/** Rows of each drawn character, by character. */
export function drawGlyphs(source: FontSource): Map<string, Uint8Array> {
  const { height } = source
  const glyphs = new Map<string, Uint8Array>([[' ', new Uint8Array(height)]])
  for (const line of linesOf(source.drawings)) {
    const [character = '', first = '', ...rows] = line.split(' ')
    glyphs.set(character, layRows(new Uint8Array(height), Number(first), rows))
  }
  for (const line of linesOf(source.marked)) {
    const [character = '', letter = '', first = '', ...rows] = line.split(' ')
    const base = glyphs.get(letter) ?? new Uint8Array(height)
    glyphs.set(character, layRows(base.slice(), Number(first), rows))
  }
  for (const [character, hole] of Object.entries(source.inverted)) {
    glyphs.set(character, glyphs.get(hole)?.map((row) => ~row) ?? new Uint8Array(height))
  }
  return glyphs
}

/** The font as adapters want it: `height` bytes for each of the 256 codes. */
export function assembleFont(glyphs: ReadonlyMap<string, Uint8Array>, height: number): Uint8Array {
  const font = new Uint8Array(256 * height)
  for (const [code, character] of CODE_PAGE_437.entries()) {
    const rows = drawBox(character, height) ?? glyphs.get(character)
    if (rows) font.set(rows.subarray(0, height), code * height)
  }
  return font
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

function layRows(glyph: Uint8Array, first: number, rows: readonly string[]): Uint8Array {
  for (const [i, row] of rows.entries()) glyph[first + i] = Number.parseInt(row, 16)
  return glyph
}
