import { describe, expect, it } from 'vitest'
import { type I440fx, i440fx } from '../../../../core/devices/chipset/i440fx.ts'
import { placeRoms } from '../../../../core/memory/pc-memory-map.ts'
import { createFakeContext } from '../../../support/fake-context.ts'
import { Random } from '../../../support/random.ts'

const MIB = 0x10_0000

function machine() {
  const context = createFakeContext({ ramBytes: 2 * MIB })
  const bridge: I440fx = i440fx.create(context, {})
  const systemBios = new Uint8Array(0x4_0000).fill(0xb1)
  const videoBios = new Uint8Array(0x8000).fill(0x7e)
  bridge.installRoms(placeRoms(context.memory.memory, { systemBios, videoBios }))
  const { memory, pci } = context
  const config = (offset: number, value: number) => pci.writeConfig(0, 0, offset, 1, value)
  return { context, bridge, memory, config, ram: memory.memory.ram }
}

describe('the 440FX host bridge', () => {
  it('is the Intel 82441FX that firmware of virtual machines knows', () => {
    const { context } = machine()
    expect(context.pci.readConfig(0, 0, 0, 4)).toBe(0x1237_8086)
    expect(context.pci.readConfig(0, 0, 8, 4)).toBe(0x0600_0002)
    expect(context.pci.readConfig(0, 0, 0x2c, 4)).toBe(0x1100_1af4)
  })

  it('shows ROM below 1 MiB after reset and ignores writes to it', () => {
    const { memory, ram } = machine()
    for (const gpa of [0xc_0000, 0xe_0000, 0xf_0000, 0xf_ffff]) {
      memory.write(gpa, 1, 0x55)
      expect(memory.read(gpa, 1)).toBe(gpa < 0xd_0000 ? 0x7e : 0xb1)
      expect(ram[gpa]).toBe(0)
    }
    expect(memory.read(0xd_0000, 1)).toBe(0xff)
  })

  it('has one attribute for F0000-FFFFF and one for each 16 KiB from C0000 to EFFFF (3.2.17)', () => {
    const { memory, config } = machine()
    const writable = () => {
      const starts: number[] = []
      for (let gpa = 0xc_0000; gpa < MIB; gpa += 0x4000) if (memory.hostForWrite(gpa) >= 0) starts.push(gpa)
      return starts
    }
    config(0x59, 0xff)
    expect(writable()).toEqual([0xf_0000, 0xf_4000, 0xf_8000, 0xf_c000])
    config(0x59, 0)
    for (let register = 0x5a; register <= 0x5f; register++) {
      const first = 0xc_0000 + (register - 0x5a) * 0x8000
      config(register, 0x03)
      expect(writable()).toEqual([first])
      config(register, 0x30)
      expect(writable()).toEqual([first + 0x4000])
      config(register, 0)
    }
    expect(writable()).toEqual([])
  })

  it('lets a BIOS copy itself into the RAM beneath it and protect the copy', () => {
    const { memory, config } = machine()
    config(0x59, 0x20)
    for (let gpa = 0xf_0000; gpa < MIB; gpa += 4) memory.write(gpa, 4, memory.read(gpa, 4) + 1)
    expect(memory.read(0xf_0000, 4)).toBe(0xb1b1_b1b1)
    config(0x59, 0x10)
    memory.write(0xf_0000, 4, 0)
    expect(memory.read(0xf_0000, 4)).toBe(0xb1b1_b1b2)
  })

  it('goes back to ROM at reset, while RAM keeps what is in it', () => {
    const { bridge, memory, config, ram } = machine()
    config(0x59, 0x30)
    memory.write(0xf_0000, 1, 0x66)
    bridge.reset()
    expect([memory.read(0xf_0000, 1), ram[0xf_0000]]).toEqual([0xb1, 0x66])
  })

  it('opens the RAM beneath the video window through SMRAM, until it is locked (3.2.19)', () => {
    const { context, bridge, memory, config } = machine()
    const smram = () => context.pci.readConfig(0, 0, 0x72, 1)
    const open = () => memory.hostForWrite(0xa_0000) >= 0
    expect([smram(), open()]).toEqual([0x02, false])
    config(0x72, 0x4a)
    expect([smram(), open()]).toEqual([0x4a, true])
    config(0x72, 0x0a)
    expect(open()).toBe(false)
    config(0x72, 0x5a)
    expect([smram(), open()]).toEqual([0x1a, false])
    config(0x72, 0x4a)
    expect([smram(), open()]).toEqual([0x1a, false])
    bridge.reset()
    expect(smram()).toBe(0x02)
  })

  it('is restored with memory as it was', () => {
    const original = machine()
    const random = new Random(3)
    for (let round = 0; round < 20; round++) {
      for (let register = 0x59; register <= 0x5f; register++) original.config(register, random.below(256))
      original.config(0x72, random.below(256) & ~0x10)
      const twin = machine()
      twin.bridge.restore(structuredClone(original.bridge.save()))
      expect(twin.bridge.save()).toEqual(original.bridge.save())
      const map = ({ memory }: typeof twin) => {
        const pages: unknown[] = []
        for (let gpa = 0xa_0000; gpa < MIB; gpa += 0x1000)
          pages.push([memory.hostForRead(gpa), memory.hostForWrite(gpa)])
        return pages
      }
      expect(map(twin)).toEqual(map(original))
    }
  })

  it('survives ten thousand random writes to its registers', () => {
    const { context, bridge, memory } = machine()
    const random = new Random(9)
    for (let i = 0; i < 10_000; i++) {
      context.pci.writeConfig(0, 0, random.below(64) * 4, 4, random.next())
      memory.write(0xa_0000 + random.below(0x6_0000), 1, random.below(256))
    }
    bridge.reset()
    expect(memory.read(0xffff_fff0, 1)).toBe(0xb1)
  })
})
