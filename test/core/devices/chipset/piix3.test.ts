import { describe, expect, it } from 'vitest'
import { type Piix3, piix3 } from '../../../../core/devices/chipset/piix3.ts'
import { createFakeContext } from '../../../support/fake-context.ts'

function machine() {
  const context = createFakeContext()
  const bridge: Piix3 = piix3.create(context, {})
  const route = (pirq: number, value: number) => context.pci.writeConfig(1, 0, 0x60 + pirq, 1, value)
  const high = () => context.irqWires.flatMap((wire, line) => (wire.level ? [line] : []))
  return { context, bridge, route, high }
}

describe('the PIIX3 ISA bridge', () => {
  it('is a multi-function ISA bridge', () => {
    const { pci } = machine().context
    expect([pci.readConfig(1, 0, 0, 4), pci.readConfig(1, 0, 8, 4), pci.readConfig(1, 0, 0xe, 1)]).toEqual([
      0x7000_8086, 0x0601_0000, 0x80,
    ])
  })

  it('routes the pins of devices in rotation: INTA# of device 1 is PIRQA#', () => {
    const { bridge, route, high } = machine()
    for (const [pirq, line] of [5, 9, 10, 11].entries()) route(pirq, line)
    const lines = [
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
      [5, 1],
      [2, 2],
      [3, 4],
    ].map(([device, pin]) => {
      const input = bridge.interrupts.input(device ?? 0, pin ?? 0)
      input.set(true)
      const [line] = high()
      input.set(false)
      return line
    })
    expect(lines).toEqual([5, 9, 10, 11, 5, 10, 9])
    expect(high()).toEqual([])
  })

  it('keeps a shared line high until its last device lets it go', () => {
    const { bridge, route, high } = machine()
    route(0, 11)
    route(1, 11)
    const [first, second, third] = [1, 5, 2].map((device) => bridge.interrupts.input(device, 1))
    first?.set(true)
    second?.set(true)
    third?.set(true)
    first?.set(false)
    second?.set(false)
    expect(high()).toEqual([11])
    third?.set(false)
    expect(high()).toEqual([])
  })

  it('moves a pending interrupt with its route, and drops it where there is none', () => {
    const { bridge, route, high } = machine()
    bridge.interrupts.input(1, 1).set(true)
    expect(high()).toEqual([])
    route(0, 10)
    expect(high()).toEqual([10])
    route(0, 0x0b)
    expect(high()).toEqual([11])
    for (const nowhere of [0x8b, 0, 1, 2, 8, 13]) {
      route(0, 0x0b)
      route(0, nowhere)
      expect(high()).toEqual([])
    }
  })

  it('is restored with its routes', () => {
    const { bridge, route } = machine()
    route(2, 5)
    const twin = machine()
    twin.bridge.interrupts.input(3, 1).set(true)
    twin.bridge.restore(structuredClone(bridge.save()))
    expect(twin.high()).toEqual([5])
    twin.bridge.reset()
    expect(twin.high()).toEqual([])
  })

  it('resets the machine or the processor at the rising edge of bit 2 of port CF9h', () => {
    const { context } = machine()
    const { ports } = context
    for (const value of [0x02, 0x06, 0x06, 0x00, 0x04]) ports.write8(0xcf9, value)
    expect(context.actions).toEqual([{ kind: 'reset' }, { kind: 'cpu-reset' }])
    ports.write8(0xcf9, 0xfa)
    expect(ports.read8(0xcf9)).toBe(0x02)
  })
})
