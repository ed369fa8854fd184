import { beforeEach, describe, expect, it } from 'vitest'
import { type I8237, i8237 } from '../../../../core/devices/chipset/i8237.ts'
import { createFakeContext, type FakeContext } from '../../../support/fake-context.ts'
import { Random } from '../../../support/random.ts'

const PAGE_PORT = [0x87, 0x83, 0x81, 0x82, 0x8f, 0x8b, 0x89, 0x8a]
const VERIFY = 0x40
const TO_MEMORY = 0x44
const FROM_MEMORY = 0x48
const AUTOINIT = 0x10
const DECREMENT = 0x20

let context: FakeContext
let dma: I8237

const out = (port: number, ...values: number[]) => {
  for (const value of values) context.ports.write8(port, value)
}
const inp = (port: number) => context.ports.read8(port)
const ram = () => context.memory.memory.ram
const bytes = (from: number, count: number) => [...ram().slice(from, from + count)]

/** Programs channel `number` as drivers do: mask, mode, flip-flop, address, count, page, unmask. Address and count as the chip has them. */
function program(number: number, mode: number, page: number, address: number, count: number): void {
  const index = number & 3
  const at = (register: number) => (number < 4 ? register : 0xc0 + 2 * register)
  out(at(10), 4 | index)
  out(at(11), mode | index)
  out(at(12), 0)
  out(at(index * 2), address & 0xff, address >> 8)
  out(at(index * 2 + 1), count & 0xff, count >> 8)
  out(PAGE_PORT[number] ?? 0, page)
  out(at(10), index)
}

/** Current address and count. */
function counters(number: number): [number, number] {
  const index = number & 3
  const at = (register: number) => (number < 4 ? register : 0xc0 + 2 * register)
  out(at(12), 0)
  const address = inp(at(index * 2)) | (inp(at(index * 2)) << 8)
  return [address, inp(at(index * 2 + 1)) | (inp(at(index * 2 + 1)) << 8)]
}

beforeEach(() => {
  context = createFakeContext({ ramBytes: 0x40_0000 })
  dma = i8237.create(context, {})
  out(0xd6, 0xc0)
  out(0xd4, 0x00)
})

describe('transfers', () => {
  it('moves bytes from a device to memory and stops at terminal count', () => {
    program(2, TO_MEMORY, 0x01, 0x2000, 4)
    const data = Uint8Array.of(1, 2, 3, 4, 5, 6, 7)
    expect(dma.channel(2).ready).toBe(true)
    expect(dma.channel(2).write(data, 0, 2)).toEqual({ moved: 2, terminalCount: false })
    expect(counters(2)).toEqual([0x2002, 2])
    expect(dma.channel(2).write(data, 2, 5)).toEqual({ moved: 3, terminalCount: true })
    expect(bytes(0x1_2000, 6)).toEqual([1, 2, 3, 4, 5, 0])
    expect(counters(2)).toEqual([0x2005, 0xffff])
    expect(dma.channel(2).ready).toBe(false)
    expect(dma.channel(2).write(data, 0, 1)).toEqual({ moved: 0, terminalCount: false })
  })

  it('moves bytes from memory to a device', () => {
    ram().set([9, 8, 7], 0x3_0010)
    program(1, FROM_MEMORY, 0x03, 0x0010, 2)
    const data = new Uint8Array(5)
    expect(dma.channel(1).read(data, 1, 4)).toEqual({ moved: 3, terminalCount: true })
    expect([...data]).toEqual([0, 9, 8, 7, 0])
  })

  it('wraps within 64 KiB on byte channels', () => {
    program(3, TO_MEMORY, 0x02, 0xfffe, 3)
    dma.channel(3).write(Uint8Array.of(1, 2, 3, 4), 0, 4)
    expect([bytes(0x2_fffe, 2), bytes(0x2_0000, 2), bytes(0x3_0000, 2)]).toEqual([
      [1, 2],
      [3, 4],
      [0, 0],
    ])
  })

  it('counts words and wraps within 128 KiB on word channels, ignoring the lowest page bit', () => {
    program(5, TO_MEMORY, 0x05, 0xffff, 1)
    expect(dma.channel(5).write(Uint8Array.of(1, 2, 3, 4), 0, 4)).toEqual({ moved: 4, terminalCount: true })
    expect([bytes(0x5_fffe, 2), bytes(0x4_0000, 2), bytes(0x6_0000, 2)]).toEqual([
      [1, 2],
      [3, 4],
      [0, 0],
    ])
  })

  it('moves whole words only', () => {
    program(6, TO_MEMORY, 0x00, 0x0800, 9)
    expect(dma.channel(6).write(Uint8Array.of(1, 2, 3, 4, 5), 0, 5)).toEqual({ moved: 4, terminalCount: false })
    expect(counters(6)).toEqual([0x0802, 7])
  })

  it('can count addresses down', () => {
    program(1, TO_MEMORY | DECREMENT, 0x01, 0x0002, 3)
    dma.channel(1).write(Uint8Array.of(1, 2, 3, 4), 0, 4)
    expect([bytes(0x1_0000, 3), bytes(0x1_ffff, 1)]).toEqual([[3, 2, 1], [4]])
    program(7, FROM_MEMORY | DECREMENT, 0x02, 0x0001, 1)
    ram().set([1, 2, 3, 4], 0x2_0000)
    const words = new Uint8Array(4)
    dma.channel(7).read(words, 0, 4)
    expect([...words]).toEqual([3, 4, 1, 2])
  })

  it('starts over by itself with autoinitialisation', () => {
    program(1, TO_MEMORY | AUTOINIT, 0x01, 0x4000, 1)
    expect(dma.channel(1).write(Uint8Array.of(1, 2), 0, 2)).toEqual({ moved: 2, terminalCount: true })
    expect(counters(1)).toEqual([0x4000, 1])
    expect(dma.channel(1).write(Uint8Array.of(3, 4), 0, 2)).toEqual({ moved: 2, terminalCount: true })
    expect(bytes(0x1_4000, 2)).toEqual([3, 4])
  })

  it('counts without touching memory in verify mode', () => {
    program(2, VERIFY, 0x01, 0x2000, 1)
    expect(dma.channel(2).write(Uint8Array.of(1, 2), 0, 2)).toEqual({ moved: 2, terminalCount: true })
    expect(bytes(0x1_2000, 2)).toEqual([0, 0])
  })

  it('writes no memory when the device goes the other way than the channel', () => {
    program(2, FROM_MEMORY, 0x01, 0x2000, 1)
    dma.channel(2).write(Uint8Array.of(1, 2), 0, 2)
    expect(bytes(0x1_2000, 2)).toEqual([0, 0])
    program(2, TO_MEMORY, 0x01, 0x2000, 1)
    const data = new Uint8Array(2)
    dma.channel(2).read(data, 0, 2)
    expect([...data]).toEqual([0xff, 0xff])
  })
})

describe('what keeps a channel from moving', () => {
  beforeEach(() => program(2, TO_MEMORY, 0, 0x1000, 10))

  it('is its mask bit, set alone or with the others', () => {
    out(0x0a, 0x06)
    expect(dma.channel(2).ready).toBe(false)
    out(0x0e, 0)
    expect(dma.channel(2).ready).toBe(true)
    out(0x0f, 0x04)
    expect([dma.channel(2).ready, inp(0x0f)]).toEqual([false, 0xf4])
    out(0x0f, 0x0b)
    expect(dma.channel(2).ready).toBe(true)
  })

  it('is a disabled controller', () => {
    out(0x08, 0x04)
    expect(dma.channel(2).ready).toBe(false)
    out(0x08, 0x00)
    expect(dma.channel(2).ready).toBe(true)
  })

  it('is a masked cascade, for the first controller only', () => {
    program(5, TO_MEMORY, 0, 0x1000, 10)
    out(0xd4, 0x04)
    expect([dma.channel(2).ready, dma.channel(5).ready]).toEqual([false, true])
  })

  it('is master clear, which masks everything and resets the flip-flop', () => {
    out(0x00, 0x55)
    out(0x0d, 0)
    expect(dma.channel(2).ready).toBe(false)
    out(0x00, 0x34, 0x12)
    out(0x0c, 0)
    expect([inp(0x00), inp(0x00)]).toEqual([0x34, 0x12])
  })
})

describe('status and requests', () => {
  it('shows terminal counts until they are read', () => {
    program(2, TO_MEMORY, 0, 0x1000, 0)
    dma.channel(2).write(Uint8Array.of(1), 0, 1)
    expect([inp(0x08), inp(0x08)]).toEqual([0x04, 0x00])
  })

  it('runs a block transfer by software request even when the channel is masked', () => {
    program(1, 0x84, 0x01, 0x1000, 2)
    out(0x0a, 0x05)
    out(0x09, 0x05)
    expect([inp(0x08), ...bytes(0x1_1000, 4)]).toEqual([0x02, 0xff, 0xff, 0xff, 0])
    expect(counters(1)).toEqual([0x1003, 0xffff])
  })

  it('shows a request that does not run, and forgets it when told to', () => {
    program(3, TO_MEMORY, 0, 0, 0)
    out(0x09, 0x07)
    expect(inp(0x08)).toBe(0x80)
    out(0x09, 0x03)
    expect(inp(0x08)).toBe(0)
  })
})

describe('page registers', () => {
  it('keep what is written, also those that no channel uses', () => {
    for (let port = 0x80; port < 0x90; port++) out(port, port ^ 0x33)
    for (let port = 0x80; port < 0x90; port++) expect(inp(port)).toBe(port ^ 0x33)
  })
})

it('moves the same bytes as the definition, in pieces of any size', () => {
  const random = new Random(0x8237)
  for (let round = 0; round < 100; round++) {
    const number = random.pick([0, 1, 2, 3, 5, 6, 7])
    const unit = number < 4 ? 1 : 2
    const page = random.below(0x3e)
    const address = random.below(0x1_0000)
    const units = 1 + random.below(random.pick([10, 1000, 0x1_0000]))
    const down = random.below(2) === 0
    ram().fill(0)
    program(number, TO_MEMORY | (down ? DECREMENT : 0), page, address, units - 1)
    const data = Uint8Array.from({ length: units * unit }, (_, i) => (i * 7 + round) & 0xff)
    for (let done = 0; done < data.length; ) {
      const { moved, terminalCount } = dma.channel(number).write(data, done, unit * (1 + random.below(units)))
      done += moved
      expect(terminalCount).toBe(done === data.length)
    }
    const expected = new Uint8Array(ram().length)
    for (let i = 0; i < units; i++) {
      const at = (down ? address - i : address + i) & 0xffff
      const gpa = unit === 1 ? page * 0x1_0000 + at : (page >> 1) * 0x2_0000 + at * 2
      for (let b = 0; b < unit; b++) expected[gpa + b] = data[i * unit + b] ?? 0
    }
    expect(Buffer.from(expected.buffer).equals(ram())).toBe(true)
  }
})
