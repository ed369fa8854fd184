/**
 * Which blocks of a region need the flags that they begin with. What an instruction does to the flags is seen by making its
 * code once and watching: rows say it nowhere else, and cannot say it wrongly.
 */

import type { I32, I32In } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import type { Form } from '../decode/forms.ts'
import * as D from '../decode/op-layout.ts'
import type { Size } from '../ops/ops.ts'
import type { Linker } from '../ops/runtime.ts'
import { BlockOps } from './block-ops.ts'
import type { FlagNeed } from './lazy-flags.ts'
import { LazyFlags } from './lazy-flags.ts'
import type { Region, RegionBlock } from './region-block.ts'
import { RegionFunction } from './region-function.ts'

/** What one instruction wants of the flags before it, and whether it sets all of them on every way. */
interface FlagEffect {
  readonly need: FlagNeed
  readonly sets: boolean
}

const RANK: Readonly<Record<FlagNeed, number>> = { dead: 0, cold: 1, live: 2 }

const greater = (a: FlagNeed, b: FlagNeed): FlagNeed => (RANK[a] >= RANK[b] ? a : b)

/** Flags that note what is asked of them. */
class WatchedFlags extends LazyFlags {
  need: FlagNeed = 'dead'
  sets = false
  readonly #function: FunctionBuilder

  constructor(f: FunctionBuilder, linker: Linker) {
    super(f, linker)
    this.#function = f
  }

  #note(need: FlagNeed): void {
    if (!this.sets) this.need = greater(this.need, need)
  }

  #set(): void {
    // Set on some ways only: on the others they stay what they were.
    if (this.#function.depth > 0) this.#note('live')
    else this.sets = true
  }

  override leave(): void {
    this.#note('cold')
    super.leave()
  }

  override emitWords(): void {
    this.#note('cold')
    super.emitWords()
  }

  override toWords(): void {
    this.#note('live')
    super.toWords()
  }

  override get words(): { readonly result: I32; readonly aux: I32 } {
    this.#note('live')
    return super.words
  }

  override carry(): I32 {
    this.#note('live')
    return super.carry()
  }

  override setWords(result: I32In, aux: I32In): void {
    this.#set()
    super.setWords(result, aux)
  }

  override arithmetic(kind: 'add' | 'sub', a: I32In, b: I32In, result: I32In, size: Size, carried: boolean): void {
    this.#set()
    super.arithmetic(kind, a, b, result, size, carried)
  }

  override logic(result: I32In, size: Size): void {
    this.#set()
    super.logic(result, size)
  }

  override result(result: I32In, size: Size, values: { cf: I32In; of: I32In; af: I32In }): void {
    this.#set()
    super.result(result, size, values)
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
    follow: () => {},
    jump: () => {},
  }
  const ops = new BlockOps(fn, form, NOTHING_LINKED, site, view)
  ops.prologue()
  form.row.execute(ops)
  ops.epilogue()
  fn.discard()
  return { need: flags!.need, sets: flags!.sets }
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
  let need: FlagNeed = 'dead'
  for (const [i, form] of block.forms.entries()) {
    const effect = effectOf(form, block.address + D.BLOCK_HEADER + i * D.OP_BYTES, view, mode)
    need = greater(need, effect.need)
    if (effect.sets) return { need, sets: true }
  }
  // Its ways out may leave the region.
  return { need: greater(need, 'cold'), sets: false }
}

/** The need of each block's beginning. */
export function flagNeeds(region: Region, view: DataView): ReadonlyMap<RegionBlock, FlagNeed> {
  const needs = new Map<RegionBlock, FlagNeed>()
  const open: RegionBlock[] = []
  for (const block of region.blocks) {
    const effect = scan(block, view, region.mode)
    needs.set(block, effect.need)
    if (!effect.sets) open.push(block)
  }
  for (let changed = true; changed; ) {
    changed = false
    for (const block of open)
      for (const target of [...block.edges.map((edge) => edge.target), ...block.candidates]) {
        const need = greater(needs.get(block)!, needs.get(target)!)
        if (need !== needs.get(block)) {
          needs.set(block, need)
          changed = true
        }
      }
  }
  return needs
}
