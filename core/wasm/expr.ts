/**
 * Expressions of WebAssembly code as trees. A tree is emitted where a statement uses it, in evaluation order; something used
 * twice, or that must be read before a later write, is bound to a local first (FunctionBuilder.let). Constants are folded for
 * the integer operations, so that code made for known operands comes out small.
 */
import type { ByteSink } from './byte-sink.ts'

export type ValType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128'
export const VAL_TYPE_CODE: Record<ValType, number> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b }

/** A typed expression. `constant` is set where its value is known when the code is made (i32: signed number; i64: bigint). */
export interface Expr<T extends ValType = ValType> {
  readonly type: T
  readonly constant?: number | bigint | undefined
  /** Of an i32 that is at most this (unsigned): masks that cut off nothing are left out. */
  readonly max?: number | undefined
  emit(out: ByteSink): void
}

export type I32 = Expr<'i32'>
export type I64 = Expr<'i64'>
export type F32 = Expr<'f32'>
export type F64 = Expr<'f64'>
export type V128 = Expr<'v128'>
/** Numbers stand for constants wherever an operand is wanted. */
export type I32In = I32 | number
export type I64In = I64 | bigint | number
export type F32In = F32 | number
export type F64In = F64 | number

export function constI32(value: number): I32 {
  const constant = value | 0
  return {
    type: 'i32',
    constant,
    emit(out) {
      out.u8(0x41)
      out.s32(constant)
    },
  }
}

export function constI64(value: bigint | number): I64 {
  const constant = BigInt.asIntN(64, BigInt(value))
  return {
    type: 'i64',
    constant,
    emit(out) {
      out.u8(0x42)
      out.s64(constant)
    },
  }
}

function constF32(value: number): F32 {
  return {
    type: 'f32',
    emit(out) {
      out.u8(0x43)
      out.f32(value)
    },
  }
}

function constF64(value: number): F64 {
  return {
    type: 'f64',
    emit(out) {
      out.u8(0x44)
      out.f64(value)
    },
  }
}

export const asI32 = (x: I32In): I32 => (typeof x === 'number' ? constI32(x) : x)
export const asI64 = (x: I64In): I64 => (typeof x === 'object' ? x : constI64(x))
export const asF32 = (x: F32In): F32 => (typeof x === 'number' ? constF32(x) : x)
export const asF64 = (x: F64In): F64 => (typeof x === 'number' ? constF64(x) : x)

/** An instruction with one-byte opcode applied to operands. */
export function op<T extends ValType>(type: T, opcode: number, ...args: Expr[]): Expr<T> {
  return {
    type,
    emit(out) {
      for (const arg of args) arg.emit(out)
      out.u8(opcode)
    },
  }
}

/** An instruction behind a prefix byte (0xFC or 0xFD), with optional immediate bytes (lanes). */
export function opPrefixed<T extends ValType>(
  type: T,
  prefix: number,
  opcode: number,
  args: Expr[],
  immediates: number[] = [],
): Expr<T> {
  return {
    type,
    emit(out) {
      for (const arg of args) arg.emit(out)
      out.u8(prefix)
      out.u32(opcode)
      for (const byte of immediates) out.u8(byte)
    },
  }
}

/** A load. `align` is the exponent hint, `offset` the static offset (unsigned). */
export function load<T extends ValType>(
  type: T,
  opcode: number,
  align: number,
  address: I32In,
  offset: number,
): Expr<T> {
  const base = asI32(address)
  return {
    type,
    emit(out) {
      base.emit(out)
      out.u8(opcode)
      out.u32(align)
      out.u32(offset)
    },
  }
}

/** A load behind the SIMD prefix. */
export function loadPrefixed(opcode: number, align: number, address: I32In, offset: number): V128 {
  const base = asI32(address)
  return {
    type: 'v128',
    emit(out) {
      base.emit(out)
      out.u8(0xfd)
      out.u32(opcode)
      out.u32(align)
      out.u32(offset)
    },
  }
}

/** `condition ? a : b`, both evaluated. */
export function select<T extends ValType>(condition: I32In, a: Expr<T>, b: Expr<T>): Expr<T> {
  const c = asI32(condition)
  if (c.constant !== undefined) return c.constant ? a : b
  return {
    type: a.type,
    emit(out) {
      a.emit(out)
      b.emit(out)
      c.emit(out)
      if (a.type === 'v128') out.raw([0x1c, 1, 0x7b])
      else out.u8(0x1b)
    },
  }
}

/** `condition ? a : b` where only one of them is evaluated. */
export function ifExpr<T extends ValType>(condition: I32In, a: Expr<T>, b: Expr<T>): Expr<T> {
  const c = asI32(condition)
  if (c.constant !== undefined) return c.constant ? a : b
  return {
    type: a.type,
    emit(out) {
      c.emit(out)
      out.u8(0x04)
      out.u8(VAL_TYPE_CODE[a.type])
      a.emit(out)
      out.u8(0x05)
      b.emit(out)
      out.u8(0x0b)
    },
  }
}
