/**
 * Moves between XMM registers, memory, general and MMX registers, and shuffles by an immediate: SSE, SSE2, SSE3.
 *
 * Source: Intel SDM vol 2, the instruction of that name.
 */
import type { I32, V128 } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import { f32x4, f64x2, i8x16, i64x2, v128 } from '../../wasm/simd-ops.ts'
import {
  load32,
  load64,
  lowest32,
  lowest64,
  mmx,
  mmxFrom,
  moveVector,
  readLow64,
  store64,
  storeMasked,
  vectorUnary,
} from '../sse/forms.ts'
import { extractLane, insertLane, lanes, lowHalves, shuffleLanes, shuffleWords } from '../sse/integer-lanes.ts'
import { MMX_SSE2 } from './mmx.ts'
import type { Row, RowOptions, Semantics } from './row.ts'
import { row } from './row.ts'
import { SSE, SSE2, SSE3 } from './sse.ts'

/** `xmm, rxmm` and `xmm, m64`: the low, or high, half of the destination becomes the low half, or `from`, of the source. */
const setHalf =
  (half: 0 | 1, from: 0 | 1 = 0): Semantics =>
  (o) => {
    const value = o.f.let(o.isMemory(1) ? o.readI64(1) : i64x2.extract_lane(o.readV128(1), from))
    o.writeV128(0, i64x2.replace_lane(o.readV128(0), half, value))
  }

const storeHigh: Semantics = (o) => o.writeI64(0, i64x2.extract_lane(o.readV128(1), 1))

/** Register to register, MOVSS and MOVSD keep the destination's other lanes. */
const mergeSingle: Semantics = (o) => o.writeV128(0, f32x4.replace_lane(o.readV128(0), 0, lowest32(o.readV128(1))))
const mergeDouble: Semantics = (o) => o.writeV128(0, f64x2.replace_lane(o.readV128(0), 0, lowest64(o.readV128(1))))

/** All rows of a whole-register move: load, store, and whether memory may be unaligned. */
const whole = (
  name: string,
  prefix: string,
  codes: [string, string],
  unaligned: boolean,
  options: RowOptions,
): Row[] => [
  row(name, 'xmm, xmm/m128', `${prefix} 0F ${codes[0]} /r`, moveVector(unaligned), options),
  row(name, 'xmm/m128, xmm', `${prefix} 0F ${codes[1]} /r`, moveVector(unaligned), options),
]

/** Halves in memory: MOVLPS, MOVHPS and the same for doubles. */
const halves = (suffix: string, prefix: string, options: RowOptions): Row[] => [
  row(`MOVL${suffix}`, 'xmm, m64', `${prefix} 0F 12 /r`, setHalf(0), options),
  row(`MOVL${suffix}`, 'm64, xmm', `${prefix} 0F 13 /r`, store64, options),
  row(`MOVH${suffix}`, 'xmm, m64', `${prefix} 0F 16 /r`, setHalf(1), options),
  row(`MOVH${suffix}`, 'm64, xmm', `${prefix} 0F 17 /r`, storeHigh, options),
]

const duplicate = (order: number[]): Semantics => vectorUnary((b) => i8x16.shuffle(b, b, lanes(4, order)))

/** xmm/m128 and an immediate; the destination is only written. */
const permute =
  (fn: (b: V128, imm: I32, f: FunctionBuilder) => V128): Semantics =>
  (o) =>
    o.writeV128(0, fn(o.readV128(1), o.read(2), o.f))

export const SSE_MOVE_ROWS: readonly Row[] = [
  ...whole('MOVUPS', 'NP', ['10', '11'], true, SSE),
  ...whole('MOVUPD', '66', ['10', '11'], true, SSE2),
  ...whole('MOVAPS', 'NP', ['28', '29'], false, SSE),
  ...whole('MOVAPD', '66', ['28', '29'], false, SSE2),
  ...whole('MOVDQA', '66', ['6F', '7F'], false, SSE2),
  ...whole('MOVDQU', 'F3', ['6F', '7F'], true, SSE2),
  row('LDDQU', 'xmm, m128', 'F2 0F F0 /r', moveVector(true), SSE3),
  row('MOVNTPS', 'm128, xmm', 'NP 0F 2B /r', moveVector(), SSE),
  row('MOVNTPD', 'm128, xmm', '66 0F 2B /r', moveVector(), SSE2),
  row('MOVNTDQ', 'm128, xmm', '66 0F E7 /r', moveVector(), SSE2),
  row('MOVNTI', 'm32, r32', 'NP 0F C3 /r', (o) => o.write(0, o.read(1)), { feature: 'sse2' }),

  row('MOVSS', 'xmm, m32', 'F3 0F 10 /r', load32, SSE),
  row('MOVSS', 'xmm, rxmm', 'F3 0F 10 /r', mergeSingle, SSE),
  row('MOVSS', 'm32, xmm', 'F3 0F 11 /r', (o) => o.write(0, i32.reinterpret(lowest32(o.readV128(1)))), SSE),
  row('MOVSS', 'rxmm, xmm', 'F3 0F 11 /r', mergeSingle, SSE),
  row('MOVSD', 'xmm, m64', 'F2 0F 10 /r', load64, SSE2),
  row('MOVSD', 'xmm, rxmm', 'F2 0F 10 /r', mergeDouble, SSE2),
  row('MOVSD', 'm64, xmm', 'F2 0F 11 /r', store64, SSE2),
  row('MOVSD', 'rxmm, xmm', 'F2 0F 11 /r', mergeDouble, SSE2),
  row('MOVQ', 'xmm, xmm/m64', 'F3 0F 7E /r', load64, SSE2),
  row('MOVQ', 'm64, xmm', '66 0F D6 /r', store64, SSE2),
  row('MOVQ', 'rxmm, xmm', '66 0F D6 /r', load64, SSE2),
  row('MOVD', 'xmm, r/m32', '66 0F 6E /r', load32, SSE2),
  row('MOVD', 'r/m32, xmm', '66 0F 7E /r', (o) => o.write(0, i32.reinterpret(lowest32(o.readV128(1)))), SSE2),

  row('MOVHLPS', 'xmm, rxmm', 'NP 0F 12 /r', setHalf(0, 1), SSE),
  row('MOVLHPS', 'xmm, rxmm', 'NP 0F 16 /r', setHalf(1, 0), SSE),
  ...halves('PS', 'NP', SSE),
  ...halves('PD', '66', SSE2),
  row(
    'MOVDDUP',
    'xmm, xmm/m64',
    'F2 0F 12 /r',
    (o) => {
      const b = readLow64(o, 1)
      o.writeV128(0, lowHalves(b, b))
    },
    SSE3,
  ),
  row('MOVSLDUP', 'xmm, xmm/m128', 'F3 0F 12 /r', duplicate([0, 0, 2, 2]), SSE3),
  row('MOVSHDUP', 'xmm, xmm/m128', 'F3 0F 16 /r', duplicate([1, 1, 3, 3]), SSE3),

  row(
    'PSHUFD',
    'xmm, xmm/m128, imm8',
    '66 0F 70 /r ib',
    permute((b, imm, f) => shuffleLanes(b, b, imm, f)),
    SSE2,
  ),
  row(
    'PSHUFHW',
    'xmm, xmm/m128, imm8',
    'F3 0F 70 /r ib',
    permute((b, imm) => shuffleWords(b, 4, imm)),
    SSE2,
  ),
  row(
    'PSHUFLW',
    'xmm, xmm/m128, imm8',
    'F2 0F 70 /r ib',
    permute((b, imm) => shuffleWords(b, 0, imm)),
    SSE2,
  ),
  row(
    'PINSRW',
    'xmm, r32/m16, imm8',
    '66 0F C4 /r ib',
    (o) => {
      const value = o.read(1)
      o.writeV128(0, insertLane(o.readV128(0), 2, o.read(2), value))
    },
    SSE2,
  ),
  row('PEXTRW', 'r32, rxmm, imm8', '66 0F C5 /r ib', (o) => o.write(0, extractLane(o.readV128(1), 2, o.read(2))), SSE2),
  row('PMOVMSKB', 'r32, rxmm', '66 0F D7 /r', (o) => o.write(0, i8x16.bitmask(o.readV128(1))), SSE2),
  row(
    'MASKMOVDQU',
    'xmm, rxmm',
    '66 0F F7 /r',
    (o) => {
      const data = o.readV128(0)
      const halvesOf = [0, 1].map((half) => o.f.let(i64x2.extract_lane(data, half)))
      storeMasked(o, halvesOf, o.f.let(i8x16.bitmask(o.readV128(1))))
    },
    { ...SSE2, addressSized: true },
  ),

  row(
    'MOVQ2DQ',
    'xmm, rmm',
    'F3 0F D6 /r',
    mmx((o, touch) => {
      const value = i64x2.replace_lane(v128.zero(), 0, o.readI64(1))
      touch()
      o.writeV128(0, value)
    }),
    MMX_SSE2,
  ),
  row(
    'MOVDQ2Q',
    'mm, rxmm',
    'F2 0F D6 /r',
    mmxFrom((o) => o.readI64(1)),
    MMX_SSE2,
  ),
]
