/** CLI, STI, POPF, PUSHA, POPA and loads of data segments in generated code, for their usual case. */
import type { I32 } from '../../wasm/expr.ts'
import { select } from '../../wasm/expr.ts'
import type { Callee, FunctionBuilder } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import { readEntry } from '../mmu/fill.ts'
import type { Front } from '../ops/runtime.ts'
import { AC, DF, ID, IF, IOPL, NT, STATUS_FLAGS, TF, VM } from '../state/cpu-state.ts'
import * as L from '../state/layout.ts'
import { interruptWaits, mixFlags, storeFlags, writableFlags } from './gate-fronts.ts'
import { userMode } from './memory-paths.ts'
import {
  alignmentChecked,
  clear,
  descriptor,
  dplOf,
  SEG_BIG,
  segment,
  set,
  setFromDescriptor,
  setNull,
  updateFlat,
  writeSpace,
} from './segment-code.ts'

const ESP = L.registerOffset(4)
const FOUR = 4

/** Calls the slow path with the function's own arguments, and leaves. */
const giveUp = (f: FunctionBuilder, slow: Callee) => () => {
  f.call(slow, ...slow.params.map((type, i) => f.param(i, type)))
  f.return()
}

/** Whether CLI and STI fault: CPL (3 in virtual-8086 mode) above IOPL in protected mode. */
const masked = (): I32 =>
  i32.and(i32.load(0, L.CR0), i32.gt_u(i32.load(0, L.CPL), i32.and(i32.shr_u(i32.load(0, L.EFLAGS), 12), 3)))

export const cliFront: Front = (f, _link, slow) => {
  f.if(masked(), giveUp(f, slow))
  f.store32(0, i32.and(i32.load(0, L.EFLAGS), ~IF), L.EFLAGS)
}

export const stiFront: Front = (f, _link, slow) => {
  const eflags = f.let(i32.load(0, L.EFLAGS))
  f.if(i32.or(masked(), i32.and(i32.load(0, L.INTR), clear(eflags, IF))), giveUp(f, slow))
  f.if(set(eflags, IF), () => f.return())
  f.store32(0, i32.or(eflags, IF), L.EFLAGS)
  f.store32(0, 1, L.INHIBIT)
  f.store32(0, i32.load(0, L.NEXT_EIP), L.INHIBIT_EIP)
}

/** POPF: (value, operand size). */
export const popfFront: Front = (f, _link, slow) => {
  const [value, size] = [f.param(0, 'i32'), f.param(1, 'i32')]
  const cpl = f.let(i32.load(0, L.CPL))
  const give = giveUp(f, slow)
  const old = f.let(i32.load(0, L.EFLAGS))
  f.if(i32.or(i32.and(i32.or(old, value), TF), i32.or(i32.load(0, L.ACCESS_CHECKS), i32.and(old, VM))), give)
  const narrow = TF | NT | DF | STATUS_FLAGS
  const wide = writableFlags(f, cpl, narrow | AC | ID, IOPL)
  const writable = f.let(select(i32.eq(size, 4), wide, i32.and(wide, ~(AC | ID))))
  const eflags = mixFlags(f, value, writable)
  f.if(i32.or(interruptWaits(eflags), i32.and(i32.eq(cpl, 3), alignmentChecked(eflags))), give)
  storeFlags(f, eflags, value)
}

/** PUSHA: (operand size). */
export const pushaFront: Front = (f, link, slow) => {
  const size = f.param(0, 'i32')
  const give = giveUp(f, slow)
  const sp = f.let(i32.load(0, ESP))
  const bottom = f.let(i32.sub(sp, 8 * FOUR))
  f.if(
    i32.or(
      i32.or(i32.ne(size, FOUR), clear(segment(L.SS, L.SEG_ATTRIBUTES), SEG_BIG)),
      i32.or(i32.lt_u(sp, 8 * FOUR), i32.ge_u(i32.sub(sp, FOUR), segment(L.SS, L.SEG_WRITE_END))),
    ),
    give,
  )
  const at = i32.add(bottom, segment(L.SS, L.SEG_BASE))
  const host = f.let(callExpr(link.runtime(writeSpace), at, i32.const(8 * FOUR), userMode()))
  f.if(i32.eqz(host), give)
  for (let n = 0; n < 8; n++) f.store32(host, i32.load(0, L.registerOffset(n)), (7 - n) * FOUR)
  f.store32(0, bottom, ESP)
}

/** POPA: (operand size). */
export const popaFront: Front = (f, link, slow) => {
  const size = f.param(0, 'i32')
  const give = giveUp(f, slow)
  const sp = f.let(i32.load(0, ESP))
  const linear = f.let(i32.add(sp, segment(L.SS, L.SEG_BASE)))
  const end = f.let(segment(L.SS, L.SEG_READ_END))
  f.if(
    i32.or(
      i32.or(i32.ne(size, FOUR), clear(segment(L.SS, L.SEG_ATTRIBUTES), SEG_BIG)),
      i32.or(
        i32.or(i32.ge_u(sp, end), i32.ge_u(i32.add(sp, 16), end)),
        i32.gt_u(i32.and(linear, 0xfff), 0x1000 - 8 * FOUR),
      ),
    ),
    give,
  )
  const entry = f.let(callExpr(link.runtime(readEntry), linear, userMode()))
  f.if(i32.le_s(entry, 0), give)
  const host = f.let(i32.add(linear, i32.load(entry, 8)))
  for (let n = 0; n < 8; n++) if (n !== 4) f.store32(0, i32.load(host, (7 - n) * FOUR), L.registerOffset(n))
  f.store32(0, i32.add(sp, 8 * FOUR), ESP)
}

/** Present data that grows up, accessed. */
const DATA_BITS = 0x9d00
const DATA = 0x9100

/** MOV Sreg and POP Sreg: (register number, selector), for ES, DS, FS and GS outside of real mode. */
export const loadSegmentFront: Front = (f, link, slow) => {
  const [n, selector] = [f.param(0, 'i32'), f.param(1, 'i32')]
  const give = giveUp(f, slow)
  f.if(i32.or(i32.eq(n, L.SS), i32.or(clear(i32.load(0, L.CR0), 1), set(i32.load(0, L.EFLAGS), VM))), give)
  const at = f.let(i32.add(i32.mul(n, L.SEGMENT_BYTES), L.SEGMENTS))
  const cpl = f.let(i32.load(0, L.CPL))
  const rpl = f.let(i32.and(selector, 3))
  f.if(
    clear(selector, 0xfffc),
    () => setNull(f, at, i32.and(selector, 0xffff)),
    () => {
      const data = descriptor(f, link, selector, give)
      const dpl = f.let(dplOf(data.high))
      f.if(i32.or(i32.ne(i32.and(data.high, DATA_BITS), DATA), i32.or(i32.gt_u(rpl, dpl), i32.gt_u(cpl, dpl))), give)
      f.call(link.runtime(setFromDescriptor), at, selector, data.low, data.high)
    },
  )
  f.if(i32.le_u(n, L.DS), () => f.call(link.runtime(updateFlat)))
}
