/**
 * F2XM1: 2^x - 1 for x in [-1, 1]. With j the nearest multiple of 1/16, 2^x = 2^j × e^w for w = (x - j) ln 2, and e^w - 1 comes
 * from the series of the hyperbolic functions, so that nothing cancels near zero.
 *
 * Source: Intel SDM vol 2A F2XM1; vol 1, 8.3.9 and 8.3.10.
 */

import type { I32 } from '../../wasm/expr.ts'
import { constI64, select } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import { PE } from './control.ts'
import type { Scaled } from './fraction.ts'
import {
  factorial,
  inexact,
  normalizeScaled,
  polynomial,
  product,
  ratio,
  scaledDown,
  selectWide,
  shiftedDown,
  storeScaled,
  tableEntry,
  wideConstant,
} from './fraction.ts'
import { LN2 } from './logarithm-constants.ts'
import { infinite, normalize, reportDenormals, takeOne, zero } from './operand.ts'
import { BIAS, INTEGER_BIT, raised, storeRegister } from './stack.ts'
import type { Wide } from './wide.ts'
import { addWide, multiplyHigh, setWide, shiftLeftWide, shiftRightWide, subtractWide, wideVariable } from './wide.ts'

function integerRoot(n: bigint): bigint {
  let x = 1n << BigInt((n.toString(2).length + 1) >> 1)
  for (;;) {
    const next = (x + n / x) >> 1n
    if (next >= x) return x
    x = next
  }
}

/** 2^(j/16) in scale 2^126 for j = 0 to 15: products of the repeated square roots of 2. */
const POWERS = Array.from({ length: 16 }, (_, j) => {
  const scale = 160n
  let root = 2n << scale
  let value = 1n << scale
  for (let bit = 8; bit; bit >>= 1) {
    root = integerRoot(root << scale)
    if (j & bit) value = (value * root) >> scale
  }
  return value >> (scale - 126n)
})

/** |w| is below 2^-5.5, w² below 2^-11: as a fraction of 64 bits it is kept times 2^11. */
const SQUARE_EXTRA = 11n

/** 1/n! for n = first, first + 2, ... in scale 2^(64 + extra), for powers of w² × 2^11. */
const coefficients = (first: bigint, count: number, extra: bigint): bigint[] =>
  Array.from({ length: count }, (_, i) => {
    const n = BigInt(i)
    return ratio(1n, factorial(first + 2n * n), 64n + extra - SQUARE_EXTRA * n)
  })

/**
 * (e^w - 1) / w - 1, or its negative, for w of the given sign: ±w/2 + w²/6 ± w³/24 ...; the magnitude, below 2^-6. Even terms add
 * for both signs; odd ones have the sign of w, and outweigh them.
 */
function growth(f: FunctionBuilder, w: Scaled, negative: I32): Wide {
  const square = shiftedDown(f, product(f, w.fraction, w.fraction), f.let(i32.shl(i32.sub(0, w.power), 1)))
  const extra = Number(SQUARE_EXTRA)
  const v = f.let(i64.or(i64.shl(square.hi, extra), i64.shr_u(square.lo, 64 - extra)))
  // w²/6 + w⁴/120 + ...: a product by w² × 2^11 of coefficients in scale 2^66.
  const even = multiplyHigh(f, v, polynomial(f, v, coefficients(3n, 5, 2n), false))
  const evenPart = scaledDown(f, even, 2 + extra)
  // 1/2 + w²/24 + ..., times w.
  const odd = multiplyHigh(f, v, polynomial(f, v, coefficients(4n, 5, 4n), false))
  const oddSum = addWide(f, wideConstant(1n << 127n), scaledDown(f, odd, 4 + extra))
  const magnitude = shiftedDown(f, w.fraction, f.let(i32.sub(0, w.power)))
  const oddPart = product(f, magnitude, oddSum)
  return selectWide(f, negative, subtractWide(f, oddPart, evenPart), addWide(f, oddPart, evenPart))
}

/** x87_exp2m1(destination, sign, significand, exponent) for a normalised |x| below 1. */
const compute = runtimeFunction('x87_exp2m1', ['i32', 'i32', 'i64', 'i32'], 'void', (f, link) => {
  const destination = f.param(0, 'i32')
  const sign = f.param(1, 'i32')
  const significand = f.param(2, 'i64')
  const power = f.let(i32.sub(f.param(3, 'i32'), BIAS - 1))
  // x in steps of 1/16, rounded: |x| × 2^128, then the distance from the step.
  const step = f.variable(i32.const(0))
  const rest = { fraction: wideVariable(f, { hi: significand, lo: constI64(0) }), power: f.variable(power) }
  const negative = f.variable(sign)
  const nothing = f.local('i32')
  f.if(i32.gt_s(power, -5), () => {
    const x = shiftRightWide(f, { hi: significand, lo: constI64(0) }, f.let(i32.sub(0, power)))
    const rounded = i64.add(i64.shr_u(x.hi, 60), i64.and(i64.shr_u(x.hi, 59), 1))
    f.set(step, i32.wrap(rounded))
    // Modulo 2^128: step 16 is 2^128 itself.
    const whole = { hi: f.let(i64.shl(i64.extend_u(step), 60)), lo: constI64(0) }
    const difference = subtractWide(f, x, whole)
    const below = f.let(i64.lt_s(difference.hi, 0))
    const opposite = subtractWide(f, wideConstant(0n), difference)
    setWide(f, rest.fraction, selectWide(f, below, opposite, difference))
    f.set(negative, i32.xor(negative, i32.shl(below, 15)))
    f.set(nothing, i64.eqz(i64.or(rest.fraction.hi, rest.fraction.lo)))
    f.if(nothing, () => f.set(rest.fraction.lo, constI64(1)))
    const normal = normalizeScaled(f, rest.fraction, i32.const(0))
    setWide(f, rest.fraction, normal.fraction)
    f.set(rest.power, normal.power)
  })
  // w = rest × ln 2, then e^w - 1 = w (1 ± growth).
  const w = normalizeScaled(f, product(f, rest.fraction, wideConstant(LN2)), rest.power)
  const bonus = product(f, w.fraction, growth(f, w, negative))
  const half = shiftRightWide(f, w.fraction, 1)
  const bonusHalf = shiftRightWide(f, bonus, 1)
  const sum = selectWide(f, negative, subtractWide(f, half, bonusHalf), addWide(f, half, bonusHalf))
  const small = normalizeScaled(f, sum, f.let(i32.add(w.power, 1)))
  f.if(i32.eqz(step), () => {
    storeScaled(f, link, destination, sign, { fraction: inexact(f, small.fraction), power: small.power })
    f.return()
  })
  // 2^(±step/16) in units of 2^-126: for negative steps half of the power 16 steps up.
  const index = f.let(select(sign, i32.sub(16, step), step))
  const base = tableEntry(f, f.let(i32.and(index, 15)), POWERS)
  f.if(sign, () => setWide(f, base, shiftRightWide(f, base, 1)))
  // Step 16 upward is 2, and no step left downward is 1/2 (index 0, halved above).
  f.if(i32.and(i32.eq(step, 16), i32.eqz(sign)), () => setWide(f, base, shiftLeftWide(f, base, i32.const(1))))
  f.if(nothing, () => setWide(f, small.fraction, wideConstant(0n)))
  const factor = shiftedDown(f, small.fraction, f.let(i32.sub(0, small.power)))
  const change = product(f, base, factor)
  const value = selectWide(f, negative, subtractWide(f, base, change), addWide(f, base, change))
  const one = wideConstant(1n << 126n)
  const magnitude = selectWide(f, sign, subtractWide(f, one, value), subtractWide(f, value, one))
  storeScaled(f, link, destination, sign, normalizeScaled(f, inexact(f, magnitude), i32.const(2)))
})

export const f2xm1 = runtimeFunction('x87_f2xm1', [], 'void', (f, link) => {
  const a = takeOne(f, link)
  reportDenormals(f, link, a)
  f.if(zero(a), () => f.return())
  f.if(infinite(a), () => {
    f.if(a.sign, () => storeRegister(f, a.address, constI64(INTEGER_BIT), 0x8000 | BIAS))
    f.return()
  })
  const one = i32.and(i32.eq(a.exponent, BIAS), i64.eq(a.significand, constI64(INTEGER_BIT)))
  f.if(i32.and(one, i32.eqz(a.sign)), () => {
    // As processors do it, 2^1 - 1 comes out a little below 1 and is rounded.
    storeScaled(f, link, a.address, a.sign, { fraction: wideConstant(-1n), power: i32.const(0) })
    f.return()
  })
  // Undefined beyond [-1, 1]: the operand stays, as it does on processors.
  f.if(i32.ge_s(a.exponent, BIAS), () => {
    f.drop(raised(link, PE))
    f.if(one, () => storeRegister(f, a.address, constI64(INTEGER_BIT), 0x8000 | (BIAS - 1)))
    f.return()
  })
  normalize(f, a)
  f.call(link.runtime(compute), a.address, a.sign, a.significand, a.exponent)
})
