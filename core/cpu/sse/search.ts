/**
 * Instructions that look for something in a vector: PHMINPOSUW, MPSADBW and the string comparisons of SSE4.2.
 *
 * Source: Intel SDM vol 1, 12.10 (and table 4-x there: PCMPxSTRx); vol 2, the instruction of that name.
 */
import type { I32, V128 } from '../../wasm/expr.ts'
import { select } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import { i8x16, i16x8, i32x4, i64x2, v128 } from '../../wasm/simd-ops.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import { absoluteDifferences, byteNumbers, lanes } from './integer-lanes.ts'

/** PHMINPOSUW: the smallest word and, of equal ones, its lowest position. */
export function minimumPosition(b: V128, f: FunctionBuilder): V128 {
  const low = i32x4.shl(i32x4.extend_low_i16x8_u(b), 16)
  const high = i32x4.shl(i32x4.extend_high_i16x8_u(b), 16)
  // Word and position as one number, so that the minimum of the numbers is the answer.
  const numbered = i32x4.min_u(v128.or(low, i32x4.const(0, 1, 2, 3)), v128.or(high, i32x4.const(4, 5, 6, 7)))
  const four = f.let(numbered)
  const two = f.let(i32x4.min_u(four, i8x16.shuffle(four, four, lanes(4, [2, 3, 0, 1]))))
  const one = f.let(i32x4.extract_lane(i32x4.min_u(two, i8x16.shuffle(two, two, lanes(4, [1, 0, 3, 2]))), 0))
  return i32x4.replace_lane(v128.zero(), 0, i32.or(i32.shr_u(one, 16), i32.shl(i32.and(one, 7), 16)))
}

/** MPSADBW: a block of four bytes of `b` against eight overlapping blocks of `a`. */
export function sumsOfDifferences(a: V128, b: V128, imm: I32, f: FunctionBuilder): V128 {
  const start = i8x16.splat(i32.and(imm, 4))
  const window = f.let(i8x16.swizzle(a, i8x16.add(start, i8x16.const(...byteNumbers()))))
  const block = f.let(i8x16.swizzle(b, i8x16.add(i8x16.splat(i32.shl(i32.and(imm, 3), 2)), i8x16.const(0, 1, 2, 3))))
  const term = (k: number) => {
    const moved = i8x16.shuffle(
      window,
      window,
      byteNumbers().map((n) => Math.min(n + k, 15)),
    )
    const byte = i8x16.shuffle(block, block, Array<number>(16).fill(k))
    return i16x8.extend_low_i8x16_u(absoluteDifferences(f.let(moved), f.let(byte), f))
  }
  return i16x8.add(i16x8.add(term(0), term(1)), i16x8.add(term(2), term(3)))
}

/** What string comparisons do with bytes or words. */
interface Units {
  readonly count: 8 | 16
  readonly eq: (a: V128, b: V128) => V128
  readonly ge: Record<'signed' | 'unsigned', (a: V128, b: V128) => V128>
  readonly le: Record<'signed' | 'unsigned', (a: V128, b: V128) => V128>
  readonly lt: (a: V128, b: V128) => V128
  readonly splat: (n: I32) => V128
  readonly bitmask: (m: V128) => I32
  readonly numbers: V128
}

const BYTES: Units = {
  count: 16,
  eq: i8x16.eq,
  ge: { signed: i8x16.ge_s, unsigned: i8x16.ge_u },
  le: { signed: i8x16.le_s, unsigned: i8x16.le_u },
  lt: i8x16.lt_s,
  splat: i8x16.splat,
  bitmask: i8x16.bitmask,
  numbers: i8x16.const(...byteNumbers()),
}

const WORDS: Units = {
  count: 8,
  eq: i16x8.eq,
  ge: { signed: i16x8.ge_s, unsigned: i16x8.ge_u },
  le: { signed: i16x8.le_s, unsigned: i16x8.le_u },
  lt: i16x8.lt_s,
  splat: i16x8.splat,
  bitmask: i16x8.bitmask,
  numbers: i16x8.const(0, 1, 2, 3, 4, 5, 6, 7),
}

const FIELD_SIGNED = 2
const AGGREGATION_SHIFT = 2
const NEGATIVE = 0x10
const MASKED = 0x20

/**
 * The comparison in units of one size: (a, b, length of a, length of b, imm8), lengths from 0 to the count of units. Returns
 * IntRes2, one bit a unit of `b`.
 */
const compareStrings = (u: Units, name: string) =>
  runtimeFunction(name, ['v128', 'v128', 'i32', 'i32', 'i32'], 'i32', (f) => {
    const [a, b] = [f.param(0, 'v128'), f.param(1, 'v128')]
    const [lengthA, lengthB, imm] = [f.param(2, 'i32'), f.param(3, 'i32'), f.param(4, 'i32')]
    const unitBytes = 16 / u.count
    const validB = f.let(u.lt(u.numbers, u.splat(lengthB)))
    const r = f.variable(v128.zero())
    const n = f.variable(i32.const(0))
    /** Unit number `at` of `a` in all lanes. */
    const unitOfA = (at: I32) => {
      const first = i8x16.splat(i32.mul(at, unitBytes))
      const offsets = unitBytes === 1 ? v128.zero() : i8x16.const(0, 1)
      return f.let(i8x16.swizzle(a, i8x16.add(first, offsets)))
    }
    /** Runs `body` for n = 0, step, ... below `end`. */
    const count = (end: I32, step: number, body: () => void) => {
      f.set(n, i32.const(0))
      f.block((done) => {
        f.loop((again) => {
          f.brIf(done, i32.ge_s(n, end))
          body()
          f.set(n, i32.add(n, step))
          f.br(again)
        })
      })
    }
    const any = () => count(lengthA, 1, () => f.set(r, v128.or(r, u.eq(b, unitOfA(n)))))
    const range = (sign: 'signed' | 'unsigned') =>
      // A last bound without its partner is no range.
      count(i32.sub(lengthA, 1), 2, () => {
        const inside = v128.and(u.ge[sign](b, unitOfA(n)), u.le[sign](b, unitOfA(i32.add(n, 1))))
        f.set(r, v128.or(r, inside))
      })
    const ranges = () =>
      f.if(
        i32.and(imm, FIELD_SIGNED),
        () => range('signed'),
        () => range('unsigned'),
      )
    const each = () => {
      const validA = u.lt(u.numbers, u.splat(lengthA))
      // Past the end of both is equal, past the end of one is not.
      const bothEnded = v128.not(v128.or(validA, validB))
      f.set(r, v128.or(v128.and(u.eq(a, b), v128.and(validA, validB)), bothEnded))
    }
    const ordered = () => {
      f.set(r, i8x16.splat(0xff))
      count(lengthA, 1, () => {
        const moved = i8x16.add(i8x16.const(...byteNumbers()), i8x16.splat(i32.mul(n, unitBytes)))
        const numbers = f.let(moved)
        const same = v128.and(u.eq(i8x16.swizzle(b, numbers), unitOfA(n)), i8x16.swizzle(validB, numbers))
        // Units of `a` that would lie beyond the vector are not compared.
        f.set(r, v128.and(r, v128.or(same, i8x16.gt_u(numbers, i8x16.const(15)))))
      })
    }
    f.switch(
      i32.and(i32.shr_u(imm, AGGREGATION_SHIFT), 3),
      [
        () => {
          any()
          f.set(r, v128.and(r, validB))
        },
        () => {
          ranges()
          f.set(r, v128.and(r, validB))
        },
        each,
        ordered,
      ],
      () => undefined,
    )
    const result = u.bitmask(r)
    const all = (1 << u.count) - 1
    const flip = select(i32.and(imm, MASKED), i32.sub(i32.shl(1, lengthB), 1), i32.const(all))
    f.return(select(i32.and(imm, NEGATIVE), i32.xor(result, flip), result))
  })

export const COMPARE_BYTES = compareStrings(BYTES, 'sse_strings_b')
export const COMPARE_WORDS = compareStrings(WORDS, 'sse_strings_w')

/** Units before the first zero: the length of an implicit-length string, for bytes or words. */
export function implicitLength(v: V128, words: boolean): I32 {
  const zeros = words ? i16x8.bitmask(i16x8.eq(v, v128.zero())) : i8x16.bitmask(i8x16.eq(v, v128.zero()))
  return i32.ctz(i32.or(zeros, words ? 0x100 : 0x1_0000))
}

/** IntRes2 spread to a mask of lanes (bit 6 of the immediate), or zero-extended. */
export function spreadMask(bits: I32, words: boolean): V128 {
  if (words) return i16x8.ne(v128.and(i16x8.splat(bits), i16x8.const(1, 2, 4, 8, 16, 32, 64, 128)), v128.zero())
  const halves = i64x2.const(0n, 0x0101_0101_0101_0101n)
  const bytes = i8x16.swizzle(i32x4.splat(bits), halves)
  return i8x16.ne(v128.and(bytes, i8x16.const(1, 2, 4, 8, 16, 32, 64, 128)), v128.zero())
}
