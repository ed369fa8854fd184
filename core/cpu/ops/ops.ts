/**
 * The abstract machine over which every row is written. Its methods make WebAssembly code: for the interpreter with operands
 * taken from a decoded instruction at run time, for the compiler with operands known. A row reads its operands, computes, and
 * writes; a read or write of memory may leave the instruction with a fault, so a row changes nothing before its last access
 * that may fault. Values returned by readers are bound already and may be used any number of times.
 */
import type { Expr, I32, I32In, I64, I64In, V128, ValType } from '../../wasm/expr.ts'
import type { Callee, FunctionBuilder } from '../../wasm/function-builder.ts'
import type { ShapeName } from '../sse/shapes.ts'
import type { RuntimeFunction, SlowPath } from './runtime.ts'

/** Bytes of an integer operand. */
export type Size = 1 | 2 | 4

/** Memory that may be written: `host` is where to store; `commit` finishes the write (it never faults). */
export interface WriteTarget {
  readonly host: I32
  commit(): void
}

/** Condition codes in encoding order: O NO B NB Z NZ BE NBE S NS P NP L NL LE NLE. */
export type Condition = number

/** New values for some status flags (each 0 or 1); those left out keep their value. */
export interface FlagValues {
  readonly cf?: I32In
  readonly pf?: I32In
  readonly af?: I32In
  readonly zf?: I32In
  readonly sf?: I32In
  readonly of?: I32In
}

export interface Ops {
  /** The function under construction: `let`, `if`, `loop`, ... */
  readonly f: FunctionBuilder
  /** Operand size in bytes (2 or 4) of a `v` form. */
  readonly size: 2 | 4
  /** Address size in bytes (2 or 4). */
  readonly addressSize: 2 | 4
  /** Bytes of operand `i` as an integer. */
  sizeOf(i: number): Size
  /** Whether operand `i` is memory in this form. */
  isMemory(i: number): boolean
  /** REP prefix of a `rep` row: 0 none, 0xf3 REP/REPE, 0xf2 REPNE. */
  readonly rep: 0 | 0xf2 | 0xf3

  // Operands ---------------------------------------------------------------------------------------------------------------
  /** Operand `i` zero-extended; immediates as encoded (`simm8`, `rel` sign-extended); XMM and MMX operands their low bits. */
  read(i: number): I32
  /** Operand `i` sign-extended from its size. */
  readSigned(i: number): I32
  /** Reads operand `i` and makes sure that the following `write(i)` cannot fault. */
  modify(i: number): I32
  /**
   * Writes the low bits of `value` to operand `i` (register or memory). \`rest\` is all that the row does behind that, which may not
   * fault any more: told so, a compiler makes it twice, once for writes that change code.
   */
  write(i: number, value: I32In, rest?: () => void): void
  /** 64 bits of operand `i`: m64, mm/m64, low half of xmm/m64. */
  readI64(i: number): I64
  writeI64(i: number, value: I64In, rest?: () => void): void
  /** 128 bits: xmm/m128. Memory must be aligned to 16 bytes, else #GP(0), unless `unaligned`. */
  readV128(i: number, unaligned?: boolean): V128
  writeV128(i: number, value: V128, unaligned?: boolean, rest?: () => void): void
  /** Selector of far pointer operand `i` (`read` gives its offset). */
  farSelector(i: number): I32
  /** Number of the register operand `i` names: 0 to 7 (ST(i), Sreg, CRn, DRn included). */
  registerNumber(i: number): I32

  // Memory -----------------------------------------------------------------------------------------------------------------
  /** Effective address (offset in its segment) of memory operand `i`, already wrapped to the address size. */
  address(i: number): I32
  /** The address `delta` bytes after that of memory operand `i`, wrapped likewise. */
  addressAt(i: number, delta: I32In): I32
  /** Offset in the CPU state of the segment register that operand `i` is relative to. */
  segmentOf(i: number): I32
  /** Reads `bytes` at memory operand `i` plus `offset`, zero-extended. */
  readAt(i: number, offset: number, bytes: Size): I32
  readI64At(i: number, offset: number): I64
  /** Prepares a write of up to 16 `bytes` at memory operand `i` plus `offset`. With `read`, `host` holds the present content. */
  target(i: number, bytes: number, options?: { offset?: number; read?: boolean; aligned?: boolean }): WriteTarget
  /** Reads memory at `offset` of the segment at state offset `segment` (segmentOffset(SS) and so on). */
  load(segment: I32In, offset: I32In, bytes: Size): I32
  loadI64(segment: I32In, offset: I32In): I64
  /** Writes to memory there; `rest` as in `write`. */
  store(segment: I32In, offset: I32In, value: I32In, bytes: Size, rest?: () => void): void
  /** The same as `target` for an address computed by the row. */
  targetAt(segment: I32In, offset: I32In, bytes: number, read?: boolean): WriteTarget

  // Registers and state ----------------------------------------------------------------------------------------------------
  /** General register `n`, zero-extended from `size` (default 4); with size 1 in encoding order AL CL DL BL AH CH DH BH. */
  reg(n: number, size?: Size): I32
  setReg(n: number, value: I32In, size?: Size): void
  /** A word of the CPU state that no register allocation touches (not general registers, flags or EIP). */
  state(offset: number): I32
  setState(offset: number, value: I32In): void

  // SSE --------------------------------------------------------------------------------------------------------------------
  /** Constants of shape `name` (see `ordinary` in sse/shapes.ts), the limit as MXCSR is. */
  sseConstants(name: ShapeName): readonly Expr[]
  /** Whether operand `i` is known to hold no denormal in shape `name`, as long as `sseCareful` is zero (then nothing is ordinary). */
  sseKnown(i: number, name: ShapeName): boolean
  sseCareful(): I32
  /** An operation of shape `name` was not ordinary: flags may have been added to MXCSR; `denormal`: whether operands or the result are. */
  sseMet(name: ShapeName, denormal: I32): void
  /** The row has changed MXCSR. */
  mxcsrChanged(): void

  // x87 --------------------------------------------------------------------------------------------------------------------
  /** Not zero where an unmasked exception is pending. */
  x87Pending(): I32
  /** The status word with TOP in bits 11 to 13. */
  x87Status(): I32
  /** Notes that this is the last instruction (FIP, FCS), and, where it has one, its memory operand 0 (FDP, FDS). */
  trackX87(memory: boolean): void
  /** What a store has left to be stored. */
  x87Result(): I64

  // Flags ------------------------------------------------------------------------------------------------------------------
  /** Flags of `result = a + b (+ carry in)`; all operands as their low `size` bytes. */
  flagsAdd(a: I32In, b: I32In, result: I32In, size: Size): void
  /** Flags of `result = a - b (- borrow in)`. */
  flagsSub(a: I32In, b: I32In, result: I32In, size: Size): void
  /** Flags of AND, OR, XOR, TEST: CF, OF, AF clear. */
  flagsLogic(result: I32In, size: Size): void
  /** INC (DEC when `decrement`): like ADD (SUB) of 1, CF unchanged. */
  flagsIncrement(result: I32In, size: Size, decrement: boolean): void
  /** Sets some flags one by one. */
  setFlags(values: FlagValues): void
  /** SF, ZF, PF from `result`, with the others given. */
  flagsResult(result: I32In, size: Size, values: { cf: I32In; of: I32In; af: I32In }): void
  /** The carry flag, 0 or 1. */
  carry(): I32
  /** One status flag, 0 or 1. */
  flag(name: 'cf' | 'pf' | 'af' | 'zf' | 'sf' | 'of'): I32
  /** Whether condition `cc` holds, 0 or 1. */
  condition(cc: Condition): I32
  /** DF as a step: `size` or minus `size`. */
  direction(size: Size): I32
  /** All of EFLAGS as PUSHF sees it. */
  eflags(): I32

  // Control ----------------------------------------------------------------------------------------------------------------
  /** Leaves the instruction with a fault. Use inside `f.if`. */
  fault(vector: number, errorCode?: I32In): void
  faultIf(condition: I32In, vector: number, errorCode?: I32In): void
  /** EIP of this instruction, and of the following one. */
  eip(): I32
  nextEip(): I32
  /** Ends the block: execution goes on at offset `target` in CS, checked against its limit (#GP(0)). */
  jump(target: I32In): void
  /** Relative operand `i` as target offset, wrapped to the operand size. */
  relativeTarget(i: number): I32
  /** Ends the block: to relative operand `i` when `condition` holds, else to the next instruction. */
  branch(condition: I32In, i: number): void
  /** Calls WebAssembly shared by all rows. */
  call(fn: RuntimeFunction<'void'>, ...args: Expr[]): void
  value<R extends ValType>(fn: RuntimeFunction<R>, ...args: Expr[]): Expr<R>
  callee<R extends ValType | 'void'>(fn: RuntimeFunction<R>): Callee<R>
  /** Calls TypeScript with everything synchronised; leaves the instruction if it raised a fault. */
  slow(path: SlowPath, ...args: I32In[]): void
  slowValue(path: SlowPath, ...args: I32In[]): I32
  /** After a slow path that may have set EIP or the mode, in a row that `ends`: execution goes on at the EIP it stored. */
  continueAtEip(): void
}
