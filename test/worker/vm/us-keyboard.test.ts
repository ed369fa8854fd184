import { describe, expect, test } from 'vitest'
import { strokesOf } from '../../../worker/vm/us-keyboard.ts'

describe('a US keyboard', () => {
  test('types every printable ASCII character with one stroke each', () => {
    const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')
    const strokes = strokesOf(printable)
    expect(strokes).toHaveLength(95)
    expect(new Set(strokes.map(({ code, shift }) => `${code} ${shift}`)).size).toBe(95)
    expect(strokesOf('aA1! ~')).toEqual([
      { code: 'KeyA', shift: false },
      { code: 'KeyA', shift: true },
      { code: 'Digit1', shift: false },
      { code: 'Digit1', shift: true },
      { code: 'Space', shift: false },
      { code: 'Backquote', shift: true },
    ])
  })

  test('has one Enter for every kind of line end', () => {
    expect(strokesOf('\r\n\n\r\t\b\x1b').map(({ code }) => code)).toEqual([
      'Enter',
      'Enter',
      'Enter',
      'Tab',
      'Backspace',
      'Escape',
    ])
  })

  test('names what it lacks', () => {
    expect(() => strokesOf('größe')).toThrow('cannot type "ö"')
  })
})
