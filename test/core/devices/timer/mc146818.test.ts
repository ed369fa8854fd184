import { beforeEach, describe, expect, it } from 'vitest'
import { type Mc146818, mc146818 } from '../../../../core/devices/timer/mc146818.ts'
import { createFakeContext, type FakeContext } from '../../../support/fake-context.ts'
import { Random } from '../../../support/random.ts'

const SECOND = 1e9
let context: FakeContext
let rtc: Mc146818

const select = (register: number) => context.ports.write8(0x70, register)
const inp = (register: number) => {
  select(register)
  return context.ports.read8(0x71)
}
const out = (register: number, value: number) => {
  select(register)
  context.ports.write8(0x71, value)
}
const irq8 = () => context.irqWires[8]

function create(iso: string, offsetMinutes = 0): void {
  context = createFakeContext()
  rtc = mc146818.create(context, { startEpochMs: Date.parse(iso), offsetMinutes })
}

/** Century, year, month, day, weekday, hours, minutes, seconds as the registers show them, in hexadecimal. */
function clock(): string {
  return [0x32, 0x09, 0x08, 0x07, 0x06, 0x04, 0x02, 0x00].map((r) => inp(r).toString(16).padStart(2, '0')).join(' ')
}

beforeEach(() => create('1998-06-25T13:45:58Z'))

describe('calendar', () => {
  it('shows the start time in BCD and 24 hours', () => {
    expect(clock()).toBe('19 98 06 25 05 13 45 58')
  })

  it('can show local time', () => {
    create('1998-06-25T23:45:58Z', 120)
    expect(clock()).toBe('19 98 06 26 06 01 45 58')
  })

  it('counts seconds, minutes, hours and days', () => {
    context.advance(2 * SECOND)
    expect(clock()).toBe('19 98 06 25 05 13 46 00')
    context.advance(86_400 * SECOND)
    expect(clock()).toBe('19 98 06 26 06 13 46 00')
  })

  it('goes from 1999 to 2000 with the century byte', () => {
    create('1999-12-31T23:59:59Z')
    context.advance(SECOND)
    expect(clock()).toBe('20 00 01 01 07 00 00 00')
  })

  it('knows leap years', () => {
    for (const [before, after] of [
      ['2000-02-28T23:59:59Z', '20 00 02 29'],
      ['1999-02-28T23:59:59Z', '19 99 03 01'],
      ['2100-02-28T23:59:59Z', '21 00 03 01'],
      ['2096-02-28T23:59:59Z', '20 96 02 29'],
    ] as const) {
      create(before)
      context.advance(SECOND)
      expect(clock().slice(0, 11)).toBe(after)
    }
  })

  it('starts in the middle of a second when the host did', () => {
    create('1998-06-25T13:45:58.250Z')
    context.advance(0.75 * SECOND - 1)
    expect(inp(0)).toBe(0x58)
    context.advance(1)
    expect(inp(0)).toBe(0x59)
  })

  it('keeps time in binary and in 12-hour form when the guest sets it so', () => {
    out(0x0b, 0x84) // SET, binary, 12 hours
    for (const [register, value] of [
      [0, 59],
      [2, 59],
      [4, 0x80 | 11],
      [6, 7],
      [7, 31],
      [8, 12],
      [9, 98],
      [0x32, 19],
    ] as const)
      out(register, value)
    out(0x0b, 0x04)
    context.advance(SECOND)
    expect([0x32, 9, 8, 7, 6, 4, 2, 0].map(inp)).toEqual([19, 99, 1, 1, 1, 12, 0, 0])
    context.advance(12 * 3600 * SECOND)
    expect(inp(4)).toBe(0x80 | 12)
    context.advance(3600 * SECOND)
    expect(inp(4)).toBe(0x80 | 1)
  })

  it('stands still while SET is on and goes on from what was written', () => {
    out(0x0b, 0x82)
    out(0, 0x10)
    context.advance(10 * SECOND)
    expect(inp(0)).toBe(0x10)
    out(0x0b, 0x02)
    context.advance(SECOND)
    expect(inp(0)).toBe(0x11)
  })

  it('begins to count half a second after the divider leaves its reset', () => {
    out(0x0a, 0x76)
    context.advance(5.3 * SECOND)
    expect(inp(0)).toBe(0x58)
    out(0x0a, 0x26)
    context.advance(0.5 * SECOND - 1)
    expect(inp(0)).toBe(0x58)
    context.advance(1)
    expect(inp(0)).toBe(0x59)
  })

  it('agrees with the Gregorian calendar of the host at random moments', () => {
    const random = new Random(0x146818)
    for (let i = 0; i < 300; i++) {
      const start = Date.UTC(1980, 0, 1) + random.below(3_000_000_000) * 1000
      const seconds = 1 + random.below(i % 2 === 0 ? 100 : 10_000_000)
      create(new Date(start).toISOString())
      context.clock.advanceBy(seconds * SECOND)
      const then = new Date(start + seconds * 1000)
      expect(clock().replaceAll(' ', '')).toBe(
        then.toISOString().slice(0, 10).replaceAll('-', '') +
          `0${then.getUTCDay() + 1}` +
          then.toISOString().slice(11, 19).replaceAll(':', ''),
      )
      expect(rtc.clockMs).toBe(then.getTime())
    }
  })

  it('can be set by the machine while it runs', () => {
    rtc.setClock(Date.parse('2024-03-01T08:09:10.500Z'))
    expect(clock()).toBe('20 24 03 01 06 08 09 10')
    context.advance(SECOND / 2)
    expect(inp(0)).toBe(0x11)
  })
})

describe('update in progress', () => {
  it('is shown from 244 µs before the 1984 µs of an update', () => {
    context.advance(SECOND - 2_228_001)
    expect(inp(0x0a)).toBe(0x26)
    context.advance(1)
    expect(inp(0x0a)).toBe(0xa6)
    context.advance(2_228_000)
    expect([inp(0x0a), inp(0)]).toEqual([0x26, 0x59])
  })

  it('is never shown while SET is on', () => {
    out(0x0b, 0x82)
    context.advance(SECOND - 1000)
    expect(inp(0x0a)).toBe(0x26)
  })
})

describe('interrupts', () => {
  it('comes once for an update and again only after register C was read', () => {
    out(0x0b, 0x12)
    context.advance(5 * SECOND)
    expect(irq8()).toMatchObject({ level: true, rises: 1 })
    expect(inp(0x0c)).toBe(0xd0) // the periodic flag rises whether it may interrupt or not
    expect(irq8()?.level).toBe(false)
    expect(inp(0x0c)).toBe(0)
    context.advance(SECOND)
    expect(irq8()).toMatchObject({ level: true, rises: 2 })
  })

  it('comes at the periodic rate', () => {
    for (const [rate, hz] of [
      [3, 8192],
      [6, 1024],
      [15, 2],
      [1, 256],
      [2, 128],
    ] as const) {
      create('1998-06-25T13:45:58Z')
      out(0x0a, 0x20 | rate)
      out(0x0b, 0x42)
      let ticks = 0
      while (context.clock.nowNs() < 2 * SECOND) {
        context.advance(60_000)
        if (irq8()?.level) {
          ticks++
          inp(0x0c)
        }
      }
      expect(Math.abs(ticks - 2 * hz)).toBeLessThanOrEqual(1)
    }
  })

  it('sets flags without interrupt when none is enabled', () => {
    inp(0x0c)
    context.advance(SECOND)
    expect(inp(0x0c)).toBe(0x50)
    expect(irq8()?.rises).toBe(0)
  })

  it('asks at once when an interrupt is enabled whose flag is already set', () => {
    context.advance(SECOND)
    out(0x0b, 0x12)
    expect(irq8()?.level).toBe(true)
    out(0x0b, 0x02)
    expect(irq8()?.level).toBe(false)
  })

  it('keeps the update interrupt enabled when SET is turned on', () => {
    out(0x0b, 0x12)
    out(0x0b, 0x92)
    expect(inp(0x0b)).toBe(0x92)
    context.advance(3 * SECOND)
    expect(irq8()?.rises).toBe(0)
    out(0x0b, 0x12)
    context.advance(SECOND)
    expect(irq8()?.rises).toBe(1)
  })

  it('rings at the alarm time', () => {
    out(1, 0x05)
    out(3, 0x46)
    out(5, 0x13)
    out(0x0b, 0x22)
    context.advance(6 * SECOND)
    expect(irq8()?.level).toBe(false)
    context.advance(SECOND)
    expect([irq8()?.level, inp(0x0c) & 0xa0]).toEqual([true, 0xa0])
    context.advance(3600 * SECOND)
    expect(irq8()?.level).toBe(false)
  })

  it('rings every minute or hour with bytes that match anything', () => {
    out(1, 0x00)
    out(3, 0xff)
    out(5, 0xc0)
    out(0x0b, 0x22)
    let rings = 0
    for (let second = 0; second < 600; second++) {
      context.advance(SECOND)
      if (inp(0x0c) & 0x20) rings++
    }
    expect(rings).toBe(10)
  })

  it('finds an alarm that passed while nobody looked', () => {
    inp(0x0c)
    out(1, 0x00)
    out(3, 0x00)
    out(5, 0x03)
    context.clock.advanceBy(20 * 3600 * SECOND)
    expect(inp(0x0c) & 0x20).toBe(0x20)
  })

  it('does not wake the host when no interrupt is enabled', () => {
    expect(context.timers.nextDeadlineNs()).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('CMOS RAM and ports', () => {
  it('keeps 114 bytes for the guest', () => {
    for (let address = 0x0e; address < 0x80; address++) if (address !== 0x32) out(address, address ^ 0x5a)
    for (let address = 0x0e; address < 0x80; address++) if (address !== 0x32) expect(inp(address)).toBe(address ^ 0x5a)
  })

  it('is filled by the machine without touching the clock', () => {
    rtc.writeRam(0x10, 0x40)
    rtc.writeRam(0x00, 0x99)
    rtc.writeRam(0x0b, 0x99)
    expect([inp(0x10), rtc.readRam(0x10), inp(0), inp(0x0b)]).toEqual([0x40, 0x40, 0x58, 0x02])
  })

  it('says that the battery is good and takes no writes to C and D', () => {
    out(0x0d, 0)
    out(0x0c, 0xff)
    expect([inp(0x0d), inp(0x0c)]).toEqual([0x80, 0])
  })

  it('masks NMI by bit 7 of the index', () => {
    const seen: boolean[] = []
    rtc.onNmiMask = (masked) => seen.push(masked)
    select(0x8d)
    expect(rtc.nmiMasked).toBe(true)
    expect(context.ports.read8(0x71)).toBe(0x80)
    select(0x0d)
    expect(seen).toEqual([true, false])
  })

  it('forgets enables and flags on reset, but neither time nor memory', () => {
    out(0x40, 0x77)
    out(0x0b, 0x72)
    context.advance(SECOND)
    rtc.reset()
    expect([inp(0x0b), inp(0x0c), irq8()?.level, inp(0x40), inp(0)]).toEqual([0x02, 0, false, 0x77, 0x59])
  })
})
