/**
 * The form of a keyboard layout. Four rows from the top, cells separated by blanks, in the order of ROW_CODES; a cell holds what its
 * key types plain, with Shift, with AltGr and with both. One letter alone stands for itself and its capital. ∅ is nothing; ◌ and a
 * combining mark are a dead key, which puts that mark on the letter typed next. Space types itself in every layout.
 */
import type { KeyCode } from '../../core/contract/key-codes.ts'

const digits = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0].map((digit) => `Digit${digit}` as KeyCode)
const letters = (keys: string) => [...keys].map((key) => `Key${key}` as KeyCode)

/** Keys of each row, by place. */
const ROW_CODES: readonly (readonly KeyCode[])[] = [
  ['Backquote', ...digits, 'Minus', 'Equal', 'IntlYen'],
  [...letters('QWERTYUIOP'), 'BracketLeft', 'BracketRight'],
  [...letters('ASDFGHJKL'), 'Semicolon', 'Quote', 'Backslash'],
  ['IntlBackslash', ...letters('ZXCVBNM'), 'Comma', 'Period', 'Slash', 'IntlRo'],
]

/** What a key types plain, with Shift, with AltGr, with both. A combining mark is a dead key, "" is nothing. */
export type KeyLevels = readonly string[]

export interface Keymap {
  readonly keys: ReadonlyMap<KeyCode, KeyLevels>
  /** Characters that a dead key followed by Space types, where it is not the usual one. */
  readonly spacing: Readonly<Record<string, string>>
}

const NOTHING = '∅'
const CARRIER = '◌'

function parseCell(cell: string): KeyLevels {
  const levels: string[] = []
  const characters = [...cell]
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] as string
    if (character === CARRIER) levels.push(characters[++at] ?? '')
    else levels.push(character === NOTHING ? '' : character)
  }
  const [only = ''] = levels
  return levels.length === 1 && only !== only.toUpperCase() ? [only, only.toUpperCase()] : levels
}

/** A layout from its four rows. */
export function keymap(rows: readonly [string, string, string, string], spacing: Keymap['spacing'] = {}): Keymap {
  const keys = new Map<KeyCode, KeyLevels>([['Space', [' ', ' ']]])
  for (const [row, text] of rows.entries())
    for (const [column, cell] of text.split(' ').entries()) {
      const code = ROW_CODES[row]?.[column]
      if (code) keys.set(code, parseCell(cell))
    }
  return { keys, spacing }
}
