import { beforeEach, describe, expect, it } from 'vitest'
import { type I8254, i8254 } from '../../../../core/devices/timer/i8254.ts'
import { TickScale } from '../../../../core/time/tick-scale.ts'
import { createFakeContext, type FakeContext } from '../../../support/fake-context.ts'
import { Random } from '../../../support/random.ts'

const scale = new TickScale(1_193_182)
let context: FakeContext
let pit: I8254

const out = (port: number, ...values: number[]) => {
  for (const value of values) context.ports.write8(port, value)
}
const inp = (port: number) => context.ports.read8(port)
/** Goes to the instant at which input clock pulse `tick` has just happened. */
const toTick = (tick: number) => context.advanceTo(scale.nsAt(tick))
const irq0 = () => context.irqWires[0]?.rises
const gate2 = (level: boolean) => pit.speakerTimer.setGate(level)

/** Programs a channel with a count of two bytes. */
function program(channel: number, mode: number, count: number, bcd = false): void {
  out(0x43, (channel << 6) | 0x30 | (mode << 1) | (bcd ? 1 : 0))
  out(0x40 + channel, count & 0xff, count >> 8)
}

/** The count by latch command. */
function count(channel: number): number {
  out(0x43, channel << 6)
  return inp(0x40 + channel) | (inp(0x40 + channel) << 8)
}

/** The status byte by read-back command. */
function status(channel: number): number {
  out(0x43, 0xe0 | (2 << channel))
  return inp(0x40 + channel)
}

const isHigh = (channel: number) => (status(channel) & 0x80) !== 0

/** OUT of channel 2 at each of `ticks`, as in the wave forms of the data sheet. */
function outputs(first: number, last: number): string {
  let wave = ''
  for (let tick = first; tick <= last; tick++) {
    toTick(tick)
    wave += pit.speakerTimer.output ? '-' : '_'
  }
  return wave
}

beforeEach(() => {
  context = createFakeContext()
  pit = i8254.create(context, {})
})

describe('mode 0, interrupt on terminal count', () => {
  it('goes high N + 1 pulses after the count is written, and stays', () => {
    gate2(true)
    program(2, 0, 4)
    expect(outputs(0, 8)).toBe('_____----')
  })

  it('counts down through zero to FFFF', () => {
    program(1, 0, 3)
    const seen = [1, 2, 3, 4, 5, 6].map((tick) => {
      toTick(tick)
      return count(1)
    })
    expect(seen).toEqual([3, 2, 1, 0, 0xffff, 0xfffe])
  })

  it('stands still while the gate is low', () => {
    gate2(true)
    program(2, 0, 5)
    toTick(3)
    gate2(false)
    toTick(100)
    expect(count(2)).toBe(3)
    gate2(true)
    expect(outputs(101, 104)).toBe('__--')
  })

  it('stops and goes low with the first byte of a new count', () => {
    program(0, 0, 2)
    toTick(10)
    expect([isHigh(0), irq0()]).toEqual([true, 1])
    out(0x40, 3)
    toTick(20)
    expect(isHigh(0)).toBe(false)
    out(0x40, 0)
    toTick(23)
    expect(isHigh(0)).toBe(false)
    toTick(24)
    expect([isHigh(0), irq0()]).toEqual([true, 2])
  })
})

describe('mode 1, retriggerable one-shot', () => {
  it('is low for N pulses after each rise of the gate', () => {
    program(2, 1, 3)
    expect(outputs(0, 4)).toBe('-----')
    gate2(true)
    expect(outputs(4, 10)).toBe('-___---')
    gate2(false)
    gate2(true)
    expect(outputs(11, 12)).toBe('__')
    gate2(false)
    gate2(true)
    expect(outputs(13, 16)).toBe('___-')
  })

  it('keeps a new count for the next trigger', () => {
    program(2, 1, 2)
    gate2(true)
    toTick(1)
    out(0x42, 5, 0)
    expect(outputs(1, 4)).toBe('__--')
    gate2(false)
    gate2(true)
    expect(outputs(5, 10)).toBe('_____-')
  })
})

describe('mode 2, rate generator', () => {
  it('is low for the last pulse of each period', () => {
    gate2(true)
    program(2, 2, 3)
    expect(outputs(0, 9)).toBe('---_--_--_')
  })

  it('takes a new count at the end of the period', () => {
    gate2(true)
    program(2, 2, 4)
    toTick(2)
    out(0x42, 3, 0)
    expect(outputs(2, 11)).toBe('--_--_--_-')
  })

  it('goes high at once when the gate falls and starts over when it rises', () => {
    gate2(true)
    program(2, 2, 3)
    toTick(3)
    expect(pit.speakerTimer.output).toBe(false)
    gate2(false)
    expect(pit.speakerTimer.output).toBe(true)
    toTick(9)
    gate2(true)
    expect(outputs(10, 15)).toBe('--_--_')
  })

  it('interrupts 1193182 / N times a second without drift', () => {
    program(0, 2, 1193)
    const before = irq0() ?? 0
    context.advanceTo(100 * 1e9)
    expect((irq0() ?? 0) - before).toBe(100_015) // 119318199 pulses after loading
  })
})

describe('mode 3, square wave', () => {
  it('is high for one half of an even period', () => {
    gate2(true)
    program(2, 3, 4)
    expect(outputs(1, 10)).toBe('--__--__--')
  })

  it('is high one pulse longer than low for an odd period', () => {
    gate2(true)
    program(2, 3, 5)
    expect(outputs(1, 11)).toBe('---__---__-')
  })

  it('counts by two, twice per period', () => {
    program(1, 3, 6)
    const even = [1, 2, 3, 4, 5, 6].map((tick) => {
      toTick(tick)
      return count(1)
    })
    expect(even).toEqual([6, 4, 2, 6, 4, 2])
  })

  it('loads odd counts less one', () => {
    program(1, 3, 5)
    const odd = [1, 2, 3, 4, 5].map((tick) => {
      toTick(tick)
      return count(1)
    })
    expect(odd).toEqual([4, 2, 0, 4, 2])
  })

  it('takes a new count at the end of the half period', () => {
    gate2(true)
    program(2, 3, 8)
    toTick(2)
    out(0x42, 4, 0)
    expect(outputs(1 + 1, 12)).toBe('---__--__--')
  })

  it('ticks the PC clock 18.2 times a second with a count of 0', () => {
    program(0, 3, 0)
    const before = irq0() ?? 0
    context.advanceTo(3600 * 1e9)
    expect((irq0() ?? 0) - before).toBe(65_543) // 4295455199 pulses after loading, by 65536
  })
})

describe('modes 4 and 5, strobes', () => {
  it('is low for one pulse, N + 1 pulses after a count is written in mode 4', () => {
    gate2(true)
    program(2, 4, 3)
    expect(outputs(0, 7)).toBe('----_---')
    out(0x42, 1, 0)
    expect(outputs(8, 11)).toBe('-_--')
  })

  it('is low for one pulse, N + 1 pulses after the gate rises in mode 5', () => {
    program(2, 5, 2)
    expect(outputs(0, 5)).toBe('------')
    gate2(true)
    expect(outputs(5, 10)).toBe('---_--')
  })

  it('raises IRQ0 once at the end of the strobe', () => {
    program(0, 4, 1000)
    expect(irq0()).toBe(1)
    toTick(5000)
    expect(irq0()).toBe(2)
  })
})

describe('reading', () => {
  it('gives a latched count until it was read, whatever happens in between', () => {
    program(1, 2, 1000)
    toTick(11)
    out(0x43, 0x40)
    toTick(500)
    out(0x43, 0x40)
    expect(inp(0x41) | (inp(0x41) << 8)).toBe(990)
    expect(inp(0x41) | (inp(0x41) << 8)).toBe(501)
  })

  it('gives status before count when both are latched by read-back', () => {
    program(1, 2, 0x1234)
    toTick(1)
    out(0x43, 0xc4)
    expect([inp(0x41), inp(0x41), inp(0x41)]).toEqual([0x80 | 0x34, 0x34, 0x12])
  })

  it('latches several channels with one read-back command', () => {
    program(0, 2, 100)
    program(1, 2, 200)
    toTick(1)
    out(0x43, 0xd6)
    toTick(50)
    expect([inp(0x40) | (inp(0x40) << 8), inp(0x41) | (inp(0x41) << 8)]).toEqual([100, 200])
  })

  it('says in the status that a written count is not loaded yet', () => {
    out(0x43, 0x74)
    expect(status(1) & 0x40).toBe(0x40)
    out(0x41, 10, 0)
    expect(status(1) & 0x40).toBe(0x40)
    toTick(1)
    expect(status(1) & 0x40).toBe(0)
    out(0x41, 20, 0)
    expect(status(1) & 0x40).toBe(0x40)
    toTick(11)
    expect(status(1) & 0x40).toBe(0)
  })

  it('reads and writes one byte where the control word says so', () => {
    out(0x43, 0x54) // channel 1, low byte only, mode 2
    out(0x41, 18)
    toTick(1)
    expect([inp(0x41), inp(0x41)]).toEqual([18, 18])
    out(0x43, 0x64) // high byte only
    out(0x41, 0x12)
    toTick(2)
    expect(inp(0x41)).toBe(0x12)
  })

  it('counts decimal digits in BCD mode', () => {
    program(1, 2, 0x1000, true)
    toTick(2)
    expect(count(1)).toBe(0x0999)
    toTick(1001)
    expect(count(1)).toBe(0x1000)
    program(1, 0, 0, true)
    toTick(1003)
    expect(count(1)).toBe(0x9999)
  })
})

describe('speaker channel', () => {
  it('describes a square wave by its period', () => {
    let changes = 0
    pit.speakerTimer.onWaveChange = () => changes++
    gate2(true)
    program(2, 3, 1193)
    expect(changes).toBeGreaterThan(0)
    const wave = pit.speakerTimer.wave()
    expect(wave.kind === 'square' && 1e9 / wave.periodNs).toBeCloseTo(1000.15, 1)
  })

  it('describes the pulse of a program that plays samples in mode 0', () => {
    gate2(true)
    out(0x43, 0x90)
    out(0x42, 40)
    expect(pit.speakerTimer.wave()).toEqual({ kind: 'step', high: false, atNs: scale.nsAt(41) })
  })

  it('is steady while the gate is low', () => {
    program(2, 3, 100)
    expect(pit.speakerTimer.wave()).toEqual({ kind: 'steady', high: true })
  })
})

it('does not let a period of two ticks occupy the host', () => {
  program(0, 2, 2)
  const before = irq0() ?? 0
  context.advance(1e9)
  expect((irq0() ?? 0) - before).toBeLessThan(101_000)
  program(0, 2, 1)
  const stuck = irq0()
  context.advance(1e9)
  expect(irq0()).toBe(stuck)
})

it('fires once for all the ticks a late host has missed', () => {
  program(0, 2, 1193)
  const before = irq0() ?? 0
  context.clock.advanceBy(5e9)
  context.timers.poll()
  expect((irq0() ?? 0) - before).toBe(1)
  context.advance(1e9)
  expect((irq0() ?? 0) - before).toBeGreaterThan(998)
})

it('raises IRQ0 exactly when a channel that is looked at every tick would go from low to high', () => {
  const random = new Random(0x8254)
  for (let round = 0; round < 300; round++) {
    const mode = random.pick([0, 2, 3, 4])
    const period = 14 + random.below(60)
    const start = scale.ticksAt(context.clock.nowNs())
    program(0, mode, period)
    let rises = 0
    const before = irq0() ?? 0
    let high = isHigh(0)
    let tick = start
    const rewriteAt = random.below(150)
    for (let i = 0; i < 200; i++) {
      if (i === rewriteAt && mode >= 2) out(0x40, 14 + random.below(60), 0)
      toTick(++tick)
      const now = isHigh(0)
      if (now && !high) rises++
      high = now
    }
    expect((irq0() ?? 0) - before, `mode ${mode}, period ${period}, rewritten at ${rewriteAt}`).toBe(rises)
  }
})
