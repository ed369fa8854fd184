/**
 * Pieces that the x87 runtime functions are made of: state words, the register stack, raising of exceptions. A register is a
 * 64-bit significand and a word with sign (bit 15) and biased exponent; functions pass the two as `i64, i32` and results by the
 * host address of the register they go to.
 *
 * Source: Intel SDM vol 1, 8.1.2 (stack), 8.5 (exceptions and masked responses).
 */

import type { I32, I32In, I64In } from '../../wasm/expr.ts'
import { constI64, ifExpr } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Linker } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { BUSY, C1, ES, EXCEPTIONS, IE, SF } from './control.ts'

export const INTEGER_BIT = 1n << 63n
export const QUIET_BIT = 1n << 62n
export const BIAS = 0x3fff
export const EXPONENT_MAX = 0x7fff
/** The real indefinite QNaN: answer to masked invalid operations. */
const INDEFINITE_SIGNIFICAND = 0xc000000000000000n
const INDEFINITE_SIGN_EXPONENT = 0xffff

export const word = (offset: number): I32 => i32.load(0, offset)

export function setWord(f: FunctionBuilder, offset: number, value: I32In): void {
  f.store32(0, value, offset)
}

/** Physical number of ST(i). */
export const physical = (i: I32In): I32 => i32.and(i32.add(word(L.FPU_TOP), i), 7)

/** Host address of physical register `n`. */
const registerAddress = (n: I32In): I32 => i32.add(i32.shl(n, 4), L.FPU_REGISTERS)

/** Host address of ST(i), bound. */
export const stack = (f: FunctionBuilder, i: I32In): I32 => f.let(registerAddress(physical(i)))

/** 1 where ST(i) is not empty. */
export const isFull = (i: I32In): I32 => i32.and(i32.shr_u(word(L.FPU_TAGS), physical(i)), 1)

export const significandAt = (address: I32) => i64.load(address)
export const signExponentAt = (address: I32) => i32.load16_u(address, 8)

export function storeRegister(f: FunctionBuilder, address: I32, significand: I64In, signExponent: I32In): void {
  f.store64(address, significand)
  f.store32(address, signExponent, 8)
}

export function storeIndefinite(f: FunctionBuilder, address: I32): void {
  storeRegister(f, address, constI64(INDEFINITE_SIGNIFICAND), INDEFINITE_SIGN_EXPONENT)
}

/**
 * Reports exception `flags` (with SF and C1 where they apply; C1 is cleared otherwise). Returns 1 where all of them are masked.
 */
const raise = runtimeFunction('x87_raise', ['i32'], 'i32', (f) => {
  const flags = f.param(0, 'i32')
  const unmasked = f.let(i32.and(i32.and(flags, EXCEPTIONS), i32.xor(word(L.FPU_CONTROL), -1)))
  const status = i32.or(i32.and(word(L.FPU_STATUS), ~C1), flags)
  setWord(f, L.FPU_STATUS, i32.or(status, i32.mul(i32.ne(unmasked, 0), ES | BUSY)))
  f.return(i32.eqz(unmasked))
})

/** `raise` as an expression. */
export const raised = (link: Linker, flags: I32In): I32 =>
  callExpr(link.runtime(raise), typeof flags === 'number' ? i32.const(flags) : flags)

/** Clears C1 where nothing else is to be reported. */
export function clearC1(f: FunctionBuilder): void {
  setWord(f, L.FPU_STATUS, i32.and(word(L.FPU_STATUS), ~C1))
}

/** Marks ST(i) as not empty. */
export function fill(f: FunctionBuilder, i: I32In): void {
  setWord(f, L.FPU_TAGS, i32.or(word(L.FPU_TAGS), i32.shl(1, physical(i))))
}

/** Empties ST(0) and increments TOP. */
export function pop(f: FunctionBuilder): void {
  const top = f.let(word(L.FPU_TOP))
  setWord(f, L.FPU_TAGS, i32.and(word(L.FPU_TAGS), i32.xor(i32.shl(1, top), -1)))
  setWord(f, L.FPU_TOP, i32.and(i32.add(top, 1), 7))
}

/**
 * Makes room for a push: returns the address of the new ST(0), already tagged full with TOP moved, and C1 clear. On stack overflow
 * it holds the indefinite when masked, and the address is 0 ( "write nothing") in either case.
 */
export const push = runtimeFunction('x87_push', [], 'i32', (f, link) => {
  const top = f.let(physical(-1))
  const tags = f.let(word(L.FPU_TAGS))
  const bit = f.let(i32.shl(1, top))
  f.if(i32.and(tags, bit), () => {
    f.if(raised(link, IE | SF | C1), () => {
      setWord(f, L.FPU_TOP, top)
      storeIndefinite(f, registerAddress(top))
    })
    f.return(i32.const(0))
  })
  setWord(f, L.FPU_TAGS, i32.or(tags, bit))
  setWord(f, L.FPU_TOP, top)
  clearC1(f)
  f.return(registerAddress(top))
})

/**
 * Stack underflow of an instruction whose result goes to ST(i): the indefinite there when masked. Returns 1 when masked.
 */
export const underflow = runtimeFunction('x87_underflow', ['i32'], 'i32', (f, link) => {
  const i = f.param(0, 'i32')
  f.if(raised(link, IE | SF), () => {
    storeIndefinite(f, stack(f, i))
    fill(f, i)
    f.return(i32.const(1))
  })
  f.return(i32.const(0))
})

/**
 * Invalid operation whose result goes to `address`: the indefinite there when masked. Returns 1 when masked.
 */
export const invalid = runtimeFunction('x87_invalid', ['i32'], 'i32', (f, link) => {
  const address = f.param(0, 'i32')
  f.if(raised(link, IE), () => {
    storeIndefinite(f, address)
    f.return(i32.const(1))
  })
  f.return(i32.const(0))
})

/** Classification of a register's content. Operands are evaluated several times: bind them. */
export const exponentOf = (signExponent: I32): I32 => i32.and(signExponent, EXPONENT_MAX)
/** Unnormals, pseudo-infinities and pseudo-NaNs: the integer bit is clear where the exponent is not 0. */
export const isUnsupported = (significand: I64In, signExponent: I32): I32 =>
  i32.and(i64.ge_s(significand, 0), i32.ne(exponentOf(signExponent), 0))
/** NaN of either kind (for supported values). */
export const isNan = (significand: I64In, signExponent: I32): I32 =>
  i32.and(i32.eq(exponentOf(signExponent), EXPONENT_MAX), i64.ne(i64.shl(significand, 1), 0))
export const isSignalling = (significand: I64In, signExponent: I32): I32 =>
  i32.and(isNan(significand, signExponent), i64.eqz(i64.and(significand, constI64(QUIET_BIT))))
export const isInfinite = (significand: I64In, signExponent: I32): I32 =>
  i32.and(i32.eq(exponentOf(signExponent), EXPONENT_MAX), i64.eqz(i64.shl(significand, 1)))
/** Denormals and pseudo-denormals. */
export const isDenormal = (significand: I64In, signExponent: I32): I32 =>
  i32.and(i32.eqz(exponentOf(signExponent)), i64.ne(significand, 0))

/** An ordinary normal number or none: exponent 1 to 7FFEh (the integer bit is not looked at). */
export const ordinaryExponent = (signExponent: I32): I32 =>
  i32.lt_u(i32.sub(exponentOf(signExponent), 1), EXPONENT_MAX - 1)

/** `value` when `condition`, else 0. */
export const when = (condition: I32, value: number): I32 => ifExpr(condition, i32.const(value), i32.const(0))
