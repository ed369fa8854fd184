/** What follows from time: retrace, refresh rates, page flips, blinking. */
import { beforeEach, describe, expect, it } from 'vitest'
import { type ModeRegisters, VGA_MODES } from '../../../support/vga-modes.ts'
import { VgaRig } from '../../../support/vga-rig.ts'

let rig: VgaRig

beforeEach(() => {
  rig = new VgaRig()
})

/** Moves to the beginning of the next frame. */
function toFrameStart(frameNs: number): number {
  const start = (Math.floor(rig.context.clock.nowNs() / frameNs) + 1) * frameNs
  rig.context.advanceTo(start)
  return start
}

describe('the refresh rate', () => {
  it.each([
    ['3', VGA_MODES[3], 28_322_000 / (100 * 9 * 449)],
    ['12h', VGA_MODES[18], 25_175_000 / (100 * 8 * 525)],
    ['13h', VGA_MODES[19], 25_175_000 / (100 * 8 * 449)],
    ['1', VGA_MODES[1], 28_322_000 / 2 / (50 * 9 * 449)],
  ] as const)('of mode %s is that of the crystal and the totals', (_name, mode, hz) => {
    rig.setMode(mode as ModeRegisters)
    expect(rig.device.refreshHz).toBeCloseTo(hz, 6)
  })

  it('is a sane number whatever the registers say', () => {
    expect(rig.device.refreshHz).toBe(60)
    rig.setMode(VGA_MODES[3])
    for (const index of [0x11, 0, 6, 7]) rig.crtc(index, 0)
    expect(rig.device.refreshHz).toBe(60)
  })
})

describe('input status 1', () => {
  it('shows vertical retrace in lines 412 and 413 of 449, and blanking beside and below the picture', () => {
    rig.setMode(VGA_MODES[3])
    const frameNs = 1e9 / rig.device.refreshHz
    const lineNs = frameNs / 449
    const start = toFrameStart(frameNs)
    const at = (line: number, part: number): number => {
      rig.context.advanceTo(start + (line + part) * lineNs)
      return rig.in(0x3da) & 0x09
    }
    const seen = [at(0, 0.1), at(0, 0.79), at(0, 0.81), at(1, 0.1), at(399, 0.5), at(400, 0.1)]
    expect(seen).toEqual([0, 0, 1, 0, 0, 1])
    expect([at(411, 0.9), at(412, 0.1), at(413, 0.9), at(414, 0.1), at(448, 0.9), at(449, 0.1)]).toEqual([
      1, 9, 9, 1, 1, 0,
    ])
  })

  it('changes the diagnostic bits within the picture', () => {
    rig.setMode(VGA_MODES[3])
    const bits = new Set<number>()
    for (let i = 0; i < 100; i++) {
      rig.context.advance(1_700)
      bits.add(rig.in(0x3da) & 0x30)
    }
    expect(bits).toEqual(new Set([0x00, 0x10, 0x20, 0x30]))
  })

  it('never lets a poller miss a retrace, though the clock jumps over it', () => {
    rig.setMode(VGA_MODES[3])
    const frameNs = 1e9 / rig.device.refreshHz
    toFrameStart(frameNs)
    rig.in(0x3da)
    let retraces = 0
    let inside = false
    for (let step = 0; step < 1000; step++) {
      rig.context.advance(frameNs / 10)
      const now = (rig.in(0x3da) & 8) !== 0
      if (now && !inside) retraces++
      inside = now
    }
    expect(retraces).toBe(100)
  })

  it('shows nothing special to a program that looks after a long time', () => {
    rig.setMode(VGA_MODES[3])
    const frameNs = 1e9 / rig.device.refreshHz
    const start = toFrameStart(frameNs)
    rig.context.advanceTo(start + 5 * frameNs + 1000)
    expect(rig.in(0x3da) & 0x09).toBe(0)
  })
})

it('latches the vertical retrace in input status 0 until it is cleared', () => {
  rig.setMode(VGA_MODES[3])
  const pending = (): number => rig.in(0x3c2) & 0x80
  rig.crtc(0x11, 0x2e)
  expect(pending()).toBe(0)
  rig.crtc(0x11, 0x3e)
  expect(pending()).toBe(0)
  rig.context.advance(1e9 / 70)
  expect(pending()).toBe(0x80)
  rig.crtc(0x11, 0x2e)
  rig.crtc(0x11, 0x3e)
  expect(pending()).toBe(0)
})

it('shows a new start address from the next retrace on, however its two halves are written', () => {
  rig.setMode(VGA_MODES[19])
  rig.out(0x3c6, 0xff)
  rig.sequencer(4, 6) // through planar addressing, page 1 begins at 4000h
  rig.poke(0xa_0000, 1)
  rig.poke(0xa_4000, 2)
  rig.sequencer(4, 0xe)
  const first = (): number => rig.picture().pixels[0] ?? -1
  const frameNs = 1e9 / rig.device.refreshHz
  toFrameStart(frameNs)
  const pageNought = first()
  rig.crtc(0x0c, 0x40)
  expect(first()).toBe(pageNought)
  rig.crtc(0x0d, 0x00)
  rig.context.advance(frameNs * 0.9)
  expect(first()).toBe(pageNought)
  rig.context.advance(frameNs * 0.1)
  expect(rig.frame().changed).toBe(true)
  expect(first()).not.toBe(pageNought)
})

describe('blinking', () => {
  it('turns the cursor every 8 frames and characters every 16', () => {
    rig.setMode(VGA_MODES[3])
    rig.loadFont()
    rig.type('\xdb', { attribute: 0x87 })
    rig.crtc(0x0a, 0)
    rig.crtc(0x0b, 15)
    rig.crtc(0x0f, 1)
    rig.poke(0xb_8002, 0x20, 0x07)
    const frameNs = 1e9 / rig.device.refreshHz
    rig.context.advanceTo((Math.ceil(rig.context.clock.nowNs() / (32 * frameNs)) * 32 + 0.5) * frameNs)
    const seen: string[] = []
    for (let i = 0; i < 8; i++) {
      const { pixels } = rig.picture()
      seen.push(`${pixels[0] ? 'character' : '-'} ${pixels[9] ? 'cursor' : '-'}`)
      rig.context.advance(8 * frameNs)
    }
    const on = ['character cursor', 'character -', '- cursor', '- -']
    expect(seen).toEqual([...on, ...on])
  })
})

describe('a screen that is switched off', () => {
  it('is dark after a frame, and shows no change while the guest only blinks an eye', () => {
    rig.setMode(VGA_MODES[19])
    rig.poke(0xa_0000, 0xff)
    const frameNs = 1e9 / rig.device.refreshHz
    const dark = (): boolean => rig.picture().pixels.every((pixel) => pixel === 0)
    expect(dark()).toBe(false)
    rig.sequencer(1, 0x21)
    expect(dark()).toBe(false)
    rig.context.advance(2 * frameNs)
    expect(dark()).toBe(true)
    expect(rig.frame()).toMatchObject({ width: 320, height: 200 })
    rig.sequencer(1, 0x01)
    expect(dark()).toBe(false)
  })

  it('is 720 by 400 before anything is programmed', () => {
    const fresh = new VgaRig()
    expect(fresh.frame()).toMatchObject({ width: 720, height: 400, aspectWidth: 4, aspectHeight: 3 })
    expect(fresh.picture().pixels.every((pixel) => pixel === 0)).toBe(true)
    expect(fresh.device.screenText()).toBeNull()
  })
})
