import { describe, expect, test } from 'vitest'
import { EscapeFilter } from '../../../main/cli/serial-terminal.ts'

const take = (...typed: string[]) => {
  const filter = new EscapeFilter()
  return typed.map((text) => {
    const { pass, end } = filter.take(Buffer.from(text, 'latin1'))
    return [Buffer.from(pass).toString('latin1'), end]
  })
}

describe('the terminal of a serial line', () => {
  test('passes on what is typed, Ctrl-C too, and ends at Ctrl-A x', () => {
    expect(take('ls\r\x03')).toEqual([['ls\r\x03', false]])
    expect(take('ab\x01xcd')).toEqual([['ab', true]])
    expect(take('\x01', 'X')).toEqual([
      ['', false],
      ['', true],
    ])
    expect(take('\x01\x01x')).toEqual([['\x01x', false]])
    expect(take('\x01b')).toEqual([['b', false]])
  })
})
