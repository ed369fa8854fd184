/**
 * Fractions of 128 bits, as code: what the transcendental functions compute with. A `Wide` stands for hi.lo / 2^128, so it is at
 * least 0 and below 1. Results keep about 120 good bits, of which 64 remain: rounding is right but for one case in millions.
 */

import type { I32, I64 } from '../../wasm/expr.ts'
import { constI64, select } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Linker } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { PC_EXTENDED } from './control.ts'
import { registerAt, storeRounded } from './round.ts'
import { BIAS, word } from './stack.ts'
import type { Wide, WideLocal } from './wide.ts'
import {
  addWide,
  divide,
  multiply,
  multiplyHigh,
  normalizeWide,
  shiftRightWide,
  subtractWide,
  wideVariable,
} from './wide.ts'

/** A constant of 128 bits. */
export const wideConstant = (bits: bigint): Wide => ({
  hi: constI64(BigInt.asIntN(64, bits >> 64n)),
  lo: constI64(BigInt.asIntN(64, bits)),
})

/** numerator / denominator × 2^scale, rounded down. */
export const ratio = (numerator: bigint, denominator: bigint, scale: bigint): bigint =>
  (numerator << scale) / denominator

export function factorial(n: bigint): bigint {
  return n < 2n ? 1n : n * factorial(n - 1n)
}

/** a × b. Operands bound. The last two bits of the result may be low. */
export function product(f: FunctionBuilder, a: Wide, b: Wide): Wide {
  const high = multiply(f, a.hi, b.hi)
  const zero = constI64(0)
  const partial = addWide(f, high, { hi: zero, lo: multiplyHigh(f, a.hi, b.lo) })
  return addWide(f, partial, { hi: zero, lo: multiplyHigh(f, a.lo, b.hi) })
}

/** 1 - a, less 2^-128: never 1 itself. */
export const complement = (f: FunctionBuilder, a: Wide): Wide => ({
  hi: f.let(i64.xor(a.hi, -1n)),
  lo: f.let(i64.xor(a.lo, -1n)),
})

/**
 * Polynomial in `x` (a fraction of 64 bits) with the coefficients of x^0, x^1, ..., all of the same scale, by Horner's rule.
 * `alternating` subtracts every second term. Partial sums must stay below 2^64 and above 0.
 */
export function polynomial(f: FunctionBuilder, x: I64, coefficients: readonly bigint[], alternating: boolean): I64 {
  let sum: I64 = constI64(coefficients.at(-1) as bigint)
  for (const coefficient of coefficients.slice(0, -1).reverse()) {
    const term = multiplyHigh(f, x, sum)
    sum = f.let(alternating ? i64.sub(constI64(coefficient), term) : i64.add(constI64(coefficient), term))
  }
  return sum
}

/** A number in scale 2^(64 + extra), extra 1 to 63, as a fraction. */
export const scaledDown = (f: FunctionBuilder, value: I64, extra: number): Wide => ({
  hi: f.let(i64.shr_u(value, extra)),
  lo: f.let(i64.shl(value, 64 - extra)),
})

/**
 * numerator / denominator for numerator < denominator, denominator at least one half. Operands bound. The result may be off by
 * 2^-125.
 */
export function quotient(f: FunctionBuilder, numerator: Wide, denominator: Wide): Wide {
  const first = divide(f, numerator, denominator.hi)
  const high = f.variable(first.quotient)
  // What is left after the first 64 bits, the low half of the denominator now included.
  const before = { hi: first.remainder, lo: constI64(0) }
  const correction = multiply(f, high, denominator.lo)
  const rest = wideVariable(f, subtractWide(f, before, correction))
  const belowZero = i32.and(i64.eq(before.hi, correction.hi), i64.ne(correction.lo, 0))
  const negative = f.variable(i32.or(i64.lt_u(before.hi, correction.hi), belowZero))
  f.loop((again) => {
    f.if(negative, () => {
      const sum = addWide(f, rest, denominator)
      const carried = i32.or(i64.lt_u(sum.hi, rest.hi), i32.and(i64.eq(sum.hi, rest.hi), i64.lt_u(sum.lo, rest.lo)))
      f.set(negative, i32.eqz(carried))
      f.set(rest.hi, sum.hi)
      f.set(rest.lo, sum.lo)
      f.set(high, i64.sub(high, 1))
      f.br(again)
    })
  })
  const low = f.variable(constI64(-1n))
  f.if(i64.lt_u(rest.hi, denominator.hi), () => f.set(low, divide(f, rest, denominator.hi).quotient))
  return { hi: high, lo: low }
}

/** A fraction in [1/2, 1) and the power of two it is to be multiplied with. */
export interface Scaled {
  readonly fraction: WideLocal
  readonly power: I32
}

/** Normalises `value` × 2^power. The value must not be 0. */
export function normalizeScaled(f: FunctionBuilder, value: Wide, power: I32): Scaled {
  const fraction = wideVariable(f, value)
  const count = normalizeWide(f, fraction)
  return { fraction, power: f.let(i32.sub(power, count)) }
}

/** `condition ? a : b` on both halves. */
export const selectWide = (f: FunctionBuilder, condition: I32, a: Wide, b: Wide): Wide => ({
  hi: f.let(select(condition, a.hi, b.hi)),
  lo: f.let(select(condition, a.lo, b.lo)),
})

/** Rounds fraction × 2^power into the register at `destination`, with 64 bits whatever the precision control says. */
export function storeScaled(
  f: FunctionBuilder,
  link: Linker,
  destination: I32,
  sign: I32,
  value: { fraction: Wide; power: I32 },
): void {
  const control = f.let(i32.or(word(L.FPU_CONTROL), PC_EXTENDED))
  const exponent = f.variable(i32.add(value.power, BIAS - 1))
  const { hi, lo } = wideVariable(f, value.fraction)
  storeRounded(f, registerAt(f, link, destination, control), { sign, exponent, hi, lo })
}

/** value with its last bit set: a transcendental result is never exact. */
export const inexact = (f: FunctionBuilder, value: Wide): Wide => ({ hi: value.hi, lo: f.let(i64.or(value.lo, 1)) })

/** value >> places for any number of places. Operands bound. */
export const shiftedDown = (f: FunctionBuilder, value: Wide, places: I32): Wide =>
  shiftRightWide(f, value, f.let(select(i32.lt_u(places, 127), places, i32.const(127))))

/** Picks one of several constants by `index`. */
export function tableEntry(f: FunctionBuilder, index: I32, entries: readonly bigint[]): WideLocal {
  const result = wideVariable(f)
  const take = (bits: bigint) => () => {
    const { hi, lo } = wideConstant(bits)
    f.set(result.hi, hi)
    f.set(result.lo, lo)
  }
  f.switch(index, entries.slice(0, -1).map(take), take(entries.at(-1) as bigint))
  return result
}
