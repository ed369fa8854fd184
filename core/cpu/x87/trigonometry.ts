/**
 * FSIN, FCOS, FSINCOS, FPTAN. The argument is reduced exactly, by the 66-bit value of pi that Intel documents; the rest is
 * Taylor series in 128-bit fractions, good to about 2^-75.
 *
 * Source: Intel SDM vol 1, 8.3.8 (pi) and 8.3.10 (accuracy); vol 2A FSIN, FCOS, FSINCOS, FPTAN.
 */

import type { I32 } from '../../wasm/expr.ts'
import { constI64, select } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Linker, RuntimeFunction } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { C1, C2 } from './control.ts'
import type { Scaled } from './fraction.ts'
import {
  complement,
  factorial,
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
import type { Operand } from './operand.ts'
import { infinite, normalize, reportDenormals, takeOne, zero } from './operand.ts'
import { returnPairOfNans, roomForTwo } from './scale.ts'
import { BIAS, INTEGER_BIT, invalid, push, setWord, storeIndefinite, storeRegister, word } from './stack.ts'
import type { Wide } from './wide.ts'
import {
  addWide,
  multiply,
  multiplyHigh,
  normalizeWide,
  setWide,
  shiftLeftWide,
  shiftRightWide,
  subtractWide,
  wideVariable,
} from './wide.ts'

/** pi/2 × 2^65: all 66 bits. */
const HALF_PI = 0x3_243f_6a88_85a3_08d3n
/** 2/pi × 2^64, rounded down. */
const TWO_OVER_PI = (1n << 129n) / HALF_PI
/** Significand of pi/4 (exponent -1), rounded down. */
const QUARTER_PI = HALF_PI >> 2n

/** Where functions leave an intermediate number: fraction (16 bytes), power (4 bytes). */
const REDUCED = L.FPU_SCRATCH
const RESULT = L.FPU_SCRATCH + 24

function leaveScaled(f: FunctionBuilder, at: number, value: Wide, power: I32): void {
  f.store64(0, value.hi, at)
  f.store64(0, value.lo, at + 8)
  setWord(f, at + 16, power)
}

function readScaled(f: FunctionBuilder, at: number): { fraction: Wide; power: I32 } {
  const fraction = { hi: f.let(i64.load(0, at)), lo: f.let(i64.load(0, at + 8)) }
  return { fraction, power: f.let(word(at + 16)) }
}

/**
 * x87_reduce(significand, exponent): takes |x| below 2^63 to r in [-pi/4, pi/4], leaves |r| in REDUCED and returns the number of
 * quarter turns (two bits) and r's sign (bit 2).
 */
const reduce = runtimeFunction('x87_reduce', ['i64', 'i32'], 'i32', (f) => {
  const significand = f.param(0, 'i64')
  const power = f.let(i32.sub(f.param(1, 'i32'), BIAS))
  const small = i32.or(i32.lt_s(power, -1), i32.and(i32.eq(power, -1), i64.le_u(significand, constI64(QUARTER_PI))))
  f.if(small, () => {
    leaveScaled(f, REDUCED, { hi: significand, lo: constI64(0) }, f.let(i32.add(power, 1)))
    f.return(i32.const(0))
  })
  // In units of 2^-65 both x and pi/2 are integers: x mod pi/2 is exact.
  const turn = wideConstant(HALF_PI)
  const half = wideConstant(HALF_PI >> 1n)
  const x = shiftLeftWide(f, { hi: constI64(0), lo: significand }, f.let(i32.add(power, 2)))
  const places = i64.extend_u(i32.sub(62, power))
  const estimate = multiplyHigh(f, significand, constI64(TWO_OVER_PI))
  const turns = f.variable(i64.shr_u(i64.shr_u(estimate, 1), places))
  const low = multiply(f, turns, turn.lo)
  const whole = { hi: f.let(i64.add(low.hi, i64.mul(turns, turn.hi))), lo: low.lo }
  const r = wideVariable(f, subtractWide(f, x, whole))
  const magnitude = wideVariable(f)
  const negative = f.local('i32')
  f.loop((again) => {
    f.set(negative, i64.lt_s(r.hi, 0))
    const opposite = subtractWide(f, wideConstant(0n), r)
    setWide(f, magnitude, selectWide(f, negative, opposite, r))
    const far = i32.or(
      i64.gt_u(magnitude.hi, half.hi),
      i32.and(i64.eq(magnitude.hi, half.hi), i64.gt_u(magnitude.lo, half.lo)),
    )
    f.if(far, () => {
      const down = subtractWide(f, r, turn)
      const up = addWide(f, r, turn)
      setWide(f, r, selectWide(f, negative, up, down))
      f.set(turns, i64.add(turns, select(negative, constI64(-1n), constI64(1))))
      f.br(again)
    })
  })
  const count = normalizeWide(f, magnitude)
  leaveScaled(f, REDUCED, magnitude, f.let(i32.sub(63, count)))
  f.return(i32.or(i32.and(i32.wrap(turns), 3), i32.shl(negative, 2)))
})

/** r² as a fraction. */
function squareOf(f: FunctionBuilder, r: { fraction: Wide; power: I32 }): Wide {
  const square = product(f, r.fraction, r.fraction)
  return shiftedDown(f, square, f.let(i32.shl(i32.sub(0, r.power), 1)))
}

/** Terms 1/n! for n = first, first + 2, ... in scale 2^(64 + extra). */
const inverseFactorials = (first: bigint, count: number, extra: bigint): bigint[] =>
  Array.from({ length: count }, (_, i) => ratio(1n, factorial(first + 2n * BigInt(i)), 64n + extra))

const inverseFactorial = (n: bigint): Wide => wideConstant(ratio(1n, factorial(n), 128n))

/** Bits by which the tail of the series, from the term with x^6 on, lies below 1. */
const TAIL_EXTRA = 8

/**
 * a - z (b - z (c - z tail)) with 128-bit a, b, c: the last terms are small enough for 64 bits.
 */
function series(f: FunctionBuilder, z: Wide, leading: readonly [Wide, Wide], tail: readonly bigint[]): Wide {
  const rest = scaledDown(f, multiplyHigh(f, z.hi, polynomial(f, z.hi, tail, true)), TAIL_EXTRA)
  const inner = subtractWide(f, leading[1], rest)
  return subtractWide(f, leading[0], product(f, z, inner))
}

/** x87_sine(): sin |r| of REDUCED into RESULT. */
const sine = runtimeFunction('x87_sine', [], 'void', (f) => {
  const r = readScaled(f, REDUCED)
  const z = squareOf(f, r)
  const leading = [inverseFactorial(3n), inverseFactorial(5n)] as const
  const a = series(f, z, leading, inverseFactorials(7n, 8, BigInt(TAIL_EXTRA)))
  const value = product(f, r.fraction, complement(f, product(f, z, a)))
  const result = normalizeScaled(f, value, r.power)
  leaveScaled(f, RESULT, result.fraction, result.power)
})

/** x87_cosine(): cos r of REDUCED into RESULT. At least 0.7, so it is normalised. */
const cosine = runtimeFunction('x87_cosine', [], 'void', (f) => {
  const z = squareOf(f, readScaled(f, REDUCED))
  const leading = [inverseFactorial(2n), inverseFactorial(4n)] as const
  const a = series(f, z, leading, inverseFactorials(6n, 9, BigInt(TAIL_EXTRA)))
  leaveScaled(f, RESULT, complement(f, product(f, z, a)), i32.const(0))
})

/** x87_wave(destination, sign, turns and sign of r): sin(r + turns × pi/2) of REDUCED, negated by `sign`, into a register. */
const wave = runtimeFunction('x87_wave', ['i32', 'i32', 'i32'], 'void', (f, link) => {
  const turns = f.param(2, 'i32')
  const sign = f.variable(i32.xor(f.param(1, 'i32'), i32.shl(i32.and(turns, 2), 14)))
  f.if(
    i32.and(turns, 1),
    () => f.call(link.runtime(cosine)),
    () => {
      f.call(link.runtime(sine))
      f.set(sign, i32.xor(sign, i32.shl(i32.and(turns, 4), 13)))
    },
  )
  storeScaled(f, link, f.param(0, 'i32'), sign, readScaled(f, RESULT))
})

/** C2 says that the operand was out of range and nothing was done. */
function setIncomplete(f: FunctionBuilder, value: number): void {
  setWord(f, L.FPU_STATUS, i32.or(i32.and(word(L.FPU_STATUS), ~C2), value))
}

/** Leaves the function for infinities (invalid) and for operands of 2^63 and more (C2). */
function checkRange(f: FunctionBuilder, link: Linker, a: Operand, onInvalid: () => void): void {
  f.if(infinite(a), () => {
    onInvalid()
    f.return()
  })
  f.if(i32.ge_s(a.exponent, BIAS + 63), () => {
    reportDenormals(f, link, a)
    setIncomplete(f, C2)
    f.return()
  })
}

/** FSIN (`quarter` 0) and FCOS (1: the sine of a quarter turn more). */
const oneWave = (name: string, quarter: 0 | 1): RuntimeFunction<'void'> =>
  runtimeFunction(name, [], 'void', (f, link) => {
    setIncomplete(f, 0)
    const a = takeOne(f, link)
    checkRange(f, link, a, () => f.call(link.runtime(invalid), a.address))
    reportDenormals(f, link, a)
    f.if(zero(a), () => {
      if (quarter) storeRegister(f, a.address, constI64(INTEGER_BIT), BIAS)
      f.return()
    })
    normalize(f, a)
    const turns = f.let(callExpr(link.runtime(reduce), a.significand, a.exponent))
    // sin(-x) = -sin x, cos(-x) = cos x.
    const sign = quarter ? i32.const(0) : a.sign
    const moved = i32.or(i32.and(i32.add(turns, quarter), 3), i32.and(turns, 4))
    f.call(link.runtime(wave), a.address, sign, f.let(moved))
  })

export const fsin = oneWave('x87_fsin', 0)
export const fcos = oneWave('x87_fcos', 1)

/** Everything before the computation of an instruction with two results: gives the operand, or leaves the function. */
function takeForPair(f: FunctionBuilder, link: Linker): Operand {
  setIncomplete(f, 0)
  f.if(i32.eqz(callExpr(link.runtime(roomForTwo))), () => f.return())
  returnPairOfNans(f, link)
  const a = takeOne(f, link)
  checkRange(f, link, a, () => {
    f.if(callExpr(link.runtime(invalid), a.address), () => {
      const address = f.let(callExpr(link.runtime(push)))
      storeIndefinite(f, address)
    })
  })
  reportDenormals(f, link, a)
  return a
}

/** FSINCOS: the sine replaces ST(0), the cosine is pushed. C1 tells how the sine was rounded. */
export const fsincos = runtimeFunction('x87_fsincos', [], 'void', (f, link) => {
  const a = takeForPair(f, link)
  f.if(zero(a), () => {
    storeRegister(f, f.let(callExpr(link.runtime(push))), constI64(INTEGER_BIT), BIAS)
    f.return()
  })
  normalize(f, a)
  const turns = f.let(callExpr(link.runtime(reduce), a.significand, a.exponent))
  f.call(link.runtime(wave), a.address, a.sign, turns)
  const roundedUp = f.let(i32.and(word(L.FPU_STATUS), C1))
  const address = f.let(callExpr(link.runtime(push)))
  const moved = i32.or(i32.and(i32.add(turns, 1), 3), i32.and(turns, 4))
  f.call(link.runtime(wave), address, i32.const(0), f.let(moved))
  setWord(f, L.FPU_STATUS, i32.or(i32.and(word(L.FPU_STATUS), ~C1), roundedUp))
})

/** Arguments below 2^-40 differ from their tangent by less than 2^-80 of themselves. */
const TINY_POWER = -40

/** tan |r| of REDUCED, or for an odd number of quarter turns its reciprocal. */
function tangent(f: FunctionBuilder, link: Linker, odd: I32): Scaled {
  const r = readScaled(f, REDUCED)
  const fraction = wideVariable(f, { hi: r.fraction.hi, lo: constI64(1) })
  const power = f.variable(r.power)
  f.if(i32.or(odd, i32.gt_s(r.power, TINY_POWER)), () => {
    f.call(link.runtime(sine))
    const s = readScaled(f, RESULT)
    f.call(link.runtime(cosine))
    const c = readScaled(f, RESULT)
    const over = selectWide(f, odd, c.fraction, s.fraction)
    const under = selectWide(f, odd, s.fraction, c.fraction)
    const value = quotient(f, shiftRightWide(f, over, 1), under)
    const result = normalizeScaled(f, value, f.let(select(odd, i32.sub(1, s.power), i32.add(s.power, 1))))
    setWide(f, fraction, result.fraction)
    f.set(power, result.power)
  })
  return { fraction, power }
}

/** FPTAN: the tangent replaces ST(0), 1.0 is pushed. */
export const fptan = runtimeFunction('x87_fptan', [], 'void', (f, link) => {
  const a = takeForPair(f, link)
  const pushOne = () => {
    const status = f.let(word(L.FPU_STATUS))
    storeRegister(f, f.let(callExpr(link.runtime(push))), constI64(INTEGER_BIT), BIAS)
    setWord(f, L.FPU_STATUS, status)
  }
  f.if(zero(a), () => {
    pushOne()
    f.return()
  })
  normalize(f, a)
  const turns = f.let(callExpr(link.runtime(reduce), a.significand, a.exponent))
  const odd = f.let(i32.and(turns, 1))
  const value = tangent(f, link, odd)
  const sign = i32.xor(a.sign, i32.xor(i32.shl(odd, 15), i32.shl(i32.and(turns, 4), 13)))
  storeScaled(f, link, a.address, f.let(sign), value)
  pushOne()
})
