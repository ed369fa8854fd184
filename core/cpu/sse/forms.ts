/**
 * Semantics of MMX and SSE rows from lane functions: what is common to all instructions of one operand pattern. Operand 0 is
 * the destination, and the first source where there are two.
 */

import type { F32, F64, I32, I64, V128 } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { f32, f64, i32, i64 } from '../../wasm/ops.ts'
import { f32x4, f64x2, i64x2, v128 } from '../../wasm/simd-ops.ts'
import type { Semantics } from '../isa/row.ts'
import type { Ops } from '../ops/ops.ts'
import { reportPending } from '../x87/control.ts'
import { touchMmx } from '../x87/mmx-state.ts'
import type { LaneFunction } from './integer-lanes.ts'

// Operands -----------------------------------------------------------------------------------------------------------------

/** Low half of operand `i` as a vector, in both halves. */
export function readMmx(o: Ops, i: number): V128 {
  const short = o.isMemory(i) && o.sizeOf(i) === 4
  return o.f.let(i64x2.splat(short ? i64.extend_u(o.read(i)) : o.readI64(i)))
}

/** xmm/m64: 64 bits in the low half, the upper half of no meaning. */
export function readLow64(o: Ops, i: number): V128 {
  return o.isMemory(i) ? o.f.let(i64x2.splat(o.readI64(i))) : o.readV128(i)
}

/** xmm/m32: 32 bits in the lowest lane, the others of no meaning. */
export function readLow32(o: Ops, i: number): V128 {
  return o.isMemory(i) ? o.f.let(f32x4.splat(f32.reinterpret(o.read(i)))) : o.readV128(i)
}

/** xmm/m32 and xmm/m64 as numbers. */
export function readF32(o: Ops, i: number): F32 {
  return o.f.let(o.isMemory(i) ? f32.reinterpret(o.read(i)) : f32x4.extract_lane(o.readV128(i), 0))
}

export function readF64(o: Ops, i: number): F64 {
  return o.f.let(o.isMemory(i) ? f64.reinterpret(o.readI64(i)) : f64x2.extract_lane(o.readV128(i), 0))
}

export const lowest32 = (v: V128): F32 => f32x4.extract_lane(v, 0)
export const lowest64 = (v: V128): F64 => f64x2.extract_lane(v, 0)

// MMX ----------------------------------------------------------------------------------------------------------------------

/** Any MMX instruction: `body` reads, `touch` marks the x87 registers as used, then it writes. */
export const mmx =
  (body: (o: Ops, touch: () => void) => void): Semantics =>
  (o) => {
    reportPending(o)
    body(o, () => touchMmx(o))
  }

/** `mm, imm8` and moves: the destination becomes `fn(o)`, which reads the operands. */
export const mmxFrom = (fn: (o: Ops) => I64): Semantics =>
  mmx((o, touch) => {
    const value = o.f.let(fn(o))
    touch()
    o.writeI64(0, value)
  })

/** `mm, mm/m64`: low half of `fn` of both. */
export const mmxBinary = (fn: LaneFunction): Semantics =>
  mmxFrom((o) => {
    const b = readMmx(o, 1)
    return i64x2.extract_lane(fn(readMmx(o, 0), b, o.f), 0)
  })

/** `mm, mm/m64`: low half of `fn` of the source. */
export const mmxUnary = (fn: (b: V128, f: FunctionBuilder) => V128): Semantics =>
  mmxFrom((o) => i64x2.extract_lane(fn(readMmx(o, 1), o.f), 0))

/** `rmm, imm8`: low half of `fn` of the register and the immediate. */
export const mmxShift = (fn: (a: V128, count: I32) => V128): Semantics =>
  mmxFrom((o) => i64x2.extract_lane(fn(readMmx(o, 0), o.read(1)), 0))

// XMM ----------------------------------------------------------------------------------------------------------------------

/** `xmm, xmm/m128` */
export const vector =
  (fn: LaneFunction): Semantics =>
  (o) => {
    const b = o.readV128(1)
    o.writeV128(0, fn(o.readV128(0), b, o.f))
  }

/** `xmm, xmm/m128` with only the source read. */
export const vectorUnary =
  (fn: (b: V128, f: FunctionBuilder) => V128): Semantics =>
  (o) =>
    o.writeV128(0, fn(o.readV128(1), o.f))

/** `xmm, xmm/m128, imm8` */
export const vectorImmediate =
  (fn: (a: V128, b: V128, imm: I32, f: FunctionBuilder) => V128): Semantics =>
  (o) => {
    const b = o.readV128(1)
    o.writeV128(0, fn(o.readV128(0), b, o.read(2), o.f))
  }

/** `rxmm, imm8` */
export const vectorShift =
  (fn: (a: V128, count: I32, f: FunctionBuilder) => V128): Semantics =>
  (o) =>
    o.writeV128(0, fn(o.readV128(0), o.read(1), o.f))

/** `xmm, xmm/m128` for operations that may fault: `fn` gets the abstract machine. */
export const vectorChecked =
  (fn: (o: Ops, a: V128, b: V128) => V128): Semantics =>
  (o) => {
    const b = o.readV128(1)
    o.writeV128(0, fn(o, o.readV128(0), b))
  }

/** `xmm, xmm/m32`: the lowest lane of the destination becomes `fn` of both lowest lanes. */
export const scalar32 =
  (fn: (o: Ops, a: F32, b: F32) => F32): Semantics =>
  (o) => {
    const b = readF32(o, 1)
    const whole = o.readV128(0)
    o.writeV128(0, f32x4.replace_lane(whole, 0, fn(o, o.f.let(lowest32(whole)), b)))
  }

/** `xmm, xmm/m64` likewise. */
export const scalar64 =
  (fn: (o: Ops, a: F64, b: F64) => F64): Semantics =>
  (o) => {
    const b = readF64(o, 1)
    const whole = o.readV128(0)
    o.writeV128(0, f64x2.replace_lane(whole, 0, fn(o, o.f.let(lowest64(whole)), b)))
  }

/** `xmm/m128, xmm` and loads: copies operand 1 to operand 0. */
export const moveVector =
  (unaligned = false): Semantics =>
  (o) =>
    o.writeV128(0, o.readV128(1, unaligned), unaligned)

/** Loads of 32 (64) bits clear the rest of the register. */
export const load32: Semantics = (o) => o.writeV128(0, i64x2.replace_lane(v128.zero(), 0, i64.extend_u(o.read(1))))
export const load64: Semantics = (o) => o.writeV128(0, i64x2.replace_lane(v128.zero(), 0, o.readI64(1)))
export const store64: Semantics = (o) => o.writeI64(0, o.readI64(1))

/** Hints: prefetches and fences do nothing here. */
export const nothing: Semantics = () => undefined

/** Byte-wise store of operand 0 at DS:EDI where the top bits of the bytes of operand 1 say so (MASKMOVQ, MASKMOVDQU). */
export function storeMasked(o: Ops, data: readonly I64[], mask: I32): void {
  const { f } = o
  const segment = o.segmentOf(0)
  const base = o.reg(7)
  const at = (k: I32) => f.let(o.addressSize === 2 ? i32.and(i32.add(base, k), 0xffff) : i32.add(base, k))
  f.if(mask, () => {
    // The first and the last byte written: no page in between can fault, so nothing is written before a fault.
    o.targetAt(segment, at(i32.ctz(mask)), 1)
    o.targetAt(segment, at(i32.sub(31, i32.clz(mask))), 1)
    data.forEach((part, half) => {
      for (let k = 0; k < 8; k++) {
        const n = half * 8 + k
        f.if(i32.and(mask, 1 << n), () => {
          const target = o.targetAt(segment, at(i32.const(n)), 1)
          f.store8(target.host, i32.wrap(i64.shr_u(part, k * 8)))
          target.commit()
        })
      }
    })
  })
}
