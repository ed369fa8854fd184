/**
 * SSE4.2, POPCNT and MOVBE.
 *
 * Source: Intel SDM vol 1, 12.10 to 12.12; vol 2, the instruction of that name.
 */
import type { I32, V128 } from '../../wasm/expr.ts'
import { select } from '../../wasm/expr.ts'
import { i32 } from '../../wasm/ops.ts'
import { i32x4, i64x2, v128 } from '../../wasm/simd-ops.ts'
import type { Ops } from '../ops/ops.ts'
import { crcStep } from '../sse/crc32c.ts'
import { vector } from '../sse/forms.ts'
import { COMPARE_BYTES, COMPARE_WORDS, implicitLength, spreadMask } from '../sse/search.ts'
import type { Row, RowOptions, Semantics } from './row.ts'
import { row } from './row.ts'

const SSE42: RowOptions = { unit: 'sse', feature: 'sse42' }
const EAX = 0
const ECX = 1
const EDX = 2

const UNITS_ARE_WORDS = 1
/** Index: the most significant bit. Mask: spread to lanes. */
const LAST_OR_SPREAD = 0x40

/** Length given in a register: its absolute value, at most the count of units. */
function explicitLength(o: Ops, n: number, limit: I32): I32 {
  const value = o.reg(n)
  const sign = i32.shr_s(value, 31)
  const size = o.f.let(i32.sub(i32.xor(value, sign), sign))
  // The most negative number stays negative, which unsigned is more than the limit.
  return o.f.let(select(i32.lt_u(size, limit), size, limit))
}

/** Compares and sets the flags; returns IntRes2 and whether units are words. */
function compareStrings(o: Ops, explicit: boolean): { bits: I32; words: I32; limit: I32 } {
  const { f } = o
  // Not aligned even as a 128-bit operand (vol 2, PCMPESTRI).
  const b = o.readV128(1, true)
  const a = o.readV128(0)
  const imm = o.read(2)
  const words = f.let(i32.and(imm, UNITS_ARE_WORDS))
  const limit = f.let(i32.shr_u(16, words))
  const implicit = (v: V128) => f.let(select(words, implicitLength(v, true), implicitLength(v, false)))
  const lengthA = explicit ? explicitLength(o, EAX, limit) : implicit(a)
  const lengthB = explicit ? explicitLength(o, EDX, limit) : implicit(b)
  const bits = f.local('i32')
  f.if(
    words,
    () => f.set(bits, o.value(COMPARE_WORDS, a, b, lengthA, lengthB, imm)),
    () => f.set(bits, o.value(COMPARE_BYTES, a, b, lengthA, lengthB, imm)),
  )
  o.setFlags({
    cf: i32.ne(bits, 0),
    zf: i32.lt_s(lengthB, limit),
    sf: i32.lt_s(lengthA, limit),
    of: i32.and(bits, 1),
    af: 0,
    pf: 0,
  })
  return { bits, words, limit }
}

const toIndex =
  (explicit: boolean): Semantics =>
  (o) => {
    const { bits, limit } = compareStrings(o, explicit)
    const last = i32.sub(31, i32.clz(bits))
    const index = select(i32.and(o.read(2), LAST_OR_SPREAD), last, i32.ctz(bits))
    o.setReg(ECX, o.f.let(select(bits, index, limit)))
  }

/** The mask goes to XMM0, which is operand 3. */
const toMask =
  (explicit: boolean): Semantics =>
  (o) => {
    const { bits, words } = compareStrings(o, explicit)
    const spread = select(words, spreadMask(bits, true), spreadMask(bits, false))
    const plain = i32x4.replace_lane(v128.zero(), 0, bits)
    o.writeV128(3, select(i32.and(o.read(2), LAST_OR_SPREAD), spread, plain))
  }

const populationCount: Semantics = (o) => {
  const value = o.read(1)
  o.write(0, i32.popcnt(value))
  o.setFlags({ zf: i32.eqz(value), cf: 0, of: 0, sf: 0, af: 0, pf: 0 })
}

const checksum: Semantics = (o) => {
  const data = o.read(1)
  o.write(0, crcStep(o.read(0), data, o.sizeOf(1), o.f))
}

function swapBytes(o: Ops, value: I32): I32 {
  if (o.size === 2) return i32.or(i32.shl(value, 8), i32.shr_u(value, 8))
  const rotated = o.f.let(i32.rotl(value, 16))
  return i32.or(i32.and(i32.shl(rotated, 8), 0xff00_ff00), i32.and(i32.shr_u(rotated, 8), 0xff_00ff))
}

const FLAGS = { writes: 'OSZAPC' }
const STRING = { ...SSE42, ...FLAGS }

export const SSE42_ROWS: readonly Row[] = [
  row('PCMPGTQ', 'xmm, xmm/m128', '66 0F 38 37 /r', vector(i64x2.gt_s), SSE42),
  row('PCMPESTRM', 'xmm, xmm/m128, imm8, XMM0', '66 0F 3A 60 /r ib', toMask(true), STRING),
  row('PCMPESTRI', 'xmm, xmm/m128, imm8', '66 0F 3A 61 /r ib', toIndex(true), STRING),
  row('PCMPISTRM', 'xmm, xmm/m128, imm8, XMM0', '66 0F 3A 62 /r ib', toMask(false), STRING),
  row('PCMPISTRI', 'xmm, xmm/m128, imm8', '66 0F 3A 63 /r ib', toIndex(false), STRING),
  row('CRC32', 'r32, r/m8', 'F2 0F 38 F0 /r', checksum, { feature: 'sse42' }),
  row('CRC32', 'r32, r/mv', 'F2 0F 38 F1 /r', checksum, { feature: 'sse42' }),
  row('POPCNT', 'rv, r/mv', 'F3 0F B8 /r', populationCount, { feature: 'popcnt', ...FLAGS }),
  row('MOVBE', 'rv, mv', '0F 38 F0 /r', (o) => o.write(0, swapBytes(o, o.read(1))), { feature: 'movbe' }),
  row('MOVBE', 'mv, rv', '0F 38 F1 /r', (o) => o.write(0, swapBytes(o, o.read(1))), { feature: 'movbe' }),
]
