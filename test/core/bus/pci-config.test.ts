import { describe, expect, it } from 'vitest'
import { memoryWindow, PCI, PciConfig, portWindow } from '../../../core/bus/pci-config.ts'
import { createFakeContext } from '../../support/fake-context.ts'
import { Random } from '../../support/random.ts'

const identity = { vendorId: 0x1234, deviceId: 0x5678, classCode: 0x02_0000, revision: 3, interruptPin: 1 }

function card() {
  const moves: (number | undefined)[] = []
  const config = new PciConfig(identity)
  config.addIoBar(0, 32, (base) => moves.push(base))
  config.addMemoryBar(1, 0x2000, (base) => moves.push(base), { prefetchable: true })
  return { config, moves }
}

describe('PciConfig', () => {
  it('has the header of its identity and keeps read-only fields', () => {
    const { config } = card()
    config.writeConfig(0, 4, 0xffff_ffff)
    config.writeConfig(8, 4, 0xffff_ffff)
    config.writeConfig(PCI.interruptPin, 1, 4)
    expect(config.readConfig(0, 4)).toBe(0x5678_1234)
    expect(config.readConfig(8, 4)).toBe(0x0200_0003)
    expect(config.readConfig(PCI.interruptLine, 2)).toBe(0x0100)
  })

  it('tells the size of its ranges when all ones are written (6.2.5.1)', () => {
    const { config } = card()
    config.writeConfig(0x10, 4, 0xffff_ffff)
    config.writeConfig(0x14, 4, 0xffff_ffff)
    config.writeConfig(0x18, 4, 0xffff_ffff)
    expect([0x10, 0x14, 0x18].map((bar) => config.readConfig(bar, 4))).toEqual([0xffff_ffe1, 0xffff_e008, 0])
  })

  it('opens a range where its BAR says while the command register allows it, and nowhere impossible', () => {
    const { config, moves } = card()
    config.writeConfig(0x10, 4, 0xc000)
    expect(moves).toEqual([])
    config.writeConfig(PCI.command, 2, 1)
    config.writeConfig(0x11, 1, 0xd0)
    config.writeConfig(0x10, 4, 0xffff_ffff)
    config.writeConfig(0x10, 4, 0)
    config.writeConfig(0x10, 4, 0xe020)
    config.writeConfig(PCI.command, 2, 0)
    expect(moves).toEqual([0xc000, 0xd000, undefined, 0xe020, undefined])
  })

  it('allows memory close to 4 GiB, but not in the last 64 KiB', () => {
    const { config, moves } = card()
    config.writeConfig(PCI.command, 2, 2)
    config.writeConfig(0x14, 4, 0xfffe_e000)
    config.writeConfig(0x14, 4, 0xffff_0000)
    expect(moves).toEqual([0xfffe_e000, undefined])
  })

  it('clears error bits of the status by writing ones', () => {
    const { config } = card()
    config.set(PCI.status, 2, 0xf900)
    config.writeConfig(PCI.status, 2, 0x2000)
    expect(config.readConfig(PCI.status, 2)).toBe(0xd900)
  })

  it('shows its interrupt in the status and keeps it from the pin while disabled', () => {
    const { config } = card()
    const levels: boolean[] = []
    const pin = config.connectInterrupt({ set: (level) => levels.push(level) })
    pin.set(true)
    expect(config.readConfig(PCI.status, 2) & 8).toBe(8)
    config.writeConfig(PCI.command, 2, 0x400)
    expect(levels.at(-1)).toBe(false)
    config.writeConfig(PCI.command, 2, 0)
    expect(levels.at(-1)).toBe(true)
    pin.set(false)
    expect([levels.at(-1), config.readConfig(PCI.status, 2) & 8]).toEqual([false, 0])
  })

  it('is restored with its ranges open where they were', () => {
    const { config } = card()
    config.writeConfig(0x14, 4, 0xe000_0000)
    config.writeConfig(PCI.command, 2, 2)
    const twin = card()
    twin.config.restore(config.save())
    expect(twin.moves).toEqual([0xe000_0000])
    expect(twin.config.save()).toEqual(config.save())
    twin.config.reset()
    expect(twin.moves).toEqual([0xe000_0000, undefined])
  })

  it('never throws, and ranges always lie where they may, whatever is written', () => {
    const random = new Random(0xbaa)
    const { config, moves } = card()
    for (let i = 0; i < 10_000; i++) {
      const size = random.pick([1, 2, 4] as const)
      config.writeConfig(random.below(256 / size) * size, size, random.next() >>> (32 - 8 * size))
    }
    expect(moves.length).toBeGreaterThan(100)
    for (const base of moves)
      if (base !== undefined) expect(base % 32 === 0 && base > 0 && base < 0xffff_0000).toBe(true)
  })
})

describe('portWindow', () => {
  it('moves the handler with the range', () => {
    const { ports } = createFakeContext()
    const listener = portWindow(ports, 8, { read8: (port) => port & 7 })
    listener(0x1000)
    listener(0x2000)
    expect([ports.read8(0x1003), ports.read8(0x2003)]).toEqual([0xff, 3])
    listener(undefined)
    expect(ports.read8(0x2003)).toBe(0xff)
  })
})

describe('memoryWindow', () => {
  it('never hides RAM, and gives it back untouched', () => {
    const { memory } = createFakeContext()
    const listener = memoryWindow(memory, 0x1000, { mmio: { read: () => 0x77, write: () => {} } })
    memory.write(0x5000, 1, 0x42)
    listener(0x5000)
    expect(memory.read(0x5000, 1)).toBe(0x42)
    listener(0xe000_0000)
    expect(memory.read(0xe000_0123, 1)).toBe(0x77)
    listener(undefined)
    expect(memory.read(0xe000_0123, 1)).toBe(0xff)
  })

  it('answers only inside a range that is smaller than a page', () => {
    const { memory } = createFakeContext()
    const listener = memoryWindow(memory, 0x100, { mmio: { read: (gpa) => gpa & 0xff, write: () => {} } })
    listener(0xe000_0200)
    expect([0x1ff, 0x204, 0x300].map((offset) => memory.read(0xe000_0000 + offset, 1))).toEqual([0xff, 0x04, 0xff])
  })
})
