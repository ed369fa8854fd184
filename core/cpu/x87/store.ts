/**
 * ST(0) to memory formats. Each function takes 1 to pop, leaves the bytes in FPU_RESULT and returns 1 where they are to be stored;
 * with an unmasked invalid, overflow or underflow exception it returns 0: nothing is stored or popped.
 *
 * Source: Intel SDM vol 2A FST, FIST, FISTTP, FBSTP; vol 1, 4.9.1 (exception responses), 8.5.5 and 8.5.6 (memory destinations).
 */

import type { I32, I64 } from '../../wasm/expr.ts'
import { constI64, ifExpr, select } from '../../wasm/expr.ts'
import type { FunctionBuilder, Local } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Linker } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { C1, IE, OE, PE, RC_MASK, RC_SHIFT, SF, UE } from './control.ts'
import { decideIncrement } from './round.ts'
import {
  BIAS,
  EXPONENT_MAX,
  exponentOf,
  isFull,
  isNan,
  isSignalling,
  isUnsupported,
  pop,
  QUIET_BIT,
  raised,
  setWord,
  signExponentAt,
  significandAt,
  stack,
  when,
  word,
} from './stack.ts'

export interface NarrowFormat {
  readonly name: string
  readonly bits: 32 | 64
  /** Low bits of the 64-bit significand that the format lacks. */
  readonly dropped: bigint
  readonly exponentMax: number
  readonly bias: number
}
export const DOUBLE: NarrowFormat = { name: 'm64', bits: 64, dropped: 11n, exponentMax: 0x7ff, bias: 1023 }
export const SINGLE: NarrowFormat = { name: 'm32', bits: 32, dropped: 40n, exponentMax: 0xff, bias: 127 }

const leave = (f: FunctionBuilder, value: I64): void => f.store64(0, value, L.FPU_RESULT)

/** Ends a store: pops where asked, returns 1. */
function returnStored(f: FunctionBuilder, popping: I32): void {
  f.if(popping, () => pop(f))
  f.return(i32.const(1))
}

/** Ends an invalid store: leaves the format's indefinite, reports `flags`. */
function returnIndefinite(f: FunctionBuilder, link: Linker, popping: I32, flags: I32 | number, value: bigint): void {
  f.if(raised(link, flags), () => {
    leave(f, constI64(value))
    returnStored(f, popping)
  })
  f.return(i32.const(0))
}

const rounding = (): I32 => i32.shr_u(i32.and(word(L.FPU_CONTROL), RC_MASK), RC_SHIFT)

/** Everything but ordinary numbers of ordinary size rounded to nearest. */
const storeFloatSlow = (format: NarrowFormat) => {
  const fractionBits = 63n - format.dropped
  const infinity = BigInt(format.exponentMax) << fractionBits
  const indefinite = ((1n << BigInt(format.bits)) - 1n) ^ ((1n << (fractionBits - 1n)) - 1n)
  return runtimeFunction(`x87_fst_${format.name}_slow`, ['i32'], 'i32', (f, link) => {
    const popping = f.param(0, 'i32')
    f.if(i32.eqz(isFull(0)), () => returnIndefinite(f, link, popping, IE | SF, indefinite))
    const st = stack(f, 0)
    const hi = f.variable(significandAt(st))
    const signExponent = f.let(signExponentAt(st))
    const sign = f.let(i32.and(signExponent, 0x8000))
    const signBit = f.let(i64.shl(i64.extend_u(sign), format.bits - 16))
    f.if(isUnsupported(hi, signExponent), () => returnIndefinite(f, link, popping, IE, indefinite))
    f.if(i32.eq(exponentOf(signExponent), EXPONENT_MAX), () => {
      f.if(i32.eqz(raised(link, f.let(isSignalling(hi, signExponent)))), () => f.return(i32.const(0)))
      f.if(isNan(hi, signExponent), () => f.set(hi, i64.or(hi, constI64(QUIET_BIT))))
      const fraction = i64.shr_u(i64.shl(hi, 1), format.dropped + 1n)
      leave(f, i64.or(i64.or(signBit, infinity), fraction))
      returnStored(f, popping)
    })
    f.if(i64.eqz(hi), () => {
      f.drop(raised(link, 0))
      leave(f, signBit)
      returnStored(f, popping)
    })
    const exponent = f.variable(i32.sub(exponentOf(signExponent), BIAS - format.bias))
    const lo = f.variable(constI64(0))
    const inexact = f.local('i32')
    const increment = f.local('i32')
    const direction = f.let(rounding())
    const dropped = constI64(format.dropped)
    const ulp = 1n << format.dropped
    const decide = () => decideIncrement(f, { sign, hi, lo, dropped, direction, inexact, increment })
    const tiny = f.variable(i32.const(0))
    const control = f.let(word(L.FPU_CONTROL))
    f.if(i32.le_s(exponent, 0), () => {
      decide()
      const carries = i32.and(increment, i64.ge_u(hi, constI64(-ulp)))
      f.set(tiny, i32.eqz(i32.and(i32.eqz(exponent), carries)))
      f.if(i32.and(tiny, i32.eqz(i32.and(control, UE))), () => {
        f.drop(raised(link, UE))
        f.return(i32.const(0))
      })
      const count = f.let(i64.extend_u(i32.sub(1, exponent)))
      f.set(lo, select(i64.lt_u(count, 64), i64.shl(i64.shl(hi, 1), i64.sub(63, count)), constI64(1)))
      f.set(hi, select(i64.lt_u(count, 64), i64.shr_u(hi, count), constI64(0)))
      f.set(exponent, i32.const(0))
    })
    decide()
    // With the integer bit in it, the significand raises the exponent field by one: denormals have none and stay at 0.
    const field = i64.extend_u(i32.sub(exponent, i32.gt_s(exponent, 0)))
    const kept = i64.add(i64.shr_u(hi, format.dropped), i64.extend_u(increment))
    const bits = f.variable(i64.add(i64.shl(field, fractionBits), kept))
    const flags = f.variable(
      i32.or(i32.or(i32.shl(inexact, 5), i32.shl(increment, 9)), when(i32.and(tiny, inexact), UE)),
    )
    f.if(i32.or(i32.ge_s(exponent, format.exponentMax), i64.ge_u(bits, infinity)), () => {
      f.if(i32.eqz(i32.and(control, OE)), () => {
        f.drop(raised(link, OE))
        f.return(i32.const(0))
      })
      const away = f.let(
        ifExpr(i32.eqz(direction), i32.const(1), i32.eq(direction, ifExpr(sign, i32.const(1), i32.const(2)))),
      )
      f.set(flags, i32.or(OE | PE, when(away, C1)))
      f.set(bits, select(away, constI64(infinity), constI64(infinity - 1n)))
    })
    f.drop(raised(link, flags))
    leave(f, i64.or(bits, signBit))
    returnStored(f, popping)
  })
}

/** Whether a register's content is an ordinary number of ordinary size in `format`, to be rounded to nearest with PE masked. */
export function fitsFormat(format: NarrowFormat, control: I32, significand: I64, signExponent: I32): I32 {
  const exponent = i32.sub(exponentOf(signExponent), BIAS - format.bias)
  const inside = i32.lt_u(i32.sub(exponent, 1), format.exponentMax - 2)
  const nearest = i32.eq(i32.and(control, RC_MASK | PE), PE)
  return i32.and(i32.and(i64.lt_s(significand, 0), inside), nearest)
}

/** Encoding of what `fitsFormat`, and the flags PE and C1. Operands bound. */
export function narrowed(
  f: FunctionBuilder,
  format: NarrowFormat,
  significand: I64,
  signExponent: I32,
): { bits: I64; flags: I32 } {
  const exponent = i32.sub(exponentOf(signExponent), BIAS - format.bias)
  const rest = f.let(i64.shl(significand, 64n - format.dropped))
  const kept = f.let(i64.shr_u(significand, format.dropped))
  const beyond = i32.or(i64.ne(i64.shl(rest, 1), 0), i32.wrap(kept))
  const increment = f.let(i32.and(i64.lt_s(rest, 0), beyond))
  const field = i64.shl(i64.extend_u(i32.sub(exponent, 1)), 63n - format.dropped)
  const sign = i64.shl(i64.extend_u(i32.and(signExponent, 0x8000)), format.bits - 16)
  return {
    bits: i64.or(i64.add(i64.add(field, kept), i64.extend_u(increment)), sign),
    flags: i32.or(i32.shl(i64.ne(rest, 0), 5), i32.shl(increment, 9)),
  }
}

const storeFloat = (format: NarrowFormat) => {
  const slow = storeFloatSlow(format)
  return runtimeFunction(`x87_fst_${format.name}`, ['i32'], 'i32', (f, link) => {
    const popping = f.param(0, 'i32')
    const st = stack(f, 0)
    const significand = f.let(significandAt(st))
    const signExponent = f.let(signExponentAt(st))
    f.if(i32.and(fitsFormat(format, word(L.FPU_CONTROL), significand, signExponent), isFull(0)), () => {
      const { bits, flags } = narrowed(f, format, significand, signExponent)
      leave(f, bits)
      setWord(f, L.FPU_STATUS, i32.or(i32.and(word(L.FPU_STATUS), ~C1), flags))
      returnStored(f, popping)
    })
    f.returnCall(link.runtime(slow), popping)
  })
}

/** FST and FSTP to m64 and m32. */
export const storeDouble = storeFloat(DOUBLE)
export const storeSingle = storeFloat(SINGLE)

/** FSTP m80: any content as it is, significand in FPU_RESULT, sign and exponent behind it. No exception but stack underflow. */
export const storeExtended = runtimeFunction('x87_fstp_m80', [], 'i32', (f, link) => {
  f.if(i32.eqz(isFull(0)), () => {
    setWord(f, L.FPU_RESULT + 8, 0xffff)
    returnIndefinite(f, link, i32.const(1), IE | SF, QUIET_BIT | (1n << 63n))
  })
  f.drop(raised(link, 0))
  const st = stack(f, 0)
  leave(f, significandAt(st))
  setWord(f, L.FPU_RESULT + 8, signExponentAt(st))
  returnStored(f, i32.const(1))
})

/** The integer part of a finite value below 2^64, with what rounding it does. */
export interface IntegerPart {
  /** Magnitude after rounding. */
  readonly magnitude: Local<'i64'>
  readonly inexact: Local<'i32'>
  readonly increment: Local<'i32'>
}

/** Rounds significand × 2^(exponent - BIAS - 63) to an integer; exponent at most BIAS + 63. Operands bound. */
export function toInteger(f: FunctionBuilder, significand: I64, exponent: I32, sign: I32, direction: I32): IntegerPart {
  const count = f.let(i64.extend_u(i32.sub(BIAS + 63, exponent)))
  const magnitude = f.variable(i64.shr_u(significand, count))
  const lo = f.variable(i64.shl(i64.shl(significand, 1), i64.sub(63, count)))
  f.if(i64.ge_u(count, 64), () => {
    f.set(magnitude, constI64(0))
    f.set(lo, select(i64.eq(count, 64), significand, i64.extend_u(i64.ne(significand, 0))))
  })
  const inexact = f.local('i32')
  const increment = f.local('i32')
  decideIncrement(f, { sign, hi: magnitude, lo, dropped: constI64(0), direction, inexact, increment })
  f.set(magnitude, i64.add(magnitude, i64.extend_u(increment)))
  return { magnitude, inexact, increment }
}

/**
 * x87_fist(pop, bits, direction): ST(0) as a signed integer of 16, 32 or 64 bits, rounded in `direction` (RC coding). What does not
 * fit is invalid; the integer indefinite is the most negative one.
 */
const storeInteger = runtimeFunction('x87_fist', ['i32', 'i32', 'i32'], 'i32', (f, link) => {
  const popping = f.param(0, 'i32')
  const bits = f.param(1, 'i32')
  const direction = f.param(2, 'i32')
  const minimum = f.let(i64.shl(1, i64.extend_u(i32.sub(bits, 1))))
  const bad = (flags: number) => {
    f.if(raised(link, flags), () => {
      leave(f, minimum)
      returnStored(f, popping)
    })
    f.return(i32.const(0))
  }
  f.if(i32.eqz(isFull(0)), () => bad(IE | SF))
  const st = stack(f, 0)
  const significand = f.let(significandAt(st))
  const signExponent = f.let(signExponentAt(st))
  const exponent = f.let(exponentOf(signExponent))
  const sign = f.let(i32.and(signExponent, 0x8000))
  f.if(i32.or(isUnsupported(significand, signExponent), i32.gt_u(exponent, BIAS + 63)), () => bad(IE))
  const { magnitude, inexact, increment } = toInteger(f, significand, exponent, sign, direction)
  const limit = i64.sub(minimum, i64.extend_u(i32.eqz(sign)))
  f.if(i64.gt_u(magnitude, limit), () => bad(IE))
  leave(f, select(sign, i64.sub(0, magnitude), magnitude))
  f.drop(raised(link, i32.or(i32.shl(inexact, 5), i32.shl(increment, 9))))
  returnStored(f, popping)
})

/** FIST and FISTP: x87_fist_rounded(pop, bits). */
export const storeRounded = runtimeFunction('x87_fist_rounded', ['i32', 'i32'], 'i32', (f, link) =>
  f.returnCall(link.runtime(storeInteger), f.param(0, 'i32'), f.param(1, 'i32'), rounding()),
)

/** FISTTP: x87_fisttp(bits), toward zero, popping. C1 is cleared. */
export const storeTruncated = runtimeFunction('x87_fisttp', ['i32'], 'i32', (f, link) =>
  f.returnCall(link.runtime(storeInteger), i32.const(1), f.param(0, 'i32'), i32.const(3)),
)

const BCD_LIMIT = 999_999_999_999_999_999n

/** FBSTP: 18 digits in FPU_RESULT, low 16 in the first 8 bytes, then two and the sign byte. */
export const storeBcd = runtimeFunction('x87_fbstp', [], 'i32', (f, link) => {
  const popping = i32.const(1)
  const bad = (flags: number) => {
    setWord(f, L.FPU_RESULT + 8, 0xffff)
    returnIndefinite(f, link, popping, flags, 0xc000_0000_0000_0000n)
  }
  f.if(i32.eqz(isFull(0)), () => bad(IE | SF))
  const st = stack(f, 0)
  const significand = f.let(significandAt(st))
  const signExponent = f.let(signExponentAt(st))
  const exponent = f.let(exponentOf(signExponent))
  const sign = f.let(i32.and(signExponent, 0x8000))
  f.if(i32.or(isUnsupported(significand, signExponent), i32.gt_u(exponent, BIAS + 63)), () => bad(IE))
  const { magnitude, inexact, increment } = toInteger(f, significand, exponent, sign, f.let(rounding()))
  f.if(i64.gt_u(magnitude, constI64(BCD_LIMIT)), () => bad(IE))
  f.drop(raised(link, i32.or(i32.shl(inexact, 5), i32.shl(increment, 9))))
  const digits = f.variable(constI64(0))
  const shift = f.variable(constI64(0))
  f.loop((again) => {
    f.set(digits, i64.or(digits, i64.shl(i64.rem_u(magnitude, 10), shift)))
    f.set(magnitude, i64.div_u(magnitude, 10))
    f.set(shift, i64.add(shift, 4))
    f.brIf(again, i64.lt_u(shift, 64))
  })
  leave(f, digits)
  const top = i32.wrap(magnitude)
  const twoDigits = i32.or(i32.shl(i32.div_u(top, 10), 4), i32.rem_u(top, 10))
  setWord(f, L.FPU_RESULT + 8, i32.or(twoDigits, sign))
  returnStored(f, popping)
})
