/**
 * The processor that the tests run on, as a reference: runs instructions through a small C program and returns them as
 * vectors, results included, for VectorRunner to repeat. Only what means the same in 32-bit and in 64-bit mode may be run.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FpuVector, Vector } from '../vectors/vector.ts'
import type { Need } from './needs.ts'
import { pathOf } from './needs.ts'
import { tool } from './tools.ts'

const RECORD_BYTES = 832
const CODE = 0
const TRAP = 16
const FLAGS = 20
const REGISTERS = 24
const FX = 64
const MEMORY = 576
const MEMORY_BYTES = 256

/** An instruction to run, with EDI pointing at `in.mem` (256 bytes). ESP and EBP are not given to it. */
export type Case = Omit<Vector, 'out'>

/** gcc on an x86-64 Linux, where the program can be made and run. */
export function hostProcessor(): Need {
  const gcc = tool('gcc')
  const suits = process.platform === 'linux' && process.arch === 'x64'
  return { what: 'gcc on x86-64 Linux', path: suits ? gcc.path : undefined }
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function encode(cases: readonly Case[]): Buffer {
  const all = Buffer.alloc(cases.length * RECORD_BYTES)
  cases.forEach(({ code, in: before }, n) => {
    const record = all.subarray(n * RECORD_BYTES, (n + 1) * RECORD_BYTES)
    record.write(code, CODE, 'hex')
    record.writeInt32LE(code.length / 2, TRAP)
    record.writeUInt32LE(before.f, FLAGS)
    before.r.forEach((value, i) => {
      record.writeUInt32LE(value, REGISTERS + i * 4)
    })
    record.write(before.mem ?? '', MEMORY, 'hex')
    const fx = before.fx ?? {}
    record.writeUInt16LE(fx.cw ?? 0x37f, FX)
    record.writeUInt16LE(fx.sw ?? 0, FX + 2)
    record.writeUInt8(fx.tw ?? 0, FX + 4)
    record.writeUInt32LE(fx.mxcsr ?? 0x1f80, FX + 24)
    for (const [i, value] of (fx.st ?? []).entries()) record.write(value, FX + 32 + i * 16, 'hex')
    for (const [i, value] of (fx.xmm ?? []).entries()) record.write(value, FX + 160 + i * 16, 'hex')
  })
  return all
}

function decode(record: Buffer, { in: before }: Case): Vector['out'] {
  const trap = record.readInt32LE(TRAP)
  const eight = Array.from({ length: 8 }, (_, i) => i)
  const fx: FpuVector = {
    cw: record.readUInt16LE(FX),
    sw: record.readUInt16LE(FX + 2),
    tw: record.readUInt8(FX + 4),
    mxcsr: record.readUInt32LE(FX + 24),
    st: eight.map((i) => hexOf(record.subarray(FX + 32 + i * 16, FX + 42 + i * 16))),
    xmm: eight.map((i) => hexOf(record.subarray(FX + 160 + i * 16, FX + 176 + i * 16))),
  }
  const mem: [number, string] = [0, hexOf(record.subarray(MEMORY, MEMORY + MEMORY_BYTES))]
  if (trap >= 0) return { trap, mem, fx }
  const given = [0, 1, 2, 3, 6]
  const r = Object.fromEntries(
    eight.map((i) => [i, given.includes(i) ? record.readUInt32LE(REGISTERS + i * 4) : before.r[i]]),
  )
  return { r: r as Record<string, number>, f: record.readUInt32LE(FLAGS), mem, fx }
}

/** Runs `cases` on this computer's processor. */
export function runOnHost(cases: readonly Case[]): Vector[] {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-host-'))
  try {
    const program = join(folder, 'host-processor')
    execFileSync(pathOf(hostProcessor()), [
      '-O1',
      '-mno-red-zone',
      '-o',
      program,
      join(import.meta.dirname, 'host-processor.c'),
    ])
    const output = execFileSync(program, { input: encode(cases), maxBuffer: cases.length * RECORD_BYTES + 1024 })
    return cases.map((one, n) => ({
      ...one,
      out: decode(output.subarray(n * RECORD_BYTES, (n + 1) * RECORD_BYTES), one),
    }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
