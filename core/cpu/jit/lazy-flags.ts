/**
 * The status flags while a region is made: what set them last is kept as operands, and becomes the two flag words (see
 * state/layout.ts) only where something needs them. A condition right behind a comparison is a comparison again.
 */
import type { I32, I32In } from '../../wasm/expr.ts'
import { asI32, constI32 } from '../../wasm/expr.ts'
import type { FunctionBuilder, Local } from '../../wasm/function-builder.ts'
import { localsOf } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import type { FlagName } from '../ops/flag-words.ts'
import { auxAdd, auxIncrement, auxSub, flagOf, signExtend } from '../ops/flag-words.ts'
import type { Condition, Size } from '../ops/ops.ts'
import type { Linker } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'

/**
 * What the flags are the result of. Operands are locals that nobody changes while the state lasts, constants, or expressions of
 * these, which cost something only where they are asked for: mostly on the ways out.
 */
type FlagState = { readonly held: readonly I32[] } & (
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
      /** Has the carry. */
      readonly before: FlagState
    }
  | {
      readonly kind: 'result'
      readonly result: I32
      readonly size: Size
      readonly cf: I32
      readonly of: I32
      readonly af: I32
    }
  /** CF, and OF if it is given; the others are as `before`. */
  | { readonly kind: 'carry'; readonly cf: I32; readonly of: I32 | undefined; readonly before: FlagState }
)

const WORDS: FlagState = { kind: 'words', held: [] }
const SAVED: FlagState = { kind: 'saved', held: [] }
const DEAD: FlagState = { kind: 'dead', held: [] }

/** A state that a loop begins with each time round. Operands that are no constants or registers have a local of their own. */
export interface KeptFlags {
  readonly state: FlagState
  readonly operands: readonly KeptOperand[]
}

interface KeptOperand {
  /** A register's local, one for this, or a constant. */
  readonly place: I32
  readonly own: Local<'i32'> | undefined
}

/** What code needs of the flags it begins with: nothing, to be able to make them when it leaves, or their values. */
export type FlagNeed = 'dead' | 'cold' | 'live'

const SOURCES = ['add', 'sub', 'adc', 'sbb', 'logic', 'increment', 'decrement', 'result'] as const
const SIZES: readonly Size[] = [1, 2, 4]

/** The code of saved flags: 0 stands for the two words themselves. */
function codeOf(source: (typeof SOURCES)[number], size: Size): number {
  return 1 + SOURCES.indexOf(source) * SIZES.length + SIZES.indexOf(size)
}

/**
 * Stores the flag words of saved flags: (code, a, b, result). a and b are the operands of an addition or subtraction, of which the
 * result is used only where a carry was added in; for INC and DEC a is CF; for flags given one by one a is CF, b is OF and AF in bit 1.
 */
export const storeSavedFlags = runtimeFunction('store_saved_flags', ['i32', 'i32', 'i32', 'i32'], 'void', (f) => {
  const [code, a, b, result] = [0, 1, 2, 3].map((n): I32 => f.param(n, 'i32')) as [I32, I32, I32, I32]
  const sum = (source: (typeof SOURCES)[number]): I32 =>
    f.let(source === 'add' ? i32.add(a, b) : source === 'sub' ? i32.sub(a, b) : result)
  const aux = (source: (typeof SOURCES)[number], r: I32, size: Size): I32 => {
    switch (source) {
      case 'add':
      case 'adc':
        return auxAdd(a, b, r, size)
      case 'sub':
      case 'sbb':
        return auxSub(a, b, r, size)
      case 'logic':
        return constI32(0)
      case 'result':
        return topBits(a, i32.and(b, 1), i32.shr_u(b, 1))
      default:
        return auxIncrement(f, f.let(i32.shl(a, 31)), r, size, source === 'decrement')
    }
  }
  for (const source of SOURCES)
    for (const size of SIZES)
      f.if(i32.eq(code, codeOf(source, size)), () => {
        const r = sum(source)
        f.store32(0, signExtend(r, size), L.FLAGS_RESULT)
        f.store32(0, aux(source, r, size), L.FLAGS_AUX)
      })
})

function topBits(cf: I32In, of: I32In, af: I32In): I32 {
  return i32.or(i32.or(i32.shl(cf, 31), i32.shl(i32.xor(cf, of), 30)), i32.shl(af, 3))
}

/** The operands that make out a state of few of them; the result of an addition or subtraction follows from its operands. */
function operandsOf(state: FlagState): readonly I32[] | undefined {
  switch (state.kind) {
    case 'add':
    case 'sub':
      return state.carried ? undefined : [state.a, state.b]
    case 'logic':
      return [state.result]
    case 'increment': {
      const before = operandsOf(state.before)
      return before && [state.result, ...before]
    }
    default:
      return undefined
  }
}

function withOperands(state: FlagState, operands: readonly I32[]): FlagState {
  const held = operands.flatMap(localsOf)
  const [first, second] = operands as [I32, I32]
  switch (state.kind) {
    case 'add':
    case 'sub': {
      const wide = state.kind === 'add' ? i32.add(first, second) : i32.sub(first, second)
      const result = state.size === 4 ? wide : i32.and(wide, state.size === 2 ? 0xffff : 0xff)
      return { ...state, a: first, b: second, result, held }
    }
    case 'logic':
      return { ...state, result: first, held }
    case 'increment':
      return { ...state, result: first, before: withOperands(state.before, operands.slice(1)), held }
    default:
      throw new Error('Flags without operands')
  }
}

export class LazyFlags {
  readonly #f: FunctionBuilder
  readonly #linker: Linker
  readonly #result: Local<'i32'>
  readonly #aux: Local<'i32'>
  /** Of saved flags, with the result in #result and the operands in #aux and #second. */
  readonly #code: Local<'i32'>
  readonly #second: Local<'i32'>
  /** The register's local that a value is the same as, where the code stands. */
  registerOf: (value: I32) => I32 | undefined = () => undefined
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
    return this.state.held
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
    if (state.kind === 'saved') return this.#resolve()
    this.#resolveUnder(state)
    const aux = this.#f.let(this.#auxWord(state))
    this.#f.set(this.#result, this.#resultWord(state))
    this.#f.set(this.#aux, aux)
  }

  /** Makes the words of saved flags; nothing is saved any more. */
  #resolve(): void {
    this.#f.if(this.#code, () => {
      this.#storeSaved()
      this.load()
      this.#f.set(this.#code, constI32(0))
    })
  }

  /** The same of those that `state` has partly replaced. */
  #resolveUnder(state: FlagState): void {
    if (!('before' in state)) return
    if (state.before.kind === 'saved') this.#resolve()
    else this.#resolveUnder(state.before)
  }

  toWords(): void {
    this.emitWords()
    this.state = WORDS
  }

  /** Before many ways that all need the flags: what would be made on each of them is made here. */
  settle(): void {
    const { state } = this
    if (state.kind === 'carry') return this.toWords()
    if (state.kind === 'result') {
      const [cf, of, af] = [this.#bind(state.cf), this.#bind(state.of), this.#bind(state.af)]
      this.state = { ...state, cf, of, af, held: [state.result, cf, of, af] }
    } else if (state.kind === 'increment' && state.before.kind !== 'saved' && state.before.kind !== 'dead') {
      const cf = this.#bind(this.#carry(state.before))
      const before: FlagState = { kind: 'carry', cf, of: undefined, before: DEAD, held: [cf] }
      this.state = { ...state, before, held: [state.result, cf] }
    }
  }

  /** Before a jump to code that others jump to as well, and that needs `need`. */
  meet(need: FlagNeed): void {
    const { state } = this
    if (need === 'live') return this.toWords()
    if (need === 'cold' && state.kind !== 'saved') this.#save(state)
    this.state = need === 'cold' ? SAVED : DEAD
  }

  /**
   * Into a loop whose beginning is reached from here and from its end only, where the flags come from the same code as here. Undefined
   * where they cannot be kept as they are and `meet` is to be used.
   */
  enterLoop(need: FlagNeed): KeptFlags | undefined {
    const { state } = this
    const values = need === 'cold' ? operandsOf(state) : undefined
    if (!values) return undefined
    const operands = values.map((value): KeptOperand => {
      const place = value.constant === undefined ? this.registerOf(value) : value
      if (place) return { place, own: undefined }
      const own = this.#f.variable(value)
      return { place: own, own }
    })
    return { state, operands }
  }

  /** At such a loop's beginning. */
  beginLoop({ state, operands }: KeptFlags): void {
    // Registers may change while the state lasts.
    this.state = withOperands(
      state,
      operands.map(({ place, own }) => (own ? place : this.#f.let(place))),
    )
  }

  /** At its end, before the jump. */
  repeatLoop({ state, operands }: KeptFlags): void {
    const values = operandsOf(this.state)
    if (!values || this.state.kind !== state.kind) throw new Error('A loop ends with other flags than it began with')
    for (const [i, { place, own }] of operands.entries()) {
      const value = values[i]!
      if (own) this.#f.set(own, value)
      else if (value.constant === undefined ? this.registerOf(value) !== place : value.constant !== place.constant)
        throw new Error('A loop ends with other flags than it began with')
    }
  }

  /** At the beginning of such code. */
  begin(need: FlagNeed): void {
    this.state = need === 'live' ? WORDS : need === 'cold' ? SAVED : DEAD
  }

  #save(state: FlagState): void {
    const save = (code: number, a: I32In, b: I32In, result?: I32) => {
      const f = this.#f
      f.set(this.#code, constI32(code))
      f.set(this.#aux, asI32(a))
      f.set(this.#second, asI32(b))
      if (result) f.set(this.#result, result)
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
        if (!state.carried) return save(codeOf(state.kind, state.size), state.a, state.b)
        return save(codeOf(state.kind === 'add' ? 'adc' : 'sbb', state.size), state.a, state.b, state.result)
      case 'logic':
        return save(codeOf('logic', state.size), 0, 0, state.result)
      case 'increment':
        this.#resolveUnder(state)
        return save(
          codeOf(state.decrement ? 'decrement' : 'increment', state.size),
          this.#carry(state.before),
          0,
          state.result,
        )
      case 'result':
        return save(codeOf('result', state.size), state.cf, i32.or(state.of, i32.shl(state.af, 1)), state.result)
      case 'carry':
        this.emitWords()
        return this.#f.set(this.#code, constI32(0))
    }
  }

  #resultWord(state: FlagState): I32 {
    if ('result' in state) return signExtend(state.result, state.size)
    return state.kind === 'carry' ? this.#resultWord(state.before) : this.#result
  }

  #auxWord(state: FlagState): I32 {
    switch (state.kind) {
      case 'dead':
        // Under flags that replace those that anybody wants.
        return constI32(0)
      case 'words':
      case 'saved':
        return this.#aux
      case 'add':
        return auxAdd(state.a, state.b, state.result, state.size)
      case 'sub':
        return auxSub(state.a, state.b, state.result, state.size)
      case 'logic':
        return constI32(0)
      case 'increment': {
        const cf = this.#f.let(i32.shl(this.#carry(state.before), 31))
        return auxIncrement(this.#f, cf, state.result, state.size, state.decrement)
      }
      case 'result':
        return topBits(state.cf, state.of, state.af)
      case 'carry': {
        const others = this.#f.let(this.#auxWord(state.before))
        const of = state.of ?? flagOf('of', constI32(0), others)
        const cf = this.#f.let(state.cf)
        return i32.or(i32.and(others, 0x3fff_ffff), topBits(cf, of, 0))
      }
    }
  }

  /** `state`, whose values are read. */
  #read(state: FlagState): FlagState {
    if (state.kind === 'saved' || state.kind === 'dead') throw new Error('Flags are read that were not to be live')
    return state
  }

  get words(): { readonly result: I32; readonly aux: I32 } {
    const state = this.#read(this.state)
    if ('before' in state) this.#read(state.before)
    if (state.kind === 'words') return { result: this.#result, aux: this.#aux }
    return { result: this.#f.let(this.#resultWord(state)), aux: this.#f.let(this.#auxWord(state)) }
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

  arithmetic(kind: 'add' | 'sub', x: I32In, y: I32In, sum: I32In, size: Size, carried: boolean): void {
    const [a, b, result] = [this.#bind(x), this.#bind(y), this.#bind(sum)]
    this.state = { kind, a, b, result, size, carried, held: [a, b, result] }
  }

  /** Of a subtraction whose result nobody else wants. */
  comparison(x: I32In, y: I32In, size: Size): void {
    const [a, b] = [this.#bind(x), this.#bind(y)]
    this.state = withOperands({ kind: 'sub', a, b, result: a, size, carried: false, held: [] }, [a, b])
  }

  logic(value: I32In, size: Size): void {
    const result = this.#bind(value)
    this.state = { kind: 'logic', result, size, held: [result] }
  }

  increment(value: I32In, size: Size, decrement: boolean): void {
    const { state } = this
    const before = state.kind === 'increment' ? state.before : state
    const result = this.#bind(value)
    this.state = { kind: 'increment', before, result, size, decrement, held: [result, ...before.held] }
  }

  /** `values` are expressions of bound values. */
  result(value: I32In, size: Size, values: { cf: I32In; of: I32In; af: I32In }): void {
    const result = this.#bind(value)
    const [cf, of, af] = [asI32(values.cf), asI32(values.of), asI32(values.af)]
    const held = [result, ...localsOf(cf), ...localsOf(of), ...localsOf(af)]
    this.state = { kind: 'result', result, size, cf, of, af, held }
  }

  /** Sets CF, and OF if it is given, to expressions of bound values. */
  replaceCarry(carry: I32In, overflow: I32In | undefined): void {
    const cf = asI32(carry)
    const of = overflow === undefined ? undefined : asI32(overflow)
    const { state } = this
    const own = [...localsOf(cf), ...(of ? localsOf(of) : [])]
    if (state.kind === 'carry') {
      const { before } = state
      const kept = of ?? state.of
      this.state = {
        kind: 'carry',
        cf,
        of: kept,
        before,
        held: [...own, ...(kept ? localsOf(kept) : []), ...before.held],
      }
      return
    }
    // The carry of what was before does not matter any more.
    const before: FlagState =
      state.kind === 'increment' ? { ...state, before: DEAD, held: localsOf(state.result) } : state
    this.state = { kind: 'carry', cf, of, before, held: [...own, ...before.held] }
  }

  carry(): I32 {
    const { state } = this
    return this.#carry(this.#read(state.kind === 'increment' ? state.before : state))
  }

  #carry(state: FlagState): I32 {
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
        return this.#carry(state.before)
      case 'result':
      case 'carry':
        return state.cf
      default:
    }
    return i32.shr_u(this.#auxWord(state), 31)
  }

  #overflow(state: FlagState): I32 {
    if (state.kind === 'logic') return constI32(0)
    if (state.kind === 'result') return state.of
    if (state.kind === 'increment') {
      const sign = 1 << (state.size * 8 - 1)
      return i32.eq(signExtend(state.result, state.size), signExtend(state.decrement ? sign - 1 : sign, state.size))
    }
    return flagOf('of', constI32(0), this.#f.let(this.#auxWord(state)))
  }

  flag(name: FlagName): I32 {
    if (name === 'cf') return this.carry()
    return this.#flag(name, this.state)
  }

  #flag(name: FlagName, state: FlagState): I32 {
    if (state.kind === 'carry') return name === 'of' && state.of ? state.of : this.#flag(name, state.before)
    if (name === 'of') return this.#overflow(this.#read(state))
    if ('result' in state) {
      const value = () => signExtend(state.result, state.size)
      if (name === 'zf') {
        if (state.kind === 'sub' && !state.carried) return i32.eq(state.a, state.b)
        return i32.eqz(value())
      }
      if (name === 'sf') return i32.lt_s(value(), 0)
      if (name === 'pf') return i32.xor(i32.and(i32.popcnt(i32.and(state.result, 0xff)), 1), 1)
    }
    const result = this.#f.let(this.#resultWord(this.#read(state)))
    return flagOf(name, result, this.#f.let(this.#auxWord(state)))
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
