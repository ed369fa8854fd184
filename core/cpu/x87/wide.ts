/** 128-bit integer arithmetic on pairs of i64, as code: WebAssembly multiplies and divides 64 bits at most. */

import type { I32In, I64 } from '../../wasm/expr.ts'
import { constI64, ifExpr, select } from '../../wasm/expr.ts'
import type { FunctionBuilder, Local } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'

/** An unsigned 128-bit value. */
export interface Wide {
  readonly hi: I64
  readonly lo: I64
}

export interface WideLocal {
  readonly hi: Local<'i64'>
  readonly lo: Local<'i64'>
}

const LOW = constI64(0xffff_ffffn)

export function wideVariable(f: FunctionBuilder, value?: Wide): WideLocal {
  const result = { hi: f.local('i64'), lo: f.local('i64') }
  if (value) setWide(f, result, value)
  return result
}

/** Both halves of `value` must not depend on `target` in a way that the order matters: the low half is written first. */
export function setWide(f: FunctionBuilder, target: WideLocal, value: Wide): void {
  const lo = f.variable(value.lo)
  f.set(target.hi, value.hi)
  f.set(target.lo, lo)
  f.release(lo)
}

/** a × b, both bound. */
export function multiply(f: FunctionBuilder, a: I64, b: I64): Wide {
  const al = f.let(i64.and(a, LOW))
  const ah = f.let(i64.shr_u(a, 32))
  const bl = f.let(i64.and(b, LOW))
  const bh = f.let(i64.shr_u(b, 32))
  const t = f.let(i64.add(i64.mul(ah, bl), i64.shr_u(i64.mul(al, bl), 32)))
  const w = f.let(i64.add(i64.mul(al, bh), i64.and(t, LOW)))
  const hi = f.let(i64.add(i64.add(i64.mul(ah, bh), i64.shr_u(t, 32)), i64.shr_u(w, 32)))
  return { hi, lo: f.let(i64.mul(a, b)) }
}

/** High half of a × b, both bound. */
export function multiplyHigh(f: FunctionBuilder, a: I64, b: I64): I64 {
  const al = f.let(i64.and(a, LOW))
  const ah = f.let(i64.shr_u(a, 32))
  const bl = f.let(i64.and(b, LOW))
  const bh = f.let(i64.shr_u(b, 32))
  const t = f.let(i64.add(i64.mul(ah, bl), i64.shr_u(i64.mul(al, bl), 32)))
  const w = f.let(i64.add(i64.mul(al, bh), i64.and(t, LOW)))
  return f.let(i64.add(i64.add(i64.mul(ah, bh), i64.shr_u(t, 32)), i64.shr_u(w, 32)))
}

export function addWide(f: FunctionBuilder, a: Wide, b: Wide): Wide {
  const lo = f.let(i64.add(a.lo, b.lo))
  const hi = f.let(i64.add(i64.add(a.hi, b.hi), i64.extend_u(i64.lt_u(lo, a.lo))))
  return { hi, lo }
}

export function subtractWide(f: FunctionBuilder, a: Wide, b: Wide): Wide {
  const hi = f.let(i64.sub(i64.sub(a.hi, b.hi), i64.extend_u(i64.lt_u(a.lo, b.lo))))
  return { hi, lo: f.let(i64.sub(a.lo, b.lo)) }
}

/** value << count, count 0 to 127. Operands bound. */
export function shiftLeftWide(f: FunctionBuilder, value: Wide, count: I32In): Wide {
  const n = f.let(i64.extend_u(count))
  const big = f.let(i64.ge_u(n, 64))
  const lo = f.let(i64.shl(value.lo, n))
  const carried = i64.shr_u(i64.shr_u(value.lo, 1), i64.sub(63, n))
  const hi = f.let(select(big, lo, i64.or(i64.shl(value.hi, n), carried)))
  return { hi, lo: f.let(select(big, constI64(0), lo)) }
}

/** value >> count, count 0 to 127; bits shifted out are lost. Operands bound. */
export function shiftRightWide(f: FunctionBuilder, value: Wide, count: I32In): Wide {
  const n = f.let(i64.extend_u(count))
  const big = f.let(i64.ge_u(n, 64))
  const hi = f.let(i64.shr_u(value.hi, n))
  const carried = i64.shl(i64.shl(value.hi, 1), i64.sub(63, n))
  const lo = f.let(select(big, hi, i64.or(i64.shr_u(value.lo, n), carried)))
  return { hi: f.let(select(big, constI64(0), hi)), lo }
}

/**
 * value >> count for any count of 0 or more: bits shifted out are remembered in bit 0, so that rounding sees that the value was
 * not exact. Operands bound.
 */
export function shiftRightJam(f: FunctionBuilder, value: Wide, count: I32In): Wide {
  const n = f.let(ifExpr(i32.lt_u(count, 128), i32.add(count, 0), i32.const(127)))
  const all = f.let(i32.ge_u(count, 128))
  const shifted = shiftRightWide(f, value, n)
  const back = shiftLeftWide(f, shifted, n)
  const lost = i32.or(i32.or(i64.ne(back.lo, value.lo), i64.ne(back.hi, value.hi)), 0)
  const lostAny = f.let(i64.extend_u(lost))
  const nonZero = i64.extend_u(i64.ne(i64.or(value.hi, value.lo), 0))
  return {
    hi: f.let(select(all, constI64(0), shifted.hi)),
    lo: f.let(select(all, nonZero, i64.or(shifted.lo, lostAny))),
  }
}

/** Moves the highest set bit of a value that is not zero to bit 127; returns the count of places. Operands are changed. */
export function normalizeWide(f: FunctionBuilder, value: WideLocal): Local<'i32'> {
  const count = f.variable(i32.const(0))
  f.if(i64.eqz(value.hi), () => {
    f.set(value.hi, value.lo)
    f.set(value.lo, constI64(0))
    f.set(count, i32.const(64))
  })
  const zeros = f.let(i64.clz(value.hi))
  f.set(value.hi, i64.or(i64.shl(value.hi, zeros), i64.shr_u(i64.shr_u(value.lo, 1), i64.sub(63, zeros))))
  f.set(value.lo, i64.shl(value.lo, zeros))
  f.set(count, i32.add(count, i32.wrap(zeros)))
  return count
}

/**
 * Quotient and remainder of a 128-bit value by a 64-bit divisor whose top bit is set, for value.hi < divisor (Knuth, The Art
 * of Computer Programming vol 2, 4.3.1, algorithm D with two 32-bit digits). Operands bound.
 */
export function divide(f: FunctionBuilder, value: Wide, divisor: I64): { quotient: I64; remainder: I64 } {
  const d1 = f.let(i64.shr_u(divisor, 32))
  const d0 = f.let(i64.and(divisor, LOW))
  const digit = (high: I64, next: I64): { q: Local<'i64'>; rest: I64 } => {
    const q = f.variable(i64.div_u(high, d1))
    const r = f.variable(i64.sub(high, i64.mul(q, d1)))
    f.block((done) => {
      f.loop((again) => {
        const tooBig = i32.or(i64.ne(i64.shr_u(q, 32), 0), i64.gt_u(i64.mul(q, d0), i64.or(i64.shl(r, 32), next)))
        f.brIf(done, i32.eqz(tooBig))
        f.set(q, i64.sub(q, 1))
        f.set(r, i64.add(r, d1))
        f.brIf(again, i64.eqz(i64.shr_u(r, 32)))
      })
    })
    const rest = f.let(i64.sub(i64.or(i64.shl(high, 32), next), i64.mul(q, divisor)))
    f.release(r)
    return { q, rest }
  }
  const first = digit(value.hi, f.let(i64.shr_u(value.lo, 32)))
  const second = digit(first.rest, f.let(i64.and(value.lo, LOW)))
  return { quotient: f.let(i64.or(i64.shl(first.q, 32), second.q)), remainder: second.rest }
}
