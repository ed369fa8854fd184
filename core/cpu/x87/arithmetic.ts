/**
 * Addition, subtraction, multiplication and division of registers' contents, as code: two normal numbers are computed in place;
 * everything else goes to `special`.
 *
 * Source: Intel SDM vol 1, 4.8.3 (number classes), 4.9 (exceptions and their priority), tables 4-7 and 8-10.
 */
import type { I32, I64 } from '../../wasm/expr.ts'
import type { FunctionBuilder, Local } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Linker } from '../ops/runtime.ts'
import type { Finite, Parts } from './finite.ts'
import { addFinite, divideFinite, multiplyFinite, subtractFinite } from './finite.ts'
import { registerAt } from './round.ts'
import { KIND_ADD, KIND_DIVIDE, KIND_MULTIPLY, KIND_SUBTRACT, special } from './special.ts'
import { exponentOf, ordinaryExponent } from './stack.ts'

/** One of the four operations. */
export interface Arithmetic {
  readonly kind: number
  readonly compute: Finite
}

export const ADD: Arithmetic = { kind: KIND_ADD, compute: addFinite }
export const SUBTRACT: Arithmetic = { kind: KIND_SUBTRACT, compute: subtractFinite }
export const MULTIPLY: Arithmetic = { kind: KIND_MULTIPLY, compute: multiplyFinite }
export const DIVIDE: Arithmetic = { kind: KIND_DIVIDE, compute: divideFinite }

/** Content of a register, bound. */
export interface Content {
  readonly significand: I64
  readonly signExponent: I32
}

/** Whether both are normal numbers. */
export const bothNormal = (a: Content, b: Content): I32 =>
  i32.and(
    i32.and(ordinaryExponent(a.signExponent), ordinaryExponent(b.signExponent)),
    i64.lt_s(i64.and(a.significand, b.significand), 0),
  )

/** A normal number taken apart. */
export const partsOf = (f: FunctionBuilder, { significand, signExponent }: Content): Parts => ({
  significand,
  sign: f.let(i32.and(signExponent, 0x8000)),
  exponent: f.let(exponentOf(signExponent)),
})

/**
 * Stores `a op b` at `destination`. The result is 1, or 0 where an unmasked invalid, denormal or zero-divide exception left the
 * destination unchanged.
 */
export function compute(
  f: FunctionBuilder,
  link: Linker,
  operation: Arithmetic,
  destination: I32,
  a: Content,
  b: Content,
): Local<'i32'> {
  const done = f.variable(i32.const(1))
  f.if(
    bothNormal(a, b),
    () => operation.compute(f, registerAt(f, link, destination), partsOf(f, a), partsOf(f, b)),
    () => {
      const operands = [a.significand, a.signExponent, b.significand, b.signExponent]
      f.set(done, callExpr(link.runtime(special), i32.const(operation.kind), destination, ...operands))
    },
  )
  return done
}
