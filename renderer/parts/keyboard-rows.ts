/** The places of the keys on the screen keyboard: a PC keyboard of 102 keys without its number pad. */

import { keymaps } from '../../assets/keymaps/catalogue.ts'
import type { KeyLevels } from '../../assets/keymaps/keymap.ts'
import type { KeyCode } from '../../core/contract/key-codes.ts'
import type { KeyboardLayout } from '../../core/contract/keyboard-layouts.ts'
import { strings } from '../strings/en.ts'

/** A key, or a gap, of so many widths of a letter key. */
export interface KeyPlace {
  readonly code: KeyCode | null
  readonly width: number
}

const row = (...keys: (KeyCode | readonly [KeyCode | null, number])[]): readonly KeyPlace[] =>
  keys.map((key) => (typeof key === 'string' ? { code: key, width: 1 } : { code: key[0], width: key[1] }))

/** The main block, fifteen letters wide. */
export const MAIN_ROWS: readonly (readonly KeyPlace[])[] = [
  row(
    'Escape',
    [null, 1],
    'F1',
    'F2',
    'F3',
    'F4',
    [null, 0.5],
    'F5',
    'F6',
    'F7',
    'F8',
    [null, 0.5],
    'F9',
    'F10',
    'F11',
    'F12',
  ),
  row(
    'Backquote',
    'Digit1',
    'Digit2',
    'Digit3',
    'Digit4',
    'Digit5',
    'Digit6',
    'Digit7',
    'Digit8',
    'Digit9',
    'Digit0',
    'Minus',
    'Equal',
    ['Backspace', 2],
  ),
  row(
    ['Tab', 1.5],
    'KeyQ',
    'KeyW',
    'KeyE',
    'KeyR',
    'KeyT',
    'KeyY',
    'KeyU',
    'KeyI',
    'KeyO',
    'KeyP',
    'BracketLeft',
    'BracketRight',
    ['Backslash', 1.5],
  ),
  row(
    ['CapsLock', 1.75],
    'KeyA',
    'KeyS',
    'KeyD',
    'KeyF',
    'KeyG',
    'KeyH',
    'KeyJ',
    'KeyK',
    'KeyL',
    'Semicolon',
    'Quote',
    ['Enter', 2.25],
  ),
  row(
    ['ShiftLeft', 1.25],
    'IntlBackslash',
    'KeyZ',
    'KeyX',
    'KeyC',
    'KeyV',
    'KeyB',
    'KeyN',
    'KeyM',
    'Comma',
    'Period',
    'Slash',
    ['ShiftRight', 2.75],
  ),
  row(
    ['ControlLeft', 1.5],
    ['MetaLeft', 1.25],
    ['AltLeft', 1.25],
    ['Space', 6],
    ['AltRight', 1.25],
    ['MetaRight', 1.25],
    ['ContextMenu', 1],
    ['ControlRight', 1.5],
  ),
]

/** Beside it: what moves the cursor. */
export const SIDE_ROWS: readonly (readonly KeyPlace[])[] = [
  row('PrintScreen', 'ScrollLock', 'Pause'),
  row('Insert', 'Home', 'PageUp'),
  row('Delete', 'End', 'PageDown'),
  row([null, 3]),
  row([null, 1], 'ArrowUp', [null, 1]),
  row('ArrowLeft', 'ArrowDown', 'ArrowRight'),
]

/** What stands on a key: a dead key shows its mark by itself. */
export interface Legend {
  readonly main: string
  readonly shift: string
  readonly altGr: string
  /** For those who do not see it. */
  readonly name: string
}

/** Dead keys show their mark as it stands by itself. */
const MARKS: Readonly<Record<string, string>> = {
  '\u0300': '`',
  '\u0301': '´',
  '\u0302': '^',
  '\u0303': '~',
  '\u0308': '¨',
}
const shown = (character = '') => MARKS[character] ?? character

function fromLevels([plain, shift, altGr]: KeyLevels): Legend {
  const isLetter = plain !== undefined && shift === plain.toUpperCase() && plain !== shift
  const main = isLetter ? shift : shown(plain)
  return { main, shift: isLetter ? '' : shown(shift), altGr: shown(altGr), name: main }
}

/** What stands on the key at `code` of the keyboard `layout`. */
export function legendOf(code: KeyCode, layout: KeyboardLayout): Legend {
  const names: Readonly<Partial<Record<KeyCode, string>>> = strings.keyboard.names
  const short: Readonly<Partial<Record<KeyCode, string>>> = strings.keyboard.short
  const name = names[code]
  if (name !== undefined) return { main: short[code] ?? name, shift: '', altGr: '', name }
  const levels = keymaps[layout].keys.get(code) ?? keymaps.us.keys.get(code)
  const legend = levels && fromLevels(levels)
  return legend?.main ? legend : { main: '', shift: '', altGr: '', name: strings.keyboard.unlabelled }
}
