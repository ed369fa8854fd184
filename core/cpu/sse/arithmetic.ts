/**
 * ADD, SUB, MUL, DIV, SQRT and ADDSUB in all shapes. Three routes, each falling back on the next:
 * 1. In the row (`compute`): rounding is to nearest, the precision exception masked and its flag already set, no operand
 *    denormal and the result ordinary. Then WebAssembly's result is right and no flag changes; true for nearly all code.
 * 2. In the runtime function: the same, but the precision flag is clear, so whether the result is exact must be found out.
 * 3. Lane by lane in integers, for everything else.
 */
import type { Expr, I32, I64, V128, ValType } from '../../wasm/expr.ts'
import { select } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { f64, i32, i64 } from '../../wasm/ops.ts'
import { f64x2, i8x16, i32x4, i64x2, v128 } from '../../wasm/simd-ops.ts'
import type { Ops } from '../ops/ops.ts'
import type { Linker, RuntimeFunction } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { begin, finish, mxcsr, PE, PM, RC_MASK, trap } from './mxcsr.ts'

import type { Shape, ShapeName } from './shapes.ts'
import { SHAPES } from './shapes.ts'
import type { LaneArithmetic } from './soft-arithmetic.ts'
import { DOUBLE_ARITHMETIC, SINGLE_ARITHMETIC } from './soft-arithmetic.ts'

export type Arithmetic = 'add' | 'sub' | 'mul' | 'div' | 'sqrt' | 'addsub'

/** Rounding to nearest with the precision exception masked: what WebAssembly's arithmetic can stand for. */
const NEAREST_MASK = RC_MASK | PM
/** The same with the precision flag set, so that inexact results change nothing. */
const STICKY_MASK = NEAREST_MASK | PE
const STICKY = PM | PE

/** Whether an inexact result changes MXCSR, or rounding is not to nearest. */
export function needsRounding(o: Ops): I32 {
  return i32.ne(i32.and(o.state(L.MXCSR), STICKY_MASK), STICKY)
}

/** Whether rounding is to nearest and inexact results change nothing. */
const sticky = (): I32 => i32.eq(i32.and(mxcsr(), STICKY_MASK), STICKY)

/** The constants of a shape, of which the limit is `none` where MXCSR wants more than ordinary, or `unless` holds. */
export function constantsNow(name: ShapeName, unless?: I32): readonly Expr[] {
  const { constants, none } = SHAPES[name]
  const plain = unless ? i32.and(sticky(), i32.eqz(unless)) : sticky()
  return [select(plain, constants[0]!, none), ...constants.slice(1)]
}

/** In runtime functions: rounding is to nearest with the precision exception masked. */
export function nearest(): I32 {
  return i32.eq(i32.and(mxcsr(), NEAREST_MASK), PM)
}

/** In runtime functions: sets the precision flag, whose exception is masked, when `inexact` holds. */
export function notePrecision(f: FunctionBuilder, inexact: () => I32): void {
  f.if(i32.eqz(i32.and(mxcsr(), PE)), () => {
    f.if(inexact(), () => f.store32(0, i32.or(mxcsr(), PE), L.MXCSR))
  })
}

/** ADDSUB subtracts in even lanes: there the second operand's sign is turned. */
const evenSigns = (s: Pick<Shape, 'name'>) =>
  s.name === 'ps' ? i32x4.const(0x8000_0000, 0) : i64x2.const(1n << 63n, 0n)

function plain<T extends ValType, M extends ValType>(s: Shape<T, M>, op: Arithmetic, a: Expr<T>, b: Expr<T>): Expr<T> {
  if (op === 'sqrt') return s.sqrt(a)
  if (op === 'addsub') return s.add(a, v128.xor(b as V128, evenSigns(s)) as Expr as Expr<T>)
  return s[op](a, b)
}

/**
 * Whether operands or result are such that more than the precision flag may be concerned: denormal, infinite, NaN, or so
 * small that a tiny result may have been rounded. `zeros`: a product or quotient that is zero because `a` or `b` is, is ordinary.
 */
function unusual<T extends ValType, M extends ValType>(
  s: Shape<T, M>,
  op: Arithmetic,
  a: Expr<T>,
  b: Expr<T>,
  r: Expr<T>,
  zeros: boolean,
): I32 {
  if (op === 'sqrt') return s.any(s.or(s.denormal(a), s.nonfinite(r)))
  if (op !== 'mul' && op !== 'div') return s.any(s.or(s.denormal(a, b, r), s.nonfinite(r)))
  let outside = s.outside(r)
  if (zeros) outside = s.andnot(outside, s.and(s.zero(r), op === 'mul' ? s.or(s.zero(a), s.zero(b)) : s.zero(a)))
  return s.any(s.or(s.denormal(a, b), outside))
}

/**
 * For ordinary doubles `r`, the rounded product of `a` and `b`: whether it is exact. The exact product of two significands of
 * 53 bits has 105 bits, or 106 when the exponents say so, and as many trailing zeros as both together.
 */
const productExact = runtimeFunction('sse_product_exact', ['f64', 'f64', 'f64'], 'i32', (f) => {
  const [a, b, r] = [0, 1, 2].map((i) => f.let(i64.reinterpret(f.param(i, 'f64')))) as [I64, I64, I64]
  f.if(i64.eqz(i64.shl(r, 1)), () => f.return(i32.const(1)))
  const exponent = (x: I64) => i64.and(i64.shr_u(x, 52), 0x7ff)
  const zeros = (x: I64) => i64.ctz(i64.or(x, 1n << 52n))
  const excess = i64.add(i64.sub(i64.sub(exponent(r), exponent(a)), exponent(b)), 1023 + 52)
  f.return(i64.ge_s(i64.add(zeros(a), zeros(b)), excess))
})

/** Whether an ordinary result `r` is not exact. */
function inexact<T extends ValType, M extends ValType>(
  link: Linker,
  s: Shape<T, M>,
  op: Arithmetic,
  a: Expr<T>,
  b: Expr<T>,
  r: Expr<T>,
): I32 {
  if (op === 'addsub') return inexact(link, s, 'add', a, v128.xor(b as V128, evenSigns(s)) as Expr as Expr<T>, r)
  // The larger operand is subtracted exactly from the sum, and leaves the smaller one when nothing was lost.
  if (op === 'add') return s.any(s.or(s.ne(s.sub(r, a), b), s.ne(s.sub(r, b), a)))
  if (op === 'sub') return s.any(s.or(s.ne(s.sub(a, r), b), s.ne(s.add(r, b), a)))
  // What must be an exact product: x × y = z.
  const [x, y, z] = op === 'mul' ? [a, b, r] : op === 'div' ? [r, b, a] : [r, r, a]
  if (s.format.name === 'f32') {
    // Products of singles are exact in double precision.
    if (s.type === 'f32') {
      const [p, q, t] = [x, y, z].map((v) => f64.promote(v as Expr as Expr<'f32'>)) as [
        Expr<'f64'>,
        Expr<'f64'>,
        Expr<'f64'>,
      ]
      return f64.ne(f64.mul(p, q), t)
    }
    const upper = (v: V128) => i8x16.shuffle(v, v, [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15])
    const differs = (part: (v: V128) => V128) => {
      const [p, q, t] = [x, y, z].map((v) => f64x2.promote_low_f32x4(part(v as Expr as V128))) as [V128, V128, V128]
      return f64x2.ne(f64x2.mul(p, q), t)
    }
    return v128.any_true(
      v128.or(
        differs((v) => v),
        differs(upper),
      ),
    )
  }
  const lanes = Array.from({ length: s.lanes }, (_, i) => {
    const [p, q, t] = [x, y, z].map((v) => f64.reinterpret(s.extract(v, i))) as [Expr<'f64'>, Expr<'f64'>, Expr<'f64'>]
    const exact = callExpr(link.runtime(productExact), p, q, t)
    return op === 'mul' ? i32.eqz(exact) : i32.eqz(i32.and(f64.eq(f64.mul(p, q), t), exact))
  })
  return lanes.reduce((p, q) => i32.or(p, q))
}

const laneOperation = (s: Pick<Shape, 'format'>, op: Arithmetic, lane: number): RuntimeFunction<'i64'> => {
  const set: LaneArithmetic = s.format.name === 'f32' ? SINGLE_ARITHMETIC : DOUBLE_ARITHMETIC
  return op === 'addsub' ? (lane & 1 ? set.add : set.sub) : set[op]
}

function define<T extends ValType, M extends ValType>(s: Shape<T, M>, op: Arithmetic): RuntimeFunction<T> {
  const params = op === 'sqrt' ? [s.type] : [s.type, s.type]
  return runtimeFunction(`sse_${op}_${s.name}`, params, s.type, (f, link) => {
    const a = f.param(0, s.type)
    const b = f.param(params.length - 1, s.type)
    const r = f.variable(plain(s, op, a, b))
    f.if(nearest(), () => {
      f.if(i32.eqz(unusual(s, op, a, b, r, true)), () => {
        notePrecision(f, () => inexact(link, s, op, a, b, r))
        f.return(r)
      })
    })
    begin(f)
    for (let i = 0; i < s.lanes; i++) {
      const operands = op === 'sqrt' ? [s.extract(a, i)] : [s.extract(a, i), s.extract(b, i)]
      f.set(r, s.replace(r, i, callExpr(link.runtime(laneOperation(s, op, i)), ...operands)))
    }
    f.call(link.runtime(finish))
    f.return(r)
  })
}

const cache = new Map<string, RuntimeFunction>()

function runtimeOf<T extends ValType, M extends ValType>(s: Shape<T, M>, op: Arithmetic): RuntimeFunction<T> {
  const key = op + s.name
  const known = cache.get(key) ?? define(s, op)
  cache.set(key, known as RuntimeFunction)
  return known as RuntimeFunction<T>
}

/** In rows: `a op b` (for `sqrt`, of `b`) in shape `s`, with everything MXCSR asks for. `a` and `b` are bound. */
export function compute<T extends ValType, M extends ValType>(
  o: Ops,
  s: Shape<T, M>,
  op: Arithmetic,
  a: Expr<T>,
  b: Expr<T>,
): Expr<T> {
  const { f } = o
  const operands = op === 'sqrt' ? [b] : [a, b]
  const first = operands[0]!
  const r = f.variable(plain(s, op, first, b))
  const unknown = [...(op === 'sqrt' || o.sseKnown(0, s.name) ? [] : [a]), ...(o.sseKnown(1, s.name) ? [] : [b])]
  f.block((done) => {
    f.block((unsure) => {
      const conditions = s.ordinary(unknown, r, o.sseConstants(s.name))
      for (const condition of conditions.slice(0, -1)) f.brIf(unsure, i32.eqz(condition), 'unlikely')
      f.brIf(done, conditions.at(-1)!, 'likely')
    })
    f.if(i32.or(needsRounding(o), unusual(s, op, first, b, r, true)), () => {
      f.set(r, o.value(runtimeOf(s, op), ...operands))
      trap(o)
    })
    o.sseMet(s.name, s.any(s.denormal(...operands, r)))
  })
  return r
}
