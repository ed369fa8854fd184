/**
 * Conversions between single, double and integers in XMM, MMX and general registers: SSE and SSE2.
 *
 * Source: Intel SDM vol 2, CVT*.
 */
import type { V128 } from '../../wasm/expr.ts'
import { f64 } from '../../wasm/ops.ts'
import { f32x4, f64x2, i64x2, v128 } from '../../wasm/simd-ops.ts'
import type { Ops } from '../ops/ops.ts'
import * as C from '../sse/convert.ts'
import { mmx, readF32, readF64, readLow64, readMmx } from '../sse/forms.ts'
import type { Row, Semantics } from './row.ts'
import { row } from './row.ts'
import { SSE, SSE2 } from './sse.ts'

/** xmm/m128 to xmm. */
const whole =
  (fn: (o: Ops, b: V128) => V128): Semantics =>
  (o) =>
    o.writeV128(0, fn(o, o.readV128(1)))
/** xmm/m64 to xmm. */
const low =
  (fn: (o: Ops, b: V128) => V128): Semantics =>
  (o) =>
    o.writeV128(0, fn(o, readLow64(o, 1)))

/** Two singles: the upper lanes are cleared, so that they raise nothing. */
const lowSingles = (o: Ops, i: number): V128 =>
  o.f.let(i64x2.replace_lane(v128.zero(), 0, i64x2.extract_lane(readLow64(o, i), 0)))

/** Two values from XMM or memory to an MMX register, which counts as used even when the conversion raises #XM. */
const toMmx = (shape: 'ps' | 'pd', truncate: boolean): Semantics =>
  mmx((o, touch) => {
    const source = shape === 'ps' ? lowSingles(o, 1) : o.readV128(1)
    touch()
    o.writeI64(0, i64x2.extract_lane(C.integersOf(o, shape, source, truncate), 0))
  })

/** CVTPI2PS always counts as an MMX instruction, CVTPI2PD only with a register source. */
const singlesFromMmx: Semantics = mmx((o, touch) => {
  const source = o.f.let(i64x2.replace_lane(v128.zero(), 0, i64x2.extract_lane(readMmx(o, 1), 0)))
  const result = C.singlesOfIntegers(o, source)
  touch()
  o.writeV128(0, i64x2.replace_lane(o.readV128(0), 0, i64x2.extract_lane(result, 0)))
})

const doublesFrom = (o: Ops): void => o.writeV128(0, f64x2.convert_low_i32x4_s(readMmx(o, 1)))
const doublesFromMmx: Semantics = mmx((o, touch) => {
  const source = readMmx(o, 1)
  touch()
  o.writeV128(0, f64x2.convert_low_i32x4_s(source))
})

const toInteger = (name: string, opcode: string, truncate: boolean): Row[] => [
  row(
    `${name}SS2SI`,
    'r32, xmm/m32',
    `F3 0F ${opcode} /r`,
    (o) => o.write(0, C.integerOf(o, 'f32', o.f.let(f64.promote(readF32(o, 1))), truncate)),
    SSE,
  ),
  row(
    `${name}SD2SI`,
    'r32, xmm/m64',
    `F2 0F ${opcode} /r`,
    (o) => o.write(0, C.integerOf(o, 'f64', readF64(o, 1), truncate)),
    SSE2,
  ),
  row(`${name}PS2PI`, 'mm, xmm/m64', `NP 0F ${opcode} /r`, toMmx('ps', truncate), SSE),
  row(`${name}PD2PI`, 'mm, xmm/m128', `66 0F ${opcode} /r`, toMmx('pd', truncate), SSE2),
]

const packedToInteger = (name: string, opcode: string, shape: 'ps' | 'pd', truncate: boolean): Row =>
  row(
    name,
    'xmm, xmm/m128',
    opcode,
    whole((o, b) => C.integersOf(o, shape, b, truncate)),
    SSE2,
  )

export const SSE_CONVERT_ROWS: readonly Row[] = [
  ...toInteger('CVTT', '2C', true),
  ...toInteger('CVT', '2D', false),
  packedToInteger('CVTPS2DQ', '66 0F 5B /r', 'ps', false),
  packedToInteger('CVTTPS2DQ', 'F3 0F 5B /r', 'ps', true),
  packedToInteger('CVTPD2DQ', 'F2 0F E6 /r', 'pd', false),
  packedToInteger('CVTTPD2DQ', '66 0F E6 /r', 'pd', true),

  row('CVTPI2PS', 'xmm, mm/m64', 'NP 0F 2A /r', singlesFromMmx, SSE),
  row('CVTPI2PD', 'xmm, rmm', '66 0F 2A /r', doublesFromMmx, SSE2),
  row('CVTPI2PD', 'xmm, m64', '66 0F 2A /r', doublesFrom, SSE2),
  row('CVTDQ2PS', 'xmm, xmm/m128', 'NP 0F 5B /r', whole(C.singlesOfIntegers), SSE2),
  row(
    'CVTDQ2PD',
    'xmm, xmm/m64',
    'F3 0F E6 /r',
    low((_o, b) => f64x2.convert_low_i32x4_s(b)),
    SSE2,
  ),
  row(
    'CVTSI2SS',
    'xmm, r/m32',
    'F3 0F 2A /r',
    (o) => {
      const value = C.singleOfInteger(o, o.read(1))
      o.writeV128(0, f32x4.replace_lane(o.readV128(0), 0, value))
    },
    SSE,
  ),
  row(
    'CVTSI2SD',
    'xmm, r/m32',
    'F2 0F 2A /r',
    (o) => {
      const value = o.f.let(f64.convert_i32_s(o.read(1)))
      o.writeV128(0, f64x2.replace_lane(o.readV128(0), 0, value))
    },
    SSE2,
  ),

  row('CVTPS2PD', 'xmm, xmm/m64', 'NP 0F 5A /r', low(C.widenPacked), SSE2),
  row('CVTPD2PS', 'xmm, xmm/m128', '66 0F 5A /r', whole(C.narrowPacked), SSE2),
  row(
    'CVTSS2SD',
    'xmm, xmm/m32',
    'F3 0F 5A /r',
    (o) => {
      const value = C.widen(o, readF32(o, 1))
      o.writeV128(0, f64x2.replace_lane(o.readV128(0), 0, value))
    },
    SSE2,
  ),
  row(
    'CVTSD2SS',
    'xmm, xmm/m64',
    'F2 0F 5A /r',
    (o) => {
      const value = C.narrow(o, readF64(o, 1))
      o.writeV128(0, f32x4.replace_lane(o.readV128(0), 0, value))
    },
    SSE2,
  ),
]
