/**
 * Comparison and examination of registers: FCOM, FUCOM, FCOMI, FTST, FXAM.
 *
 * Source: Intel SDM vol 2A FCOM, FUCOM, FCOMI, FTST, FXAM; vol 1, 8.3.6.
 */

import type { I32, I64 } from '../../wasm/expr.ts'
import { ifExpr, select } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Linker } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { C0, C1, C2, C3, CONDITION_CODES, DE, IE, SF } from './control.ts'
import type { Extended } from './load.ts'
import { fromDouble, fromInteger, fromSingle } from './load.ts'
import {
  exponentOf,
  isDenormal,
  isFull,
  isNan,
  isSignalling,
  isUnsupported,
  pop,
  raised,
  setWord,
  signExponentAt,
  significandAt,
  stack,
  word,
} from './stack.ts'

const LESS = C0
const EQUAL = C3
const UNORDERED = C3 | C2 | C0

/** Options of a comparison: QNaNs are not invalid (FUCOM); registers to pop, times 2. FROM_DENORMAL of special.ts as well. */
export const QUIET = 1
export const POP_ONE = 2
export const POP_TWO = 4
const DENORMAL_OPERAND = 0x100

/** Set in the answer of a comparison where an unmasked exception stops it: nothing is popped, though the codes are set. */
const STOPPED = 1

/**
 * x87_compare(options, a, aSignExponent, b, bSignExponent): the condition codes C3, C2, C0 as bits of the status word, and STOPPED.
 * (The manual would leave the codes alone under an unmasked exception; processors set them.)
 */
const compare = runtimeFunction('x87_compare', ['i32', 'i64', 'i32', 'i64', 'i32'], 'i32', (f, link) => {
  const options = f.param(0, 'i32')
  const a = f.param(1, 'i64')
  const aSignExponent = f.param(2, 'i32')
  const b = f.param(3, 'i64')
  const bSignExponent = f.param(4, 'i32')
  const either = (test: (significand: I64, signExponent: I32) => I32) =>
    i32.or(test(a, aSignExponent), test(b, bSignExponent))
  const unordered = (flags: I32) => f.return(i32.or(i32.eqz(raised(link, flags)), UNORDERED))
  const aExponent = f.let(exponentOf(aSignExponent))
  const bExponent = f.let(exponentOf(bSignExponent))
  const bothNormal = i32.and(
    i32.and(i32.lt_u(i32.sub(aExponent, 1), 0x7ffe), i32.lt_u(i32.sub(bExponent, 1), 0x7ffe)),
    i32.and(i64.lt_s(i64.and(a, b), 0), i32.lt_u(options, DENORMAL_OPERAND)),
  )
  const flags = f.variable(i32.const(0))
  f.if(i32.eqz(bothNormal), () => {
    f.if(either(isUnsupported), () => unordered(i32.const(IE)))
    f.if(either(isNan), () => unordered(f.let(select(i32.and(options, QUIET), either(isSignalling), i32.const(IE)))))
    const denormal = i32.or(either(isDenormal), i32.ne(i32.and(options, DENORMAL_OPERAND), 0))
    f.set(flags, i32.shl(denormal, 1))
  })
  const stopped = f.let(i32.eqz(raised(link, flags)))
  const answer = (codes: I32) => f.return(i32.or(codes, stopped))
  f.if(i64.eqz(i64.or(a, b)), () => answer(i32.const(EQUAL)))
  const negative = f.let(i32.shr_u(aSignExponent, 15))
  f.if(i32.ne(negative, i32.shr_u(bSignExponent, 15)), () => answer(i32.mul(negative, LESS)))
  // Exponent 0 means the same power of two as 1; pseudo-denormals make the difference visible.
  const ea = f.let(i32.or(aExponent, i32.eqz(aExponent)))
  const eb = f.let(i32.or(bExponent, i32.eqz(bExponent)))
  f.if(i32.and(i64.eq(a, b), i32.eq(ea, eb)), () => answer(i32.const(EQUAL)))
  const smaller = ifExpr(i32.eq(ea, eb), i64.lt_u(a, b), i32.lt_u(ea, eb))
  answer(i32.mul(i32.xor(smaller, negative), LESS))
})

/** Sets the condition codes and pops as `options` say, unless stopped. C1 is clear. */
function finish(f: FunctionBuilder, options: I32, codes: I32): void {
  const status = i32.and(word(L.FPU_STATUS), ~CONDITION_CODES)
  setWord(f, L.FPU_STATUS, i32.or(status, i32.and(codes, CONDITION_CODES)))
  f.if(i32.eqz(i32.and(codes, STOPPED)), () => popAsked(f, options))
}

function popAsked(f: FunctionBuilder, options: I32): void {
  f.if(i32.and(options, POP_ONE | POP_TWO), () => {
    pop(f)
    f.if(i32.and(options, POP_TWO), () => pop(f))
  })
}

const compareEmpty = (link: Linker): I32 => i32.or(i32.eqz(raised(link, IE | SF)), UNORDERED)

function compareStack(f: FunctionBuilder, link: Linker, i: I32, options: I32): I32 {
  const codes = f.local('i32')
  f.if(
    i32.and(isFull(0), isFull(i)),
    () => {
      const a = stack(f, 0)
      const b = stack(f, i)
      const args = [significandAt(a), signExponentAt(a), significandAt(b), signExponentAt(b)]
      f.set(codes, callExpr(link.runtime(compare), options, ...args))
    },
    () => f.set(codes, compareEmpty(link)),
  )
  return codes
}

/** FCOM, FUCOM and their popping forms: x87_fcom(i, options). */
export const compareRegister = runtimeFunction('x87_fcom', ['i32', 'i32'], 'void', (f, link) => {
  const options = f.param(1, 'i32')
  finish(f, options, compareStack(f, link, f.param(0, 'i32'), options))
})

/** FCOMI, FUCOMI and their popping forms: x87_fcomi(i, options) returns the codes (with STOPPED). C1 stays. */
export const compareToFlags = runtimeFunction('x87_fcomi', ['i32', 'i32'], 'i32', (f, link) => {
  const options = f.param(1, 'i32')
  const i = f.param(0, 'i32')
  const before = f.let(i32.mul(i32.and(word(L.FPU_STATUS), C1), i32.and(isFull(0), isFull(i))))
  const codes = compareStack(f, link, i, options)
  setWord(f, L.FPU_STATUS, i32.or(word(L.FPU_STATUS), before))
  f.if(i32.eqz(i32.and(codes, STOPPED)), () => popAsked(f, options))
  f.return(codes)
})

type Convert = (f: FunctionBuilder, link: Linker, onSpecial: (value: Extended, flags: I32) => void) => Extended

/** Comparison of ST(0) with memory: (bits, options). */
const compareMemory = (name: string, param: 'i32' | 'i64', convert: Convert) =>
  runtimeFunction(`x87_fcom_${name}`, [param, 'i32'], 'void', (f, link) => {
    const options = f.variable(f.param(1, 'i32'))
    f.if(i32.eqz(isFull(0)), () => {
      finish(f, options, f.let(compareEmpty(link)))
      f.return()
    })
    const value = convert(f, link, (_, flags) =>
      f.set(options, i32.or(options, i32.mul(i32.and(flags, DE), DENORMAL_OPERAND / DE))),
    )
    const st = stack(f, 0)
    const args = [significandAt(st), signExponentAt(st), value.significand, value.signExponent]
    finish(f, options, f.let(callExpr(link.runtime(compare), options, ...args)))
  })

export const compareSingle = compareMemory('m32', 'i32', (f, link, s) => fromSingle(f, link, f.param(0, 'i32'), s))
export const compareDouble = compareMemory('m64', 'i64', (f, link, s) => fromDouble(f, link, f.param(0, 'i64'), s))
export const compareInteger = compareMemory('int', 'i32', (f) => fromInteger(f, f.let(i64.extend_s(f.param(0, 'i32')))))

/** FTST: ST(0) against 0.0. */
export const testZero = runtimeFunction('x87_ftst', [], 'void', (f, link) => {
  const codes = f.local('i32')
  const st = stack(f, 0)
  f.if(
    isFull(0),
    () => {
      const args = [significandAt(st), signExponentAt(st), i64.const(0), i32.const(0)]
      f.set(codes, callExpr(link.runtime(compare), i32.const(0), ...args))
    },
    () => f.set(codes, compareEmpty(link)),
  )
  finish(f, i32.const(0), codes)
})

/** FXAM: class of ST(0) in C3, C2, C0, its sign in C1. Never an exception. */
export const examine = runtimeFunction('x87_fxam', [], 'void', (f) => {
  const st = stack(f, 0)
  const significand = f.let(significandAt(st))
  const signExponent = f.let(signExponentAt(st))
  const codes = f.variable(i32.const(C2)) // normal
  f.if(i64.eqz(significand), () => f.set(codes, i32.const(C3)))
  f.if(isDenormal(significand, signExponent), () => f.set(codes, i32.const(C3 | C2)))
  f.if(i32.eq(exponentOf(signExponent), 0x7fff), () =>
    f.set(codes, select(isNan(significand, signExponent), i32.const(C0), i32.const(C2 | C0))),
  )
  f.if(isUnsupported(significand, signExponent), () => f.set(codes, i32.const(0)))
  f.if(i32.eqz(isFull(0)), () => f.set(codes, i32.const(C3 | C0)))
  const sign = i32.shr_u(i32.and(signExponent, 0x8000), 6)
  const status = i32.and(word(L.FPU_STATUS), ~CONDITION_CODES)
  setWord(f, L.FPU_STATUS, i32.or(status, i32.or(codes, sign)))
})
