/**
 * FPREM and FPREM1: exact remainders, complete when the exponents differ by less than 64, else one step of the reduction with C2.
 *
 * Source: Intel SDM vol 2A FPREM, FPREM1.
 */

import type { I64 } from '../../wasm/expr.ts'
import { constI64, select } from '../../wasm/expr.ts'
import type { Local } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { RuntimeFunction } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { C0, C1, C2, C3, CONDITION_CODES, PC_EXTENDED } from './control.ts'
import { infinite, normalize, reportDenormals, takeTwo, zero } from './operand.ts'
import { round } from './round.ts'
import { invalid, setWord, storeRegister, word } from './stack.ts'
import { divide, shiftLeftWide } from './wide.ts'

function remainder(name: string, nearest: boolean): RuntimeFunction<'void'> {
  return runtimeFunction(name, [], 'void', (f, link) => {
    setWord(f, L.FPU_STATUS, i32.and(word(L.FPU_STATUS), ~C2))
    const { a, b } = takeTwo(f, link)
    f.if(i32.or(infinite(a), zero(b)), () => {
      f.call(link.runtime(invalid), a.address)
      f.return()
    })
    reportDenormals(f, link, a, b)
    f.if(zero(a), () => {
      setWord(f, L.FPU_STATUS, i32.and(word(L.FPU_STATUS), ~CONDITION_CODES))
      f.return()
    })
    normalize(f, a)
    normalize(f, b)
    // Divided by infinity, a number is its own remainder: as if the divisor were just much larger.
    const distance = f.let(select(infinite(b), i32.const(-2), i32.sub(a.exponent, b.exponent)))
    const sign = f.variable(a.sign)
    const exponent = f.variable(a.exponent)
    const rest = f.variable(a.significand)
    const quotient = f.variable(constI64(0))
    const codes = f.local('i32')

    f.if(i32.ge_s(distance, 64), () => {
      // 32 to 63 places at a time, so that the last step has less than 64 left.
      const places = f.let(i32.or(i32.and(distance, 31), 32))
      const value = shiftLeftWide(f, { hi: constI64(0), lo: a.significand }, places)
      f.set(rest, divide(f, value, b.significand).remainder)
      f.set(exponent, i32.sub(a.exponent, places))
      f.set(codes, i32.const(C2))
    })
    f.if(i32.and(i32.ge_s(distance, 0), i32.lt_s(distance, 64)), () => {
      const value = shiftLeftWide(f, { hi: constI64(0), lo: a.significand }, distance)
      const result = divide(f, value, b.significand)
      f.set(quotient, result.quotient)
      f.set(rest, result.remainder)
      f.set(exponent, b.exponent)
    })
    if (nearest) {
      const complement = (twice: I64) => {
        f.set(rest, twice)
        f.set(sign, i32.xor(sign, 0x8000))
        f.set(quotient, i64.add(quotient, 1))
      }
      f.if(i32.and(i32.ge_s(distance, 0), i32.lt_s(distance, 64)), () => {
        const other = f.let(i64.sub(b.significand, rest))
        const odd = i32.wrap(i64.and(quotient, 1))
        f.if(i32.or(i64.gt_u(rest, other), i32.and(i64.eq(rest, other), odd)), () => complement(other))
      })
      // a between half of b and b: the remainder is a - b, in units of a.
      f.if(i32.and(i32.eq(distance, -1), i64.gt_u(a.significand, b.significand)), () =>
        complement(i64.sub(i64.shl(b.significand, 1), a.significand)),
      )
    }
    const bit = (n: number, code: number) => i32.mul(i32.wrap(i64.and(i64.shr_u(quotient, n), 1)), code)
    f.set(codes, i32.or(codes, i32.or(i32.or(bit(0, C1), bit(1, C3)), bit(2, C0))))
    f.if(
      i64.eqz(rest),
      () => storeRegister(f, a.address, constI64(0), a.sign),
      () => {
        const zeros = f.let(i64.clz(rest))
        f.set(rest as Local<'i64'>, i64.shl(rest, zeros))
        f.set(exponent, i32.sub(exponent, i32.wrap(zeros)))
        const control = i32.or(word(L.FPU_CONTROL), PC_EXTENDED)
        f.drop(callExpr(link.runtime(round), a.address, control, sign, exponent, rest, constI64(0)))
      },
    )
    setWord(f, L.FPU_STATUS, i32.or(i32.and(word(L.FPU_STATUS), ~CONDITION_CODES), codes))
  })
}

export const partialRemainder = remainder('x87_fprem', false)
export const ieeeRemainder = remainder('x87_fprem1', true)
