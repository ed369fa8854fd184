/**
 * Addition, subtraction, multiplication and division of two registers' contents:
 * x87_add(destination, aSignificand, aSignExponent, bSignificand, bSignExponent). Each returns 1, or 0 where an unmasked invalid,
 * denormal or zero-divide exception leaves the destination unchanged. Two normal numbers are computed at once; everything else
 * goes to x87_special, which comes back with normalised numbers.
 *
 * Source: Intel SDM vol 1, 4.8.3 (number classes), 4.9 (exceptions and their priority), tables 4-7 and 8-10; vol 2A FADD, FSUB, FMUL, FDIV.
 */
import type { I32, I64 } from '../../wasm/expr.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { RuntimeFunction } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import type { Finite, Parts } from './finite.ts'
import { addFinite, divideFinite, multiplyFinite, subtractFinite } from './finite.ts'
import { KIND_ADD, KIND_DIVIDE, KIND_MULTIPLY, KIND_SUBTRACT, special } from './special.ts'
import { exponentOf, ordinaryExponent } from './stack.ts'

const PARAMS = ['i32', 'i64', 'i32', 'i64', 'i32'] as const

/** The operation on registers' contents. */
function registerFunction(name: string, kind: number, compute: Finite): RuntimeFunction<'i32'> {
  return runtimeFunction(`x87_${name}`, PARAMS, 'i32', (f, link) => {
    const destination = f.param(0, 'i32')
    const a = f.param(1, 'i64')
    const aSignExponent = f.param(2, 'i32')
    const b = f.param(3, 'i64')
    const bSignExponent = f.param(4, 'i32')
    const integerBits = i64.lt_s(i64.and(a, b), 0)
    const normal = i32.and(i32.and(ordinaryExponent(aSignExponent), ordinaryExponent(bSignExponent)), integerBits)
    f.if(i32.eqz(normal), () => {
      f.returnCall(link.runtime(special), i32.const(kind), destination, a, aSignExponent, b, bSignExponent)
    })
    const parts = (significand: I64, signExponent: I32): Parts => ({
      significand,
      sign: f.let(i32.and(signExponent, 0x8000)),
      exponent: f.let(exponentOf(signExponent)),
    })
    compute(f, link, destination, parts(a, aSignExponent), parts(b, bSignExponent))
  })
}

export const add = registerFunction('add', KIND_ADD, addFinite)
export const subtract = registerFunction('sub', KIND_SUBTRACT, subtractFinite)
export const multiplyRegisters = registerFunction('mul', KIND_MULTIPLY, multiplyFinite)
export const divideRegisters = registerFunction('div', KIND_DIVIDE, divideFinite)
