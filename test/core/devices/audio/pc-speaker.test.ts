import { beforeEach, describe, expect, it } from 'vitest'
import { type PcSpeaker, pcSpeaker, type SpeakerChange } from '../../../../core/devices/audio/pc-speaker.ts'
import { i8254 } from '../../../../core/devices/timer/i8254.ts'
import { createFakeContext, type FakeContext } from '../../../support/fake-context.ts'

let context: FakeContext
let speaker: PcSpeaker
let changes: SpeakerChange[]

const out = (port: number, value: number) => context.ports.write8(port, value)
const inp = (port: number) => context.ports.read8(port)

beforeEach(() => {
  context = createFakeContext()
  speaker = pcSpeaker.create(context, {})
  speaker.connect(i8254.create(context, {}).speakerTimer)
  changes = []
  speaker.onChange = (change) => changes.push(change)
})

describe('tones', () => {
  it('tells when a tone begins, changes and ends, and its frequency', () => {
    out(0x43, 0xb6)
    out(0x42, 1193 & 0xff)
    out(0x42, 1193 >> 8)
    expect(changes).toEqual([])
    context.advance(1_000_000)
    out(0x61, inp(0x61) | 3)
    context.advance(250_000_000)
    out(0x42, 2386 & 0xff)
    out(0x42, 2386 >> 8)
    context.advance(250_000_000)
    out(0x61, inp(0x61) & ~3)
    expect(changes.map(({ timeNs, frequencyHz }) => [timeNs, Math.round(frequencyHz)])).toEqual([
      [1_000_000, 1000],
      [251_000_000, 500],
      [501_000_000, 0],
    ])
  })

  it('tells the levels of a program that moves the cone by the data bit', () => {
    out(0x43, 0x90) // mode 0: output low
    out(0x43, 0xb6) // mode 3 without a count and with the gate low: output high
    out(0x61, 2)
    context.advance(100_000)
    out(0x61, 0)
    expect(changes.map(({ wave, frequencyHz }) => ({ wave, frequencyHz }))).toEqual([
      { wave: { kind: 'steady', high: true }, frequencyHz: 0 },
      { wave: { kind: 'steady', high: false }, frequencyHz: 0 },
    ])
  })

  it('says nothing when the same is written again', () => {
    out(0x61, 3)
    const before = changes.length
    out(0x61, 3)
    expect(changes.length).toBe(before)
  })
})

describe('port 61h', () => {
  it('keeps the low four bits and reads back no others of them', () => {
    out(0x61, 0xfe)
    expect(inp(0x61) & 0xcf).toBe(0x0e)
  })

  it('shows the output of channel 2 in bit 5', () => {
    out(0x61, 1)
    out(0x43, 0xb0) // mode 0
    out(0x42, 100)
    out(0x42, 0)
    expect(inp(0x61) & 0x20).toBe(0)
    context.advance(100_000)
    expect(inp(0x61) & 0x20).toBe(0x20)
  })

  it('toggles bit 4 every 18 ticks of the timer clock', () => {
    let toggles = 0
    let last = inp(0x61) & 0x10
    for (let us = 0; us < 10_000; us++) {
      context.advance(1000)
      const now = inp(0x61) & 0x10
      if (now !== last) toggles++
      last = now
    }
    expect(toggles).toBe(Math.floor(11_931 / 18))
  })
})
