/**
 * Which blocks of a region need the flags that they begin with. What an instruction does to the flags is seen by making its
 * code once and watching: rows say it nowhere else, and cannot say it wrongly.
 */

import type { I32, I32In } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import type { Form } from '../decode/forms.ts'
import * as D from '../decode/op-layout.ts'
import type { FlagName } from '../ops/flag-words.ts'
import type { Condition, Size } from '../ops/ops.ts'
import type { Linker } from '../ops/runtime.ts'
import { BlockOps } from './block-ops.ts'
import type { FlagNeed } from './lazy-flags.ts'
import { LazyFlags } from './lazy-flags.ts'
import type { Region, RegionBlock } from './region-block.ts'
import { RegionFunction } from './region-function.ts'

/** The carry, which INC and DEC leave alone and rotations set alone, and the other flags. */
interface Part {
  /** What one instruction, or a block, wants of them as they were before, and whether it sets them on every way. */
  need: FlagNeed
  sets: boolean
}

interface FlagEffect {
  readonly carry: Part
  readonly others: Part
}

const noEffect = (): FlagEffect => ({ carry: { need: 'dead', sets: false }, others: { need: 'dead', sets: false } })
const parts = ({ carry, others }: FlagEffect): readonly Part[] => [carry, others]

const RANK: Readonly<Record<FlagNeed, number>> = { dead: 0, cold: 1, live: 2 }

const greater = (a: FlagNeed, b: FlagNeed): FlagNeed => (RANK[a] >= RANK[b] ? a : b)

function note(part: Part, need: FlagNeed): void {
  if (!part.sets) part.need = greater(part.need, need)
}

/** Flags that note what is asked of them. */
class WatchedFlags extends LazyFlags {
  readonly effect = noEffect()
  readonly #function: FunctionBuilder
  /** What is asked while something is answered is not noted. */
  #answering = false

  constructor(f: FunctionBuilder, linker: Linker) {
    super(f, linker)
    this.#function = f
  }

  #note(need: FlagNeed, ...noted: Part[]): void {
    if (!this.#answering) for (const part of noted) note(part, need)
  }

  #noteAll(need: FlagNeed): void {
    this.#note(need, this.effect.carry, this.effect.others)
  }

  #answer<T>(answer: () => T): T {
    const outer = this.#answering
    this.#answering = true
    const value = answer()
    this.#answering = outer
    return value
  }

  #set(...set: Part[]): void {
    // Set on some ways only: on the others they stay what they were.
    if (this.#function.depth > 0) this.#noteAll('live')
    else for (const part of set) part.sets = true
  }

  #setAll(): void {
    this.#set(this.effect.carry, this.effect.others)
  }

  override leave(): void {
    this.#noteAll('cold')
    this.#answer(() => super.leave())
  }

  override emitWords(): void {
    this.#noteAll('cold')
    this.#answer(() => super.emitWords())
  }

  override toWords(): void {
    this.#noteAll('live')
    this.#answer(() => super.toWords())
  }

  override get words(): { readonly result: I32; readonly aux: I32 } {
    this.#noteAll('live')
    return this.#answer(() => super.words)
  }

  override carry(): I32 {
    this.#note('live', this.effect.carry)
    return this.#answer(() => super.carry())
  }

  override flag(name: FlagName): I32 {
    this.#note('live', name === 'cf' ? this.effect.carry : this.effect.others)
    return this.#answer(() => super.flag(name))
  }

  override condition(cc: Condition): I32 {
    const pair = cc >> 1
    if (pair === 1 || pair === 3) this.#note('live', this.effect.carry)
    if (pair !== 1) this.#note('live', this.effect.others)
    return this.#answer(() => super.condition(cc))
  }

  override setWords(result: I32In, aux: I32In): void {
    this.#setAll()
    super.setWords(result, aux)
  }

  override arithmetic(kind: 'add' | 'sub', a: I32In, b: I32In, result: I32In, size: Size, carried: boolean): void {
    this.#setAll()
    super.arithmetic(kind, a, b, result, size, carried)
  }

  override comparison(a: I32In, b: I32In, size: Size): void {
    this.#setAll()
    super.comparison(a, b, size)
  }

  override logic(result: I32In, size: Size): void {
    this.#setAll()
    super.logic(result, size)
  }

  override increment(result: I32In, size: Size, decrement: boolean): void {
    this.#set(this.effect.others)
    super.increment(result, size, decrement)
  }

  override result(result: I32In, size: Size, values: { cf: I32In; of: I32In; af: I32In }): void {
    this.#setAll()
    super.result(result, size, values)
  }

  override replaceCarry(cf: I32In, of: I32In | undefined): void {
    this.#set(this.effect.carry)
    super.replaceCarry(cf, of)
  }
}

/** A function that is thrown away: only its flags are of interest. */
class WatchedFunction extends RegionFunction {
  override leave(): void {
    this.flags.leave()
  }
  override leaveAsIs(): void {}
  override leaveToEip(): void {
    this.flags.leave()
  }
  override leaveToSuccessor(): void {
    this.flags.leave()
  }
  override leaveToInterpreter(): void {
    this.flags.leave()
  }
}

const CALLEE = { index: 0, params: [], result: 'i32' } as const
const NOTHING_LINKED: Linker = { runtime: () => CALLEE as never, slow: (path) => ({ ...CALLEE, result: path.result }) }

function watch(form: Form, op: number, view: DataView, mode: number): FlagEffect {
  let flags: WatchedFlags | undefined
  const fn = new WatchedFunction(NOTHING_LINKED, (f, linker) => {
    flags = new WatchedFlags(f, linker)
    return flags
  })
  const site = {
    op,
    blockEip: fn.rootEip,
    distance: 0,
    length: view.getUint8(op + D.OP_LENGTH),
    mode,
    valid: 0,
    handler: 0,
    units: new Set<string>(),
    pages: undefined,
    follow: () => {},
    jump: () => {},
  }
  const ops = new BlockOps(fn, form, NOTHING_LINKED, site, view)
  ops.prologue()
  form.row.execute(ops)
  ops.epilogue()
  fn.discard()
  return flags!.effect
}

/** What forms do, where it is the same for all their instructions; by the mode's bits that matter. */
const known = new Map<Form, FlagEffect>()

function effectOf(form: Form, op: number, view: DataView, mode: number): FlagEffect {
  // Shifts and rotations by a constant do nothing when it is zero; AAM by zero faults, by anything else never does.
  const { reads, mnemonic } = form.row
  if (form.operands.some((o) => o.source === 'imm') && (reads === 'OSZAPC' || mnemonic === 'AAM'))
    return watch(form, op, view, mode)
  let effect = known.get(form)
  if (!effect) {
    // Without MODE_FLAT: what can fault there is a little more.
    effect = watch(form, op, view, 0)
    known.set(form, effect)
  }
  return effect
}

function scan(block: RegionBlock, view: DataView, mode: number): FlagEffect {
  const effect = noEffect()
  for (const [i, form] of block.forms.entries()) {
    const one = effectOf(form, block.address + D.BLOCK_HEADER + i * D.OP_BYTES, view, mode)
    for (const [n, part] of parts(effect).entries()) {
      note(part, parts(one)[n]!.need)
      part.sets ||= parts(one)[n]!.sets
    }
    if (effect.carry.sets && effect.others.sets) return effect
  }
  // Its ways out may leave the region.
  leave(effect, 'cold')
  return effect
}

/** Behind a block somebody wants `need`. Flags that it sets in part are made there: what was before must be known then. */
function leave(effect: FlagEffect, need: FlagNeed): void {
  const inPart = effect.carry.sets !== effect.others.sets
  for (const part of parts(effect)) note(part, inPart && need !== 'dead' ? 'live' : need)
}

const needOf = ({ carry, others }: FlagEffect): FlagNeed => greater(carry.need, others.need)

/** The need of each block's beginning. */
export function flagNeeds(region: Region, view: DataView): ReadonlyMap<RegionBlock, FlagNeed> {
  const effects = new Map(region.blocks.map((block) => [block, scan(block, view, region.mode)]))
  const open = region.blocks.filter((block) => parts(effects.get(block)!).some((part) => !part.sets))
  for (let changed = true; changed; ) {
    changed = false
    for (const block of open)
      for (const target of [...block.edges.map((edge) => edge.target), ...block.candidates]) {
        const effect = effects.get(block)!
        const before = needOf(effect)
        leave(effect, needOf(effects.get(target)!))
        changed ||= needOf(effect) !== before
      }
  }
  return new Map([...effects].map(([block, effect]) => [block, needOf(effect)]))
}
