/** The text on a text screen, read from its character codes, so that a guest's own fonts do not matter. */
import { CODE_PAGE_437 } from '../../../base/code-page-437.ts'
import { LineAddress, planeAddress, type VgaMode } from './display-mode.ts'
import type { VgaRegisters } from './registers.ts'
import { fontAddresses, textCursor } from './text-renderer.ts'

/** What stands on the screen, as it is shown (with panning and split screen), in Unicode. */
export type TextScreen = {
  readonly columns: number
  readonly rows: number
  /** One string of `columns` characters for each row. */
  readonly text: readonly string[]
  /** Attribute bytes, a row after the other. */
  readonly attributes: Uint8Array
  readonly cursor: { readonly column: number; readonly row: number } | null
}

/** Reads the text of a text mode. `words` is video memory, one element per plane address. */
export function readText(mode: VgaMode, start: number, registers: VgaRegisters, words: Uint32Array): TextScreen {
  const rowCounters = countersOfRows(mode, start)
  const columns = mode.characters
  const decode = characterDecoder(registers, words)
  const attributes = new Uint8Array(columns * rowCounters.length)
  const cursorCounter = textCursor(registers)?.counter
  let cursor: TextScreen['cursor'] = null
  const text = rowCounters.map((counter, row) => {
    let line = ''
    for (let column = 0; column < columns; column++) {
      const count = (counter + (column >>> mode.countShift)) & 0xffff
      const word = words[planeAddress(mode, count, 0)] ?? 0
      const attribute = (word >>> 8) & 0xff
      line += decode(word & 0xff, attribute)
      attributes[row * columns + column] = attribute
      if (count === cursorCounter) cursor = { column, row }
    }
    return line
  })
  return { columns, rows: rowCounters.length, text, attributes, cursor }
}

/** Address counter at the beginning of each character row on the screen. */
function countersOfRows(mode: VgaMode, start: number): number[] {
  const address = new LineAddress()
  const counters: number[] = []
  let previousScan = Number.POSITIVE_INFINITY
  let previousCounter = -1
  for (let y = 0; y < mode.height; y++) {
    address.locate(mode, start, y)
    const begins = address.rowScan < previousScan || address.counter !== previousCounter
    if (begins) counters.push(address.counter)
    previousScan = address.rowScan
    previousCounter = address.counter
  }
  return counters
}

/**
 * Attribute bit 3 may choose a second font with 256 more characters, which no code page numbers. One that looks like a
 * character of the first font is taken for it; others are U+FFFD.
 */
function characterDecoder(registers: VgaRegisters, words: Uint32Array): (code: number, attribute: number) => string {
  const [first, second] = fontAddresses(registers.sequencer[3])
  if (first === second) return (code) => CODE_PAGE_437[code] ?? ' '
  const shape = (font: number, code: number): string => {
    let key = ''
    for (let i = 0; i < 32; i++) key += String.fromCharCode(((words[font + code * 32 + i] ?? 0) >>> 16) & 0xff)
    return key
  }
  const known = new Map<string, string>()
  for (let code = 255; code >= 0; code--) known.set(shape(first, code), CODE_PAGE_437[code] ?? ' ')
  return (code, attribute) => {
    if (!(attribute & 0x08)) return CODE_PAGE_437[code] ?? ' '
    const same = shape(second, code) === shape(first, code)
    return (same ? CODE_PAGE_437[code] : known.get(shape(second, code))) ?? '\ufffd'
  }
}
