/** What the runtime functions of x87 rows do to the register stack when nothing unusual happens. */
import type { Expr } from '../../wasm/expr.ts'
import type { RuntimeFunction } from '../ops/runtime.ts'
import { fpatan } from '../x87/arctangent.ts'
import {
  compareDouble,
  compareInteger,
  compareRegister,
  compareSingle,
  compareToFlags,
  examine,
  POP_ONE,
  POP_TWO,
  testZero,
} from '../x87/compare.ts'
import { clearExceptions, free, loadControl, rotate } from '../x87/control-words.ts'
import { f2xm1 } from '../x87/exponential.ts'
import { fldBcd, fldDouble, fldInteger, fldSingle, fldValue } from '../x87/load.ts'
import { fyl2x, fyl2xp1 } from '../x87/logarithm.ts'
import * as O from '../x87/operations.ts'
import * as R from '../x87/registers.ts'
import { ieeeRemainder, partialRemainder } from '../x87/remainder.ts'
import { extract, roundToInteger, scale } from '../x87/scale.ts'
import { squareRoot } from '../x87/square-root.ts'
import { storeBcd, storeDouble, storeExtended, storeRounded, storeSingle, storeTruncated } from '../x87/store.ts'
import { fcos, fptan, fsin, fsincos } from '../x87/trigonometry.ts'

export interface Effect {
  /** Registers ST(i) that must not be empty. */
  readonly reads: readonly number[]
  /** Registers that the function looks at or changes. */
  readonly touches: readonly number[]
  /** What is added to TOP; a push fills the new ST(0), pops empty what they pop, unless TOP only turns. */
  readonly move: number
  readonly turns: boolean
  readonly fills: readonly number[]
  readonly empties: readonly number[]
  /** It may change the control word; it leaves something to store in FPU_RESULT. */
  readonly control: boolean
  readonly stores: boolean
}

type EffectOf = (args: readonly number[]) => Partial<Effect>

const PUSH: EffectOf = () => ({ move: -1 })
const TOP: EffectOf = () => ({ reads: [0] })
const TWO: EffectOf = () => ({ reads: [0, 1] })
const TWO_POP: EffectOf = () => ({ reads: [0, 1], move: 1 })
const TOP_PUSH: EffectOf = () => ({ reads: [0], move: -1 })
const WITH_REGISTER: EffectOf = ([i]) => ({ reads: [0, i!] })
const NOTHING: EffectOf = () => ({})
const pops = (options: number | undefined) => (options! & POP_TWO ? 2 : options! & POP_ONE ? 1 : 0)
const compares: EffectOf = ([i, options]) => ({ reads: [0, i!], move: pops(options) })
const comparesMemory: EffectOf = ([, options]) => ({ reads: [0], move: pops(options) })
const stores: EffectOf = ([popping]) => ({ reads: [0], move: popping!, stores: true })
const storesPopping: EffectOf = () => ({ reads: [0], move: 1, stores: true })

const OPERATIONS = [
  O.addForms,
  O.multiplyForms,
  O.subtractForms,
  O.subtractReversedForms,
  O.divideForms,
  O.divideReversedForms,
]

const EFFECTS = new Map<RuntimeFunction, EffectOf>([
  ...OPERATIONS.flatMap((forms): [RuntimeFunction, EffectOf][] => [
    [forms.toTop, WITH_REGISTER],
    [forms.toRegister, WITH_REGISTER],
    [forms.popping, ([i]) => ({ reads: [0, i!], move: 1 })],
    [forms.single, TOP],
    [forms.double, TOP],
    [forms.integer, TOP],
  ]),
  [fldValue, PUSH],
  [fldSingle, PUSH],
  [fldDouble, PUSH],
  [fldInteger, PUSH],
  [fldBcd, PUSH],
  [R.loadLog2Of10, PUSH],
  [R.loadLog2OfE, PUSH],
  [R.loadPi, PUSH],
  [R.loadLog10Of2, PUSH],
  [R.loadLogEOf2, PUSH],
  [R.loadRegister, ([i]) => ({ reads: [i!], move: -1 })],
  [R.storeToRegister, ([i, popping]) => ({ reads: [0], touches: [0, i!], fills: [i!], move: popping! })],
  [R.storeUnchecked, ([i]) => ({ reads: [0], touches: [0, i!], fills: [i!], move: 1 })],
  [R.exchange, WITH_REGISTER],
  [R.conditionalMove, WITH_REGISTER],
  [R.negate, TOP],
  [R.absolute, TOP],
  [compareRegister, compares],
  [compareToFlags, compares],
  [compareSingle, comparesMemory],
  [compareDouble, comparesMemory],
  [compareInteger, comparesMemory],
  [testZero, TOP],
  [examine, () => ({ touches: [0] })],
  [storeSingle, stores],
  [storeDouble, stores],
  [storeRounded, stores],
  [storeTruncated, storesPopping],
  [storeExtended, storesPopping],
  [storeBcd, storesPopping],
  [f2xm1, TOP],
  [fsin, TOP],
  [fcos, TOP],
  [squareRoot, TOP],
  [roundToInteger, TOP],
  [partialRemainder, TWO],
  [ieeeRemainder, TWO],
  [scale, TWO],
  [fyl2x, TWO_POP],
  [fyl2xp1, TWO_POP],
  [fpatan, TWO_POP],
  [fptan, TOP_PUSH],
  [fsincos, TOP_PUSH],
  [extract, TOP_PUSH],
  [clearExceptions, NOTHING],
  [loadControl, () => ({ control: true })],
  [rotate, ([by]) => ({ move: by!, turns: true })],
  [free, ([i, popping]) => ({ empties: [i!], move: popping! })],
])

/** Rows that a region with registers in locals cannot have: they take the whole state from memory or put it there. */
export const UNTRACKED: ReadonlySet<string> = new Set('FNINIT FNSTENV FLDENV FNSAVE FRSTOR FXSAVE FXRSTOR'.split(' '))

/** Undefined for functions of other rows. */
export function effectOf(fn: RuntimeFunction, args: readonly Expr[]): Effect | undefined {
  const effect = EFFECTS.get(fn)?.(args.map((arg) => Number(arg.constant ?? 0)))
  if (!effect) return undefined
  const { reads = [], touches = reads, move = 0, turns = false } = effect
  const { fills = [], empties = [], control = false, stores: leaves = false } = effect
  return { reads, touches, move, turns, fills, empties, control, stores: leaves }
}
