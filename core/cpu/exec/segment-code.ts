/** Segments in generated code: what segments.ts, CpuState.setSegment and Cpu.updateMode do, for the common kinds. */
import { TLB_BASE_SUPERVISOR, TLB_BASE_USER } from '../../memory/layout.ts'
import type { I32, I32In } from '../../wasm/expr.ts'
import { asI32, select } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import { readEntry, writeEntryOf } from '../mmu/fill.ts'
import type { Linker } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'

/** SEG_ATTRIBUTES bit D/B. */
export const SEG_BIG = 0x40_0000
/** Field of segment register `n`. */
export const segment = (n: number, field: number): I32 => i32.load(0, L.segmentOffset(n) + field)
export const set = (value: I32, mask: number): I32 => i32.ne(i32.and(value, mask), 0)
export const clear = (value: I32, mask: number): I32 => i32.eqz(i32.and(value, mask))
export const dplOf = (high: I32): I32 => i32.and(i32.shr_u(high, 13), 3)
/** Two address ranges of a descriptor's two words. */
export const baseOf = (low: I32, high: I32): I32 =>
  i32.or(i32.shr_u(low, 16), i32.or(i32.shl(i32.and(high, 0xff), 16), i32.and(high, 0xff00_0000)))

export function limitOf(f: FunctionBuilder, low: I32, high: I32): I32 {
  const limit = f.let(i32.or(i32.and(low, 0xffff), i32.and(high, 0xf_0000)))
  return f.let(select(i32.and(high, 0x80_0000), i32.or(i32.shl(limit, 12), 0xfff), limit))
}

/** (linear) -> host address of the eight bytes there, read with the supervisor's rights; 0 where that takes a slow path. */
export const systemRead = runtimeFunction('system_read', ['i32'], 'i32', (f, link) => {
  const linear = f.param(0, 'i32')
  f.if(i32.gt_u(i32.and(linear, 0xfff), 0xff8), () => f.return(i32.const(0)))
  const entry = f.let(callExpr(link.runtime(readEntry), linear, i32.const(0)))
  f.if(i32.le_s(entry, 0), () => f.return(i32.const(0)))
  f.return(i32.add(linear, i32.load(entry, 8)))
})

/** (linear, bytes, user) -> host address to which the bytes may be written; 0 where that takes a slow path. */
export const writeSpace = runtimeFunction('write_space', ['i32', 'i32', 'i32'], 'i32', (f, link) => {
  const [linear, bytes, user] = [f.param(0, 'i32'), f.param(1, 'i32'), f.param(2, 'i32')]
  f.if(i32.gt_u(i32.add(i32.and(linear, 0xfff), bytes), 0x1000), () => f.return(i32.const(0)))
  const entry = f.let(callExpr(link.runtime(writeEntryOf), linear, bytes, user))
  f.if(i32.le_s(entry, 0), () => f.return(i32.const(0)))
  f.return(i32.add(linear, i32.load(entry, 8)))
})

/** (selector) -> host address of its descriptor in the GDT; 0 for null selectors, those of the LDT, and where it takes a slow path. */
const findDescriptor = runtimeFunction('find_descriptor', ['i32'], 'i32', (f, link) => {
  const selector = f.param(0, 'i32')
  const index = f.let(i32.and(selector, 0xfff8))
  f.if(i32.or(i32.or(i32.eqz(index), set(selector, 4)), i32.gt_u(i32.add(index, 7), i32.load(0, L.GDTR_LIMIT))), () =>
    f.return(i32.const(0)),
  )
  f.return(callExpr(link.runtime(systemRead), i32.add(index, i32.load(0, L.GDTR_BASE))))
})

/** Binds both words of the descriptor of `selector`; leaves the function through `slow` where there are none at hand. */
export function descriptor(f: FunctionBuilder, link: Linker, selector: I32, slow: () => void): { low: I32; high: I32 } {
  const host = f.let(callExpr(link.runtime(findDescriptor), selector))
  f.if(i32.eqz(host), slow)
  return { low: f.let(i32.load(host)), high: f.let(i32.load(host, 4)) }
}

/**
 * (state offset, selector, low, high): the segment register's contents from a present descriptor of code or expand-up data. MODE
 * is not updated.
 */
export const setFromDescriptor = runtimeFunction('set_segment', ['i32', 'i32', 'i32', 'i32'], 'void', (f) => {
  const [at, selector, low, high] = [f.param(0, 'i32'), f.param(1, 'i32'), f.param(2, 'i32'), f.param(3, 'i32')]
  const limit = limitOf(f, low, high)
  f.store32(at, i32.and(selector, 0xffff), L.SEG_SELECTOR)
  f.store32(at, baseOf(low, high), L.SEG_BASE)
  f.store32(at, limit, L.SEG_LIMIT)
  f.store32(at, i32.and(high, 0xf0_ff00), L.SEG_ATTRIBUTES)
  const end = f.let(select(i32.gt_u(limit, 14), i32.sub(limit, 14), i32.const(0)))
  const code = f.let(i32.and(high, 0x800))
  const second = f.let(i32.and(high, 0x200))
  f.store32(at, select(i32.or(i32.eqz(code), second), end, i32.const(0)), L.SEG_READ_END)
  f.store32(at, select(i32.and(i32.eqz(code), i32.ne(second, 0)), end, i32.const(0)), L.SEG_WRITE_END)
})

/** Empties a segment register, but for its selector. */
export function setNull(f: FunctionBuilder, at: I32In, selector: I32In): void {
  f.store32(at, selector, L.SEG_SELECTOR)
  for (const field of [L.SEG_BASE, L.SEG_LIMIT, L.SEG_ATTRIBUTES, L.SEG_READ_END, L.SEG_WRITE_END])
    f.store32(at, 0, field)
}

/** MODE_FLAT or 0, as CpuState.flatMode. An end that is not 0 is the same in all four segments then. */
function flatMode(): I32 {
  const all = (list: I32[], join: (a: I32, b: I32) => I32) => list.reduce(join)
  const four = [L.ES, L.CS, L.SS, L.DS]
  const odd = [...four.map((n) => segment(n, L.SEG_BASE)), ...four.map((n) => i32.xor(segment(n, L.SEG_LIMIT), -1))]
  const ends = [L.ES, L.SS, L.DS].flatMap((n) => [segment(n, L.SEG_READ_END), segment(n, L.SEG_WRITE_END)])
  const flat = i32.and(i32.eqz(all(odd, i32.or)), i32.ne(all(ends, i32.and), 0))
  return i32.mul(flat, L.MODE_FLAT)
}

/** After a load of ES or DS. */
export const updateFlat = runtimeFunction('update_flat', [], 'void', (f) =>
  f.store32(0, i32.or(i32.and(i32.load(0, L.MODE), ~L.MODE_FLAT), flatMode()), L.MODE),
)

/**
 * Cpu.updateMode in protected mode (not virtual-8086 mode) with neither breakpoints nor alignment checks nor TF and RF, before and
 * after, and CR0 and CR4 as they were.
 */
export const updateMode = runtimeFunction('update_mode', [], 'void', (f) => {
  const stack = f.let(i32.and(segment(L.SS, L.SEG_ATTRIBUTES), SEG_BIG))
  const user = f.let(i32.eq(i32.load(0, L.CPL), 3))
  const code = i32.shr_u(i32.and(segment(L.CS, L.SEG_ATTRIBUTES), SEG_BIG), 22)
  const mode = [
    flatMode(),
    i32.mul(code, L.MODE_CODE32),
    i32.mul(i32.shr_u(stack, 22), L.MODE_STACK32),
    i32.mul(user, L.MODE_USER),
    asI32(L.MODE_PROTECTED),
  ]
  f.store32(0, mode.reduce(i32.or), L.MODE)
  f.store32(0, select(stack, i32.const(-1), i32.const(0xffff)), L.STACK_MASK)
  f.store32(0, select(user, i32.const(TLB_BASE_USER), i32.const(TLB_BASE_SUPERVISOR)), L.TLB)
})

/** Whether a state of privilege 3 with these EFLAGS has alignment checks. */
export const alignmentChecked = (eflags: I32): I32 => i32.and(set(i32.load(0, L.CR0), 0x4_0000), set(eflags, 0x4_0000))
