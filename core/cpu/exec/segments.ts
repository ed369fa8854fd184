/** Segment registers: descriptors, the checks of loading them, and their real-mode forms (Intel SDM vol 3A, 3.4 and 5.5 to 5.8). */
import { slowPath } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import type { Cpu } from './cpu.ts'
import { loadSegmentFront } from './flag-fronts.ts'

export const TS_FAULT = 10
export const NP = 11
export const SS_FAULT = 12
export const GP = 13

/** A descriptor as read from a table. */
export interface Descriptor {
  readonly selector: number
  readonly low: number
  readonly high: number
  /** Linear address of the descriptor. */
  readonly at: number
}

export const isPresent = (d: Descriptor): boolean => (d.high & 0x8000) !== 0
export const dplOf = (d: Descriptor): number => (d.high >>> 13) & 3
export const isSystem = (d: Descriptor): boolean => (d.high & 0x1000) === 0
export const typeOf = (d: Descriptor): number => (d.high >>> 8) & 15
export const isCode = (d: Descriptor): boolean => (d.high & 0x1800) === 0x1800
export const isConforming = (d: Descriptor): boolean => (d.high & 0x400) !== 0
export const isWritableData = (d: Descriptor): boolean => (d.high & 0x1a00) === 0x1200
export const isReadable = (d: Descriptor): boolean =>
  (d.high & 0x1000) !== 0 && ((d.high & 0x800) === 0 || (d.high & 0x200) !== 0)
export const baseOf = (d: Descriptor): number =>
  ((d.low >>> 16) | ((d.high & 0xff) << 16) | (d.high & 0xff00_0000)) >>> 0
export const attributesOf = (d: Descriptor): number => d.high & 0xf0_ff00

/** Limit in bytes. */
export function limitOf(d: Descriptor): number {
  const limit = (d.low & 0xffff) | (d.high & 0xf_0000)
  return (d.high & 0x80_0000 ? (limit << 12) | 0xfff : limit) >>> 0
}

/** Reads the descriptor that `selector` names; undefined where it lies outside its table. */
export function findDescriptor(cpu: Cpu, selector: number): Descriptor | undefined {
  const { state } = cpu
  let base: number
  let limit: number
  if (selector & 4) {
    if (!(state.segmentAttributes(L.LDTR) & 0x8000)) return undefined
    base = state.segmentBase(L.LDTR)
    limit = state.segmentLimit(L.LDTR)
  } else {
    base = state.u32[L.GDTR_BASE >> 2]
    limit = state.u32[L.GDTR_LIMIT >> 2]
  }
  const index = selector & 0xfff8
  if (index + 7 > limit) return undefined
  const at = (base + index) >>> 0
  return { selector, low: cpu.readSystem(at, 4), high: cpu.readSystem(at + 4, 4), at }
}

/** Reads a descriptor or raises `vector` with the selector as error code. */
export function readDescriptor(cpu: Cpu, selector: number, vector: number, external = 0): Descriptor {
  const descriptor = findDescriptor(cpu, selector)
  if (!descriptor) cpu.raise(vector, (selector & 0xfffc) | external)
  return descriptor
}

/** Sets the accessed bit, as loading a segment register does. */
export function markAccessed(cpu: Cpu, d: Descriptor): Descriptor {
  if (d.high & 0x100) return d
  const high = d.high | 0x100
  cpu.writeSystem(d.at + 4, 4, high)
  return { ...d, high }
}

/** Loads segment register `n` from a checked descriptor. */
export function setFromDescriptor(cpu: Cpu, n: number, selector: number, d: Descriptor): void {
  cpu.state.setSegment(n, selector, baseOf(d), limitOf(d), attributesOf(d))
}

/** Real mode and virtual-8086 mode: the base follows from the selector. Real mode keeps limit and rights ("unreal mode" relies on it). */
export function loadRealSegment(cpu: Cpu, n: number, selector: number): void {
  const { state } = cpu
  const base = (selector & 0xffff) << 4
  if (state.vm86) return state.setSegment(n, selector, base, 0xffff, 0xf300)
  const attributes = state.segmentAttributes(n)
  const usable = (attributes & 0x9a00) === 0x9200
  if (n === L.CS) state.setSegment(n, selector, base, state.segmentLimit(n), (attributes & 0x40_0000) | 0x9300)
  else state.setSegment(n, selector, base, usable ? state.segmentLimit(n) : 0xffff, usable ? attributes : 0x9300)
}

/** SS in protected mode: RPL, DPL and `cpl` agree, writable data. Faults carry the selector; `vector` is #GP, or #TS in task switches. */
export function checkStackSegment(cpu: Cpu, selector: number, cpl: number, vector = GP, external = 0): Descriptor {
  const error = (selector & 0xfffc) | external
  if (!(selector & 0xfffc)) cpu.raise(vector, error)
  const d = readDescriptor(cpu, selector, vector, external)
  if ((selector & 3) !== cpl || !isWritableData(d) || dplOf(d) !== cpl) cpu.raise(vector, error)
  if (!isPresent(d)) cpu.raise(SS_FAULT, error)
  return d
}

/** DS, ES, FS or GS in protected mode; undefined for a null selector. */
export function checkDataSegment(
  cpu: Cpu,
  selector: number,
  cpl: number,
  vector = GP,
  external = 0,
): Descriptor | undefined {
  if (!(selector & 0xfffc)) return undefined
  const error = (selector & 0xfffc) | external
  const d = readDescriptor(cpu, selector, vector, external)
  if (isSystem(d) || !isReadable(d)) cpu.raise(vector, error)
  const guarded = !isCode(d) || !isConforming(d)
  if (guarded && ((selector & 3) > dplOf(d) || cpl > dplOf(d))) cpu.raise(vector, error)
  if (!isPresent(d)) cpu.raise(NP, error)
  return d
}

/** Loads segment register `n` (not CS) with `selector`. */
export function setSegment(cpu: Cpu, n: number, selector: number): void {
  const { state } = cpu
  if (!state.protectedMode || state.vm86) loadRealSegment(cpu, n, selector)
  else if (n === L.SS)
    setFromDescriptor(cpu, n, selector, markAccessed(cpu, checkStackSegment(cpu, selector, state.cpl)))
  else {
    const d = checkDataSegment(cpu, selector, state.cpl)
    if (d) setFromDescriptor(cpu, n, selector, markAccessed(cpu, d))
    else state.setSegment(n, selector, 0, 0, 0)
  }
  if (n === L.SS) cpu.updateMode()
}

/** MOV Sreg and POP Sreg: (register number, selector). */
export const loadSegment = slowPath(
  'load_segment',
  2,
  (cpu, n, selector) => {
    setSegment(cpu, n, selector)
    // Interrupts and debug exceptions wait for the instruction that loads ESP; LSS loads it itself.
    if (n !== L.SS) return
    const { u32 } = cpu.state
    u32[L.INHIBIT >> 2] = 2
    u32[L.INHIBIT_EIP >> 2] = u32[L.NEXT_EIP >> 2]
  },
  loadSegmentFront,
)

/** The segment half of LDS, LES, LFS, LGS and LSS. */
export const loadSegmentPointer = slowPath('load_segment_pointer', 2, setSegment)

/** Loads CS with a checked descriptor at privilege `cpl`, and EIP. */
export function setCodeSegment(cpu: Cpu, selector: number, d: Descriptor, cpl: number, eip: number): void {
  const { state } = cpu
  if (eip > limitOf(d)) cpu.raise(GP, 0)
  const accessed = markAccessed(cpu, d)
  setFromDescriptor(cpu, L.CS, (selector & 0xfffc) | cpl, accessed)
  state.u32[L.CPL >> 2] = cpl
  state.eip = eip
  cpu.updateMode()
}
