/**
 * The processor's saved record. It is taken between slices: what generated code keeps only while it runs (budget, pending
 * fault, scratch) and what is derived (TLB, decoded code, mode, stack mask, unit traps) is not saved.
 */
import { parseWith, z } from '../../base/schema.ts'
import type { StateFormat } from '../../state/state-reader.ts'
import type { StateRecord } from '../../state/state-value.ts'
import type { Cpu } from '../exec/cpu.ts'
import * as L from './layout.ts'

/** Registers of 32 bits, by name and place. */
const WORDS = {
  eip: L.EIP,
  flagsResult: L.FLAGS_RESULT,
  flagsAux: L.FLAGS_AUX,
  eflags: L.EFLAGS,
  inhibit: L.INHIBIT,
  cpl: L.CPL,
  halted: L.HALTED,
  gdtrBase: L.GDTR_BASE,
  gdtrLimit: L.GDTR_LIMIT,
  idtrBase: L.IDTR_BASE,
  idtrLimit: L.IDTR_LIMIT,
  cr0: L.CR0,
  cr2: L.CR2,
  cr3: L.CR3,
  cr4: L.CR4,
  fpuControl: L.FPU_CONTROL,
  fpuStatus: L.FPU_STATUS,
  fpuTags: L.FPU_TAGS,
  fpuTop: L.FPU_TOP,
  fpuOpcode: L.FPU_OPCODE,
  fpuIp: L.FPU_IP,
  fpuCs: L.FPU_CS,
  fpuDp: L.FPU_DP,
  fpuDs: L.FPU_DS,
  fpuOpcodeIp: L.FPU_OPCODE_IP,
  fpuFerr: L.FPU_FERR,
  fpuIgnne: L.FPU_IGNNE,
  mxcsr: L.MXCSR,
} as const

/** Runs of registers: place and count of 32-bit words. */
const RUNS = {
  general: { at: L.REGISTERS, words: 16 },
  debug: { at: L.DEBUG_REGISTERS, words: 8 },
  pdptes: { at: L.PDPTES, words: 8 },
  sysenter: { at: L.SYSENTER, words: 3 },
  pat: { at: L.IA32_PAT, words: 2 },
  miscEnable: { at: L.IA32_MISC_ENABLE, words: 2 },
  apicBase: { at: L.IA32_APIC_BASE, words: 2 },
  fpuRegisters: { at: L.FPU_REGISTERS, words: 32 },
  xmm: { at: L.XMM, words: 32 },
} as const

const SEGMENTS = 8
const word = z.int().min(0).max(0xffff_ffff)
const run = (words: number) =>
  z.instanceof(Uint32Array).refine((values) => values.length === words, { message: `${words} words` })

const stateSchema = z.strictObject({
  words: z.strictObject(Object.fromEntries(Object.keys(WORDS).map((name) => [name, word]))),
  runs: z.strictObject(Object.fromEntries(Object.entries(RUNS).map(([name, { words }]) => [name, run(words)]))),
  /** Selector, base, limit and attributes of ES, CS, SS, DS, FS, GS, LDTR and TR. */
  segments: run(SEGMENTS * 4),
  timeStampOffset: z.number(),
  nmiMasked: z.boolean(),
  nmiPending: z.boolean(),
  debugTrap: word,
  /** Instructions executed since power-on. */
  retired: z.number().nonnegative(),
})

export const CPU_FORMAT: StateFormat = { version: 1 }

export function saveCpu(cpu: Cpu): StateRecord {
  const { u32, f64 } = cpu.state
  const { retired, nmiPending, debugTrap } = cpu.counters
  const segments = new Uint32Array(SEGMENTS * 4)
  for (let s = 0; s < SEGMENTS; s++) {
    const at = L.segmentOffset(s) >> 2
    segments.set(u32.subarray(at, at + 4), s * 4)
  }
  return {
    words: Object.fromEntries(Object.entries(WORDS).map(([name, at]) => [name, u32[at >> 2]])),
    runs: Object.fromEntries(
      Object.entries(RUNS).map(([name, { at, words }]) => [
        name,
        Uint32Array.from(u32.subarray(at >> 2, (at >> 2) + words)),
      ]),
    ),
    segments,
    timeStampOffset: f64[L.TSC_OFFSET >> 3],
    nmiMasked: cpu.nmiMasked,
    nmiPending,
    debugTrap,
    retired,
  }
}

/** Throws `state/corrupt`. The processor is as after a reset then. */
export function restoreCpu(cpu: Cpu, record: StateRecord): void {
  const saved = parseWith(stateSchema, record, 'State of the processor', 'state/corrupt')
  cpu.reset()
  const { u32, f64 } = cpu.state
  for (const [name, at] of Object.entries(WORDS)) u32[at >> 2] = saved.words[name]
  for (const [name, { at }] of Object.entries(RUNS)) u32.set(saved.runs[name], at >> 2)
  for (let s = 0; s < SEGMENTS; s++) {
    const [selector, base, limit, attributes] = saved.segments.subarray(s * 4)
    cpu.state.setSegment(s, selector, base, limit, attributes)
  }
  f64[L.TSC_OFFSET >> 3] = saved.timeStampOffset
  cpu.nmiMasked = saved.nmiMasked
  cpu.resume(saved)
}
