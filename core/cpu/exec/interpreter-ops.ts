/**
 * Ops for the interpreter: code that takes its operands from the decoded instruction at run time. One handler is a function
 * (op: i32) -> () that ends by tail-calling the next instruction's handler, the dispatcher, or by returning with a fault.
 */
import { TLB_ENTRIES } from '../../memory/layout.ts'
import type { Expr, I32, I32In, I64, V128 } from '../../wasm/expr.ts'
import { asI32, constI32, loadPrefixed } from '../../wasm/expr.ts'
import type { Callee, FunctionBuilder } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Form } from '../decode/forms.ts'
import * as D from '../decode/op-layout.ts'
import type { Size } from '../ops/ops.ts'
import type { Linker, SlowPath } from '../ops/runtime.ts'
import { constantsNow } from '../sse/arithmetic.ts'
import type { ShapeName } from '../sse/shapes.ts'
import * as L from '../state/layout.ts'
import { loadBytes, MachineOps } from './machine-ops.ts'
import { commitPath } from './memory-paths.ts'
import { dispatch, eipOf, follow, mergeFlags, nextEipOf, raise, readEflags, sync } from './runtime-core.ts'

const PAGE_BYTES = 4096

export class InterpreterOps extends MachineOps {
  readonly #op: I32
  #effective: I32 | undefined

  constructor(f: FunctionBuilder, form: Form, linker: Linker) {
    super(f, form, linker)
    this.#op = f.param(0, 'i32')
  }

  // Operands

  protected override decodedPlace(source: 'reg' | 'rm'): I32 {
    return this.f.let(i32.load16_u(this.#op, source === 'reg' ? D.OP_REG : D.OP_RM))
  }

  protected override immediate(second: boolean): I32 {
    return this.f.let(i32.load(this.#op, second ? D.OP_IMM2 : D.OP_IMM))
  }

  protected override loadRegister(place: I32, bytes: Size): I32 {
    return loadBytes(place, bytes)
  }

  protected override loadVector(place: I32): V128 {
    return loadPrefixed(0, 0, place, 0)
  }

  protected override loadLow32(place: I32, bytes: Size): I32 {
    return loadBytes(place, bytes)
  }

  protected override loadLow64(place: I32): I64 {
    return i64.load(place)
  }

  protected override storeVector(place: I32, value: V128): void {
    this.f.storeV128(place, value)
  }

  override sseConstants(name: ShapeName): readonly Expr[] {
    return constantsNow(name)
  }

  override mxcsrChanged(): void {}

  protected override storeRegister(place: I32, value: I32In, bytes: Size): void {
    this.storeBytes(place, value, bytes)
  }

  // Memory

  override address(i: number): I32 {
    if (!this.isMemory(i)) throw new Error(`${this.form.row.mnemonic}: operand ${i} is no memory`)
    if (this.#effective) return this.#effective
    const op = this.#op
    const base = i32.load(i32.load16_u(op, D.OP_BASE))
    const index = i32.shl(i32.load(i32.load16_u(op, D.OP_INDEX)), i32.load8_u(op, D.OP_SCALE))
    const sum = this.f.variable(i32.add(i32.add(base, index), i32.load(op, D.OP_DISP)))
    this.f.if(i32.load8_u(op, D.OP_FLAGS), () => this.f.set(sum, i32.and(sum, 0xffff)))
    this.#effective = sum
    return sum
  }

  override addressAt(i: number, delta: I32In): I32 {
    const sum = this.f.variable(i32.add(this.address(i), delta))
    this.f.if(i32.load8_u(this.#op, D.OP_FLAGS), () => this.f.set(sum, i32.and(sum, 0xffff)))
    return sum
  }

  override segmentOf(_i: number): I32 {
    return this.f.let(i32.load16_u(this.#op, D.OP_SEGMENT))
  }

  protected override segmentBase(segment: I32): I32 {
    return i32.load(segment, L.SEG_BASE)
  }

  protected override fast(
    segment: I32,
    offset: I32,
    bytes: number,
    end: number,
    tag: number,
    hit: (host: I32) => void,
  ): void {
    const { f } = this
    f.if(
      i32.lt_u(offset, i32.load(segment, end)),
      () => {
        const linear = f.let(i32.add(offset, i32.load(segment, L.SEG_BASE)))
        const entry = f.let(i32.add(i32.and(i32.shr_u(linear, 8), (TLB_ENTRIES - 1) << 4), i32.load(0, L.TLB)))
        f.if(
          i32.le_u(i32.xor(i32.load(entry, tag), linear), PAGE_BYTES - bytes),
          () => hit(i32.add(linear, i32.load(entry, 8))),
          undefined,
          'likely',
        )
      },
      undefined,
      'likely',
    )
  }

  protected override access(path: SlowPath, ...args: I32[]): Expr<'i32'> {
    this.#sync()
    return callExpr(this.linker.slow(path) as Callee<'i32'>, ...args)
  }

  protected override leaveOnFault(): void {
    this.f.if(i32.load(0, L.FAULT), () => this.f.return(), undefined, 'unlikely')
  }

  protected override commit(host: I32): void {
    this.f.if(i32.eq(host, L.SCRATCH), () => this.f.call(this.linker.slow(commitPath)), undefined, 'unlikely')
  }

  #sync(): void {
    this.f.call(this.linker.runtime(sync), this.#op)
  }

  // Flags

  protected override flagWords(): { readonly result: I32; readonly aux: I32 } {
    const word = (offset: number) => this.state(offset)
    return {
      get result() {
        return word(L.FLAGS_RESULT)
      },
      get aux() {
        return word(L.FLAGS_AUX)
      },
    }
  }

  protected override setFlagWords(result: I32In, aux: I32In): void {
    const a = this.f.let(asI32(aux))
    this.f.store32(0, result, L.FLAGS_RESULT)
    this.f.store32(0, a, L.FLAGS_AUX)
  }

  protected override setAuxWord(aux: I32): void {
    this.f.store32(0, aux, L.FLAGS_AUX)
  }

  protected override mergeFlags(mask: number, bits: I32): void {
    this.f.call(this.linker.runtime(mergeFlags), constI32(mask), bits)
  }

  override eflags(): I32 {
    return this.f.let(callExpr(this.linker.runtime(readEflags)))
  }

  // Control

  override fault(vector: number, errorCode: I32In = 0): void {
    this.f.returnCall(this.linker.runtime(raise), this.#op, constI32(vector), asI32(errorCode))
  }

  override eip(): I32 {
    return this.f.let(eipOf(this.#op))
  }

  override nextEip(): I32 {
    return this.f.let(nextEipOf(this.#op))
  }

  override jump(target: I32In): void {
    const eip = this.f.let(asI32(target))
    this.checkTarget(eip)
    this.f.store32(0, eip, L.EIP)
    this.f.returnCall(this.linker.runtime(dispatch))
  }

  override relativeTarget(_i: number): I32 {
    const target = i32.add(i32.load(0, L.BLOCK_EIP), i32.load(this.#op, D.OP_IMM))
    return this.f.let(this.size === 2 ? i32.and(target, 0xffff) : target)
  }

  override branch(condition: I32In, i: number): void {
    const taken = asI32(condition)
    const go = () => {
      const target = this.relativeTarget(i)
      this.checkTarget(target)
      this.f.returnCall(this.linker.runtime(follow), this.#op, target, constI32(1))
    }
    if (taken.constant !== undefined) return go()
    this.f.if(taken, go)
    this.f.returnCall(this.linker.runtime(follow), this.#op, nextEipOf(this.#op), constI32(0))
  }

  override slow(path: SlowPath, ...args: I32In[]): void {
    const bound = args.map((a) => this.f.let(asI32(a)))
    this.#sync()
    this.f.call(this.linker.slow(path), ...bound)
    this.leaveOnFault()
  }

  override slowValue(path: SlowPath, ...args: I32In[]): I32 {
    const bound = args.map((a) => this.f.let(asI32(a)))
    this.#sync()
    const value = this.f.let(callExpr(this.linker.slow(path) as Callee<'i32'>, ...bound))
    this.leaveOnFault()
    return value
  }

  override continueAtEip(): void {
    this.f.returnCall(this.linker.runtime(dispatch))
  }

  // For the generator

  /** What follows the semantics: the next instruction, or for rows that end a block the dispatcher. */
  epilogue(): void {
    if (this.form.row.ends) {
      this.f.store32(0, nextEipOf(this.#op), L.EIP)
      this.continueAtEip()
    } else this.f.returnCallIndirect(0, 0, i32.load(this.#op, D.OP_BYTES + D.OP_HANDLER), i32.add(this.#op, D.OP_BYTES))
  }
}
