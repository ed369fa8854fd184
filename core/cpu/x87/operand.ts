/**
 * How instructions on ST(0) alone, or on ST(0) and ST(1), take their operands: empty registers, unsupported formats and NaNs are
 * answered at once (vol 1, 4.9.2 and 8.5.1), so that what follows sees numbers and infinities only.
 */

import type { I32, I64 } from '../../wasm/expr.ts'
import { select } from '../../wasm/expr.ts'
import type { FunctionBuilder, Local } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Linker, RuntimeFunction } from '../ops/runtime.ts'
import { DE } from './control.ts'
import { chooseNan } from './special.ts'
import {
  exponentOf,
  invalid,
  isDenormal,
  isFull,
  isInfinite,
  isNan,
  isUnsupported,
  raised,
  signExponentAt,
  significandAt,
  stack,
  underflow,
} from './stack.ts'

/** A number or infinity. */
export interface Operand {
  /** Host address of its register. */
  readonly address: I32
  readonly significand: Local<'i64'>
  readonly signExponent: I32
  /** 0 or 0x8000. */
  readonly sign: I32
  /** Biased; of a denormal after `normalize`, as far below 1 as needed. */
  readonly exponent: Local<'i32'>
}

function operandAt(f: FunctionBuilder, address: I32): Operand {
  const signExponent = f.let(signExponentAt(address))
  return {
    address,
    significand: f.variable(significandAt(address)),
    signExponent,
    sign: f.let(i32.and(signExponent, 0x8000)),
    exponent: f.variable(exponentOf(signExponent)),
  }
}

/** Takes ST(0), or leaves the function (of no result) with the response to an empty register, unsupported format or NaN. */
export function takeOne(f: FunctionBuilder, link: Linker): Operand {
  f.if(i32.eqz(isFull(0)), () => {
    f.call(link.runtime(underflow), i32.const(0))
    f.return()
  })
  const a = operandAt(f, stack(f, 0))
  f.if(isUnsupported(a.significand, a.signExponent), () => {
    f.call(link.runtime(invalid), a.address)
    f.return()
  })
  f.if(isNan(a.significand, a.signExponent), () => {
    f.call(link.runtime(chooseNan), a.address, a.significand, a.signExponent, a.significand, a.signExponent)
    f.return()
  })
  return a
}

/**
 * Takes ST(0) and ST(1), or leaves the function as `takeOne` does, calling `finish` first where the instruction completes (to pop).
 * The response goes to ST(`destination`).
 */
export function takeTwo(
  f: FunctionBuilder,
  link: Linker,
  destination: 0 | 1 = 0,
  finish?: () => void,
): { a: Operand; b: Operand } {
  const leave = (fn: RuntimeFunction<'i32'>, ...args: (I32 | I64)[]) => {
    const done = f.let(callResult(link, fn, args))
    if (finish) f.if(done, finish)
    f.return()
  }
  f.if(i32.eqz(i32.and(isFull(0), isFull(1))), () => leave(underflow, i32.const(destination)))
  const a = operandAt(f, stack(f, 0))
  const b = operandAt(f, stack(f, 1))
  const result = destination ? b.address : a.address
  const bad = i32.or(isUnsupported(a.significand, a.signExponent), isUnsupported(b.significand, b.signExponent))
  f.if(bad, () => leave(invalid, result))
  f.if(i32.or(isNan(a.significand, a.signExponent), isNan(b.significand, b.signExponent)), () =>
    leave(chooseNan, result, a.significand, a.signExponent, b.significand, b.signExponent),
  )
  return { a, b }
}

const callResult = (link: Linker, fn: RuntimeFunction<'i32'>, args: (I32 | I64)[]): I32 =>
  callExpr(link.runtime(fn), ...args)

export const infinite = (x: Operand): I32 => isInfinite(x.significand, x.signExponent)
const denormal = (x: Operand): I32 => isDenormal(x.significand, x.signExponent)
export const zero = (x: Operand): I32 => i64.eqz(x.significand)

/** Reports a denormal among `operands` (clearing C1 in any case) and leaves the function where that is unmasked. */
export function reportDenormals(f: FunctionBuilder, link: Linker, ...operands: Operand[]): void {
  const any = operands.map(denormal).reduce((a, b) => i32.or(a, b))
  f.if(i32.eqz(raised(link, f.let(select(any, i32.const(DE), i32.const(0))))), () => f.return())
}

/** Brings the top bit of a denormal to bit 63 and its exponent below 1. */
export function normalize(f: FunctionBuilder, x: Operand): void {
  f.if(denormal(x), () => {
    const zeros = f.let(i64.clz(x.significand))
    f.set(x.significand, i64.shl(x.significand, zeros))
    f.set(x.exponent, i32.sub(1, i32.wrap(zeros)))
  })
}
