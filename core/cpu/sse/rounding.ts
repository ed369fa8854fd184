/**
 * Rounding to integers (ROUND), and the reciprocal approximations.
 *
 * Source: Intel SDM vol 2, ROUNDPS, RCPPS, RSQRTPS.
 */
import type { Expr, I32, I32In, V128 } from '../../wasm/expr.ts'
import { asI32, select } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import { f32x4, f64x2, i32x4, i64x2, v128 } from '../../wasm/simd-ops.ts'
import type { Ops } from '../ops/ops.ts'
import type { Linker } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import { begin, DAZ, finish, IE, mxcsr, PE, RC_SHIFT, raise, trap } from './mxcsr.ts'
import type { Shape } from './shapes.ts'
import { PD, PS } from './shapes.ts'
import { DOUBLE, SINGLE } from './soft-float.ts'

/** MXCSR's rounding mode, 0 to 3. */
const currentMode = (): I32 => i32.and(i32.shr_u(mxcsr(), RC_SHIFT), 3)

interface Rounding<T extends 'f32' | 'f64' | 'v128'> {
  nearest(x: Expr<T>): Expr<T>
  floor(x: Expr<T>): Expr<T>
  ceil(x: Expr<T>): Expr<T>
  trunc(x: Expr<T>): Expr<T>
}

function roundBy(f: FunctionBuilder, v: Rounding<'v128'>, x: V128, mode: I32): V128 {
  const lower = select(i32.and(mode, 1), v.floor(x), v.nearest(x))
  const higher = select(i32.and(mode, 1), v.trunc(x), v.ceil(x))
  return f.let(select(i32.and(mode, 2), higher, lower))
}

function roundVector(link: Linker, f: FunctionBuilder, s: Shape<'v128', 'v128'>, lanes: number): void {
  const single = s.name === 'ps'
  const v = single ? f32x4 : f64x2
  const x = f.param(0, 'v128')
  const imm = f.param(1, 'i32')
  const sign = single ? i32x4.const(0x8000_0000) : i64x2.const(1n << 63n)
  f.if(i32.and(mxcsr(), DAZ), () => f.set(x, v128.andnot(x, v128.andnot(s.denormal(x), sign))))
  const mode = f.let(select(i32.and(imm, 4), currentMode(), i32.and(imm, 3)))
  const r = f.variable(roundBy(f, v, x, mode))
  begin(f)
  const counted = single
    ? i32x4.const(...[0, 1, 2, 3].map((i) => (i < lanes ? -1 : 0)))
    : i64x2.const(...[0, 1].map((i) => (i < lanes ? -1n : 0n)))
  const nan = f.let(v.ne(x, x))
  const quiet = single ? i32x4.const(Number(SINGLE.quiet)) : i64x2.const(DOUBLE.quiet)
  const quieted = f.let(v128.or(x, quiet))
  const signaling = v128.and(nan, v128.not(single ? i32x4.eq(quieted, x) : i64x2.eq(quieted, x)))
  f.if(v128.any_true(v128.and(signaling, counted)), () => raise(f, IE))
  const inexact = v128.and(v128.andnot(v.ne(r, x), nan), counted)
  f.if(i32.and(i32.eqz(i32.and(imm, 8)), v128.any_true(inexact)), () => raise(f, PE))
  f.call(link.runtime(finish))
  f.return(v128.bitselect(quieted, r, nan))
}

const roundFunction = (s: Shape<'v128', 'v128'>, lanes: number) =>
  runtimeFunction(`sse_round_${s.name}_${lanes}`, ['v128', 'i32'], 'v128', (f, link) => roundVector(link, f, s, lanes))

const ROUND = { ps: roundFunction(PS, 4), pd: roundFunction(PD, 2), ss: roundFunction(PS, 1), sd: roundFunction(PD, 1) }

/** In rows: ROUND of bound `x` as the immediate says; for scalars only the lowest lane counts and is of use. */
export function round(o: Ops, name: 'ps' | 'pd' | 'ss' | 'sd', x: V128, imm: I32In): V128 {
  const r = o.value(ROUND[name], x, asI32(imm))
  trap(o)
  return r
}

/**
 * RCPPS and RSQRTPS: the exact quotient, which is within their error of 1.5 × 2^-12. They know no denormals: those count as
 * zeros, and tiny results become zeros; no exception is reported (SDM vol 2, RCPPS and RSQRTPS).
 */
export function approximate(f: FunctionBuilder, which: 'rcp' | 'rsqrt', x: V128): V128 {
  const sign = i32x4.const(0x8000_0000)
  const flush = (v: V128) => f.let(v128.andnot(v, v128.andnot(PS.denormal(v), sign)))
  // The reciprocal of 2^126, the smallest normal number, already counts as tiny.
  const tiny = (v: V128) => f32x4.le(f32x4.abs(v), f32x4.splat(2 ** -126))
  const operand = flush(x)
  const one = f32x4.splat(1)
  const quotient = f.let(f32x4.div(one, which === 'rcp' ? operand : f32x4.sqrt(operand)))
  const nan = f32x4.ne(x, x)
  const quieted = v128.or(x, i32x4.const(0x40_0000))
  if (which === 'rcp') {
    const kept = v128.andnot(quotient, v128.andnot(tiny(quotient), sign))
    return v128.bitselect(quieted, kept, nan)
  }
  // Negative numbers, but not zero, have no root.
  const invalid = f32x4.lt(operand, v128.zero())
  return v128.bitselect(quieted, v128.bitselect(i32x4.const(0xffc0_0000), quotient, invalid), nan)
}
