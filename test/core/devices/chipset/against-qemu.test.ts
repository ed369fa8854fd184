import { afterAll, beforeAll, expect, it } from 'vitest'
import { i440fx } from '../../../../core/devices/chipset/i440fx.ts'
import { piix3 } from '../../../../core/devices/chipset/piix3.ts'
import { piix4Pm } from '../../../../core/devices/chipset/piix4-pm/piix4-pm.ts'
import { piix3Ide } from '../../../../core/devices/storage/ata/piix3-ide.ts'
import { chipAccess } from '../../../support/chip-access.ts'
import { createFakeContext } from '../../../support/fake-context.ts'
import { describeWith, pathOf } from '../../../support/needs.ts'
import { type ChipAccess, QemuChips } from '../../../support/qemu-chips.ts'
import { tool } from '../../../support/tools.ts'

const qemu = tool('qemu-system-i386')

async function readConfig(chips: ChipAccess, fn: number, offset: number): Promise<number> {
  await chips.out32(0xcf8, 0x8000_0000 | (fn << 8) | (offset & 0xfc))
  return chips.in32(0xcfc)
}

async function writeConfig(chips: ChipAccess, fn: number, offset: number, value: number): Promise<void> {
  await chips.out32(0xcf8, 0x8000_0000 | (fn << 8) | (offset & 0xfc))
  await chips.out32(0xcfc, value)
}

const HOST = 0x00
const ISA = 0x08
const IDE = 0x09
const PM = 0x0b

describeWith([qemu], 'the chipset compared with that of QEMU', () => {
  let theirs: QemuChips
  let ours: ChipAccess

  beforeAll(() => {
    theirs = new QemuChips(pathOf(qemu), [])
    const context = createFakeContext({ ramBytes: 0x20_0000 })
    i440fx.create(context, {})
    piix3.create(context, {})
    piix3Ide.create(context, piix3Ide.options.parse({}))
    piix4Pm.create(context, piix4Pm.options.parse({}))
    ours = chipAccess(context)
  })

  afterAll(() => theirs.close())

  it.each([
    ['host bridge', HOST, [0x00, 0x08, 0x2c, 0x58, 0x5c, 0x70]],
    ['ISA bridge', ISA, [0x00, 0x08, 0x2c, 0x60]],
    ['IDE function', IDE, [0x00, 0x08, 0x10, 0x20, 0x2c, 0x40]],
    ['power management function', PM, [0x00, 0x08, 0x2c, 0x40, 0x80]],
  ])('has the same registers after reset in the %s', async (_name, fn, offsets) => {
    for (const offset of offsets)
      expect([offset, await readConfig(ours, fn, offset)]).toEqual([offset, await readConfig(theirs, fn, offset)])
  })

  it.each([
    ['the ranges of the IDE function', IDE, 0x20, 0xffff_ffff],
    ['the base of power management', PM, 0x40, 0x0000_b001],
    ['interrupt routes', ISA, 0x60, 0x0b0a_0905],
    ['shadowing', HOST, 0x58, 0x3333_3000],
    ['more shadowing', HOST, 0x5c, 0x3333_3333],
  ])('keeps the same of what is written to %s', async (_name, fn, offset, value) => {
    await writeConfig(ours, fn, offset, value)
    await writeConfig(theirs, fn, offset, value)
    expect(await readConfig(ours, fn, offset)).toBe(await readConfig(theirs, fn, offset))
  })

  it('enters and leaves ACPI mode alike, and has the same power management registers', async () => {
    const results = await Promise.all(
      [ours, theirs].map(async (chips) => {
        await writeConfig(chips, PM, 0x40, 0x601)
        await writeConfig(chips, PM, 0x80, 1)
        const seen: number[] = []
        await chips.out16(0x602, 0x0521)
        seen.push(await chips.in16(0x602))
        await chips.out8(0xb2, 0xf1)
        seen.push(await chips.in16(0x604))
        await chips.out8(0xb2, 0xf0)
        seen.push(await chips.in16(0x604))
        return seen
      }),
    )
    expect(results[0]).toEqual(results[1])
  })
})
