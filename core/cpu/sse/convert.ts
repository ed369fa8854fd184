/**
 * Conversions between single, double and 32-bit integers. As in arithmetic.ts: WebAssembly's result in the row where
 * no flag can change, a runtime function for the rest.
 *
 * Source: Intel SDM vol 1, 11.5.2 and table 4-7; vol 2, CVT*.
 */
import type { F32, F64, I32, V128 } from '../../wasm/expr.ts'
import { select } from '../../wasm/expr.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { f32, f64, i32, i64 } from '../../wasm/ops.ts'
import { f32x4, f64x2, i8x16, i32x4, i64x2, v128 } from '../../wasm/simd-ops.ts'
import type { Ops } from '../ops/ops.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { nearest, needsRounding, notePrecision } from './arithmetic.ts'
import { begin, DAZ, DE, finish, IE, mxcsr, PE, PM, RC_SHIFT, raise, trap } from './mxcsr.ts'
import type { Shape } from './shapes.ts'
import { PD, PS, SS } from './shapes.ts'
import {
  DOUBLE,
  flushOperands,
  isDenormal,
  isInfinite,
  isNan,
  isSignaling,
  isZero,
  SINGLE,
  signOf,
  support,
  unpack,
} from './soft-float.ts'

/** Rounding of ROUND's immediate and of MXCSR.RC, in encoding order. */
const TRUNCATE = 3

const UPPER = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]
const upper = (v: V128) => i8x16.shuffle(v, v, UPPER)
/** The low halves of both, joined. */
const join = (low: V128, high: V128) =>
  i8x16.shuffle(low, high, [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23])

// Lanes --------------------------------------------------------------------------------------------------------------------

/** Encoding of a single as a double. */
const widenLane = runtimeFunction('sse_widen', ['i64'], 'i64', (f) => {
  const x = f.param(0, 'i64')
  flushOperands(f, SINGLE, x)
  f.if(isSignaling(SINGLE, x), () => raise(f, IE))
  f.if(isDenormal(SINGLE, x), () => raise(f, DE))
  f.if(isNan(SINGLE, x), () => {
    const sign = i64.shl(i64.and(x, SINGLE.sign), 32)
    f.return(i64.or(i64.or(sign, DOUBLE.infinity | DOUBLE.quiet), i64.shl(i64.and(x, SINGLE.one - 1n), 29)))
  })
  f.return(i64.reinterpret(f64.promote(f32.reinterpret(i32.wrap(x)))))
})

/** Encoding of a double as a single. */
const narrowLane = runtimeFunction('sse_narrow', ['i64'], 'i64', (f, link) => {
  const x = f.param(0, 'i64')
  flushOperands(f, DOUBLE, x)
  const sign = f.let(signOf(DOUBLE, x))
  const signed = (encoding: bigint) => i64.or(i64.shl(i64.extend_u(sign), 31), encoding)
  f.if(isNan(DOUBLE, x), () => {
    f.if(isSignaling(DOUBLE, x), () => raise(f, IE))
    f.return(i64.or(signed(SINGLE.infinity | SINGLE.quiet), i64.and(i64.shr_u(x, 29), SINGLE.one - 1n)))
  })
  f.if(isDenormal(DOUBLE, x), () => raise(f, DE))
  f.if(isInfinite(DOUBLE, x), () => f.return(signed(SINGLE.infinity)))
  f.if(isZero(DOUBLE, x), () => f.return(signed(0n)))
  const { exponent, significand } = unpack(f, DOUBLE, x)
  const rebased = i32.sub(exponent, DOUBLE.bias - SINGLE.bias)
  f.returnCall(link.runtime(support(SINGLE).round), sign, rebased, i64.shr_u(significand, 1))
})

/** A signed integer as the encoding of a single. */
const fromIntegerLane = runtimeFunction('sse_from_integer', ['i32'], 'i64', (f, link) => {
  const x = f.param(0, 'i32')
  f.if(i32.eqz(x), () => f.return(i64.const(0)))
  const wide = i64.extend_s(x)
  const sign = f.let(i32.shr_u(x, 31))
  const size = select(sign, i64.sub(0n, wide), wide)
  f.returnCall(link.runtime(support(SINGLE).round), sign, i32.const(SINGLE.bias + 62), size)
})

/** (value, rounding mode) to a signed integer; 0x80000000 where it does not fit. */
const toIntegerLane = (tiny: number, name: string) =>
  runtimeFunction(name, ['f64', 'i32'], 'i32', (f) => {
    const x = f.param(0, 'f64')
    const mode = f.param(1, 'i32')
    f.if(i32.and(i32.ne(i32.and(mxcsr(), DAZ), 0), f64.lt(f64.abs(x), tiny)), () => f.return(i32.const(0)))
    const r = f.let(
      select(
        i32.and(mode, 2),
        select(i32.and(mode, 1), f64.trunc(x), f64.ceil(x)),
        select(i32.and(mode, 1), f64.floor(x), f64.nearest(x)),
      ),
    )
    f.if(i32.and(f64.ge(r, -2147483648), f64.le(r, 2147483647)), () => {
      f.if(f64.ne(r, x), () => raise(f, PE))
      f.return(i32.trunc_sat_f64_s(r))
    })
    raise(f, IE)
    f.return(i32.const(0x8000_0000))
  })

const INTEGER_OF = {
  f32: toIntegerLane(2 ** -126, 'sse_integer_f32'),
  f64: toIntegerLane(2 ** -1022, 'sse_integer_f64'),
}

// Single and double ------------------------------------------------------------------------------------------------------

const widenVector = runtimeFunction('sse_widen_ps', ['v128'], 'v128', (f, link) => {
  const x = f.param(0, 'v128')
  begin(f)
  const lane = (i: number) => f.let(callExpr(link.runtime(widenLane), PS.extract(x, i)))
  const [low, high] = [lane(0), lane(1)]
  f.call(link.runtime(finish))
  f.return(i64x2.replace_lane(i64x2.splat(low), 1, high))
})

const widenScalar = runtimeFunction('sse_widen_ss', ['i64'], 'i64', (f, link) => {
  begin(f)
  const r = f.let(callExpr(link.runtime(widenLane), f.param(0, 'i64')))
  f.call(link.runtime(finish))
  f.return(r)
})

const narrowVector = runtimeFunction('sse_narrow_pd', ['v128'], 'v128', (f, link) => {
  const x = f.param(0, 'v128')
  const r = f.variable(f32x4.demote_f64x2_zero(x))
  f.if(nearest(), () => {
    const zero = f64x2.eq(x, v128.zero())
    const zeros = i8x16.shuffle(zero, zero, [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11])
    f.if(i32.eqz(v128.any_true(v128.andnot(PS.outside(join(r, r)), zeros))), () => {
      notePrecision(f, () => v128.any_true(f64x2.ne(f64x2.promote_low_f32x4(r), x)))
      f.return(r)
    })
  })
  begin(f)
  for (const i of [0, 1]) f.set(r, PS.replace(r, i, callExpr(link.runtime(narrowLane), PD.extract(x, i))))
  f.call(link.runtime(finish))
  f.return(r)
})

const narrowScalar = runtimeFunction('sse_narrow_sd', ['f64'], 'f32', (f, link) => {
  const x = f.param(0, 'f64')
  const r = f.let(f32.demote(x))
  f.if(nearest(), () => {
    f.if(i32.or(i32.eqz(SS.outside(r)), f64.eq(x, 0)), () => {
      notePrecision(f, () => f64.ne(f64.promote(r), x))
      f.return(r)
    })
  })
  begin(f)
  const exact = f.let(callExpr(link.runtime(narrowLane), i64.reinterpret(x)))
  f.call(link.runtime(finish))
  f.return(f32.reinterpret(i32.wrap(exact)))
})

/** Two lower singles as doubles. */
export function widenPacked(o: Ops, x: V128): V128 {
  const pair = o.f.let(join(x, x))
  const r = o.f.variable(f64x2.promote_low_f32x4(x))
  o.f.if(v128.any_true(v128.or(PS.denormal(pair), PS.ne(pair, pair))), () => {
    o.f.set(r, o.value(widenVector, x))
    trap(o)
  })
  return r
}

export function widen(o: Ops, x: F32): F64 {
  const r = o.f.variable(f64.promote(x))
  o.f.if(i32.or(SS.denormal(x), SS.ne(x, x)), () => {
    o.f.set(r, f64.reinterpret(o.value(widenScalar, SS.extract(x, 0))))
    trap(o)
  })
  return r
}

/** Two doubles as singles, the upper half zero. */
export function narrowPacked(o: Ops, x: V128): V128 {
  const r = o.f.variable(f32x4.demote_f64x2_zero(x))
  o.f.if(i32.or(needsRounding(o), v128.any_true(PS.outside(join(r, r)))), () => {
    o.f.set(r, o.value(narrowVector, x))
    trap(o)
  })
  return r
}

export function narrow(o: Ops, x: F64): F32 {
  const r = o.f.variable(f32.demote(x))
  o.f.if(i32.or(needsRounding(o), SS.outside(r)), () => {
    o.f.set(r, o.value(narrowScalar, x))
    trap(o)
  })
  return r
}

// Integers ---------------------------------------------------------------------------------------------------------------

const fromIntegerVector = runtimeFunction('sse_from_integers', ['v128'], 'v128', (f, link) => {
  const x = f.param(0, 'v128')
  const r = f.variable(f32x4.convert_i32x4_s(x))
  const changed = (half: (v: V128) => V128) =>
    f64x2.ne(f64x2.promote_low_f32x4(half(r)), f64x2.convert_low_i32x4_s(half(x)))
  const inexact = () =>
    v128.any_true(
      v128.or(
        changed((v) => v),
        changed(upper),
      ),
    )
  f.if(nearest(), () => {
    notePrecision(f, inexact)
    f.return(r)
  })
  begin(f)
  for (const i of [0, 1, 2, 3]) {
    f.set(r, PS.replace(r, i, callExpr(link.runtime(fromIntegerLane), i32x4.extract_lane(x, i))))
  }
  f.call(link.runtime(finish))
  f.return(r)
})

/** Four signed integers as singles. For CVTPI2PS the upper two are zero, which is exact. */
export function singlesOfIntegers(o: Ops, x: V128): V128 {
  const r = o.f.variable(f32x4.convert_i32x4_s(x))
  o.f.if(needsRounding(o), () => {
    o.f.set(r, o.value(fromIntegerVector, x))
    trap(o)
  })
  return r
}

export function singleOfInteger(o: Ops, x: I32): F32 {
  const r = o.f.variable(f32.convert_i32_s(x))
  o.f.if(needsRounding(o), () => {
    const vector = o.value(fromIntegerVector, i32x4.replace_lane(v128.zero(), 0, x))
    o.f.set(r, f32x4.extract_lane(vector, 0))
    trap(o)
  })
  return r
}

/** (values, rounding mode) to four, or from doubles two, signed integers. */
const toIntegerVector = (s: Shape<'v128', 'v128'>) =>
  runtimeFunction(`sse_integers_${s.name}`, ['v128', 'i32'], 'v128', (f, link) => {
    const x = f.param(0, 'v128')
    const r = f.variable(v128.zero())
    begin(f)
    for (let i = 0; i < s.lanes; i++) {
      const value = s.name === 'ps' ? f64.promote(f32x4.extract_lane(x, i)) : f64x2.extract_lane(x, i)
      const lane = callExpr(link.runtime(INTEGER_OF[s.format.name]), value, f.param(1, 'i32'))
      f.set(r, i32x4.replace_lane(r, i, lane))
    }
    f.call(link.runtime(finish))
    f.return(r)
  })

const INTEGERS_OF = { ps: toIntegerVector(PS), pd: toIntegerVector(PD) }

/** Whether an inexact conversion changes MXCSR, or, unless it truncates, rounds otherwise than to nearest. */
const needsExactness = (o: Ops, truncate: boolean): I32 =>
  truncate ? i32.ne(i32.and(o.state(L.MXCSR), PM | PE), PM | PE) : needsRounding(o)

const modeOf = (o: Ops, truncate: boolean): I32 =>
  truncate ? i32.const(TRUNCATE) : i32.and(i32.shr_u(o.state(L.MXCSR), RC_SHIFT), 3)

/** Packed values as signed integers; from doubles two, the upper half zero. */
export function integersOf(o: Ops, name: 'ps' | 'pd', x: V128, truncate: boolean): V128 {
  const { f } = o
  const single = name === 'ps'
  const rounded = truncate ? x : single ? f32x4.nearest(x) : f64x2.nearest(x)
  const r = f.variable(single ? i32x4.trunc_sat_f32x4_s(rounded) : i32x4.trunc_sat_f64x2_s_zero(rounded))
  const limit = 2 ** 31 - (single ? 0 : 1)
  const fits = single
    ? i32x4.all_true(f32x4.lt(f32x4.abs(x), f32x4.splat(limit)))
    : i64x2.all_true(f64x2.lt(f64x2.abs(x), f64x2.splat(limit)))
  f.if(i32.or(needsExactness(o, truncate), i32.eqz(fits)), () => {
    f.set(r, o.value(INTEGERS_OF[name], x, modeOf(o, truncate)))
    trap(o)
  })
  return r
}

const integerOnce = (name: 'f32' | 'f64') =>
  runtimeFunction(`sse_integer_once_${name}`, ['f64', 'i32'], 'i32', (f, link) => {
    begin(f)
    const r = f.let(callExpr(link.runtime(INTEGER_OF[name]), f.param(0, 'f64'), f.param(1, 'i32')))
    f.call(link.runtime(finish))
    f.return(r)
  })

const INTEGER_ONCE = { f32: integerOnce('f32'), f64: integerOnce('f64') }

/** A value (bound; `from` says what it was before it was widened) as a signed integer. */
export function integerOf(o: Ops, from: 'f32' | 'f64', x: F64, truncate: boolean): I32 {
  const { f } = o
  const r = f.variable(i32.trunc_sat_f64_s(truncate ? x : f64.nearest(x)))
  // A result that equals its operand needs nothing; others change no flag once the precision flag is set.
  const exact = f64.eq(f64.convert_i32_s(r), x)
  f.if(i32.eqz(exact), () => {
    const outside = i32.eqz(f64.lt(f64.abs(x), 2 ** 31 - 1))
    f.if(i32.or(needsExactness(o, truncate), outside), () => {
      f.set(r, o.value(INTEGER_ONCE[from], x, modeOf(o, truncate)))
      trap(o)
    })
  })
  return r
}
