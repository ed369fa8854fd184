import { describe, expect, it } from 'vitest'
import { type CmosFacts, cmosLayout } from '../../../../core/devices/timer/cmos-layout.ts'

const MIB = 1024 * 1024
const base: CmosFacts = {
  memoryBytes: 64 * MIB,
  floppies: [4, 0],
  disks: [{ cylinders: 1023, heads: 16, sectors: 63, translation: 'lba' }, undefined],
  fpu: true,
  mouse: true,
  bootOrder: ['cdrom', 'disk', 'floppy'],
}

function bytes(facts: CmosFacts): Record<number, number> {
  return Object.fromEntries(cmosLayout(facts))
}

describe('cmosLayout', () => {
  it('tells memory in the four ways that firmware reads it', () => {
    const ram = bytes({ ...base, memoryAbove4GibBytes: 2048 * MIB })
    expect([ram[0x15], ram[0x16]]).toEqual([0x80, 0x02]) // 640 KiB
    expect([ram[0x17], ram[0x18], ram[0x30], ram[0x31]]).toEqual([0x00, 0xfc, 0x00, 0xfc]) // 63 MiB in KiB
    expect([ram[0x34], ram[0x35]]).toEqual([0x00, 0x03]) // 48 MiB in units of 64 KiB
    expect([ram[0x5b], ram[0x5c], ram[0x5d]]).toEqual([0x00, 0x80, 0x00]) // 2 GiB
  })

  it('stops at 65535 KiB of extended memory', () => {
    const ram = bytes({ ...base, memoryBytes: 512 * MIB })
    expect([ram[0x17], ram[0x18]]).toEqual([0xff, 0xff])
    expect([ram[0x34], ram[0x35]]).toEqual([0x00, 0x1f])
  })

  it('describes floppy drives and equipment', () => {
    expect([bytes(base)[0x10], bytes(base)[0x14]]).toEqual([0x40, 0x07])
    const two = bytes({ ...base, floppies: [5, 2], mouse: false, fpu: false })
    expect([two[0x10], two[0x14]]).toEqual([0x52, 0x41])
    expect(bytes({ ...base, floppies: [0, 0] })[0x14]).toBe(0x06)
  })

  it('describes disks as type 47 with their own geometry and translation', () => {
    const ram = bytes({
      ...base,
      disks: [undefined, { cylinders: 615, heads: 4, sectors: 17, translation: 'none' }],
    })
    expect([ram[0x12], ram[0x19], ram[0x1a], ram[0x39]]).toEqual([0x0f, 0, 47, 0])
    expect([0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c].map((address) => ram[address])).toEqual([
      0x67, 0x02, 4, 0xff, 0xff, 0xc0, 0x67, 0x02, 17,
    ])
    expect([bytes(base)[0x12], bytes(base)[0x20], bytes(base)[0x39]]).toEqual([0xf0, 0xc8, 1])
  })

  it('gives the boot order by nibbles', () => {
    expect([bytes(base)[0x3d], bytes(base)[0x38]]).toEqual([0x23, 0x11])
    const one = bytes({ ...base, bootOrder: ['network'] })
    expect([one[0x3d], one[0x38]]).toEqual([0x04, 0x01])
  })

  it('carries the checksum of 10h to 2Dh, high byte first', () => {
    const ram = bytes(base)
    let sum = 0
    for (let address = 0x10; address <= 0x2d; address++) sum += ram[address] ?? 0
    expect(((ram[0x2e] ?? 0) << 8) | (ram[0x2f] ?? 0)).toBe(sum)
  })
})
