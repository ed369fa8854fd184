/** Register semantics, by the IBM VGA technical reference. */
import { beforeEach, describe, expect, it } from 'vitest'
import { VGA_MODES } from '../../../support/vga-modes.ts'
import { VgaRig } from '../../../support/vga-rig.ts'

let rig: VgaRig

beforeEach(() => {
  rig = new VgaRig()
  rig.setMode(VGA_MODES[3])
})

describe('the sequencer, graphics and CRT controller', () => {
  it('read back what was written, without the bits that do not exist', () => {
    for (let index = 0; index < 5; index++) rig.sequencer(index, 0xff)
    expect([0, 1, 2, 3, 4, 5].map((index) => rig.indexed(0x3c4, index))).toEqual([3, 0x3d, 0x0f, 0x3f, 0x0e, 0])
    for (let index = 0; index < 9; index++) rig.graphics(index, 0xff)
    const graphics = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((index) => rig.indexed(0x3ce, index))
    expect(graphics).toEqual([0x0f, 0x0f, 0x0f, 0x1f, 3, 0x7b, 0x0f, 0x0f, 0xff, 0])
    rig.crtc(0x0e, 0x12)
    rig.crtc(0x0f, 0x34)
    expect([rig.indexed(0x3d4, 0x0e), rig.indexed(0x3d4, 0x0f), rig.in(0x3d4)]).toEqual([0x12, 0x34, 0x0f])
  })

  it('protect CRT registers 0 to 7, but not the line compare bit', () => {
    rig.crtc(0x11, 0x8e)
    rig.crtc(0x00, 0xaa)
    rig.crtc(0x06, 0xaa)
    rig.crtc(0x07, 0x00)
    rig.crtc(0x09, 0x0f)
    expect([0x00, 0x06, 0x07, 0x09].map((index) => rig.indexed(0x3d4, index))).toEqual([0x5f, 0xbf, 0x0f, 0x0f])
    rig.crtc(0x11, 0x0e)
    rig.crtc(0x07, 0x00)
    expect(rig.indexed(0x3d4, 0x07)).toBe(0)
  })

  it('answer at 3Bxh in monochrome and at 3Dxh in colour', () => {
    rig.crtc(0x0f, 0x56)
    rig.out(0x3c2, 0x66)
    expect(rig.in(0x3d5)).toBe(0xff)
    expect(rig.indexed(0x3b4, 0x0f)).toBe(0x56)
    rig.out(0x3d5, 0x99)
    expect(rig.in(0x3b5)).toBe(0x56)
    expect([rig.in(0x3da), rig.in(0x3ba) & 0xc6]).toEqual([0xff, 0])
    rig.out(0x3ba, 3)
    expect([rig.in(0x3ca), rig.in(0x3cc)]).toEqual([3, 0x66])
  })

  it('show the latch and the flip-flop in CRT registers 22h and 24h', () => {
    rig.setMode(VGA_MODES[18])
    rig.poke(0xa_0000, 0x5a)
    rig.peek(0xa_0000)
    rig.graphics(4, 2)
    expect(rig.indexed(0x3d4, 0x22)).toBe(0x5a)
    rig.in(0x3da)
    expect(rig.indexed(0x3d4, 0x24)).toBe(0)
    rig.out(0x3c0, 0x20)
    expect(rig.indexed(0x3d4, 0x24)).toBe(0x80)
  })
})

describe('the attribute controller', () => {
  it('takes index and data in turn, and reading input status 1 begins anew', () => {
    rig.in(0x3da)
    rig.out(0x3c0, 0x02)
    rig.in(0x3da)
    rig.out(0x3c0, 0x03)
    rig.out(0x3c0, 0x15)
    expect(rig.in(0x3c0)).toBe(0x03)
    expect(rig.in(0x3c1)).toBe(0x15)
    rig.out(0x3c0, 0x02)
    expect(rig.in(0x3c1)).toBe(0x02)
  })

  it('keeps its palette while the picture uses it, but not its other registers', () => {
    rig.in(0x3da)
    for (const value of [0x24, 0x3f, 0x32, 0x07]) rig.out(0x3c0, value)
    rig.out(0x3c0, 0x24)
    expect(rig.in(0x3c1)).toBe(0x04)
    rig.out(0x3c0, 0)
    rig.out(0x3c0, 0x32)
    expect(rig.in(0x3c1)).toBe(0x07)
  })

  it('has six bits in palette registers and four in the colour select register', () => {
    rig.attribute(0x0f, 0xff)
    rig.attribute(0x14, 0xff)
    rig.attribute(0x10, 0xff)
    const read = (index: number): number => {
      rig.in(0x3da)
      rig.out(0x3c0, index | 0x20)
      return rig.in(0x3c1)
    }
    expect([read(0x0f), read(0x14), read(0x10), read(0x15)]).toEqual([0x3f, 0x0f, 0xef, 0])
  })
})

describe('the DAC', () => {
  it('writes an entry with its third component and goes on to the next', () => {
    rig.out(0x3c8, 0xff)
    for (const value of [1, 2, 3, 0x44, 5, 6, 7]) rig.out(0x3c9, value)
    rig.out(0x3c7, 0xff)
    expect([0, 1, 2, 3, 4, 5].map(() => rig.in(0x3c9))).toEqual([1, 2, 3, 4, 5, 6])
    rig.out(0x3c7, 1)
    expect(rig.in(0x3c9)).toBe(0) // the seventh value waits for two more
  })

  it('says whether it was set to read or to write, and where', () => {
    rig.out(0x3c8, 0x10)
    expect([rig.in(0x3c7), rig.in(0x3c8)]).toEqual([0, 0x10])
    rig.out(0x3c7, 0x10)
    expect([rig.in(0x3c7), rig.in(0x3c8)]).toEqual([3, 0x11])
    rig.out(0x3c6, 0x3f)
    expect(rig.in(0x3c6)).toBe(0x3f)
  })

  it('takes index and first component in one 16-bit write', () => {
    rig.context.ports.write16(0x3c8, 0x2a_20)
    rig.out(0x3c9, 1)
    rig.out(0x3c9, 2)
    rig.out(0x3c7, 0x20)
    expect([rig.in(0x3c9), rig.in(0x3c9), rig.in(0x3c9)]).toEqual([0x2a, 1, 2])
  })

  it('has 8-bit components when the VBE interface says so, and keeps the colours', () => {
    rig.out(0x3c8, 5)
    for (const value of [63, 32, 1]) rig.out(0x3c9, value)
    rig.vbe(4, 0x20)
    rig.out(0x3c7, 5)
    expect([rig.in(0x3c9), rig.in(0x3c9), rig.in(0x3c9)]).toEqual([252, 128, 4])
    rig.out(0x3c8, 5)
    for (const value of [0xff, 0x81, 0x7e]) rig.out(0x3c9, value)
    rig.out(0x3c7, 5)
    expect([rig.in(0x3c9), rig.in(0x3c9), rig.in(0x3c9)]).toEqual([0xff, 0x81, 0x7e])
    rig.vbe(4, 0)
    rig.out(0x3c7, 5)
    expect([rig.in(0x3c9), rig.in(0x3c9), rig.in(0x3c9)]).toEqual([0x3f, 0x20, 0x1f])
  })

  it('lets programs sense the monitor by its comparator', () => {
    const sense = (level: number): number => {
      rig.out(0x3c8, 0)
      for (let i = 0; i < 3; i++) rig.out(0x3c9, level)
      return rig.in(0x3c2) & 0x10
    }
    expect([sense(0x04), sense(0x3f)]).toEqual([0x10, 0])
  })
})

describe('port 3C3h', () => {
  it('switches ports and memory off and on', () => {
    rig.poke(0xb_8000, 0x41)
    rig.out(0x3c3, 0)
    expect([rig.in(0x3cc), rig.in(0x3c4), rig.peek(0xb_8000)]).toEqual([0xff, 0xff, 0xff])
    rig.out(0x3c2, 0)
    rig.out(0x3c3, 1)
    expect([rig.in(0x3cc), rig.peek(0xb_8000)]).toEqual([0x67, 0x41])
  })
})

it('has power-on values after reset', () => {
  rig.device.reset()
  expect([rig.in(0x3cc), rig.in(0x3c6), rig.indexed(0x3c4, 1), rig.indexed(0x3b4, 0x0f)]).toEqual([0, 0xff, 0, 0])
  expect(rig.readVbe(0)).toBe(0xb0c5)
})
