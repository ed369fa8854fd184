/**
 * The BIOS in virtual-8086 mode, where EMM386 and Windows call it: under a monitor that lets no port access pass unseen and pages
 * memory in when it is touched.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { MemoryBlockDevice } from '../../../core/disk/memory-block-device.ts'
import { createMachine } from '../../../core/machine/builder.ts'
import { testMachineConfig } from '../../support/machine-config.ts'
import { describeWith, pathOf } from '../../support/needs.ts'
import { tool } from '../../support/tools.ts'

const NASM = tool('nasm')
const SOURCE = join(import.meta.dirname, '../../support/vm86-monitor.asm')
const DISK_BYTES = 8 << 20
const REPORT_BYTES = 4 + 128 + 0x78 + 64

interface Report {
  readonly accesses: number
  readonly faults: number
  readonly ports: ReadonlySet<number>
  /** Result words of the task. */
  readonly results: readonly number[]
}

function parse(all: Uint8Array): Report {
  if (all.length < REPORT_BYTES) throw new Error(`The monitor stopped: ${Buffer.from(all).toString('latin1')}`)
  const bytes = all.slice(all.length - REPORT_BYTES)
  const view = new DataView(bytes.buffer)
  const ports = new Set<number>()
  for (let port = 0; port < 0x400; port++) if ((bytes[4 + (port >>> 3)] ?? 0) & (1 << (port & 7))) ports.add(port)
  const results = Array.from({ length: 12 }, (_, i) => view.getUint16(4 + 128 + 0x78 + 2 * i, true))
  return { accesses: view.getUint16(0, true), faults: view.getUint16(2, true), ports, results }
}

function withDisk<Result>(work: (disk: Uint8Array) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-vm86-'))
  try {
    const binary = join(folder, 'monitor.bin')
    execFileSync(pathOf(NASM), ['-f', 'bin', '-o', binary, SOURCE])
    const disk = new Uint8Array(DISK_BYTES)
    disk.set(readFileSync(binary))
    return work(disk)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function underVitrine(): Report {
  return withDisk((disk) => {
    const output: number[] = []
    const machine = createMachine(
      testMachineConfig({
        bootOrder: ['disk'],
        drives: [{ slot: 'hda', kind: 'disk', medium: new MemoryBlockDevice(disk) }],
      }),
    )
    const [com1] = machine.serialPorts
    if (com1) com1.onOutput = (byte) => void output.push(byte)
    try {
      for (let slices = 0; slices < 500; slices++) {
        if (machine.runSlice(10_000_000).reason === 'exit') return parse(Uint8Array.from(output))
      }
      throw new Error(`The monitor does not end: ${JSON.stringify(machine.display.text())}`)
    } finally {
      machine.dispose()
    }
  })
}

describeWith([NASM], 'The BIOS in virtual-8086 mode', () => {
  it('makes its port accesses as instructions that a monitor can trap, and survives page faults', () => {
    const { faults, ports, accesses } = underVitrine()
    expect(faults).toBe(3) // two pages of a disk buffer, one of the screen
    expect(accesses).toBeGreaterThan(1000)
    const seen = [0x70, 0x71, 0x3c0, 0x3c2, 0x3c4, 0x3c8, 0x3c9, 0x3ce, 0x3d4, 0x3da, 0x1ce, 0x1cf]
    expect(seen.filter((port) => !ports.has(port))).toEqual([])
  })
})

describeWith([NASM], 'BIOS calls in virtual-8086 mode', () => {
  it('return what they return in real mode', () => {
    const [mode, cursor, disk, signature, code, century, day, vendor, device, colour, vbe] = underVitrine().results
    expect({ mode, cursor, disk, signature, code, century, day, vendor, device, colour, vbe }).toEqual({
      mode: 0x0030,
      cursor: 0x0001,
      disk: 0x0002,
      signature: 0xaa55,
      code: 0xb0fa, // the monitor's first instructions, from the second sector
      century: 0x2026,
      day: 0x0102,
      vendor: 0x8086,
      device: 0x1237,
      colour: 0x2233,
      vbe: 0x004f,
    })
  })
})
