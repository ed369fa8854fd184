import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { keymaps } from '../../../assets/keymaps/catalogue.ts'
import { typeOn } from '../../../assets/keymaps/strokes.ts'
import { KEYBOARD_LAYOUTS, type KeyboardLayout } from '../../../core/contract/keyboard-layouts.ts'
import { SET2, translateToSet1 } from '../../../core/devices/input/scan-codes.ts'
import { describeWith, pathOf } from '../../support/needs.ts'
import { qemuKeymaps } from '../../support/tools.ts'

/** Keys in few words: "@" is AltGr, "^" Shift. */
function keysOf(layout: KeyboardLayout, text: string): string[] {
  return typeOn(layout, text).strokes.map(({ code, shift, altGr }) => `${altGr ? '@' : ''}${shift ? '^' : ''}${code}`)
}

const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')

describe('a US keyboard', () => {
  test('types every printable ASCII character with one stroke each', () => {
    const { strokes, missing } = typeOn('us', ascii)
    expect([strokes.length, missing]).toEqual([95, []])
    expect(new Set(strokes.map(({ code, shift }) => `${code} ${shift}`)).size).toBe(95)
    expect(keysOf('us', 'aA1! ~')).toEqual(['KeyA', '^KeyA', 'Digit1', '^Digit1', 'Space', '^Backquote'])
  })

  test('has one Enter for every kind of line end', () => {
    expect(keysOf('us', '\r\n\n\r\t\b\x1b')).toEqual(['Enter', 'Enter', 'Enter', 'Tab', 'Backspace', 'Escape'])
  })
})

describe('other keyboards', () => {
  test.each(KEYBOARD_LAYOUTS.filter((layout) => layout !== 'ru'))('%s types all of ASCII', (layout) => {
    // Italians have keys for neither.
    expect(typeOn(layout, ascii).missing).toEqual(layout === 'it' ? ['`', '~'] : [])
  })

  test('a Russian one types Cyrillic, and what of ASCII it has', () => {
    expect(typeOn('ru', 'Съешь ещё этих мягких французских булок, да выпей чаю. 100 % №5').missing).toEqual([])
    expect(typeOn('ru', 'dir').missing).toEqual(['d', 'i', 'r'])
  })

  test('letters with marks are typed by their key, or by a dead key before the letter', () => {
    expect(keysOf('de', 'zÜ@')).toEqual(['KeyY', '^BracketLeft', '@KeyQ'])
    expect(keysOf('de', 'é^')).toEqual(['Equal', 'KeyE', 'Backquote', 'Space'])
    expect(keysOf('fr', 'éêË')).toEqual(['Digit2', 'BracketLeft', 'KeyE', '^BracketLeft', '^KeyE'])
    expect(keysOf('ch-de', 'üÜ')).toEqual(['BracketLeft', 'BracketRight', '^KeyU'])
    expect(keysOf('us-intl', `'"ñ`)).toEqual(['Quote', 'Space', '^Quote', 'Space', '@KeyN'])
    // Composed or not, it is the same letter.
    expect(keysOf('sv', 'e\u0301')).toEqual(keysOf('sv', 'é'))
  })

  test('what a layout lacks is told once each, and the rest is typed', () => {
    expect(typeOn('us', 'größe, ä ö').missing).toEqual(['ö', 'ß', 'ä'])
    expect(keysOf('us', 'aöb')).toEqual(['KeyA', 'KeyB'])
    // Windows puts no circumflex on w.
    expect(typeOn('de', 'ŵ').missing).toEqual(['ŵ'])
  })

  test('no key of a layout is named twice or beside the keyboard', () => {
    for (const [layout, { keys }] of Object.entries(keymaps)) {
      expect(keys.size, layout).toBeGreaterThan(46)
      for (const levels of keys.values()) expect(levels.length, layout).toBeLessThanOrEqual(4)
    }
  })
})

/** X11's names of characters that are no letters or digits of ASCII, as QEMU's keymaps have them. */
const KEYSYMS =
  '!exclam "quotedbl #numbersign $dollar %percent &ampersand \'apostrophe (parenleft )parenright *asterisk +plus ,comma -minus ' +
  '.period /slash :colon ;semicolon <less =equal >greater ?question @at [bracketleft \\\\backslash ]bracketright ' +
  '^asciicircum _underscore `grave {braceleft |bar }braceright ~asciitilde §section °degree ßssharp äadiaeresis öodiaeresis ' +
  'üudiaeresis åaring æae øoslash ñntilde çccedilla éeacute èegrave àagrave ùugrave òograve ìigrave £sterling ½onehalf ' +
  '¤currency ²twosuperior €EuroSign ąaogonek łlstroke óoacute жCyrillic_zhe ёCyrillic_io №numerosign'

/** QEMU's keymaps, and the characters that Windows has elsewhere than X11, from which QEMU takes them, or behind dead keys. */
const QEMU: readonly (readonly [KeyboardLayout, string, string])[] = [
  ['us', 'en-us', ''],
  ['uk', 'en-gb', ''],
  ['de', 'de', ''],
  ['ch-de', 'de-ch', ''],
  ['ch-fr', 'fr-ch', ''],
  ['fr', 'fr', ''],
  ['be', 'fr-be', ''],
  ['es', 'es', ''],
  ['it', 'it', ''],
  ['pt', 'pt', ''],
  ['br', 'pt-br', '°'],
  ['sv', 'sv', ''],
  ['fi', 'fi', ''],
  ['no', 'no', ''],
  ['da', 'da', ''],
  ['pl', 'pl', '€'],
  ['ru', 'ru', ''],
  ['jp', 'ja', ''],
]

/** Where QEMU's keymap `name` has each keysym: "set 1 code, shift, altgr". */
function readQemuKeymap(name: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const line of readFileSync(join(pathOf(qemuKeymaps), name), 'utf8').split('\n')) {
    const [, keysym, code, modifiers] = /^(\w+) 0x([0-9a-f]+)((?: \w+)*)$/.exec(line) ?? []
    if (keysym === undefined || code === undefined || modifiers === undefined) continue
    // A letter with `addupper` has its capital on the same key.
    const place = `${Number.parseInt(code, 16)}${modifiers.replace(' addupper', '')}`
    found.set(keysym, [...(found.get(keysym) ?? []), place])
  }
  return found
}

describeWith([qemuKeymaps], 'keyboards as QEMU knows them', () => {
  test.each(QEMU)('%s types as %s', (layout, name, except) => {
    const places = readQemuKeymap(name)
    const keysyms = [
      ...[...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'].map(
        (character) => character + character,
      ),
      ...KEYSYMS.split(' '),
    ]
    const differing: string[] = []
    let compared = 0
    for (const [character, ...rest] of keysyms.map((pair) => [...pair])) {
      const expected = places.get(rest.join(''))
      const [stroke, ...more] = typeOn(layout, character as string).strokes
      if (!expected || !stroke || more.length > 0) continue
      compared++
      const code = translateToSet1((SET2[stroke.code] as number) & 0xff)
      const place = `${code}${stroke.shift ? ' shift' : ''}${stroke.altGr ? ' altgr' : ''}`
      if (!expected.includes(place)) differing.push(character as string)
    }
    expect(differing.join('')).toBe(except)
    expect(compared).toBeGreaterThan(layout === 'ru' ? 20 : 70)
  })
})
