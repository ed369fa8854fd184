/**
 * Makes the same BIOS calls in QEMU with SeaBIOS and in a machine of ours with our firmware, and returns what came of them. The
 * calls stand on a hard disk image behind a boot sector (bios-probe.asm), which writes results to port E9h.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BlockDevice } from '../../core/disk/block-device.ts'
import { MemoryBlockDevice } from '../../core/disk/memory-block-device.ts'
import { createMachine } from '../../core/machine/builder.ts'
import { testMachineConfig } from './machine-config.ts'

/** Registers of a call; what is left out is zero. */
export interface Registers {
  readonly ax: number
  readonly bx?: number
  readonly cx?: number
  readonly dx?: number
  readonly si?: number
  readonly di?: number
  readonly bp?: number
  readonly ds?: number
  readonly es?: number
}

export type ProbeStep =
  | { readonly kind: 'int'; readonly vector: number; readonly registers: Registers }
  | { readonly kind: 'dump'; readonly segment: number; readonly offset: number; readonly count: number }
  | { readonly kind: 'vga' }
  | { readonly kind: 'dac' }
  | { readonly kind: 'poke'; readonly segment: number; readonly offset: number; readonly bytes: readonly number[] }
  | { readonly kind: 'port'; readonly port: number; readonly value: number }

/** Registers after a call, by name, with `flags`; or bytes. */
export type ProbeResult = Readonly<Record<string, number>> | Uint8Array

const NAMES = ['ax', 'bx', 'cx', 'dx', 'si', 'di', 'bp', 'ds', 'es', 'flags'] as const
const SOURCE = join(import.meta.dirname, 'bios-probe.asm')
/** Disk of 8 MiB: boot sector, 32 KiB of steps. */
const DISK_BYTES = 8 << 20
const STEPS_BYTES = 64 * 512
const VGA_BYTES = 1 + 5 + 25 + 9 + 21
const DAC_BYTES = 768

const word = (value: number) => [value & 0xff, (value >>> 8) & 0xff]

/** A call, in short. */
export function int(vector: number, registers: Registers): ProbeStep {
  return { kind: 'int', vector, registers }
}

function encode(step: ProbeStep): number[] {
  switch (step.kind) {
    case 'int':
      return [1, step.vector, ...NAMES.slice(0, 9).flatMap((name) => word(step.registers[name as 'ax'] ?? 0))]
    case 'dump':
      return [2, ...word(step.segment), ...word(step.offset), ...word(step.count)]
    case 'vga':
      return [3]
    case 'dac':
      return [4]
    case 'poke':
      return [5, ...word(step.segment), ...word(step.offset), ...word(step.bytes.length), ...step.bytes]
    case 'port':
      return [6, ...word(step.port), step.value]
  }
}

/** The disk that runs `steps`. */
function buildDisk(nasm: string, steps: readonly ProbeStep[]): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-probe-'))
  try {
    const binary = join(folder, 'probe.bin')
    execFileSync(nasm, ['-f', 'bin', '-o', binary, SOURCE])
    const disk = new Uint8Array(DISK_BYTES)
    const list = [...steps.flatMap(encode), 0]
    if (list.length > STEPS_BYTES) throw new Error(`The steps take ${list.length} bytes`)
    disk.set(readFileSync(binary))
    disk.set(list, 512)
    return disk
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function decode(output: Uint8Array, steps: readonly ProbeStep[]): ProbeResult[] {
  let at = 0
  const take = (count: number): Uint8Array => {
    if (at + count > output.length) throw new Error(`The probe stopped after ${output.length} bytes of results`)
    at += count
    return output.slice(at - count, at)
  }
  const results: ProbeResult[] = []
  for (const step of steps) {
    if (step.kind === 'int') {
      const view = new DataView(take(20).buffer)
      results.push(Object.fromEntries(NAMES.map((name, i) => [name, view.getUint16(2 * i, true)])))
    } else if (step.kind === 'dump') results.push(take(step.count))
    else if (step.kind === 'vga') results.push(take(VGA_BYTES))
    else if (step.kind === 'dac') results.push(take(DAC_BYTES))
    else results.push(new Uint8Array(0))
  }
  return results
}

/** Results under QEMU's SeaBIOS and its VGA BIOS. */
export function probeQemu(programs: { qemu: string; nasm: string }, steps: readonly ProbeStep[]): ProbeResult[] {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-probe-'))
  try {
    const disk = join(folder, 'disk.img')
    const output = join(folder, 'output')
    writeFileSync(disk, buildDisk(programs.nasm, steps))
    const run = spawnSync(
      programs.qemu,
      [
        ...[
          '-M',
          'pc',
          '-m',
          '64',
          '-vga',
          'std',
          '-display',
          'none',
          '-nic',
          'none',
          '-serial',
          'null',
          '-net',
          'none',
        ],
        ...['-drive', `file=${disk},format=raw,if=ide,index=0`, '-debugcon', `file:${output}`],
        ...['-device', 'isa-debug-exit,iobase=0xf4', '-boot', 'c', '-rtc', 'base=2026-01-02T03:04:05'],
      ],
      { timeout: 120_000 },
    )
    if (run.status !== 1) throw new Error(`QEMU ended with ${run.status}: ${run.stderr}`)
    // SeaBIOS writes its log there, too, which is text before the first result; the probe's bytes are the last ones.
    const all = new Uint8Array(readFileSync(output))
    return decode(all.subarray(all.length - resultBytes(steps)), steps)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function resultBytes(steps: readonly ProbeStep[]): number {
  const bytes = (step: ProbeStep): number => {
    if (step.kind === 'int') return 20
    if (step.kind === 'dump') return step.count
    return step.kind === 'vga' ? VGA_BYTES : step.kind === 'dac' ? DAC_BYTES : 0
  }
  return steps.reduce((sum, step) => sum + bytes(step), 0)
}

/** What a machine of ours has besides the probe's disk. */
export interface ProbeMachine {
  readonly floppy?: BlockDevice
  readonly cd?: BlockDevice
}

/** Results under our firmware. */
export function probeVitrine(nasm: string, steps: readonly ProbeStep[], parts: ProbeMachine = {}): ProbeResult[] {
  const output: number[] = []
  const drives = [
    { slot: 'hda', kind: 'disk', medium: new MemoryBlockDevice(buildDisk(nasm, steps)) },
    ...(parts.floppy ? [{ slot: 'fda', kind: 'floppy', medium: parts.floppy } as const] : []),
    ...(parts.cd ? [{ slot: 'hdc', kind: 'cdrom', medium: parts.cd } as const] : []),
  ] as const
  const machine = createMachine(testMachineConfig({ memoryMib: 64, bootOrder: ['disk'], drives }))
  const [com1] = machine.serialPorts
  if (com1) com1.onOutput = (byte) => void output.push(byte)
  try {
    for (let slices = 0; slices < 2000; slices++) {
      if (machine.runSlice(10_000_000).reason === 'exit') return decode(Uint8Array.from(output), steps)
    }
    throw new Error(`The probe does not end: ${JSON.stringify(machine.display.text())}`)
  } finally {
    machine.dispose()
  }
}
