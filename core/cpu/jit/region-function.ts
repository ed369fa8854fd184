/**
 * The function that a region becomes: the guest's registers in locals, and the ways out. A way out is a label behind the body;
 * there the registers are written back, once per kind of exit, so that leaving in a cold path costs a jump.
 */
import { COMPILED_COUNT } from '../../memory/layout.ts'
import type { Expr, I32, I32In, ValType } from '../../wasm/expr.ts'
import { asI32 } from '../../wasm/expr.ts'
import type { Hint, Label, Local } from '../../wasm/function-builder.ts'
import { FunctionBuilder } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import { BLOCK_COUNT, BLOCK_DELTA, BLOCK_ENTRY, BLOCK_HEADER, OP_HANDLER } from '../decode/op-layout.ts'
import { dispatch, follow, HANDLER_PARAMS } from '../exec/runtime-core.ts'
import type { Size } from '../ops/ops.ts'
import type { Linker } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { type ExitReason, exitCounter } from './exits.ts'
import { LazyFlags } from './lazy-flags.ts'
import { storeBudget } from './region-runtime.ts'
import { VectorRegisters } from './vector-registers.ts'
import { X87Stack } from './x87-stack.ts'

export class RegionFunction extends FunctionBuilder {
  readonly flags: LazyFlags
  readonly vectors: VectorRegisters
  readonly x87: X87Stack
  /** EIP of the root's first instruction. */
  readonly rootEip: Local<'i32'>
  /** Whether exits are counted: while a profile is taken. Set before `build`. */
  profiling = false
  /** Number of the entry where execution goes on, at the head of a region with several. */
  readonly entry: Local<'i32'>
  readonly #linker: Linker
  readonly #registers: readonly Local<'i32'>[]
  readonly #used = new Array<boolean>(8).fill(false)
  readonly #written = new Array<boolean>(8).fill(false)
  readonly #copies = new Map<number, number>()
  /** The low bytes of AL to BL, where they are known apart from the rest. */
  readonly #low: readonly Local<'i32'>[]
  readonly #lowKnown = [false, false, false, false]
  /** BUDGET, which is in memory at exits and around slow paths only. */
  readonly #budget: Local<'i32'>
  readonly #exitOp: Local<'i32'>
  readonly #exitEip: Local<'i32'>
  readonly #exitTaken: Local<'i32'>
  readonly #exitHandler: Local<'i32'>
  #exits: { fault: Label; follow: Label; dispatch: Label; resume: Label; gone: Label } | undefined

  constructor(linker: Linker, flags?: (f: FunctionBuilder, linker: Linker) => LazyFlags) {
    super(HANDLER_PARAMS)
    this.#linker = linker
    this.#registers = Array.from({ length: 8 }, () => this.local('i32'))
    this.#low = Array.from({ length: 4 }, () => this.local('i32'))
    this.rootEip = this.local('i32')
    this.entry = this.local('i32')
    this.#budget = this.local('i32')
    this.#exitOp = this.local('i32')
    this.#exitEip = this.local('i32')
    this.#exitTaken = this.local('i32')
    this.#exitHandler = this.local('i32')
    this.flags = flags ? flags(this, linker) : new LazyFlags(this, linker)
    this.flags.registerOf = (value) => this.#registerOf(value)
    this.vectors = new VectorRegisters(this)
    this.x87 = new X87Stack(this, linker)
  }

  // Control flow

  /** As in FunctionBuilder; flags that only one of the ways sets become words on both. */
  override if(condition: I32In, then: () => void, otherwise?: () => void, hint?: Hint): void {
    const c = asI32(condition)
    if (c.constant !== undefined) return super.if(c, then, otherwise)
    const { flags } = this
    const before = flags.state
    let after = before
    super.if(
      c,
      () => {
        then()
        after = flags.state
        if (after !== before) flags.toWords()
      },
      () => {
        flags.state = before
        otherwise?.()
        if (after !== before) flags.toWords()
        else if (flags.state !== before) throw new Error('Flags are set in the second branch of a condition only')
      },
      hint,
    )
  }

  /** A condition whose body leaves, or changes nothing that is tracked. */
  when(condition: I32In, body: () => void, hint?: Hint): void {
    super.if(condition, body, undefined, hint)
  }

  /** Both ways, with nothing that is tracked to meet behind them. */
  either(condition: I32In, then: () => void, otherwise: () => void): void {
    super.if(condition, then, otherwise)
  }

  /** The same as `when` for what hardly ever happens. */
  rarely(condition: I32In, body: () => void): void {
    super.if(condition, body, undefined, 'unlikely')
  }

  // Registers

  /** General register at state offset `place`. */
  register(place: number, bytes: Size): I32 {
    const n = place >> 3
    this.#used[n] = true
    const local = this.#registers[n]!
    if (bytes === 4) return local
    if (bytes === 2) return i32.and(local, 0xffff)
    if (!(place & 1) && this.#lowKnown[n]) return { ...this.#low[n]!, max: 0xff }
    return i32.and(place & 1 ? i32.shr_u(local, 8) : local, 0xff)
  }

  setRegister(place: number, value: I32In, bytes: Size): void {
    const n = place >> 3
    this.#used[n] = true
    this.#written[n] = true
    const local = this.#registers[n]!
    if (bytes === 4) return this.set(local, asI32(value))
    const shift = place & 1 ? 8 : 0
    const mask = bytes === 2 ? 0xffff : 0xff
    this.set(local, i32.or(i32.and(local, ~(mask << shift)), i32.shl(i32.and(value, mask), shift)))
  }

  // Copies of registers: which general register a local holds the value of, on every way to where the code stands

  override let<T extends ValType>(value: Expr<T>): Expr<T> {
    const bound = super.let(value)
    const n = 'index' in value ? this.#registers.indexOf(value as Local<'i32'>) : -1
    if (n >= 0) this.#copies.set((bound as Expr as Local).index, n)
    return bound
  }

  override set<T extends ValType>(local: Local<T>, value: Expr<T>): void {
    super.set(local, value)
    this.#copies.delete(local.index)
    const n = this.#registers.indexOf(local as Local<'i32'>)
    if (n < 0) return
    this.#lowKnown[n] = false
    for (const [copy, of] of this.#copies) if (of === n) this.#copies.delete(copy)
  }

  /** `value`, which is bound, has just been written to the register at state offset `place`. */
  noteCopy(place: number, value: I32, bytes: Size): void {
    if (!('index' in value)) return
    const n = place >> 3
    if (bytes === 4) this.#copies.set((value as Local).index, n)
    else if (bytes === 1 && !(place & 1)) {
      super.set(this.#low[n]!, i32.and(value, 0xff))
      this.#lowKnown[n] = true
    }
  }

  forgetCopies(): void {
    this.#copies.clear()
    this.#lowKnown.fill(false)
  }

  /** The register that `value` is a copy of. */
  #registerOf(value: I32): I32 | undefined {
    const n = 'index' in value ? this.#copies.get((value as Local).index) : undefined
    return n === undefined ? undefined : this.#registers[n]!
  }

  /** Makes the CPU's state complete, as slow paths want it, whatever the region uses. */
  writeState(): void {
    this.#used.fill(true)
    this.#written.fill(true)
    this.flags.emitWords()
    this.#writeBack(false)
    this.#storeBudget()
  }

  /** Takes over what a slow path may have changed. */
  readState(): void {
    this.readBudget()
    for (let n = 0; n < 8; n++) this.set(this.#registers[n]!, i32.load(0, L.registerOffset(n)))
    this.vectors.load()
  }

  #writeBack(leaving: boolean): void {
    for (let n = 0; n < 8; n++) if (this.#written[n]) this.store32(0, this.#registers[n]!, L.registerOffset(n))
    this.vectors.store()
    if (leaving) this.flags.storeLeft()
    else this.flags.store()
  }

  // Budget

  /** Instructions left, for slow paths that store them with `storeBudget` of region-runtime.ts. */
  get budget(): I32 {
    return this.#budget
  }

  /** After a slow path. */
  readBudget(): void {
    this.set(this.#budget, i32.load(0, L.BUDGET))
  }

  #storeBudget(): void {
    this.call(this.#linker.runtime(storeBudget), this.#budget)
  }

  /** Takes a block of `instructions` off the budget; `none` is what happens instead when the slice is used up. */
  spend(instructions: number, none: () => void): void {
    this.rarely(i32.le_s(this.#budget, 0), none)
    this.set(this.#budget, i32.sub(this.#budget, instructions))
  }

  // Exits

  /** Counts an exit, while a profile is taken. */
  note(reason: ExitReason): void {
    if (!this.profiling) return
    const at = exitCounter(reason)
    this.store64(0, i64.add(i64.load(0, at), i64.const(1)), at)
  }

  get #labels() {
    if (!this.#exits) throw new Error('Exits exist inside `build` only')
    return this.#exits
  }

  /** Back to the run loop: a fault is pending, or the slice is used up. */
  leave(reason: 'fault' | 'slice' = 'fault'): void {
    this.note(reason)
    this.flags.leave()
    this.br(this.#labels.fault)
  }

  /** The same with the CPU's state complete already. */
  leaveAsIs(): void {
    this.note('fault')
    this.br(this.#labels.gone)
  }

  /** On to EIP through the jump cache. */
  leaveToEip(): void {
    this.note('dispatch')
    this.flags.leave()
    this.br(this.#labels.dispatch)
  }

  /** On to the successor `eip` of the branch `op`, of the block at `blockEip`. */
  leaveToSuccessor(op: number, blockEip: I32, eip: I32, taken: boolean, reason: 'link' | 'page' = 'link'): void {
    this.note(reason)
    this.flags.leave()
    this.store32(0, blockEip, L.BLOCK_EIP)
    this.set(this.#exitEip, eip)
    this.set(this.#exitOp, i32.const(op))
    this.set(this.#exitTaken, i32.const(taken ? 1 : 0))
    this.br(this.#labels.follow)
  }

  /**
   * On in the interpreter at the decoded instruction `op` of the block at `blockEip`: with its row's `handler`, which need not be
   * what leads into a region by now, or with whatever is there.
   */
  leaveToInterpreter(op: number, blockEip: I32, handler?: number): void {
    this.note('code-changed')
    this.flags.leave()
    this.store32(0, blockEip, L.BLOCK_EIP)
    this.set(this.#exitOp, i32.const(op))
    this.set(this.#exitHandler, handler === undefined ? i32.load(op, OP_HANDLER) : i32.const(handler))
    this.br(this.#labels.resume)
  }

  /** Makes the function: `body` is the region's code; every way through it ends at one of the exits. */
  build(body: () => void): void {
    // The record that the function was entered with, which lies behind the header of an entry.
    const entered = this.param(0, 'i32')
    const headerWord = (at: number) => i32.load(i32.sub(entered, BLOCK_HEADER - at))
    const store = () => {
      this.#writeBack(true)
      this.x87.store()
      const spent = i32.sub(i32.load(0, L.BUDGET), this.#budget)
      const total = i64.add(i64.load(0, COMPILED_COUNT), i64.extend_s(i32.add(spent, headerWord(BLOCK_COUNT))))
      this.store64(0, total, COMPILED_COUNT)
      this.store32(0, this.#budget, L.BUDGET)
    }
    this.block((gone) => {
      this.block((resume) => {
        this.block((toEip) => {
          this.block((successor) => {
            this.block((fault) => {
              this.#exits = { fault, follow: successor, dispatch: toEip, resume, gone }
              body()
            })
            store()
            this.return()
          })
          store()
          this.returnCall(this.#linker.runtime(follow), this.#exitOp, this.#exitEip, this.#exitTaken)
        })
        store()
        this.returnCall(this.#linker.runtime(dispatch))
      })
      store()
      this.returnCallIndirect(0, 0, this.#exitHandler, this.#exitOp)
    })
    this.x87.store()
    const begun = i64.extend_u(headerWord(BLOCK_COUNT))
    this.store64(0, i64.add(i64.load(0, COMPILED_COUNT), begun), COMPILED_COUNT)
    this.prologue(() => {
      this.set(this.entry, headerWord(BLOCK_ENTRY))
      this.set(this.rootEip, i32.sub(i32.load(0, L.BLOCK_EIP), headerWord(BLOCK_DELTA)))
      this.readBudget()
      for (let n = 0; n < 8; n++) if (this.#used[n]) this.set(this.#registers[n]!, i32.load(0, L.registerOffset(n)))
      this.vectors.begin()
      this.x87.load()
      this.flags.load()
    })
  }
}
