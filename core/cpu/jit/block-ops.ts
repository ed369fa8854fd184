/**
 * Ops for compiled code: one decoded instruction of a region, its operands constants taken from its record, general registers
 * in the region's locals, flags as what set them.
 */
import { TLB_BASE_SUPERVISOR, TLB_BASE_USER, TLB_ENTRIES } from '../../memory/layout.ts'
import type { Expr, I32, I32In, I64, V128, ValType } from '../../wasm/expr.ts'
import { asI32, constI32, select } from '../../wasm/expr.ts'
import type { Callee, Label } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import { i32x4, i64x2 } from '../../wasm/simd-ops.ts'
import type { Form } from '../decode/forms.ts'
import * as D from '../decode/op-layout.ts'
import { MachineOps } from '../exec/machine-ops.ts'
import { probePath } from '../exec/memory-paths.ts'
import { mergeFlags } from '../exec/runtime-core.ts'
import type { FlagName } from '../ops/flag-words.ts'
import { packFlags } from '../ops/flag-words.ts'
import type { Condition, FlagValues, Size } from '../ops/ops.ts'
import type { Linker, RuntimeFunction, SlowPath } from '../ops/runtime.ts'
import type { ShapeName } from '../sse/shapes.ts'
import * as L from '../state/layout.ts'
import type { PageMemory } from './page-memory.ts'
import type { RegionFunction } from './region-function.ts'
import { ACCESSES_AT, commitWrite, raiseAt, syncAt } from './region-runtime.ts'
import { ARITHMETIC } from './vector-facts.ts'

/** x87 instructions that read memory: those that push it, and those that work on ST(0). */
const MEMORY_OPERAND = /^F(?:(LD|ILD|BLD)|(I?(?:ADD|SUB|MUL|DIV|COM)\w*))$/

const PAGE_BYTES = 4096

/** Where an instruction stands, for the code made from it. */
export interface InstructionSite {
  /** Its record in the decode cache. */
  readonly op: number
  /** Its row's handler in the interpreter. */
  readonly handler: number
  /** EIP of its block, and how many bytes behind it the instruction is. */
  readonly blockEip: I32
  readonly distance: number
  readonly length: number
  readonly mode: number
  /** Address of a word that is zero once code of the region has changed. */
  readonly valid: number
  /** Units that an earlier instruction of the block has found usable. */
  readonly units: Set<string>
  /** What accesses of a loop have found in the TLB. */
  readonly pages: PageMemory | undefined
  /** Goes on at a successor: `taken` or the next instruction, which is at `eip`. `changed` tells, if anything, whether code has changed. */
  follow(taken: boolean, eip: I32, changed: I32 | undefined): void
  /** Goes on at `eip` if that is in the region; else what follows is executed. */
  jump(eip: I32): void
}

export class BlockOps extends MachineOps {
  readonly #site: InstructionSite
  readonly #fn: RegionFunction
  readonly #view: DataView
  readonly #depth: number
  #effective: I32 | undefined
  /** Writes still to be finished, and those that are. */
  #uncommitted: I32[] = []
  readonly #committed: I32[] = []
  #ranSlow = false
  #accesses = 0
  /** While the rest of a row is made for a write that changes code; and whether that has left. */
  #apart = false
  #gone = false
  /** Whether the semantics have ended the block on every way. */
  #left = false

  constructor(fn: RegionFunction, form: Form, linker: Linker, site: InstructionSite, view: DataView) {
    super(fn, form, linker)
    this.#fn = fn
    this.#site = site
    this.#view = view
    this.#depth = fn.depth
  }

  #u16(at: number): number {
    return this.#view.getUint16(this.#site.op + at, true)
  }

  #word(at: number): I32 {
    return constI32(this.#view.getInt32(this.#site.op + at, true))
  }

  get #opAddress(): I32 {
    return constI32(this.#site.op)
  }

  // Operands

  protected override decodedPlace(source: 'reg' | 'rm'): I32 {
    return constI32(this.#u16(source === 'reg' ? D.OP_REG : D.OP_RM))
  }

  protected override immediate(second: boolean): I32 {
    return this.#word(second ? D.OP_IMM2 : D.OP_IMM)
  }

  protected override loadRegister(place: I32, bytes: Size): I32 {
    return this.#fn.register(place.constant as number, bytes)
  }

  protected override storeRegister(place: I32, value: I32In, bytes: Size): void {
    const at = place.constant as number
    this.#fn.setRegister(at, value, bytes)
    if (typeof value === 'object' && this.#fn.depth === this.#depth) this.#fn.noteCopy(at, value, bytes)
  }

  protected override loadVector(place: I32): V128 {
    return this.#fn.vectors.register(place.constant as number)
  }

  protected override loadLow32(place: I32, bytes: Size): I32 {
    const low = i32x4.extract_lane(this.loadVector(place), 0)
    return bytes === 4 ? low : i32.and(low, bytes === 2 ? 0xffff : 0xff)
  }

  protected override loadLow64(place: I32): I64 {
    return i64x2.extract_lane(this.loadVector(place), 0)
  }

  protected override storeVector(place: I32, value: V128): void {
    this.#fn.vectors.setRegister(place.constant as number, value)
  }

  override sseConstants(name: ShapeName): readonly Expr[] {
    return this.#fn.vectors.constants(name)
  }

  override sseKnown(i: number, name: ShapeName): boolean {
    if (this.isMemory(i) || !ARITHMETIC.test(this.form.row.mnemonic)) return false
    return this.#fn.vectors.isKnown(this.registerNumber(i).constant as number, name)
  }

  override sseCareful(): I32 {
    return this.#fn.vectors.careful
  }

  override sseMet(name: ShapeName, denormal: I32): void {
    this.#fn.vectors.met(name, denormal)
  }

  override mxcsrChanged(): void {
    this.#fn.vectors.loadLimits()
  }

  /** What was looked at in a block stays as it is there: instructions that change it end blocks. */
  protected override checkUnit(unit: string): boolean {
    const known = this.#site.units.has(unit)
    this.#site.units.add(unit)
    return !known
  }

  // x87

  #leaveBefore = () => this.#fn.leaveToInterpreter(this.#site.op, this.#site.blockEip, this.#site.handler)
  #leaveBehind = () => this.#fn.leaveToInterpreter(this.#site.op + D.OP_BYTES, this.#site.blockEip)

  override x87Pending(): I32 {
    const { x87 } = this.#fn
    if (!x87.tracked) return super.x87Pending()
    x87.wait(this.#leaveBefore)
    const [, load, works] = MEMORY_OPERAND.exec(this.form.row.mnemonic) ?? []
    if (this.form.operands.some((_, i) => this.isMemory(i)) && (load || works)) x87.expect(!!load, this.#leaveBefore)
    return constI32(0)
  }

  override x87Status(): I32 {
    return this.#fn.x87.tracked ? this.#fn.x87.statusWord() : super.x87Status()
  }

  override x87Result(): I64 {
    return this.#fn.x87.tracked ? this.#fn.x87.result : super.x87Result()
  }

  override trackX87(memory: boolean): void {
    const { x87 } = this.#fn
    if (!x87.tracked) return super.trackX87(memory)
    x87.track(this.eip(), memory ? { address: this.address(0), segment: this.segmentOf(0) } : undefined)
  }

  override call(fn: RuntimeFunction<'void'>, ...args: Expr[]): void {
    if (!this.#fn.x87.run(fn, args, this.#leaveBefore, this.#leaveBehind)) super.call(fn, ...args)
  }

  override value<R extends ValType>(fn: RuntimeFunction<R>, ...args: Expr[]): Expr<R> {
    const value = this.#fn.x87.run(fn as RuntimeFunction, args, this.#leaveBefore, this.#leaveBehind)
    return (value as Expr<R> | undefined) ?? super.value(fn, ...args)
  }

  // Memory

  #addressRegister(at: number): I32 {
    const place = this.#u16(at)
    return place === L.ZERO ? constI32(0) : this.#fn.register(place, 4)
  }

  #wrapped(sum: I32): I32 {
    const narrow = this.#view.getUint8(this.#site.op + D.OP_FLAGS) & D.FLAG_ADDRESS16
    return this.f.let(narrow ? i32.and(sum, 0xffff) : sum)
  }

  override address(i: number): I32 {
    if (!this.isMemory(i)) throw new Error(`${this.form.row.mnemonic}: operand ${i} is no memory`)
    if (this.#effective) return this.#effective
    const scale = this.#view.getUint8(this.#site.op + D.OP_SCALE)
    const sum = i32.add(this.#addressRegister(D.OP_BASE), i32.shl(this.#addressRegister(D.OP_INDEX), scale))
    this.#effective = this.#wrapped(i32.add(sum, this.#word(D.OP_DISP)))
    return this.#effective
  }

  override addressAt(i: number, delta: I32In): I32 {
    return this.#wrapped(i32.add(this.address(i), delta))
  }

  override segmentOf(_i: number): I32 {
    return constI32(this.#u16(D.OP_SEGMENT))
  }

  /** Whether the data segment at a known state offset covers all linear addresses. */
  #flat(segment: I32): boolean {
    const at = segment.constant as number | undefined
    return (
      (this.#site.mode & L.MODE_FLAT) !== 0 &&
      (at === L.segmentOffset(L.ES) || at === L.segmentOffset(L.SS) || at === L.segmentOffset(L.DS))
    )
  }

  protected override segmentBase(segment: I32): I32 {
    return this.#flat(segment) ? constI32(0) : i32.load(segment, L.SEG_BASE)
  }

  protected override fast(
    segment: I32,
    offset: I32,
    bytes: number,
    end: number,
    tag: number,
    hit: (host: I32) => void,
  ): void {
    this.#commitWrites()
    const fn = this.#fn
    const tlb = this.#site.mode & L.MODE_USER ? TLB_BASE_USER : TLB_BASE_SUPERVISOR
    const look = () => {
      const linear = fn.let(i32.add(offset, this.segmentBase(segment)))
      const find = (miss: Label): I32 => {
        const entry = fn.let(i32.and(i32.shr_u(linear, 8), (TLB_ENTRIES - 1) << 4))
        // The same page, and far enough from its end. A comparison with memory would load the tag twice (V8 14.6).
        fn.brIf(miss, i32.gt_u(i32.xor(i32.load(entry, tlb + tag), linear), PAGE_BYTES - bytes), 'unlikely')
        return i32.load(entry, tlb + 8)
      }
      fn.block((miss) => {
        const { pages, op } = this.#site
        const host = tag === 0 ? pages?.find(op, this.#accesses++, linear, bytes, () => find(miss)) : undefined
        hit(host ?? i32.add(linear, find(miss)))
      })
    }
    if (this.#flat(segment)) look()
    else fn.when(i32.lt_u(offset, i32.load(segment, end)), look, 'likely')
  }

  protected override access(path: SlowPath, ...args: I32[]): Expr<'i32'> {
    const fn = ACCESSES_AT.get(path)
    if (!fn) throw new Error(`${path.name} is no memory access`)
    return callExpr(this.linker.runtime(fn), this.#opAddress, this.#site.blockEip, this.#fn.budget, ...args)
  }

  protected override leaveOnFault(): void {
    this.#fn.readBudget()
    this.#fn.rarely(i32.load(0, L.FAULT), () => this.#fn.leave())
    this.#site.pages?.empty()
  }

  /** A write is finished at the end of the instruction, with the look whether it changed this code, unless it is conditional. */
  protected override commit(host: I32): void {
    if (this.#fn.depth === this.#depth) {
      if (!this.#uncommitted.includes(host)) this.#uncommitted.push(host)
      return
    }
    this.#finishWrite(host)
    this.#committed.push(host)
  }

  /** Where the page takes writes, that is all; else the write is finished there, and where it has changed code the rest, too. */
  protected override storeThrough(
    segment: I32,
    offset: I32,
    bytes: number,
    make: (host: I32) => void,
    rest?: () => void,
  ): void {
    const fn = this.#fn
    if (!rest || fn.depth !== this.#depth) return super.storeThrough(segment, offset, bytes, make, rest)
    const at = this.f.let(offset)
    this.f.block((done) => {
      this.fast(segment, at, bytes, L.SEG_WRITE_END, 4, (host) => {
        make(host)
        this.f.br(done)
      })
      const host = this.f.let(this.access(probePath, segment, at, constI32(bytes), constI32(0)))
      this.leaveOnFault()
      make(host)
      this.#finishWrite(host, () =>
        fn.rarely(i32.eqz(i32.load(0, this.#site.valid)), () => {
          this.#apart = true
          rest()
          if (!this.#gone) this.#leaveBehind()
          this.#apart = false
          this.#gone = false
        }),
      )
    })
    rest()
  }

  #finishWrite(host: I32, then: () => void = () => {}): void {
    this.#fn.rarely(i32.eq(host, L.SCRATCH), () => {
      this.f.call(this.linker.runtime(commitWrite), this.#fn.budget)
      this.#fn.readBudget()
      this.#site.pages?.empty()
      then()
    })
  }

  #commitWrites(): void {
    if (this.#uncommitted.length === 0) return
    // Accesses open one block of their own.
    if (this.#fn.depth > this.#depth + 1)
      throw new Error(`${this.form.row.mnemonic}: conditional access behind a write`)
    for (const host of this.#uncommitted) {
      this.#finishWrite(host)
      this.#committed.push(host)
    }
    this.#uncommitted = []
  }

  // State

  override state(offset: number): I32 {
    if (offset === L.STACK_MASK) return constI32(this.#site.mode & L.MODE_STACK32 ? -1 : 0xffff)
    if (offset === L.segmentOffset(L.CS) + L.SEG_LIMIT && this.#site.mode & L.MODE_FLAT) return constI32(-1)
    return super.state(offset)
  }

  // Flags

  protected override flagWords(): { readonly result: I32; readonly aux: I32 } {
    return this.#fn.flags.words
  }

  protected override setFlagWords(result: I32In, aux: I32In): void {
    this.#fn.flags.setWords(result, aux)
  }

  protected override setAuxWord(aux: I32): void {
    this.#fn.flags.setAux(aux)
  }

  get #readsCarry(): boolean {
    return this.form.row.reads?.includes('C') ?? false
  }

  override flagsAdd(a: I32In, b: I32In, result: I32In, size: Size): void {
    this.#fn.flags.arithmetic('add', a, b, result, size, this.#readsCarry)
  }

  override flagsSub(a: I32In, b: I32In, result: I32In, size: Size): void {
    if (this.form.row.mnemonic === 'CMP') this.#fn.flags.comparison(a, b, size)
    else this.#fn.flags.arithmetic('sub', a, b, result, size, this.#readsCarry)
  }

  override flagsLogic(result: I32In, size: Size): void {
    this.#fn.flags.logic(result, size)
  }

  override flagsIncrement(result: I32In, size: Size, decrement: boolean): void {
    this.#fn.flags.increment(result, size, decrement)
  }

  override flagsResult(result: I32In, size: Size, values: { cf: I32In; of: I32In; af: I32In }): void {
    this.#fn.flags.result(result, size, values)
  }

  override setFlags(values: FlagValues): void {
    const { cf, of, pf, af, zf, sf } = values
    if (cf !== undefined && pf === undefined && af === undefined && zf === undefined && sf === undefined)
      this.#fn.flags.replaceCarry(cf, of)
    else super.setFlags(values)
  }

  protected override mergeFlags(mask: number, bits: I32): void {
    const bound = this.f.let(bits)
    const { flags } = this.#fn
    flags.toWords()
    flags.store()
    this.f.call(this.linker.runtime(mergeFlags), constI32(mask), bound)
    flags.load()
  }

  override flag(name: FlagName): I32 {
    return this.f.let(this.#fn.flags.flag(name))
  }

  override condition(cc: Condition): I32 {
    return this.f.let(this.#fn.flags.condition(cc))
  }

  override eflags(): I32 {
    const { result, aux } = this.#fn.flags.words
    return this.f.let(i32.or(i32.or(i32.load(0, L.EFLAGS), 2), packFlags(result, aux)))
  }

  // Control

  override fault(vector: number, errorCode: I32In = 0): void {
    const args = [this.#opAddress, this.#site.blockEip, constI32(vector), asI32(errorCode)]
    this.f.call(this.linker.runtime(raiseAt), ...args)
    this.#fn.leave()
  }

  override faultIf(condition: I32In, vector: number, errorCode: I32In = 0): void {
    this.#fn.rarely(condition, () => this.fault(vector, errorCode))
  }

  override eip(): I32 {
    return this.f.let(i32.add(this.#site.blockEip, this.#site.distance))
  }

  override nextEip(): I32 {
    return this.f.let(i32.add(this.#site.blockEip, this.#site.distance + this.#site.length))
  }

  /** To `eip`, out of the region. */
  #leaveTo(eip: I32): void {
    this.f.store32(0, eip, L.EIP)
    this.#fn.leaveToEip()
    this.#gone = true
  }

  override jump(target: I32In): void {
    if (this.#apart) return this.#leaveTo(asI32(target))
    this.#commitWrites()
    this.#leaves()
    const eip = this.f.let(asI32(target))
    if (!(this.#site.mode & L.MODE_FLAT)) this.checkTarget(eip)
    if (this.#committed.length === 0 && !this.#ranSlow) this.#site.jump(eip)
    this.f.store32(0, eip, L.EIP)
    this.#fn.leaveToEip()
  }

  override relativeTarget(_i: number): I32 {
    const target = i32.add(this.#site.blockEip, this.#word(D.OP_IMM))
    return this.f.let(this.size === 2 ? i32.and(target, 0xffff) : target)
  }

  override branch(condition: I32In, i: number): void {
    if (this.#apart) return this.#leaveTo(select(condition, this.relativeTarget(i), this.nextEip()))
    this.#commitWrites()
    this.#leaves()
    const taken = asI32(condition)
    const { flags } = this.#fn
    const changed = this.#codeChanged()
    const go = () => {
      const target = this.relativeTarget(i)
      if (!(this.#site.mode & L.MODE_FLAT)) this.checkTarget(target)
      this.#site.follow(true, target, changed)
    }
    const before = flags.state
    if (taken.constant) return go()
    this.#fn.when(taken, go)
    flags.state = before
    this.#site.follow(false, this.nextEip(), changed)
  }

  /** Whether a write of this instruction may have changed code of the region; undefined when it wrote nothing. */
  #codeChanged(): I32 | undefined {
    let slow: I32 | undefined
    for (const host of this.#committed) {
      const through = i32.eq(host, L.SCRATCH)
      slow = slow ? i32.or(slow, through) : through
    }
    return slow && this.f.let(slow)
  }

  #callSlow(path: SlowPath, args: I32In[]): I32 | undefined {
    this.#commitWrites()
    const fn = this.#fn
    const bound = args.map((a) => this.f.let(asI32(a)))
    // Where the row only sometimes gets here, the slow path does not change status flags.
    const conditional = fn.depth !== this.#depth
    if (!conditional) fn.flags.toWords()
    fn.note('slow-path')
    fn.writeState()
    this.f.call(this.linker.runtime(syncAt), this.#opAddress, this.#site.blockEip)
    const callee = this.linker.slow(path)
    let value: I32 | undefined
    if (callee.result === 'i32') value = this.f.let(callExpr(callee as Callee<'i32'>, ...bound))
    else this.f.call(callee, ...bound)
    fn.rarely(i32.load(0, L.FAULT), () => fn.leaveAsIs())
    fn.readState()
    this.#site.pages?.empty()
    if (!conditional) fn.flags.load()
    this.#ranSlow = true
    return value
  }

  override slow(path: SlowPath, ...args: I32In[]): void {
    this.#callSlow(path, args)
  }

  override slowValue(path: SlowPath, ...args: I32In[]): I32 {
    const value = this.#callSlow(path, args)
    if (!value) throw new Error(`${path.name} has no result`)
    return value
  }

  override continueAtEip(): void {
    this.#commitWrites()
    this.#leaves()
    this.#fn.leaveToEip()
  }

  #leaves(): void {
    if (this.#fn.depth === this.#depth) this.#left = true
  }

  // For the generator

  /** What follows the semantics: the next instruction, unless code of the region has changed. */
  epilogue(): void {
    if (this.#left) return
    if (this.form.row.ends) {
      this.f.store32(0, this.nextEip(), L.EIP)
      this.continueAtEip()
      return
    }
    const leaveIfChanged = () =>
      this.#fn.rarely(i32.eqz(i32.load(0, this.#site.valid)), () =>
        this.#fn.leaveToInterpreter(this.#site.op + D.OP_BYTES, this.#site.blockEip),
      )
    for (const host of this.#uncommitted) this.#finishWrite(host, leaveIfChanged)
    this.#uncommitted = []
    this.#fn.x87.finish(this.#leaveBehind)
    if (this.#ranSlow) leaveIfChanged()
    else if (this.#committed.length) {
      const changed = this.#codeChanged()
      if (changed) this.#fn.rarely(changed, leaveIfChanged)
    }
  }
}
