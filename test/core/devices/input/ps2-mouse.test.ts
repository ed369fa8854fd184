import { beforeEach, describe, expect, it } from 'vitest'
import { Ps2Mouse } from '../../../../core/devices/input/ps2-mouse.ts'
import { createFakeContext, type FakeContext } from '../../../support/fake-context.ts'
import { Random } from '../../../support/random.ts'

const MS = 1_000_000
let context: FakeContext
let mouse: Ps2Mouse

function sent(): string {
  const bytes: string[] = []
  for (let byte = mouse.take(); byte >= 0; byte = mouse.take()) bytes.push(byte.toString(16).padStart(2, '0'))
  return bytes.join(' ')
}

function tell(...bytes: number[]): string {
  for (const byte of bytes) mouse.receive(byte)
  return sent()
}

/** Lets time pass and gives every report that comes. */
function reports(ms = 100): string[] {
  const packets: string[] = []
  for (let i = 0; i < ms; i++) {
    context.advance(MS)
    const packet = sent()
    if (packet) packets.push(packet)
  }
  return packets
}

function create(fast = true): void {
  context = createFakeContext()
  mouse = new Ps2Mouse(context.timers, fast)
}

beforeEach(() => create())

describe('reports', () => {
  beforeEach(() => tell(0xf4))

  it('tells movement, with y upwards, and buttons', () => {
    mouse.move(5, 3)
    expect(reports()).toEqual(['28 05 fd'])
    mouse.move(-1, -255)
    mouse.setButtons(1)
    expect(reports()).toEqual(['19 ff ff'])
    mouse.setButtons(6)
    expect(reports()).toEqual(['0e 00 00'])
  })

  it('adds up movement between reports', () => {
    mouse.move(1, 0)
    mouse.move(1, 0)
    mouse.move(1, -2)
    expect(reports()).toEqual(['08 03 02'])
  })

  it('tells a long way in several reports, without overflow', () => {
    mouse.move(600, 0)
    expect(reports()).toEqual(['08 ff 00', '08 ff 00', '08 5a 00'])
  })

  it('sets the overflow bits when movement was lost', () => {
    mouse.move(5000, 0)
    mouse.move(0, 9000)
    const packets = reports()
    expect(packets[0]).toBe('e8 ff 01')
    expect(packets.length).toBe(9)
    expect(packets[1]).toBe('28 ff 01')
  })

  it('tells a press and the release that follows at once', () => {
    mouse.setButtons(1)
    mouse.setButtons(0)
    mouse.setButtons(2)
    mouse.setButtons(0)
    expect(reports()).toEqual(['09 00 00', '08 00 00', '0a 00 00', '08 00 00'])
  })

  it('keeps a click where it was made', () => {
    mouse.move(300, 0)
    mouse.setButtons(1)
    mouse.move(7, 0)
    mouse.setButtons(0)
    expect(reports()).toEqual(['08 ff 00', '09 2d 00', '08 07 00'])
  })

  it('sends nothing for less than a count', () => {
    mouse.move(0.4, 0)
    expect(reports()).toEqual([])
    mouse.move(0.4, 0)
    mouse.move(0.4, 0)
    expect(reports()).toEqual(['08 01 00'])
  })

  it('waits with the next report until the guest has read the last', () => {
    mouse.move(1, 0)
    context.advance(50 * MS)
    mouse.move(2, 0)
    context.advance(50 * MS)
    mouse.move(3, 0)
    context.advance(50 * MS)
    expect(sent()).toBe('08 01 00')
    expect(reports()).toEqual(['08 05 00'])
  })
})

describe('rate', () => {
  /** Reports of a second of steady movement, after the first, which comes at once. */
  const countReports = () => {
    mouse.move(1, 0)
    reports(1)
    let count = 0
    for (let i = 0; i < 1000; i++) {
      mouse.move(1, 0)
      count += reports(1).length
    }
    return count
  }

  it('is 200 a second when the mouse may be faster than the guest asks for', () => {
    tell(0xf3, 40, 0xf4)
    expect(countReports()).toBe(200)
  })

  it('is what the guest asks for otherwise', () => {
    for (const rate of [40, 100]) {
      create(false)
      tell(0xf3, rate, 0xf4)
      expect(countReports()).toBe(rate)
    }
  })
})

describe('commands', () => {
  it('resets with self-test and id', () => {
    expect(tell(0xff)).toBe('fa aa 00')
  })

  it('tells its status: buttons, mode, resolution and rate', () => {
    expect(tell(0xe9)).toBe('fa 00 02 64')
    tell(0xf4, 0xe7, 0xe8, 0x03, 0xf3, 200)
    mouse.setButtons(0b101)
    expect(tell(0xe9)).toBe('fa 36 03 c8')
    tell(0xf0)
    expect(tell(0xe9)).toBe('fa 76 03 c8')
    tell(0xf6)
    expect(tell(0xe9)).toBe('fa 06 02 64')
  })

  it('refuses a resolution and a rate that do not exist', () => {
    expect([tell(0xe8, 4), tell(0xf3, 0)]).toEqual(['fa fc', 'fa fc'])
  })

  it('knocked with 200, 100, 80 it has a wheel', () => {
    expect(tell(0xf2)).toBe('fa 00')
    tell(0xf3, 200, 0xf3, 100, 0xf3, 80)
    expect(tell(0xf2)).toBe('fa 03')
    tell(0xf4)
    mouse.wheel(1)
    expect(reports()).toEqual(['08 00 00 01'])
    mouse.wheel(-2)
    mouse.move(1, 0)
    expect(reports()).toEqual(['08 01 00 fe'])
    tell(0xff)
    expect(tell(0xf2)).toBe('fa 00')
  })

  it('knocked with 200, 200, 80 on top it has five buttons', () => {
    tell(0xf3, 200, 0xf3, 200, 0xf3, 80)
    expect(tell(0xf2)).toBe('fa 00')
    tell(0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf3, 200, 0xf3, 200, 0xf3, 80)
    expect(tell(0xf2)).toBe('fa 04')
    tell(0xf4)
    mouse.setButtons(0x18)
    mouse.wheel(-1)
    expect(reports()).toEqual(['08 00 00 30', '08 00 00 3f'])
  })

  it('has neither wheel nor more buttons without the knock', () => {
    tell(0xf4)
    mouse.wheel(3)
    mouse.setButtons(0x10)
    expect(reports()).toEqual([])
  })

  it('reports only when asked in remote mode', () => {
    tell(0xf0, 0xf4)
    mouse.move(3, 0)
    expect(reports()).toEqual([])
    expect([tell(0xeb), tell(0xeb)]).toEqual(['fa 08 03 00', 'fa 08 00 00'])
    tell(0xea)
    mouse.move(2, 0)
    expect(reports()).toEqual(['08 02 00'])
  })

  it('sends back everything but reset and its own end in wrap mode', () => {
    expect([tell(0xee), tell(0xf4, 0x12, 0xf2), tell(0xec), tell(0xf2)]).toEqual(['fa', 'f4 12 f2', 'fa', 'fa 00'])
    tell(0xee)
    expect(tell(0xff)).toBe('fa aa 00')
  })

  it('scales small movements down and large ones up by 2:1', () => {
    tell(0xf4, 0xe7)
    const scaled = [1, 2, 3, 4, 5, 6, 100].map((dx) => {
      mouse.move(dx, 0)
      return reports(10)[0]?.split(' ')[1]
    })
    expect(scaled).toEqual(['01', '01', '03', '06', '09', '0c', 'c8'])
    tell(0xe6)
    mouse.move(5, 0)
    expect(reports()).toEqual(['08 05 00'])
  })

  it('is silent when disabled, and forgets what happened meanwhile', () => {
    tell(0xf4, 0xf5)
    mouse.move(9, 9)
    expect(reports()).toEqual([])
    tell(0xf4)
    expect(reports()).toEqual([])
  })

  it('sends the last byte again and refuses unknown commands', () => {
    expect([tell(0xfe), tell(0x01)]).toEqual(['00', 'fe'])
  })
})

it('loses no count and no click between host and guest', () => {
  tell(0xf4)
  const random = new Random(0x9005e)
  let [x, presses] = [0, 0]
  let [seenX, seenPresses, wasDown] = [0, 0, false]
  const look = () => {
    const bytes = sent()
    if (!bytes) return
    const [flags, dx] = bytes.split(' ').map((byte) => Number.parseInt(byte, 16)) as [number, number]
    seenX += dx - (flags & 0x10 ? 256 : 0)
    if (flags & 1 && !wasDown) seenPresses++
    wasDown = (flags & 1) !== 0
  }
  for (let i = 0; i < 5000; i++) {
    const dx = random.below(41) - 20
    mouse.move(dx, 0)
    x += dx
    if (random.below(10) === 0) {
      mouse.setButtons(1)
      mouse.setButtons(0)
      presses++
    }
    context.advance(random.below(8) * MS)
    look()
  }
  for (let i = 0; i < 100; i++) {
    context.advance(10 * MS)
    look()
  }
  expect([seenX, seenPresses]).toEqual([x, presses])
})
