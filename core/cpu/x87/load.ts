/**
 * Memory formats to register format: m32 and m64 floating point, integers, packed BCD. The code for ordinary values is put in
 * place; zeros, denormals, infinities and NaNs go to a function that leaves them in FPU_RESULT.
 *
 * Source: Intel SDM vol 1, 4.2.2 (formats), 4.7 (BCD); vol 2A FLD, FILD, FBLD.
 */

import type { I32, I64 } from '../../wasm/expr.ts'
import { constI64, select } from '../../wasm/expr.ts'
import type { FunctionBuilder, Label, Local } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Linker } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { DE, IE } from './control.ts'
import { BIAS, EXPONENT_MAX, INTEGER_BIT, push, QUIET_BIT, raised, storeRegister } from './stack.ts'

/** A value in register format, in locals. */
export interface Extended {
  readonly significand: Local<'i64'>
  readonly signExponent: Local<'i32'>
}

const extendedLocals = (f: FunctionBuilder): Extended => ({
  significand: f.local('i64'),
  signExponent: f.local('i32'),
})

/** Significand bits below the exponent of m64 (the fraction), and its exponent bias. */
const DOUBLE = { fractionBits: 52, exponentMax: 0x7ff, bias: 1023 }
const SINGLE = { fractionBits: 23, exponentMax: 0xff, bias: 127 }
export type MemoryFormat = typeof DOUBLE

/**
 * Zero, denormal, infinity or NaN of format m32 or m64, given as sign (0 or 8000h), exponent field and fraction moved up to bit 62.
 * Leaves register format in FPU_RESULT, denormals normalised and SNaNs as they are. Returns DE for a denormal, IE for an SNaN.
 */
const widen = (format: MemoryFormat, name: string) =>
  runtimeFunction(`x87_widen_${name}`, ['i32', 'i32', 'i64'], 'i32', (f) => {
    const sign = f.param(0, 'i32')
    const exponent = f.param(1, 'i32')
    const fraction = f.param(2, 'i64')
    f.if(exponent, () => {
      storeRegister(f, i32.const(L.FPU_RESULT), i64.or(fraction, constI64(INTEGER_BIT)), i32.or(sign, EXPONENT_MAX))
      const signals = i32.and(i64.ne(fraction, 0), i64.eqz(i64.and(fraction, constI64(QUIET_BIT))))
      f.return(i32.mul(signals, IE))
    })
    f.if(i64.eqz(fraction), () => {
      storeRegister(f, i32.const(L.FPU_RESULT), constI64(0), sign)
      f.return(i32.const(0))
    })
    const zeros = f.let(i64.clz(fraction))
    const biased = i32.sub(BIAS + 1 - format.bias, i32.wrap(zeros))
    storeRegister(f, i32.const(L.FPU_RESULT), i64.shl(fraction, zeros), i32.or(biased, sign))
    f.return(i32.const(DE))
  })

const widenDouble = widen(DOUBLE, 'm64')
const widenSingle = widen(SINGLE, 'm32')

interface Fields {
  readonly sign: I32
  readonly exponent: I32
  readonly fraction: I64
}

function doubleFields(f: FunctionBuilder, bits: I64): Fields {
  return {
    sign: f.let(i32.and(i32.wrap(i64.shr_u(bits, 48)), 0x8000)),
    exponent: f.let(i32.and(i32.wrap(i64.shr_u(bits, 52)), DOUBLE.exponentMax)),
    fraction: f.let(i64.shr_u(i64.shl(bits, 12), 1)),
  }
}

function singleFields(f: FunctionBuilder, bits: I32): Fields {
  return {
    sign: f.let(i32.and(i32.shr_u(bits, 16), 0x8000)),
    exponent: f.let(i32.and(i32.shr_u(bits, 23), SINGLE.exponentMax)),
    fraction: f.let(i64.shl(i64.extend_u(i32.and(bits, 0x7f_ffff)), 40)),
  }
}

/** Content of a normal number in `format`; others come out wrong. */
const widened = (format: MemoryFormat, { sign, exponent, fraction }: Fields) => ({
  significand: i64.or(fraction, constI64(INTEGER_BIT)),
  signExponent: i32.or(i32.add(exponent, BIAS - format.bias), sign),
})

/**
 * Converts m32 or m64 `bits`; returns the flags (DE, IE) of a special operand, which `onSpecial` may use. Zero counts as
 * ordinary.
 */
function convert(
  f: FunctionBuilder,
  link: Linker,
  fields: Fields,
  format: MemoryFormat,
  onSpecial: (value: Extended, flags: I32) => void,
): Extended {
  const value = extendedLocals(f)
  const { sign, exponent, fraction } = fields
  const normal = widened(format, fields)
  f.set(value.significand, normal.significand)
  f.set(value.signExponent, normal.signExponent)
  f.if(i32.ge_u(i32.sub(exponent, 1), format.exponentMax - 1), () => {
    const widenFormat = format === DOUBLE ? widenDouble : widenSingle
    const flags = f.let(callExpr(link.runtime(widenFormat), sign, exponent, fraction))
    f.set(value.significand, i64.load(0, L.FPU_RESULT))
    f.set(value.signExponent, i32.load(0, L.FPU_RESULT + 8))
    f.if(flags, () => onSpecial(value, flags))
  })
  return value
}

/** m32 or m64 `bits` in place: normal numbers and zeros; everything else goes to `special`. */
export function fromMemory(f: FunctionBuilder, bits: I32 | I64, special: Label): Extended {
  const [format, fields] =
    bits.type === 'i64' ? [DOUBLE, doubleFields(f, bits as I64)] : [SINGLE, singleFields(f, bits as I32)]
  const value = extendedLocals(f)
  const normal = widened(format, fields)
  f.set(value.significand, normal.significand)
  f.set(value.signExponent, normal.signExponent)
  f.if(
    i32.ge_u(i32.sub(fields.exponent, 1), format.exponentMax - 1),
    () => {
      f.brIf(special, i32.or(fields.exponent, i64.ne(fields.fraction, 0)))
      f.set(value.significand, constI64(0))
      f.set(value.signExponent, fields.sign)
    },
    undefined,
    'unlikely',
  )
  return value
}

export const fromDouble = (f: FunctionBuilder, link: Linker, bits: I64, onSpecial: (v: Extended, flags: I32) => void) =>
  convert(f, link, doubleFields(f, bits), DOUBLE, onSpecial)

export const fromSingle = (f: FunctionBuilder, link: Linker, bits: I32, onSpecial: (v: Extended, flags: I32) => void) =>
  convert(f, link, singleFields(f, bits), SINGLE, onSpecial)

/** Any 64-bit integer, exactly. */
export function fromInteger(f: FunctionBuilder, integer: I64): Extended {
  const value = extendedLocals(f)
  const negative = f.let(i64.lt_s(integer, 0))
  const magnitude = f.let(select(negative, i64.sub(0, integer), integer))
  const zeros = f.let(i64.clz(magnitude))
  f.set(value.significand, i64.shl(magnitude, zeros))
  const exponent = i32.sub(BIAS + 63, i32.wrap(zeros))
  const signExponent = i32.or(exponent, i32.shl(negative, 15))
  f.set(value.signExponent, select(i64.eqz(magnitude), i32.const(0), signExponent))
  return value
}

/** Pushes a value that needs no conversion any more: x87_fld(significand, signExponent). */
export const fldValue = runtimeFunction('x87_fld', ['i64', 'i32'], 'void', (f, link) => {
  const address = f.let(callExpr(link.runtime(push)))
  f.if(address, () => storeRegister(f, address, f.param(0, 'i64'), f.param(1, 'i32')))
})

/**
 * Pushes a converted m32 or m64. A special one is reported: an SNaN becomes quiet; nothing is pushed where #I is
 * unmasked, but a denormal is even when #D is.
 * A full stack goes first.
 */
function pushConverted(
  f: FunctionBuilder,
  link: Linker,
  make: (onSpecial: (v: Extended, flags: I32) => void) => Extended,
): void {
  const value = make((special, flags) => {
    const room = i32.shr_u(i32.load(0, L.FPU_TAGS), i32.and(i32.add(i32.load(0, L.FPU_TOP), 7), 7))
    f.if(i32.eqz(i32.and(room, 1)), () => {
      const masked = f.let(raised(link, flags))
      f.if(i32.and(flags, IE), () => {
        f.if(i32.eqz(masked), () => f.return())
        f.set(special.significand, i64.or(special.significand, constI64(QUIET_BIT)))
      })
    })
  })
  const address = f.let(callExpr(link.runtime(push)))
  f.if(address, () => storeRegister(f, address, value.significand, value.signExponent))
}

export const fldDouble = runtimeFunction('x87_fld_m64', ['i64'], 'void', (f, link) =>
  pushConverted(f, link, (onSpecial) => fromDouble(f, link, f.param(0, 'i64'), onSpecial)),
)

export const fldSingle = runtimeFunction('x87_fld_m32', ['i32'], 'void', (f, link) =>
  pushConverted(f, link, (onSpecial) => fromSingle(f, link, f.param(0, 'i32'), onSpecial)),
)

export const fldInteger = runtimeFunction('x87_fild', ['i64'], 'void', (f, link) => {
  const value = fromInteger(f, f.param(0, 'i64'))
  f.returnCall(link.runtime(fldValue), value.significand, value.signExponent)
})

/** FBLD: 18 decimal digits, the low 16 in the first argument, two and the sign byte in the second. Invalid digits count as they are. */
export const fldBcd = runtimeFunction('x87_fbld', ['i64', 'i32'], 'void', (f, link) => {
  const low = f.param(0, 'i64')
  const high = f.param(1, 'i32')
  const total = f.variable(i64.extend_u(i32.add(i32.mul(i32.and(i32.shr_u(high, 4), 15), 10), i32.and(high, 15))))
  const shift = f.variable(constI64(60))
  f.loop((again) => {
    f.set(total, i64.add(i64.mul(total, 10), i64.and(i64.shr_u(low, shift), 15)))
    f.set(shift, i64.sub(shift, 4))
    f.brIf(again, i64.ge_s(shift, 0))
  })
  const value = fromInteger(f, total)
  const sign = i32.and(high, 0x8000)
  f.returnCall(link.runtime(fldValue), value.significand, i32.or(value.signExponent, sign))
})
