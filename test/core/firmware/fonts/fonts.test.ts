import { describe, expect, it } from 'vitest'
import { CODE_PAGE_437 } from '../../../../core/base/code-page-437.ts'
import { font8x8 } from '../../../../core/firmware/fonts/font-8x8.ts'
import { font8x14 } from '../../../../core/firmware/fonts/font-8x14.ts'
import { font8x16 } from '../../../../core/firmware/fonts/font-8x16.ts'

const BLANKS = [0x00, 0x20, 0xff]

/** A character as rows of dots. */
function draw(font: Uint8Array, height: number, character: string): string[] {
  const code = CODE_PAGE_437.indexOf(character, 1)
  return Array.from(font.subarray(code * height, (code + 1) * height), (row) =>
    row.toString(2).padStart(8, '0').replaceAll('0', '.').replaceAll('1', '#'),
  )
}

describe.each([
  ['8 by 8', font8x8, 8],
  ['8 by 14', font8x14, 14],
  ['8 by 16', font8x16, 16],
])('the %s font', (_name, font, height) => {
  const glyph = (code: number): string => font.subarray(code * height, (code + 1) * height).join(' ')

  it('has a picture of its own for every code but the blanks', () => {
    expect(font).toHaveLength(256 * height)
    const drawn = Array.from({ length: 256 }, (_, code) => code).filter((code) => !BLANKS.includes(code))
    const pictures = new Map(drawn.map((code) => [glyph(code), code]))
    expect(pictures.size).toBe(drawn.length)
    for (const code of BLANKS) expect(glyph(code)).toBe(new Array(height).fill(0).join(' '))
    expect(pictures.has(glyph(0))).toBe(false)
  })

  it('joins lines at the edges of their cells', () => {
    const edges = (character: string): string[] => {
      const rows = draw(font, height, character)
      return [rows[0] ?? '', rows.at(-1) ?? '', rows.map((row) => row[0]).join(''), rows.map((row) => row[7]).join('')]
    }
    const [above, below] = [edges('│')[0], edges('║')[0]]
    const [single, double] = [edges('─')[3], edges('═')[3]]
    for (const character of '┼├┤│') expect(edges(character).slice(0, 2)).toEqual([above, above])
    for (const character of '╬╠╣║╫╟╢') expect(edges(character).slice(0, 2)).toEqual([below, below])
    for (const character of '┼┴┬─╫╨╥') expect(edges(character).slice(2)).toEqual([single, single])
    for (const character of '╬╩╦═╪╧╤') expect(edges(character).slice(2)).toEqual([double, double])
    for (const character of '└╙') expect(edges(character)[3]).toBe(single)
    for (const character of '╘╚') expect(edges(character)[3]).toBe(double)
  })
})

it('draws the corners of double lines open on the inside', () => {
  const rows = draw(font8x16, 16, '╬').slice(4, 11)
  expect(rows).toEqual(['.##..##.', '.##..##.', '###..###', '........', '###..###', '.##..##.', '.##..##.'])
  expect(draw(font8x16, 16, '╔').slice(5, 9)).toEqual(['........', '.#######', '.##.....', '.##..###'])
})

it('keeps the strokes of a letter in all sizes', () => {
  expect(draw(font8x8, 8, 'E')).toEqual([
    '.######.',
    '.##.....',
    '.##.....',
    '.#####..',
    '.##.....',
    '.##.....',
    '.######.',
    '........',
  ])
  expect(draw(font8x14, 14, 'g')).toEqual(draw(font8x16, 16, 'g').slice(1, 15))
})
