/** Text modes: shapes, attributes, cursor, and the text as strings. */
import { beforeEach, describe, expect, it } from 'vitest'
import { font8x8 } from '../../../../core/firmware/fonts/font-8x8.ts'
import { font8x16 } from '../../../../core/firmware/fonts/font-8x16.ts'
import { egaColour, VGA_MODES } from '../../../support/vga-modes.ts'
import { rgb, VgaRig } from '../../../support/vga-rig.ts'

let rig: VgaRig

const colour = (attribute: number): number => rgb(egaColour(VGA_MODES[3].attribute[attribute] ?? 0))

/** The dots of a cell, `#` where the pixel has the colour `foreground`, `.` where it has `background`. */
function cell(column: number, row: number, attribute = 7, width = 9, height = 16): string[] {
  const picture = rig.picture()
  return Array.from({ length: height }, (_, y) => {
    const at = (row * height + y) * picture.width + column * width
    return Array.from(picture.pixels.subarray(at, at + width), (pixel) =>
      pixel === colour(attribute & 15) ? '#' : pixel === colour(attribute >> 4) ? '.' : '?',
    ).join('')
  })
}

function glyph(font: Uint8Array, code: number, height: number, ninth: 'blank' | 'joined' | 'none'): string[] {
  return Array.from(font.subarray(code * height, (code + 1) * height), (byte) => {
    const dots = byte.toString(2).padStart(8, '0').replaceAll('0', '.').replaceAll('1', '#')
    return dots + (ninth === 'none' ? '' : ninth === 'joined' ? dots[7] : '.')
  })
}

/** An instant at which neither cursor nor characters are in the dark half of blinking. */
function settle(frames = 0): void {
  const frameNs = 1e9 / rig.device.refreshHz
  const next = Math.ceil(rig.context.clock.nowNs() / (32 * frameNs) + 1) * 32
  rig.context.advanceTo((next + frames + 0.5) * frameNs)
}

beforeEach(() => {
  rig = new VgaRig()
  rig.setMode(VGA_MODES[3])
  rig.loadFont()
  for (let i = 0; i < 2000; i++) rig.type(' ', { at: i })
  rig.crtc(0x0a, 0x20)
  settle()
})

describe('characters', () => {
  it('have nine dots, of which the last repeats the eighth only in line graphics', () => {
    rig.type('A', { attribute: 0x1e })
    rig.type('\xc4', { at: 1, attribute: 0x1e })
    rig.type('\xb0', { at: 2, attribute: 0x1e })
    expect(rig.frame()).toMatchObject({ width: 720, height: 400 })
    expect(cell(0, 0, 0x1e)).toEqual(glyph(font8x16, 0x41, 16, 'blank'))
    expect(cell(1, 0, 0x1e)).toEqual(glyph(font8x16, 0xc4, 16, 'joined'))
    expect(cell(2, 0, 0x1e)).toEqual(glyph(font8x16, 0xb0, 16, 'blank'))
    rig.attribute(0x10, 0x08)
    expect(cell(1, 0, 0x1e)).toEqual(glyph(font8x16, 0xc4, 16, 'blank'))
  })

  it('have eight dots when the sequencer says so', () => {
    rig.sequencer(1, 1)
    rig.type('g', { at: 79, attribute: 0x1e })
    expect(rig.frame().width).toBe(640)
    expect(cell(79, 0, 0x1e, 8)).toEqual(glyph(font8x16, 0x67, 16, 'none'))
  })

  it('are twice as wide in 40 columns', () => {
    rig.setMode(VGA_MODES[1])
    rig.loadFont()
    rig.type('Q', { at: 40 + 39, attribute: 0x1e })
    settle()
    expect(rig.frame()).toMatchObject({ width: 360, height: 400, aspectWidth: 4, aspectHeight: 3 })
    expect(cell(39, 1, 0x1e)).toEqual(glyph(font8x16, 0x51, 16, 'blank'))
  })

  it('of 8 lines give 50 rows', () => {
    rig.loadFont(font8x8, 8)
    rig.crtc(0x09, 0x47)
    rig.type('y', { at: 49 * 80 + 3, attribute: 0x1e })
    expect(cell(3, 49, 0x1e, 9, 8)).toEqual(glyph(font8x8, 0x79, 8, 'blank'))
    expect(rig.device.screenText()?.rows).toBe(50)
  })

  it('take their shape from a second font where attribute bit 3 is set', () => {
    const other = font8x16.map((byte) => ~byte)
    rig.loadFont(other, 16, 2)
    rig.sequencer(3, 0x04) // second font: block 1 of the first four, that is 4000h
    rig.type('A', { attribute: 0x17 })
    rig.type('A', { at: 1, attribute: 0x1f })
    expect(cell(0, 0, 0x17)).toEqual(glyph(font8x16, 0x41, 16, 'blank'))
    expect(cell(1, 0, 0x1f)).toEqual(glyph(other, 0x41, 16, 'blank'))
  })

  it('can come from each of the eight places for fonts', () => {
    const places = [0, 2, 4, 6, 1, 3, 5, 7]
    for (const [select, block] of places.entries()) {
      rig.loadFont(new Uint8Array(4096).fill(1 << block), 16, block)
      rig.sequencer(3, (select & 3) | ((select & 4) << 2))
      rig.type('A', { attribute: 0x17 })
      const row = cell(0, 0, 0x17)[0]
      expect(row?.indexOf('#'), `select ${select}`).toBe(7 - block)
    }
  })

  it('blink where attribute bit 7 is set, or have a bright background', () => {
    rig.type('\xdb', { attribute: 0x97 })
    expect(cell(0, 0, 0x17)[0]).toBe('#########')
    settle(16)
    expect(cell(0, 0, 0x17)[0]).toBe('.........')
    rig.attribute(0x10, 0x04)
    rig.type(' ', { attribute: 0x97 })
    expect(cell(0, 0, 0x97)[0]).toBe('.........')
  })

  it('are underlined in monochrome', () => {
    rig.setMode(VGA_MODES[7])
    rig.loadFont()
    rig.type('A ', { attribute: 0x01, base: 0xb_0000 })
    settle()
    const { pixels } = rig.picture()
    const line = (y: number): boolean => pixels.subarray(y * 720 + 9, y * 720 + 18).every((pixel) => pixel !== 0)
    expect([line(12), line(13), line(14)]).toEqual([false, true, false])
    expect(rig.device.screenText()?.text[0]?.startsWith('A  ')).toBe(true)
  })
})

describe('the cursor', () => {
  function place(offset: number, first: number, last: number): void {
    rig.crtc(0x0e, offset >> 8)
    rig.crtc(0x0f, offset & 0xff)
    rig.crtc(0x0a, first)
    rig.crtc(0x0b, last)
  }

  it('covers its lines of the cell at its address', () => {
    place(85, 13, 14)
    const rows = cell(5, 1)
    expect(rows.map((row) => row === '#########')).toEqual(Array.from({ length: 16 }, (_, y) => y === 13 || y === 14))
    expect(cell(6, 1).join('')).not.toContain('#')
    expect(rig.device.screenText()?.cursor).toEqual({ column: 5, row: 1 })
  })

  it('is not there when switched off, or when it would end before it begins', () => {
    place(0, 0x2d, 14)
    expect(cell(0, 0).join('')).not.toContain('#')
    expect(rig.device.screenText()?.cursor).toBeNull()
    place(0, 9, 5)
    expect(cell(0, 0).join('')).not.toContain('#')
  })

  it('can be moved to the right by its skew', () => {
    place(0, 0, 15 | 0x40)
    expect([cell(0, 0)[0], cell(2, 0)[0]]).toEqual(['.........', '#########'])
  })
})

describe('scrolling', () => {
  it('is smooth by row scans, and sideways by dots and bytes', () => {
    rig.type('A', { at: 83 })
    rig.crtc(0x08, 5)
    const { pixels } = rig.picture()
    const shape = glyph(font8x16, 0x41, 16, 'blank')
    const seen = Array.from({ length: 16 }, (_, y) =>
      Array.from(pixels.subarray((y + 11) * 720 + 27, (y + 11) * 720 + 36), (pixel) => (pixel ? '#' : '.')).join(''),
    )
    expect(seen).toEqual(shape)
    rig.crtc(0x08, 0x20)
    expect(cell(2, 1)).toEqual(shape)
    rig.crtc(0x08, 0)
    rig.attribute(0x13, 0x02) // three dots of nine: 8 is none, 0 is one
    const panned = rig.picture().pixels
    expect(
      Array.from(panned.subarray(16 * 720 + 2 * 720 + 24, 16 * 720 + 2 * 720 + 33), (p) => (p ? '#' : '.')).join(''),
    ).toBe(shape[2])
  })

  it('splits the screen', () => {
    rig.type('top', { at: 80 * 30 })
    rig.type('status', { at: 0 })
    rig.crtc(0x0c, (80 * 30) >> 8)
    rig.crtc(0x0d, (80 * 30) & 0xff)
    rig.crtc(0x11, 0x0e)
    rig.crtc(0x18, 383 & 0xff)
    rig.crtc(0x07, 0x1f)
    rig.crtc(0x09, 0x0f)
    settle()
    const text = rig.device.screenText()?.text ?? []
    expect([text.length, text[0]?.trimEnd(), text[24]?.trimEnd()]).toEqual([25, 'top', 'status'])
    expect(cell(0, 24)).toEqual(glyph(font8x16, 0x73, 16, 'blank'))
  })
})

describe('the text as strings', () => {
  it('is code page 437 with its attributes', () => {
    rig.type('\x01 \x80\x81 \xc9\xcd\xbb \xe1\x00\xff.', { at: 160, attribute: 0x4e })
    const screen = rig.device.screenText()
    expect([screen?.columns, screen?.rows]).toEqual([80, 25])
    expect(screen?.text[2]?.trimEnd()).toBe('☺ Çü ╔═╗ ß  .')
    expect([screen?.attributes[160], screen?.attributes[159], screen?.text[2]?.length]).toEqual([0x4e, 7, 80])
  })

  it('is the same with any font of the guest', () => {
    rig.type('Hello')
    rig.loadFont(new Uint8Array(4096).fill(0xaa))
    expect(rig.device.screenText()?.text[0]?.trimEnd()).toBe('Hello')
  })

  it('knows a character of a second font when it looks like one of the first', () => {
    const second = new Uint8Array(4096).fill(0x99)
    second.set(font8x16.subarray(0x41 * 16, 0x42 * 16), 0x10 * 16)
    rig.loadFont(second, 16, 2)
    rig.sequencer(3, 0x04)
    rig.type('\x10\x41', { attribute: 0x0f })
    rig.type('B', { at: 2, attribute: 0x07 })
    expect(rig.device.screenText()?.text[0]?.trimEnd()).toBe('A\ufffdB')
  })

  it('is nothing in graphics modes', () => {
    rig.setMode(VGA_MODES[19])
    expect(rig.device.screenText()).toBeNull()
  })
})
