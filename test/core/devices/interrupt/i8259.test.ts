import { beforeEach, describe, expect, it } from 'vitest'
import type { InterruptLine } from '../../../../core/bus/interrupt-line.ts'
import { type I8259, i8259 } from '../../../../core/devices/interrupt/i8259.ts'
import { createFakeContext, type FakeContext } from '../../../support/fake-context.ts'
import { Random } from '../../../support/random.ts'

let context: FakeContext
let pic: I8259
let lines: InterruptLine[]
let intr: boolean[]

const out = (port: number, value: number) => context.ports.write8(port, value)
const inp = (port: number) => context.ports.read8(port)

/** The initialisation every PC BIOS does: vectors 08h and 70h, cascade on 2, `icw4` for both. */
function initialise(icw4 = 0x01): void {
  for (const [port, base, cascade] of [
    [0x20, 0x08, 0x04],
    [0xa0, 0x70, 0x02],
  ] as const) {
    out(port, 0x11)
    out(port + 1, base)
    out(port + 1, cascade)
    out(port + 1, icw4)
  }
}

function raise(...irqs: number[]): void {
  for (const irq of irqs) lines[irq]?.set(true)
}

function lower(...irqs: number[]): void {
  for (const irq of irqs) lines[irq]?.set(false)
}

beforeEach(() => {
  context = createFakeContext()
  pic = i8259.create(context, {})
  intr = []
  pic.onOutput = (level) => intr.push(level)
  lines = Array.from({ length: 16 }, (_, line) => pic.irqInput(line))
  initialise()
})

describe('acknowledging', () => {
  it('gives vector base plus level and puts the level in service', () => {
    raise(3)
    expect(pic.pending).toBe(true)
    expect(pic.acknowledge()).toBe(0x0b)
    expect(pic.pending).toBe(false)
    out(0x20, 0x0b)
    expect(inp(0x20)).toBe(0x08)
    expect(intr).toEqual([true, false])
  })

  it('goes through the slave for lines 8 to 15 and needs an end of interrupt in both', () => {
    raise(14)
    expect(pic.acknowledge()).toBe(0x76)
    out(0x20, 0x0b)
    out(0xa0, 0x0b)
    expect([inp(0x20), inp(0xa0)]).toEqual([0x04, 0x40])
    lower(14)
    raise(15, 14)
    expect(pic.pending).toBe(false)
    out(0xa0, 0x20)
    expect(pic.pending).toBe(false)
    out(0x20, 0x20)
    expect(pic.acknowledge()).toBe(0x76)
  })

  it('wires IRQ2 of the bus to input 9', () => {
    raise(2)
    expect(pic.acknowledge()).toBe(0x71)
  })

  it('serves the lowest number first', () => {
    raise(7, 4, 1, 12)
    const served: number[] = []
    while (pic.pending) {
      const vector = pic.acknowledge()
      served.push(vector)
      if (vector >= 0x70) out(0xa0, 0x20)
      out(0x20, 0x20)
    }
    expect(served).toEqual([0x09, 0x74, 0x0c, 0x0f])
  })

  it('lets only higher priorities interrupt what is in service', () => {
    raise(4)
    pic.acknowledge()
    raise(5)
    expect(pic.pending).toBe(false)
    raise(3)
    expect(pic.acknowledge()).toBe(0x0b)
    out(0x20, 0x20)
    expect(pic.pending).toBe(false)
    out(0x20, 0x20)
    expect(pic.acknowledge()).toBe(0x0d)
  })
})

describe('spurious interrupts', () => {
  it('gives vector 7 of the master, with nothing in service, when the request has gone', () => {
    raise(3)
    lower(3)
    expect(pic.pending).toBe(false)
    expect(pic.acknowledge()).toBe(0x0f)
    out(0x20, 0x0b)
    expect(inp(0x20)).toBe(0)
  })

  it('is one of the master, too, when the request of a slave has gone, because the cascade input fell with it', () => {
    raise(10)
    expect(pic.pending).toBe(true)
    lower(10)
    expect(pic.pending).toBe(false)
    expect(pic.acknowledge()).toBe(0x0f)
    out(0xa0, 0x0b)
    expect(inp(0xa0)).toBe(0)
  })
})

describe('edge and level', () => {
  it('requests once per rising edge by default', () => {
    raise(5)
    pic.acknowledge()
    out(0x20, 0x20)
    expect(pic.pending).toBe(false)
    lower(5)
    raise(5)
    expect(pic.acknowledge()).toBe(0x0d)
  })

  it('requests for as long as a level-triggered line is high', () => {
    out(0x4d1, 0x08)
    raise(11)
    expect(pic.acknowledge()).toBe(0x73)
    expect(pic.pending).toBe(false)
    out(0xa0, 0x20)
    out(0x20, 0x20)
    expect(pic.acknowledge()).toBe(0x73)
    lower(11)
    out(0xa0, 0x20)
    out(0x20, 0x20)
    expect(pic.pending).toBe(false)
  })

  it('keeps lines 0, 1, 2, 8 and 13 edge-triggered whatever is written', () => {
    out(0x4d0, 0xff)
    out(0x4d1, 0xff)
    expect([inp(0x4d0), inp(0x4d1)]).toEqual([0xf8, 0xde])
  })

  it('shows all requests in IRR, also masked ones, and forgets those whose line falls', () => {
    out(0x21, 0xff)
    raise(3, 6)
    expect(inp(0x20)).toBe(0x48)
    lower(6)
    expect(inp(0x20)).toBe(0x08)
    expect(pic.pending).toBe(false)
  })

  it('is high while any device on a shared line holds it', () => {
    const second = pic.irqInput(5)
    out(0x4d0, 0x20)
    raise(5)
    second.set(true)
    lower(5)
    expect(inp(0x20)).toBe(0x20)
    second.set(false)
    expect(inp(0x20)).toBe(0)
  })
})

describe('end of interrupt', () => {
  it('ends a named level by a specific command', () => {
    raise(6)
    pic.acknowledge()
    raise(2)
    raise(1)
    pic.acknowledge()
    out(0x20, 0x60 | 6)
    out(0x20, 0x0b)
    expect(inp(0x20)).toBe(0x02)
  })

  it('needs no command in automatic mode', () => {
    initialise(0x03)
    raise(3)
    pic.acknowledge()
    out(0x20, 0x0b)
    expect(inp(0x20)).toBe(0)
    raise(4)
    expect(pic.acknowledge()).toBe(0x0c)
  })

  it('delivers the next request of a slave in automatic mode through the same cascade input', () => {
    initialise(0x03)
    raise(9, 10)
    expect(pic.acknowledge()).toBe(0x71)
    expect(pic.acknowledge()).toBe(0x72)
    expect(pic.pending).toBe(false)
  })
})

describe('priorities', () => {
  it('makes the served level the lowest on "rotate on non-specific EOI"', () => {
    raise(0, 1)
    pic.acknowledge()
    lower(0)
    out(0x20, 0xa0)
    raise(0)
    expect(pic.acknowledge()).toBe(0x09)
    out(0x20, 0x20)
    expect(pic.acknowledge()).toBe(0x08)
  })

  it('makes the named level the lowest on "rotate on specific EOI"', () => {
    raise(5)
    pic.acknowledge()
    out(0x20, 0xe0 | 5)
    raise(4, 6)
    expect(pic.acknowledge()).toBe(0x0e)
  })

  it('can set the lowest level outright, and nothing changes on "no operation"', () => {
    out(0x20, 0xc0 | 3)
    out(0x20, 0x40 | 6)
    raise(3, 4)
    expect(pic.acknowledge()).toBe(0x0c)
  })

  it('rotates by itself in automatic mode when told to, and stops when told to', () => {
    initialise(0x03)
    out(0x20, 0x80)
    raise(0)
    pic.acknowledge()
    lower(0)
    raise(0, 7)
    expect(pic.acknowledge()).toBe(0x0f)
    expect(pic.acknowledge()).toBe(0x08)
    out(0x20, 0x00)
    lower(0, 7)
    raise(0, 7)
    expect(pic.acknowledge()).toBe(0x0f)
  })
})

describe('modes', () => {
  it('lets lower levels through in special mask mode while the level in service is masked', () => {
    raise(3)
    pic.acknowledge()
    raise(5)
    expect(pic.pending).toBe(false)
    out(0x21, 0x08)
    expect(pic.pending).toBe(false)
    out(0x20, 0x68)
    expect(pic.acknowledge()).toBe(0x0d)
    out(0x20, 0x20) // ends 5, not the masked 3
    out(0x20, 0x0b)
    expect(inp(0x20)).toBe(0x08)
    out(0x20, 0x48)
    raise(6)
    expect(pic.pending).toBe(false)
  })

  it('lets a higher level of the slave interrupt a lower one in special fully nested mode', () => {
    initialise(0x11)
    raise(12)
    expect(pic.acknowledge()).toBe(0x74)
    raise(3)
    expect(pic.pending).toBe(false)
    raise(9)
    expect(pic.acknowledge()).toBe(0x71)
  })

  it('does not do so in normal nesting', () => {
    raise(12)
    pic.acknowledge()
    raise(9)
    expect(pic.pending).toBe(false)
  })

  it('answers a poll command by taking the request into service', () => {
    raise(6)
    out(0x20, 0x0c)
    expect(inp(0x20)).toBe(0x86)
    expect(pic.pending).toBe(false)
    out(0x20, 0x0b)
    expect(inp(0x20)).toBe(0x40)
    out(0x20, 0x0c)
    expect(inp(0x21) & 0x80).toBe(0)
  })

  it('keeps the choice between IRR and ISR until it is changed', () => {
    raise(1)
    pic.acknowledge()
    out(0x20, 0x0b)
    expect([inp(0x20), inp(0x20)]).toEqual([0x02, 0x02])
    out(0x20, 0x08)
    expect(inp(0x20)).toBe(0x02)
    out(0x20, 0x0a)
    expect(inp(0x20)).toBe(0x00)
  })
})

describe('initialisation', () => {
  it('clears mask, service and pending edges, and takes the words in order', () => {
    out(0x21, 0xff)
    raise(4)
    out(0x20, 0x11)
    expect(inp(0x21)).toBe(0)
    out(0x21, 0x33)
    out(0x21, 0x04)
    out(0x21, 0x01)
    out(0x21, 0xfe)
    expect(inp(0x21)).toBe(0xfe)
    expect(pic.pending).toBe(false)
    raise(0)
    expect(pic.acknowledge()).toBe(0x30)
  })

  it('expects neither ICW3 in single mode nor ICW4 when it is not announced', () => {
    out(0x20, 0x12)
    out(0x21, 0x40)
    out(0x21, 0xfb)
    expect(inp(0x21)).toBe(0xfb)
    raise(9)
    expect(pic.acknowledge()).toBe(0x42)
  })

  it('is quiet between ICW1 and the last word', () => {
    raise(5)
    out(0x20, 0x11)
    lower(5)
    raise(5)
    expect(pic.pending).toBe(false)
    out(0x21, 0x08)
    out(0x21, 0x04)
    expect(pic.pending).toBe(false)
    out(0x21, 0x01)
    expect(pic.pending).toBe(true)
  })
})

it('tells INTR to the CPU exactly when its level changes, whatever the guest and the devices do', () => {
  const random = new Random(0x8259)
  for (let i = 0; i < 20_000; i++) {
    const kind = random.below(8)
    if (kind < 3) lines[random.below(16)]?.set(random.below(2) === 0)
    else if (kind < 5) out(random.pick([0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1]), random.below(256))
    else if (kind < 6) inp(random.pick([0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1]))
    else if (pic.pending) pic.acknowledge()
    expect(intr.at(-1) ?? false).toBe(pic.pending)
    expect(intr.every((level, at) => at === 0 || level !== intr[at - 1])).toBe(true)
    if (intr.length > 100) intr.splice(0, intr.length - 1)
  }
})
