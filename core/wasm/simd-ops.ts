/**
 * WebAssembly's 128-bit SIMD instructions by the names of the specification: `i16x8.add(a, b)`, `v128.bitselect(a, b, mask)`.
 * Source: WebAssembly Core Specification 2.0, 5.4.8. Memory: `v128.load`; stores are FunctionBuilder.storeV128.
 */

import type { F32, F32In, F64, F64In, I32, I32In, I64, I64In, V128 } from './expr.ts'
import { asF32, asF64, asI32, asI64, loadPrefixed, opPrefixed } from './expr.ts'

const PREFIX = 0xfd

const unary =
  (opcode: number) =>
  (a: V128): V128 =>
    opPrefixed('v128', PREFIX, opcode, [a])
const binary =
  (opcode: number) =>
  (a: V128, b: V128): V128 =>
    opPrefixed('v128', PREFIX, opcode, [a, b])
/** Shifts of every lane by one count, taken modulo the lane's width. */
const shift =
  (opcode: number) =>
  (a: V128, count: I32In): V128 =>
    opPrefixed('v128', PREFIX, opcode, [a, asI32(count)])
/** Lane tests and masks: a number from a vector. */
const test =
  (opcode: number) =>
  (a: V128): I32 =>
    opPrefixed('i32', PREFIX, opcode, [a])
const load =
  (opcode: number) =>
  (address: I32In, offset = 0): V128 =>
    loadPrefixed(opcode, 0, address, offset)
const splat32 =
  (opcode: number) =>
  (a: I32In): V128 =>
    opPrefixed('v128', PREFIX, opcode, [asI32(a)])
const extract32 =
  (opcode: number) =>
  (a: V128, lane: number): I32 =>
    opPrefixed('i32', PREFIX, opcode, [a], [lane])
const replace32 =
  (opcode: number) =>
  (a: V128, lane: number, value: I32In): V128 =>
    opPrefixed('v128', PREFIX, opcode, [a, asI32(value)], [lane])

/** A constant from 16 bytes. */
function constBytes(bytes: ArrayLike<number>): V128 {
  const copy = Uint8Array.from(bytes)
  return {
    type: 'v128',
    emit(out) {
      out.u8(PREFIX)
      out.u32(12)
      out.raw(copy)
    },
  }
}

/** A constant from lanes; fewer lanes than the vector has are repeated. */
function constLanes(bits: 8 | 16 | 32 | 64, lanes: readonly (number | bigint)[]): V128 {
  const view = new DataView(new ArrayBuffer(16))
  for (let at = 0, i = 0; at < 16; at += bits / 8, i++) {
    const value = BigInt(lanes[i % lanes.length] as number)
    if (bits === 8) view.setUint8(at, Number(value & 0xffn))
    else if (bits === 16) view.setUint16(at, Number(value & 0xffffn), true)
    else if (bits === 32) view.setUint32(at, Number(value & 0xffff_ffffn), true)
    else view.setBigUint64(at, BigInt.asUintN(64, value), true)
  }
  return constBytes(new Uint8Array(view.buffer))
}

export const v128 = {
  load: load(0),
  /** 32 (64) bits into the low lane, the rest zero. */
  load32_zero: load(92),
  load64_zero: load(93),
  const: constBytes,
  zero: (): V128 => constBytes(new Uint8Array(16)),
  not: unary(77),
  and: binary(78),
  /** `a & ~b` (x86's ANDN has the operands the other way round). */
  andnot: binary(79),
  or: binary(80),
  xor: binary(81),
  /** Bits of `a` where `mask` is one, of `b` where it is zero. */
  bitselect: (a: V128, b: V128, mask: V128): V128 => opPrefixed('v128', PREFIX, 82, [a, b, mask]),
  any_true: test(83),
} as const

export const i8x16 = {
  const: (...lanes: number[]): V128 => constLanes(8, lanes),
  /** Bytes chosen by constant: 0 to 15 from `a`, 16 to 31 from `b`. */
  shuffle: (a: V128, b: V128, lanes: readonly number[]): V128 => opPrefixed('v128', PREFIX, 13, [a, b], [...lanes]),
  /** Bytes of `a` chosen by the bytes of `indexes`; those above 15 give zero. */
  swizzle: binary(14),
  splat: splat32(15),
  extract_lane_s: extract32(21),
  extract_lane_u: extract32(22),
  replace_lane: replace32(23),
  eq: binary(35),
  ne: binary(36),
  lt_s: binary(37),
  lt_u: binary(38),
  gt_s: binary(39),
  gt_u: binary(40),
  le_s: binary(41),
  le_u: binary(42),
  ge_s: binary(43),
  ge_u: binary(44),
  abs: unary(96),
  neg: unary(97),
  all_true: test(99),
  bitmask: test(100),
  narrow_i16x8_s: binary(101),
  narrow_i16x8_u: binary(102),
  shl: shift(107),
  shr_s: shift(108),
  shr_u: shift(109),
  add: binary(110),
  add_sat_s: binary(111),
  add_sat_u: binary(112),
  sub: binary(113),
  sub_sat_s: binary(114),
  sub_sat_u: binary(115),
  min_s: binary(118),
  min_u: binary(119),
  max_s: binary(120),
  max_u: binary(121),
  avgr_u: binary(123),
} as const

export const i16x8 = {
  const: (...lanes: number[]): V128 => constLanes(16, lanes),
  splat: splat32(16),
  extract_lane_s: extract32(24),
  extract_lane_u: extract32(25),
  replace_lane: replace32(26),
  eq: binary(45),
  ne: binary(46),
  lt_s: binary(47),
  lt_u: binary(48),
  gt_s: binary(49),
  gt_u: binary(50),
  le_s: binary(51),
  le_u: binary(52),
  ge_s: binary(53),
  ge_u: binary(54),
  extadd_pairwise_i8x16_s: unary(124),
  extadd_pairwise_i8x16_u: unary(125),
  abs: unary(128),
  neg: unary(129),
  q15mulr_sat_s: binary(130),
  all_true: test(131),
  bitmask: test(132),
  narrow_i32x4_s: binary(133),
  narrow_i32x4_u: binary(134),
  extend_low_i8x16_s: unary(135),
  extend_high_i8x16_s: unary(136),
  extend_low_i8x16_u: unary(137),
  extend_high_i8x16_u: unary(138),
  shl: shift(139),
  shr_s: shift(140),
  shr_u: shift(141),
  add: binary(142),
  add_sat_s: binary(143),
  add_sat_u: binary(144),
  sub: binary(145),
  sub_sat_s: binary(146),
  sub_sat_u: binary(147),
  mul: binary(149),
  min_s: binary(150),
  min_u: binary(151),
  max_s: binary(152),
  max_u: binary(153),
  avgr_u: binary(155),
  extmul_low_i8x16_s: binary(156),
  extmul_high_i8x16_s: binary(157),
  extmul_low_i8x16_u: binary(158),
  extmul_high_i8x16_u: binary(159),
} as const

export const i32x4 = {
  const: (...lanes: number[]): V128 => constLanes(32, lanes),
  splat: splat32(17),
  extract_lane: extract32(27),
  replace_lane: replace32(28),
  eq: binary(55),
  ne: binary(56),
  lt_s: binary(57),
  lt_u: binary(58),
  gt_s: binary(59),
  gt_u: binary(60),
  le_s: binary(61),
  le_u: binary(62),
  ge_s: binary(63),
  ge_u: binary(64),
  extadd_pairwise_i16x8_s: unary(126),
  extadd_pairwise_i16x8_u: unary(127),
  abs: unary(160),
  neg: unary(161),
  all_true: test(163),
  bitmask: test(164),
  extend_low_i16x8_s: unary(167),
  extend_high_i16x8_s: unary(168),
  extend_low_i16x8_u: unary(169),
  extend_high_i16x8_u: unary(170),
  shl: shift(171),
  shr_s: shift(172),
  shr_u: shift(173),
  add: binary(174),
  sub: binary(177),
  mul: binary(181),
  min_s: binary(182),
  min_u: binary(183),
  max_s: binary(184),
  max_u: binary(185),
  dot_i16x8_s: binary(186),
  extmul_low_i16x8_s: binary(188),
  extmul_high_i16x8_s: binary(189),
  extmul_low_i16x8_u: binary(190),
  extmul_high_i16x8_u: binary(191),
  trunc_sat_f32x4_s: unary(248),
  trunc_sat_f32x4_u: unary(249),
  trunc_sat_f64x2_s_zero: unary(252),
  trunc_sat_f64x2_u_zero: unary(253),
} as const

export const i64x2 = {
  const: (...lanes: bigint[]): V128 => constLanes(64, lanes),
  splat: (a: I64In): V128 => opPrefixed('v128', PREFIX, 18, [asI64(a)]),
  extract_lane: (a: V128, lane: number): I64 => opPrefixed('i64', PREFIX, 29, [a], [lane]),
  replace_lane: (a: V128, lane: number, value: I64In): V128 =>
    opPrefixed('v128', PREFIX, 30, [a, asI64(value)], [lane]),
  abs: unary(192),
  neg: unary(193),
  all_true: test(195),
  bitmask: test(196),
  extend_low_i32x4_s: unary(199),
  extend_high_i32x4_s: unary(200),
  extend_low_i32x4_u: unary(201),
  extend_high_i32x4_u: unary(202),
  shl: shift(203),
  shr_s: shift(204),
  shr_u: shift(205),
  add: binary(206),
  sub: binary(209),
  mul: binary(213),
  eq: binary(214),
  ne: binary(215),
  lt_s: binary(216),
  gt_s: binary(217),
  le_s: binary(218),
  ge_s: binary(219),
  extmul_low_i32x4_s: binary(220),
  extmul_high_i32x4_s: binary(221),
  extmul_low_i32x4_u: binary(222),
  extmul_high_i32x4_u: binary(223),
} as const

export const f32x4 = {
  splat: (a: F32In): V128 => opPrefixed('v128', PREFIX, 19, [asF32(a)]),
  extract_lane: (a: V128, lane: number): F32 => opPrefixed('f32', PREFIX, 31, [a], [lane]),
  replace_lane: (a: V128, lane: number, value: F32In): V128 =>
    opPrefixed('v128', PREFIX, 32, [a, asF32(value)], [lane]),
  eq: binary(65),
  ne: binary(66),
  lt: binary(67),
  gt: binary(68),
  le: binary(69),
  ge: binary(70),
  demote_f64x2_zero: unary(94),
  ceil: unary(103),
  floor: unary(104),
  trunc: unary(105),
  nearest: unary(106),
  abs: unary(224),
  neg: unary(225),
  sqrt: unary(227),
  add: binary(228),
  sub: binary(229),
  mul: binary(230),
  div: binary(231),
  min: binary(232),
  max: binary(233),
  /** `b < a ? b : a` */
  pmin: binary(234),
  /** `a < b ? b : a` */
  pmax: binary(235),
  convert_i32x4_s: unary(250),
  convert_i32x4_u: unary(251),
} as const

export const f64x2 = {
  splat: (a: F64In): V128 => opPrefixed('v128', PREFIX, 20, [asF64(a)]),
  extract_lane: (a: V128, lane: number): F64 => opPrefixed('f64', PREFIX, 33, [a], [lane]),
  replace_lane: (a: V128, lane: number, value: F64In): V128 =>
    opPrefixed('v128', PREFIX, 34, [a, asF64(value)], [lane]),
  eq: binary(71),
  ne: binary(72),
  lt: binary(73),
  gt: binary(74),
  le: binary(75),
  ge: binary(76),
  promote_low_f32x4: unary(95),
  ceil: unary(116),
  floor: unary(117),
  trunc: unary(122),
  nearest: unary(148),
  abs: unary(236),
  neg: unary(237),
  sqrt: unary(239),
  add: binary(240),
  sub: binary(241),
  mul: binary(242),
  div: binary(243),
  min: binary(244),
  max: binary(245),
  pmin: binary(246),
  pmax: binary(247),
  convert_low_i32x4_s: unary(254),
  convert_low_i32x4_u: unary(255),
} as const
