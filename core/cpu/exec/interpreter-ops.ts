/**
 * Ops for the interpreter: code that takes its operands from the decoded instruction at run time. One handler is a function
 * (op: i32) -> () that ends by tail-calling the next instruction's handler, the dispatcher, or by returning with a fault.
 */
import { TLB_ENTRIES } from '../../memory/layout.ts'
import type { Expr, I32, I32In, I64, I64In, V128, ValType } from '../../wasm/expr.ts'
import { asI32, asI64, constI32, loadPrefixed } from '../../wasm/expr.ts'
import type { Callee, FunctionBuilder } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Form } from '../decode/forms.ts'
import * as D from '../decode/op-layout.ts'
import type { Operand } from '../decode/operands.ts'
import type { FlagName } from '../ops/flag-words.ts'
import { auxAdd, auxIncrement, auxSub, conditionOf, flagOf, signExtend, wordsOfFlags } from '../ops/flag-words.ts'
import type { Condition, FlagValues, Ops, Size, WriteTarget } from '../ops/ops.ts'
import type { Linker, RuntimeFunction, SlowPath } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { commitPath, probePath, readPath, readWidePath } from './memory-paths.ts'
import { dispatch, eipOf, follow, mergeFlags, nextEipOf, raise, readEflags, sync } from './runtime-core.ts'

const PAGE_MASK = 0xffff_f000

export class InterpreterOps implements Ops {
  readonly f: FunctionBuilder
  readonly size: 2 | 4
  readonly rep: 0 | 0xf2 | 0xf3
  readonly #form: Form
  readonly #link: Linker
  readonly #op: I32
  readonly #places = new Map<number, I32>()
  readonly #targets = new Map<number, WriteTarget>()
  #effective: I32 | undefined

  constructor(f: FunctionBuilder, form: Form, link: Linker) {
    this.f = f
    this.#form = form
    this.#link = link
    this.size = form.size
    this.rep = form.rep
    this.#op = f.param(0, 'i32')
  }

  get addressSize(): 2 | 4 {
    if (!this.#form.row.addressSized)
      throw new Error(`${this.#form.row.mnemonic}: the row asks for its address size without addressSized`)
    return this.#form.addressSize
  }

  // Operands

  #operand(i: number): Operand {
    const operand = this.#form.operands[i]
    if (!operand) throw new Error(`${this.#form.row.mnemonic} has no operand ${i}`)
    return operand
  }

  isMemory(i: number): boolean {
    const { source } = this.#operand(i)
    return source === 'memory' || (source === 'rm' && this.#form.memory)
  }

  /** Bytes of operand `i` in this form. */
  #bytes(i: number): number {
    const operand = this.#operand(i)
    return (this.isMemory(i) ? operand.memoryBytes : operand.registerBytes) || this.size
  }

  sizeOf(i: number): Size {
    return this.#bytes(i) as Size
  }

  /** State offset of register operand `i`. */
  #place(i: number): I32 {
    const known = this.#places.get(i)
    if (known) return known
    const operand = this.#operand(i)
    let place: I32
    if (operand.source === 'fixed') {
      const n = operand.fixed
      place = constI32(
        operand.file === 'gpr'
          ? operand.registerBytes === 1
            ? L.register8Offset(n)
            : L.registerOffset(n)
          : operand.file === 'seg'
            ? L.segmentOffset(n)
            : operand.file === 'xmm'
              ? L.xmmOffset(n)
              : n,
      )
    } else place = this.f.let(i32.load16_u(this.#op, operand.source === 'reg' ? D.OP_REG : D.OP_RM))
    this.#places.set(i, place)
    return place
  }

  registerNumber(i: number): I32 {
    const operand = this.#operand(i)
    const place = this.#place(i)
    if (operand.file === 'gpr' && operand.source !== 'fixed') return i32.shr_u(place, 3)
    if (operand.file === 'xmm') return i32.shr_u(i32.sub(place, L.XMM), 4)
    if (operand.file === 'mmx') return i32.shr_u(i32.sub(place, L.FPU_REGISTERS), 4)
    if (operand.file === 'seg' && operand.source === 'fixed') return constI32(operand.fixed)
    return place
  }

  #immediate(i: number): I32 {
    return this.f.let(i32.load(this.#op, this.#operand(i).source === 'imm2' ? D.OP_IMM2 : D.OP_IMM))
  }

  read(i: number): I32 {
    const operand = this.#operand(i)
    if (operand.source === 'imm' || operand.source === 'imm2' || operand.source === 'rel' || operand.source === 'far')
      return this.#immediate(i)
    if (operand.source === 'fixed' && operand.file === 'none') return constI32(operand.fixed)
    const bytes = this.#bytes(i)
    if (this.isMemory(i)) return this.load(this.segmentOf(i), this.address(i), bytes as Size)
    return this.f.let(this.#loadHost(this.#place(i), Math.min(bytes, 4) as Size))
  }

  farSelector(_i: number): I32 {
    return this.f.let(i32.load(this.#op, D.OP_IMM2))
  }

  readSigned(i: number): I32 {
    const value = this.read(i)
    const { source } = this.#operand(i)
    return source === 'imm' || source === 'rel' ? value : this.f.let(signExtend(value, this.sizeOf(i)))
  }

  modify(i: number): I32 {
    if (!this.isMemory(i)) return this.read(i)
    const bytes = this.#bytes(i)
    const target = this.targetAt(this.segmentOf(i), this.address(i), bytes, true)
    this.#targets.set(i, target)
    return this.f.let(this.#loadHost(target.host, bytes as Size))
  }

  write(i: number, value: I32In): void {
    const bytes = this.#bytes(i)
    if (!this.isMemory(i)) return this.#storeHost(this.#place(i), value, Math.min(bytes, 4) as Size)
    const bound = this.#targets.get(i)
    const v = bound ? value : this.f.let(asI32(value))
    const target = bound ?? this.targetAt(this.segmentOf(i), this.address(i), bytes)
    this.#storeHost(target.host, v, bytes as Size)
    target.commit()
  }

  readI64(i: number): I64 {
    if (!this.isMemory(i)) return this.f.let(i64.load(this.#place(i)))
    return this.loadI64(this.segmentOf(i), this.address(i))
  }

  writeI64(i: number, value: I64In): void {
    if (this.isMemory(i)) {
      const bound = this.f.let(asI64(value))
      const target = this.target(i, 8)
      this.f.store64(target.host, bound)
      target.commit()
    } else {
      this.f.store64(this.#place(i), value)
      // An MMX register is an x87 significand; the exponent field becomes all ones (SDM vol 1, 9.6.2).
      if (this.#operand(i).file === 'mmx') this.f.store16(this.#place(i), 0xffff, 8)
    }
  }

  readV128(i: number, unaligned = false): V128 {
    if (!this.isMemory(i)) return this.f.let(loadPrefixed(0, 0, this.#place(i), 0))
    const segment = this.segmentOf(i)
    const offset = this.address(i)
    if (!unaligned) this.#checkAligned(segment, offset)
    const host = this.#readHost(segment, offset, 16)
    return this.f.let(loadPrefixed(0, 0, host, 0))
  }

  writeV128(i: number, value: V128, unaligned = false): void {
    if (!this.isMemory(i)) return this.f.storeV128(this.#place(i), value)
    const bound = this.f.let(value)
    const target = this.target(i, 16, { aligned: !unaligned })
    this.f.storeV128(target.host, bound)
    target.commit()
  }

  writeXmmLow32(i: number, value: I32In): void {
    this.f.store32(this.#place(i), value)
  }

  writeXmmLow64(i: number, value: I64In): void {
    this.f.store64(this.#place(i), value)
  }

  // Memory

  address(i: number): I32 {
    if (!this.isMemory(i)) throw new Error(`${this.#form.row.mnemonic}: operand ${i} is no memory`)
    if (this.#effective) return this.#effective
    const op = this.#op
    const base = i32.load(i32.load16_u(op, D.OP_BASE))
    const index = i32.shl(i32.load(i32.load16_u(op, D.OP_INDEX)), i32.load8_u(op, D.OP_SCALE))
    const sum = this.f.variable(i32.add(i32.add(base, index), i32.load(op, D.OP_DISP)))
    this.f.if(i32.load8_u(op, D.OP_FLAGS), () => this.f.set(sum, i32.and(sum, 0xffff)))
    this.#effective = sum
    return sum
  }

  addressAt(i: number, delta: I32In): I32 {
    const sum = this.f.variable(i32.add(this.address(i), delta))
    this.f.if(i32.load8_u(this.#op, D.OP_FLAGS), () => this.f.set(sum, i32.and(sum, 0xffff)))
    return sum
  }

  segmentOf(_i: number): I32 {
    return this.f.let(i32.load16_u(this.#op, D.OP_SEGMENT))
  }

  readAt(i: number, offset: number, bytes: Size): I32 {
    return this.load(this.segmentOf(i), i32.add(this.address(i), offset), bytes)
  }

  readI64At(i: number, offset: number): I64 {
    return this.loadI64(this.segmentOf(i), i32.add(this.address(i), offset))
  }

  target(i: number, bytes: number, options: { offset?: number; read?: boolean; aligned?: boolean } = {}): WriteTarget {
    const segment = this.segmentOf(i)
    const offset = this.f.let(i32.add(this.address(i), options.offset ?? 0))
    if (options.aligned) this.#checkAligned(segment, offset)
    return this.targetAt(segment, offset, bytes, options.read)
  }

  #checkAligned(segment: I32, offset: I32): void {
    this.faultIf(i32.and(i32.add(offset, i32.load(segment, L.SEG_BASE)), 15), 13, 0)
  }

  load(segment: I32In, offset: I32In, bytes: Size): I32 {
    const value = this.f.local('i32')
    const seg = asI32(segment)
    const at = this.f.let(asI32(offset))
    this.f.block((done) => {
      this.#fast(seg, at, bytes, L.SEG_READ_END, 0, (host) => {
        this.f.set(value, this.#loadHost(host, bytes))
        this.f.br(done)
      })
      this.#sync()
      this.f.set(value, callExpr(this.#link.slow(readPath) as Callee<'i32'>, seg, at, constI32(bytes)))
      this.#leaveOnFault()
    })
    return value
  }

  loadI64(segment: I32In, offset: I32In): I64 {
    return this.f.let(i64.load(this.#readHost(asI32(segment), offset, 8)))
  }

  /** Host address from which `bytes` (8 or 16) at `offset` can be read. */
  #readHost(segment: I32, offset: I32In, bytes: number): I32 {
    const at = this.f.let(asI32(offset))
    const host = this.f.local('i32')
    this.f.block((done) => {
      this.#fast(segment, at, bytes, L.SEG_READ_END, 0, (address) => {
        this.f.set(host, address)
        this.f.br(done)
      })
      this.#sync()
      this.f.call(this.#link.slow(readWidePath), segment, at, constI32(bytes))
      this.#leaveOnFault()
      this.f.set(host, constI32(L.SCRATCH))
    })
    return host
  }

  targetAt(segment: I32In, offset: I32In, bytes: number, read = false): WriteTarget {
    const seg = asI32(segment)
    const at = this.f.let(asI32(offset))
    const host = this.f.local('i32')
    this.f.block((done) => {
      this.#fast(seg, at, bytes, L.SEG_WRITE_END, 4, (address) => {
        this.f.set(host, address)
        this.f.br(done)
      })
      this.#sync()
      this.f.set(
        host,
        callExpr(this.#link.slow(probePath) as Callee<'i32'>, seg, at, constI32(bytes), constI32(read ? 1 : 0)),
      )
      this.#leaveOnFault()
    })
    return { host, commit: () => this.f.if(i32.eq(host, L.SCRATCH), () => this.f.call(this.#link.slow(commitPath))) }
  }

  /** The inline check: `hit` gets the host address; falls through on a miss. `tag` is the TLB tag's offset (0 read, 4 write). */
  #fast(segment: I32, offset: I32, bytes: number, end: number, tag: number, hit: (host: I32) => void): void {
    const { f } = this
    f.if(i32.lt_u(offset, i32.load(segment, end)), () => {
      const linear = f.let(i32.add(offset, i32.load(segment, L.SEG_BASE)))
      const entry = f.let(i32.add(i32.and(i32.shr_u(linear, 8), (TLB_ENTRIES - 1) << 4), i32.load(0, L.TLB)))
      f.if(i32.eq(i32.load(entry, tag), i32.and(i32.add(linear, bytes - 1), PAGE_MASK)), () =>
        hit(i32.add(linear, i32.load(entry, 8))),
      )
    })
  }

  #loadHost(host: I32, bytes: Size): I32 {
    return bytes === 1 ? i32.load8_u(host) : bytes === 2 ? i32.load16_u(host) : i32.load(host)
  }

  #storeHost(host: I32, value: I32In, bytes: Size): void {
    if (bytes === 1) this.f.store8(host, value)
    else if (bytes === 2) this.f.store16(host, value)
    else this.f.store32(host, value)
  }

  #sync(): void {
    this.f.call(this.#link.runtime(sync), this.#op)
  }

  #leaveOnFault(): void {
    this.f.if(i32.load(0, L.FAULT), () => this.f.return())
  }

  // Registers and state

  reg(n: number, size: Size = 4): I32 {
    return this.f.let(this.#loadHost(constI32(size === 1 ? L.register8Offset(n) : L.registerOffset(n)), size))
  }

  setReg(n: number, value: I32In, size: Size = 4): void {
    this.#storeHost(constI32(size === 1 ? L.register8Offset(n) : L.registerOffset(n)), value, size)
  }

  state(offset: number): I32 {
    return this.f.let(i32.load(0, offset))
  }

  setState(offset: number, value: I32In): void {
    this.f.store32(0, value, offset)
  }

  // Flags

  #setWords(result: I32In, aux: I32In): void {
    const a = this.f.let(asI32(aux))
    this.f.store32(0, result, L.FLAGS_RESULT)
    this.f.store32(0, a, L.FLAGS_AUX)
  }

  flagsAdd(a: I32In, b: I32In, result: I32In, size: Size): void {
    this.#setWords(signExtend(result, size), auxAdd(a, b, result, size))
  }

  flagsSub(a: I32In, b: I32In, result: I32In, size: Size): void {
    this.#setWords(signExtend(result, size), auxSub(a, b, result, size))
  }

  flagsLogic(result: I32In, size: Size): void {
    this.#setWords(signExtend(result, size), 0)
  }

  flagsIncrement(result: I32In, size: Size, decrement: boolean): void {
    this.#setWords(signExtend(result, size), auxIncrement(this.f, this.state(L.FLAGS_AUX), result, size, decrement))
  }

  flagsResult(result: I32In, size: Size, values: { cf: I32In; of: I32In; af: I32In }): void {
    const cf = this.f.let(asI32(values.cf))
    const aux = i32.or(i32.or(i32.shl(cf, 31), i32.shl(i32.xor(cf, values.of), 30)), i32.shl(values.af, 3))
    this.#setWords(signExtend(result, size), aux)
  }

  setFlags(values: FlagValues): void {
    const { cf, of, pf, af, zf, sf } = values
    if (pf === undefined && af === undefined && zf === undefined && sf === undefined) {
      // CF and OF alone touch only the two top bits of FLAGS_AUX.
      const aux = this.state(L.FLAGS_AUX)
      const carry = this.f.let(cf === undefined ? i32.shr_u(aux, 31) : asI32(cf))
      const overflow = of === undefined ? flagOf('of', this.state(L.FLAGS_RESULT), aux) : asI32(of)
      this.f.store32(
        0,
        i32.or(i32.and(aux, 0x3fff_ffff), i32.or(i32.shl(carry, 31), i32.shl(i32.xor(carry, overflow), 30))),
        L.FLAGS_AUX,
      )
      return
    }
    if ([cf, of, pf, af, zf, sf].every((value) => value !== undefined)) {
      const words = wordsOfFlags(this.f, values as Required<FlagValues>)
      return this.#setWords(words.result, words.aux)
    }
    let mask = 0
    let bits: I32 = constI32(0)
    for (const [value, bit] of [
      [cf, 0],
      [pf, 2],
      [af, 4],
      [zf, 6],
      [sf, 7],
      [of, 11],
    ] as const)
      if (value !== undefined) {
        mask |= 1 << bit
        bits = i32.or(bits, i32.shl(value, bit))
      }
    this.f.call(this.#link.runtime(mergeFlags), constI32(mask), bits)
  }

  carry(): I32 {
    return this.flag('cf')
  }

  flag(name: FlagName): I32 {
    return this.f.let(flagOf(name, this.state(L.FLAGS_RESULT), this.state(L.FLAGS_AUX)))
  }

  condition(cc: Condition): I32 {
    return this.f.let(conditionOf(cc, this.state(L.FLAGS_RESULT), this.state(L.FLAGS_AUX)))
  }

  direction(size: Size): I32 {
    // DF is bit 10: size - 2 * size * DF.
    return this.f.let(
      i32.sub(size, i32.shl(i32.and(i32.shr_u(i32.load(0, L.EFLAGS), 10), 1), size === 1 ? 1 : size === 2 ? 2 : 3)),
    )
  }

  eflags(): I32 {
    return this.f.let(callExpr(this.#link.runtime(readEflags)))
  }

  // Control

  fault(vector: number, errorCode: I32In = 0): void {
    this.f.returnCall(this.#link.runtime(raise), this.#op, constI32(vector), asI32(errorCode))
  }

  faultIf(condition: I32In, vector: number, errorCode: I32In = 0): void {
    this.f.if(condition, () => this.fault(vector, errorCode))
  }

  eip(): I32 {
    return this.f.let(eipOf(this.#op))
  }

  nextEip(): I32 {
    return this.f.let(nextEipOf(this.#op))
  }

  /** Raises #GP(0) when `target` is outside CS. */
  #checkTarget(target: I32): void {
    this.faultIf(i32.gt_u(target, i32.load(0, L.segmentOffset(L.CS) + L.SEG_LIMIT)), 13, 0)
  }

  jump(target: I32In): void {
    const eip = this.f.let(asI32(target))
    this.#checkTarget(eip)
    this.f.store32(0, eip, L.EIP)
    this.f.returnCall(this.#link.runtime(dispatch))
  }

  relativeTarget(_i: number): I32 {
    const target = i32.add(i32.load(0, L.BLOCK_EIP), i32.load(this.#op, D.OP_IMM))
    return this.f.let(this.size === 2 ? i32.and(target, 0xffff) : target)
  }

  branch(condition: I32In, i: number): void {
    const taken = asI32(condition)
    const go = () => {
      const target = this.relativeTarget(i)
      this.#checkTarget(target)
      this.f.returnCall(this.#link.runtime(follow), this.#op, target, constI32(1))
    }
    if (taken.constant !== undefined) return go()
    this.f.if(taken, go)
    this.f.returnCall(this.#link.runtime(follow), this.#op, nextEipOf(this.#op), constI32(0))
  }

  call(fn: RuntimeFunction<'void'>, ...args: Expr[]): void {
    this.f.call(this.#link.runtime(fn), ...args)
  }

  value<R extends ValType>(fn: RuntimeFunction<R>, ...args: Expr[]): Expr<R> {
    return this.f.let(callExpr(this.#link.runtime(fn), ...args))
  }

  callee<R extends ValType | 'void'>(fn: RuntimeFunction<R>): Callee<R> {
    return this.#link.runtime(fn)
  }

  slow(path: SlowPath, ...args: I32In[]): void {
    const bound = args.map((a) => this.f.let(asI32(a)))
    this.#sync()
    this.f.call(this.#link.slow(path), ...bound)
    this.#leaveOnFault()
  }

  slowValue(path: SlowPath, ...args: I32In[]): I32 {
    const bound = args.map((a) => this.f.let(asI32(a)))
    this.#sync()
    const value = this.f.let(callExpr(this.#link.slow(path) as Callee<'i32'>, ...bound))
    this.#leaveOnFault()
    return value
  }

  continueAtEip(): void {
    this.f.returnCall(this.#link.runtime(dispatch))
  }

  // For the generator

  /** Checks that come before the semantics: unit usable, privilege, mode. */
  prologue(): void {
    // Bound here, outside any branch of the semantics, so that a use behind one sees them.
    this.#form.operands.forEach(({ source }, i) => {
      if (this.isMemory(i)) this.address(i)
      else if (source === 'reg' || source === 'rm') this.#place(i)
    })
    const { unit, privileged, protectedOnly } = this.#form.row
    const traps = (mask: number) => i32.and(i32.load(0, L.UNIT_TRAPS), mask)
    if (protectedOnly)
      this.faultIf(i32.or(i32.eqz(i32.and(i32.load(0, L.CR0), 1)), i32.and(i32.load(0, L.EFLAGS), 0x2_0000)), 6)
    if (privileged) this.faultIf(i32.load(0, L.CPL), 13, 0)
    if (unit === 'x87') this.faultIf(traps(L.UNIT_X87_NM), 7)
    if (unit === 'wait') this.faultIf(traps(L.UNIT_WAIT_NM), 7)
    if (unit === 'mmx') {
      this.faultIf(traps(L.UNIT_MMX_UD), 6)
      this.faultIf(traps(L.UNIT_MMX_NM), 7)
    }
    if (unit === 'sse') {
      this.faultIf(traps(L.UNIT_SSE_UD), 6)
      this.faultIf(traps(L.UNIT_SSE_NM), 7)
    }
  }

  /** What follows the semantics: the next instruction, or for rows that end a block the dispatcher. */
  epilogue(): void {
    if (this.#form.row.ends) {
      this.f.store32(0, nextEipOf(this.#op), L.EIP)
      this.continueAtEip()
    } else this.f.returnCallIndirect(0, 0, i32.load(this.#op, D.OP_BYTES + D.OP_HANDLER), i32.add(this.#op, D.OP_BYTES))
  }
}
