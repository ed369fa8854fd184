/**
 * FPATAN: the angle of the point (ST(0), ST(1)), all four quadrants.
 *
 * The smaller coordinate over the larger one is t in [0, 1]; with c the nearest multiple of 1/16, atan t = atan c + atan u for
 * u = (t - c) / (1 + t c), which is one division of exact integers; |u| is at most 1/32 for the series.
 *
 * Source: Intel SDM vol 2A FPATAN (table 3-29 for zeros and infinities); vol 1, 8.3.10.
 */

import type { I32 } from '../../wasm/expr.ts'
import { constI64, select } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { f64, i32, i64 } from '../../wasm/ops.ts'
import type { Linker } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import type { Scaled } from './fraction.ts'
import {
  complement,
  inexact,
  normalizeScaled,
  polynomial,
  product,
  quotient,
  ratio,
  scaledDown,
  selectWide,
  shiftedDown,
  storeScaled,
  tableEntry,
  wideConstant,
} from './fraction.ts'
import type { Operand } from './operand.ts'
import { infinite, normalize, reportDenormals, takeTwo, zero } from './operand.ts'
import { pop, storeRegister } from './stack.ts'
import type { Wide } from './wide.ts'
import {
  addWide,
  multiply,
  multiplyHigh,
  setWide,
  shiftLeftWide,
  shiftRightWide,
  subtractWide,
  wideVariable,
} from './wide.ts'

/** Angles are kept in units of 2^-126. */
const ANGLE_SCALE = 126n
const STEPS = 16n

/** atan(numerator / denominator) in units of 2^-scale by the power series, for arguments up to 1/2. */
function arctangentSeries(numerator: bigint, denominator: bigint, scale: bigint): bigint {
  const guard = 32n
  const x = ratio(numerator, denominator, scale + guard)
  const square = (x * x) >> (scale + guard)
  let power = x
  let sum = 0n
  for (let n = 1n; power > 0n; n += 2n) {
    sum += n % 4n === 1n ? power / n : -(power / n)
    power = (power * square) >> (scale + guard)
  }
  return sum >> guard
}

/** atan(n / d) for n up to d: by atan a + atan b = atan((a + b) / (1 - ab)) from 1/2 on. */
function arctangent(n: bigint, d: bigint, scale: bigint): bigint {
  if (2n * n <= d) return arctangentSeries(n, d, scale)
  // With b = 1/2: atan(n/d) = atan(1/2) + atan((2n - d) / (2d + n)).
  return arctangentSeries(1n, 2n, scale) + arctangentSeries(2n * n - d, 2n * d + n, scale)
}

const PI = 4n * arctangent(1n, 1n, ANGLE_SCALE + 8n)
const piOver = (n: bigint): bigint => (PI / n) >> 8n
const TABLE = Array.from({ length: Number(STEPS) + 1 }, (_, i) => arctangent(BigInt(i), STEPS, ANGLE_SCALE))

/** Coefficients 1/5, 1/7, ... of the tail in scale 2^66. */
const TAIL_EXTRA = 2
const TAIL = [5n, 7n, 9n, 11n, 13n, 15n].map((n) => ratio(1n, n, 64n + BigInt(TAIL_EXTRA)))
/** u² is below 2^-9; as a fraction of 64 bits it is kept times 2^9. */
const SQUARE_EXTRA = 9

/** atan u for a normalised u of at most 1/31. */
function smallArctangent(f: FunctionBuilder, u: Scaled): Scaled {
  const square = shiftedDown(f, product(f, u.fraction, u.fraction), f.let(i32.shl(i32.sub(0, u.power), 1)))
  const v = f.let(i64.or(i64.shl(square.hi, SQUARE_EXTRA), i64.shr_u(square.lo, 64 - SQUARE_EXTRA)))
  // The tail in powers of v × 2^9: its coefficients lose 9 bits each.
  const coefficients = TAIL.map((c, i) => c >> BigInt(SQUARE_EXTRA * i))
  const tail = multiplyHigh(f, v, polynomial(f, v, coefficients, true))
  const third = wideConstant(ratio(1n, 3n, 128n))
  const inner = subtractWide(f, third, scaledDown(f, tail, TAIL_EXTRA + SQUARE_EXTRA))
  const value = product(f, u.fraction, complement(f, product(f, square, inner)))
  return normalizeScaled(f, value, u.power)
}

/** numerator / denominator of two positive integers of up to 128 bits. */
function ratioOf(f: FunctionBuilder, numerator: Wide, denominator: Wide): Scaled {
  const n = normalizeScaled(f, numerator, i32.const(0))
  const d = normalizeScaled(f, denominator, i32.const(0))
  const value = quotient(f, shiftRightWide(f, n.fraction, 1), d.fraction)
  return normalizeScaled(f, value, f.let(i32.add(i32.sub(n.power, d.power), 1)))
}

/**
 * x87_arctangent(destination, smaller, larger, distance of their exponents, swapped: the smaller one is x, sign of x, sign of y).
 */
const computeAngle = runtimeFunction(
  'x87_arctangent',
  ['i32', 'i64', 'i64', 'i32', 'i32', 'i32', 'i32'],
  'void',
  (f, link) => {
    const destination = f.param(0, 'i32')
    const small = f.param(1, 'i64')
    const large = f.param(2, 'i64')
    const distance = f.param(3, 'i32')
    const swapped = f.param(4, 'i32')
    const xNegative = f.param(5, 'i32')
    const sign = f.param(6, 'i32')
    const zeroWide = wideConstant(0n)
    const step = f.variable(i32.const(0))
    const near = f.let(i32.le_s(distance, 6))
    const places = f.let(select(near, distance, i32.const(0)))
    f.if(near, () => {
      const power = f64.convert_i32_u(i32.shl(1, distance))
      const approximate = f64.div(f64.convert_i64_u(small), f64.mul(f64.convert_i64_u(large), power))
      f.set(step, i32.trunc_sat_f64_u(f64.add(f64.mul(approximate, Number(STEPS)), 0.5)))
    })
    // 16 t - step over 16 + t step, both times the larger coordinate and 2^places.
    const count = f.let(i64.extend_u(step))
    const larger = shiftLeftWide(f, { hi: constI64(0), lo: large }, places)
    const stepped = { hi: f.let(i64.mul(larger.hi, count)), lo: constI64(0) }
    const low = multiply(f, larger.lo, count)
    const minuend = shiftLeftWide(f, { hi: constI64(0), lo: small }, i32.const(4))
    const difference = subtractWide(f, minuend, addWide(f, stepped, low))
    const negative = f.let(i64.lt_s(difference.hi, 0))
    const magnitude = selectWide(f, negative, subtractWide(f, zeroWide, difference), difference)
    const denominator = addWide(f, shiftLeftWide(f, larger, i32.const(4)), multiply(f, small, count))
    const angle = tableEntry(f, step, TABLE)
    f.if(i64.ne(i64.or(magnitude.hi, magnitude.lo), 0), () => {
      const u = ratioOf(f, magnitude, denominator)
      const scaled = { fraction: u.fraction, power: f.let(i32.sub(u.power, i32.sub(distance, places))) }
      const part = smallArctangent(f, scaled)
      f.if(i32.eqz(i32.or(step, i32.or(swapped, xNegative))), () => {
        storeScaled(f, link, destination, sign, { fraction: inexact(f, part.fraction), power: part.power })
        f.return()
      })
      const units = shiftedDown(f, part.fraction, f.let(i32.sub(2, part.power)))
      setWide(f, angle, selectWide(f, negative, subtractWide(f, angle, units), addWide(f, angle, units)))
    })
    f.if(swapped, () => setWide(f, angle, subtractWide(f, wideConstant(piOver(2n)), angle)))
    f.if(xNegative, () => setWide(f, angle, subtractWide(f, wideConstant(piOver(1n)), angle)))
    const result = normalizeScaled(f, inexact(f, angle), i32.const(2))
    storeScaled(f, link, destination, sign, result)
  },
)

/** Stores a constant angle with `sign`. */
function storeAngle(f: FunctionBuilder, link: Linker, destination: I32, sign: I32, bits: bigint): void {
  const angle = wideVariable(f, wideConstant(bits))
  storeScaled(f, link, destination, sign, normalizeScaled(f, inexact(f, angle), i32.const(2)))
}

export const fpatan = runtimeFunction('x87_fpatan', [], 'void', (f, link) => {
  const { a: x, b: y } = takeTwo(f, link, 1, () => pop(f))
  reportDenormals(f, link, x, y)
  const finish = () => {
    pop(f)
    f.return()
  }
  const angle = (bits: bigint) => storeAngle(f, link, y.address, y.sign, bits)
  const axis = (condition: I32, positive: () => void, negative: () => void) =>
    f.if(condition, () => {
      f.if(x.sign, negative, positive)
      finish()
    })
  const zeroAngle = () => storeRegister(f, y.address, constI64(0), y.sign)
  axis(
    i32.and(infinite(y), infinite(x)),
    () => angle(piOver(4n)),
    () => angle(piOver(4n) * 3n),
  )
  // On the x axis, or as good as on it.
  axis(i32.or(zero(y), infinite(x)), zeroAngle, () => angle(piOver(1n)))
  f.if(i32.or(infinite(y), zero(x)), () => {
    angle(piOver(2n))
    finish()
  })
  normalize(f, x)
  normalize(f, y)
  const sameExponent = i32.eq(y.exponent, x.exponent)
  const steep = f.let(select(sameExponent, i64.gt_u(y.significand, x.significand), i32.gt_s(y.exponent, x.exponent)))
  const pick = (whenSteep: Operand, otherwise: Operand) => ({
    significand: f.let(select(steep, whenSteep.significand, otherwise.significand)),
    exponent: f.let(select(steep, whenSteep.exponent, otherwise.exponent)),
  })
  const small = pick(x, y)
  const large = pick(y, x)
  const distance = f.let(i32.sub(large.exponent, small.exponent))
  f.call(link.runtime(computeAngle), y.address, small.significand, large.significand, distance, steep, x.sign, y.sign)
  finish()
})
