/**
 * Exact addition, subtraction, multiplication, division and square root of one lane in any rounding mode, with all
 * exceptions. Order of the checks: NaN operands, invalid operations, division by zero, denormal operands (Intel SDM vol 1, 4.9.2).
 */
import type { I32, I64 } from '../../wasm/expr.ts'
import { select } from '../../wasm/expr.ts'
import type { FunctionBuilder, Local } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Linker, RuntimeFunction } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import { DE, IE, mxcsr, RC_MASK, RC_SHIFT, raise, ZE } from './mxcsr.ts'
import type { Format } from './soft-float.ts'
import {
  DOUBLE,
  flushOperands,
  isDenormal,
  isInfinite,
  isNan,
  isZero,
  SINGLE,
  shiftRightJam,
  signOf,
  support,
  unpack,
} from './soft-float.ts'

type Lane2 = RuntimeFunction<'i64'>

/** What the body of an operation works with once NaNs are out of the way. */
interface Operation {
  readonly f: FunctionBuilder
  readonly t: Format
  readonly a: Local<'i64'>
  readonly b: Local<'i64'>
  /** Leaves with the indefinite NaN when `condition` holds. */
  invalidIf(condition: I32): void
  /** Notes denormal operands. */
  checkDenormals(): void
  /** Leaves with a zero, infinity or other known magnitude of sign `sign` when `condition` holds. */
  returnIf(condition: I32, sign: I32, magnitude: bigint): void
  /** Leaves with the rounded value of (-1)^sign × significand × 2^(exponent - bias - 62). */
  returnRounded(sign: I32, exponent: I32, significand: I64): void
}

function operation(name: string, t: Format, operands: 1 | 2, body: (o: Operation) => void): Lane2 {
  const params = operands === 1 ? (['i64'] as const) : (['i64', 'i64'] as const)
  return runtimeFunction(`sse_${name}_${t.name}`, params, 'i64', (f, link: Linker) => {
    const a = f.param(0, 'i64')
    const b = f.param(operands - 1, 'i64')
    const both = operands === 1 ? [a] : [a, b]
    const { nan, round } = support(t)
    flushOperands(f, t, ...both)
    const either = (test: (t: Format, x: I64) => I32) => (operands === 1 ? test(t, a) : i32.or(test(t, a), test(t, b)))
    f.if(either(isNan), () => f.return(callExpr(link.runtime(nan), a, b)))
    body({
      f,
      t,
      a,
      b,
      invalidIf(condition) {
        f.if(condition, () => {
          raise(f, IE)
          f.return(i64.const(t.indefinite))
        })
      },
      checkDenormals() {
        f.if(either(isDenormal), () => raise(f, DE))
      },
      returnIf(condition, sign, magnitude) {
        f.if(condition, () => f.return(i64.or(i64.mul(i64.extend_u(sign), t.sign), magnitude)))
      },
      returnRounded(sign, exponent, significand) {
        f.returnCall(link.runtime(round), sign, exponent, significand)
      },
    })
    f.unreachable()
  })
}

/** Sum, or difference when `subtract` (whose second operand changes sign unless it is a NaN). */
const sum = (t: Format, subtract: boolean) =>
  operation(subtract ? 'sub' : 'add', t, 2, ({ f, a, b, invalidIf, checkDenormals, returnIf, returnRounded }) => {
    if (subtract) f.set(b, i64.xor(b, t.sign))
    const signA = f.let(signOf(t, a))
    const signB = f.let(signOf(t, b))
    const opposed = f.let(i32.ne(signA, signB))
    const infiniteA = f.let(isInfinite(t, a))
    invalidIf(i32.and(opposed, i32.and(infiniteA, isInfinite(t, b))))
    checkDenormals()
    returnIf(infiniteA, signA, t.infinity)
    returnIf(isInfinite(t, b), signB, t.infinity)
    const cancelled = i32.eq(i32.and(mxcsr(), RC_MASK), 1 << RC_SHIFT)
    const exact = i64.eq(i64.or(a, t.sign), i64.or(b, t.sign))
    returnIf(i32.and(exact, opposed), f.let(cancelled), 0n)
    returnIf(i32.and(isZero(t, a), isZero(t, b)), signA, 0n)
    f.if(isZero(t, b), () => {
      const only = unpack(f, t, a)
      returnRounded(signA, only.exponent, i64.shr_u(only.significand, 1))
    })
    f.if(isZero(t, a), () => {
      const only = unpack(f, t, b)
      returnRounded(signB, only.exponent, i64.shr_u(only.significand, 1))
    })
    // The larger magnitude first; significands have bit 62 set here, so that the sum fits.
    const swap = f.let(i64.lt_u(i64.and(a, t.sign - 1n), i64.and(b, t.sign - 1n)))
    const large = unpack(f, t, f.let(select(swap, b, a)))
    const small = unpack(f, t, f.let(select(swap, a, b)))
    const aligned = f.let(
      shiftRightJam(f.let(i64.shr_u(small.significand, 1)), f.let(i32.sub(large.exponent, small.exponent))),
    )
    const top = f.let(i64.shr_u(large.significand, 1))
    const total = select(opposed, i64.sub(top, aligned), i64.add(top, aligned))
    returnRounded(select(swap, signB, signA), large.exponent, total)
  })

const product = (t: Format) =>
  operation('mul', t, 2, ({ f, a, b, invalidIf, checkDenormals, returnIf, returnRounded }) => {
    const sign = f.let(i32.xor(signOf(t, a), signOf(t, b)))
    const zero = f.let(i32.or(isZero(t, a), isZero(t, b)))
    const infinite = f.let(i32.or(isInfinite(t, a), isInfinite(t, b)))
    invalidIf(i32.and(zero, infinite))
    checkDenormals()
    returnIf(infinite, sign, t.infinity)
    returnIf(zero, sign, 0n)
    const x = unpack(f, t, a)
    const y = unpack(f, t, b)
    // Significands have at most 53 bits below bit 63: 32-bit halves give the 128-bit product, of which the upper half and
    // whether the lower one is zero matter.
    const half = (v: I64, high: boolean) => (high ? i64.shr_u(v, 32) : i64.and(v, 0xffff_ffffn))
    const low = f.let(i64.mul(half(x.significand, false), half(y.significand, false)))
    const middle1 = f.let(i64.add(i64.mul(half(x.significand, true), half(y.significand, false)), i64.shr_u(low, 32)))
    const middle2 = f.let(i64.add(i64.mul(half(x.significand, false), half(y.significand, true)), half(middle1, false)))
    const high = i64.add(
      i64.mul(half(x.significand, true), half(y.significand, true)),
      i64.add(i64.shr_u(middle1, 32), i64.shr_u(middle2, 32)),
    )
    const rest = i64.or(half(low, false), half(middle2, false))
    const exponent = i32.sub(i32.add(x.exponent, y.exponent), t.bias)
    returnRounded(sign, exponent, i64.or(high, i64.extend_u(i64.ne(rest, 0n))))
  })

/** Digits of quotients and roots: more than 53 and a guard bit, so that a sticky bit below them decides every rounding. */
const DIGITS = 57

const quotient = (t: Format) =>
  operation('div', t, 2, ({ f, a, b, invalidIf, checkDenormals, returnIf, returnRounded }) => {
    const sign = f.let(i32.xor(signOf(t, a), signOf(t, b)))
    const zeroA = f.let(isZero(t, a))
    const zeroB = f.let(isZero(t, b))
    const infiniteA = f.let(isInfinite(t, a))
    const infiniteB = f.let(isInfinite(t, b))
    invalidIf(i32.or(i32.and(zeroA, zeroB), i32.and(infiniteA, infiniteB)))
    f.if(i32.and(zeroB, i32.eqz(infiniteA)), () => raise(f, ZE))
    returnIf(zeroB, sign, t.infinity)
    checkDenormals()
    returnIf(infiniteA, sign, t.infinity)
    returnIf(i32.or(zeroA, infiniteB), sign, 0n)
    const x = unpack(f, t, a)
    const y = unpack(f, t, b)
    const rest = f.variable(i64.shr_u(x.significand, 11))
    const divisor = f.let(i64.shr_u(y.significand, 11))
    const exponent = f.variable(i32.add(i32.sub(x.exponent, y.exponent), t.bias))
    f.if(i64.lt_u(rest, divisor), () => {
      f.set(rest, i64.shl(rest, 1))
      f.set(exponent, i32.sub(exponent, 1))
    })
    const digits = f.variable(i64.const(0))
    const left = f.variable(i32.const(DIGITS))
    f.loop((again) => {
      const fits = f.let(i64.ge_u(rest, divisor))
      f.set(digits, i64.or(i64.shl(digits, 1), i64.extend_u(fits)))
      f.if(fits, () => f.set(rest, i64.sub(rest, divisor)))
      f.set(rest, i64.shl(rest, 1))
      f.set(left, i32.sub(left, 1))
      f.brIf(again, left)
    })
    returnRounded(sign, exponent, i64.or(i64.shl(digits, 63 - DIGITS), i64.extend_u(i64.ne(rest, 0n))))
  })

const squareRoot = (t: Format) =>
  operation('sqrt', t, 1, ({ f, a, invalidIf, checkDenormals, returnIf, returnRounded }) => {
    const sign = f.let(signOf(t, a))
    returnIf(isZero(t, a), sign, 0n)
    invalidIf(sign)
    checkDenormals()
    returnIf(isInfinite(t, a), sign, t.infinity)
    const x = unpack(f, t, a)
    const power = f.let(i32.sub(x.exponent, t.bias))
    // Radicand in [1, 4) with two digits before the point, which are bits 63 and 62.
    const radicand = f.variable(i64.shr_u(x.significand, i64.extend_u(i32.eqz(i32.and(power, 1)))))
    const root = f.variable(i64.const(0))
    const rest = f.variable(i64.const(0))
    const left = f.variable(i32.const(DIGITS))
    f.loop((again) => {
      f.set(rest, i64.or(i64.shl(rest, 2), i64.shr_u(radicand, 62)))
      f.set(radicand, i64.shl(radicand, 2))
      const trial = f.let(i64.or(i64.shl(root, 2), 1n))
      const fits = f.let(i64.ge_u(rest, trial))
      f.if(fits, () => f.set(rest, i64.sub(rest, trial)))
      f.set(root, i64.or(i64.shl(root, 1), i64.extend_u(fits)))
      f.set(left, i32.sub(left, 1))
      f.brIf(again, left)
    })
    const exponent = i32.add(i32.shr_s(power, 1), t.bias)
    returnRounded(i32.const(0), exponent, i64.or(i64.shl(root, 63 - DIGITS), i64.extend_u(i64.ne(rest, 0n))))
  })

/** Exact lane operations of one format, on encodings. They note exceptions in SSE_RAISED. */
export interface LaneArithmetic {
  readonly add: Lane2
  readonly sub: Lane2
  readonly mul: Lane2
  readonly div: Lane2
  readonly sqrt: Lane2
}

const arithmetic = (t: Format): LaneArithmetic => ({
  add: sum(t, false),
  sub: sum(t, true),
  mul: product(t),
  div: quotient(t),
  sqrt: squareRoot(t),
})

export const SINGLE_ARITHMETIC = arithmetic(SINGLE)
export const DOUBLE_ARITHMETIC = arithmetic(DOUBLE)
