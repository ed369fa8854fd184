/**
 * SSSE3, each instruction in an MMX and an XMM form.
 *
 * Source: Intel SDM vol 2, the instruction of that name.
 */
import { i8x16, i16x8, i32x4, i64x2, v128 } from '../../wasm/simd-ops.ts'
import { mmxBinary, mmxFrom, mmxUnary, vector, vectorImmediate, vectorUnary } from '../sse/forms.ts'
import type { LaneFunction } from '../sse/integer-lanes.ts'
import * as I from '../sse/integer-lanes.ts'
import type { Row, RowOptions } from './row.ts'
import { row } from './row.ts'

const MMX: RowOptions = { unit: 'mmx', feature: 'ssse3' }
const XMM: RowOptions = { unit: 'sse', feature: 'ssse3' }

/** PHADD and PHSUB: the MMX form combines neighbours of both operands joined. */
const neighbours = (bytes: number, combine: LaneFunction): [LaneFunction, LaneFunction] => {
  const fn: LaneFunction = (a, b, f) => I.horizontal(bytes, (x, y) => combine(x, y, f))(a, b, f)
  return [fn, I.joined(fn)]
}

/** Mnemonic, opcode behind 0F 38, XMM function, MMX function where it differs. */
const BINARY: readonly (readonly [string, string, LaneFunction, LaneFunction?])[] = [
  // An index with its top bit set gives zero, the upper bits of others are ignored.
  ['PSHUFB', '00', I.shuffleBytes(0x8f), I.shuffleBytes(0x87)],
  ['PHADDW', '01', ...neighbours(2, i16x8.add)],
  ['PHADDD', '02', ...neighbours(4, i32x4.add)],
  ['PHADDSW', '03', ...neighbours(2, i16x8.add_sat_s)],
  ['PMADDUBSW', '04', I.multiplyAddBytes],
  ['PHSUBW', '05', ...neighbours(2, i16x8.sub)],
  ['PHSUBD', '06', ...neighbours(4, i32x4.sub)],
  ['PHSUBSW', '07', ...neighbours(2, i16x8.sub_sat_s)],
  ['PSIGNB', '08', I.signed(i8x16)],
  ['PSIGNW', '09', I.signed(i16x8)],
  ['PSIGND', '0A', I.signed(i32x4)],
  ['PMULHRSW', '0B', I.multiplyRounded],
]

const UNARY = [
  ['PABSB', '1C', i8x16.abs],
  ['PABSW', '1D', i16x8.abs],
  ['PABSD', '1E', i32x4.abs],
] as const

export const SSSE3_ROWS: readonly Row[] = [
  ...BINARY.flatMap(([name, opcode, fn, mmxFn = fn]) => [
    row(name, 'mm, mm/m64', `NP 0F 38 ${opcode} /r`, mmxBinary(mmxFn), MMX),
    row(name, 'xmm, xmm/m128', `66 0F 38 ${opcode} /r`, vector(fn), XMM),
  ]),
  ...UNARY.flatMap(([name, opcode, fn]) => [
    row(name, 'mm, mm/m64', `NP 0F 38 ${opcode} /r`, mmxUnary(fn), MMX),
    row(name, 'xmm, xmm/m128', `66 0F 38 ${opcode} /r`, vectorUnary(fn), XMM),
  ]),
  row(
    'PALIGNR',
    'mm, mm/m64, imm8',
    'NP 0F 3A 0F /r ib',
    mmxFrom((o) => {
      const low = o.readI64(1)
      const both = o.f.let(i64x2.replace_lane(i64x2.splat(low), 1, o.readI64(0)))
      return i64x2.extract_lane(I.alignBytes(both, v128.zero(), o.read(2), o.f), 0)
    }),
    MMX,
  ),
  row(
    'PALIGNR',
    'xmm, xmm/m128, imm8',
    '66 0F 3A 0F /r ib',
    vectorImmediate((a, b, imm, f) => I.alignBytes(b, a, imm, f)),
    XMM,
  ),
]
