/**
 * Floating-point arithmetic, comparisons, logic and state of SSE, SSE2 and SSE3: the four shapes PS, SS (SSE), PD and SD (SSE2)
 * of one opcode side by side.
 *
 * Source: Intel SDM vol 2, the instruction of that name.
 */
import type { Expr, V128 } from '../../wasm/expr.ts'
import { i32 } from '../../wasm/ops.ts'
import { f32x4, i8x16, i32x4, i64x2, v128 } from '../../wasm/simd-ops.ts'
import type { Ops } from '../ops/ops.ts'
import type { Arithmetic } from '../sse/arithmetic.ts'
import { compute } from '../sse/arithmetic.ts'
import { compare, compareScalars, extremum } from '../sse/compare.ts'
import {
  lowest32,
  nothing,
  readF32,
  readF64,
  readLow32,
  readLow64,
  scalar32,
  scalar64,
  vector,
  vectorChecked,
  vectorImmediate,
  vectorUnary,
} from '../sse/forms.ts'
import { horizontal, interleave, lanes, lowHalves, shuffleLanes } from '../sse/integer-lanes.ts'
import { MXCSR_BITS } from '../sse/mxcsr.ts'
import { approximate } from '../sse/rounding.ts'
import { PD, PS, SD, SS } from '../sse/shapes.ts'
import * as L from '../state/layout.ts'
import type { Row, RowOptions, Semantics } from './row.ts'
import { row } from './row.ts'

export const SSE: RowOptions = { unit: 'sse', feature: 'sse' }
export const SSE2: RowOptions = { unit: 'sse', feature: 'sse2' }
export const SSE3: RowOptions = { unit: 'sse', feature: 'sse3' }
const COMPARES = { writes: 'OSZAPC' }

const SCALAR_MEMORY = { ss: 'xmm/m32', sd: 'xmm/m64' }

/** The rows of an opcode in all four shapes, from the semantics of each. */
function shapes(
  name: string,
  opcode: string,
  each: Record<'ps' | 'pd' | 'ss' | 'sd', Semantics>,
  immediate = '',
): Row[] {
  const tail = immediate && ', imm8'
  const code = `0F ${opcode} /r${immediate && ' ib'}`
  return [
    row(`${name}PS`, `xmm, xmm/m128${tail}`, `NP ${code}`, each.ps, SSE),
    row(`${name}SS`, `xmm, ${SCALAR_MEMORY.ss}${tail}`, `F3 ${code}`, each.ss, SSE),
    row(`${name}PD`, `xmm, xmm/m128${tail}`, `66 ${code}`, each.pd, SSE2),
    row(`${name}SD`, `xmm, ${SCALAR_MEMORY.sd}${tail}`, `F2 ${code}`, each.sd, SSE2),
  ]
}

const arithmetic = (name: string, opcode: string, op: Arithmetic): Row[] =>
  shapes(name, opcode, {
    ps: vectorChecked((o, a, b) => compute(o, PS, op, a, b)),
    pd: vectorChecked((o, a, b) => compute(o, PD, op, a, b)),
    ss: scalar32((o, a, b) => compute(o, SS, op, a, b)),
    sd: scalar64((o, a, b) => compute(o, SD, op, a, b)),
  })

type Vectors = (o: Ops, a: V128, b: V128) => V128

/** Scalar operations that are done on whole vectors and keep the upper lanes of `a`. */
const wide =
  (read: (o: Ops, i: number) => V128, fn: Vectors): Semantics =>
  (o) => {
    const b = read(o, 1)
    o.writeV128(0, fn(o, o.readV128(0), b))
  }

const extrema = (name: string, opcode: string, which: 'min' | 'max'): Row[] =>
  shapes(name, opcode, {
    ps: vectorChecked((o, a, b) => extremum(o, 'ps', which, a, b)),
    pd: vectorChecked((o, a, b) => extremum(o, 'pd', which, a, b)),
    ss: wide(readLow32, (o, a, b) => extremum(o, 'ss', which, a, b)),
    sd: wide(readLow64, (o, a, b) => extremum(o, 'sd', which, a, b)),
  })

const comparison =
  (name: 'ps' | 'pd' | 'ss' | 'sd'): Vectors =>
  (o, a, b) =>
    compare(o, name, a, b, o.read(2))

const ordering = (name: string, opcode: string, strict: boolean): Row[] => [
  row(
    `${name}SS`,
    'xmm, xmm/m32',
    `NP 0F ${opcode} /r`,
    (o) => {
      const b = readF32(o, 1)
      compareScalars(o, SS, strict, readF32(o, 0), b)
    },
    { ...SSE, ...COMPARES },
  ),
  row(
    `${name}SD`,
    'xmm, xmm/m64',
    `66 0F ${opcode} /r`,
    (o) => {
      const b = readF64(o, 1)
      compareScalars(o, SD, strict, readF64(o, 0), b)
    },
    { ...SSE2, ...COMPARES },
  ),
]

const logic = (name: string, opcode: string, fn: (a: V128, b: V128) => V128): Row[] => [
  row(`${name}PS`, 'xmm, xmm/m128', `NP 0F ${opcode} /r`, vector(fn), SSE),
  row(`${name}PD`, 'xmm, xmm/m128', `66 0F ${opcode} /r`, vector(fn), SSE2),
]

const approximation = (name: string, opcode: string, which: 'rcp' | 'rsqrt'): Row[] => [
  row(
    `${name}PS`,
    'xmm, xmm/m128',
    `NP 0F ${opcode} /r`,
    vectorUnary((b, f) => approximate(f, which, b)),
    SSE,
  ),
  row(
    `${name}SS`,
    'xmm, xmm/m32',
    `F3 0F ${opcode} /r`,
    wide(readLow32, (o, a, b) => f32x4.replace_lane(a, 0, lowest32(approximate(o.f, which, b)))),
    SSE,
  ),
]

/** HADD and HSUB: `compute` of even and odd lanes of both operands. */
const neighbours = (name: string, opcode: string, op: 'add' | 'sub'): Row[] => {
  const split = (o: Ops, bytes: number, a: V128, b: V128): [V128, V128] => {
    const part = (keep: (x: V128, y: V128) => V128) => o.f.let(horizontal(bytes, keep)(a, b, o.f))
    return [part((x) => x), part((_x, y) => y)]
  }
  return [
    row(
      `${name}PS`,
      'xmm, xmm/m128',
      `F2 0F ${opcode} /r`,
      vectorChecked((o, a, b) => compute(o, PS, op, ...split(o, 4, a, b))),
      SSE3,
    ),
    row(
      `${name}PD`,
      'xmm, xmm/m128',
      `66 0F ${opcode} /r`,
      vectorChecked((o, a, b) => compute(o, PD, op, ...split(o, 8, a, b))),
      SSE3,
    ),
  ]
}

/** SHUFPD: one lane of each operand by a bit of the immediate. */
const shuffleDoubles: Semantics = vectorImmediate((a, b, imm) => {
  const choose = (v: V128, bit: number): Expr<'i64'> => {
    const lane = i32.and(i32.shr_u(imm, bit), 1)
    if (lane.constant !== undefined) return i64x2.extract_lane(v, lane.constant as number)
    return i64x2.extract_lane(
      v128.bitselect(i8x16.shuffle(v, v, lanes(8, [1, 1])), v, i32x4.splat(i32.sub(0, lane))),
      0,
    )
  }
  return i64x2.replace_lane(i64x2.splat(choose(a, 0)), 1, choose(b, 1))
})

const loadMxcsr: Semantics = (o) => {
  const value = o.read(0)
  o.faultIf(i32.and(value, ~MXCSR_BITS), 13, 0)
  o.setState(L.MXCSR, value)
  o.mxcsrChanged()
}

export const SSE_ROWS: readonly Row[] = [
  ...arithmetic('ADD', '58', 'add'),
  ...arithmetic('MUL', '59', 'mul'),
  ...arithmetic('SUB', '5C', 'sub'),
  ...arithmetic('DIV', '5E', 'div'),
  ...arithmetic('SQRT', '51', 'sqrt'),
  ...extrema('MIN', '5D', 'min'),
  ...extrema('MAX', '5F', 'max'),
  ...approximation('RSQRT', '52', 'rsqrt'),
  ...approximation('RCP', '53', 'rcp'),
  ...ordering('UCOMI', '2E', false),
  ...ordering('COMI', '2F', true),
  ...shapes(
    'CMP',
    'C2',
    {
      ps: vectorChecked(comparison('ps')),
      pd: vectorChecked(comparison('pd')),
      ss: wide(readLow32, comparison('ss')),
      sd: wide(readLow64, comparison('sd')),
    },
    'imm8',
  ),

  row(
    'ADDSUBPS',
    'xmm, xmm/m128',
    'F2 0F D0 /r',
    vectorChecked((o, a, b) => compute(o, PS, 'addsub', a, b)),
    SSE3,
  ),
  row(
    'ADDSUBPD',
    'xmm, xmm/m128',
    '66 0F D0 /r',
    vectorChecked((o, a, b) => compute(o, PD, 'addsub', a, b)),
    SSE3,
  ),
  ...neighbours('HADD', '7C', 'add'),
  ...neighbours('HSUB', '7D', 'sub'),

  ...logic('AND', '54', v128.and),
  ...logic('ANDN', '55', (a, b) => v128.andnot(b, a)),
  ...logic('OR', '56', v128.or),
  ...logic('XOR', '57', v128.xor),

  row('UNPCKLPS', 'xmm, xmm/m128', 'NP 0F 14 /r', vector(interleave(4, 0)), SSE),
  row('UNPCKHPS', 'xmm, xmm/m128', 'NP 0F 15 /r', vector(interleave(4, 2)), SSE),
  row('UNPCKLPD', 'xmm, xmm/m128', '66 0F 14 /r', vector(lowHalves), SSE2),
  row('UNPCKHPD', 'xmm, xmm/m128', '66 0F 15 /r', vector(interleave(8, 1)), SSE2),
  row('SHUFPS', 'xmm, xmm/m128, imm8', 'NP 0F C6 /r ib', vectorImmediate(shuffleLanes), SSE),
  row('SHUFPD', 'xmm, xmm/m128, imm8', '66 0F C6 /r ib', shuffleDoubles, SSE2),
  row('MOVMSKPS', 'r32, rxmm', 'NP 0F 50 /r', (o) => o.write(0, i32x4.bitmask(o.readV128(1))), SSE),
  row('MOVMSKPD', 'r32, rxmm', '66 0F 50 /r', (o) => o.write(0, i64x2.bitmask(o.readV128(1))), SSE2),

  row('LDMXCSR', 'm32', 'NP 0F AE /2', loadMxcsr, SSE),
  row('STMXCSR', 'm32', 'NP 0F AE /3', (o) => o.write(0, o.state(L.MXCSR)), SSE),
  row('LFENCE', '', 'NP 0F AE E8', nothing, { feature: 'sse2' }),
  row('MFENCE', '', 'NP 0F AE F0', nothing, { feature: 'sse2' }),
  row('SFENCE', '', 'NP 0F AE F8', nothing, { feature: 'sse' }),
  row('PREFETCHNTA', 'm8', '0F 18 /0', nothing, { feature: 'sse' }),
  row('PREFETCHT0', 'm8', '0F 18 /1', nothing, { feature: 'sse' }),
  row('PREFETCHT1', 'm8', '0F 18 /2', nothing, { feature: 'sse' }),
  row('PREFETCHT2', 'm8', '0F 18 /3', nothing, { feature: 'sse' }),
  // Like a load it may fault; there is no cache to flush.
  row('CLFLUSH', 'm8', 'NP 0F AE /7', (o) => void o.read(0), { feature: 'clflush' }),
]
