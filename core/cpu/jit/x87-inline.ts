/**
 * What runtime functions of x87 rows do with ordinary operands, in place on a region's locals: the same code for finite numbers,
 * conversions and rounding (core/cpu/x87), with other places for operands and results. A branch to `special` leaves it to the
 * runtime function; until then nothing has changed. Registers are full, and the place of a push empty.
 */
import type { Expr, I32, I32In, I64 } from '../../wasm/expr.ts'
import { constI64, select } from '../../wasm/expr.ts'
import type { Label } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { RuntimeFunction } from '../ops/runtime.ts'
import type { Arithmetic, Content } from '../x87/arithmetic.ts'
import { ADD, bothNormal, DIVIDE, MULTIPLY, partsOf, SUBTRACT } from '../x87/arithmetic.ts'
import {
  compareDouble,
  compareInteger,
  compareRegister,
  compareSingle,
  compareToFlags,
  testZero,
} from '../x87/compare.ts'
import { C0, C3, CONDITION_CODES, PE, RC_MASK, RC_SHIFT } from '../x87/control.ts'
import { fldDouble, fldInteger, fldSingle, fldValue, fromInteger, fromMemory } from '../x87/load.ts'
import * as O from '../x87/operations.ts'
import * as R from '../x87/registers.ts'
import { BIAS, exponentOf, ordinaryExponent } from '../x87/stack.ts'
import * as S from '../x87/store.ts'
import type { X87Stack } from './x87-stack.ts'

/** Makes the code; the result is the function's value (of stores, 1 where nothing is returned). */
type Inline = (x: X87Stack, args: readonly Expr[], special: Label) => I32 | undefined

const index = (arg: Expr | undefined): number => arg?.constant as number

function arithmetic(
  x: X87Stack,
  operation: Arithmetic,
  reversed: boolean,
  destination: number,
  mine: Content,
  other: Content,
  special: Label,
): undefined {
  const { f } = x
  const [a, b] = reversed ? [other, mine] : [mine, other]
  // One by one: each is a comparison and a branch.
  for (const n of [a, b]) f.brIf(special, i32.eqz(ordinaryExponent(n.signExponent)), 'unlikely')
  f.brIf(special, i64.ge_s(i64.and(a.significand, b.significand), 0), 'unlikely')
  const result = { significand: f.local('i64'), signExponent: f.local('i32'), flags: f.local('i32') }
  const place = {
    control: x.mode,
    store: (significand: I64 | bigint | number, signExponent: I32In) => {
      f.set(result.significand, typeof significand === 'object' ? significand : constI64(significand))
      f.set(result.signExponent, typeof signExponent === 'number' ? i32.const(signExponent) : signExponent)
    },
    report: (flags: I32In) => f.set(result.flags, typeof flags === 'number' ? i32.const(flags) : flags),
    round: () => f.br(special),
  }
  operation.compute(f, place, partsOf(f, a), partsOf(f, b))
  x.set(destination, result.significand, result.signExponent)
  x.report(result.flags)
  return undefined
}

const OPERATIONS: readonly [O.OperationForms, Arithmetic, boolean][] = [
  [O.addForms, ADD, false],
  [O.multiplyForms, MULTIPLY, false],
  [O.subtractForms, SUBTRACT, false],
  [O.subtractReversedForms, SUBTRACT, true],
  [O.divideForms, DIVIDE, false],
  [O.divideReversedForms, DIVIDE, true],
]

const operations = OPERATIONS.flatMap(([forms, operation, reversed]): [RuntimeFunction, Inline][] => {
  const register: Inline = (x, [i], special) =>
    arithmetic(x, operation, reversed, index(i), x.content(index(i)), x.content(0), special)
  const memory: Inline = (x, [bits], special) =>
    arithmetic(x, operation, reversed, 0, x.content(0), fromMemory(x.f, bits as I32 | I64, special), special)
  return [
    [
      forms.toTop,
      (x, [i], special) => arithmetic(x, operation, reversed, 0, x.content(0), x.content(index(i)), special),
    ],
    [forms.toRegister, register],
    [forms.popping, register],
    [forms.single, memory],
    [forms.double, memory],
    [
      forms.integer,
      (x, [value], special) => {
        const other = fromInteger(x.f, x.f.let(i64.extend_s(value as I32)))
        return arithmetic(x, operation, reversed, 0, x.content(0), other, special)
      },
    ],
  ]
})

/** C3 and C0 for normal numbers and zeros. */
function ordering(x: X87Stack, a: Content, b: Content, special: Label): I32 {
  const { f } = x
  const [ea, eb] = [a, b].map((n) => f.let(exponentOf(n.signExponent))) as [I32, I32]
  f.if(
    i32.eqz(bothNormal(a, b)),
    () => {
      for (const n of [a, b]) {
        const zero = i64.eqz(i64.or(n.significand, i64.extend_u(exponentOf(n.signExponent))))
        const normal = i32.and(ordinaryExponent(n.signExponent), i64.lt_s(n.significand, 0))
        f.brIf(special, i32.eqz(i32.or(zero, normal)), 'unlikely')
      }
    },
    undefined,
    'unlikely',
  )
  const negative = f.let(i32.shr_u(a.signExponent, 15))
  const apart = i32.xor(negative, i32.shr_u(b.signExponent, 15))
  const same = f.let(i32.and(i32.eq(ea, eb), i64.eq(a.significand, b.significand)))
  const smaller = select(i32.eq(ea, eb), i64.lt_u(a.significand, b.significand), i32.lt_u(ea, eb))
  const equal = f.let(i32.and(same, i32.or(i32.eqz(apart), i64.eqz(a.significand))))
  const less = select(apart, negative, i32.xor(smaller, negative))
  return f.let(select(equal, i32.const(C3), i32.shl(less, 8)))
}

function setCodes(x: X87Stack, codes: I32): undefined {
  x.f.set(x.status, i32.or(i32.and(x.status, ~CONDITION_CODES), codes))
  return undefined
}

const comparesMemory: Inline = (x, [bits], special) =>
  setCodes(x, ordering(x, x.content(0), fromMemory(x.f, bits as I32 | I64, special), special))

const ZERO: Content = { significand: constI64(0), signExponent: i32.const(0) }

function push(x: X87Stack, { significand, signExponent }: Content): undefined {
  x.set(-1, significand, signExponent)
  x.report(0)
  return undefined
}

const loads: Inline = (x, [bits], special) => push(x, fromMemory(x.f, bits as I32 | I64, special))

const storesFloat =
  (format: typeof S.DOUBLE): Inline =>
  (x, _args, special) => {
    const { f } = x
    const { significand, signExponent } = x.content(0)
    const flags = f.variable(i32.const(0))
    f.if(
      S.fitsFormat(format, x.mode, significand, signExponent),
      () => {
        const narrow = S.narrowed(f, format, significand, signExponent)
        f.set(x.result, narrow.bits)
        f.set(flags, narrow.flags)
      },
      () => {
        f.brIf(special, i32.eqz(i64.eqz(i64.or(significand, i64.extend_u(exponentOf(signExponent))))), 'unlikely')
        f.set(x.result, i64.shl(i64.extend_u(i32.shr_u(signExponent, 15)), BigInt(format.bits - 1)))
      },
    )
    x.report(flags)
    return undefined
  }

/** `bits` and `direction` (in RC's coding) of an integer store; zeros and normal numbers that fit. */
function storeInteger(x: X87Stack, bits: number, direction: I32, special: Label): undefined {
  const { f } = x
  const { significand, signExponent } = x.content(0)
  const exponent = f.let(exponentOf(signExponent))
  const sign = f.let(i32.and(signExponent, 0x8000))
  const zero = i64.eqz(i64.or(significand, i64.extend_u(exponent)))
  const normal = i32.and(i32.lt_u(i32.sub(exponent, 1), BIAS + 62), i64.lt_s(significand, 0))
  f.brIf(special, i32.eqz(i32.and(i32.or(zero, normal), i32.ne(i32.and(x.mode, PE), 0))), 'unlikely')
  const { magnitude, inexact, increment } = S.toInteger(f, significand, exponent, sign, direction)
  const minimum = 1n << BigInt(bits - 1)
  f.brIf(special, i64.gt_u(magnitude, i64.sub(constI64(minimum), i64.extend_u(i32.eqz(sign)))), 'unlikely')
  f.set(x.result, select(sign, i64.sub(0, magnitude), magnitude))
  x.report(i32.or(i32.shl(inexact, 5), i32.shl(increment, 9)))
  return undefined
}

const changesSign =
  (keep: number, flip: number): Inline =>
  (x) => {
    const { significand, signExponent } = x.content(0)
    x.set(0, significand, i32.xor(i32.and(signExponent, keep), flip))
    x.report(0)
    return undefined
  }

export const INLINE: ReadonlyMap<RuntimeFunction, Inline> = new Map<RuntimeFunction, Inline>([
  ...operations,
  [fldDouble, loads],
  [fldSingle, loads],
  [fldInteger, (x, [value]) => push(x, fromInteger(x.f, x.f.let(value as I64)))],
  [
    fldValue,
    (x, [significand, signExponent]) => push(x, { significand: significand as I64, signExponent: signExponent as I32 }),
  ],
  [R.loadRegister, (x, [i]) => push(x, x.content(index(i)))],
  [
    R.storeToRegister,
    (x, [i]) => {
      const { significand, signExponent } = x.content(0)
      x.set(index(i), significand, signExponent)
      x.report(0)
      return undefined
    },
  ],
  [
    R.exchange,
    (x, [i]) => {
      const [a, b] = [x.content(0), x.content(index(i))]
      x.set(0, b.significand, b.signExponent)
      x.set(index(i), a.significand, a.signExponent)
      x.report(0)
      return undefined
    },
  ],
  [
    R.conditionalMove,
    (x, [i, condition]) => {
      const [a, b] = [x.content(0), x.content(index(i))]
      const holds = condition as I32
      x.set(0, select(holds, b.significand, a.significand), select(holds, b.signExponent, a.signExponent))
      return undefined
    },
  ],
  [R.negate, changesSign(0xffff, 0x8000)],
  [R.absolute, changesSign(0x7fff, 0)],
  [compareRegister, (x, [i], special) => setCodes(x, ordering(x, x.content(0), x.content(index(i)), special))],
  [compareToFlags, (x, [i], special) => ordering(x, x.content(0), x.content(index(i)), special)],
  [compareSingle, comparesMemory],
  [compareDouble, comparesMemory],
  [
    compareInteger,
    (x, [value], special) => {
      const other = fromInteger(x.f, x.f.let(i64.extend_s(value as I32)))
      return setCodes(x, ordering(x, x.content(0), other, special))
    },
  ],
  [testZero, (x, _args, special) => setCodes(x, ordering(x, x.content(0), ZERO, special))],
  [S.storeDouble, storesFloat(S.DOUBLE)],
  [S.storeSingle, storesFloat(S.SINGLE)],
  [
    S.storeRounded,
    (x, [, bits], special) => storeInteger(x, index(bits), i32.shr_u(i32.and(x.mode, RC_MASK), RC_SHIFT), special),
  ],
  [S.storeTruncated, (x, [bits], special) => storeInteger(x, index(bits), i32.const(3), special)],
])

if (C0 !== 1 << 8) throw new Error('C0 is bit 8')
