/**
 * FYL2X and FYL2XP1: y log2 x and y log2(x + 1). The argument is 2^k m with m between the square roots of 1/2 and 2, and
 * log2 m = 2/ln 2 artanh s for s = (m - 1) / (m + 1), |s| at most 0.1716: no cancellation anywhere near 1.
 *
 * Source: Intel SDM vol 2A FYL2X, FYL2XP1; vol 1, 8.3.9 and 8.3.10.
 */

import type { I32 } from '../../wasm/expr.ts'
import { constI64, select } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Linker } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { C1, PE, UE, ZE } from './control.ts'
import type { Scaled } from './fraction.ts'
import {
  normalizeScaled,
  polynomial,
  product,
  quotient,
  ratio,
  scaledDown,
  selectWide,
  shiftedDown,
  storeScaled,
  wideConstant,
} from './fraction.ts'
import { TWO_OVER_LN2_QUARTER } from './logarithm-constants.ts'
import type { Operand } from './operand.ts'
import { infinite, normalize, reportDenormals, takeTwo, zero } from './operand.ts'
import { BIAS, INTEGER_BIT, invalid, pop, raised, significandAt, storeRegister, word } from './stack.ts'
import type { Wide } from './wide.ts'
import { addWide, multiplyHigh, setWide, shiftRightWide, subtractWide, wideVariable } from './wide.ts'

/** Significand of the square root of 2, rounded down. */
const SQRT_2 = 0xb504_f333_f9de_6484n
/** s² is below 2^-5: as a fraction of 64 bits it is kept times 2^5. */
const SQUARE_EXTRA = 5
/** Coefficients 1/5, 1/7, ... in scale 2^66, for powers of s² × 2^5. */
const TAIL_EXTRA = 2
const TAIL = Array.from({ length: 14 }, (_, i) =>
  ratio(1n, 5n + 2n * BigInt(i), 64n + BigInt(TAIL_EXTRA - SQUARE_EXTRA * i)),
)

/** |log2| of (1 + s) / (1 - s). */
function logarithmOfRatio(f: FunctionBuilder, s: Scaled): Scaled {
  const square = shiftedDown(f, product(f, s.fraction, s.fraction), f.let(i32.shl(i32.sub(0, s.power), 1)))
  const v = f.let(i64.or(i64.shl(square.hi, SQUARE_EXTRA), i64.shr_u(square.lo, 64 - SQUARE_EXTRA)))
  const tail = multiplyHigh(f, v, polynomial(f, v, TAIL, false))
  const third = wideConstant(ratio(1n, 3n, 128n))
  const inner = addWide(f, third, scaledDown(f, tail, TAIL_EXTRA + SQUARE_EXTRA))
  const bonus = product(f, s.fraction, product(f, square, inner))
  const sum = addWide(f, shiftRightWide(f, s.fraction, 1), shiftRightWide(f, bonus, 1))
  const value = product(f, sum, wideConstant(TWO_OVER_LN2_QUARTER))
  return normalizeScaled(f, value, f.let(i32.add(s.power, 3)))
}

/** Integer parts are kept in units of 2^-112 with fractions. */
const POINT = 112

/** k + (negative ? -part : part) as magnitude and sign; `part` alone where k is 0. */
function addInteger(f: FunctionBuilder, k: I32, part: Scaled, negative: I32): { value: Scaled; sign: I32 } {
  const fraction = wideVariable(f, part.fraction)
  const power = f.variable(part.power)
  const sign = f.variable(negative)
  f.if(k, () => {
    const units = shiftedDown(f, part.fraction, f.let(i32.sub(128 - POINT, part.power)))
    const whole = { hi: f.let(i64.shl(i64.extend_s(k), POINT - 64)), lo: constI64(0) }
    const sum = selectWide(f, negative, subtractWide(f, whole, units), addWide(f, whole, units))
    f.set(sign, i64.lt_s(sum.hi, 0))
    const magnitude = selectWide(f, sign, subtractWide(f, wideConstant(0n), sum), sum)
    const normal = normalizeScaled(f, magnitude, i32.const(128 - POINT))
    setWide(f, fraction, normal.fraction)
    f.set(power, normal.power)
  })
  return { value: { fraction, power }, sign }
}

/**
 * Rounds y × log into y's register. `sign` is the logarithm's (0 or 1). Where the logarithm is an integer (`exact`) the product
 * is rounded as it is; the precision exception is reported all the same, as processors do.
 */
function storeProduct(f: FunctionBuilder, link: Linker, y: Operand, log: Scaled, sign: I32, exact: I32): void {
  const value = product(f, log.fraction, { hi: y.significand, lo: constI64(0) })
  const power = f.let(i32.add(log.power, i32.sub(y.exponent, BIAS - 1)))
  const sticky = { hi: value.hi, lo: f.let(i64.or(value.lo, i64.extend_u(i32.eqz(exact)))) }
  const result = normalizeScaled(f, sticky, power)
  storeScaled(f, link, y.address, f.let(i32.xor(y.sign, i32.shl(sign, 15))), result)
  f.if(exact, () => {
    const roundedUp = f.let(i32.and(word(L.FPU_STATUS), C1))
    const denormal = i64.ge_s(significandAt(y.address), 0)
    f.drop(raised(link, f.let(i32.or(i32.or(roundedUp, PE), i32.mul(denormal, UE)))))
  })
}

/** s = |m - 1| / (m + 1) for m = 1.hi.lo... given as m / 2 (a fraction of at least 1/2) or, when `upper`, as m itself. */
function ratioFromOne(f: FunctionBuilder, m: Wide, upper: I32): { s: Scaled; zero: I32 } {
  // In halves: m/2 - 1/2 over m/2 + 1/2; with m below 1, its fraction is m itself: (1 - m) / (1 + m).
  const half = wideConstant(1n << 127n)
  const above = subtractWide(f, m, half)
  const under = subtractWide(f, wideConstant(0n), m)
  const numerator = selectWide(f, upper, under, above)
  // The denominator, halved to stay a fraction: (m/2 + 1/2)/2 or (1 + m)/4 with its numerator likewise.
  const sumAbove = addWide(f, shiftRightWide(f, m, 1), wideConstant(1n << 126n))
  const sumUnder = addWide(f, shiftRightWide(f, m, 1), half)
  const denominator = selectWide(f, upper, sumUnder, sumAbove)
  const nothing = f.let(i64.eqz(i64.or(numerator.hi, numerator.lo)))
  const safe = wideVariable(f, numerator)
  f.if(nothing, () => f.set(safe.lo, constI64(1)))
  const n = normalizeScaled(f, safe, i32.const(-1))
  const d = normalizeScaled(f, denominator, i32.const(0))
  const value = quotient(f, shiftRightWide(f, n.fraction, 1), d.fraction)
  return { s: normalizeScaled(f, value, f.let(i32.add(i32.sub(n.power, d.power), 1))), zero: nothing }
}

/** Rounds y log2(m 2^power) for m in [1/2, 1): x87_ylog2(…) inlined where the argument is wide. */
function storeLogarithm(f: FunctionBuilder, link: Linker, y: Operand, argument: Scaled): void {
  // m above the square root of 1/2 counts as itself below 1, else doubled.
  const upper = f.let(i64.gt_u(argument.fraction.hi, constI64(SQRT_2)))
  const k = f.let(i32.sub(argument.power, i32.eqz(upper)))
  const { s, zero: one } = ratioFromOne(f, argument.fraction, upper)
  const part = logarithmOfRatio(f, s)
  f.if(one, () => setWide(f, part.fraction, wideConstant(0n)))
  const { value, sign } = addInteger(f, k, part, upper)
  storeProduct(f, link, y, value, sign, one)
}

export const fyl2x = runtimeFunction('x87_fyl2x', [], 'void', (f, link) => {
  const { a: x, b: y } = takeTwo(f, link, 1, () => pop(f))
  const finish = () => {
    pop(f)
    f.return()
  }
  const stop = () => {
    f.if(callExpr(link.runtime(invalid), y.address), () => pop(f))
    f.return()
  }
  const one = f.let(i32.and(i32.eq(x.exponent, BIAS), i64.eq(x.significand, constI64(INTEGER_BIT))))
  f.if(i32.and(i32.ne(x.sign, 0), i32.eqz(zero(x))), stop)
  f.if(i32.and(infinite(y), one), stop)
  f.if(i32.and(zero(y), i32.or(zero(x), infinite(x))), stop)
  f.if(zero(x), () => {
    // log2 0 is minus infinity, from nothing: a division by zero, but for infinite y.
    f.if(
      infinite(y),
      () => f.drop(raised(link, 0)),
      () => f.if(i32.eqz(raised(link, ZE)), () => f.return()),
    )
    storeRegister(f, y.address, constI64(INTEGER_BIT), i32.or(i32.xor(y.sign, 0x8000), 0x7fff))
    finish()
  })
  reportDenormals(f, link, x, y)
  const below = f.let(i32.shl(i32.lt_s(x.exponent, BIAS), 15))
  f.if(i32.or(infinite(x), infinite(y)), () => {
    storeRegister(f, y.address, constI64(INTEGER_BIT), i32.or(i32.xor(y.sign, below), 0x7fff))
    finish()
  })
  f.if(i32.or(zero(y), one), () => {
    storeRegister(f, y.address, constI64(0), i32.xor(y.sign, below))
    finish()
  })
  normalize(f, x)
  normalize(f, y)
  const fraction = wideVariable(f, { hi: x.significand, lo: constI64(0) })
  storeLogarithm(f, link, y, { fraction, power: f.let(i32.sub(x.exponent, BIAS - 1)) })
  finish()
})

/** y log2(1 + x) for normalised operands, x above -1. */
function storeLogarithmPlusOne(f: FunctionBuilder, link: Linker, x: Operand, y: Operand): void {
  const power = f.let(i32.sub(x.exponent, BIAS - 1))
  const significand = { hi: x.significand, lo: constI64(0) }
  // Near one s = x / (2 + x) keeps all bits of x: here for |x| below 1/4.
  f.if(i32.lt_s(power, -1), () => {
    const quarter = shiftedDown(f, significand, f.let(i32.sub(2, power)))
    const half = wideConstant(1n << 127n)
    const denominator = selectWide(f, x.sign, subtractWide(f, half, quarter), addWide(f, half, quarter))
    const d = normalizeScaled(f, denominator, i32.const(2))
    const value = quotient(f, shiftRightWide(f, significand, 1), d.fraction)
    const s = normalizeScaled(f, value, f.let(i32.sub(i32.add(power, 1), d.power)))
    storeProduct(f, link, y, logarithmOfRatio(f, s), f.let(i32.shr_u(x.sign, 15)), i32.const(0))
    pop(f)
    f.return()
  })
  // 1 + x as a wide number: exact for moderate x, and the 1 does not matter for huge ones.
  const places = f.let(select(i32.gt_s(power, 0), power, i32.const(0)))
  const scale = f.let(i32.add(places, 1))
  const one = shiftedDown(f, wideConstant(1n << 127n), places)
  const value = shiftedDown(f, significand, f.let(i32.sub(scale, power)))
  const sum = selectWide(f, x.sign, subtractWide(f, one, value), addWide(f, one, value))
  storeLogarithm(f, link, y, normalizeScaled(f, sum, scale))
}

export const fyl2xp1 = runtimeFunction('x87_fyl2xp1', [], 'void', (f, link) => {
  const { a: x, b: y } = takeTwo(f, link, 1, () => pop(f))
  const finish = () => {
    pop(f)
    f.return()
  }
  const minusInfinity = i32.and(infinite(x), i32.ne(x.sign, 0))
  const noValue = i32.or(i32.and(infinite(x), zero(y)), i32.and(zero(x), infinite(y)))
  f.if(i32.or(minusInfinity, noValue), () => {
    f.if(callExpr(link.runtime(invalid), y.address), () => pop(f))
    f.return()
  })
  reportDenormals(f, link, x, y)
  const sign = f.let(i32.xor(x.sign, y.sign))
  f.if(i32.or(infinite(x), infinite(y)), () => {
    storeRegister(f, y.address, constI64(INTEGER_BIT), i32.or(sign, 0x7fff))
    finish()
  })
  f.if(i32.or(zero(x), zero(y)), () => {
    storeRegister(f, y.address, constI64(0), sign)
    finish()
  })
  // Undefined at -1 and below: x itself, as on processors.
  f.if(i32.and(i32.ne(x.sign, 0), i32.ge_s(x.exponent, BIAS)), () => {
    f.drop(raised(link, PE))
    storeRegister(f, y.address, x.significand, x.signExponent)
    finish()
  })
  normalize(f, x)
  normalize(f, y)
  storeLogarithmPlusOne(f, link, x, y)
  finish()
})
