/** Shifts, rotates, bit tests and scans, byte swaps. */
import type { I32 } from '../../wasm/expr.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Ops, Size } from '../ops/ops.ts'
import { truncate } from './arithmetic.ts'
import type { Row, Semantics } from './row.ts'
import { row } from './row.ts'

const top = (value: I32, size: Size): I32 => i32.and(i32.shr_u(value, size * 8 - 1), 1)

/** The count operand, reduced to 5 bits. */
function count(o: Ops, i: number): I32 {
  return o.f.let(i32.and(o.read(i), 31))
}

/** Runs `body` unless the count is zero, which changes nothing at all, not even flags. */
function shift(body: (o: Ops, a: I32, n: I32, size: Size) => I32): Semantics {
  return (o) => {
    const size = o.sizeOf(0)
    const n = count(o, 1)
    const a = o.modify(0)
    const result = o.f.variable(a)
    o.f.if(n, () => o.f.set(result, body(o, a, n, size)))
    o.write(0, result)
  }
}

const shl = shift((o, a, n, size) => {
  // In 64 bits the last bit shifted out stays visible for every count.
  const wide = o.f.let(i64.shl(i64.extend_u(a), i64.extend_u(n)))
  const r = o.f.let(truncate(i32.wrap(wide), size))
  const cf = o.f.let(i32.and(i32.wrap(i64.shr_u(wide, size * 8)), 1))
  o.flagsResult(r, size, { cf, of: i32.xor(top(r, size), cf), af: 0 })
  return r
})

const shr = shift((o, a, n, size) => {
  const before = o.f.let(i32.shr_u(a, i32.sub(n, 1)))
  const r = o.f.let(i32.shr_u(before, 1))
  o.flagsResult(r, size, { cf: i32.and(before, 1), of: top(a, size), af: 0 })
  return r
})

const sar = shift((o, a, n, size) => {
  const signed = size === 4 ? a : size === 2 ? i32.extend16_s(a) : i32.extend8_s(a)
  const before = o.f.let(i32.shr_s(signed, i32.sub(n, 1)))
  const r = o.f.let(truncate(i32.shr_s(before, 1), size))
  o.flagsResult(r, size, { cf: i32.and(before, 1), of: 0, af: 0 })
  return r
})

const rol = shift((o, a, n, size) => {
  const bits = size * 8
  const k = i32.and(n, bits - 1)
  const r = o.f.let(size === 4 ? i32.rotl(a, k) : truncate(i32.or(i32.shl(a, k), i32.shr_u(a, i32.sub(bits, k))), size))
  const cf = o.f.let(i32.and(r, 1))
  o.setFlags({ cf, of: i32.xor(top(r, size), cf) })
  return r
})

const ror = shift((o, a, n, size) => {
  const bits = size * 8
  const k = o.f.let(i32.and(n, bits - 1))
  const r = o.f.let(size === 4 ? i32.rotr(a, k) : truncate(i32.or(i32.shr_u(a, k), i32.shl(a, i32.sub(bits, k))), size))
  o.setFlags({ cf: top(r, size), of: i32.xor(top(r, size), i32.and(i32.shr_u(r, bits - 2), 1)) })
  return r
})

/** RCL and RCR rotate one bit more than the operand has: the carry flag takes part. */
const rotateCarry =
  (left: boolean): Semantics =>
  (o) => {
    const size = o.sizeOf(0)
    const bits = size * 8
    const masked = count(o, 1)
    const n = size === 4 ? masked : o.f.let(i32.rem_u(masked, bits + 1))
    const a = o.modify(0)
    const result = o.f.variable(a)
    o.f.if(n, () => {
      const carry = o.carry()
      const ring = o.f.let(i64.or(i64.extend_u(a), i64.shl(i64.extend_u(carry), bits)))
      const k = o.f.let(i64.extend_u(n))
      const rest = i64.sub(bits + 1, k)
      const turned = o.f.let(
        left ? i64.or(i64.shl(ring, k), i64.shr_u(ring, rest)) : i64.or(i64.shr_u(ring, k), i64.shl(ring, rest)),
      )
      const r = o.f.let(truncate(i32.wrap(turned), size))
      const cf = o.f.let(i32.and(i32.wrap(i64.shr_u(turned, bits)), 1))
      o.f.set(result, r)
      o.setFlags({
        cf,
        of: left ? i32.xor(top(r, size), cf) : i32.xor(top(r, size), i32.and(i32.shr_u(r, bits - 2), 1)),
      })
    })
    o.write(0, result)
  }

const SHIFTS: [string, Semantics, string][] = [
  ['ROL', rol, 'OC'],
  ['ROR', ror, 'OC'],
  ['RCL', rotateCarry(true), 'OC'],
  ['RCR', rotateCarry(false), 'OC'],
  ['SHL', shl, 'OSZPC'],
  ['SHR', shr, 'OSZPC'],
  ['SAL', shl, 'OSZPC'],
  ['SAR', sar, 'OSZPC'],
]

const shifts: Row[] = SHIFTS.flatMap(([name, execute, writes], n) => {
  // A count of zero leaves the flags alone, so they are read as well as written.
  const options = { writes, reads: 'OSZAPC' }
  return [
    row(name, 'r/m8, imm8', `C0 /${n} ib`, execute, options),
    row(name, 'r/mv, imm8', `C1 /${n} ib`, execute, options),
    row(name, 'r/m8, 1', `D0 /${n}`, execute, options),
    row(name, 'r/mv, 1', `D1 /${n}`, execute, options),
    row(name, 'r/m8, CL', `D2 /${n}`, execute, options),
    row(name, 'r/mv, CL', `D3 /${n}`, execute, options),
  ]
})

/** SHLD and SHRD: counts above 16 of 16-bit operands are undefined; Intel's processors shift the 32-bit pair further. */
const doubleShift =
  (left: boolean): Semantics =>
  (o) => {
    const size = o.sizeOf(0)
    const n = count(o, 2)
    const b = o.read(1)
    const a = o.modify(0)
    const result = o.f.variable(a)
    o.f.if(n, () => {
      const k = o.f.let(i64.extend_u(n))
      // 16-bit operands shift the triple (a, b, a), so that every count up to 31 is covered.
      const triple = () => i64.or(i64.or(i64.shl(i64.extend_u(a), 32), i64.shl(i64.extend_u(b), 16)), i64.extend_u(a))
      const [high, low] = left ? [a, b] : [b, a]
      const source = o.f.let(size === 2 ? triple() : i64.or(i64.shl(i64.extend_u(high), 32), i64.extend_u(low)))
      const shifted = left ? i64.shr_u(i64.shl(source, k), 32) : i64.shr_u(source, k)
      const r = o.f.let(truncate(i32.wrap(shifted), size))
      const position = left ? i64.sub(size === 4 ? 64 : 48, k) : i64.sub(k, 1)
      const cf = o.f.let(i32.and(i32.wrap(i64.shr_u(source, position)), 1))
      o.f.set(result, r)
      o.flagsResult(r, size, { cf, of: i32.xor(top(r, size), top(a, size)), af: 0 })
    })
    o.write(0, result)
  }

type Change = ((bit: I32, value: I32) => I32) | undefined

/** BT and its relatives. A register bit offset reaches beyond the memory operand; an immediate one does not. */
const bitTest =
  (change: Change, immediate: boolean): Semantics =>
  (o) => {
    const size = o.sizeOf(0)
    const bits = size * 8
    const offset = o.readSigned(1)
    const bit = o.f.let(i32.and(offset, bits - 1))
    if (o.isMemory(0) && !immediate) {
      const step = i32.shl(i32.shr_s(offset, size === 4 ? 5 : 4), size === 4 ? 2 : 1)
      const at = o.addressAt(0, step)
      if (!change) {
        o.setFlags({ cf: i32.and(i32.shr_u(o.load(o.segmentOf(0), at, size), bit), 1) })
        return
      }
      const target = o.targetAt(o.segmentOf(0), at, size, true)
      const value = o.f.let(size === 4 ? i32.load(target.host) : i32.load16_u(target.host))
      const changed = o.f.let(change(o.f.let(i32.shl(1, bit)), value))
      if (size === 4) o.f.store32(target.host, changed)
      else o.f.store16(target.host, changed)
      target.commit()
      o.setFlags({ cf: i32.and(i32.shr_u(value, bit), 1) })
      return
    }
    if (!change) {
      o.setFlags({ cf: i32.and(i32.shr_u(o.read(0), bit), 1) })
      return
    }
    const value = o.modify(0)
    o.write(0, change(o.f.let(i32.shl(1, bit)), value))
    o.setFlags({ cf: i32.and(i32.shr_u(value, bit), 1) })
  }

const BIT_TESTS: [string, Change, string, number][] = [
  ['BT', undefined, '0F A3', 4],
  ['BTS', (bit, value) => i32.or(value, bit), '0F AB', 5],
  ['BTR', (bit, value) => i32.and(value, i32.xor(bit, -1)), '0F B3', 6],
  ['BTC', (bit, value) => i32.xor(value, bit), '0F BB', 7],
]

const bitTests: Row[] = BIT_TESTS.flatMap(([name, change, opcode, digit]) => {
  const options = { writes: 'C', lock: change !== undefined }
  return [
    row(name, 'r/mv, rv', `${opcode} /r`, bitTest(change, false), options),
    row(name, 'r/mv, imm8', `0F BA /${digit} ib`, bitTest(change, true), options),
  ]
})

/** BSF and BSR leave the destination alone for a zero source, as Intel's processors do. */
const scan =
  (reverse: boolean): Semantics =>
  (o) => {
    const size = o.sizeOf(0)
    const a = o.read(1)
    o.f.if(a, () => o.write(0, reverse ? i32.sub(31, i32.clz(a)) : i32.ctz(a)))
    o.flagsLogic(i32.ne(a, 0), size)
  }

const swap32 = (a: I32): I32 => i32.or(i32.and(i32.rotl(a, 8), 0x00ff_00ff), i32.and(i32.rotr(a, 8), 0xff00_ff00))

/** BSWAP of a 16-bit register is undefined and yields zero. */
const bswap: Semantics = (o) => {
  if (o.size === 2) o.write(0, 0)
  else o.write(0, swap32(o.read(0)))
}

export const BITS: readonly Row[] = [
  ...shifts,
  row('SHLD', 'r/mv, rv, imm8', '0F A4 /r ib', doubleShift(true), { writes: 'OSZPC', reads: 'OSZAPC' }),
  row('SHLD', 'r/mv, rv, CL', '0F A5 /r', doubleShift(true), { writes: 'OSZPC', reads: 'OSZAPC' }),
  row('SHRD', 'r/mv, rv, imm8', '0F AC /r ib', doubleShift(false), { writes: 'OSZPC', reads: 'OSZAPC' }),
  row('SHRD', 'r/mv, rv, CL', '0F AD /r', doubleShift(false), { writes: 'OSZPC', reads: 'OSZAPC' }),
  ...bitTests,
  row('BSF', 'rv, r/mv', '0F BC /r', scan(false), { writes: 'Z', undefined: 'OSAPC' }),
  row('BSR', 'rv, r/mv', '0F BD /r', scan(true), { writes: 'Z', undefined: 'OSAPC' }),
  row('BSWAP', 'rv', '0F C8 +r', bswap, { feature: '486' }),
]
