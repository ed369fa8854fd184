/**
 * What all backends of Ops share: operands by their tokens, memory through the inline TLB lookup, flags as two words. Where an
 * operand, a register or the flag words come from, and how an instruction is left, is each backend's own.
 */
import type { Expr, I32, I32In, I64, I64In, V128, ValType } from '../../wasm/expr.ts'
import { asI32, asI64, constI32, loadPrefixed } from '../../wasm/expr.ts'
import type { Callee, FunctionBuilder } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import { i64x2 } from '../../wasm/simd-ops.ts'
import type { Form } from '../decode/forms.ts'
import type { Operand } from '../decode/operands.ts'
import type { FlagName } from '../ops/flag-words.ts'
import { auxAdd, auxIncrement, auxSub, conditionOf, flagOf, signExtend, wordsOfFlags } from '../ops/flag-words.ts'
import type { Condition, FlagValues, Ops, Size, WriteTarget } from '../ops/ops.ts'
import type { Linker, RuntimeFunction, SlowPath } from '../ops/runtime.ts'
import type { ShapeName } from '../sse/shapes.ts'
import * as L from '../state/layout.ts'
import { ES } from '../x87/control.ts'
import { probePath, readPath, readWidePath } from './memory-paths.ts'

/** Bits of UNIT_TRAPS and the vector that each of them stands for, in the order of their priority. */
const UNIT_CHECKS = {
  x87: [[L.UNIT_X87_NM, 7]],
  wait: [[L.UNIT_WAIT_NM, 7]],
  mmx: [
    [L.UNIT_MMX_UD, 6],
    [L.UNIT_MMX_NM, 7],
  ],
  sse: [
    [L.UNIT_SSE_UD, 6],
    [L.UNIT_SSE_NM, 7],
  ],
} as const

export abstract class MachineOps implements Ops {
  readonly f: FunctionBuilder
  readonly size: 2 | 4
  readonly rep: 0 | 0xf2 | 0xf3
  protected readonly form: Form
  protected readonly linker: Linker
  readonly #places = new Map<number, I32>()
  readonly #targets = new Map<number, WriteTarget>()

  constructor(f: FunctionBuilder, form: Form, linker: Linker) {
    this.f = f
    this.form = form
    this.linker = linker
    this.size = form.size
    this.rep = form.rep
  }

  // What a backend provides

  /** What the decoder noted for a register operand: its state offset, or its number. */
  protected abstract decodedPlace(source: 'reg' | 'rm'): I32
  protected abstract immediate(second: boolean): I32
  /** General register at state offset `place`, zero-extended. */
  protected abstract loadRegister(place: I32, bytes: Size): I32
  protected abstract storeRegister(place: I32, value: I32In, bytes: Size): void
  /** XMM register at state offset `place`: all of it, its low 32 (of which `bytes` count) or 64 bits. */
  protected abstract loadVector(place: I32): V128
  protected abstract loadLow32(place: I32, bytes: Size): I32
  protected abstract loadLow64(place: I32): I64
  protected abstract storeVector(place: I32, value: V128): void
  abstract sseConstants(name: ShapeName): readonly Expr[]
  abstract mxcsrChanged(): void
  abstract address(i: number): I32
  abstract addressAt(i: number, delta: I32In): I32
  abstract segmentOf(i: number): I32
  protected abstract segmentBase(segment: I32): I32
  /** The inline check: `hit` gets the host address; falls through on a miss. `tag` is the TLB tag's offset (0 read, 4 write). */
  protected abstract fast(
    segment: I32,
    offset: I32,
    bytes: number,
    end: number,
    tag: number,
    hit: (host: I32) => void,
  ): void
  /** Calls a slow path of memory access, and leaves the instruction on a fault. */
  protected abstract access(path: SlowPath, ...args: I32[]): Expr<'i32'>
  /** Leaves the instruction if a slow path has raised a fault. */
  protected abstract leaveOnFault(): void
  /** Finishes a write to `host`. */
  protected abstract commit(host: I32): void
  /** The two flag words; each is bound when it is asked for. */
  protected abstract flagWords(): { readonly result: I32; readonly aux: I32 }
  protected abstract setFlagWords(result: I32In, aux: I32In): void
  protected abstract mergeFlags(mask: number, bits: I32): void
  abstract eflags(): I32
  abstract fault(vector: number, errorCode?: I32In): void
  abstract eip(): I32
  abstract nextEip(): I32
  abstract jump(target: I32In): void
  abstract relativeTarget(i: number): I32
  abstract branch(condition: I32In, i: number): void
  abstract slow(path: SlowPath, ...args: I32In[]): void
  abstract slowValue(path: SlowPath, ...args: I32In[]): I32
  abstract continueAtEip(): void

  get addressSize(): 2 | 4 {
    if (!this.form.row.addressSized)
      throw new Error(`${this.form.row.mnemonic}: the row asks for its address size without addressSized`)
    return this.form.addressSize
  }

  // Operands

  protected operand(i: number): Operand {
    const operand = this.form.operands[i]
    if (!operand) throw new Error(`${this.form.row.mnemonic} has no operand ${i}`)
    return operand
  }

  isMemory(i: number): boolean {
    const { source } = this.operand(i)
    return source === 'memory' || (source === 'rm' && this.form.memory)
  }

  /** Bytes of operand `i` in this form. */
  #bytes(i: number): number {
    const operand = this.operand(i)
    return (this.isMemory(i) ? operand.memoryBytes : operand.registerBytes) || this.size
  }

  sizeOf(i: number): Size {
    return this.#bytes(i) as Size
  }

  /** State offset of register operand `i`. */
  #place(i: number): I32 {
    const known = this.#places.get(i)
    if (known) return known
    const operand = this.operand(i)
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
    } else place = this.decodedPlace(operand.source === 'reg' ? 'reg' : 'rm')
    this.#places.set(i, place)
    return place
  }

  registerNumber(i: number): I32 {
    const operand = this.operand(i)
    const place = this.#place(i)
    if (operand.file === 'gpr' && operand.source !== 'fixed') return i32.shr_u(place, 3)
    if (operand.file === 'xmm') return i32.shr_u(i32.sub(place, L.XMM), 4)
    if (operand.file === 'mmx') return i32.shr_u(i32.sub(place, L.FPU_REGISTERS), 4)
    if (operand.file === 'seg' && operand.source === 'fixed') return constI32(operand.fixed)
    return place
  }

  read(i: number): I32 {
    const operand = this.operand(i)
    if (operand.source === 'imm' || operand.source === 'imm2' || operand.source === 'rel' || operand.source === 'far')
      return this.immediate(operand.source === 'imm2')
    if (operand.source === 'fixed' && operand.file === 'none') return constI32(operand.fixed)
    const bytes = this.#bytes(i)
    if (this.isMemory(i)) return this.load(this.segmentOf(i), this.address(i), bytes as Size)
    const width = Math.min(bytes, 4) as Size
    const place = this.#place(i)
    if (operand.file === 'gpr') return this.f.let(this.loadRegister(place, width))
    return this.f.let(operand.file === 'xmm' ? this.loadLow32(place, width) : loadBytes(place, width))
  }

  farSelector(_i: number): I32 {
    return this.immediate(true)
  }

  readSigned(i: number): I32 {
    const value = this.read(i)
    const { source } = this.operand(i)
    return source === 'imm' || source === 'rel' ? value : this.f.let(signExtend(value, this.sizeOf(i)))
  }

  modify(i: number): I32 {
    if (!this.isMemory(i)) return this.read(i)
    const bytes = this.#bytes(i)
    const target = this.targetAt(this.segmentOf(i), this.address(i), bytes, true)
    this.#targets.set(i, target)
    return this.f.let(loadBytes(target.host, bytes as Size))
  }

  write(i: number, value: I32In, rest?: () => void): void {
    const bytes = this.#bytes(i)
    const bound = this.#targets.get(i)
    if (!this.isMemory(i)) {
      const width = Math.min(bytes, 4) as Size
      const place = this.#place(i)
      if (this.operand(i).file === 'gpr') this.storeRegister(place, value, width)
      else this.storeBytes(place, value, width)
      rest?.()
    } else if (bound) {
      this.storeBytes(bound.host, value, bytes as Size)
      bound.commit()
      rest?.()
    } else this.store(this.segmentOf(i), this.address(i), value, bytes as Size, rest)
  }

  store(segment: I32In, offset: I32In, value: I32In, bytes: Size, rest?: () => void): void {
    const bound = this.f.let(asI32(value))
    this.storeThrough(asI32(segment), asI32(offset), bytes, (host) => this.storeBytes(host, bound, bytes), rest)
  }

  /** A write of `bytes` that `make` makes, and the `rest` of the row behind it, if that is told. */
  protected storeThrough(segment: I32, offset: I32, bytes: number, make: (host: I32) => void, rest?: () => void): void {
    const target = this.targetAt(segment, offset, bytes)
    make(target.host)
    target.commit()
    rest?.()
  }

  readI64(i: number): I64 {
    if (!this.isMemory(i)) {
      const place = this.#place(i)
      return this.f.let(this.operand(i).file === 'xmm' ? this.loadLow64(place) : i64.load(place))
    }
    return this.loadI64(this.segmentOf(i), this.address(i))
  }

  writeI64(i: number, value: I64In, rest?: () => void): void {
    if (this.isMemory(i)) {
      const bound = this.f.let(asI64(value))
      const store = (host: I32) => this.f.store64(host, bound)
      return this.storeThrough(this.segmentOf(i), this.address(i), 8, store, rest)
    }
    if (this.operand(i).file === 'xmm') {
      const place = this.#place(i)
      this.storeVector(place, i64x2.replace_lane(this.loadVector(place), 0, asI64(value)))
    } else {
      this.f.store64(this.#place(i), value)
      // An MMX register is an x87 significand; the exponent field becomes all ones (SDM vol 1, 9.6.2).
      if (this.operand(i).file === 'mmx') this.f.store16(this.#place(i), 0xffff, 8)
    }
    rest?.()
  }

  readV128(i: number, unaligned = false): V128 {
    if (!this.isMemory(i)) return this.f.let(this.loadVector(this.#place(i)))
    const segment = this.segmentOf(i)
    const offset = this.address(i)
    if (!unaligned) this.#checkAligned(segment, offset)
    const host = this.#readHost(segment, offset, 16)
    return this.f.let(loadPrefixed(0, 0, host, 0))
  }

  writeV128(i: number, value: V128, unaligned = false, rest?: () => void): void {
    if (!this.isMemory(i)) {
      this.storeVector(this.#place(i), value)
      return rest?.()
    }
    const bound = this.f.let(value)
    const [segment, offset] = [this.segmentOf(i), this.address(i)]
    if (!unaligned) this.#checkAligned(segment, offset)
    this.storeThrough(segment, offset, 16, (host) => this.f.storeV128(host, bound), rest)
  }

  // Memory

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
    this.faultIf(i32.and(i32.add(offset, this.segmentBase(segment)), 15), 13, 0)
  }

  load(segment: I32In, offset: I32In, bytes: Size): I32 {
    const value = this.f.local('i32')
    const seg = asI32(segment)
    const at = this.f.let(asI32(offset))
    this.f.block((done) => {
      this.fast(seg, at, bytes, L.SEG_READ_END, 0, (host) => {
        this.f.set(value, loadBytes(host, bytes))
        this.f.br(done)
      })
      this.f.set(value, this.access(readPath, seg, at, constI32(bytes)))
      this.leaveOnFault()
    })
    return bytes === 4 ? value : { ...value, max: bytes === 1 ? 0xff : 0xffff }
  }

  loadI64(segment: I32In, offset: I32In): I64 {
    return this.f.let(i64.load(this.#readHost(asI32(segment), offset, 8)))
  }

  /** Host address from which `bytes` (8 or 16) at `offset` can be read. */
  #readHost(segment: I32, offset: I32In, bytes: number): I32 {
    const at = this.f.let(asI32(offset))
    const host = this.f.local('i32')
    this.f.block((done) => {
      this.fast(segment, at, bytes, L.SEG_READ_END, 0, (address) => {
        this.f.set(host, address)
        this.f.br(done)
      })
      this.f.set(host, this.access(readWidePath, segment, at, constI32(bytes)))
      this.leaveOnFault()
    })
    return host
  }

  targetAt(segment: I32In, offset: I32In, bytes: number, read = false): WriteTarget {
    const seg = asI32(segment)
    const at = this.f.let(asI32(offset))
    const host = this.f.local('i32')
    this.f.block((done) => {
      this.fast(seg, at, bytes, L.SEG_WRITE_END, 4, (address) => {
        this.f.set(host, address)
        this.f.br(done)
      })
      this.f.set(host, this.access(probePath, seg, at, constI32(bytes), constI32(read ? 1 : 0)))
      this.leaveOnFault()
    })
    return { host, commit: () => this.commit(host) }
  }

  protected storeBytes(host: I32, value: I32In, bytes: Size): void {
    if (bytes === 1) this.f.store8(host, value)
    else if (bytes === 2) this.f.store16(host, value)
    else this.f.store32(host, value)
  }

  // Registers and state

  reg(n: number, size: Size = 4): I32 {
    return this.f.let(this.loadRegister(constI32(size === 1 ? L.register8Offset(n) : L.registerOffset(n)), size))
  }

  setReg(n: number, value: I32In, size: Size = 4): void {
    this.storeRegister(constI32(size === 1 ? L.register8Offset(n) : L.registerOffset(n)), value, size)
  }

  state(offset: number): I32 {
    return this.f.let(i32.load(0, offset))
  }

  setState(offset: number, value: I32In): void {
    this.f.store32(0, value, offset)
  }

  // Flags

  flagsAdd(a: I32In, b: I32In, result: I32In, size: Size): void {
    this.setFlagWords(signExtend(result, size), auxAdd(a, b, result, size))
  }

  flagsSub(a: I32In, b: I32In, result: I32In, size: Size): void {
    this.setFlagWords(signExtend(result, size), auxSub(a, b, result, size))
  }

  flagsLogic(result: I32In, size: Size): void {
    this.setFlagWords(signExtend(result, size), 0)
  }

  flagsIncrement(result: I32In, size: Size, decrement: boolean): void {
    const { aux } = this.flagWords()
    this.setFlagWords(signExtend(result, size), auxIncrement(this.f, aux, result, size, decrement))
  }

  flagsResult(result: I32In, size: Size, values: { cf: I32In; of: I32In; af: I32In }): void {
    const cf = this.f.let(asI32(values.cf))
    const aux = i32.or(i32.or(i32.shl(cf, 31), i32.shl(i32.xor(cf, values.of), 30)), i32.shl(values.af, 3))
    this.setFlagWords(signExtend(result, size), aux)
  }

  setFlags(values: FlagValues): void {
    const { cf, of, pf, af, zf, sf } = values
    if (pf === undefined && af === undefined && zf === undefined && sf === undefined) {
      // CF and OF alone touch only the two top bits of FLAGS_AUX.
      const words = this.flagWords()
      const { aux } = words
      const carry = this.f.let(cf === undefined ? i32.shr_u(aux, 31) : asI32(cf))
      const overflow = of === undefined ? flagOf('of', words.result, aux) : asI32(of)
      const top = i32.or(i32.shl(carry, 31), i32.shl(i32.xor(carry, overflow), 30))
      this.setAuxWord(i32.or(i32.and(aux, 0x3fff_ffff), top))
      return
    }
    if ([cf, of, pf, af, zf, sf].every((value) => value !== undefined)) {
      const words = wordsOfFlags(this.f, values as Required<FlagValues>)
      return this.setFlagWords(words.result, words.aux)
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
    this.mergeFlags(mask, bits)
  }

  /** Replaces the second flag word alone, after `flagWords`. */
  protected abstract setAuxWord(aux: I32): void

  carry(): I32 {
    return this.flag('cf')
  }

  flag(name: FlagName): I32 {
    const { result, aux } = this.flagWords()
    return this.f.let(flagOf(name, result, aux))
  }

  condition(cc: Condition): I32 {
    const { result, aux } = this.flagWords()
    return this.f.let(conditionOf(cc, result, aux))
  }

  direction(size: Size): I32 {
    // DF is bit 10: size - 2 * size * DF.
    return this.f.let(
      i32.sub(size, i32.shl(i32.and(i32.shr_u(i32.load(0, L.EFLAGS), 10), 1), size === 1 ? 1 : size === 2 ? 2 : 3)),
    )
  }

  // SSE

  sseKnown(_i: number, _name: ShapeName): boolean {
    return false
  }

  sseCareful(): I32 {
    return constI32(0)
  }

  sseMet(_name: ShapeName, _denormal: I32): void {}

  // x87

  x87Pending(): I32 {
    return i32.and(this.state(L.FPU_STATUS), ES)
  }

  x87Status(): I32 {
    return this.f.let(i32.or(i32.load(0, L.FPU_STATUS), i32.shl(i32.load(0, L.FPU_TOP), 11)))
  }

  trackX87(memory: boolean): void {
    this.setState(L.FPU_IP, this.eip())
    this.setState(L.FPU_CS, this.state(L.segmentOffset(L.CS) + L.SEG_SELECTOR))
    if (!memory) return
    this.setState(L.FPU_DP, this.address(0))
    this.setState(L.FPU_DS, i32.load(this.segmentOf(0), L.SEG_SELECTOR))
  }

  x87Result(): I64 {
    return i64.load(0, L.FPU_RESULT)
  }

  // Control

  faultIf(condition: I32In, vector: number, errorCode: I32In = 0): void {
    this.f.if(condition, () => this.fault(vector, errorCode), undefined, 'unlikely')
  }

  /** Raises #GP(0) when `target` is outside CS. */
  protected checkTarget(target: I32): void {
    this.faultIf(i32.gt_u(target, i32.load(0, L.segmentOffset(L.CS) + L.SEG_LIMIT)), 13, 0)
  }

  call(fn: RuntimeFunction<'void'>, ...args: Expr[]): void {
    this.f.call(this.linker.runtime(fn), ...args)
  }

  value<R extends ValType>(fn: RuntimeFunction<R>, ...args: Expr[]): Expr<R> {
    return this.f.let(callExpr(this.linker.runtime(fn), ...args))
  }

  callee<R extends ValType | 'void'>(fn: RuntimeFunction<R>): Callee<R> {
    return this.linker.runtime(fn)
  }

  // For the generator

  /** Whether it must be looked whether `unit` is usable: a backend may know. */
  protected checkUnit(_unit: keyof typeof UNIT_CHECKS): boolean {
    return true
  }

  /** Checks that come before the semantics: unit usable, privilege, mode. */
  prologue(): void {
    // Bound here, outside any branch of the semantics, so that a use behind one sees them.
    this.form.operands.forEach(({ source }, i) => {
      if (this.isMemory(i)) this.address(i)
      else if (source === 'reg' || source === 'rm') this.#place(i)
    })
    const { unit, privileged, protectedOnly } = this.form.row
    const traps = (mask: number) => i32.and(i32.load(0, L.UNIT_TRAPS), mask)
    if (protectedOnly)
      this.faultIf(i32.or(i32.eqz(i32.and(i32.load(0, L.CR0), 1)), i32.and(i32.load(0, L.EFLAGS), 0x2_0000)), 6)
    if (privileged) this.faultIf(i32.load(0, L.CPL), 13, 0)
    if (unit && this.checkUnit(unit)) for (const [mask, vector] of UNIT_CHECKS[unit]) this.faultIf(traps(mask), vector)
  }
}

/** `bytes` at host address (or state offset) `host`, zero-extended. */
export function loadBytes(host: I32, bytes: Size): I32 {
  return bytes === 1 ? i32.load8_u(host) : bytes === 2 ? i32.load16_u(host) : i32.load(host)
}
