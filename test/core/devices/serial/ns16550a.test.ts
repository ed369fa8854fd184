import { beforeEach, describe, expect, it } from 'vitest'
import { type Ns16550a, ns16550a } from '../../../../core/devices/serial/ns16550a.ts'
import { createFakeContext, type FakeContext } from '../../../support/fake-context.ts'
import { Random } from '../../../support/random.ts'

const BASE = 0x3f8
let context: FakeContext
let uart: Ns16550a
let sent: number[]

const out = (register: number, value: number) => context.ports.write8(BASE + register, value)
const inp = (register: number) => context.ports.read8(BASE + register)
const irq4 = () => context.irqWires[4]

function create(pace = false): void {
  context = createFakeContext()
  uart = ns16550a.create(context, { com: 1, pace })
  sent = []
  uart.onTransmit = (byte) => sent.push(byte)
  out(3, 0x80)
  out(0, 12) // 9600 baud
  out(1, 0)
  out(3, 0x03) // 8 bits, no parity, 1 stop bit
  out(4, 0x0b) // DTR, RTS, OUT2
  inp(6)
}

/** A character of 10 bits at 9600 baud. */
const CHARACTER_NS = 10 * (1e9 / 9600)

beforeEach(() => create())

describe('registers', () => {
  it('keeps divisor, line control, modem control and scratch', () => {
    out(3, 0x9b)
    out(0, 0x34)
    out(1, 0x12)
    expect([inp(0), inp(1), inp(3)]).toEqual([0x34, 0x12, 0x9b])
    out(3, 0x1b)
    out(1, 0xff)
    out(4, 0xff)
    out(7, 0xa5)
    expect([inp(1), inp(4), inp(7)]).toEqual([0x0f, 0x1f, 0xa5])
  })

  it('shows FIFOs in the identification only when they are enabled', () => {
    expect(inp(2)).toBe(0x01)
    out(2, 0x07)
    expect(inp(2)).toBe(0xc1)
    out(2, 0x06)
    expect(inp(2)).toBe(0x01)
  })

  it('answers at the addresses and interrupts of COM1 to COM4', () => {
    for (const [com, base, irq] of [
      [1, 0x3f8, 4],
      [2, 0x2f8, 3],
      [3, 0x3e8, 4],
      [4, 0x2e8, 3],
    ] as const) {
      const machine = createFakeContext()
      const port = ns16550a.create(machine, { com, pace: false })
      machine.ports.write8(base + 4, 0x08)
      machine.ports.write8(base + 1, 0x01)
      port.receive(0x41)
      expect(machine.irqWires[irq]?.level).toBe(true)
      expect(machine.ports.read8(base)).toBe(0x41)
    }
  })
})

describe('transmitter without pace', () => {
  it('sends at once and is ready for more', () => {
    out(0, 0x48)
    out(0, 0x69)
    expect(sent).toEqual([0x48, 0x69])
    expect(inp(5)).toBe(0x60)
  })

  it('sends whole bytes for a kernel that has set nothing up', () => {
    uart.reset()
    out(0, 0xff)
    expect(sent).toEqual([0xff])
  })

  it('asks for more when its interrupt is enabled, and forgets it when that was read', () => {
    out(1, 0x02)
    expect(irq4()?.level).toBe(true)
    expect(inp(2)).toBe(0x02)
    expect([irq4()?.level, inp(2)]).toEqual([false, 0x01])
    out(1, 0)
    out(1, 0x02)
    expect(inp(2)).toBe(0x02)
  })

  it('lets the interrupt fall with a write and rise a moment later, so that a driver that never reads it sees edges', () => {
    out(1, 0x02)
    const text = 'edge triggered'
    let rises = irq4()?.rises
    for (const character of text) {
      out(0, character.charCodeAt(0))
      expect(irq4()?.level).toBe(false)
      context.advance(20_000)
      expect(irq4()).toMatchObject({ level: true, rises: (rises ?? 0) + 1 })
      rises = irq4()?.rises
    }
    expect(String.fromCharCode(...sent)).toBe(text)
  })
})

describe('transmitter with pace', () => {
  beforeEach(() => create(true))

  it('takes the time of start, data, parity and stop bits', () => {
    out(3, 0x1f) // 8 bits, parity, 2 stop bits
    out(0, 0x55)
    context.advance(12 * (1e9 / 9600) - 1)
    expect(sent).toEqual([])
    context.advance(1)
    expect(sent).toEqual([0x55])
  })

  it('sends as many bits as a word has', () => {
    out(3, 0x02)
    out(0, 0xff)
    context.advance(CHARACTER_NS)
    out(3, 0x00)
    out(0, 0xff)
    context.advance(CHARACTER_NS)
    expect(sent).toEqual([0x7f, 0x1f])
  })

  it('is ready for another byte while one is shifted out, and empty when both are out', () => {
    out(0, 1)
    expect(inp(5)).toBe(0x20)
    out(0, 2)
    expect(inp(5)).toBe(0x00)
    context.advance(CHARACTER_NS + 1)
    expect(inp(5)).toBe(0x20)
    context.advance(CHARACTER_NS)
    expect([inp(5), sent]).toEqual([0x60, [1, 2]])
  })

  it('holds sixteen bytes in the FIFO and interrupts when it has become empty', () => {
    out(2, 0x01)
    out(1, 0x02)
    inp(2)
    for (let i = 0; i < 18; i++) out(0, i)
    context.advance(16 * CHARACTER_NS - 1000)
    expect(irq4()?.level).toBe(false)
    context.advance(2000)
    expect(irq4()?.level).toBe(true)
    context.advance(10 * CHARACTER_NS)
    expect(sent).toEqual(Array.from({ length: 17 }, (_, i) => i)) // one in the shift register, the eighteenth was lost
  })
})

describe('receiver', () => {
  it('holds one byte without FIFOs, which a later one replaces with an overrun', () => {
    expect(uart.canReceive).toBe(true)
    uart.receive(0x41)
    expect([uart.canReceive, inp(5)]).toEqual([false, 0x61])
    uart.receive(0x42)
    expect([inp(5), inp(5)]).toEqual([0x63, 0x61])
    expect([inp(0), inp(5), inp(0)]).toEqual([0x42, 0x60, 0x42])
  })

  it('holds sixteen bytes with FIFOs and loses later ones with an overrun', () => {
    out(2, 0x01)
    for (let i = 0; i < 17; i++) uart.receive(i)
    expect(inp(5) & 0x03).toBe(0x03)
    expect(Array.from({ length: 16 }, () => inp(0))).toEqual(Array.from({ length: 16 }, (_, i) => i))
    expect(inp(5) & 0x01).toBe(0)
  })

  it('interrupts from the trigger level on, and below it after four characters of silence', () => {
    for (const [bits, level] of [
      [0x00, 1],
      [0x40, 4],
      [0x80, 8],
      [0xc0, 14],
    ] as const) {
      create()
      out(2, 0x01 | bits)
      out(1, 0x01)
      for (let i = 0; i < level - 1; i++) uart.receive(i)
      expect(irq4()?.level).toBe(false)
      uart.receive(0xaa)
      expect([irq4()?.level, inp(2)]).toEqual([true, 0xc4])
      for (let i = 0; i < level; i++) inp(0)
      expect([irq4()?.level, inp(2)]).toEqual([false, 0xc1])
    }
    uart.receive(1)
    context.advance(4 * CHARACTER_NS - 1)
    expect(irq4()?.level).toBe(false)
    context.advance(2)
    expect([irq4()?.level, inp(2)]).toEqual([true, 0xcc])
    inp(0)
    expect([irq4()?.level, inp(2)]).toEqual([false, 0xc1])
  })

  it('tells the host when there is room', () => {
    let queue = [...'a line of more than sixteen characters'].map((c) => c.charCodeAt(0))
    const feed = () => {
      while (queue.length && uart.canReceive) uart.receive(queue.shift() as number)
    }
    uart.onRoom = feed
    out(2, 0x01)
    feed()
    let text = ''
    while (inp(5) & 1) text += String.fromCharCode(inp(0))
    expect(text).toBe('a line of more than sixteen characters')
    expect(inp(5) & 2).toBe(0)
    queue = []
  })

  it('takes a character time for each byte when it keeps pace', () => {
    create(true)
    out(2, 0x01)
    let rooms = 0
    uart.onRoom = () => rooms++
    uart.receive(1)
    expect(uart.canReceive).toBe(false)
    context.advance(CHARACTER_NS + 1)
    expect([uart.canReceive, rooms]).toEqual([true, 1])
  })

  it('tells a break with the character it belongs to', () => {
    out(2, 0x01)
    out(1, 0x04)
    uart.receive(0x41)
    uart.receiveBreak()
    expect([irq4()?.level, inp(5)]).toEqual([false, 0xe1])
    inp(0)
    expect([irq4()?.level, inp(2)]).toEqual([true, 0xc6])
    expect([inp(5), inp(5)]).toEqual([0xf1, 0x61])
    expect([irq4()?.level, inp(0)]).toEqual([false, 0])
  })

  it('is emptied by FIFO control', () => {
    out(2, 0x01)
    uart.receive(1)
    out(2, 0x03)
    expect(inp(5)).toBe(0x60)
    uart.receive(1)
    out(2, 0x00)
    expect(inp(5)).toBe(0x60)
  })
})

describe('interrupts', () => {
  it('are served by priority: line status, data, transmitter, modem status', () => {
    out(1, 0x0f)
    uart.setModemLines({ clearToSend: false, dataSetReady: true, ringIndicator: false, carrierDetect: true })
    uart.receive(1)
    uart.receive(2)
    expect(inp(2)).toBe(0x06)
    inp(5)
    expect(inp(2)).toBe(0x04)
    inp(0)
    expect([inp(2), inp(2)]).toEqual([0x02, 0x00])
    expect(inp(6)).toBe(0xa1)
    expect([inp(2), irq4()?.level]).toEqual([0x01, false])
  })

  it('reach the bus only while OUT2 is on', () => {
    out(1, 0x01)
    out(4, 0x03)
    uart.receive(1)
    expect(irq4()?.level).toBe(false)
    out(4, 0x0b)
    expect(irq4()?.level).toBe(true)
  })
})

describe('modem lines', () => {
  it('show a connected terminal and remember changes until they are read', () => {
    expect(inp(6)).toBe(0xb0)
    uart.setModemLines({ clearToSend: false, dataSetReady: false, ringIndicator: true, carrierDetect: false })
    expect([inp(6), inp(6)]).toEqual([0x4b, 0x40])
    uart.setModemLines({ clearToSend: true, dataSetReady: true, ringIndicator: false, carrierDetect: true })
    expect([inp(6), inp(6)]).toEqual([0xbf, 0xb0])
  })

  it('tell the host what the guest drives', () => {
    const seen: [boolean, boolean][] = []
    uart.onModemControl = (dtr, rts) => seen.push([dtr, rts])
    out(4, 0x08)
    out(4, 0x09)
    out(4, 0x0b)
    expect(seen).toEqual([
      [false, false],
      [true, false],
      [true, true],
    ])
  })

  it('tell the host of breaks', () => {
    const seen: boolean[] = []
    uart.onBreak = (active) => seen.push(active)
    out(3, 0x43)
    out(3, 0x03)
    expect(seen).toEqual([true, false])
  })
})

describe('loopback', () => {
  it('brings bytes back instead of sending them, and keeps the host out', () => {
    out(4, 0x1b)
    out(0, 0x5a)
    expect(uart.canReceive).toBe(false)
    uart.receive(0x11)
    expect([inp(0), sent]).toEqual([0x5a, []])
  })

  it('brings RTS, DTR, OUT1 and OUT2 back as CTS, DSR, RI and DCD', () => {
    for (const [control, status] of [
      [0x10, 0x00],
      [0x11, 0x20],
      [0x12, 0x10],
      [0x14, 0x40],
      [0x18, 0x80],
    ] as const) {
      out(4, control)
      expect(inp(6) & 0xf0).toBe(status)
    }
  })

  it('shows by sixteen of 256 bytes how deep the FIFO is', () => {
    out(2, 0x07)
    out(4, 0x1b)
    for (let i = 0; i < 256; i++) out(0, i)
    let count = 0
    while (inp(5) & 1) {
      inp(0)
      count++
    }
    expect(count).toBe(16)
  })
})

it('loses nothing between a host that waits for room and a guest that polls, at any pace', () => {
  for (const pace of [false, true]) {
    create(pace)
    out(2, 0x01)
    const random = new Random(16550)
    const input = Array.from({ length: 500 }, () => random.below(256))
    const queue = [...input]
    const seen: number[] = []
    for (let step = 0; seen.length < input.length && step < 100_000; step++) {
      if (random.below(2) && queue.length && uart.canReceive) uart.receive(queue.shift() as number)
      if (random.below(3) === 0) while (inp(5) & 1) seen.push(inp(0))
      context.advance(random.below(100_000))
    }
    expect(seen).toEqual(input)
  }
})
