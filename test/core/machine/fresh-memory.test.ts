/** What a restore relies on: a machine that has just been made holds nothing outside of its ROM area. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { MemoryBlockDevice } from '../../../core/disk/memory-block-device.ts'
import { createMachine } from '../../../core/machine/builder.ts'
import type { MachineConfig } from '../../../core/machine/machine.ts'
import { ROM_BYTES } from '../../../core/memory/layout.ts'
import { testMachineConfig } from '../../support/machine-config.ts'
import { describeWith, pathOf } from '../../support/needs.ts'
import { shared } from '../../support/shared.ts'
import { seabios } from '../../support/tools.ts'

function expectFresh(changes: Partial<MachineConfig>): void {
  const machine = createMachine(testMachineConfig(changes))
  try {
    const { saved } = machine.memory
    expect(saved.subarray(0, ROM_BYTES).some((byte) => byte !== 0)).toBe(true)
    expect(saved.subarray(ROM_BYTES).some((byte) => byte !== 0)).toBe(false)
  } finally {
    machine.dispose()
  }
}

const drives: MachineConfig['drives'] = [
  { slot: 'fda', kind: 'floppy', medium: new MemoryBlockDevice(new Uint8Array(1440 * 1024)) },
  { slot: 'hda', kind: 'disk', medium: new MemoryBlockDevice(new Uint8Array(1 << 20).fill(0x5a)) },
  { slot: 'hdc', kind: 'cdrom', medium: undefined },
]

it('A machine with our firmware and drives has zeros outside of the ROM area', () => {
  expectFresh({ drives })
})

const KERNEL = shared('guests/vmlinuz-686')
const BIOS = seabios('bios-256k.bin')
const VGA_BIOS = seabios('vgabios-stdvga.bin')

describeWith([KERNEL], 'A machine with a kernel', () => {
  it('has zeros outside of the ROM area, too', () => {
    const kernel = {
      image: new Uint8Array(readFileSync(pathOf(KERNEL))),
      initrd: new Uint8Array(5000),
      append: 'quiet',
    }
    expectFresh({ drives, kernel })
  })
})

describeWith([BIOS, VGA_BIOS], 'A machine with firmware of others', () => {
  it('has zeros outside of the ROM area, too', () => {
    const [bios, vgaBios] = [BIOS, VGA_BIOS].map((need) => new Uint8Array(readFileSync(pathOf(need))))
    if (bios) expectFresh({ drives, firmware: { bios, vgaBios } })
  })
})
