/**
 * The four shapes of SSE arithmetic (packed and scalar, single and double) behind one set of names, so that each operation and
 * each check is written once. Values are v128, f32 or f64; masks are v128 of lanes, or an i32 for scalars.
 *
 * The checks work on encodings: doubled, so that the sign is gone (integers), or minus one, so that zero is out of the way.
 */
import type { Expr, F32, F64, I32, I64, V128, ValType } from '../../wasm/expr.ts'
import { constI64 } from '../../wasm/expr.ts'
import { f32, f64, i32, i64 } from '../../wasm/ops.ts'
import { f32x4, f64x2, i32x4, i64x2, v128 } from '../../wasm/simd-ops.ts'
import type { Format } from './soft-float.ts'
import { DOUBLE, SINGLE } from './soft-float.ts'

type Binary<T extends ValType> = (a: Expr<T>, b: Expr<T>) => Expr<T>

export type ShapeName = 'ps' | 'pd' | 'ss' | 'sd'

/** Operations and checks for values of type `T` with masks of type `M`. */
export interface Shape<T extends ValType = ValType, M extends ValType = ValType> {
  readonly name: ShapeName
  readonly type: T
  readonly format: Format
  readonly lanes: number
  readonly add: Binary<T>
  readonly sub: Binary<T>
  readonly mul: Binary<T>
  readonly div: Binary<T>
  readonly sqrt: (a: Expr<T>) => Expr<T>
  /** Lanes that differ, or where one is a NaN. */
  readonly ne: (a: Expr<T>, b: Expr<T>) => Expr<M>
  /** Lanes where any of `xs` is a denormal number. */
  readonly denormal: (...xs: Expr<T>[]) => Expr<M>
  /** Infinite, or a NaN. */
  readonly nonfinite: (x: Expr<T>) => Expr<M>
  /** Not strictly between the smallest normal number and infinity: a result that may have over- or underflowed. */
  readonly outside: (x: Expr<T>) => Expr<M>
  /**
   * What `ordinary` computes with. The first is a limit: with `none` in its place nothing is ordinary, whatever the others are.
   * They are values of their own so that they can be kept where they need not be made again.
   */
  readonly constants: readonly Expr[]
  readonly none: Expr
  /** Conditions, all of which hold where no operand is denormal and `r` is the opposite of `outside`. */
  readonly ordinary: (operands: readonly Expr<T>[], r: Expr<T>, constants: readonly Expr[]) => I32[]
  readonly zero: (x: Expr<T>) => Expr<M>
  readonly or: Binary<M>
  readonly and: Binary<M>
  readonly andnot: Binary<M>
  readonly any: (m: Expr<M>) => I32
  /** Encoding of lane `i`, in an i64. */
  readonly extract: (x: Expr<T>, i: number) => I64
  readonly replace: (x: Expr<T>, i: number, encoding: I64) => Expr<T>
}

const twice = (x: V128) => i32x4.add(x, x)
const belowZero = (x: V128) => i32x4.sub(twice(x), i32x4.const(1))
const vectorMasks = { or: v128.or, and: v128.and, andnot: v128.andnot, any: v128.any_true }
const scalarMasks = {
  or: i32.or,
  and: i32.and,
  andnot: (a: I32, b: I32) => i32.and(a, i32.eqz(b)),
  any: (m: I32) => m,
}

export const PS: Shape<'v128', 'v128'> = {
  name: 'ps',
  type: 'v128',
  format: SINGLE,
  lanes: 4,
  ...f32x4,
  ...vectorMasks,
  denormal: (...xs) => i32x4.lt_u(xs.map(belowZero).reduce(i32x4.min_u), i32x4.const(0xff_ffff)),
  nonfinite: (x) => i32x4.ge_u(twice(x), i32x4.const(0xff00_0000)),
  outside: (x) => i32x4.ge_u(i32x4.sub(twice(x), i32x4.const(0x100_0001)), i32x4.const(0xfdff_ffff)),
  // Unsigned ranges as signed comparisons, of which processors have one.
  constants: [0x7dff_ffff, 0x7eff_ffff, 0x7fff_ffff, -0x7f00_0002].map((n) => i32x4.const(n)),
  none: i32x4.const(-0x8000_0000),
  ordinary: (operands, r, constants) => {
    const [limit, bias, denormalBias, denormalLimit] = constants as V128[]
    const inside = i32x4.gt_s(limit!, i32x4.add(twice(r), bias!))
    const fine = operands.map((x) => i32x4.gt_s(i32x4.add(twice(x), denormalBias!), denormalLimit!))
    return [i32.eq(i32x4.bitmask(fine.reduce(v128.and, inside)), 15)]
  },
  zero: (x) => f32x4.eq(x, v128.zero()),
  extract: (x, i) => i64.extend_u(i32x4.extract_lane(x, i)),
  replace: (x, i, encoding) => i32x4.replace_lane(x, i, i32.wrap(encoding)),
}

const SIGN_64 = 1n << 63n
const LARGEST_DENORMAL = i64x2.const(DOUBLE.one - 1n)
const SMALLEST_NORMAL = i64x2.const(DOUBLE.one)
const INFINITY = i64x2.const(DOUBLE.infinity)

export const PD: Shape<'v128', 'v128'> = {
  name: 'pd',
  type: 'v128',
  format: DOUBLE,
  lanes: 2,
  ...f64x2,
  ...vectorMasks,
  // Zero minus one is a NaN, which is less than nothing.
  denormal: (...xs) =>
    xs.map((x) => f64x2.lt(i64x2.sub(f64x2.abs(x), i64x2.const(1n)), LARGEST_DENORMAL)).reduce((a, b) => v128.or(a, b)),
  nonfinite: (x) => v128.not(f64x2.lt(f64x2.abs(x), INFINITY)),
  outside: (x) => v128.not(v128.and(f64x2.gt(f64x2.abs(x), SMALLEST_NORMAL), f64x2.lt(f64x2.abs(x), INFINITY))),
  constants: [
    SIGN_64 + DOUBLE.infinity * 2n - DOUBLE.one * 2n - 1n,
    SIGN_64 - DOUBLE.one * 2n - 1n,
    SIGN_64 - 1n,
    SIGN_64 + DOUBLE.one * 2n - 2n,
  ].map((n) => i64x2.const(BigInt.asIntN(64, n))),
  none: i64x2.const(SIGN_64),
  ordinary: (operands, r, constants) => {
    const [limit, bias, denormalBias, denormalLimit] = constants as V128[]
    const twice64 = (x: V128) => i64x2.add(x, x)
    const inside = i64x2.gt_s(limit!, i64x2.add(twice64(r), bias!))
    const fine = operands.map((x) => i64x2.gt_s(i64x2.add(twice64(x), denormalBias!), denormalLimit!))
    return [i32.eq(i64x2.bitmask(fine.reduce(v128.and, inside)), 3)]
  },
  zero: (x) => f64x2.eq(x, v128.zero()),
  extract: (x, i) => i64x2.extract_lane(x, i),
  replace: (x, i, encoding) => i64x2.replace_lane(x, i, encoding),
}

const twiceS = (x: F32) => i32.shl(i32.reinterpret(x), 1)

export const SS: Shape<'f32', 'i32'> = {
  name: 'ss',
  type: 'f32',
  format: SINGLE,
  lanes: 1,
  ...f32,
  ...scalarMasks,
  denormal: (...xs) => xs.map((x) => i32.lt_u(i32.sub(twiceS(x), 1), 0xff_ffff)).reduce((a, b) => i32.or(a, b)),
  nonfinite: (x) => i32.ge_u(twiceS(x), 0xff00_0000),
  outside: (x) => i32.ge_u(i32.sub(twiceS(x), 0x100_0001), 0xfdff_ffff),
  constants: [i32.const(0xfdff_ffff)],
  none: i32.const(0),
  ordinary: (operands, r, [limit]) => [
    ...operands.map((x) => i32.ge_u(i32.sub(twiceS(x), 1), 0xff_ffff)),
    i32.lt_u(i32.sub(twiceS(r), 0x100_0001), limit as I32),
  ],
  zero: (x) => f32.eq(x, 0),
  extract: (x) => i64.extend_u(i32.reinterpret(x)),
  replace: (_x, _i, encoding) => f32.reinterpret(i32.wrap(encoding)),
}

const twiceD = (x: F64) => i64.shl(i64.reinterpret(x), 1)

export const SD: Shape<'f64', 'i32'> = {
  name: 'sd',
  type: 'f64',
  format: DOUBLE,
  lanes: 1,
  ...f64,
  ...scalarMasks,
  denormal: (...xs) =>
    xs.map((x) => i64.lt_u(i64.sub(twiceD(x), 1), DOUBLE.one * 2n - 1n)).reduce((a, b) => i32.or(a, b)),
  nonfinite: (x) => i64.ge_u(twiceD(x), DOUBLE.infinity * 2n),
  outside: (x) => i64.ge_u(i64.sub(twiceD(x), DOUBLE.one * 2n + 1n), DOUBLE.infinity * 2n - DOUBLE.one * 2n - 1n),
  constants: [
    constI64(DOUBLE.infinity * 2n - DOUBLE.one * 2n - 1n),
    constI64(DOUBLE.one * 2n + 1n),
    constI64(DOUBLE.one * 2n - 1n),
  ],
  none: constI64(0),
  ordinary: (operands, r, constants) => {
    const [limit, lowest, smallest] = constants as I64[]
    return [
      ...operands.map((x) => i64.ge_u(i64.sub(twiceD(x), 1), smallest!)),
      i64.lt_u(i64.sub(twiceD(r), lowest!), limit!),
    ]
  },
  zero: (x) => f64.eq(x, 0),
  extract: (x) => i64.reinterpret(x),
  replace: (_x, _i, encoding) => f64.reinterpret(encoding),
}

export const SHAPES = { ps: PS, pd: PD, ss: SS, sd: SD } as const
