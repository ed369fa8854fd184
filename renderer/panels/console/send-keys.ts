/** Chords that the host would keep for itself, for the send-keys menu. */
import { chordEvents, type KeyEvent, parseKeyChord } from '../../../core/contract/key-codes.ts'
import { strings } from '../../strings/en.ts'

const functionKeys = (prefix: string) => Array.from({ length: 12 }, (_, index) => `${prefix}f${index + 1}`)

/** Groups of chords as they are typed on the command line, by the key of their title. */
export const CHORD_GROUPS = [
  ['chordsSystem', ['ctrl-alt-del', 'ctrl-alt-backspace', 'ctrl-esc', 'alt-tab', 'alt-esc', 'alt-f4', 'win', 'menu']],
  ['chordsKeys', ['esc', 'print', 'alt-sysrq', 'pause', 'ctrl-break', 'rctrl', 'altgr', 'caps', 'numlock']],
  ['chordsConsoles', functionKeys('ctrl-alt-')],
] as const satisfies readonly (readonly [keyof typeof strings.console, readonly string[]])[]

/** "Ctrl-Alt-Del", and what people call keys that have another name on the keyboard. */
export function chordLabel(chord: string): string {
  const names: Readonly<Record<string, string>> = strings.console.chordNames
  return (
    names[chord] ??
    chord
      .split('-')
      .map((key) => key.charAt(0).toUpperCase() + key.slice(1))
      .join('-')
  )
}

export function chordKeys(chord: string): KeyEvent[] {
  return chordEvents(parseKeyChord(chord))
}
