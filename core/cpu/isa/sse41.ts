/**
 * SSE4.1.
 *
 * Source: Intel SDM vol 2, the instruction of that name.
 */
import type { I32, V128 } from '../../wasm/expr.ts'
import { i32 } from '../../wasm/ops.ts'
import { f32x4, f64x2, i8x16, i16x8, i32x4, i64x2, v128 } from '../../wasm/simd-ops.ts'
import type { Ops } from '../ops/ops.ts'
import { compute } from '../sse/arithmetic.ts'
import {
  lowest32,
  lowest64,
  moveVector,
  readLow32,
  readLow64,
  vector,
  vectorImmediate,
  vectorUnary,
} from '../sse/forms.ts'
import type { LaneFunction } from '../sse/integer-lanes.ts'
import * as I from '../sse/integer-lanes.ts'
import { round } from '../sse/rounding.ts'
import { minimumPosition, sumsOfDifferences } from '../sse/search.ts'
import { PD, PS } from '../sse/shapes.ts'
import type { Row, RowOptions, Semantics } from './row.ts'
import { row } from './row.ts'

const SSE41: RowOptions = { unit: 'sse', feature: 'sse41' }

const BINARY: readonly (readonly [string, string, LaneFunction])[] = [
  ['PMULDQ', '28', I.multiplyEvenSigned],
  ['PCMPEQQ', '29', i64x2.eq],
  ['PACKUSDW', '2B', i16x8.narrow_i32x4_u],
  ['PMINSB', '38', i8x16.min_s],
  ['PMINSD', '39', i32x4.min_s],
  ['PMINUW', '3A', i16x8.min_u],
  ['PMINUD', '3B', i32x4.min_u],
  ['PMAXSB', '3C', i8x16.max_s],
  ['PMAXSD', '3D', i32x4.max_s],
  ['PMAXUW', '3E', i16x8.max_u],
  ['PMAXUD', '3F', i32x4.max_u],
  ['PMULLD', '40', i32x4.mul],
]

type Unary = (v: V128) => V128
const twice =
  (first: Unary, second: Unary): Unary =>
  (v) =>
    second(first(v))

/** PMOVSX and PMOVZX: name, opcode digit, bits of memory, sign- and zero-extension. */
const EXTENSIONS: readonly (readonly [string, string, 16 | 32 | 64, Unary, Unary])[] = [
  ['BW', '0', 64, i16x8.extend_low_i8x16_s, i16x8.extend_low_i8x16_u],
  [
    'BD',
    '1',
    32,
    twice(i16x8.extend_low_i8x16_s, i32x4.extend_low_i16x8_s),
    twice(i16x8.extend_low_i8x16_u, i32x4.extend_low_i16x8_u),
  ],
  [
    'BQ',
    '2',
    16,
    twice(twice(i16x8.extend_low_i8x16_s, i32x4.extend_low_i16x8_s), i64x2.extend_low_i32x4_s),
    twice(twice(i16x8.extend_low_i8x16_u, i32x4.extend_low_i16x8_u), i64x2.extend_low_i32x4_u),
  ],
  ['WD', '3', 64, i32x4.extend_low_i16x8_s, i32x4.extend_low_i16x8_u],
  [
    'WQ',
    '4',
    32,
    twice(i32x4.extend_low_i16x8_s, i64x2.extend_low_i32x4_s),
    twice(i32x4.extend_low_i16x8_u, i64x2.extend_low_i32x4_u),
  ],
  ['DQ', '5', 64, i64x2.extend_low_i32x4_s, i64x2.extend_low_i32x4_u],
]

const extension =
  (bits: 16 | 32 | 64, extend: Unary): Semantics =>
  (o) =>
    o.writeV128(0, extend(bits === 64 ? readLow64(o, 1) : o.f.let(i32x4.splat(o.read(1)))))

/** Blends by a mask in XMM0: `fill` spreads the top bit of each lane. */
const variableBlend =
  (fill: (mask: V128) => V128): Semantics =>
  (o) => {
    const b = o.readV128(1)
    const mask = o.f.let(fill(o.readV128(2)))
    o.writeV128(0, v128.bitselect(b, o.readV128(0), mask))
  }

const blend = (bytes: 2 | 4 | 8): Semantics =>
  vectorImmediate((a, b, imm) => v128.bitselect(b, a, I.laneMask(bytes, imm)))

const roundRow = (name: string, opcode: string, shape: 'ps' | 'pd'): Row =>
  row(
    name,
    'xmm, xmm/m128, imm8',
    `66 0F 3A ${opcode} /r ib`,
    (o) => {
      const b = o.readV128(1)
      o.writeV128(0, round(o, shape, b, o.read(2)))
    },
    SSE41,
  )

/** Lanes chosen by bits 4 to 7 of the immediate are multiplied, all added, and the sum put where bits 0 to 3 say. */
function dotProduct(o: Ops, a: V128, b: V128, imm: I32): V128 {
  const { f } = o
  const chosen = f.let(I.laneMask(4, i32.shr_u(imm, 4)))
  const products = compute(o, PS, 'mul', f.let(v128.and(a, chosen)), f.let(v128.and(b, chosen)))
  // Lanes above those being added are zero, so that they raise nothing.
  const pick = (v: V128, order: readonly number[]) => f.let(i8x16.shuffle(v, v128.zero(), I.lanes(4, order)))
  const pairs = compute(o, PS, 'add', pick(products, [0, 2, 4, 4]), pick(products, [1, 3, 4, 4]))
  const sum = compute(o, PS, 'add', pick(pairs, [0, 4, 4, 4]), pick(pairs, [1, 4, 4, 4]))
  return v128.and(i8x16.shuffle(sum, sum, I.lanes(4, [0, 0, 0, 0])), I.laneMask(4, imm))
}

function dotProductDouble(o: Ops, a: V128, b: V128, imm: I32): V128 {
  const { f } = o
  const chosen = f.let(I.laneMask(8, f.let(i32.shr_u(imm, 4))))
  const products = compute(o, PD, 'mul', f.let(v128.and(a, chosen)), f.let(v128.and(b, chosen)))
  const pick = (n: number) => f.let(i8x16.shuffle(products, v128.zero(), I.lanes(8, [n, 2])))
  const sum = compute(o, PD, 'add', pick(0), pick(1))
  return v128.and(i8x16.shuffle(sum, sum, I.lanes(8, [0, 0])), I.laneMask(8, imm))
}

/** INSERTPS: a lane of the source (bits 6 and 7; memory has only one) to a lane (4 and 5), then lanes cleared (0 to 3). */
const insertSingle: Semantics = (o) => {
  const { f } = o
  const imm = o.read(2)
  const value = o.isMemory(1) ? o.read(1) : I.extractLane(o.readV128(1), 4, f.let(i32.shr_u(imm, 6)))
  const lane = f.let(i32.and(i32.shr_u(imm, 4), 3))
  const placed = I.insertLane(o.readV128(0), 4, lane, f.let(value))
  o.writeV128(0, v128.andnot(placed, I.laneMask(4, imm)))
}

const insert =
  (bytes: 1 | 4): Semantics =>
  (o) => {
    const value = o.read(1)
    o.writeV128(0, I.insertLane(o.readV128(0), bytes, o.read(2), value))
  }
const extract =
  (bytes: 1 | 2 | 4): Semantics =>
  (o) =>
    o.write(0, I.extractLane(o.readV128(1), bytes, o.read(2)))

const testBits: Semantics = (o) => {
  const b = o.readV128(1)
  const a = o.readV128(0)
  const zf = i32.eqz(v128.any_true(v128.and(a, b)))
  const cf = i32.eqz(v128.any_true(v128.andnot(b, a)))
  o.setFlags({ zf: o.f.let(zf), cf: o.f.let(cf), of: 0, sf: 0, af: 0, pf: 0 })
}

export const SSE41_ROWS: readonly Row[] = [
  ...BINARY.map(([name, opcode, fn]) => row(name, 'xmm, xmm/m128', `66 0F 38 ${opcode} /r`, vector(fn), SSE41)),
  ...EXTENSIONS.flatMap(([name, digit, bits, signed, unsigned]) => [
    row(`PMOVSX${name}`, `xmm, xmm/m${bits}`, `66 0F 38 2${digit} /r`, extension(bits, signed), SSE41),
    row(`PMOVZX${name}`, `xmm, xmm/m${bits}`, `66 0F 38 3${digit} /r`, extension(bits, unsigned), SSE41),
  ]),
  row(
    'PBLENDVB',
    'xmm, xmm/m128, XMM0',
    '66 0F 38 10 /r',
    variableBlend((m) => i8x16.shr_s(m, 7)),
    SSE41,
  ),
  row(
    'BLENDVPS',
    'xmm, xmm/m128, XMM0',
    '66 0F 38 14 /r',
    variableBlend((m) => i32x4.shr_s(m, 31)),
    SSE41,
  ),
  row(
    'BLENDVPD',
    'xmm, xmm/m128, XMM0',
    '66 0F 38 15 /r',
    variableBlend((m) => i64x2.shr_s(m, 63)),
    SSE41,
  ),
  row('PTEST', 'xmm, xmm/m128', '66 0F 38 17 /r', testBits, { ...SSE41, writes: 'OSZAPC' }),
  row('MOVNTDQA', 'xmm, m128', '66 0F 38 2A /r', moveVector(), SSE41),
  row('PHMINPOSUW', 'xmm, xmm/m128', '66 0F 38 41 /r', vectorUnary(minimumPosition), SSE41),

  roundRow('ROUNDPS', '08', 'ps'),
  roundRow('ROUNDPD', '09', 'pd'),
  row(
    'ROUNDSS',
    'xmm, xmm/m32, imm8',
    '66 0F 3A 0A /r ib',
    (o) => {
      const r = round(o, 'ss', readLow32(o, 1), o.read(2))
      o.writeV128(0, f32x4.replace_lane(o.readV128(0), 0, lowest32(r)))
    },
    SSE41,
  ),
  row(
    'ROUNDSD',
    'xmm, xmm/m64, imm8',
    '66 0F 3A 0B /r ib',
    (o) => {
      const r = round(o, 'sd', readLow64(o, 1), o.read(2))
      o.writeV128(0, f64x2.replace_lane(o.readV128(0), 0, lowest64(r)))
    },
    SSE41,
  ),
  row('BLENDPS', 'xmm, xmm/m128, imm8', '66 0F 3A 0C /r ib', blend(4), SSE41),
  row('BLENDPD', 'xmm, xmm/m128, imm8', '66 0F 3A 0D /r ib', blend(8), SSE41),
  row('PBLENDW', 'xmm, xmm/m128, imm8', '66 0F 3A 0E /r ib', blend(2), SSE41),
  row('PEXTRB', 'r32/m8, xmm, imm8', '66 0F 3A 14 /r ib', extract(1), SSE41),
  row('PEXTRW', 'r32/m16, xmm, imm8', '66 0F 3A 15 /r ib', extract(2), SSE41),
  row('PEXTRD', 'r/m32, xmm, imm8', '66 0F 3A 16 /r ib', extract(4), SSE41),
  row('EXTRACTPS', 'r/m32, xmm, imm8', '66 0F 3A 17 /r ib', extract(4), SSE41),
  row('PINSRB', 'xmm, r32/m8, imm8', '66 0F 3A 20 /r ib', insert(1), SSE41),
  row('INSERTPS', 'xmm, xmm/m32, imm8', '66 0F 3A 21 /r ib', insertSingle, SSE41),
  row('PINSRD', 'xmm, r/m32, imm8', '66 0F 3A 22 /r ib', insert(4), SSE41),
  row(
    'DPPS',
    'xmm, xmm/m128, imm8',
    '66 0F 3A 40 /r ib',
    (o) => {
      const b = o.readV128(1)
      o.writeV128(0, dotProduct(o, o.readV128(0), b, o.read(2)))
    },
    SSE41,
  ),
  row(
    'DPPD',
    'xmm, xmm/m128, imm8',
    '66 0F 3A 41 /r ib',
    (o) => {
      const b = o.readV128(1)
      o.writeV128(0, dotProductDouble(o, o.readV128(0), b, o.read(2)))
    },
    SSE41,
  ),
  row('MPSADBW', 'xmm, xmm/m128, imm8', '66 0F 3A 42 /r ib', vectorImmediate(sumsOfDifferences), SSE41),
]
