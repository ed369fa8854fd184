/**
 * The flags as two words (see state/layout.ts), as expressions. Used by every backend of Ops: only where the two words live
 * differs.
 */
import type { I32, I32In } from '../../wasm/expr.ts'
import { asI32 } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import type { Condition, FlagValues, Size } from './ops.ts'

/** Moves a carry vector's bits 3 and the two top ones of `size` to where FLAGS_AUX has them. */
function auxOf(carries: I32, size: Size): I32 {
  if (size === 4) return i32.and(carries, 0xc000_0008)
  const shift = size === 1 ? 24 : 16
  return i32.or(i32.and(carries, 8), i32.shl(i32.and(carries, size === 1 ? 0xc0 : 0xc000), shift))
}

export function signExtend(value: I32In, size: Size): I32 {
  return size === 4 ? asI32(value) : size === 2 ? i32.extend16_s(value) : i32.extend8_s(value)
}

/** FLAGS_AUX after an addition: carry vector (a & b) | ((a | b) & ~r). */
export function auxAdd(a: I32In, b: I32In, result: I32In, size: Size): I32 {
  return auxOf(i32.or(i32.and(a, b), i32.and(i32.or(a, b), i32.xor(result, -1))), size)
}

/** FLAGS_AUX after a subtraction: borrow vector (~a & b) | (~(a ^ b) & r). */
export function auxSub(a: I32In, b: I32In, result: I32In, size: Size): I32 {
  return auxOf(i32.or(i32.and(i32.xor(a, -1), b), i32.and(i32.xor(i32.xor(a, b), -1), result)), size)
}

/** FLAGS_AUX after INC or DEC: AF and OF new, CF kept from `aux`. */
export function auxIncrement(f: FunctionBuilder, aux: I32, result: I32In, size: Size, decrement: boolean): I32 {
  const r = f.let(asI32(result))
  const before = f.let(decrement ? i32.add(r, 1) : i32.sub(r, 1))
  const fresh = f.let(decrement ? auxSub(before, i32.const(1), r, size) : auxAdd(before, i32.const(1), r, size))
  const overflow = i32.and(i32.xor(fresh, i32.shl(fresh, 1)), 0x8000_0000)
  // Bit 30 is CF xor OF.
  const partial = i32.shr_u(i32.xor(i32.and(aux, 0x8000_0000), overflow), 1)
  return i32.or(i32.or(i32.and(aux, 0x8000_0000), partial), i32.and(fresh, 8))
}

export type FlagName = 'cf' | 'pf' | 'af' | 'zf' | 'sf' | 'of'

/** One flag as 0 or 1. `result` and `aux` are bound values. */
export function flagOf(name: FlagName, result: I32, aux: I32): I32 {
  switch (name) {
    case 'cf':
      return i32.shr_u(aux, 31)
    case 'zf':
      return i32.eqz(result)
    case 'sf':
      return i32.xor(i32.shr_u(result, 31), i32.and(aux, 1))
    case 'of':
      return i32.shr_u(i32.xor(aux, i32.shl(aux, 1)), 31)
    case 'af':
      return i32.and(i32.shr_u(aux, 3), 1)
    case 'pf':
      return i32.xor(i32.and(i32.popcnt(i32.and(i32.xor(result, i32.shr_u(aux, 8)), 0xff)), 1), 1)
  }
}

/** Condition `cc` (encoding order) as 0 or 1. */
export function conditionOf(cc: Condition, result: I32, aux: I32): I32 {
  const less = () => i32.xor(i32.shr_u(i32.xor(result, i32.xor(aux, i32.shl(aux, 1))), 31), i32.and(aux, 1))
  const base = (): I32 => {
    switch (cc >> 1) {
      case 0:
        return flagOf('of', result, aux)
      case 1:
        return flagOf('cf', result, aux)
      case 2:
        return flagOf('zf', result, aux)
      case 3:
        return i32.or(flagOf('cf', result, aux), flagOf('zf', result, aux))
      case 4:
        return flagOf('sf', result, aux)
      case 5:
        return flagOf('pf', result, aux)
      case 6:
        return less()
      default:
        return i32.or(less(), flagOf('zf', result, aux))
    }
  }
  return cc & 1 ? i32.eqz(base()) : base()
}

/** The six flags packed as in EFLAGS. */
export function packFlags(result: I32, aux: I32): I32 {
  const at = (name: FlagName, bit: number) => i32.shl(flagOf(name, result, aux), bit)
  return i32.or(
    i32.or(i32.or(at('cf', 0), at('pf', 2)), i32.or(at('af', 4), at('zf', 6))),
    i32.or(at('sf', 7), at('of', 11)),
  )
}

/** FLAGS_RESULT and FLAGS_AUX for six flags given one by one, each 0 or 1 (see CpuState.setStatusFlags). */
export function wordsOfFlags(f: FunctionBuilder, flags: Required<FlagValues>): { result: I32; aux: I32 } {
  const zf = f.let(asI32(flags.zf))
  const cf = f.let(asI32(flags.cf))
  const carries = i32.or(i32.shl(cf, 31), i32.shl(i32.xor(cf, flags.of), 30))
  const others = i32.or(i32.or(i32.shl(flags.af, 3), i32.shl(i32.xor(zf, flags.pf), 8)), flags.sf)
  return { result: f.let(i32.xor(zf, 1)), aux: f.let(i32.or(carries, others)) }
}

/** FLAGS_RESULT and FLAGS_AUX for arbitrary packed flags (see CpuState.setStatusFlags). */
export function unpackFlags(f: FunctionBuilder, packed: I32In): { result: I32; aux: I32 } {
  const flags = f.let(asI32(packed))
  const bit = (n: number) => i32.and(i32.shr_u(flags, n), 1)
  const zf = f.let(bit(6))
  const result = i32.xor(zf, 1)
  const cf = bit(0)
  const parityFlip = i32.xor(bit(2), zf)
  const aux = i32.or(
    i32.or(i32.shl(cf, 31), i32.shl(i32.xor(cf, bit(11)), 30)),
    i32.or(i32.or(i32.shl(bit(4), 3), i32.shl(parityFlip, 8)), bit(7)),
  )
  return { result, aux }
}
