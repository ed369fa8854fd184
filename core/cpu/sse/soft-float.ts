/**
 * Single and double precision numbers as integers: taking them apart, NaNs, and rounding in any mode with all exceptions. The
 * route for everything that WebAssembly's own arithmetic (round to nearest, no flags) cannot answer. All functions take and
 * return encodings in an i64, single precision in its low half.
 *
 * Source: IEEE 754-2008; Intel SDM vol 1, 4.8.3.5 (NaN operands), 4.9.1 and 4.9.2 (exceptions and their order), 10.2.3.
 */
import type { I32, I64 } from '../../wasm/expr.ts'
import { select } from '../../wasm/expr.ts'
import type { FunctionBuilder, Local } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import { DAZ, FTZ, IE, mxcsr, OE, OM, PE, RC_SHIFT, raise, UE, UM } from './mxcsr.ts'

/** A binary interchange format. */
export interface Format {
  readonly name: 'f32' | 'f64'
  /** Bits of the fraction field. */
  readonly fraction: number
  readonly bias: number
  /** Exponent field of infinities and NaNs. */
  readonly maximum: number
  readonly sign: bigint
  readonly infinity: bigint
  /** Most significant fraction bit: set in quiet NaNs. */
  readonly quiet: bigint
  /** Smallest normal number; also the implied integer bit. */
  readonly one: bigint
  /** The negative quiet NaN that invalid operations give. */
  readonly indefinite: bigint
}

function format(name: 'f32' | 'f64', fraction: number, exponent: number): Format {
  const maximum = 2 ** exponent - 1
  const one = 1n << BigInt(fraction)
  const sign = 1n << BigInt(fraction + exponent)
  const infinity = BigInt(maximum) * one
  const quiet = one >> 1n
  return {
    name,
    fraction,
    bias: maximum >> 1,
    maximum,
    sign,
    infinity,
    quiet,
    one,
    indefinite: sign | infinity | quiet,
  }
}

export const SINGLE = format('f32', 23, 8)
export const DOUBLE = format('f64', 52, 11)

const magnitude = (t: Format, x: I64): I64 => i64.and(x, t.sign - 1n)
export const isNan = (t: Format, x: I64): I32 => i64.gt_u(magnitude(t, x), t.infinity)
export const isInfinite = (t: Format, x: I64): I32 => i64.eq(magnitude(t, x), t.infinity)
export const isZero = (t: Format, x: I64): I32 => i64.eqz(magnitude(t, x))
export const isDenormal = (t: Format, x: I64): I32 => i64.lt_u(i64.sub(magnitude(t, x), 1n), t.one - 1n)
export const signOf = (t: Format, x: I64): I32 =>
  i32.wrap(i64.shr_u(x, BigInt(t.fraction) + (t.name === 'f32' ? 8n : 11n)))
export const isSignaling = (t: Format, x: I64): I32 => i32.and(isNan(t, x), i64.eqz(i64.and(x, t.quiet)))

/** Replaces denormal variables by zeros of their sign when MXCSR.DAZ is set. */
export function flushOperands(f: FunctionBuilder, t: Format, ...operands: Local<'i64'>[]): void {
  f.if(i32.and(mxcsr(), DAZ), () => {
    for (const x of operands) f.if(isDenormal(t, x), () => f.set(x, i64.and(x, t.sign)))
  })
}

/** Magnitude of a number that is neither zero, infinite nor NaN: significand with bit 63 set, times 2^(exponent - bias - 63). */
export function unpack(f: FunctionBuilder, t: Format, x: I64): { exponent: I32; significand: I64 } {
  const field = f.let(i32.and(i32.wrap(i64.shr_u(x, BigInt(t.fraction))), t.maximum))
  const fraction = i64.and(x, t.one - 1n)
  const digits = f.let(i64.or(fraction, select(field, i64.const(t.one), i64.const(0))))
  const zeros = f.let(i64.clz(digits))
  const exponent = i32.sub(i32.add(select(field, field, i32.const(1)), 63 - t.fraction), i32.wrap(zeros))
  return { exponent: f.let(exponent), significand: f.let(i64.shl(digits, zeros)) }
}

/** `value` shifted right by `count` (any non-negative number) with the lost bits ored into bit 0. */
export function shiftRightJam(value: I64, count: I32): I64 {
  const wide = i64.extend_u(count)
  const lost = i64.ne(i64.shl(value, i64.sub(0n, wide)), 0n)
  const shifted = i64.or(i64.shr_u(value, wide), i64.extend_u(i32.and(lost, i32.ne(count, 0))))
  return select(i32.lt_u(count, 64), shifted, i64.extend_u(i64.ne(value, 0n)))
}

/** Result of an operation with at least one NaN operand: the first that is one, made quiet. */
const nanOf = (t: Format) =>
  runtimeFunction(`sse_nan_${t.name}`, ['i64', 'i64'], 'i64', (f) => {
    const a = f.param(0, 'i64')
    const b = f.param(1, 'i64')
    f.if(i32.or(isSignaling(t, a), isSignaling(t, b)), () => raise(f, IE))
    f.return(i64.or(select(isNan(t, a), a, b), t.quiet))
  })

/**
 * Rounds (-1)^sign × significand × 2^(exponent - bias - 62) to the format under MXCSR: (sign, exponent, significand), the
 * significand any non-zero number whose bit 0 stands for all lower ones.
 */
const roundOf = (t: Format) =>
  runtimeFunction(`sse_round_${t.name}`, ['i32', 'i32', 'i64'], 'i64', (f) => {
    const sign = f.param(0, 'i32')
    const exponent = f.param(1, 'i32')
    const significand = f.param(2, 'i64')
    const zeros = f.let(i32.sub(i32.wrap(i64.clz(significand)), 1))
    f.if(
      i32.lt_s(zeros, 0),
      () => f.set(significand, shiftRightJam(significand, i32.const(1))),
      () => f.set(significand, i64.shl(significand, i64.extend_u(zeros))),
    )
    f.set(exponent, i32.sub(exponent, zeros))

    const control = f.let(mxcsr())
    const mode = f.let(i32.and(i32.shr_u(control, RC_SHIFT), 3))
    /** Whether the mode rounds this sign's magnitudes up. */
    const outward = f.let(i32.and(i32.ne(mode, 3), i32.eq(sign, i32.eq(mode, 1))))
    const guard = BigInt(62 - t.fraction)
    const lost = (1n << guard) - 1n
    const roundsUp = (): I64 => {
      const rest = f.let(i64.and(significand, lost))
      const odd = i64.and(i64.shr_u(significand, guard), 1n)
      const nearest = i64.gt_u(i64.add(rest, odd), 1n << (guard - 1n))
      return i64.extend_u(select(mode, i32.and(outward, i64.ne(rest, 0n)), nearest))
    }

    f.if(i32.le_s(exponent, 0), () => {
      // Tiny means below the smallest normal number after rounding with an unlimited exponent.
      const carried = i64.lt_s(i64.add(i64.and(significand, ~lost), i64.shl(roundsUp(), guard)), 0n)
      const tiny = f.let(i32.or(i32.lt_s(exponent, 0), i32.eqz(carried)))
      f.if(tiny, () => {
        // Unmasked: even exact results underflow, and they are inexact by what rounding loses with an unlimited exponent.
        f.if(i32.eqz(i32.and(control, UM)), () => {
          raise(f, select(i64.eqz(i64.and(significand, lost)), i32.const(UE), i32.const(UE | PE)))
          f.return(i64.const(0))
        })
        f.if(i32.and(control, FTZ), () => {
          raise(f, UE | PE)
          f.return(i64.mul(i64.extend_u(sign), t.sign))
        })
      })
      f.set(significand, shiftRightJam(significand, f.let(i32.sub(1, exponent))))
      f.set(exponent, i32.const(1))
      f.if(i32.and(tiny, i64.ne(i64.and(significand, lost), 0n)), () => raise(f, UE))
    })
    f.if(i64.ne(i64.and(significand, lost), 0n), () => raise(f, PE))
    const rounded = i64.add(i64.shr_u(significand, guard), roundsUp())
    // The integer bit, where there is one, adds 1 to the exponent field; so does a carry out of the fraction.
    const result = f.variable(i64.add(i64.shl(i64.extend_s(i32.sub(exponent, 1)), BigInt(t.fraction)), rounded))
    f.if(i32.or(i32.ge_s(exponent, t.maximum), i64.ge_u(result, t.infinity)), () => {
      // An unmasked overflow is inexact only if rounding with an unlimited exponent was.
      raise(f, select(i32.and(control, OM), i32.const(OE | PE), i32.const(OE)))
      f.set(result, i64.sub(t.infinity, i64.extend_u(i32.eqz(i32.or(outward, i32.eqz(mode))))))
    })
    f.return(i64.or(result, i64.mul(i64.extend_u(sign), t.sign)))
  })

const SINGLE_SUPPORT = { nan: nanOf(SINGLE), round: roundOf(SINGLE) }
const DOUBLE_SUPPORT = { nan: nanOf(DOUBLE), round: roundOf(DOUBLE) }

/** The functions above for one format. */
export const support = (t: Format) => (t.name === 'f32' ? SINGLE_SUPPORT : DOUBLE_SUPPORT)
