/**
 * The last step of every arithmetic instruction: an exact (or sticky) result of 128 bits is rounded to the precision and in the
 * direction that the control word asks for, with overflow, underflow and inexact responses, and stored in a register.
 *
 * Source: Intel SDM vol 1, 4.8.4 (rounding), 8.5.4 to 8.5.6 (overflow, underflow, inexact), 8.1.5 (control word).
 */

import type { I32, I32In, I64, I64In } from '../../wasm/expr.ts'
import { constI64, ifExpr, select } from '../../wasm/expr.ts'
import type { FunctionBuilder, Local } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Linker } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { C1, OE, PC_DOUBLE, PC_EXTENDED, PE, RC_MASK, RC_SHIFT, UE } from './control.ts'
import { EXPONENT_MAX, INTEGER_BIT, raised, setWord, storeRegister, when, word } from './stack.ts'
import { shiftRightJam } from './wide.ts'

/** What unmasked overflow and underflow add to (take from) the exponent: 3 × 2^13. */
const EXPONENT_ADJUST = 0x6000

/**
 * A finite non-zero result before rounding: the value is ±hi.lo × 2^(exponent - bias), bit 63 of hi set. Any bits below lo are
 * remembered in its bit 0.
 */
export interface Unrounded {
  /** 0 or 0x8000. */
  readonly sign: I32
  /** Biased; may lie outside of 1 to 7FFEh. */
  readonly exponent: Local<'i32'>
  readonly hi: Local<'i64'>
  readonly lo: Local<'i64'>
}

/**
 * Rounds as `control` says and stores at `destination`: x87_round(destination, control, sign, exponent, hi, lo). Always returns 1
 * (the instruction goes on), also when the exception is unmasked: the register then has the exponent-adjusted result.
 */
export const round = runtimeFunction('x87_round', ['i32', 'i32', 'i32', 'i32', 'i64', 'i64'], 'i32', (f, link) => {
  const destination = f.param(0, 'i32')
  const control = f.param(1, 'i32')
  const sign = f.param(2, 'i32')
  const exponent = f.param(3, 'i32')
  const hi = f.param(4, 'i64')
  const lo = f.param(5, 'i64')
  const flags = f.variable(i32.const(0))
  const denormal = f.variable(i32.const(0))
  // Bits of the significand that the precision drops: 64 - 24, 64 - 53, 0. The reserved setting 1 works as extended.
  const precision = f.let(i32.and(control, PC_EXTENDED))
  const dropped = f.let(
    i64.extend_u(
      ifExpr(i32.eqz(precision), i32.const(40), ifExpr(i32.eq(precision, PC_DOUBLE), i32.const(11), i32.const(0))),
    ),
  )
  const direction = f.let(i32.shr_u(i32.and(control, RC_MASK), RC_SHIFT))
  const ulp = f.let(i64.shl(1, dropped))
  const inexact = f.local('i32')
  const increment = f.local('i32')
  const decide = () => decideIncrement(f, { sign, hi, lo, dropped, direction, inexact, increment })

  f.if(i32.le_s(exponent, 0), () => {
    // Tininess is judged after rounding with an unbounded exponent: at exponent 0 a carry out of the significand saves it.
    decide()
    const kept = i64.and(hi, i64.sub(0, ulp))
    const carries = i32.and(increment, i64.lt_u(i64.add(kept, ulp), ulp))
    const tiny = f.let(i32.eqz(i32.and(i32.eqz(exponent), carries)))
    f.if(
      i32.and(tiny, i32.eqz(i32.and(control, UE))),
      () => {
        f.set(flags, i32.const(UE))
        f.set(exponent, i32.add(exponent, EXPONENT_ADJUST))
        // Only FSCALE goes so low: nothing is left.
        f.if(i32.le_s(exponent, 0), () => {
          storeRegister(f, destination, constI64(0), sign)
          f.drop(raised(link, UE | PE))
          f.return(i32.const(1))
        })
      },
      () => f.set(denormal, i32.add(tiny, 0)),
    )
    f.if(i32.le_s(exponent, 0), () => {
      const shifted = shiftRightJam(f, { hi, lo }, f.let(i32.sub(1, exponent)))
      f.set(hi, shifted.hi)
      f.set(lo, shifted.lo)
      f.set(exponent, i32.const(0))
    })
  })
  decide()
  f.if(inexact, () => f.set(flags, i32.or(i32.or(flags, PE), when(denormal, UE))))
  f.set(hi, i64.and(hi, i64.sub(0, ulp)))
  f.if(increment, () => {
    f.set(hi, i64.add(hi, ulp))
    f.set(flags, i32.or(flags, C1))
    f.if(i64.lt_u(hi, ulp), () => {
      f.set(hi, constI64(INTEGER_BIT))
      f.set(exponent, i32.add(exponent, 1))
    })
  })
  // A denormal that was rounded up to the smallest normal number.
  f.if(i32.and(i32.eqz(exponent), i64.lt_s(hi, 0)), () => f.set(exponent, i32.const(1)))
  f.if(i32.ge_s(exponent, EXPONENT_MAX), () => {
    f.set(flags, i32.or(flags, OE))
    const unmasked = f.let(i32.eqz(i32.and(control, OE)))
    f.if(unmasked, () => f.set(exponent, i32.sub(exponent, EXPONENT_ADJUST)))
    f.if(i32.ge_s(exponent, EXPONENT_MAX), () => {
      // Infinity or the largest number as the direction says; infinity also where FSCALE exceeds even the adjusted range.
      const directed = i32.eq(direction, ifExpr(sign, i32.const(1), i32.const(2)))
      const away = f.let(i32.or(i32.or(i32.eqz(direction), directed), unmasked))
      f.set(flags, i32.or(i32.and(i32.or(flags, PE), ~C1), when(away, C1)))
      f.set(hi, select(away, constI64(INTEGER_BIT), i64.sub(0, ulp)))
      f.set(exponent, i32.sub(EXPONENT_MAX, i32.eqz(away)))
    })
  })
  storeRegister(f, destination, hi, i32.or(exponent, sign))
  f.drop(raised(link, flags))
  f.return(i32.const(1))
})

/** What a rounding step needs, and the locals that take its outcome. */
export interface RoundingState {
  readonly sign: I32
  readonly hi: Local<'i64'>
  readonly lo: Local<'i64'>
  /** Count of low bits of `hi` that go. */
  readonly dropped: I64
  /** RC. */
  readonly direction: I32
  readonly inexact: Local<'i32'>
  readonly increment: Local<'i32'>
}

/** Whether bits are lost, and whether the magnitude goes up by one unit of the kept bits. */
export function decideIncrement(f: FunctionBuilder, s: RoundingState): void {
  // The dropped bits as a fraction of one unit, with everything below in bit 0.
  const part = i64.shl(i64.shl(s.hi, 1), i64.sub(63, s.dropped))
  const fraction = f.let(select(i64.eqz(s.dropped), s.lo, i64.or(part, i64.extend_u(i64.ne(s.lo, 0)))))
  const odd = i32.and(i32.wrap(i64.shr_u(s.hi, s.dropped)), 1)
  const nearest = i32.and(i64.lt_s(fraction, 0), i32.or(i64.ne(i64.shl(fraction, 1), 0), odd))
  f.set(s.inexact, i64.ne(fraction, 0))
  const directed = i32.and(s.inexact, i32.eq(s.direction, ifExpr(s.sign, i32.const(1), i32.const(2))))
  f.set(s.increment, ifExpr(i32.eqz(s.direction), nearest, directed))
}

/** Where a result goes. */
export interface Destination {
  /** Control word: PC, RC and the mask of PE count. */
  readonly control: I32
  store(significand: I64In, signExponent: I32In): void
  /** Clears C1, then sets `flags` (PE, C1) of the status word. */
  report(flags: I32In): void
  /** Rounds and stores what is not ordinary. */
  round(value: Unrounded): void
}

/** The register at host address `address`; `control` in place of the control word. */
export function registerAt(f: FunctionBuilder, link: Linker, address: I32, control?: I32): Destination {
  return registerUnder(f, link, address, control ?? f.let(word(L.FPU_CONTROL)))
}

function registerUnder(f: FunctionBuilder, link: Linker, address: I32, control: I32): Destination {
  return {
    control,
    store: (significand, signExponent) => storeRegister(f, address, significand, signExponent),
    report: (flags) => setWord(f, L.FPU_STATUS, i32.or(i32.and(word(L.FPU_STATUS), ~C1), flags)),
    round: ({ sign, exponent, hi, lo }) => f.call(link.runtime(round), address, control, sign, exponent, hi, lo),
  }
}

/**
 * Rounds and stores `value`: in place for nearest rounding to 64 or 53 bits with inexact results masked and an exponent well
 * inside, else as the destination does. A value in place is worth some 4 ns of 11 to FADD and FMUL (test/bench/x87.ts).
 */
export function storeRounded(f: FunctionBuilder, destination: Destination, value: Unrounded): void {
  const { sign, exponent, hi, lo } = value
  const increment = f.local('i32')
  const finish = (inexact: I32) => {
    f.if(
      i64.eqz(hi),
      () => {
        f.set(hi, constI64(INTEGER_BIT))
        f.set(exponent, i32.add(exponent, 1))
      },
      undefined,
      'unlikely',
    )
    destination.store(hi, i32.or(exponent, sign))
    destination.report(i32.or(i32.shl(inexact, 5), i32.shl(increment, 9)))
  }
  const extended = () => {
    const rest = i32.or(i64.ne(i64.shl(lo, 1), 0), i32.wrap(hi))
    f.set(increment, i32.and(i32.wrap(i64.shr_u(lo, 63)), rest))
    f.set(hi, i64.add(hi, i64.extend_u(increment)))
    finish(i64.ne(lo, 0))
  }
  const double = () => {
    const low = i32.and(i32.wrap(hi), 0x7ff)
    const fraction = f.let(i32.or(i32.shl(low, 1), i64.ne(lo, 0)))
    const odd = i32.and(i32.wrap(i64.shr_u(hi, 11)), 1)
    f.set(increment, i32.gt_u(i32.add(fraction, odd), 0x800))
    f.set(hi, i64.add(i64.and(hi, ~0x7ffn), i64.shl(i64.extend_u(increment), 11)))
    finish(i32.ne(fraction, 0))
  }
  f.block((done) => {
    f.block((unusual) => {
      f.brIf(unusual, i32.ge_u(i32.sub(exponent, 1), EXPONENT_MAX - 2), 'unlikely')
      const mode = f.let(i32.and(destination.control, PC_EXTENDED | RC_MASK | PE))
      f.if(i32.eq(mode, PC_EXTENDED | PE), extended, () =>
        f.if(i32.eq(mode, PC_DOUBLE | PE), double, () => f.br(unusual), 'likely'),
      )
      f.br(done)
    })
    destination.round(value)
  })
}
