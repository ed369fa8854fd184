/** WebAssembly's scalar instructions by the names of the specification: `i32.add(a, b)`, `i64.load(address, offset)`. */

import type { F32, F32In, F64, F64In, I32, I32In, I64, I64In } from './expr.ts'
import { asF32, asF64, asI32, asI64, constI32, constI64, load, op, opPrefixed } from './expr.ts'

type Fold32 = (a: number, b: number) => number
type Fold64 = (a: bigint, b: bigint) => bigint

/** Binary i32 operation; `zeroRight` says that a right operand of 0 leaves the left one unchanged. */
function binary32(opcode: number, fold: Fold32, zeroRight = false, commutes = false) {
  return (a: I32In, b: I32In): I32 => {
    let x = asI32(a)
    let y = asI32(b)
    if (x.constant !== undefined && y.constant !== undefined)
      return constI32(fold(x.constant as number, y.constant as number))
    if (commutes && x.constant !== undefined) [x, y] = [y, x]
    if (zeroRight && y.constant === 0) return x
    return op('i32', opcode, x, y)
  }
}

const compare32 = (opcode: number, fold: (a: number, b: number) => boolean) =>
  binary32(opcode, (a, b) => (fold(a, b) ? 1 : 0))
const greater = compare32(0x4b, (a, b) => a >>> 0 > b >>> 0)
/** Division traps on zero, so it is never folded. */
const plain32 =
  (opcode: number) =>
  (a: I32In, b: I32In): I32 =>
    op('i32', opcode, asI32(a), asI32(b))
const unary32 =
  (opcode: number, fold?: (a: number) => number) =>
  (a: I32In): I32 => {
    const x = asI32(a)
    return fold && x.constant !== undefined ? constI32(fold(x.constant as number)) : op('i32', opcode, x)
  }
const load32 =
  (opcode: number, align: number, max?: number) =>
  (address: I32In, offset = 0): I32 => {
    const value = load('i32', opcode, align, address, offset)
    return max === undefined ? value : { ...value, max }
  }

const and = binary32(0x71, (a, b) => a & b, false, true)
/** What is not above `max` stays what it is under a mask of the low bits up to there. */
function mask(a: I32In, b: I32In): I32 {
  const [x, y] = [asI32(a), asI32(b)]
  const [value, bits] = x.constant === undefined ? [x, y.constant] : [y, x.constant]
  if (typeof bits !== 'number' || bits < 0) return and(x, y)
  if (value.max !== undefined && value.max <= bits && (bits & (bits + 1)) === 0) return value
  return { ...and(x, y), max: bits }
}

const maxOf = ({ max, constant }: I32): number | undefined =>
  typeof constant === 'number' && constant >= 0 ? constant : max

/** Exclusive or and or of small values are small. */
const bitwise =
  (opcode: number, fold: Fold32) =>
  (a: I32In, b: I32In): I32 => {
    const [x, y] = [asI32(a), asI32(b)]
    const value = binary32(opcode, fold, true, true)(x, y)
    const [m, n] = [maxOf(x), maxOf(y)]
    return m === undefined || n === undefined ? value : { ...value, max: 2 ** (32 - Math.clz32(m | n)) - 1 }
  }

export const i32 = {
  const: constI32,
  load: load32(0x28, 0),
  load8_s: load32(0x2c, 0),
  load8_u: load32(0x2d, 0, 0xff),
  load16_s: load32(0x2e, 0),
  load16_u: load32(0x2f, 0, 0xffff),
  eqz: unary32(0x45, (a) => (a === 0 ? 1 : 0)),
  eq: compare32(0x46, (a, b) => a === b),
  ne: compare32(0x47, (a, b) => a !== b),
  lt_s: compare32(0x48, (a, b) => a < b),
  lt_u: compare32(0x49, (a, b) => a >>> 0 < b >>> 0),
  gt_s: compare32(0x4a, (a, b) => a > b),
  gt_u: (a: I32In, b: I32In): I32 => (asI32(b).constant === -1 ? constI32(0) : greater(a, b)),
  le_s: compare32(0x4c, (a, b) => a <= b),
  le_u: compare32(0x4d, (a, b) => a >>> 0 <= b >>> 0),
  ge_s: compare32(0x4e, (a, b) => a >= b),
  ge_u: compare32(0x4f, (a, b) => a >>> 0 >= b >>> 0),
  clz: unary32(0x67, Math.clz32),
  ctz: unary32(0x68),
  popcnt: unary32(0x69),
  add: binary32(0x6a, (a, b) => a + b, true, true),
  sub: binary32(0x6b, (a, b) => a - b, true),
  mul: binary32(0x6c, Math.imul, false, true),
  div_s: plain32(0x6d),
  div_u: plain32(0x6e),
  rem_s: plain32(0x6f),
  rem_u: plain32(0x70),
  and: mask,
  or: bitwise(0x72, (a, b) => a | b),
  xor: bitwise(0x73, (a, b) => a ^ b),
  shl: binary32(0x74, (a, b) => a << b, true),
  shr_s: binary32(0x75, (a, b) => a >> b, true),
  shr_u: binary32(0x76, (a, b) => a >>> b, true),
  rotl: plain32(0x77),
  rotr: plain32(0x78),
  wrap: (a: I64In): I32 => {
    const x = asI64(a)
    return x.constant === undefined ? op('i32', 0xa7, x) : constI32(Number(BigInt.asIntN(32, x.constant as bigint)))
  },
  trunc_sat_f32_s: (a: F32In): I32 => opPrefixed('i32', 0xfc, 0, [asF32(a)]),
  trunc_sat_f32_u: (a: F32In): I32 => opPrefixed('i32', 0xfc, 1, [asF32(a)]),
  trunc_sat_f64_s: (a: F64In): I32 => opPrefixed('i32', 0xfc, 2, [asF64(a)]),
  trunc_sat_f64_u: (a: F64In): I32 => opPrefixed('i32', 0xfc, 3, [asF64(a)]),
  reinterpret: (a: F32In): I32 => op('i32', 0xbc, asF32(a)),
  extend8_s: unary32(0xc0, (a) => (a << 24) >> 24),
  extend16_s: unary32(0xc1, (a) => (a << 16) >> 16),
} as const

function binary64(opcode: number, fold: Fold64, zeroRight = false) {
  return (a: I64In, b: I64In): I64 => {
    const x = asI64(a)
    const y = asI64(b)
    if (x.constant !== undefined && y.constant !== undefined)
      return constI64(fold(x.constant as bigint, y.constant as bigint))
    if (zeroRight && y.constant === 0n) return x
    return op('i64', opcode, x, y)
  }
}
const plain64 =
  (opcode: number) =>
  (a: I64In, b: I64In): I64 =>
    op('i64', opcode, asI64(a), asI64(b))
const compare64 =
  (opcode: number) =>
  (a: I64In, b: I64In): I32 =>
    op('i32', opcode, asI64(a), asI64(b))
const unary64 =
  (opcode: number) =>
  (a: I64In): I64 =>
    op('i64', opcode, asI64(a))
const load64 =
  (opcode: number, align: number) =>
  (address: I32In, offset = 0): I64 =>
    load('i64', opcode, align, address, offset)

export const i64 = {
  const: constI64,
  load: load64(0x29, 0),
  load8_s: load64(0x30, 0),
  load8_u: load64(0x31, 0),
  load16_s: load64(0x32, 0),
  load16_u: load64(0x33, 0),
  load32_s: load64(0x34, 0),
  load32_u: load64(0x35, 0),
  eqz: (a: I64In): I32 => op('i32', 0x50, asI64(a)),
  eq: compare64(0x51),
  ne: compare64(0x52),
  lt_s: compare64(0x53),
  lt_u: compare64(0x54),
  gt_s: compare64(0x55),
  gt_u: compare64(0x56),
  le_s: compare64(0x57),
  le_u: compare64(0x58),
  ge_s: compare64(0x59),
  ge_u: compare64(0x5a),
  clz: unary64(0x79),
  ctz: unary64(0x7a),
  popcnt: unary64(0x7b),
  add: binary64(0x7c, (a, b) => a + b, true),
  sub: binary64(0x7d, (a, b) => a - b, true),
  mul: binary64(0x7e, (a, b) => a * b),
  div_s: plain64(0x7f),
  div_u: plain64(0x80),
  rem_s: plain64(0x81),
  rem_u: plain64(0x82),
  and: binary64(0x83, (a, b) => a & b),
  or: binary64(0x84, (a, b) => a | b, true),
  xor: binary64(0x85, (a, b) => a ^ b, true),
  shl: plain64(0x86),
  shr_s: plain64(0x87),
  shr_u: plain64(0x88),
  rotl: plain64(0x89),
  rotr: plain64(0x8a),
  extend_s: (a: I32In): I64 => {
    const x = asI32(a)
    return x.constant === undefined ? op('i64', 0xac, x) : constI64(BigInt(x.constant as number))
  },
  extend_u: (a: I32In): I64 => {
    const x = asI32(a)
    return x.constant === undefined ? op('i64', 0xad, x) : constI64(BigInt((x.constant as number) >>> 0))
  },
  trunc_sat_f32_s: (a: F32In): I64 => opPrefixed('i64', 0xfc, 4, [asF32(a)]),
  trunc_sat_f32_u: (a: F32In): I64 => opPrefixed('i64', 0xfc, 5, [asF32(a)]),
  trunc_sat_f64_s: (a: F64In): I64 => opPrefixed('i64', 0xfc, 6, [asF64(a)]),
  trunc_sat_f64_u: (a: F64In): I64 => opPrefixed('i64', 0xfc, 7, [asF64(a)]),
  reinterpret: (a: F64In): I64 => op('i64', 0xbd, asF64(a)),
  extend8_s: unary64(0xc2),
  extend16_s: unary64(0xc3),
  extend32_s: unary64(0xc4),
} as const

const f32Binary =
  (opcode: number) =>
  (a: F32In, b: F32In): F32 =>
    op('f32', opcode, asF32(a), asF32(b))
const f32Unary =
  (opcode: number) =>
  (a: F32In): F32 =>
    op('f32', opcode, asF32(a))
const f32Compare =
  (opcode: number) =>
  (a: F32In, b: F32In): I32 =>
    op('i32', opcode, asF32(a), asF32(b))

export const f32 = {
  const: (value: number): F32 => asF32(value),
  load: (address: I32In, offset = 0): F32 => load('f32', 0x2a, 0, address, offset),
  eq: f32Compare(0x5b),
  ne: f32Compare(0x5c),
  lt: f32Compare(0x5d),
  gt: f32Compare(0x5e),
  le: f32Compare(0x5f),
  ge: f32Compare(0x60),
  abs: f32Unary(0x8b),
  neg: f32Unary(0x8c),
  ceil: f32Unary(0x8d),
  floor: f32Unary(0x8e),
  trunc: f32Unary(0x8f),
  nearest: f32Unary(0x90),
  sqrt: f32Unary(0x91),
  add: f32Binary(0x92),
  sub: f32Binary(0x93),
  mul: f32Binary(0x94),
  div: f32Binary(0x95),
  min: f32Binary(0x96),
  max: f32Binary(0x97),
  copysign: f32Binary(0x98),
  convert_i32_s: (a: I32In): F32 => op('f32', 0xb2, asI32(a)),
  convert_i32_u: (a: I32In): F32 => op('f32', 0xb3, asI32(a)),
  convert_i64_s: (a: I64In): F32 => op('f32', 0xb4, asI64(a)),
  convert_i64_u: (a: I64In): F32 => op('f32', 0xb5, asI64(a)),
  demote: (a: F64In): F32 => op('f32', 0xb6, asF64(a)),
  reinterpret: (a: I32In): F32 => op('f32', 0xbe, asI32(a)),
} as const

const f64Binary =
  (opcode: number) =>
  (a: F64In, b: F64In): F64 =>
    op('f64', opcode, asF64(a), asF64(b))
const f64Unary =
  (opcode: number) =>
  (a: F64In): F64 =>
    op('f64', opcode, asF64(a))
const f64Compare =
  (opcode: number) =>
  (a: F64In, b: F64In): I32 =>
    op('i32', opcode, asF64(a), asF64(b))

export const f64 = {
  const: (value: number): F64 => asF64(value),
  load: (address: I32In, offset = 0): F64 => load('f64', 0x2b, 0, address, offset),
  eq: f64Compare(0x61),
  ne: f64Compare(0x62),
  lt: f64Compare(0x63),
  gt: f64Compare(0x64),
  le: f64Compare(0x65),
  ge: f64Compare(0x66),
  abs: f64Unary(0x99),
  neg: f64Unary(0x9a),
  ceil: f64Unary(0x9b),
  floor: f64Unary(0x9c),
  trunc: f64Unary(0x9d),
  nearest: f64Unary(0x9e),
  sqrt: f64Unary(0x9f),
  add: f64Binary(0xa0),
  sub: f64Binary(0xa1),
  mul: f64Binary(0xa2),
  div: f64Binary(0xa3),
  min: f64Binary(0xa4),
  max: f64Binary(0xa5),
  copysign: f64Binary(0xa6),
  convert_i32_s: (a: I32In): F64 => op('f64', 0xb7, asI32(a)),
  convert_i32_u: (a: I32In): F64 => op('f64', 0xb8, asI32(a)),
  convert_i64_s: (a: I64In): F64 => op('f64', 0xb9, asI64(a)),
  convert_i64_u: (a: I64In): F64 => op('f64', 0xba, asI64(a)),
  promote: (a: F32In): F64 => op('f64', 0xbb, asF32(a)),
  reinterpret: (a: I64In): F64 => op('f64', 0xbf, asI64(a)),
} as const
