import { describe, expect, it } from 'vitest'
import { type Piix4Pm, piix4Pm } from '../../../../core/devices/chipset/piix4-pm/piix4-pm.ts'
import { createFakeContext } from '../../../support/fake-context.ts'

const PM = 0x600
const SMB = 0x700

function machine() {
  const context = createFakeContext()
  const pm: Piix4Pm = piix4Pm.create(context, piix4Pm.options.parse({}))
  const config = (offset: number, size: 1 | 2 | 4, value: number) => context.pci.writeConfig(1, 3, offset, size, value)
  config(0x40, 4, PM | 1)
  config(0x80, 1, 1)
  const sci = context.irqWires[9]
  if (!sci) throw new Error('There is no interrupt 9')
  return { context, pm, config, ports: context.ports, sci }
}

describe('the PIIX4 power management function', () => {
  it('has its registers where PMBASE says while they are enabled', () => {
    const { context, config, ports } = machine()
    expect(context.pci.readConfig(1, 3, 0, 4)).toBe(0x7113_8086)
    ports.write16(PM + 2, 0x0121)
    expect(ports.read16(PM + 2)).toBe(0x0121)
    config(0x40, 4, 0xb000)
    expect([ports.read16(PM + 2), ports.read16(0xb002)]).toEqual([0xffff, 0x0121])
    expect(context.pci.readConfig(1, 3, 0x40, 4)).toBe(0xb001)
    config(0x80, 1, 0)
    expect(ports.read16(0xb002)).toBe(0xffff)
  })

  it('counts 3579545 times a second, in 24 bits', () => {
    const { context, ports } = machine()
    context.advance(1_000_000_000)
    expect(ports.read32(PM + 8)).toBe(3_579_545)
    context.advance(4_000_000_000)
    expect(ports.read32(PM + 8)).toBe((5 * 3_579_545) % 2 ** 24)
    context.advance(1e9 * 86_400 * 365)
    expect(ports.read32(PM + 8)).toBe(Number(((5n + 86_400n * 365n) * 3_579_545n) % (1n << 24n)))
  })

  it('interrupts when the top bit of the timer changes, and at every change', () => {
    const { context, ports, sci } = machine()
    ports.write8(0xb2, 0xf1)
    ports.write16(PM + 2, 1)
    const halfPeriodNs = Math.ceil((2 ** 23 * 1e9) / 3_579_545)
    context.advanceTo(halfPeriodNs - 1)
    expect([sci.level, ports.read16(PM)]).toEqual([false, 0])
    context.advanceTo(halfPeriodNs)
    expect([sci.level, ports.read16(PM)]).toEqual([true, 1])
    ports.write16(PM, 1)
    expect([sci.level, ports.read16(PM)]).toEqual([false, 0])
    context.advance(halfPeriodNs)
    expect([sci.level, sci.rises]).toEqual([true, 2])
  })

  it('tells the overflow in its status also when nobody wants the interrupt', () => {
    const { context, ports, sci } = machine()
    context.advance(3e9)
    expect([ports.read16(PM), sci.level]).toEqual([1, false])
  })

  it('switches between legacy and ACPI mode at the SMI command port', () => {
    const { ports } = machine()
    expect(ports.read16(PM + 4)).toBe(0)
    ports.write8(0xb2, 0xf1)
    expect([ports.read16(PM + 4), ports.read8(0xb2)]).toEqual([1, 0xf1])
    ports.write8(0xb2, 0xf0)
    expect(ports.read16(PM + 4)).toBe(0)
    ports.write8(0xb3, 0x55)
    expect(ports.read8(0xb3)).toBe(0x55)
  })

  it('has no card coming or going, one processor, and no event, at the ports of the tables in SeaBIOS', () => {
    const { ports, pm } = machine()
    expect([0, 4, 8, 12].map((offset) => ports.read32(0xae00 + offset))).toEqual([0, 0, 0, 0])
    expect([ports.read32(0xaf00), ports.read8(0xaf1f)]).toEqual([1, 0])
    ports.write32(0xafe0, 0xffff_ffff)
    expect(ports.read32(0xafe0)).toBe(0xffff_0000)
    pm.reset()
    expect(ports.read32(0xafe0)).toBe(0)
  })

  it('says in DEVACTB that firmware need not set system management mode up', () => {
    const { context } = machine()
    expect(context.pci.readConfig(1, 3, 0x58, 4) & 0x0200_0000).toBe(0x0200_0000)
  })

  it.each([
    [0, [{ kind: 'power-off' }], 0],
    [1, [], 0x8000],
    [2, [{ kind: 'power-off' }], 0],
    [5, [], 0x8000],
  ])('takes sleep type %i', (type, actions, status) => {
    const { context, ports } = machine()
    ports.write16(PM + 4, type << 10)
    expect(context.actions).toEqual([])
    ports.write16(PM + 4, (type << 10) | 0x2000)
    expect(context.actions).toEqual(actions)
    expect(ports.read16(PM)).toBe(status)
    expect(ports.read16(PM + 4)).toBe(type << 10)
  })

  it('tells the power button to a guest that listens', () => {
    const { pm, ports, sci } = machine()
    expect(pm.acceptsPowerButton).toBe(false)
    ports.write8(0xb2, 0xf1)
    ports.write16(PM + 2, 0x100)
    expect(pm.acceptsPowerButton).toBe(true)
    pm.pressPowerButton()
    expect([ports.read16(PM), sci.level]).toEqual([0x100, true])
    ports.write16(PM, 0x100)
    expect([ports.read16(PM), sci.level]).toEqual([0, false])
  })

  it('ends SMBus transactions with a device error, after the time they take', () => {
    const { context, config, ports, sci } = machine()
    config(0x90, 4, SMB)
    config(0xd2, 1, 0x09)
    expect(ports.read8(SMB)).toBe(0xff)
    config(0x04, 2, 1)
    ports.write8(SMB + 4, 0xa1)
    ports.write8(SMB + 2, 0x49)
    expect(ports.read8(SMB)).toBe(1)
    context.advance(1_000_000)
    expect([ports.read8(SMB), sci.level]).toEqual([4, true])
    ports.write8(SMB, 0xff)
    expect([ports.read8(SMB), sci.level]).toEqual([0, false])
  })

  it('is restored in the middle of everything', () => {
    const { context, config, pm, ports } = machine()
    config(0x90, 4, SMB)
    config(0xd2, 1, 0x01)
    config(0x04, 2, 1)
    ports.write8(0xb2, 0xf1)
    ports.write16(PM + 2, 0x101)
    ports.write8(SMB + 2, 0x41)
    context.advance(500_000)
    const twin = createFakeContext()
    twin.clock.restore(context.clock.nowNs())
    const restored = piix4Pm.create(twin, piix4Pm.options.parse({}))
    restored.restore(structuredClone(pm.save()))
    expect(restored.save()).toEqual(pm.save())
    context.advance(3e9)
    twin.advance(3e9)
    expect([twin.ports.read8(SMB), twin.ports.read16(PM), twin.irqWires[9]?.level]).toEqual([4, 1, true])
    expect(restored.save()).toEqual(pm.save())
  })
})
