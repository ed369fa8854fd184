import { describe, expect, it } from 'vitest'
import { AddressMap } from '../../../core/memory/address-map.ts'
import { GuestMemory } from '../../../core/memory/guest-memory.ts'
import { PcMemoryMap, placeRoms } from '../../../core/memory/pc-memory-map.ts'

const MIB = 0x10_0000

/** An image whose every 256 bytes begin with their number. */
function image(bytes: number, first: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => (i % 256 === 0 ? first + i / 256 : 0) & 0xff)
}

function machine(ramBytes: number, files: Parameters<typeof placeRoms>[1]) {
  const map = new AddressMap(new GuestMemory(ramBytes, 0))
  map.a20 = true
  const memory = new PcMemoryMap(map)
  memory.install(placeRoms(map.memory, files))
  return { map, memory }
}

describe('PcMemoryMap', () => {
  it('has RAM below 640 KiB and from 1 MiB on, and nothing in the video window or above RAM', () => {
    const { map } = machine(4 * MIB, {})
    for (const gpa of [0, 0x9_ffff, MIB, 4 * MIB - 1]) expect(map.hostForWrite(gpa)).toBe(map.memory.ramBase + gpa)
    for (const gpa of [0xa_0000, 0xb_ffff, 4 * MIB, 0xc000_0000]) expect(map.target(gpa)).toBeUndefined()
  })

  it('shows a 256 KiB system BIOS whole below 4 GiB and its end below 1 MiB', () => {
    const bios = image(0x4_0000, 0)
    const { map, memory } = machine(2 * MIB, { systemBios: bios })
    memory.shadow(0xe_0000, 0x2_0000, false, false)
    expect(map.read(0xfffc_0100, 1)).toBe(1)
    expect(map.read(0xffff_ff00, 1)).toBe(bios[0x3_ff00])
    expect(map.read(0xe_0100, 1)).toBe(bios[0x2_0100])
    expect(map.read(0xf_ff00, 1)).toBe(bios[0x3_ff00])
    map.write(0xf_ff00, 1, 0x55)
    map.write(0xffff_ff00, 1, 0x55)
    expect(map.read(0xf_ff00, 1)).toBe(bios[0x3_ff00])
  })

  it('leaves E0000 empty under a 64 KiB system BIOS', () => {
    const { map, memory } = machine(2 * MIB, { systemBios: image(0x1_0000, 1) })
    memory.shadow(0xe_0000, 0x2_0000, false, false)
    expect([map.read(0xe_0000, 1), map.read(0xf_0000, 1)]).toEqual([0xff, 1])
  })

  it('places the video BIOS at C0000 and the others from C8000 on', () => {
    const { map, memory } = machine(2 * MIB, {
      videoBios: image(0x7000, 3),
      optionRoms: [image(0x800, 5), image(0x1000, 7)],
    })
    memory.shadow(0xc_0000, 0x2_0000, false, false)
    expect([0xc_0000, 0xc_7000, 0xc_8000, 0xc_8800, 0xc_9000].map((gpa) => map.read(gpa, 1))).toEqual([
      3, 0xff, 5, 0xff, 7,
    ])
  })

  it('reads and writes ROM and RAM in all four combinations', () => {
    const { map, memory } = machine(2 * MIB, { systemBios: image(0x2_0000, 0x10) })
    const ram = map.memory.ram
    ram[0xf_0000] = 0x77
    const results: number[][] = []
    for (const [read, write] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ] as const) {
      memory.shadow(0xf_0000, 0x1_0000, read, write)
      const before = map.read(0xf_0000, 1)
      map.write(0xf_0000, 1, before + 1)
      results.push([before, ram[0xf_0000] ?? -1])
    }
    const rom = (0x10 + 0x100) & 0xff
    expect(results).toEqual([
      [rom, 0x77],
      [rom, rom + 1],
      [rom + 1, rom + 1],
      [rom + 1, rom + 2],
    ])
  })

  it('copies words and double words through to RAM while ROM is read', () => {
    const { map, memory } = machine(2 * MIB, { systemBios: image(0x1_0000, 0x10) })
    memory.shadow(0xf_0000, 0x1_0000, false, true)
    for (let i = 0; i < 0x100; i += 4) map.write(0xf_0000 + i, 4, map.read(0xf_0000 + i, 4))
    map.write(0xf_0102, 2, map.read(0xf_0100, 2))
    memory.shadow(0xf_0000, 0x1_0000, true, false)
    expect([map.read(0xf_0000, 4), map.read(0xf_0102, 2)]).toEqual([0x10, 0x11])
  })

  it('takes no shadow RAM that the machine does not have', () => {
    const map = new AddressMap(new GuestMemory(0xa_0000, 0))
    const memory = new PcMemoryMap(map)
    memory.shadow(0xc_0000, 0x4_0000, true, true)
    expect(map.target(0xc_0000)).toBeUndefined()
  })

  it.each([
    ['an odd system BIOS', { systemBios: new Uint8Array(1000) }],
    ['an empty system BIOS', { systemBios: new Uint8Array(0) }],
    ['a system BIOS of 512 KiB', { systemBios: new Uint8Array(0x8_0000) }],
    ['a video BIOS of 128 KiB', { videoBios: new Uint8Array(0x2_0000) }],
    ['more option ROMs than fit', { optionRoms: [new Uint8Array(0xc000), new Uint8Array(0xd000)] }],
  ])('refuses %s', (_what, files) => {
    const memory = new GuestMemory(MIB, 0)
    expect(() => placeRoms(memory, files)).toThrow(expect.objectContaining({ code: 'firmware/bad-image' }))
  })
})
