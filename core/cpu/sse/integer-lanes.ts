/**
 * Integer operations on vectors, one function each, for the XMM and the MMX form of an instruction alike: MMX operands stand in
 * both halves of a vector, and the low half of the result is theirs. Operands are bound.
 *
 * Source: Intel SDM vol 2, the instruction of that name.
 */
import type { I32, I64, V128 } from '../../wasm/expr.ts'
import { select } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import { i8x16, i16x8, i32x4, i64x2, v128 } from '../../wasm/simd-ops.ts'

export type LaneFunction = (a: V128, b: V128, f: FunctionBuilder) => V128

/** Byte numbers 0 to 15, plus `offset`. */
export const byteNumbers = (offset = 0): number[] => Array.from({ length: 16 }, (_, i) => i + offset)

/** Shuffle of whole lanes of `bytes` each; numbers beyond the first vector mean the second. */
export function lanes(bytes: number, numbers: readonly number[]): number[] {
  return numbers.flatMap((n) => Array.from({ length: bytes }, (_, i) => n * bytes + i))
}

/** Lanes of `bytes` from `first` on, of `a` and `b` in turn. */
export function interleave(bytes: number, first: number): (a: V128, b: V128) => V128 {
  const count = 16 / bytes
  const order = Array.from({ length: count }, (_, i) => first + (i >> 1) + (i & 1) * count)
  return (a, b) => i8x16.shuffle(a, b, lanes(bytes, order))
}

export const lowHalves = (a: V128, b: V128): V128 => i8x16.shuffle(a, b, lanes(8, [0, 2]))

/** The MMX form of a function that works on neighbours: on both operands joined in one vector. */
export const joined =
  (fn: LaneFunction): LaneFunction =>
  (a, b, f) => {
    const both = f.let(lowHalves(a, b))
    return fn(both, both, f)
  }

export const andNot: LaneFunction = (a, b) => v128.andnot(b, a)

/** Upper halves of 16-bit products. */
const multiplyHigh =
  (low: (a: V128, b: V128) => V128, high: (a: V128, b: V128) => V128): LaneFunction =>
  (a, b) =>
    i8x16.shuffle(low(a, b), high(a, b), lanes(2, [1, 3, 5, 7, 9, 11, 13, 15]))

export const multiplyHighSigned = multiplyHigh(i32x4.extmul_low_i16x8_s, i32x4.extmul_high_i16x8_s)
export const multiplyHighUnsigned = multiplyHigh(i32x4.extmul_low_i16x8_u, i32x4.extmul_high_i16x8_u)

/** 32-bit lanes 0 and 2, as PMULUDQ and PMULDQ want them. */
const even = (v: V128) => i8x16.shuffle(v, v, lanes(4, [0, 2, 0, 2]))
export const multiplyEvenUnsigned: LaneFunction = (a, b) => i64x2.extmul_low_i32x4_u(even(a), even(b))
export const multiplyEvenSigned: LaneFunction = (a, b) => i64x2.extmul_low_i32x4_s(even(a), even(b))

/** PMULHRSW: rounded product of fractions; -1 × -1 wraps. */
export const multiplyRounded: LaneFunction = (a, b) => {
  const lowest = i16x8.const(0x8000)
  return v128.xor(i16x8.q15mulr_sat_s(a, b), v128.and(i16x8.eq(a, lowest), i16x8.eq(b, lowest)))
}

/** PMADDUBSW: unsigned bytes of `a` times signed bytes of `b`, neighbours added with saturation. */
export const multiplyAddBytes: LaneFunction = (a, b) => {
  const evens = i16x8.mul(v128.and(a, i16x8.const(0xff)), i16x8.shr_s(i16x8.shl(b, 8), 8))
  return i16x8.add_sat_s(evens, i16x8.mul(i16x8.shr_u(a, 8), i16x8.shr_s(b, 8)))
}

export const absoluteDifferences: LaneFunction = (a, b) => i8x16.sub(i8x16.max_u(a, b), i8x16.min_u(a, b))

/** PSADBW: sum of the eight byte differences of each half. */
export const sumDifferences: LaneFunction = (a, b, f) => {
  const sums = f.let(i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(absoluteDifferences(a, b, f))))
  return v128.and(i64x2.add(sums, i64x2.shr_u(sums, 32)), i64x2.const(0xffff_ffffn))
}

/** Neighbours of `a`, then of `b`, combined: PHADD and PHSUB. */
export function horizontal(bytes: number, combine: (a: V128, b: V128) => V128): LaneFunction {
  const count = 16 / bytes
  const pick = (parity: number) =>
    lanes(
      bytes,
      Array.from({ length: count }, (_, i) => i * 2 + parity),
    )
  return (a, b) => combine(i8x16.shuffle(a, b, pick(0)), i8x16.shuffle(a, b, pick(1)))
}

interface SignedLanes {
  neg(a: V128): V128
  lt_s(a: V128, b: V128): V128
  eq(a: V128, b: V128): V128
}

/** PSIGN: `a` negated, kept or zeroed by the sign of `b`. */
export const signed =
  (v: SignedLanes): LaneFunction =>
  (a, b) => {
    const zero = v128.zero()
    return v128.andnot(v128.bitselect(v.neg(a), a, v.lt_s(b, zero)), v.eq(b, zero))
  }

/** PSHUFB: an index with its top bit set gives zero; `mask` keeps the others in range. */
export const shuffleBytes =
  (mask: number): LaneFunction =>
  (a, b) =>
    i8x16.swizzle(a, v128.and(b, i8x16.const(mask)))

// Shifts -------------------------------------------------------------------------------------------------------------------

type Shift = (a: V128, count: I32) => V128

/** Shift of lanes of `bits` by a 32-bit count: counts past the lane give zero, or the sign where `arithmetic`. */
export function shiftBy(shift: Shift, bits: number, arithmetic = false): Shift {
  return (a, count) => {
    const inside = i32.lt_u(count, bits)
    if (arithmetic) return shift(a, select(inside, count, i32.const(bits - 1)))
    return select(inside, shift(a, count), v128.zero())
  }
}

/** The same by a 64-bit count, the low half of `b`. */
export const shiftByVector =
  (shift: Shift, bits: number, arithmetic = false): LaneFunction =>
  (a, b, f) => {
    const count: I64 = i64x2.extract_lane(b, 0)
    const inside = i64.lt_u(count, 64n)
    const bound = f.let(select(inside, i32.wrap(count), i32.const(64)))
    return shiftBy(shift, bits, arithmetic)(a, bound)
  }

/** Bytes `count` (0 to 255) and on of `low` followed by `high` followed by zeros. */
export function alignBytes(low: V128, high: V128, count: I32, f: FunctionBuilder): V128 {
  if (count.constant !== undefined) {
    const n = Math.min(count.constant as number, 32)
    if (n <= 16)
      return i8x16.shuffle(
        low,
        high,
        byteNumbers(n).map((k) => Math.min(k, 31)),
      )
    return i8x16.shuffle(high, v128.zero(), byteNumbers(n - 16))
  }
  // Swizzle gives zero for numbers above 15, which is where the other vector's bytes come in.
  const start = f.let(i8x16.splat(select(i32.lt_u(count, 32), count, i32.const(32))))
  const numbers = f.let(i8x16.add(start, i8x16.const(...byteNumbers())))
  return v128.or(i8x16.swizzle(low, numbers), i8x16.swizzle(high, i8x16.sub(numbers, i8x16.const(16))))
}

/** PSLLDQ: `a` moved up by `count` bytes. */
export function shiftBytesLeft(a: V128, count: I32, f: FunctionBuilder): V128 {
  if (count.constant !== undefined) {
    const n = Math.min(count.constant as number, 16)
    return i8x16.shuffle(v128.zero(), a, byteNumbers(16 - n))
  }
  const start = f.let(i8x16.splat(select(i32.lt_u(count, 16), count, i32.const(16))))
  return i8x16.swizzle(a, i8x16.sub(i8x16.const(...byteNumbers()), start))
}

// Lanes chosen by an immediate -----------------------------------------------------------------------------------------------

/** Four fields of two bits. */
const fields = (imm: number) => [imm & 3, (imm >> 2) & 3, (imm >> 4) & 3, (imm >> 6) & 3]

/** Byte numbers of 32-bit lanes chosen by the fields of `imm`: multiplying moves each field to the same place. */
function laneNumbers(imm: I32): V128 {
  const chosen = v128.and(i32x4.shr_u(i32x4.mul(i32x4.splat(imm), i32x4.const(64, 16, 4, 1)), 6), i32x4.const(3))
  return i32x4.add(i32x4.mul(chosen, i32x4.const(0x0404_0404)), i32x4.const(0x0302_0100))
}

/** SHUFPS: two lanes of `a`, then two of `b`. With the same operand twice, PSHUFD. */
export function shuffleLanes(a: V128, b: V128, imm: I32, f: FunctionBuilder): V128 {
  if (imm.constant !== undefined) {
    const [p, q, r, s] = fields(imm.constant as number) as [number, number, number, number]
    return i8x16.shuffle(a, b, lanes(4, [p, q, r + 4, s + 4]))
  }
  const numbers = f.let(laneNumbers(imm))
  return i8x16.shuffle(i8x16.swizzle(a, numbers), i8x16.swizzle(b, numbers), lanes(8, [0, 3]))
}

/** PSHUFLW (`first` 0) and PSHUFHW (4): four words from `first` on permuted among themselves. */
export function shuffleWords(a: V128, first: 0 | 4, imm: I32): V128 {
  const places = [0, 1, 2, 3, 4, 5, 6, 7]
  const own = (k: number) => k >= first && k < first + 4
  if (imm.constant !== undefined) {
    const chosen = fields(imm.constant as number)
    return i8x16.shuffle(
      a,
      a,
      lanes(
        2,
        places.map((k) => (own(k) ? first + (chosen[k - first] as number) : k)),
      ),
    )
  }
  const factors = i16x8.const(...places.map((k) => (own(k) ? 64 >> ((k - first) * 2) : 0)))
  const chosen = v128.and(i16x8.shr_u(i16x8.mul(i16x8.splat(imm), factors), 6), i16x8.const(3))
  const base = i16x8.const(...places.map((k) => 0x0100 + (own(k) ? first : k) * 0x0202))
  return i8x16.swizzle(a, i16x8.add(i16x8.mul(chosen, i16x8.const(0x0202)), base))
}

/** All ones in the lanes of `bytes` whose bit in `imm` is set. */
export function laneMask(bytes: 2 | 4 | 8, imm: I32): V128 {
  const bits = (count: number) => Array.from({ length: count }, (_, i) => 1 << i)
  if (imm.constant !== undefined) {
    const value = imm.constant as number
    return i8x16.const(...byteNumbers().map((k) => (value >> Math.floor(k / bytes)) & 1 && 0xff))
  }
  if (bytes === 2) return i16x8.ne(v128.and(i16x8.splat(imm), i16x8.const(...bits(8))), v128.zero())
  if (bytes === 4) return i32x4.ne(v128.and(i32x4.splat(imm), i32x4.const(...bits(4))), v128.zero())
  return i64x2.ne(v128.and(i64x2.splat(i64.extend_u(imm)), i64x2.const(1n, 2n)), v128.zero())
}

type LaneBytes = 1 | 2 | 4

/** Lane number `imm` (modulo their count), zero-extended. */
export function extractLane(a: V128, bytes: LaneBytes, imm: I32): I32 {
  const mask = 16 / bytes - 1
  if (imm.constant !== undefined) {
    const lane = (imm.constant as number) & mask
    if (bytes === 1) return i8x16.extract_lane_u(a, lane)
    return bytes === 2 ? i16x8.extract_lane_u(a, lane) : i32x4.extract_lane(a, lane)
  }
  const start = i8x16.splat(i32.mul(i32.and(imm, mask), bytes))
  const moved = i8x16.swizzle(a, i8x16.add(start, i8x16.const(...byteNumbers())))
  if (bytes === 1) return i8x16.extract_lane_u(moved, 0)
  return bytes === 2 ? i16x8.extract_lane_u(moved, 0) : i32x4.extract_lane(moved, 0)
}

/** `a` with lane number `imm` (modulo their count) replaced. */
export function insertLane(a: V128, bytes: LaneBytes, imm: I32, value: I32): V128 {
  const v = { 1: i8x16, 2: i16x8, 4: i32x4 }[bytes]
  const mask = 16 / bytes - 1
  if (imm.constant !== undefined) return v.replace_lane(a, (imm.constant as number) & mask, value)
  const numbers = v.const(...byteNumbers().slice(0, 16 / bytes))
  return v128.bitselect(v.splat(value), a, v.eq(v.splat(i32.and(imm, mask)), numbers))
}
