/**
 * The x87 environment and whole state in memory: FNSTENV, FLDENV, FNSAVE, FRSTOR in their four layouts, FXSAVE and FXRSTOR.
 * Slow paths: they move up to 512 bytes and are rare. Everything is read before anything changes.
 *
 * Source: Intel SDM vol 1, 8.1.10 (figures 8-9 to 8-12), 10.5; vol 2A FSTENV, FSAVE, FXSAVE, FXRSTOR.
 */
import type { Cpu } from '../exec/cpu.ts'
import { slowPath } from '../ops/runtime.ts'
import type { CpuState } from '../state/cpu-state.ts'
import * as L from '../state/layout.ts'
import { BUSY, CONTROL_BITS, CONTROL_INITIAL, CONTROL_ONES, ES, EXCEPTIONS } from './control.ts'

const VECTOR_GP = 13
const CR4_OSFXSR = 0x200
const MXCSR_MASK_SSE = 0xffbf
const MXCSR_MASK_SSE2 = 0xffff
/** Bits of FPU_STATUS: all but TOP. */
const STATUS_BITS = 0xc7ff
const TOP_SHIFT = 11

const word = (state: CpuState, offset: number): number => state.i32[offset >> 2]

/** The status word with TOP. */
function readStatus(state: CpuState): number {
  return word(state, L.FPU_STATUS) | (word(state, L.FPU_TOP) << TOP_SHIFT)
}

/** Sets control and status word, TOP included; ES and B follow from flags and masks. */
function setControlAndStatus(state: CpuState, control: number, status: number): void {
  const masks = (control & CONTROL_BITS) | CONTROL_ONES
  const pending = (status & ~masks & EXCEPTIONS) !== 0
  const { i32 } = state
  i32[L.FPU_CONTROL >> 2] = masks
  i32[L.FPU_STATUS >> 2] = (status & STATUS_BITS & ~(ES | BUSY)) | (pending ? ES | BUSY : 0)
  i32[L.FPU_TOP >> 2] = (status >> TOP_SHIFT) & 7
  if (!pending) i32[L.FPU_FERR >> 2] = i32[L.FPU_IGNNE >> 2] = 0
}

/** Two bits for each physical register: 0 valid, 1 zero, 2 special, 3 empty. */
function fullTags(state: CpuState): number {
  const abridged = word(state, L.FPU_TAGS)
  let tags = 0
  for (let n = 0; n < 8; n++) tags |= (abridged & (1 << n) ? classOf(state, n) : 3) << (n * 2)
  return tags
}

function classOf(state: CpuState, n: number): number {
  const at = L.fpuRegisterOffset(n)
  const exponent = state.u16[(at + 8) >> 1] & 0x7fff
  const high = state.i32[(at + 4) >> 2]
  if (exponent === 0) return high === 0 && state.i32[at >> 2] === 0 ? 1 : 2
  return exponent === 0x7fff || high >= 0 ? 2 : 0
}

function setTagsFromFull(state: CpuState, tags: number): void {
  let abridged = 0
  for (let n = 0; n < 8; n++) if (((tags >> (n * 2)) & 3) !== 3) abridged |= 1 << n
  state.i32[L.FPU_TAGS >> 2] = abridged
}

/** Prefixes that may stand before an x87 instruction. */
const PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x9b])
const LONGEST_INSTRUCTION = 15

/** Linear base of the code segment that the last instruction ran in. */
function codeBase(cpu: Cpu): number {
  const { state } = cpu
  const selector = word(state, L.FPU_CS)
  if (selector === state.selector(L.CS)) return state.segmentBase(L.CS)
  if (hasLinearPointers(state)) return selector << 4
  const table = selector & 4 ? state.segmentBase(L.LDTR) : state.u32[L.GDTR_BASE >> 2]
  const at = table + (selector & ~7)
  const high = cpu.readSystem(at + 4, 4)
  return (cpu.readSystem(at, 4) >>> 16) | ((high & 0xff) << 16) | (high & 0xff00_0000)
}

/**
 * Opcode of the last non-control instruction: low three bits of its first byte, then the second. Instructions record only where
 * they are; the bytes are read again here, and an opcode that cannot be read any more is 0.
 */
function lastOpcode(cpu: Cpu): number {
  const { state } = cpu
  const ip = word(state, L.FPU_IP)
  if (ip === word(state, L.FPU_OPCODE_IP)) return word(state, L.FPU_OPCODE) & 0x7ff
  let opcode = 0
  const cr2 = word(state, L.CR2)
  const failed = cpu.attempt(() => {
    const linear = codeBase(cpu) + ip
    for (let i = 0; i < LONGEST_INSTRUCTION; i++) {
      const byte = cpu.readSystem(linear + i, 1)
      if (PREFIXES.has(byte)) continue
      if ((byte & 0xf8) === 0xd8) opcode = ((byte & 7) << 8) | cpu.readSystem(linear + i + 1, 1)
      break
    }
  })
  if (failed) state.i32[L.CR2 >> 2] = cr2
  return opcode
}

interface Pointers {
  readonly ip: number
  readonly cs: number
  readonly opcode: number
  readonly dp: number
  readonly ds: number
}

function pointers(cpu: Cpu): Pointers {
  const { state } = cpu
  const opcode = lastOpcode(cpu)
  const at = (offset: number): number => state.u32[offset >> 2]
  return { ip: at(L.FPU_IP), cs: at(L.FPU_CS), opcode, dp: at(L.FPU_DP), ds: at(L.FPU_DS) }
}

function setPointers(state: CpuState, { ip, cs, opcode, dp, ds }: Pointers): void {
  const { i32 } = state
  i32[L.FPU_IP >> 2] = i32[L.FPU_OPCODE_IP >> 2] = ip
  i32[L.FPU_CS >> 2] = cs & 0xffff
  i32[L.FPU_OPCODE >> 2] = opcode & 0x7ff
  i32[L.FPU_DP >> 2] = dp
  i32[L.FPU_DS >> 2] = ds & 0xffff
}

/** Real-address and virtual-8086 mode keep linear addresses instead of selector and offset. */
const hasLinearPointers = (state: CpuState): boolean => !state.protectedMode || state.vm86

/** The seven words of an environment, as written in units of `size` bytes (2 or 4). */
function environmentWords(cpu: Cpu, size: number): number[] {
  const { state } = cpu
  const { ip, cs, opcode, dp, ds } = pointers(cpu)
  const head = [word(state, L.FPU_CONTROL), readStatus(state), fullTags(state)]
  const reserved = size === 4 ? 0xffff_0000 : 0
  const words = head.map((value) => (value & 0xffff) | reserved)
  if (!hasLinearPointers(state)) {
    if (size === 4) return [...words, ip, (opcode << 16) | cs, dp, reserved | ds]
    return [...words, ip, cs, dp, ds]
  }
  const code = ((cs << 4) + ip) >>> 0
  const data = ((ds << 4) + dp) >>> 0
  if (size === 4) {
    const low = (value: number) => (value & 0xffff) | reserved
    const high = (value: number) => (value & 0xffff_0000) >>> 4
    return [...words, low(code), high(code) | opcode, low(data), high(data)]
  }
  const high = (value: number) => (value >>> 4) & 0xf000
  return [...words, code, high(code) | opcode, data, high(data)]
}

function loadEnvironmentWords(state: CpuState, words: readonly number[], size: number): void {
  const [control, status, tags, w3, w4, w5, w6] = words
  if (!hasLinearPointers(state)) {
    const opcode = size === 4 ? (w4 >>> 16) & 0x7ff : 0
    setPointers(state, { ip: w3, cs: w4, opcode, dp: w5, ds: w6 })
  } else {
    const high = (value: number) => (size === 4 ? (value & 0x0fff_f000) << 4 : (value & 0xf000) << 4)
    const opcode = w4 & 0x7ff
    setPointers(state, { ip: (w3 & 0xffff) | high(w4), cs: 0, opcode, dp: (w5 & 0xffff) | high(w6), ds: 0 })
  }
  setTagsFromFull(state, tags)
  setControlAndStatus(state, control, status)
}

function writeEnvironment(cpu: Cpu, segment: number, offset: number, size: number): void {
  environmentWords(cpu, size).forEach((value, i) => {
    if (size === 4) cpu.write32(segment, offset + i * 4, value)
    else cpu.write16(segment, offset + i * 2, value & 0xffff)
  })
}

function readEnvironment(cpu: Cpu, segment: number, offset: number, size: number): number[] {
  return Array.from({ length: 7 }, (_, i) =>
    size === 4 ? cpu.read32(segment, offset + i * 4) : cpu.read16(segment, offset + i * 2),
  )
}

/** FNSTENV: (segment, offset, operand size). Masks all exceptions afterwards. */
export const storeEnvironment = slowPath('x87_fnstenv', 3, (cpu, segment, offset, size) => {
  writeEnvironment(cpu, segment, offset, size)
  setControlAndStatus(cpu.state, word(cpu.state, L.FPU_CONTROL) | EXCEPTIONS, readStatus(cpu.state))
})

export const loadEnvironment = slowPath('x87_fldenv', 3, (cpu, segment, offset, size) => {
  loadEnvironmentWords(cpu.state, readEnvironment(cpu, segment, offset, size), size)
})

/** Offset in the CPU state of ST(i). */
const stackRegister = (state: CpuState, i: number): number => L.fpuRegisterOffset((word(state, L.FPU_TOP) + i) & 7)

function writeTenBytes(cpu: Cpu, segment: number, offset: number, from: number): void {
  const { u32, u16 } = cpu.state
  cpu.write32(segment, offset, u32[from >> 2])
  cpu.write32(segment, offset + 4, u32[(from >> 2) + 1])
  cpu.write16(segment, offset + 8, u16[(from >> 1) + 4])
}

interface TenBytes {
  readonly low: number
  readonly high: number
  readonly signExponent: number
}

function readTenBytes(cpu: Cpu, segment: number, offset: number): TenBytes {
  return {
    low: cpu.read32(segment, offset),
    high: cpu.read32(segment, offset + 4),
    signExponent: cpu.read16(segment, offset + 8),
  }
}

function setStack(state: CpuState, values: readonly TenBytes[]): void {
  values.forEach(({ low, high, signExponent }, i) => {
    const at = stackRegister(state, i) >> 2
    state.u32[at] = low
    state.u32[at + 1] = high
    state.u32[at + 2] = signExponent
  })
}

/** What FNINIT does. */
function initialize(state: CpuState): void {
  setControlAndStatus(state, CONTROL_INITIAL, 0)
  state.i32[L.FPU_TAGS >> 2] = 0
  setPointers(state, { ip: 0, cs: 0, opcode: 0, dp: 0, ds: 0 })
}

/** FNSAVE: (segment, offset, operand size). Initialises the FPU afterwards. */
export const saveState = slowPath('x87_fnsave', 3, (cpu, segment, offset, size) => {
  writeEnvironment(cpu, segment, offset, size)
  for (let i = 0; i < 8; i++) writeTenBytes(cpu, segment, offset + 7 * size + i * 10, stackRegister(cpu.state, i))
  initialize(cpu.state)
})

export const restoreState = slowPath('x87_frstor', 3, (cpu, segment, offset, size) => {
  const words = readEnvironment(cpu, segment, offset, size)
  const values = Array.from({ length: 8 }, (_, i) => readTenBytes(cpu, segment, offset + 7 * size + i * 10))
  loadEnvironmentWords(cpu.state, words, size)
  setStack(cpu.state, values)
})

function checkAligned(cpu: Cpu, segment: number, offset: number): void {
  if ((cpu.state.u32[(segment + L.SEG_BASE) >> 2] + offset) & 15) cpu.raise(VECTOR_GP)
}

const hasSseState = (cpu: Cpu): boolean => (word(cpu.state, L.CR4) & CR4_OSFXSR) !== 0
const FX_REGISTERS = 32
const FX_XMM = 160

/** Bits of MXCSR that may be set: DAZ came with SSE2. */
const mxcsrMask = (cpu: Cpu): number => (cpu.profile.disabledFeatures.has('sse2') ? MXCSR_MASK_SSE : MXCSR_MASK_SSE2)

/** FXSAVE: (segment, offset). XMM registers and MXCSR only with CR4.OSFXSR. */
export const fxSave = slowPath('x87_fxsave', 2, (cpu, segment, offset) => {
  checkAligned(cpu, segment, offset)
  const { state } = cpu
  const { ip, cs, opcode, dp, ds } = pointers(cpu)
  const write32 = (at: number, value: number) => cpu.write32(segment, offset + at, value >>> 0)
  write32(0, word(state, L.FPU_CONTROL) | (readStatus(state) << 16))
  write32(4, word(state, L.FPU_TAGS) | (opcode << 16))
  write32(8, ip)
  write32(12, cs)
  write32(16, dp)
  write32(20, ds)
  for (let i = 0; i < 8; i++) {
    const from = stackRegister(state, i) >> 2
    for (let k = 0; k < 4; k++)
      write32(FX_REGISTERS + i * 16 + k * 4, k < 2 ? state.u32[from + k] : k === 2 ? state.u16[from * 2 + 4] : 0)
  }
  if (!hasSseState(cpu)) return
  write32(24, word(state, L.MXCSR))
  write32(28, mxcsrMask(cpu))
  for (let i = 0; i < 32; i++) write32(FX_XMM + i * 4, state.u32[(L.XMM >> 2) + i])
})

/** FXRSTOR: (segment, offset). #GP(0) for reserved bits of MXCSR. */
export const fxRestore = slowPath('x87_fxrstor', 2, (cpu, segment, offset) => {
  checkAligned(cpu, segment, offset)
  const { state } = cpu
  const sse = hasSseState(cpu)
  const read32 = (at: number): number => cpu.read32(segment, offset + at)
  const head = [0, 4, 8, 12, 16, 20, 24].map(read32)
  const mxcsr = head[6]
  if (sse && mxcsr & ~mxcsrMask(cpu)) cpu.raise(VECTOR_GP)
  const values = Array.from({ length: 8 }, (_, i) => readTenBytes(cpu, segment, offset + FX_REGISTERS + i * 16))
  const xmm = sse ? Array.from({ length: 32 }, (_, i) => read32(FX_XMM + i * 4)) : []
  setPointers(state, { ip: head[2], cs: head[3], opcode: head[1] >>> 16, dp: head[4], ds: head[5] })
  state.i32[L.FPU_TAGS >> 2] = head[1] & 0xff
  setControlAndStatus(state, head[0] & 0xffff, head[0] >>> 16)
  setStack(state, values)
  if (!sse) return
  state.u32[L.MXCSR >> 2] = mxcsr
  xmm.forEach((value, i) => {
    state.u32[(L.XMM >> 2) + i] = value
  })
})
