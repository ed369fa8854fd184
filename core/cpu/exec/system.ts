/** System instructions: descriptor tables, control and debug registers, MSRs, CPUID, time stamp, halting. */
import { slowFunction, slowPath } from '../ops/runtime.ts'
import { IF, STATUS_FLAGS, VM, ZF } from '../state/cpu-state.ts'
import * as L from '../state/layout.ts'
import { setCr0, setCr3, setCr4 } from './control-registers.ts'
import type { Cpu } from './cpu.ts'
import { cliFront, stiFront } from './flag-fronts.ts'
import { ioPrivileged } from './interrupts.ts'
import {
  dplOf,
  findDescriptor,
  GP,
  isCode,
  isConforming,
  isPresent,
  isReadable,
  isSystem,
  isWritableData,
  limitOf,
  NP,
  readDescriptor,
  setFromDescriptor,
  typeOf,
} from './segments.ts'

const UD = 6

export const cli = slowPath(
  'cli',
  0,
  (cpu) => {
    if (cpu.state.protectedMode && !ioPrivileged(cpu)) cpu.raise(GP, 0)
    cpu.state.u32[L.EFLAGS >> 2] &= ~IF
  },
  cliFront,
)

/** STI: interrupts are recognised after the following instruction. */
export const sti = slowPath(
  'sti',
  0,
  (cpu) => {
    const { u32 } = cpu.state
    if (cpu.state.protectedMode && !ioPrivileged(cpu)) cpu.raise(GP, 0)
    if (!(u32[L.EFLAGS >> 2] & IF)) {
      u32[L.EFLAGS >> 2] |= IF
      u32[L.INHIBIT >> 2] = 1
      u32[L.INHIBIT_EIP >> 2] = u32[L.NEXT_EIP >> 2]
      cpu.interruptChanged()
    }
  },
  stiFront,
)

export const hlt = slowPath('hlt', 0, (cpu) => {
  cpu.state.u32[L.HALTED >> 2] = 1
  // The shadow of a preceding STI ends with this instruction: an interrupt may wake the processor at once.
  cpu.state.u32[L.INHIBIT >> 2] = 0
  cpu.requestExit()
})

/** LGDT and LIDT: (which: GDTR_BASE or IDTR_BASE, limit, base, operand size). */
export const loadTable = slowPath('load_table', 4, (cpu, at, limit, base, size) => {
  cpu.state.u32[at >> 2] = (size === 2 ? base & 0xff_ffff : base) >>> 0
  cpu.state.u32[(at + 4) >> 2] = limit & 0xffff
})

/** LLDT */
export const loadLdt = slowPath('lldt', 1, (cpu, selector) => {
  selector &= 0xffff
  if (!(selector & 0xfffc)) return cpu.state.setSegment(L.LDTR, selector, 0, 0, 0)
  if (selector & 4) cpu.raise(GP, selector & 0xfffc)
  const d = readDescriptor(cpu, selector, GP)
  if (!isSystem(d) || typeOf(d) !== 2) cpu.raise(GP, selector & 0xfffc)
  if (!isPresent(d)) cpu.raise(NP, selector & 0xfffc)
  setFromDescriptor(cpu, L.LDTR, selector, d)
})

/** LTR. OS/2 counts on a TLB flush here after it has been in real mode. */
export const loadTask = slowPath('ltr', 1, (cpu, selector) => {
  selector &= 0xffff
  if (!(selector & 0xfffc)) cpu.raise(GP, 0)
  if (selector & 4) cpu.raise(GP, selector & 0xfffc)
  const d = readDescriptor(cpu, selector, GP)
  if (!isSystem(d) || (typeOf(d) !== 1 && typeOf(d) !== 9)) cpu.raise(GP, selector & 0xfffc)
  if (!isPresent(d)) cpu.raise(NP, selector & 0xfffc)
  const high = d.high | 0x200
  cpu.writeSystem(d.at + 4, 4, high)
  setFromDescriptor(cpu, L.TR, selector, { ...d, high })
  cpu.flushTlb()
})

function setZf(cpu: Cpu, set: boolean): void {
  const { state } = cpu
  state.setStatusFlags((state.eflags & STATUS_FLAGS & ~ZF) | (set ? ZF : 0))
}

/** A descriptor that LAR, LSL, VERR and VERW may look at: visible at CPL and RPL; undefined otherwise. */
function visible(cpu: Cpu, selector: number) {
  selector &= 0xffff
  if (!(selector & 0xfffc)) return undefined
  const d = findDescriptor(cpu, selector)
  if (!d) return undefined
  const conforming = isCode(d) && isConforming(d)
  if (!conforming && (dplOf(d) < cpu.state.cpl || dplOf(d) < (selector & 3))) return undefined
  return d
}

/** LAR: (selector) -> rights; sets ZF. */
export const loadRights = slowFunction('lar', 1, (cpu, selector) => {
  const d = visible(cpu, selector)
  // System types with meaning to LAR: TSSs, LDT, call and task gates.
  const ok = d !== undefined && (!isSystem(d) || [1, 2, 3, 4, 5, 9, 11, 12].includes(typeOf(d)))
  setZf(cpu, ok)
  return ok ? d.high & 0xf0_ff00 : 0
})

/** LSL: (selector) -> limit; sets ZF. */
export const loadLimit = slowFunction('lsl', 1, (cpu, selector) => {
  const d = visible(cpu, selector)
  const ok = d !== undefined && (!isSystem(d) || [1, 2, 3, 9, 11].includes(typeOf(d)))
  setZf(cpu, ok)
  return ok ? limitOf(d) : 0
})

/** VERR (write 0) and VERW (write 1): (selector, write). */
export const verify = slowPath('verify', 2, (cpu, selector, write) => {
  const d = visible(cpu, selector)
  setZf(cpu, d !== undefined && !isSystem(d) && (write ? isWritableData(d) : isReadable(d)))
})

const hasCr4 = (cpu: Cpu): boolean => !cpu.profile.disabledFeatures.has('486')

/** MOV to CRn: (number, value). */
export const writeControl = slowPath('write_control', 2, (cpu, n, value) => {
  value >>>= 0
  if (n === 0) setCr0(cpu, value)
  else if (n === 2) cpu.state.u32[L.CR2 >> 2] = value
  else if (n === 3) setCr3(cpu, value)
  else if (n === 4 && hasCr4(cpu)) setCr4(cpu, value)
  else cpu.raise(UD)
})

/** MOV from CRn: (number) -> value. */
export const readControl = slowFunction('read_control', 1, (cpu, n) => {
  if (n !== 0 && n !== 2 && n !== 3 && !(n === 4 && hasCr4(cpu))) cpu.raise(UD)
  return cpu.state.u32[[L.CR0, 0, L.CR2, L.CR3, L.CR4][n] >> 2]
})

/** LMSW sets PE but never clears it. */
export const loadMachineStatus = slowPath('lmsw', 1, (cpu, value) => {
  const cr0 = cpu.state.cr0
  setCr0(cpu, ((cr0 & ~14) | (value & 15) | (cr0 & 1)) >>> 0)
})

export const clearTaskSwitched = slowPath('clts', 0, (cpu) => {
  cpu.state.u32[L.CR0 >> 2] &= ~8
  cpu.updateMode()
})

export const invalidatePage = slowPath('invlpg', 2, (cpu, segment, offset) => {
  cpu.flushPage((cpu.state.u32[(segment + L.SEG_BASE) >> 2] + offset) >>> 0)
})

/** DR4 and DR5 are DR6 and DR7 unless CR4.DE. */
function debugRegister(cpu: Cpu, n: number): number {
  const { u32 } = cpu.state
  const dr = L.DEBUG_REGISTERS >> 2
  if (u32[dr + 7] & 0x2000) {
    // General detect: any access to the debug registers faults.
    u32[dr + 7] &= ~0x2000
    u32[dr + 6] |= 0x2000
    cpu.raise(1, 0)
  }
  if (n === 4 || n === 5) {
    if (u32[L.CR4 >> 2] & 8) cpu.raise(UD)
    return n + 2
  }
  return n
}

export const writeDebug = slowPath('write_debug', 2, (cpu, n, value) => {
  const register = debugRegister(cpu, n)
  const fixed =
    register === 6
      ? ((value & 0xe00f) | 0xffff_0ff0) >>> 0
      : register === 7
        ? ((value & 0xffff_23ff) | 0x400) >>> 0
        : value >>> 0
  cpu.state.u32[(L.DEBUG_REGISTERS >> 2) + register] = fixed
  cpu.updateMode()
  cpu.flushTlb()
})

export const readDebug = slowFunction(
  'read_debug',
  1,
  (cpu, n) => cpu.state.u32[(L.DEBUG_REGISTERS >> 2) + debugRegister(cpu, n)],
)

/** The time-stamp counter: the virtual clock at the profile's frequency, plus what WRMSR has added. */
function timeStamp(cpu: Cpu): number {
  return cpu.timeStamp() + cpu.state.f64[L.TSC_OFFSET >> 3]
}

export const rdtsc = slowPath('rdtsc', 0, (cpu) => {
  if (cpu.state.u32[L.CR4 >> 2] & 4 && cpu.state.cpl) cpu.raise(GP, 0)
  const now = Math.floor(timeStamp(cpu))
  cpu.state.setReg32(0, now % 0x1_0000_0000)
  cpu.state.setReg32(2, Math.floor(now / 0x1_0000_0000))
})

export const rdpmc = slowPath('rdpmc', 0, (cpu) => {
  if (!(cpu.state.u32[L.CR4 >> 2] & 0x100) && cpu.state.cpl) cpu.raise(GP, 0)
  if (cpu.state.reg32(1) > 1) cpu.raise(GP, 0)
  cpu.state.setReg32(0, 0)
  cpu.state.setReg32(2, 0)
})

/** MSRs kept as two words each. */
const PLAIN_MSRS: Readonly<Record<number, number>> = { 27: L.IA32_APIC_BASE, 631: L.IA32_PAT, 416: L.IA32_MISC_ENABLE }
/** MSRs that read as zero and ignore writes: platform, microcode, machine check, MTRRs, performance counters. */
function isIgnoredMsr(n: number): boolean {
  return (
    n < 2 ||
    n === 0x11 ||
    n === 0x12 ||
    n === 0x13 ||
    n === 0x17 ||
    n === 0x2a ||
    n === 0x79 ||
    n === 0x8b ||
    n === 0xfe ||
    (n >= 0xc1 && n <= 0xc2) ||
    n === 0x119 ||
    n === 0x11e ||
    (n >= 0x179 && n <= 0x17b) ||
    n === 0x186 ||
    n === 0x187 ||
    n === 0x1d9 ||
    (n >= 0x200 && n <= 0x26f) ||
    n === 0x2ff ||
    (n >= 0x400 && n <= 0x413)
  )
}

export const rdmsr = slowPath('rdmsr', 0, (cpu) => {
  const { state } = cpu
  const n = state.reg32(1)
  let low = 0
  let high = 0
  if (n === 0x10) {
    const now = Math.floor(timeStamp(cpu))
    low = now % 0x1_0000_0000
    high = Math.floor(now / 0x1_0000_0000)
  } else if (n >= 0x174 && n <= 0x176) low = state.u32[(L.SYSENTER >> 2) + n - 0x174]
  else if (PLAIN_MSRS[n] !== undefined) {
    low = state.u32[PLAIN_MSRS[n] >> 2]
    high = state.u32[(PLAIN_MSRS[n] >> 2) + 1]
  } else if (!isIgnoredMsr(n)) cpu.raise(GP, 0)
  state.setReg32(0, low)
  state.setReg32(2, high)
})

export const wrmsr = slowPath('wrmsr', 0, (cpu) => {
  const { state } = cpu
  const n = state.reg32(1)
  const low = state.reg32(0)
  const high = state.reg32(2)
  if (n === 0x10) state.f64[L.TSC_OFFSET >> 3] += high * 0x1_0000_0000 + low - Math.floor(timeStamp(cpu))
  else if (n >= 0x174 && n <= 0x176) state.u32[(L.SYSENTER >> 2) + n - 0x174] = low
  else if (PLAIN_MSRS[n] !== undefined) {
    state.u32[PLAIN_MSRS[n] >> 2] = low
    state.u32[(PLAIN_MSRS[n] >> 2) + 1] = high
  } else if (!isIgnoredMsr(n)) cpu.raise(GP, 0)
})

const text32 = (text: string, at: number): number => {
  let value = 0
  for (let i = 3; i >= 0; i--) value = (value << 8) | (text.charCodeAt(at + i) || 0)
  return value >>> 0
}

export const cpuid = slowPath('cpuid', 0, (cpu) => {
  const { state, profile } = cpu
  const leaf = state.reg32(0)
  let result = [0, 0, 0, 0]
  const extended = leaf >= 0x8000_0000 && leaf <= 0x8000_0004 && profile.brand !== ''
  if (extended && leaf === 0x8000_0000) result = [0x8000_0004, 0, 0, 0]
  else if (extended && leaf >= 0x8000_0002) {
    const at = (leaf - 0x8000_0002) * 16
    result = [0, 4, 8, 12].map((i) => text32(profile.brand.padEnd(48, '\0'), at + i))
    result = [result[0], result[1], result[2], result[3]]
  } else if (extended) result = [0, 0, 0, 0]
  else {
    // A leaf above the highest answers as the highest does.
    const basic = Math.min(leaf, profile.maxLeaf)
    if (leaf === 0)
      result = [profile.maxLeaf, text32(profile.vendor, 0), text32(profile.vendor, 8), text32(profile.vendor, 4)]
    else if (basic === 1)
      result = [
        profile.signature,
        profile.featuresEdx & (1 << 19) ? 0x800 : 0,
        profile.featuresEcx,
        profile.featuresEdx,
      ]
    else if (basic === 2) result = [0x0203_0101, 0, 0, 0x0c04_0843]
  }
  state.setReg32(0, result[0])
  state.setReg32(3, result[1])
  state.setReg32(1, result[2])
  state.setReg32(2, result[3])
})

/** The trap instruction of our own ROMs: only from the BIOS areas, in real or virtual-8086 mode; elsewhere it does not exist. */
export const firmwareTrap = slowPath('firmware_trap', 1, (cpu, service) => {
  const { state } = cpu
  const linear = (state.segmentBase(L.CS) + state.eip) >>> 0
  if (!cpu.host.isTrapAddress(linear) || (state.protectedMode && !(state.u32[L.EFLAGS >> 2] & VM))) cpu.raise(UD)
  state.eip = state.u32[L.NEXT_EIP >> 2]
  cpu.host.firmwareTrap(service)
  cpu.updateMode()
})
