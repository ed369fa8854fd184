/**
 * The status flags while a region is made: what set them last is kept as operands, and becomes the two flag words (see
 * state/layout.ts) only where something needs them. A condition right behind a comparison is a comparison again.
 */
import type { I32, I32In } from '../../wasm/expr.ts'
import { asI32, constI32 } from '../../wasm/expr.ts'
import type { FunctionBuilder, Local } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import type { FlagName } from '../ops/flag-words.ts'
import { auxAdd, auxIncrement, auxSub, flagOf, signExtend } from '../ops/flag-words.ts'
import type { Condition, Size } from '../ops/ops.ts'
import type { Linker } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'

/** What the flags are the result of. Operands are locals that nobody changes, or constants. */
type FlagState =
  | { readonly kind: 'words' }
  /** What set them is known at run time only: a code and the operands, in locals. */
  | { readonly kind: 'saved' }
  /** Nobody looks at them before they are set. */
  | { readonly kind: 'dead' }
  | {
      readonly kind: 'add' | 'sub'
      readonly a: I32
      readonly b: I32
      readonly result: I32
      readonly size: Size
      /** A carry or borrow was added in: the operands alone do not tell the carry out. */
      readonly carried: boolean
    }
  | { readonly kind: 'logic'; readonly result: I32; readonly size: Size }
  | {
      readonly kind: 'increment'
      readonly result: I32
      readonly size: Size
      readonly decrement: boolean
      readonly cf: I32
    }
  | {
      readonly kind: 'result'
      readonly result: I32
      readonly size: Size
      readonly cf: I32
      readonly of: I32
      readonly af: I32
    }

const WORDS: FlagState = { kind: 'words' }
const SAVED: FlagState = { kind: 'saved' }
const DEAD: FlagState = { kind: 'dead' }

/** What code needs of the flags it begins with: nothing, to be able to make them when it leaves, or their values. */
export type FlagNeed = 'dead' | 'cold' | 'live'

const SOURCES = ['add', 'sub', 'logic', 'increment', 'decrement', 'result'] as const
const SIZES: readonly Size[] = [1, 2, 4]

/** The code of saved flags: 0 stands for the two words themselves. */
function codeOf(source: (typeof SOURCES)[number], size: Size): number {
  return 1 + SOURCES.indexOf(source) * SIZES.length + SIZES.indexOf(size)
}

/**
 * Stores the flag words of saved flags: (code, a, b, result). a and b are the operands of an addition or subtraction; for INC
 * and DEC a is CF; for flags given one by one a is CF, b is OF and AF in bit 1.
 */
export const storeSavedFlags = runtimeFunction('store_saved_flags', ['i32', 'i32', 'i32', 'i32'], 'void', (f) => {
  const [code, a, b, result] = [0, 1, 2, 3].map((n): I32 => f.param(n, 'i32')) as [I32, I32, I32, I32]
  const aux = (source: (typeof SOURCES)[number], size: Size): I32 => {
    switch (source) {
      case 'add':
        return auxAdd(a, b, result, size)
      case 'sub':
        return auxSub(a, b, result, size)
      case 'logic':
        return constI32(0)
      case 'result':
        return topBits(a, i32.and(b, 1), i32.shr_u(b, 1))
      default:
        return auxIncrement(f, f.let(i32.shl(a, 31)), result, size, source === 'decrement')
    }
  }
  for (const source of SOURCES)
    for (const size of SIZES)
      f.if(i32.eq(code, codeOf(source, size)), () => {
        f.store32(0, signExtend(result, size), L.FLAGS_RESULT)
        f.store32(0, aux(source, size), L.FLAGS_AUX)
      })
})

function topBits(cf: I32In, of: I32In, af: I32In): I32 {
  return i32.or(i32.or(i32.shl(cf, 31), i32.shl(i32.xor(cf, of), 30)), i32.shl(af, 3))
}

export class LazyFlags {
  readonly #f: FunctionBuilder
  readonly #linker: Linker
  readonly #result: Local<'i32'>
  readonly #aux: Local<'i32'>
  /** Of saved flags, with the result in #result and the operands in #aux and #second. */
  readonly #code: Local<'i32'>
  readonly #second: Local<'i32'>
  /** A value to compare and to go back to, where control flow divides. */
  state: FlagState = WORDS

  constructor(f: FunctionBuilder, linker: Linker) {
    this.#f = f
    this.#linker = linker
    this.#result = f.local('i32')
    this.#aux = f.local('i32')
    this.#code = f.local('i32')
    this.#second = f.local('i32')
  }

  /** The locals that the present state depends on. */
  get operands(): readonly I32[] {
    return Object.values(this.state).filter((v): v is I32 => typeof v === 'object')
  }

  /** Reads the flag words from the CPU's state. */
  load(): void {
    this.#f.set(this.#result, i32.load(0, L.FLAGS_RESULT))
    this.#f.set(this.#aux, i32.load(0, L.FLAGS_AUX))
  }

  /** Writes the flag words, which `emitWords` or `toWords` has made, to the CPU's state. */
  store(): void {
    this.#f.store32(0, this.#result, L.FLAGS_RESULT)
    this.#f.store32(0, this.#aux, L.FLAGS_AUX)
  }

  /** On a path that leaves the region: notes what set the flags; the other paths go on with what they had. */
  leave(): void {
    this.#save(this.state)
  }

  /** Behind `leave`, where the ways out meet: writes the words to the CPU's state. */
  storeLeft(): void {
    this.#f.if(
      this.#code,
      () => this.#storeSaved(),
      () => this.store(),
    )
  }

  #storeSaved(): void {
    const operands = [this.#code, this.#aux, this.#second, this.#result]
    this.#f.call(this.#linker.runtime(storeSavedFlags), ...operands)
  }

  /** Makes the words; the state stays what it was. */
  emitWords(): void {
    const { state } = this
    if (state.kind === 'words') return
    if (state.kind === 'dead') throw new Error('Flags that nobody wanted are wanted')
    if (state.kind === 'saved')
      return this.#f.if(this.#code, () => {
        this.#storeSaved()
        this.load()
      })
    const aux = this.#auxWord()
    this.#f.set(this.#result, signExtend(state.result, state.size))
    this.#f.set(this.#aux, aux)
  }

  toWords(): void {
    this.emitWords()
    this.state = WORDS
  }

  /** Before a jump to code that others jump to as well, and that needs `need`. */
  meet(need: FlagNeed): void {
    const { state } = this
    if (need === 'live') return this.toWords()
    if (need === 'cold' && state.kind !== 'saved') this.#save(state)
    this.state = need === 'cold' ? SAVED : DEAD
  }

  /** At the beginning of such code. */
  begin(need: FlagNeed): void {
    this.state = need === 'live' ? WORDS : need === 'cold' ? SAVED : DEAD
  }

  #save(state: FlagState): void {
    const save = (code: number, a: I32In, b: I32In, result: I32) => {
      const f = this.#f
      f.set(this.#code, constI32(code))
      f.set(this.#aux, asI32(a))
      f.set(this.#second, asI32(b))
      f.set(this.#result, result)
    }
    switch (state.kind) {
      case 'saved':
        return
      case 'dead':
        throw new Error('Flags that nobody wanted are wanted')
      case 'words':
        return this.#f.set(this.#code, constI32(0))
      case 'add':
      case 'sub':
        return save(codeOf(state.kind, state.size), state.a, state.b, state.result)
      case 'logic':
        return save(codeOf('logic', state.size), 0, 0, state.result)
      case 'increment':
        return save(codeOf(state.decrement ? 'decrement' : 'increment', state.size), state.cf, 0, state.result)
      case 'result':
        return save(codeOf('result', state.size), state.cf, i32.or(state.of, i32.shl(state.af, 1)), state.result)
    }
  }

  #auxWord(): I32 {
    const { state } = this
    switch (state.kind) {
      case 'words':
        return this.#aux
      case 'saved':
      case 'dead':
        throw new Error('Flags are read that were not to be live')
      case 'add':
        return auxAdd(state.a, state.b, state.result, state.size)
      case 'sub':
        return auxSub(state.a, state.b, state.result, state.size)
      case 'logic':
        return constI32(0)
      case 'increment':
        return auxIncrement(this.#f, this.#f.let(i32.shl(state.cf, 31)), state.result, state.size, state.decrement)
      case 'result':
        return topBits(state.cf, state.of, state.af)
    }
  }

  get words(): { readonly result: I32; readonly aux: I32 } {
    const { state } = this
    if (state.kind === 'words') return { result: this.#result, aux: this.#aux }
    if (state.kind === 'saved' || state.kind === 'dead') throw new Error('Flags are read that were not to be live')
    return { result: this.#f.let(signExtend(state.result, state.size)), aux: this.#f.let(this.#auxWord()) }
  }

  setWords(result: I32In, aux: I32In): void {
    const a = this.#f.let(asI32(aux))
    this.#f.set(this.#result, asI32(result))
    this.#f.set(this.#aux, a)
    this.state = WORDS
  }

  setAux(aux: I32): void {
    const bound = this.#f.let(aux)
    this.toWords()
    this.#f.set(this.#aux, bound)
  }

  #bind(value: I32In): I32 {
    const e = asI32(value)
    return e.constant !== undefined || 'index' in e ? e : this.#f.let(e)
  }

  arithmetic(kind: 'add' | 'sub', a: I32In, b: I32In, result: I32In, size: Size, carried: boolean): void {
    this.state = { kind, a: this.#bind(a), b: this.#bind(b), result: this.#bind(result), size, carried }
  }

  logic(result: I32In, size: Size): void {
    this.state = { kind: 'logic', result: this.#bind(result), size }
  }

  increment(result: I32In, size: Size, decrement: boolean): void {
    this.state = { kind: 'increment', cf: this.#f.let(this.carry()), result: this.#bind(result), size, decrement }
  }

  result(result: I32In, size: Size, values: { cf: I32In; of: I32In; af: I32In }): void {
    const [cf, of, af] = [this.#bind(values.cf), this.#bind(values.of), this.#bind(values.af)]
    this.state = { kind: 'result', result: this.#bind(result), size, cf, of, af }
  }

  carry(): I32 {
    const { state } = this
    switch (state.kind) {
      case 'add':
        if (!state.carried) return i32.lt_u(state.result, state.a)
        break
      case 'sub':
        if (!state.carried) return i32.lt_u(state.a, state.b)
        break
      case 'logic':
        return constI32(0)
      case 'increment':
      case 'result':
        return state.cf
      default:
    }
    return i32.shr_u(this.#auxWord(), 31)
  }

  #overflow(): I32 {
    const { state } = this
    if (state.kind === 'logic') return constI32(0)
    if (state.kind === 'result') return state.of
    if (state.kind === 'increment') {
      const sign = 1 << (state.size * 8 - 1)
      return i32.eq(signExtend(state.result, state.size), signExtend(state.decrement ? sign - 1 : sign, state.size))
    }
    const { result, aux } = this.words
    return flagOf('of', result, aux)
  }

  flag(name: FlagName): I32 {
    const { state } = this
    if (name === 'cf') return this.carry()
    if (name === 'of') return this.#overflow()
    if ('result' in state) {
      const value = () => signExtend(state.result, state.size)
      if (name === 'zf') {
        if (state.kind === 'sub' && !state.carried) return i32.eq(state.a, state.b)
        return i32.eqz(value())
      }
      if (name === 'sf') return i32.lt_s(value(), 0)
      if (name === 'pf') return i32.xor(i32.and(i32.popcnt(i32.and(state.result, 0xff)), 1), 1)
    }
    const { result, aux } = this.words
    return flagOf(name, result, aux)
  }

  /** Condition `cc` (encoding order) as 0 or 1. */
  condition(cc: Condition): I32 {
    const base = this.#condition(cc >> 1)
    return cc & 1 ? i32.eqz(base) : base
  }

  #condition(pair: number): I32 {
    const { state } = this
    const compared = state.kind === 'sub' && !state.carried ? state : undefined
    switch (pair) {
      case 0:
        return this.flag('of')
      case 1:
        return this.flag('cf')
      case 2:
        return this.flag('zf')
      case 3:
        if (compared) return i32.le_u(compared.a, compared.b)
        return i32.or(this.flag('cf'), this.flag('zf'))
      case 4:
        return this.flag('sf')
      case 5:
        return this.flag('pf')
      case 6:
        if (compared) return i32.lt_s(signExtend(compared.a, compared.size), signExtend(compared.b, compared.size))
        return i32.xor(this.flag('sf'), this.flag('of'))
      default:
        if (compared) return i32.le_s(signExtend(compared.a, compared.size), signExtend(compared.b, compared.size))
        return i32.or(i32.xor(this.flag('sf'), this.flag('of')), this.flag('zf'))
    }
  }
}
