/** A whole machine with our firmware on the virtual clock, for tests that look at its screen, its port E9h, and type keys. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { KeyCode } from '../../core/contract/key-codes.ts'
import { createMachine } from '../../core/machine/builder.ts'
import type { DriveConfig, Machine, MachineConfig, SliceEnd } from '../../core/machine/machine.ts'
import { testMachineConfig } from './machine-config.ts'

const SLICE_NS = 5_000_000
/** Guest time after which a test has failed. */
const LIMIT_SLICES = 4000

/** A running machine and what it has said so far. */
export interface TestMachine {
  readonly machine: Machine
  /** Bytes of port E9h (and of COM1). */
  readonly output: number[]
  /** The text screen, lines joined by line feeds, without spaces at their ends. */
  screen(): string
  /** Runs until `done`; throws with the screen when that does not come. */
  runUntil(done: () => boolean): void
  /** Runs until the guest ends itself. */
  runToEnd(): SliceEnd
  press(...codes: KeyCode[]): void
}

/** Switches a machine on; the test's end takes it away. */
export function startMachine(
  changes: Partial<MachineConfig> & { readonly drives?: readonly DriveConfig[] } = {},
): TestMachine {
  const output: number[] = []
  const machine = createMachine(testMachineConfig(changes))
  onTestFinished(() => machine.dispose())
  const [com1] = machine.serialPorts
  if (com1) com1.onOutput = (byte) => void output.push(byte)
  const screen = () =>
    machine.display
      .text()
      .lines.map((line) => line.trimEnd())
      .join('\n')
      .trimEnd()
  return {
    machine,
    output,
    screen,
    runUntil(done) {
      for (let slices = 0; !done(); slices++) {
        if (slices === LIMIT_SLICES) throw new Error(`It does not come. The screen:\n${screen()}`)
        machine.runSlice(SLICE_NS)
      }
    },
    runToEnd() {
      for (let slices = 0; slices < LIMIT_SLICES; slices++) {
        const end = machine.runSlice(SLICE_NS)
        if (end.reason === 'exit' || end.reason === 'power-off') return end
      }
      throw new Error(`The guest does not end. The screen:\n${screen()}`)
    },
    press(...codes) {
      for (const code of codes) machine.keyboard.key(code, true)
      for (const code of codes.toReversed()) machine.keyboard.key(code, false)
    },
  }
}

/** Bytes of a flat binary from NASM source. */
export function assemble(nasm: string, source: string): Uint8Array<ArrayBuffer> {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-asm-'))
  try {
    writeFileSync(join(folder, 'source.asm'), source)
    execFileSync(nasm, ['-f', 'bin', '-o', join(folder, 'binary'), join(folder, 'source.asm')])
    return new Uint8Array(readFileSync(join(folder, 'binary')))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
