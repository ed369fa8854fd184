/**
 * Integer operations on MMX registers and, with prefix 66, on XMM registers: MMX, and what SSE and SSE2 added to it. One table
 * serves both forms. Moves, shuffles and conversions are in sse-moves.ts and sse-convert.ts.
 *
 * Source: Intel SDM vol 2, the instruction of that name.
 */
import { i32, i64 } from '../../wasm/ops.ts'
import { i8x16, i16x8, i32x4, i64x2, v128 } from '../../wasm/simd-ops.ts'
import { mmx, mmxBinary, mmxFrom, mmxShift, storeMasked, vector, vectorShift } from '../sse/forms.ts'
import type { LaneFunction } from '../sse/integer-lanes.ts'
import * as I from '../sse/integer-lanes.ts'
import { emptyMmx } from '../x87/mmx-state.ts'
import type { Row, RowOptions } from './row.ts'
import { row } from './row.ts'
import { SSE2 } from './sse.ts'

const MMX: RowOptions = { unit: 'mmx', feature: 'mmx' }
const MMX_SSE: RowOptions = { unit: 'mmx', feature: 'sse' }
export const MMX_SSE2: RowOptions = { unit: 'mmx', feature: 'sse2' }

/** Mnemonic, opcode behind 0F, function of XMM operands; where the MMX form differs its function, and what brought it. */
type Entry = readonly [string, string, LaneFunction, (LaneFunction | undefined)?, RowOptions?]

const same = undefined
/** High halves of MMX operands, interleaved in lanes of `bytes`. */
const upperMmx = (bytes: number): LaneFunction => I.interleave(bytes, 4 / bytes)

const TABLE: readonly Entry[] = [
  ['PACKSSWB', '63', i8x16.narrow_i16x8_s, I.joined(i8x16.narrow_i16x8_s)],
  ['PCMPGTB', '64', i8x16.gt_s],
  ['PCMPGTW', '65', i16x8.gt_s],
  ['PCMPGTD', '66', i32x4.gt_s],
  ['PACKUSWB', '67', i8x16.narrow_i16x8_u, I.joined(i8x16.narrow_i16x8_u)],
  ['PUNPCKHBW', '68', I.interleave(1, 8), upperMmx(1)],
  ['PUNPCKHWD', '69', I.interleave(2, 4), upperMmx(2)],
  ['PUNPCKHDQ', '6A', I.interleave(4, 2), upperMmx(4)],
  ['PACKSSDW', '6B', i16x8.narrow_i32x4_s, I.joined(i16x8.narrow_i32x4_s)],
  ['PCMPEQB', '74', i8x16.eq],
  ['PCMPEQW', '75', i16x8.eq],
  ['PCMPEQD', '76', i32x4.eq],
  ['PSRLW', 'D1', I.shiftByVector(i16x8.shr_u, 16)],
  ['PSRLD', 'D2', I.shiftByVector(i32x4.shr_u, 32)],
  ['PSRLQ', 'D3', I.shiftByVector(i64x2.shr_u, 64)],
  ['PADDQ', 'D4', i64x2.add, same, MMX_SSE2],
  ['PMULLW', 'D5', i16x8.mul],
  ['PSUBUSB', 'D8', i8x16.sub_sat_u],
  ['PSUBUSW', 'D9', i16x8.sub_sat_u],
  ['PMINUB', 'DA', i8x16.min_u, same, MMX_SSE],
  ['PAND', 'DB', v128.and],
  ['PADDUSB', 'DC', i8x16.add_sat_u],
  ['PADDUSW', 'DD', i16x8.add_sat_u],
  ['PMAXUB', 'DE', i8x16.max_u, same, MMX_SSE],
  ['PANDN', 'DF', I.andNot],
  ['PAVGB', 'E0', i8x16.avgr_u, same, MMX_SSE],
  ['PSRAW', 'E1', I.shiftByVector(i16x8.shr_s, 16, true)],
  ['PSRAD', 'E2', I.shiftByVector(i32x4.shr_s, 32, true)],
  ['PAVGW', 'E3', i16x8.avgr_u, same, MMX_SSE],
  ['PMULHUW', 'E4', I.multiplyHighUnsigned, same, MMX_SSE],
  ['PMULHW', 'E5', I.multiplyHighSigned],
  ['PSUBSB', 'E8', i8x16.sub_sat_s],
  ['PSUBSW', 'E9', i16x8.sub_sat_s],
  ['PMINSW', 'EA', i16x8.min_s, same, MMX_SSE],
  ['POR', 'EB', v128.or],
  ['PADDSB', 'EC', i8x16.add_sat_s],
  ['PADDSW', 'ED', i16x8.add_sat_s],
  ['PMAXSW', 'EE', i16x8.max_s, same, MMX_SSE],
  ['PXOR', 'EF', v128.xor],
  ['PSLLW', 'F1', I.shiftByVector(i16x8.shl, 16)],
  ['PSLLD', 'F2', I.shiftByVector(i32x4.shl, 32)],
  ['PSLLQ', 'F3', I.shiftByVector(i64x2.shl, 64)],
  ['PMULUDQ', 'F4', I.multiplyEvenUnsigned, same, MMX_SSE2],
  ['PMADDWD', 'F5', i32x4.dot_i16x8_s],
  ['PSADBW', 'F6', I.sumDifferences, same, MMX_SSE],
  ['PSUBB', 'F8', i8x16.sub],
  ['PSUBW', 'F9', i16x8.sub],
  ['PSUBD', 'FA', i32x4.sub],
  ['PSUBQ', 'FB', i64x2.sub, same, MMX_SSE2],
  ['PADDB', 'FC', i8x16.add],
  ['PADDW', 'FD', i16x8.add],
  ['PADDD', 'FE', i32x4.add],
]

/** Low halves interleaved; the MMX form reads only 32 bits of memory. */
const UNPACK_LOW: readonly Entry[] = [
  ['PUNPCKLBW', '60', I.interleave(1, 0)],
  ['PUNPCKLWD', '61', I.interleave(2, 0)],
  ['PUNPCKLDQ', '62', I.interleave(4, 0)],
]

/** Shifts by an immediate: mnemonic, opcode, XMM and MMX function. */
const SHIFTS = [
  ['PSRLW', '71 /2', I.shiftBy(i16x8.shr_u, 16)],
  ['PSRAW', '71 /4', I.shiftBy(i16x8.shr_s, 16, true)],
  ['PSLLW', '71 /6', I.shiftBy(i16x8.shl, 16)],
  ['PSRLD', '72 /2', I.shiftBy(i32x4.shr_u, 32)],
  ['PSRAD', '72 /4', I.shiftBy(i32x4.shr_s, 32, true)],
  ['PSLLD', '72 /6', I.shiftBy(i32x4.shl, 32)],
  ['PSRLQ', '73 /2', I.shiftBy(i64x2.shr_u, 64)],
  ['PSLLQ', '73 /6', I.shiftBy(i64x2.shl, 64)],
] as const

const both = (mmxSource: string) =>
  function* ([name, opcode, fn, mmxFn = fn, options = MMX]: Entry): Generator<Row> {
    yield row(name, `mm, ${mmxSource}`, `NP 0F ${opcode} /r`, mmxBinary(mmxFn), options)
    yield row(name, 'xmm, xmm/m128', `66 0F ${opcode} /r`, vector(fn), SSE2)
  }

const bytesOf = (mask: ReturnType<typeof i8x16.bitmask>, count: number) => i32.and(mask, 2 ** count - 1)

export const MMX_ROWS: readonly Row[] = [
  row('EMMS', '', 'NP 0F 77', mmx(emptyMmx), MMX),
  ...TABLE.flatMap((entry) => [...both('mm/m64')(entry)]),
  ...UNPACK_LOW.flatMap((entry) => [...both('mm/m32')(entry)]),
  ...SHIFTS.flatMap(([name, opcode, fn]) => [
    row(name, 'rmm, imm8', `NP 0F ${opcode} ib`, mmxShift(fn), MMX),
    row(name, 'rxmm, imm8', `66 0F ${opcode} ib`, vectorShift(fn), SSE2),
  ]),
  row(
    'PSRLDQ',
    'rxmm, imm8',
    '66 0F 73 /3 ib',
    vectorShift((a, n, f) => I.alignBytes(a, v128.zero(), n, f)),
    SSE2,
  ),
  row('PSLLDQ', 'rxmm, imm8', '66 0F 73 /7 ib', vectorShift(I.shiftBytesLeft), SSE2),
  row('PUNPCKLQDQ', 'xmm, xmm/m128', '66 0F 6C /r', vector(I.lowHalves), SSE2),
  row('PUNPCKHQDQ', 'xmm, xmm/m128', '66 0F 6D /r', vector(I.interleave(8, 1)), SSE2),

  row(
    'MOVD',
    'mm, r/m32',
    'NP 0F 6E /r',
    mmxFrom((o) => i64.extend_u(o.read(1))),
    MMX,
  ),
  row(
    'MOVQ',
    'mm, mm/m64',
    'NP 0F 6F /r',
    mmxFrom((o) => o.readI64(1)),
    MMX,
  ),
  row(
    'MOVD',
    'r/m32, mm',
    'NP 0F 7E /r',
    mmx((o, touch) => {
      o.write(0, o.read(1))
      touch()
    }),
    MMX,
  ),
  row(
    'MOVQ',
    'mm/m64, mm',
    'NP 0F 7F /r',
    mmx((o, touch) => {
      o.writeI64(0, o.readI64(1))
      touch()
    }),
    MMX,
  ),
  row(
    'MOVNTQ',
    'm64, mm',
    'NP 0F E7 /r',
    mmx((o, touch) => {
      o.writeI64(0, o.readI64(1))
      touch()
    }),
    MMX_SSE,
  ),
  row(
    'PSHUFW',
    'mm, mm/m64, imm8',
    'NP 0F 70 /r ib',
    mmxFrom((o) => {
      const b = o.f.let(i64x2.splat(o.readI64(1)))
      return i64x2.extract_lane(I.shuffleWords(b, 0, o.read(2)), 0)
    }),
    MMX_SSE,
  ),
  row(
    'PINSRW',
    'mm, r32/m16, imm8',
    'NP 0F C4 /r ib',
    mmxFrom((o) => {
      const value = o.read(1)
      const a = o.f.let(i64x2.splat(o.readI64(0)))
      return i64x2.extract_lane(I.insertLane(a, 2, o.f.let(i32.and(o.read(2), 3)), value), 0)
    }),
    MMX_SSE,
  ),
  row(
    'PEXTRW',
    'r32, rmm, imm8',
    'NP 0F C5 /r ib',
    mmx((o, touch) => {
      const a = o.f.let(i64x2.splat(o.readI64(1)))
      touch()
      o.write(0, I.extractLane(a, 2, o.f.let(i32.and(o.read(2), 3))))
    }),
    MMX_SSE,
  ),
  row(
    'PMOVMSKB',
    'r32, rmm',
    'NP 0F D7 /r',
    mmx((o, touch) => {
      const mask = bytesOf(i8x16.bitmask(i64x2.splat(o.readI64(1))), 8)
      touch()
      o.write(0, mask)
    }),
    MMX_SSE,
  ),
  row(
    'MASKMOVQ',
    'mm, rmm',
    'NP 0F F7 /r',
    mmx((o, touch) => {
      const mask = o.f.let(bytesOf(i8x16.bitmask(i64x2.splat(o.readI64(1))), 8))
      storeMasked(o, [o.readI64(0)], mask)
      touch()
    }),
    { ...MMX_SSE, addressSized: true },
  ),
]
