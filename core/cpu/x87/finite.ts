/**
 * Addition, multiplication and division of non-zero finite numbers, with the rounding at the end: as code that others put in
 * their place, and as functions. Source: Intel SDM vol 2A FADD, FMUL, FDIV.
 */

import type { I32, I64 } from '../../wasm/expr.ts'
import { constI64, select } from '../../wasm/expr.ts'
import type { FunctionBuilder, Label } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { RuntimeFunction } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import { RC_MASK } from './control.ts'
import type { Destination } from './round.ts'
import { registerAt, storeRounded } from './round.ts'
import { BIAS } from './stack.ts'
import { divide, multiply } from './wide.ts'

/** A non-zero finite operand taken apart: top bit of the significand set, exponent as far below 1 as needed. */
export interface Parts {
  readonly sign: I32
  readonly exponent: I32
  readonly significand: I64
}

export type Finite = (f: FunctionBuilder, destination: Destination, a: Parts, b: Parts) => void

/** |larger| ± |smaller| in the order of their exponents. */
const addUnlessZero = (f: FunctionBuilder, destination: Destination, a: Parts, b: Parts, zero: Label): void => {
  const distance = f.variable(i32.sub(a.exponent, b.exponent))
  const negative = f.let(i32.lt_s(distance, 0))
  const large = f.let(select(negative, b.significand, a.significand))
  const small = f.let(select(negative, a.significand, b.significand))
  const exponent = f.variable(select(negative, b.exponent, a.exponent))
  const sign = f.variable(select(negative, b.sign, a.sign))
  f.set(distance, select(negative, i32.sub(0, distance), distance))
  const n = f.let(i64.extend_u(distance))
  const hi = f.variable(i64.shr_u(small, n))
  const lo = f.variable(i64.shl(i64.shl(small, 1), i64.sub(63, n)))
  f.if(i32.ge_u(distance, 64), () => {
    f.set(hi, constI64(0))
    f.set(lo, i64.shr_u(small, n))
    f.set(lo, i64.or(lo, i64.extend_u(i64.ne(i64.shl(lo, n), small))))
    f.set(lo, select(i32.lt_u(distance, 128), lo, constI64(1)))
  })
  f.if(
    i32.eq(a.sign, b.sign),
    () => {
      f.set(hi, i64.add(hi, large))
      f.if(i64.lt_u(hi, large), () => {
        f.set(lo, i64.or(i64.or(i64.shl(hi, 63), i64.shr_u(lo, 1)), i64.and(lo, 1)))
        f.set(hi, i64.or(i64.shr_u(hi, 1), constI64(1n << 63n)))
        f.set(exponent, i32.add(exponent, 1))
      })
    },
    () => {
      f.if(
        distance,
        () => {
          f.set(hi, i64.sub(i64.sub(large, hi), i64.extend_u(i64.ne(lo, 0))))
          f.set(lo, i64.sub(0, lo))
          f.if(i64.eqz(hi), () => {
            f.set(hi, lo)
            f.set(lo, constI64(0))
            f.set(exponent, i32.sub(exponent, 64))
          })
        },
        () => {
          f.set(hi, i64.sub(large, hi))
          f.if(i64.eqz(hi), () => {
            // Exactly zero: +0, or -0 when rounding down.
            destination.report(0)
            const down = i32.eq(i32.and(destination.control, RC_MASK), 0x400)
            destination.store(constI64(0), i32.shl(down, 15))
            f.br(zero)
          })
          f.if(i64.lt_u(large, small), () => {
            f.set(hi, i64.sub(0, hi))
            f.set(sign, i32.xor(sign, 0x8000))
          })
        },
      )
      const zeros = f.let(i64.clz(hi))
      f.set(hi, i64.or(i64.shl(hi, zeros), i64.shr_u(i64.shr_u(lo, 1), i64.sub(63, zeros))))
      f.set(lo, i64.shl(lo, zeros))
      f.set(exponent, i32.sub(exponent, i32.wrap(zeros)))
    },
  )
  storeRounded(f, destination, { sign, exponent, hi, lo })
}

export const addFinite: Finite = (f, destination, a, b) => f.block((zero) => addUnlessZero(f, destination, a, b, zero))

export const subtractFinite: Finite = (f, destination, a, b) =>
  addFinite(f, destination, a, { ...b, sign: f.let(i32.xor(b.sign, 0x8000)) })

export const multiplyFinite: Finite = (f, destination, a, b) => {
  const product = multiply(f, a.significand, b.significand)
  const hi = f.variable(product.hi)
  const lo = f.variable(product.lo)
  const exponent = f.variable(i32.sub(i32.add(a.exponent, b.exponent), BIAS - 1))
  f.if(i64.ge_s(hi, 0), () => {
    f.set(hi, i64.or(i64.shl(hi, 1), i64.shr_u(lo, 63)))
    f.set(lo, i64.shl(lo, 1))
    f.set(exponent, i32.sub(exponent, 1))
  })
  storeRounded(f, destination, { sign: f.let(i32.xor(a.sign, b.sign)), exponent, hi, lo })
}

export const divideFinite: Finite = (f, destination, a, b) => {
  const less = f.let(i64.lt_u(a.significand, b.significand))
  const numerator = {
    hi: f.let(select(less, a.significand, i64.shr_u(a.significand, 1))),
    lo: f.let(select(less, constI64(0), i64.shl(a.significand, 63))),
  }
  const { quotient, remainder } = divide(f, numerator, b.significand)
  const exponent = f.variable(i32.sub(i32.add(i32.sub(a.exponent, b.exponent), BIAS), less))
  // The fraction below the quotient: only whether it is 0, below, at or above one half matters.
  const rest = f.let(i64.sub(b.significand, remainder))
  const half = i64.shl(i64.extend_u(i64.ge_u(remainder, rest)), 63)
  const sticky = i64.extend_u(i32.and(i64.ne(remainder, 0), i64.ne(remainder, rest)))
  const lo = f.variable(i64.or(half, sticky))
  const hi = f.variable(quotient)
  storeRounded(f, destination, { sign: f.let(i32.xor(a.sign, b.sign)), exponent, hi, lo })
}

/** The operation on normalised operands with signs (0, 8000h) and exponents apart: (destination, a, sign, exponent, b, sign, exponent). */
function finiteFunction(name: string, compute: Finite): RuntimeFunction<'i32'> {
  return runtimeFunction(`x87_${name}_finite`, ['i32', 'i64', 'i32', 'i32', 'i64', 'i32', 'i32'], 'i32', (f, link) => {
    const a = { significand: f.param(1, 'i64'), sign: f.param(2, 'i32'), exponent: f.param(3, 'i32') }
    const b = { significand: f.param(4, 'i64'), sign: f.param(5, 'i32'), exponent: f.param(6, 'i32') }
    compute(f, registerAt(f, link, f.param(0, 'i32')), a, b)
    f.return(i32.const(1))
  })
}

export const addFiniteFunction = finiteFunction('add', addFinite)
export const multiplyFiniteFunction = finiteFunction('mul', multiplyFinite)
export const divideFiniteFunction = finiteFunction('div', divideFinite)
