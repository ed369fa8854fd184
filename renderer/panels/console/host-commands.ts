/** What the host key does together with another key. */
import type { KeyCode } from '../../../core/contract/key-codes.ts'
import type { strings } from '../../strings/en.ts'

/** What a console can be told to do. */
export type ConsoleCommand = keyof typeof strings.console.commands

/** In the order of the help. */
export const HOST_COMMANDS: readonly (readonly [KeyCode, ConsoleCommand])[] = [
  ['KeyF', 'fullScreen'],
  ['KeyS', 'snapshot'],
  ['KeyP', 'pause'],
  ['KeyR', 'reset'],
  ['KeyU', 'powerButton'],
  ['KeyQ', 'close'],
  ['Delete', 'ctrlAltDel'],
  ['Backspace', 'ctrlAltBackspace'],
  ['KeyV', 'paste'],
  ['KeyC', 'copyText'],
  ['KeyX', 'selectText'],
  ['KeyE', 'screenshot'],
  ['KeyM', 'record'],
  ['KeyK', 'keyboard'],
  ['KeyT', 'serial'],
  ['KeyA', 'scaling'],
  ['KeyH', 'help'],
]

export function commandOf(code: KeyCode): ConsoleCommand | undefined {
  return HOST_COMMANDS.find(([key]) => key === code)?.[1]
}

/** "F", "Del": the key as it is written in the help. */
export function keyLabel(code: KeyCode): string {
  return code.replace(/^Key/, '').replace('Delete', 'Del').replace('Backspace', '⌫')
}
