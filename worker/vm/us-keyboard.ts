/** Characters as the keys of a US keyboard that type them. */
import { AppError } from '../../core/base/errors.ts'
import type { KeyCode } from '../../core/contract/key-codes.ts'

/** A key with its characters, without and with Shift. */
type Row = readonly [KeyCode, string, string]

const rows: readonly Row[] = [
  ['Backquote', '`', '~'],
  ['Digit1', '1', '!'],
  ['Digit2', '2', '@'],
  ['Digit3', '3', '#'],
  ['Digit4', '4', '$'],
  ['Digit5', '5', '%'],
  ['Digit6', '6', '^'],
  ['Digit7', '7', '&'],
  ['Digit8', '8', '*'],
  ['Digit9', '9', '('],
  ['Digit0', '0', ')'],
  ['Minus', '-', '_'],
  ['Equal', '=', '+'],
  ['BracketLeft', '[', '{'],
  ['BracketRight', ']', '}'],
  ['Backslash', '\\', '|'],
  ['Semicolon', ';', ':'],
  ['Quote', "'", '"'],
  ['Comma', ',', '<'],
  ['Period', '.', '>'],
  ['Slash', '/', '?'],
  ['Space', ' ', ' '],
  ...[...'abcdefghijklmnopqrstuvwxyz'].map(
    (letter): Row => [`Key${letter.toUpperCase()}` as KeyCode, letter, letter.toUpperCase()],
  ),
]

/** Control characters by the key that sends them. */
const control: readonly (readonly [string, KeyCode])[] = [
  ['\n', 'Enter'],
  ['\r', 'Enter'],
  ['\t', 'Tab'],
  ['\b', 'Backspace'],
  ['\x7f', 'Backspace'],
  ['\x1b', 'Escape'],
]

/** How a character is typed. */
export interface Stroke {
  readonly code: KeyCode
  readonly shift: boolean
}

const strokes: ReadonlyMap<string, Stroke> = new Map([
  ...rows.flatMap(([code, plain, shifted]): [string, Stroke][] => [
    [shifted, { code, shift: true }],
    [plain, { code, shift: false }],
  ]),
  ...control.map(([character, code]): [string, Stroke] => [character, { code, shift: false }]),
])

/** The strokes that type `text`; CR LF is one Enter. Throws `ipc/invalid-argument` naming the first character it lacks. */
export function strokesOf(text: string): Stroke[] {
  return [...text.replaceAll('\r\n', '\n')].map((character) => {
    const stroke = strokes.get(character)
    if (!stroke) throw new AppError('ipc/invalid-argument', `A US keyboard cannot type ${JSON.stringify(character)}`)
    return stroke
  })
}
