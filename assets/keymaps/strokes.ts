/** Characters as the keys that type them on a layout. */
import type { KeyCode } from '../../core/contract/key-codes.ts'
import type { KeyboardLayout } from '../../core/contract/keyboard-layouts.ts'
import { keymaps } from './catalogue.ts'
import type { Keymap } from './keymap.ts'

/** A key with the modifiers that are held meanwhile. */
export interface Stroke {
  readonly code: KeyCode
  readonly shift: boolean
  readonly altGr: boolean
}

export interface TypedText {
  readonly strokes: readonly Stroke[]
  /** Characters that the layout cannot type, each once, in the order of the text. */
  readonly missing: readonly string[]
}

/** Control characters by the key that sends them. */
const CONTROL: Readonly<Record<string, KeyCode>> = {
  '\n': 'Enter',
  '\r': 'Enter',
  '\t': 'Tab',
  '\b': 'Backspace',
  '\x7f': 'Backspace',
  '\x1b': 'Escape',
}

/** Letters that guests put each mark on; another letter gets the mark typed before it. */
const MARKED: Readonly<Record<string, string>> = {
  '\u0300': 'aeiouAEIOU',
  '\u0301': 'aeiouyAEIOUY',
  '\u0302': 'aeiouAEIOU',
  '\u0303': 'anoANO',
  '\u0308': 'aeiouyAEIOU',
}

/** What a dead key types by itself when Space follows. */
const SPACING: Readonly<Record<string, string>> = {
  '`': '\u0300',
  '´': '\u0301',
  '^': '\u0302',
  '~': '\u0303',
  '¨': '\u0308',
}

type Strokes = ReadonlyMap<string, readonly Stroke[]>

/** The one key of each character and dead key: the one with fewest modifiers. */
function directStrokes({ keys }: Keymap): Map<string, Stroke> {
  const direct = new Map<string, Stroke>()
  for (const level of [0, 1, 2, 3])
    for (const [code, levels] of keys) {
      const character = levels[level] ?? ''
      if (character !== '' && !direct.has(character))
        direct.set(character, { code, shift: (level & 1) !== 0, altGr: level >= 2 })
    }
  return direct
}

function strokesByCharacter(keymap: Keymap): Strokes {
  const direct = directStrokes(keymap)
  const all = new Map<string, readonly Stroke[]>()
  const add = (character: string, ...strokes: (Stroke | undefined)[]) => {
    if (!all.has(character) && strokes.every((stroke) => stroke !== undefined)) all.set(character, strokes)
  }
  for (const [character, code] of Object.entries(CONTROL)) add(character, { code, shift: false, altGr: false })
  for (const [character, stroke] of direct) if (!(character in MARKED)) add(character, stroke)
  for (const [character, mark] of Object.entries({ ...SPACING, ...keymap.spacing }))
    add(character, direct.get(mark), direct.get(' '))
  for (const [mark, letters] of Object.entries(MARKED))
    for (const letter of letters) add((letter + mark).normalize('NFC'), direct.get(mark), direct.get(letter))
  return all
}

const known = new Map<KeyboardLayout, Strokes>()

function strokesOf(layout: KeyboardLayout): Strokes {
  const strokes = known.get(layout) ?? strokesByCharacter(keymaps[layout])
  known.set(layout, strokes)
  return strokes
}

/** The strokes that type `text` on `layout`; CR LF is one Enter. Characters that it lacks are left out, and told. */
export function typeOn(layout: KeyboardLayout, text: string): TypedText {
  const byCharacter = strokesOf(layout)
  const missing = new Set<string>()
  const strokes = [...text.replaceAll('\r\n', '\n').normalize('NFC')].flatMap((character) => {
    const found = byCharacter.get(character)
    if (!found) missing.add(character)
    return found ?? []
  })
  return { strokes, missing: [...missing] }
}
