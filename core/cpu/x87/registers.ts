/**
 * Moves between registers, sign changes, constants: what needs no arithmetic.
 *
 * Source: Intel SDM vol 2A FLD, FST, FXCH, FCMOVcc, FABS, FCHS, FLD1 and its family.
 */
import { constI64 } from '../../wasm/expr.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { RuntimeFunction } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { IE, RC_MASK, SF } from './control.ts'
import { fldValue } from './load.ts'
import {
  clearC1,
  fill,
  isFull,
  physical,
  pop,
  raised,
  setWord,
  signExponentAt,
  significandAt,
  stack,
  storeIndefinite,
  storeRegister,
  underflow,
  word,
} from './stack.ts'

/** FLD ST(i). An empty source pushes the indefinite when masked, even onto a full register. */
export const loadRegister = runtimeFunction('x87_fld_st', ['i32'], 'void', (f, link) => {
  const i = f.param(0, 'i32')
  f.if(i32.eqz(isFull(i)), () => {
    f.if(raised(link, IE | SF), () => {
      setWord(f, L.FPU_TOP, physical(-1))
      storeIndefinite(f, stack(f, 0))
      fill(f, 0)
    })
    f.return()
  })
  const source = stack(f, i)
  f.returnCall(link.runtime(fldValue), significandAt(source), signExponentAt(source))
})

/** FST ST(i) and FSTP ST(i): x87_fst_st(i, pop). */
export const storeToRegister = runtimeFunction('x87_fst_st', ['i32', 'i32'], 'void', (f, link) => {
  const i = f.param(0, 'i32')
  const done = f.local('i32')
  f.if(
    isFull(0),
    () => {
      clearC1(f)
      const st = stack(f, 0)
      storeRegister(f, stack(f, i), significandAt(st), signExponentAt(st))
      fill(f, i)
      f.set(done, i32.const(1))
    },
    () => f.set(done, callExpr(link.runtime(underflow), i)),
  )
  f.if(i32.and(done, f.param(1, 'i32')), () => pop(f))
})

/** FSTP ST(i) in its encoding D9 D8+i: an empty ST(0) is no exception, it is only popped. */
export const storeUnchecked = runtimeFunction('x87_fstpnce', ['i32'], 'void', (f, link) => {
  f.if(isFull(0), () => f.returnCall(link.runtime(storeToRegister), f.param(0, 'i32'), i32.const(1)))
  clearC1(f)
  pop(f)
})

/** FXCH ST(i). Empty registers count as the indefinite when masked. */
export const exchange = runtimeFunction('x87_fxch', ['i32'], 'void', (f, link) => {
  const i = f.param(0, 'i32')
  const a = stack(f, 0)
  const b = stack(f, i)
  f.if(
    i32.and(isFull(0), isFull(i)),
    () => clearC1(f),
    () => {
      f.if(i32.eqz(raised(link, IE | SF)), () => f.return())
      f.if(i32.eqz(isFull(0)), () => storeIndefinite(f, a))
      f.if(i32.eqz(isFull(i)), () => storeIndefinite(f, b))
      fill(f, 0)
      fill(f, i)
    },
  )
  const significand = f.let(significandAt(a))
  const signExponent = f.let(signExponentAt(a))
  storeRegister(f, a, significandAt(b), signExponentAt(b))
  storeRegister(f, b, significand, signExponent)
})

/** FCMOVcc: x87_fcmov(i, condition). Empty registers are looked at whatever the condition; C1 stays. */
export const conditionalMove = runtimeFunction('x87_fcmov', ['i32', 'i32'], 'void', (f, link) => {
  const i = f.param(0, 'i32')
  f.if(i32.eqz(i32.and(isFull(0), isFull(i))), () => {
    f.call(link.runtime(underflow), i32.const(0))
    f.return()
  })
  f.if(f.param(1, 'i32'), () => {
    const source = stack(f, i)
    storeRegister(f, stack(f, 0), significandAt(source), signExponentAt(source))
  })
})

/** FCHS and FABS: (sign and exponent word of ST(0)) & keep ^ flip. */
const changeSign = (name: string, keep: number, flip: number) =>
  runtimeFunction(name, [], 'void', (f, link) => {
    f.if(i32.eqz(isFull(0)), () => {
      f.call(link.runtime(underflow), i32.const(0))
      f.return()
    })
    clearC1(f)
    const st = stack(f, 0)
    f.store16(st, i32.xor(i32.and(signExponentAt(st), keep), flip), 8)
  })

export const negate = changeSign('x87_fchs', 0xffff, 0x8000)
export const absolute = changeSign('x87_fabs', 0x7fff, 0)

/**
 * Pushes a constant, given the first 64 bits of its significand and whether nearest rounding goes up: the inner value has more
 * bits, and RC decides (vol 2A FLD1, since the 387).
 */
const constant = (name: string, exponent: number, truncated: bigint, nearestUp: boolean): RuntimeFunction<'void'> =>
  runtimeFunction(`x87_${name}`, [], 'void', (f, link) => {
    const direction = f.let(i32.and(word(L.FPU_CONTROL), RC_MASK))
    const up = nearestUp ? i32.or(i32.eqz(direction), i32.eq(direction, 0x800)) : i32.eq(direction, 0x800)
    const value = i64.add(constI64(truncated), i64.extend_u(up))
    f.returnCall(link.runtime(fldValue), value, i32.const(exponent))
  })

export const loadLog2Of10 = constant('fldl2t', 0x4000, 0xd49a784bcd1b8afen, false)
export const loadLog2OfE = constant('fldl2e', 0x3fff, 0xb8aa3b295c17f0bbn, true)
export const loadPi = constant('fldpi', 0x4000, 0xc90fdaa22168c234n, true)
export const loadLog10Of2 = constant('fldlg2', 0x3ffd, 0x9a209a84fbcff798n, true)
export const loadLogEOf2 = constant('fldln2', 0x3ffe, 0xb17217f7d1cf79abn, true)
