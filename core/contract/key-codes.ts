/**
 * Keys by their place on the keyboard, named as `KeyboardEvent.code` does (W3C UI Events KeyboardEvent code Values), and the
 * shorter names that people type on a command line and menus show ("ctrl-alt-del").
 */
import { AppError } from '../base/errors.ts'
import { z } from '../base/schema.ts'

export const KEY_CODES = [
  ...[
    'Escape',
    'F1',
    'F2',
    'F3',
    'F4',
    'F5',
    'F6',
    'F7',
    'F8',
    'F9',
    'F10',
    'F11',
    'F12',
    'PrintScreen',
    'ScrollLock',
    'Pause',
  ],
  ...[
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
    'Backspace',
  ],
  ...[
    'Tab',
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
    'Backslash',
  ],
  ...[
    'CapsLock',
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
    'Enter',
  ],
  ...[
    'ShiftLeft',
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
    'ShiftRight',
  ],
  ...['ControlLeft', 'MetaLeft', 'AltLeft', 'Space', 'AltRight', 'MetaRight', 'ContextMenu', 'ControlRight'],
  ...['Insert', 'Home', 'PageUp', 'Delete', 'End', 'PageDown', 'ArrowUp', 'ArrowLeft', 'ArrowDown', 'ArrowRight'],
  ...['NumLock', 'NumpadDivide', 'NumpadMultiply', 'NumpadSubtract', 'NumpadAdd', 'NumpadEnter', 'NumpadDecimal'],
  ...['Numpad0', 'Numpad1', 'Numpad2', 'Numpad3', 'Numpad4', 'Numpad5', 'Numpad6', 'Numpad7', 'Numpad8', 'Numpad9'],
  ...['IntlRo', 'IntlYen', 'KanaMode', 'Convert', 'NonConvert'],
] as const
export type KeyCode = (typeof KEY_CODES)[number]

const known: ReadonlySet<string> = new Set(KEY_CODES)

export function isKeyCode(code: string): code is KeyCode {
  return known.has(code)
}

const keyCodeSchema = z.enum(KEY_CODES)
/** One key going down or up. Repeats are the guest keyboard's own business: the host sends each change once. */
export const keyEventSchema = z.strictObject({ code: keyCodeSchema, down: z.boolean() })
export type KeyEvent = z.infer<typeof keyEventSchema>

/** Names of keys on the command line that are not their code, in lower case. */
const aliases: Readonly<Record<string, KeyCode>> = {
  ctrl: 'ControlLeft',
  control: 'ControlLeft',
  rctrl: 'ControlRight',
  alt: 'AltLeft',
  altgr: 'AltRight',
  shift: 'ShiftLeft',
  rshift: 'ShiftRight',
  win: 'MetaLeft',
  meta: 'MetaLeft',
  menu: 'ContextMenu',
  esc: 'Escape',
  ret: 'Enter',
  return: 'Enter',
  spc: 'Space',
  del: 'Delete',
  ins: 'Insert',
  bs: 'Backspace',
  pgup: 'PageUp',
  pgdn: 'PageDown',
  up: 'ArrowUp',
  down: 'ArrowDown',
  left: 'ArrowLeft',
  right: 'ArrowRight',
  caps: 'CapsLock',
  print: 'PrintScreen',
  sysrq: 'PrintScreen',
  break: 'Pause',
}
const byLowerCase: ReadonlyMap<string, KeyCode> = new Map(KEY_CODES.map((code) => [code.toLowerCase(), code]))

/** The key called `name`: a code ("KeyA", "enter"), an alias ("del") or a letter or digit. */
export function parseKeyName(name: string): KeyCode | undefined {
  const lower = name.toLowerCase()
  if (/^[a-z]$/.test(lower)) return byLowerCase.get(`key${lower}`)
  if (/^[0-9]$/.test(lower)) return byLowerCase.get(`digit${lower}`)
  return Object.hasOwn(aliases, lower) ? aliases[lower] : byLowerCase.get(lower)
}

/** The keys of a chord such as "ctrl-alt-del", in the order they go down. Throws `usage/invalid` naming the unknown key. */
export function parseKeyChord(chord: string): KeyCode[] {
  return chord.split('-').map((name) => {
    const code = parseKeyName(name)
    if (!code) throw new AppError('usage/invalid', `No key is called ${JSON.stringify(name)}`, { context: { chord } })
    return code
  })
}

/** The events of a chord: all keys down in order, then up in reverse. */
export function chordEvents(codes: readonly KeyCode[]): KeyEvent[] {
  return [...codes.map((code) => ({ code, down: true })), ...codes.toReversed().map((code) => ({ code, down: false }))]
}
