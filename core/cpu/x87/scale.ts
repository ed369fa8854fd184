/**
 * FRNDINT, FSCALE, FXTRACT: instructions on the exponent.
 *
 * Source: Intel SDM vol 2A FRNDINT, FSCALE, FXTRACT.
 */

import type { I32 } from '../../wasm/expr.ts'
import { constI64, ifExpr, select } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Linker } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { C1, IE, PC_EXTENDED, RC_MASK, RC_SHIFT, SF, ZE } from './control.ts'
import type { Operand } from './operand.ts'
import { infinite, normalize, reportDenormals, takeOne, takeTwo, zero } from './operand.ts'
import { round } from './round.ts'
import {
  BIAS,
  fill,
  INTEGER_BIT,
  invalid,
  isFull,
  isNan,
  isSignalling,
  isUnsupported,
  physical,
  push,
  QUIET_BIT,
  raised,
  setWord,
  signExponentAt,
  significandAt,
  stack,
  storeIndefinite,
  storeRegister,
  word,
} from './stack.ts'
import { toInteger } from './store.ts'

export const roundToInteger = runtimeFunction('x87_frndint', [], 'void', (f, link) => {
  const a = takeOne(f, link)
  reportDenormals(f, link, a)
  f.if(i32.or(zero(a), i32.ge_s(a.exponent, BIAS + 63)), () => f.return())
  const direction = f.let(i32.shr_u(i32.and(word(L.FPU_CONTROL), RC_MASK), RC_SHIFT))
  const { magnitude, inexact, increment } = toInteger(f, a.significand, a.exponent, a.sign, direction)
  f.drop(raised(link, i32.or(i32.shl(inexact, 5), i32.shl(increment, 9))))
  f.if(i64.eqz(magnitude), () => {
    storeRegister(f, a.address, constI64(0), a.sign)
    f.return()
  })
  const zeros = f.let(i64.clz(magnitude))
  const exponent = i32.sub(BIAS + 63, i32.wrap(zeros))
  storeRegister(f, a.address, i64.shl(magnitude, zeros), i32.or(exponent, a.sign))
})

/** More than any difference of exponents. */
const SCALE_LIMIT = 0x1_0000

/** trunc(b) as a number of binary places, limited. */
function scaleOf(f: FunctionBuilder, b: Operand): I32 {
  const power = f.let(i32.sub(b.exponent, BIAS))
  const magnitude = f.variable(i32.const(0))
  f.if(i32.ge_s(power, 0), () => {
    const whole = i32.wrap(i64.shr_u(b.significand, i64.extend_u(i32.sub(63, power))))
    f.set(magnitude, ifExpr(i32.ge_s(power, 16), i32.const(SCALE_LIMIT), whole))
  })
  return f.let(select(b.sign, i32.sub(0, magnitude), magnitude))
}

export const scale = runtimeFunction('x87_fscale', [], 'void', (f, link) => {
  const { a, b } = takeTwo(f, link)
  const stop = () => {
    f.call(link.runtime(invalid), a.address)
    f.return()
  }
  f.if(infinite(b), () => {
    f.if(
      b.sign,
      () => {
        f.if(infinite(a), stop)
        reportDenormals(f, link, a)
        storeRegister(f, a.address, constI64(0), a.sign)
      },
      () => {
        f.if(zero(a), stop)
        reportDenormals(f, link, a)
        storeRegister(f, a.address, constI64(INTEGER_BIT), i32.or(a.sign, 0x7fff))
      },
    )
    f.return()
  })
  reportDenormals(f, link, a, b)
  f.if(i32.or(infinite(a), zero(a)), () => f.return())
  normalize(f, a)
  const control = i32.or(word(L.FPU_CONTROL), PC_EXTENDED)
  const exponent = i32.add(a.exponent, scaleOf(f, b))
  f.call(link.runtime(round), a.address, control, a.sign, exponent, a.significand, constI64(0))
})

/**
 * Room for a second result above ST(0), or the response to a stack fault: returns 1 where ST(0) is full and the register above
 * empty; else 0, with both results the indefinite (and TOP moved) when masked.
 */
export const roomForTwo = runtimeFunction('x87_room', [], 'i32', (f, link) => {
  const empty = f.let(i32.eqz(isFull(0)))
  f.if(i32.or(empty, isFull(-1)), () => {
    f.if(raised(link, f.let(select(empty, i32.const(IE | SF), i32.const(IE | SF | C1)))), () => pushIndefinites(f))
    f.return(i32.const(0))
  })
  f.return(i32.const(1))
})

function pushIndefinites(f: FunctionBuilder): void {
  storeIndefinite(f, stack(f, 0))
  fill(f, 0)
  setWord(f, L.FPU_TOP, physical(-1))
  storeIndefinite(f, stack(f, 0))
  fill(f, 0)
}

/** Pushes a copy of ST(0) when it is NaN (made quiet) or unsupported (indefinite), for instructions of two results; returns from the function then. */
export function returnPairOfNans(f: FunctionBuilder, link: Linker): void {
  const st = stack(f, 0)
  const significand = f.let(significandAt(st))
  const signExponent = f.let(signExponentAt(st))
  f.if(isUnsupported(significand, signExponent), () => {
    f.if(raised(link, IE), () => pushIndefinites(f))
    f.return()
  })
  f.if(isNan(significand, signExponent), () => {
    f.if(i32.eqz(raised(link, f.let(isSignalling(significand, signExponent)))), () => f.return())
    const quiet = f.let(i64.or(significand, constI64(QUIET_BIT)))
    storeRegister(f, st, quiet, signExponent)
    const address = f.let(callExpr(link.runtime(push)))
    storeRegister(f, address, quiet, signExponent)
    f.return()
  })
}

/** FXTRACT: ST(0) becomes its exponent, its significand is pushed. */
export const extract = runtimeFunction('x87_fxtract', [], 'void', (f, link) => {
  f.if(i32.eqz(callExpr(link.runtime(roomForTwo))), () => f.return())
  returnPairOfNans(f, link)
  const a = takeOne(f, link)
  f.if(zero(a), () => {
    f.if(i32.eqz(raised(link, ZE)), () => f.return())
    storeRegister(f, a.address, constI64(INTEGER_BIT), 0xffff)
    storeRegister(f, f.let(callExpr(link.runtime(push))), constI64(0), a.sign)
    f.return()
  })
  reportDenormals(f, link, a)
  f.if(infinite(a), () => {
    storeRegister(f, a.address, constI64(INTEGER_BIT), 0x7fff)
    storeRegister(f, f.let(callExpr(link.runtime(push))), a.significand, a.signExponent)
    f.return()
  })
  normalize(f, a)
  const power = f.let(i32.sub(a.exponent, BIAS))
  const negative = f.let(i32.lt_s(power, 0))
  const magnitude = f.let(i64.extend_u(select(negative, i32.sub(0, power), power)))
  const zeros = f.let(i64.clz(magnitude))
  const signExponent = i32.or(i32.sub(BIAS + 63, i32.wrap(zeros)), i32.shl(negative, 15))
  storeRegister(f, a.address, i64.shl(magnitude, zeros), select(i64.eqz(magnitude), i32.const(0), signExponent))
  storeRegister(f, f.let(callExpr(link.runtime(push))), a.significand, i32.or(a.sign, BIAS))
})
