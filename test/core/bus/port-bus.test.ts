import { describe, expect, it } from 'vitest'
import { PortBus, type PortHandler } from '../../../core/bus/port-bus.ts'

const constant = (value: number): PortHandler => ({ read8: () => value })

describe('PortBus', () => {
  it('gives a port to its latest claim, and back to what is left in whatever order claims are released', () => {
    const ports = new PortBus()
    const [first, second, third] = [1, 2, 3].map((value) => ports.register(0x300, 4, constant(value)))
    expect(ports.read8(0x300)).toBe(3)
    second?.()
    third?.()
    expect(ports.read8(0x300)).toBe(1)
    first?.()
    first?.()
    expect(ports.read8(0x300)).toBe(0xff)
  })

  it('keeps what overlaps only in part', () => {
    const ports = new PortBus()
    ports.register(0x100, 8, constant(1))
    const release = ports.register(0x104, 8, constant(2))
    expect([0x103, 0x104, 0x10b].map((port) => ports.read8(port))).toEqual([1, 2, 2])
    release()
    expect([0x103, 0x104, 0x10b].map((port) => ports.read8(port))).toEqual([1, 1, 0xff])
  })

  it('splits wide accesses of byte ports, low byte first', () => {
    const ports = new PortBus()
    const log: string[] = []
    ports.register(0x10, 4, {
      read8: (port) => port,
      write8: (port, value) => log.push(`${port.toString(16)}=${value.toString(16)}`),
    })
    ports.write32(0x10, 0x44332211)
    expect(log).toEqual(['10=11', '11=22', '12=33', '13=44'])
    expect(ports.read32(0x10)).toBe(0x13121110)
    expect(ports.read16(0x13)).toBe(0xff13)
  })
})
