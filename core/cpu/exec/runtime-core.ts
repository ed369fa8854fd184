/** Runtime functions of the interpreter itself: synchronising for slow paths, raising faults, entering blocks. */
import { HOT_THRESHOLD, JUMP_CACHE_BASE, JUMP_CACHE_ENTRIES } from '../../memory/layout.ts'
import type { I32 } from '../../wasm/expr.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import {
  BLOCK_COUNT,
  BLOCK_EXECUTIONS,
  BLOCK_HEADER,
  OP_DISTANCE,
  OP_LENGTH,
  OP_LINK_NEXT,
  OP_LINK_TAKEN,
  OP_REMAINING,
} from '../decode/op-layout.ts'
import { packFlags, unpackFlags } from '../ops/flag-words.ts'
import { runtimeFunction, slowFunction, slowPath } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { linkFront, lookupFront } from './lookup.ts'

/** Type index of handlers in every module that holds some: (op: i32) -> (). */
export const HANDLER_PARAMS = ['i32'] as const

const executing = (op: I32) => i32.add(i32.load(0, L.BLOCK_EIP), i32.load16_u(op, OP_DISTANCE))

/** EIP of the decoded instruction at `op`, and of the one that follows it. */
export function eipOf(op: I32): I32 {
  return executing(op)
}

export function nextEipOf(op: I32): I32 {
  return i32.add(executing(op), i32.load8_u(op, OP_LENGTH))
}

/** Stores EIP, NEXT_EIP and REMAINING of the instruction at `op`, as slow paths want them. */
export const sync = runtimeFunction('sync', ['i32'], 'void', (f) => {
  const op = f.param(0, 'i32')
  const eip = f.let(eipOf(op))
  f.store32(0, eip, L.EIP)
  f.store32(0, i32.add(eip, i32.load8_u(op, OP_LENGTH)), L.NEXT_EIP)
  f.store32(0, i32.load8_u(op, OP_REMAINING), L.REMAINING)
})

/** Raises a fault at the instruction at `op`: (op, vector, error code). */
export const raise = runtimeFunction('raise', ['i32', 'i32', 'i32'], 'void', (f, link) => {
  f.call(link.runtime(sync), f.param(0, 'i32'))
  f.store32(0, i32.add(f.param(1, 'i32'), 1), L.FAULT)
  f.store32(0, f.param(2, 'i32'), L.FAULT_ERROR)
})

/** Finds or decodes the block at EIP. Returns its address, or 0 with a fault or exit pending. */
export const lookupPath = slowFunction('lookup', 0, (cpu) => cpu.blocks.lookup(), lookupFront)

/** Finds the successor of a branch and links it where that is safe: (op, link offset) with EIP stored. */
export const linkPath = slowFunction('link', 2, (cpu, op, at) => cpu.blocks.link(op, at), linkFront)

/** A block has run often enough to be compiled: (block). */
export const hotPath = slowPath('hot', 1, (cpu, block) => cpu.compiler?.compile(block))

/** Enters `block` at EIP `eip`: (block, eip). Returns to the run loop when the slice is used up. */
export const enter = runtimeFunction('enter', ['i32', 'i32'], 'void', (f, link) => {
  const block = f.param(0, 'i32')
  const eip = f.param(1, 'i32')
  const budget = f.let(i32.load(0, L.BUDGET))
  f.if(i32.le_s(budget, 0), () => {
    f.store32(0, eip, L.EIP)
    f.return()
  })
  f.store32(0, i32.sub(budget, i32.load(block, BLOCK_COUNT)), L.BUDGET)
  f.store32(0, eip, L.BLOCK_EIP)
  const executions = f.let(i32.add(i32.load(block, BLOCK_EXECUTIONS), 1))
  f.store32(block, executions, BLOCK_EXECUTIONS)
  f.if(i32.eq(executions, i32.load(0, HOT_THRESHOLD)), () => f.call(link.slow(hotPath), block))
  f.returnCallIndirect(0, 0, i32.load(block, BLOCK_HEADER), i32.add(block, BLOCK_HEADER))
})

/** Continues at EIP: through the jump cache, else through `lookup`. */
export const dispatch = runtimeFunction('dispatch', [], 'void', (f, link) => {
  f.if(i32.le_s(i32.load(0, L.BUDGET), 0), () => f.return())
  const eip = f.let(i32.load(0, L.EIP))
  const linear = f.let(i32.add(eip, i32.load(0, L.segmentOffset(L.CS) + L.SEG_BASE)))
  const entry = f.let(
    i32.add(i32.shl(i32.and(i32.xor(linear, i32.shr_u(linear, 12)), JUMP_CACHE_ENTRIES - 1), 4), JUMP_CACHE_BASE),
  )
  const block = f.local('i32')
  f.if(
    i32.and(i32.eq(i32.load(entry, 0), linear), i32.eq(i32.load(entry, 4), i32.load(0, L.MODE))),
    () => f.set(block, i32.load(entry, 8)),
    () => {
      f.set(block, callExpr(link.slow(lookupPath) as never))
      f.if(i32.eqz(block), () => f.return())
    },
  )
  f.returnCall(link.runtime(enter), block, eip)
})

/** A direct branch to `eip` whose link (OP_LINK_TAKEN or OP_LINK_NEXT of `op`) is not set yet: (op, eip, link offset). */
export const resolve = runtimeFunction('resolve', ['i32', 'i32', 'i32'], 'void', (f, link) => {
  const eip = f.param(1, 'i32')
  f.call(link.runtime(sync), f.param(0, 'i32'))
  f.store32(0, eip, L.EIP)
  f.if(i32.le_s(i32.load(0, L.BUDGET), 0), () => f.return())
  const block = f.local('i32')
  f.set(block, callExpr(link.slow(linkPath) as never, f.param(0, 'i32'), f.param(2, 'i32')))
  f.if(i32.eqz(block), () => f.return())
  f.returnCall(link.runtime(enter), block, eip)
})

/** Back to the run loop's view of the code at EIP, past the jump cache, which may still know what `op` was part of: (op). */
export const reload = runtimeFunction('reload', ['i32'], 'void', (f, link) => {
  const op = f.param(0, 'i32')
  const eip = f.let(eipOf(op))
  f.store32(0, eip, L.EIP)
  f.store32(0, i32.add(i32.load(0, L.BUDGET), i32.load8_u(op, OP_REMAINING)), L.BUDGET)
  const block = f.let(callExpr(link.slow(lookupPath) as never) as I32)
  f.if(i32.eqz(block), () => f.return())
  f.returnCall(link.runtime(enter), block, eip)
})

/** Continues at the taken (1) or next (0) successor of the branch `op`, which is at `eip`: (op, eip, taken). */
export const follow = runtimeFunction('follow', ['i32', 'i32', 'i32'], 'void', (f, link) => {
  const op = f.param(0, 'i32')
  const at = f.let(i32.sub(OP_LINK_NEXT, i32.shl(f.param(2, 'i32'), 2)))
  const block = f.let(i32.load(i32.add(op, at)))
  f.if(block, () => f.returnCall(link.runtime(enter), block, f.param(1, 'i32')))
  // Links stay inside a page: what lies in another one may be mapped elsewhere by the next time.
  const eip = f.param(1, 'i32')
  const base = f.let(i32.load(0, L.segmentOffset(L.CS) + L.SEG_BASE))
  f.if(i32.shr_u(i32.xor(i32.add(base, eip), i32.add(base, eipOf(op))), 12), () => {
    f.store32(0, eip, L.EIP)
    f.returnCall(link.runtime(dispatch))
  })
  f.returnCall(link.runtime(resolve), op, eip, at)
})

/** EFLAGS as PUSHF sees it. */
export const readEflags = runtimeFunction('read_eflags', [], 'i32', (f) => {
  const result = f.let(i32.load(0, L.FLAGS_RESULT))
  const aux = f.let(i32.load(0, L.FLAGS_AUX))
  f.return(i32.or(i32.or(i32.load(0, L.EFLAGS), 2), packFlags(result, aux)))
})

/** Replaces the status flags in `mask` by those of `bits`: (mask, bits), both as in EFLAGS. */
export const mergeFlags = runtimeFunction('merge_flags', ['i32', 'i32'], 'void', (f) => {
  const mask = f.param(0, 'i32')
  const old = f.let(packFlags(f.let(i32.load(0, L.FLAGS_RESULT)), f.let(i32.load(0, L.FLAGS_AUX))))
  const fresh = unpackFlags(f, i32.or(i32.and(old, i32.xor(mask, -1)), i32.and(f.param(1, 'i32'), mask)))
  f.store32(0, fresh.aux, L.FLAGS_AUX)
  f.store32(0, fresh.result, L.FLAGS_RESULT)
})

if (OP_LINK_NEXT !== OP_LINK_TAKEN + 4) throw new Error('Links of a branch lie side by side')
