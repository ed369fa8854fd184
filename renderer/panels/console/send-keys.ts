/** Chords that the host would keep for itself, for the send-keys menu. */
import { chordEvents, type KeyEvent, parseKeyChord } from '../../../core/contract/key-codes.ts'

/** As they are typed on the command line; the label shows them with capitals. */
export const CHORDS = [
  'ctrl-alt-del',
  'ctrl-alt-backspace',
  'ctrl-esc',
  'alt-tab',
  'alt-f4',
  'esc',
  'win',
  'menu',
  'print',
  'pause',
  'rctrl',
  ...[1, 2, 3, 4, 5, 6, 7].map((number) => `ctrl-alt-f${number}`),
] as const

export function chordLabel(chord: string): string {
  return chord
    .split('-')
    .map((key) => (key === 'rctrl' ? 'Right Ctrl' : key.charAt(0).toUpperCase() + key.slice(1)))
    .join('-')
}

export function chordKeys(chord: string): KeyEvent[] {
  return chordEvents(parseKeyChord(chord))
}
