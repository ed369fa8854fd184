/**
 * Comparisons: CMPccPS and its kin, MIN and MAX, COMIS and UCOMIS. They never round, so only NaNs and denormal operands need
 * more than WebAssembly's own instructions.
 *
 * Source: Intel SDM vol 2, CMPPS (table of predicates), MINPS, COMISS; vol 1, 4.9.
 */
import type { Expr, I32, I32In, V128, ValType } from '../../wasm/expr.ts'
import { asI32, select } from '../../wasm/expr.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import { f32x4, f64x2, v128 } from '../../wasm/simd-ops.ts'
import type { Ops } from '../ops/ops.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import { begin, DE, finish, IE, raise, trap } from './mxcsr.ts'
import type { Shape } from './shapes.ts'
import { PD, PS, SD, SS } from './shapes.ts'
import type { Format } from './soft-float.ts'
import { DOUBLE, flushOperands, isDenormal, isNan, isSignaling, isZero, SINGLE } from './soft-float.ts'

/** Outcomes of a comparison, as bits. */
const EQUAL = 1
const LESS = 2
const GREATER = 4
const UNORDERED = 8

/**
 * Compares two encodings, noting exceptions: (a, b, whether quiet NaNs are invalid too). Returns one of the bits above.
 */
const relationOf = (t: Format) =>
  runtimeFunction(`sse_relation_${t.name}`, ['i64', 'i64', 'i32'], 'i32', (f) => {
    const a = f.param(0, 'i64')
    const b = f.param(1, 'i64')
    flushOperands(f, t, a, b)
    f.if(i32.or(isNan(t, a), isNan(t, b)), () => {
      f.if(i32.or(f.param(2, 'i32'), i32.or(isSignaling(t, a), isSignaling(t, b))), () => raise(f, IE))
      f.return(i32.const(UNORDERED))
    })
    f.if(i32.or(isDenormal(t, a), isDenormal(t, b)), () => raise(f, DE))
    f.if(i32.or(i64.eq(a, b), i32.and(isZero(t, a), isZero(t, b))), () => f.return(i32.const(EQUAL)))
    // Encodings order like numbers once those of negative ones are turned round.
    const key = (x: Expr<'i64'>) => {
      const wide = t.name === 'f32' ? i64.extend32_s(x) : x
      return f.let(i64.xor(wide, i64.shr_u(i64.shr_s(wide, 63), 1)))
    }
    f.return(select(i64.lt_s(key(a), key(b)), i32.const(LESS), i32.const(GREATER)))
  })

const RELATIONS = { f32: relationOf(SINGLE), f64: relationOf(DOUBLE) }

/** Outcomes for which predicate `imm8 & 7` holds: EQ LT LE UNORD NEQ NLT NLE ORD, one hexadecimal digit each. */
const PREDICATES = 0x7cde_8321

/** (a, b, predicate) with all lanes compared exactly; lanes from `lanes` on are left as in `a`. */
const compareFunction = (s: Shape<'v128', 'v128'>, lanes: number) =>
  runtimeFunction(`sse_cmp_${s.name}_${lanes}`, ['v128', 'v128', 'i32'], 'v128', (f, link) => {
    const [a, b] = [f.param(0, 'v128'), f.param(1, 'v128')]
    const predicate = f.let(i32.and(f.param(2, 'i32'), 7))
    const holds = f.let(i32.shr_u(PREDICATES, i32.shl(predicate, 2)))
    // LT, LE and their negations do not take quiet NaNs.
    const strict = f.let(i32.and(1, i32.xor(predicate, i32.shr_u(predicate, 1))))
    const r = f.variable(a)
    begin(f)
    for (let i = 0; i < lanes; i++) {
      const relation = callExpr(link.runtime(RELATIONS[s.format.name]), s.extract(a, i), s.extract(b, i), strict)
      f.set(r, s.replace(r, i, i64.sub(0n, i64.extend_u(i32.ne(i32.and(holds, relation), 0)))))
    }
    f.call(link.runtime(finish))
    f.return(r)
  })

/** MIN or MAX: the second operand unless the first compares as wanted; (0, -0) and NaNs give the second unchanged. */
const extremumFunction = (s: Shape<'v128', 'v128'>, lanes: number, wanted: number) =>
  runtimeFunction(`sse_${wanted === LESS ? 'min' : 'max'}_${s.name}_${lanes}`, ['v128', 'v128'], 'v128', (f, link) => {
    const [a, b] = [f.param(0, 'v128'), f.param(1, 'v128')]
    const r = f.variable(a)
    begin(f)
    for (let i = 0; i < lanes; i++) {
      const x = f.variable(s.extract(a, i))
      const y = f.variable(s.extract(b, i))
      const relation = f.let(callExpr(link.runtime(RELATIONS[s.format.name]), x, y, i32.const(1)))
      flushOperands(f, s.format, x, y)
      f.set(r, s.replace(r, i, select(i32.eq(relation, wanted), x, y)))
    }
    f.call(link.runtime(finish))
    f.return(r)
  })

function family(s: Shape<'v128', 'v128'>, lanes: number) {
  return {
    compare: compareFunction(s, lanes),
    min: extremumFunction(s, lanes, LESS),
    max: extremumFunction(s, lanes, GREATER),
  }
}

const FAMILIES = { ps: family(PS, 4), pd: family(PD, 2), ss: family(PS, 1), sd: family(PD, 1) }

/** Lanes compared by a name, and WebAssembly's instructions for vectors of that format. */
const vectorsOf = (name: 'ps' | 'pd' | 'ss' | 'sd') => (name === 'ps' || name === 'ss' ? f32x4 : f64x2)

/** Whether operands of a comparison are denormal or NaNs; for scalars only the lowest lane counts. */
function special(name: 'ps' | 'pd' | 'ss' | 'sd', a: V128, b: V128): I32 {
  const check = <T extends ValType, M extends ValType>(s: Shape<T, M>, x: Expr<T>, y: Expr<T>) =>
    s.any(s.or(s.denormal(x, y), s.or(s.ne(x, x), s.ne(y, y))))
  if (name === 'ss') return check(SS, f32x4.extract_lane(a, 0), f32x4.extract_lane(b, 0))
  if (name === 'sd') return check(SD, f64x2.extract_lane(a, 0), f64x2.extract_lane(b, 0))
  return check(name === 'ps' ? PS : PD, a, b)
}

/** Lowest lane of `r` in `a` for scalars, all of `r` else. */
function merge(name: 'ps' | 'pd' | 'ss' | 'sd', a: V128, r: V128): V128 {
  if (name === 'ss') return f32x4.replace_lane(a, 0, f32x4.extract_lane(r, 0))
  if (name === 'sd') return f64x2.replace_lane(a, 0, f64x2.extract_lane(r, 0))
  return r
}

/** In rows: CMP of bound operands with predicate `imm` (bits above 2 are ignored). */
export function compare(o: Ops, name: 'ps' | 'pd' | 'ss' | 'sd', a: V128, b: V128, imm: I32In): V128 {
  const v = vectorsOf(name)
  const kind = i32.and(imm, 3)
  const unordered = v128.or(v.ne(a, a), v.ne(b, b))
  const [isLess, isEqual] = [i32.eq(kind, 1), i32.eqz(kind)]
  const positive = select(
    isEqual,
    v.eq(a, b),
    select(isLess, v.lt(a, b), select(i32.eq(kind, 2), v.le(a, b), unordered)),
  )
  const bound = o.f.let(positive)
  const r = o.f.variable(merge(name, a, select(i32.and(imm, 4), v128.not(bound), bound)))
  o.f.if(special(name, a, b), () => {
    o.f.set(r, o.value(FAMILIES[name].compare, a, b, asI32(imm)))
    trap(o)
  })
  return r
}

/** In rows: MIN or MAX of bound operands. */
export function extremum(o: Ops, name: 'ps' | 'pd' | 'ss' | 'sd', which: 'min' | 'max', a: V128, b: V128): V128 {
  const v = vectorsOf(name)
  const r = o.f.variable(merge(name, a, which === 'min' ? v.pmin(b, a) : v.pmax(b, a)))
  o.f.if(special(name, a, b), () => {
    o.f.set(r, o.value(FAMILIES[name][which], a, b))
    trap(o)
  })
  return r
}

/** (a, b, whether quiet NaNs are invalid) for COMIS and UCOMIS: the outcome. */
const relationOnce = (t: Format) =>
  runtimeFunction(`sse_comis_${t.name}`, ['i64', 'i64', 'i32'], 'i32', (f, link) => {
    begin(f)
    const args = [f.param(0, 'i64'), f.param(1, 'i64'), f.param(2, 'i32')]
    const relation = f.let(callExpr(link.runtime(RELATIONS[t.name]), ...args))
    f.call(link.runtime(finish))
    f.return(relation)
  })

const RELATIONS_ONCE = { f32: relationOnce(SINGLE), f64: relationOnce(DOUBLE) }

/** In rows: COMIS (`strict`) or UCOMIS of bound operands into the flags. */
export function compareScalars<T extends 'f32' | 'f64'>(
  o: Ops,
  s: Shape<T, 'i32'>,
  strict: boolean,
  a: Expr<T>,
  b: Expr<T>,
): void {
  const { f } = o
  const ordered = s as unknown as { eq: (a: Expr<T>, b: Expr<T>) => I32; lt: (a: Expr<T>, b: Expr<T>) => I32 }
  const equal = f.variable(ordered.eq(a, b))
  const less = f.variable(ordered.lt(a, b))
  const unordered = f.variable(i32.const(0))
  const unknown = [a, b].filter((_, i) => !o.sseKnown(i, s.name))
  const nan = s.or(s.ne(a, a), s.ne(b, b))
  const known = unknown.length < 2 ? s.or(nan, o.sseCareful()) : nan
  const special = unknown.length ? s.or(s.denormal(...unknown), known) : known
  const ask = () => {
    const args = [s.extract(a, 0), s.extract(b, 0), i32.const(strict ? 1 : 0)]
    const relation = o.value(RELATIONS_ONCE[s.format.name], ...args)
    trap(o)
    o.sseMet(s.name, s.denormal(a, b))
    f.set(unordered, i32.eq(relation, UNORDERED))
    f.set(equal, i32.ne(i32.and(relation, EQUAL | UNORDERED), 0))
    f.set(less, i32.ne(i32.and(relation, LESS | UNORDERED), 0))
  }
  f.if(special, ask, undefined, 'unlikely')
  o.setFlags({ zf: equal, pf: unordered, cf: less, of: 0, sf: 0, af: 0 })
}
