import { describe, expect, test } from 'vitest'
import { chordEvents, KEY_CODES, parseKeyChord, parseKeyName } from '../../../core/contract/key-codes.ts'

describe('keys', () => {
  test('go by their code, by short names, and by what stands on them', () => {
    for (const code of KEY_CODES) expect(parseKeyName(code)).toBe(code)
    expect(['ctrl', 'DEL', 'f12', 'a', '7', 'esc', 'enter', 'numpad7', 'altgr'].map(parseKeyName)).toEqual([
      'ControlLeft',
      'Delete',
      'F12',
      'KeyA',
      'Digit7',
      'Escape',
      'Enter',
      'Numpad7',
      'AltRight',
    ])
    for (const name of ['', 'x1', 'constructor', '__proto__', '-']) expect(parseKeyName(name)).toBeUndefined()
  })

  test('of a chord go down in order and up in reverse', () => {
    expect(chordEvents(parseKeyChord('ctrl-alt-del'))).toEqual([
      { code: 'ControlLeft', down: true },
      { code: 'AltLeft', down: true },
      { code: 'Delete', down: true },
      { code: 'Delete', down: false },
      { code: 'AltLeft', down: false },
      { code: 'ControlLeft', down: false },
    ])
    expect(() => parseKeyChord('ctrl-foo')).toThrow('No key is called "foo"')
    expect(() => parseKeyChord('')).toThrow('No key is called ""')
  })
})
