/**
 * Operands that are not both normal: NaNs, unsupported formats, infinities, zeros and denormals in FADD, FSUB, FMUL and FDIV.
 *
 * Priority (Intel SDM vol 1, 4.9.2): unsupported format and SNaN, QNaN operand, other invalid operations and zero divide, denormal
 * operand, then what the result causes. Table 4-7: of two NaNs the one with the larger significand, of equal ones the positive;
 * of an SNaN and a QNaN the QNaN.
 */

import type { I32, I64 } from '../../wasm/expr.ts'
import { constI64, select } from '../../wasm/expr.ts'
import type { FunctionBuilder, Local } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Linker } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { RC_MASK, ZE } from './control.ts'
import { addFiniteFunction, divideFiniteFunction, multiplyFiniteFunction } from './finite.ts'
import { round } from './round.ts'
import {
  EXPONENT_MAX,
  exponentOf,
  INTEGER_BIT,
  invalid,
  isDenormal,
  isInfinite,
  isNan,
  isSignalling,
  isUnsupported,
  QUIET_BIT,
  raised,
  storeRegister,
  word,
} from './stack.ts'

export const KIND_ADD = 0
export const KIND_SUBTRACT = 1
export const KIND_MULTIPLY = 2
export const KIND_DIVIDE = 3
/** Added to the kind: an operand came from a denormal in memory and was normalised on the way. */
export const FROM_DENORMAL = 0x100

/**
 * Of two operands, at least one of them a NaN and none unsupported, stores the NaN that is the result, quiet, at `destination`:
 * x87_nan(destination, a, aSignExponent, b, bSignExponent). Returns 0 where an unmasked #I stops it.
 */
export const chooseNan = runtimeFunction('x87_nan', ['i32', 'i64', 'i32', 'i64', 'i32'], 'i32', (f, link) => {
  const destination = f.param(0, 'i32')
  const a = f.param(1, 'i64')
  const aSignExponent = f.param(2, 'i32')
  const b = f.param(3, 'i64')
  const bSignExponent = f.param(4, 'i32')
  const aSignals = f.let(isSignalling(a, aSignExponent))
  const bSignals = f.let(isSignalling(b, bSignExponent))
  f.if(i32.eqz(raised(link, f.let(i32.or(aSignals, bSignals)))), () => f.return(i32.const(0)))
  const larger = select(i64.eq(a, b), i32.lt_u(bSignExponent, aSignExponent), i64.gt_u(b, a))
  const useB = f.local('i32')
  f.set(useB, larger)
  f.if(i32.ne(aSignals, bSignals), () => {
    // A signalling and a quiet NaN: the quiet one; a signalling NaN and a number: the NaN.
    const other = i32.and(isNan(a, aSignExponent), isNan(b, bSignExponent))
    f.set(useB, select(other, aSignals, bSignals))
  })
  f.if(i32.eqz(isNan(b, bSignExponent)), () => f.set(useB, i32.const(0)))
  f.if(i32.eqz(isNan(a, aSignExponent)), () => f.set(useB, i32.const(1)))
  const significand = i64.or(select(useB, b, a), constI64(QUIET_BIT))
  storeRegister(f, destination, significand, select(useB, bSignExponent, aSignExponent))
  f.return(i32.const(1))
})

/** Shifts the top bit of a denormal up in place; gives the exponent that then belongs to it. Other numbers pass. */
function normalized(f: FunctionBuilder, significand: Local<'i64'>, signExponent: I32): I32 {
  const exponent = f.variable(exponentOf(signExponent))
  f.if(isDenormal(significand, signExponent), () => {
    const zeros = f.let(i64.clz(significand))
    f.set(significand, i64.shl(significand, zeros))
    f.set(exponent, i32.sub(1, i32.wrap(zeros)))
  })
  return exponent
}

interface Operand {
  readonly significand: Local<'i64'>
  readonly signExponent: Local<'i32'>
  readonly sign: I32
  readonly zero: I32
  readonly infinite: I32
}

/** x87_special(kind, destination, a, aSignExponent, b, bSignExponent): see the functions of arithmetic.ts. */
export const special = runtimeFunction('x87_special', ['i32', 'i32', 'i64', 'i32', 'i64', 'i32'], 'i32', (f, link) => {
  const kind = f.param(0, 'i32')
  const destination = f.param(1, 'i32')
  const operand = (at: number): Operand => {
    const significand = f.param(at, 'i64')
    const signExponent = f.param(at + 1, 'i32')
    return {
      significand,
      signExponent,
      sign: f.local('i32'),
      zero: f.local('i32'),
      infinite: f.local('i32'),
    }
  }
  const a = operand(2)
  const b = operand(4)
  f.if(i32.or(isUnsupported(a.significand, a.signExponent), isUnsupported(b.significand, b.signExponent)), () =>
    f.returnCall(link.runtime(invalid), destination),
  )
  f.if(i32.or(isNan(a.significand, a.signExponent), isNan(b.significand, b.signExponent)), () =>
    f.returnCall(link.runtime(chooseNan), destination, a.significand, a.signExponent, b.significand, b.signExponent),
  )
  for (const x of [a, b]) {
    f.set(x.sign as Local<'i32'>, i32.and(x.signExponent, 0x8000))
    f.set(x.zero as Local<'i32'>, i64.eqz(x.significand))
    f.set(x.infinite as Local<'i32'>, isInfinite(x.significand, x.signExponent))
  }
  const denormal = f.let(
    i32.or(
      i32.or(isDenormal(a.significand, a.signExponent), isDenormal(b.significand, b.signExponent)),
      i32.ne(i32.and(kind, FROM_DENORMAL), 0),
    ),
  )
  const action = i32.and(kind, 0xff)
  const s: Case = { f, link, destination, a, b, denormal }
  f.if(i32.eq(action, KIND_SUBTRACT), () => f.set(b.sign as Local<'i32'>, i32.xor(b.sign, 0x8000)))
  f.if(i32.le_u(action, KIND_SUBTRACT), () => addSpecial(s))
  f.if(i32.eq(action, KIND_MULTIPLY), () => multiplySpecial(s))
  divideSpecial(s)
})

interface Case {
  readonly f: FunctionBuilder
  readonly link: Linker
  readonly destination: I32
  readonly a: Operand
  readonly b: Operand
  readonly denormal: I32
}

/** Reports the denormal operand where there is one: returns 0 from the function when that is not masked; else goes on. */
function reportDenormal({ f, link, denormal }: Case): void {
  f.if(i32.eqz(raised(link, f.let(i32.shl(denormal, 1)))), () => f.return(i32.const(0)))
}

function returnValue(s: Case, significand: I64, signExponent: I32): void {
  reportDenormal(s)
  storeRegister(s.f, s.destination, significand, signExponent)
  s.f.return(i32.const(1))
}

const infinity = (sign: I32): [I64, I32] => [constI64(INTEGER_BIT), i32.or(sign, EXPONENT_MAX)]
const zero = (sign: I32): [I64, I32] => [constI64(0), sign]

/** Both normalised, to the function for finite operands. */
function returnFinite(s: Case, fn: typeof addFiniteFunction): void {
  const { f, a, b } = s
  reportDenormal(s)
  const ea = normalized(f, a.significand, a.signExponent)
  const eb = normalized(f, b.significand, b.signExponent)
  f.returnCall(s.link.runtime(fn), s.destination, a.significand, a.sign, ea, b.significand, b.sign, eb)
}

function addSpecial(s: Case): void {
  const { f, link, a, b } = s
  f.if(a.infinite, () => {
    f.if(i32.and(b.infinite, i32.ne(a.sign, b.sign)), () => f.returnCall(link.runtime(invalid), s.destination))
    returnValue(s, ...infinity(a.sign))
  })
  f.if(b.infinite, () => returnValue(s, ...infinity(b.sign)))
  f.if(i32.and(a.zero, b.zero), () => {
    const down = i32.shl(i32.eq(i32.and(word(L.FPU_CONTROL), RC_MASK), 0x400), 15)
    returnValue(s, ...zero(select(i32.eq(a.sign, b.sign), a.sign, down)))
  })
  // Zero and a number: the number, rounded to the precision in force.
  const alone = (x: Operand) => {
    reportDenormal(s)
    const exponent = normalized(f, x.significand, x.signExponent)
    const control = word(L.FPU_CONTROL)
    f.returnCall(link.runtime(round), s.destination, control, x.sign, exponent, x.significand, constI64(0))
  }
  f.if(a.zero, () => alone(b))
  f.if(b.zero, () => alone(a))
  returnFinite(s, addFiniteFunction)
}

function multiplySpecial(s: Case): void {
  const { f, link, a, b } = s
  const sign = f.let(i32.xor(a.sign, b.sign))
  f.if(i32.or(i32.and(a.infinite, b.zero), i32.and(a.zero, b.infinite)), () =>
    f.returnCall(link.runtime(invalid), s.destination),
  )
  f.if(i32.or(a.infinite, b.infinite), () => returnValue(s, ...infinity(sign)))
  f.if(i32.or(a.zero, b.zero), () => returnValue(s, ...zero(sign)))
  returnFinite(s, multiplyFiniteFunction)
}

function divideSpecial(s: Case): void {
  const { f, link, a, b } = s
  const sign = f.let(i32.xor(a.sign, b.sign))
  f.if(i32.or(i32.and(a.infinite, b.infinite), i32.and(a.zero, b.zero)), () =>
    f.returnCall(link.runtime(invalid), s.destination),
  )
  f.if(a.infinite, () => returnValue(s, ...infinity(sign)))
  f.if(b.infinite, () => returnValue(s, ...zero(sign)))
  f.if(a.zero, () => returnValue(s, ...zero(sign)))
  f.if(b.zero, () => {
    f.if(i32.eqz(raised(link, ZE)), () => f.return(i32.const(0)))
    storeRegister(f, s.destination, ...infinity(sign))
    f.return(i32.const(1))
  })
  returnFinite(s, divideFiniteFunction)
}
