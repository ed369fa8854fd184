/**
 * The x87 registers of a region in locals. Registers are numbered from where TOP was when the region was entered, so that which
 * local ST(i) is in is known when the code is made. Tags are in a word of that numbering; what code has found out about them is
 * not looked at again. FIP and its kin are locals, too, and in memory at exits only.
 *
 * Operations are made in place for ordinary operands (x87-inline.ts). For everything else the registers concerned go to memory
 * and the runtime function of the row is called; where it leaves the stack otherwise than expected (stack faults, unmasked
 * exceptions), the region is left behind the instruction.
 */
import type { Expr, I32, I32In, I64In } from '../../wasm/expr.ts'
import { asI32, asI64 } from '../../wasm/expr.ts'
import type { FunctionBuilder, Local } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Linker, RuntimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import type { Content } from '../x87/arithmetic.ts'
import { C1, ES, PC_EXTENDED, PE, RC_MASK } from '../x87/control.ts'
import type { Region, RegionBlock } from './region-block.ts'
import type { Effect } from './x87-effects.ts'
import { effectOf, UNTRACKED } from './x87-effects.ts'
import { INLINE } from './x87-inline.ts'

/** An x87 instruction for so many others makes it worth while. */
const WORTH = 10
const LOCALS = ['base', 'top', 'tags', 'status', 'mode', 'fip', 'fdp', 'fcs', 'fds', 'cs', 'irregular'] as const
type LocalName = (typeof LOCALS)[number]

/** What is known at a place in the code. */
interface Known {
  /** TOP, counted from where it was at the region's beginning. */
  readonly top: number
  /** Registers of which it is known whether they are full, and those that are. */
  readonly tagged: number
  readonly full: number
  /** No exception is pending. */
  readonly quiet: boolean
}

const NOTHING: Known = { top: 0, tagged: 0, full: 0, quiet: false }

export class X87Stack {
  readonly f: FunctionBuilder
  readonly #linker: Linker
  #tracked = false
  #known = NOTHING
  readonly #arrivals = new Map<RegionBlock, Known>()
  readonly #departures = new Map<RegionBlock, Known>()
  readonly #significands: Local<'i64'>[] = []
  readonly #signExponents: Local<'i32'>[] = []
  readonly #used = new Array<boolean>(8).fill(false)
  readonly #written = new Array<boolean>(8).fill(false)
  readonly #locals = new Map<LocalName, Local<'i32'>>()
  #result: Local<'i64'> | undefined
  /** Whether the present instruction is to look at `irregular` when it is done. */
  #deferred = false

  constructor(f: FunctionBuilder, linker: Linker) {
    this.f = f
    this.#linker = linker
  }

  get tracked(): boolean {
    return this.#tracked
  }

  /** Decides whether `region` keeps its registers here. */
  prepare(region: Region): void {
    const forms = region.blocks.flatMap((block) => block.forms)
    const mine = forms.filter(({ row }) => row.unit === 'x87')
    if (mine.length * WORTH < forms.length || mine.length === 0) return
    // SSE instructions with MMX operands change the stack, too.
    const others = forms.some(
      ({ row, operands }) =>
        row.unit === 'mmx' || UNTRACKED.has(row.mnemonic) || operands.some((o) => o.file === 'mmx'),
    )
    if (others) return
    this.#tracked = true
    for (const entry of region.entries) this.#arrivals.set(entry, NOTHING)
    for (let v = 0; v < 8; v++) {
      this.#significands.push(this.f.local('i64'))
      this.#signExponents.push(this.f.local('i32'))
    }
    for (const name of LOCALS) this.#locals.set(name, this.f.local('i32'))
    this.#result = this.f.local('i64')
  }

  #local(name: LocalName): Local<'i32'> {
    return this.#locals.get(name)!
  }

  // Control flow

  /** At a block's beginning. */
  begin(block: RegionBlock): void {
    this.#known = this.#arrivals.get(block) ?? NOTHING
  }

  /** Before each way out of a block. */
  depart(block: RegionBlock): void {
    const known = this.#departures.get(block)
    if (known) this.#known = known
    else this.#departures.set(block, this.#known)
  }

  /** On the way to a block: whether it may be entered with what is known here. */
  arrive(block: RegionBlock): boolean {
    if (!this.#tracked) return true
    const wanted = this.#arrivals.get(block)
    const here = this.#known
    if (!wanted) {
      this.#arrivals.set(block, here)
      return true
    }
    if (here.top !== wanted.top || (wanted.quiet && !here.quiet)) return false
    return (here.tagged & wanted.tagged) === wanted.tagged && (here.full & wanted.tagged) === wanted.full
  }

  /** Makes this the beginning of the numbering, as it is at the region's entries. */
  rebase(): void {
    const { top } = this.#known
    if (!this.#tracked || top === 0) return
    const { f } = this
    this.#used.fill(true)
    this.#written.fill(true)
    const base = this.#local('base')
    const move = <T extends 'i32' | 'i64'>(locals: readonly Local<T>[]) => {
      const old = locals.map((local) => f.let<T>(local))
      for (const [v, local] of locals.entries()) f.set(local, old[(v + top) & 7]!)
    }
    move(this.#significands)
    move(this.#signExponents)
    f.set(base, i32.and(i32.add(base, top), 7))
    const tags = this.#local('tags')
    f.set(tags, i32.and(i32.or(i32.shr_u(tags, top), i32.shl(tags, 8 - top)), 0xff))
    this.#setKnown(NOTHING)
  }

  // At the region's beginning and end

  load(): void {
    if (!this.#tracked) return
    const { f } = this
    const base = this.#local('base')
    f.set(base, i32.load(0, L.FPU_TOP))
    for (let v = 0; v < 8; v++) if (this.#used[v]) this.#loadRegister(v)
    const tags = f.let(i32.load(0, L.FPU_TAGS))
    f.set(this.#local('tags'), i32.and(i32.or(i32.shr_u(tags, base), i32.shl(tags, i32.sub(8, base))), 0xff))
    f.set(this.#local('status'), i32.load(0, L.FPU_STATUS))
    this.loadMode()
    f.set(this.#local('fip'), i32.load(0, L.FPU_IP))
    f.set(this.#local('fdp'), i32.load(0, L.FPU_DP))
    f.set(this.#local('fds'), i32.load(0, L.FPU_DS))
    f.set(this.#local('fcs'), i32.load(0, L.FPU_CS))
    // What changes CS leaves the region; but it is in memory when the region's end is reached.
    f.set(this.#local('cs'), i32.load(0, L.segmentOffset(L.CS) + L.SEG_SELECTOR))
  }

  store(): void {
    if (!this.#tracked) return
    const { f } = this
    for (let v = 0; v < 8; v++) if (this.#written[v]) this.#storeRegister(v)
    f.store32(0, i32.and(i32.add(this.#local('base'), this.#local('top')), 7), L.FPU_TOP)
    f.store32(0, this.#physicalTags(), L.FPU_TAGS)
    f.store32(0, this.#local('status'), L.FPU_STATUS)
    f.store32(0, this.#local('fip'), L.FPU_IP)
    f.store32(0, this.#local('fdp'), L.FPU_DP)
    f.store32(0, this.#local('fcs'), L.FPU_CS)
    f.store32(0, this.#local('fds'), L.FPU_DS)
  }

  /** The control word may have changed. */
  loadMode(): void {
    this.f.set(this.#local('mode'), i32.and(i32.load(0, L.FPU_CONTROL), PC_EXTENDED | RC_MASK | PE))
  }

  #setKnown(known: Known): void {
    if (known.top !== this.#known.top) this.f.set(this.#local('top'), i32.const(known.top))
    this.#known = known
  }

  // Registers

  /** Number of ST(i). */
  #number(i: number): number {
    return (this.#known.top + i) & 7
  }

  #address(v: number): I32 {
    const physical = i32.and(i32.add(this.#local('base'), v), 7)
    return i32.add(i32.shl(physical, 4), L.FPU_REGISTERS)
  }

  #loadRegister(v: number): void {
    const at = this.f.let(this.#address(v))
    this.f.set(this.#significands[v]!, i64.load(at))
    this.f.set(this.#signExponents[v]!, i32.load16_u(at, 8))
  }

  #storeRegister(v: number): void {
    const at = this.f.let(this.#address(v))
    this.f.store64(at, this.#significands[v]!)
    this.f.store32(at, this.#signExponents[v]!, 8)
  }

  #physicalTags(): I32 {
    const tags = i32.mul(this.#local('tags'), 0x101)
    return i32.and(i32.shr_u(tags, i32.sub(8, this.#local('base'))), 0xff)
  }

  // What operations in place are made of

  /** Content of ST(i), bound. */
  content(i: number): Content {
    const v = this.#number(i)
    this.#used[v] = true
    return {
      significand: this.f.let<'i64'>(this.#significands[v]!),
      signExponent: this.f.let<'i32'>(this.#signExponents[v]!),
    }
  }

  /** Sets ST(i); ST(-1) before a push. */
  set(i: number, significand: I64In, signExponent: I32In): void {
    const v = this.#number(i)
    this.#used[v] = true
    this.#written[v] = true
    this.f.set(this.#significands[v]!, asI64(significand))
    this.f.set(this.#signExponents[v]!, asI32(signExponent))
  }

  /** PC, RC and the mask of PE in the control word. */
  get mode(): I32 {
    return this.#local('mode')
  }

  get status(): Local<'i32'> {
    return this.#local('status')
  }

  /** Clears C1 and sets `flags` of the status word, none of which is an unmasked exception. */
  report(flags: I32In): void {
    this.f.set(this.status, i32.or(i32.and(this.status, ~C1), flags))
  }

  /** The bits that a store puts into memory. */
  get result(): Local<'i64'> {
    return this.#result!
  }

  // Rows

  /** FSTSW's word. */
  statusWord(): I32 {
    const top = i32.and(i32.add(this.#local('base'), this.#known.top), 7)
    return this.f.let(i32.or(this.status, i32.shl(top, 11)))
  }

  track(eip: I32, operand?: { readonly address: I32; readonly segment: I32 }): void {
    const { f } = this
    f.set(this.#local('fip'), eip)
    f.set(this.#local('fcs'), this.#local('cs'))
    if (!operand) return
    f.set(this.#local('fdp'), operand.address)
    f.set(this.#local('fds'), i32.load(operand.segment, L.SEG_SELECTOR))
  }

  /** Before each waiting instruction: one with an exception pending is the interpreter's. */
  wait(leaveBefore: () => void): void {
    if (this.#known.quiet) return
    this.f.if(i32.and(this.status, ES), leaveBefore, undefined, 'unlikely')
    this.#known = { ...this.#known, quiet: true }
  }

  /**
   * Calls runtime function `fn` of an x87 row, or does in place what it would do. `leaveBefore` and `leaveBehind` leave the region
   * at this instruction, with nothing done, and behind it. Returns its value; undefined when `fn` is no such function.
   */
  run(
    fn: RuntimeFunction,
    args: readonly Expr[],
    leaveBefore: () => void,
    leaveBehind: () => void,
  ): Expr | true | undefined {
    const effect = this.#tracked ? effectOf(fn, args) : undefined
    if (!effect) return undefined
    const { f } = this
    const value = fn.result === 'i32' ? f.local('i32') : undefined
    this.#ready(effect, leaveBefore)
    const inline = INLINE.get(fn)
    const before = this.#known
    if (inline && this.#isReady(effect)) {
      if (value) f.set(this.#local('irregular'), i32.const(0))
      f.block((done) => {
        f.block((special) => {
          const result = inline(this, args, special)
          if (value) f.set(value, result ?? i32.const(1))
          f.br(done)
        })
        this.#known = before
        this.#call(fn, args, effect, value, leaveBehind)
      })
      this.#known = before
    } else this.#call(fn, args, effect, value, leaveBehind)
    this.#deferred = value !== undefined
    this.#apply(effect)
    return value ?? true
  }

  /**
   * Before an instruction reads its operand from memory, which must not happen twice: `load` says that it pushes the operand, else
   * it works on ST(0).
   */
  expect(load: boolean, leaveBefore: () => void): void {
    this.#ready({ reads: load ? [] : [0], move: load ? -1 : 0 }, leaveBefore)
  }

  /** Finds out what is not known yet about the registers that `effect` concerns. */
  #ready(effect: Pick<Effect, 'reads' | 'move'>, leaveBefore: () => void): void {
    const { top, tagged, full, quiet } = this.#known
    const wanted = [...effect.reads.map((i) => [i, true] as const), ...(effect.move < 0 ? [[-1, false] as const] : [])]
    let [mask, value] = [0, 0]
    for (const [i, filled] of wanted) {
      const bit = 1 << this.#number(i)
      if (tagged & bit || mask & bit) continue
      mask |= bit
      if (filled) value |= bit
    }
    if (mask === 0) return
    this.f.if(i32.ne(i32.and(this.#local('tags'), mask), value), leaveBefore, undefined, 'unlikely')
    this.#known = { top, tagged: tagged | mask, full: full | value, quiet }
  }

  #isReady(effect: Effect): boolean {
    const full = (i: number) => (this.#known.full & (1 << this.#number(i))) !== 0
    return effect.reads.every(full) && (effect.move >= 0 || !full(-1))
  }

  /** The same with the registers concerned in memory. */
  #call(
    fn: RuntimeFunction,
    args: readonly Expr[],
    effect: Effect,
    value: Local<'i32'> | undefined,
    leaveBehind: () => void,
  ): void {
    const { f } = this
    const base = this.#local('base')
    const numbers = [...new Set([...effect.touches, ...(effect.move < 0 ? [-1] : [])].map((i) => this.#number(i)))]
    for (const v of numbers) {
      this.#used[v] = true
      this.#written[v] = true
      this.#storeRegister(v)
    }
    const topAfter = (by: number) => i32.and(i32.add(base, (this.#known.top + by) & 7), 7)
    f.store32(0, topAfter(0), L.FPU_TOP)
    f.store32(0, this.#physicalTags(), L.FPU_TAGS)
    f.store32(0, this.status, L.FPU_STATUS)
    if (value) f.set(value, callExpr(this.#linker.runtime(fn as RuntimeFunction<'i32'>), ...args))
    else f.call(this.#linker.runtime(fn), ...args)
    for (const v of numbers) this.#loadRegister(v)
    f.set(this.status, i32.load(0, L.FPU_STATUS))
    if (effect.control) this.loadMode()
    if (effect.stores) f.set(this.result, i64.load(0, L.FPU_RESULT))
    const tags = f.let(this.#tagsAfter(effect))
    const expected = i32.and(i32.shr_u(i32.mul(tags, 0x101), i32.sub(8, base)), 0xff)
    const otherwise = i32.or(
      i32.xor(i32.load(0, L.FPU_TOP), topAfter(effect.move)),
      i32.xor(i32.load(0, L.FPU_TAGS), expected),
    )
    const irregular = i32.or(otherwise, i32.and(this.status, ES))
    if (value) f.set(this.#local('irregular'), irregular)
    else f.if(irregular, () => this.#leave(leaveBehind), undefined, 'unlikely')
  }

  #leave(leaveBehind: () => void): void {
    const { f } = this
    const base = this.#local('base')
    f.set(this.#local('top'), i32.sub(i32.load(0, L.FPU_TOP), base))
    const tags = f.let(i32.load(0, L.FPU_TAGS))
    f.set(this.#local('tags'), i32.and(i32.or(i32.shr_u(tags, base), i32.shl(tags, i32.sub(8, base))), 0xff))
    leaveBehind()
  }

  /** At the end of an instruction. */
  finish(leaveBehind: () => void): void {
    if (this.#deferred) this.f.if(this.#local('irregular'), () => this.#leave(leaveBehind), undefined, 'unlikely')
    this.#deferred = false
  }

  #tagsAfter(effect: Effect): I32 {
    const { set, clear } = this.#tagChanges(effect)
    let tags: I32 = this.#local('tags')
    if (clear) tags = i32.and(tags, ~clear & 0xff)
    return set ? i32.or(tags, set) : tags
  }

  #tagChanges(effect: Effect): { set: number; clear: number } {
    let set = 0
    let clear = 0
    for (const i of effect.fills) set |= 1 << this.#number(i)
    for (const i of effect.empties) clear |= 1 << this.#number(i)
    if (!effect.turns) {
      if (effect.move < 0) set |= 1 << this.#number(-1)
      for (let i = 0; i < effect.move; i++) clear |= 1 << this.#number(i)
    }
    return { set: set & ~clear, clear }
  }

  /** The stack as it is behind an instruction that did what it usually does. */
  #apply(effect: Effect): void {
    const { set, clear } = this.#tagChanges(effect)
    if (set || clear) this.f.set(this.#local('tags'), this.#tagsAfter(effect))
    const { top, tagged, full, quiet } = this.#known
    this.#setKnown({
      top: (top + effect.move) & 7,
      tagged: tagged | set | clear,
      full: (full | set) & ~clear,
      quiet,
    })
  }
}
