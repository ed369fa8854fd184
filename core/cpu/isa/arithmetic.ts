/** Integer arithmetic and logic: ADD to CMP in all forms, INC, DEC, NEG, NOT, MUL, DIV, TEST, BCD adjustments. */
import type { I32 } from '../../wasm/expr.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Ops, Size } from '../ops/ops.ts'
import type { Row, Semantics } from './row.ts'
import { row } from './row.ts'

/** Keeps the low `size` bytes, zero-extended. */
export function truncate(value: I32, size: Size): I32 {
  return size === 4 ? value : i32.and(value, size === 2 ? 0xffff : 0xff)
}

const DE = 0

/** destination = destination op source, with the flags of `op`. */
function binary(compute: (o: Ops, a: I32, b: I32, size: Size) => I32): Semantics {
  return (o) => {
    const size = o.sizeOf(0)
    const b = o.f.let(truncate(o.read(1), size))
    const a = o.modify(0)
    o.write(0, compute(o, a, b, size))
  }
}

const add = (o: Ops, a: I32, b: I32, size: Size): I32 => {
  const r = o.f.let(truncate(i32.add(a, b), size))
  o.flagsAdd(a, b, r, size)
  return r
}
const sub = (o: Ops, a: I32, b: I32, size: Size): I32 => {
  const r = o.f.let(truncate(i32.sub(a, b), size))
  o.flagsSub(a, b, r, size)
  return r
}
const adc = (o: Ops, a: I32, b: I32, size: Size): I32 => {
  const r = o.f.let(truncate(i32.add(i32.add(a, b), o.carry()), size))
  o.flagsAdd(a, b, r, size)
  return r
}
const sbb = (o: Ops, a: I32, b: I32, size: Size): I32 => {
  const r = o.f.let(truncate(i32.sub(i32.sub(a, b), o.carry()), size))
  o.flagsSub(a, b, r, size)
  return r
}
const logic =
  (compute: (a: I32, b: I32) => I32) =>
  (o: Ops, a: I32, b: I32, size: Size): I32 => {
    const r = o.f.let(compute(a, b))
    o.flagsLogic(r, size)
    return r
  }

/** CMP and TEST: like SUB and AND, nothing written. */
function compare(compute: (o: Ops, a: I32, b: I32, size: Size) => I32): Semantics {
  return (o) => {
    const size = o.sizeOf(0)
    compute(o, o.read(0), o.f.let(truncate(o.read(1), size)), size)
  }
}

const logicAnd = logic((a, b) => i32.and(a, b))
const FAMILIES: [string, Semantics, boolean][] = [
  ['ADD', binary(add), true],
  ['OR', binary(logic((a, b) => i32.or(a, b))), true],
  ['ADC', binary(adc), true],
  ['SBB', binary(sbb), true],
  ['AND', binary(logicAnd), true],
  ['SUB', binary(sub), true],
  ['XOR', binary(logic((a, b) => i32.xor(a, b))), true],
  ['CMP', compare(sub), false],
]

const hex = (n: number) => n.toString(16).toUpperCase().padStart(2, '0')

const families: Row[] = FAMILIES.flatMap(([name, execute, lock], n) => {
  const options = { lock, writes: 'OSZAPC', ...(name === 'ADC' || name === 'SBB' ? { reads: 'C' } : {}) }
  const base = n * 8
  return [
    row(name, 'r/m8, r8', `${hex(base)} /r`, execute, options),
    row(name, 'r/mv, rv', `${hex(base + 1)} /r`, execute, options),
    row(name, 'r8, r/m8', `${hex(base + 2)} /r`, execute, options),
    row(name, 'rv, r/mv', `${hex(base + 3)} /r`, execute, options),
    row(name, 'AL, imm8', `${hex(base + 4)} ib`, execute, options),
    row(name, 'rAX, immv', `${hex(base + 5)} iv`, execute, options),
    row(name, 'r/m8, imm8', `80 /${n} ib`, execute, options),
    row(name, 'r/mv, immv', `81 /${n} iv`, execute, options),
    row(name, 'r/m8, imm8', `82 /${n} ib`, execute, options),
    row(name, 'r/mv, simm8', `83 /${n} ib`, execute, options),
  ]
})

const increment =
  (decrement: boolean): Semantics =>
  (o) => {
    const size = o.sizeOf(0)
    const a = o.modify(0)
    const r = o.f.let(truncate(decrement ? i32.sub(a, 1) : i32.add(a, 1), size))
    o.flagsIncrement(r, size, decrement)
    o.write(0, r)
  }

const not: Semantics = (o) => o.write(0, truncate(i32.xor(o.modify(0), -1), o.sizeOf(0)))

const neg: Semantics = (o) => {
  const size = o.sizeOf(0)
  const a = o.modify(0)
  const r = o.f.let(truncate(i32.sub(0, a), size))
  o.flagsSub(i32.const(0), a, r, size)
  o.write(0, r)
}

/** CF and OF say whether the upper half is more than an extension of the lower; the others come from the lower half. */
function multiplyFlags(o: Ops, low: I32, overflow: I32, size: Size): void {
  const lost = o.f.let(overflow)
  o.flagsResult(low, size, { cf: lost, of: lost, af: 0 })
}

const mul: Semantics = (o) => {
  const size = o.sizeOf(0)
  const b = o.read(0)
  if (size === 4) {
    const product = o.f.let(i64.mul(i64.extend_u(o.reg(0)), i64.extend_u(b)))
    const low = o.f.let(i32.wrap(product))
    const high = o.f.let(i32.wrap(i64.shr_u(product, 32)))
    o.setReg(0, low)
    o.setReg(2, high)
    multiplyFlags(o, low, i32.ne(high, 0), 4)
  } else {
    const product = o.f.let(i32.mul(o.reg(0, size), b))
    if (size === 1) o.setReg(0, product, 2)
    else {
      o.setReg(0, product, 2)
      o.setReg(2, i32.shr_u(product, 16), 2)
    }
    multiplyFlags(o, product, i32.ne(i32.shr_u(product, size * 8), 0), size)
  }
}

const extend = (value: I32, size: Size): I32 =>
  size === 4 ? value : size === 2 ? i32.extend16_s(value) : i32.extend8_s(value)

const imul1: Semantics = (o) => {
  const size = o.sizeOf(0)
  const b = o.readSigned(0)
  if (size === 4) {
    const product = o.f.let(i64.mul(i64.extend_s(o.reg(0)), i64.extend_s(b)))
    const low = o.f.let(i32.wrap(product))
    o.setReg(0, low)
    o.setReg(2, i32.wrap(i64.shr_u(product, 32)))
    multiplyFlags(o, low, i64.ne(i64.extend_s(low), product), 4)
  } else {
    const product = o.f.let(i32.mul(extend(o.reg(0, size), size), b))
    o.setReg(0, product, 2)
    if (size === 2) o.setReg(2, i32.shr_u(product, 16), 2)
    multiplyFlags(o, product, i32.ne(extend(product, size), product), size)
  }
}

/** IMUL with two or three operands: operand `first` times operand `second` into operand 0. */
const imul =
  (first: number, second: number): Semantics =>
  (o) => {
    const size = o.sizeOf(0)
    const a = o.readSigned(first)
    const b = o.f.let(extend(o.readSigned(second), size))
    if (size === 4) {
      const product = o.f.let(i64.mul(i64.extend_s(a), i64.extend_s(b)))
      const low = o.f.let(i32.wrap(product))
      o.write(0, low)
      multiplyFlags(o, low, i64.ne(i64.extend_s(low), product), 4)
    } else {
      const product = o.f.let(i32.mul(a, b))
      o.write(0, product)
      multiplyFlags(o, product, i32.ne(extend(product, size), product), size)
    }
  }

const div: Semantics = (o) => {
  const size = o.sizeOf(0)
  const d = o.read(0)
  o.faultIf(i32.eqz(d), DE)
  if (size === 4) {
    const high = o.reg(2)
    o.faultIf(i32.ge_u(high, d), DE)
    const n = o.f.let(i64.or(i64.shl(i64.extend_u(high), 32), i64.extend_u(o.reg(0))))
    const q = o.f.let(i64.div_u(n, i64.extend_u(d)))
    o.setReg(2, i32.wrap(i64.sub(n, i64.mul(q, i64.extend_u(d)))))
    o.setReg(0, i32.wrap(q))
  } else {
    const n = o.f.let(size === 1 ? o.reg(0, 2) : i32.or(i32.shl(o.reg(2, 2), 16), o.reg(0, 2)))
    const q = o.f.let(i32.div_u(n, d))
    o.faultIf(i32.gt_u(q, size === 1 ? 0xff : 0xffff), DE)
    const r = o.f.let(i32.sub(n, i32.mul(q, d)))
    if (size === 1) o.setReg(0, i32.or(i32.shl(r, 8), q), 2)
    else {
      o.setReg(2, r, 2)
      o.setReg(0, q, 2)
    }
  }
}

const idiv: Semantics = (o) => {
  const size = o.sizeOf(0)
  const d = o.readSigned(0)
  o.faultIf(i32.eqz(d), DE)
  if (size === 4) {
    const n = o.f.let(i64.or(i64.shl(i64.extend_u(o.reg(2)), 32), i64.extend_u(o.reg(0))))
    // The one quotient that does not fit 64 bits would trap in WebAssembly.
    o.faultIf(i32.and(i64.eq(n, -0x8000_0000_0000_0000n), i32.eq(d, -1)), DE)
    const q = o.f.let(i64.div_s(n, i64.extend_s(d)))
    o.faultIf(i64.ne(i64.extend32_s(q), q), DE)
    o.setReg(2, i32.wrap(i64.sub(n, i64.mul(q, i64.extend_s(d)))))
    o.setReg(0, i32.wrap(q))
  } else {
    const n = o.f.let(size === 1 ? i32.extend16_s(o.reg(0, 2)) : i32.or(i32.shl(o.reg(2, 2), 16), o.reg(0, 2)))
    o.faultIf(i32.and(i32.eq(n, -0x8000_0000), i32.eq(d, -1)), DE)
    const q = o.f.let(i32.div_s(n, d))
    o.faultIf(i32.ne(extend(q, size), q), DE)
    const r = o.f.let(i32.sub(n, i32.mul(q, d)))
    if (size === 1) o.setReg(0, i32.or(i32.shl(r, 8), i32.and(q, 0xff)), 2)
    else {
      o.setReg(2, r, 2)
      o.setReg(0, q, 2)
    }
  }
}

/** DAA and DAS (SDM vol 2A): the correction depends on AF, CF and AL as they were. */
const decimalAdjust =
  (subtract: boolean): Semantics =>
  (o) => {
    const al = o.reg(0, 1)
    const cf = o.carry()
    const lowAdjust = o.f.let(i32.or(i32.gt_u(i32.and(al, 15), 9), o.flag('af')))
    const highAdjust = o.f.let(i32.or(i32.gt_u(al, 0x99), cf))
    const change = i32.add(i32.mul(lowAdjust, 6), i32.mul(highAdjust, 0x60))
    const r = o.f.let(i32.and(subtract ? i32.sub(al, change) : i32.add(al, change), 0xff))
    // DAS also carries out of the first subtraction.
    const borrow = subtract ? i32.and(lowAdjust, i32.lt_u(al, 6)) : i32.const(0)
    const carry = o.f.let(i32.or(highAdjust, borrow))
    const overflow = i32.const(0)
    o.setReg(0, r, 1)
    o.flagsResult(r, 1, { cf: carry, of: overflow, af: lowAdjust })
  }

const asciiAdjust =
  (subtract: boolean): Semantics =>
  (o) => {
    const ax = o.reg(0, 2)
    const adjust = o.f.let(i32.or(i32.gt_u(i32.and(ax, 15), 9), o.flag('af')))
    const changed = subtract ? i32.sub(ax, i32.mul(adjust, 0x106)) : i32.add(ax, i32.mul(adjust, 0x106))
    const r = o.f.let(i32.and(changed, 0xff0f))
    o.setReg(0, r, 2)
    o.flagsResult(i32.and(r, 0xff), 1, { cf: adjust, of: 0, af: adjust })
  }

const aam: Semantics = (o) => {
  const base = o.read(0)
  o.faultIf(i32.eqz(base), DE)
  const al = o.reg(0, 1)
  const low = o.f.let(i32.rem_u(al, base))
  o.setReg(0, i32.or(i32.shl(i32.div_u(al, base), 8), low), 2)
  o.flagsResult(low, 1, { cf: 0, of: 0, af: 0 })
}

const aad: Semantics = (o) => {
  const ax = o.reg(0, 2)
  const r = o.f.let(i32.and(i32.add(i32.mul(i32.shr_u(ax, 8), o.read(0)), ax), 0xff))
  o.setReg(0, r, 2)
  o.flagsResult(r, 1, { cf: 0, of: 0, af: 0 })
}

const xadd: Semantics = (o) => {
  const size = o.sizeOf(0)
  const b = o.read(1)
  const a = o.modify(0)
  const r = o.f.let(truncate(i32.add(a, b), size))
  // The register is written first: with both operands the same register the sum stays.
  o.write(1, a)
  o.write(0, r)
  o.flagsAdd(a, b, r, size)
}

const cmpxchg: Semantics = (o) => {
  const size = o.sizeOf(0)
  const source = o.read(1)
  const destination = o.modify(0)
  const accumulator = o.reg(0, size)
  const equal = o.f.let(i32.eq(accumulator, destination))
  // The destination is written in any case (SDM vol 2A, CMPXCHG).
  o.write(0, o.f.let(i32.add(destination, i32.mul(equal, i32.sub(source, destination)))))
  o.f.if(i32.eqz(equal), () => o.setReg(0, destination, size))
  o.flagsSub(accumulator, destination, o.f.let(truncate(i32.sub(accumulator, destination), size)), size)
}

const cmpxchg8b: Semantics = (o) => {
  const target = o.target(0, 8, { read: true })
  const low = o.f.let(i32.load(target.host))
  const high = o.f.let(i32.load(target.host, 4))
  const equal = o.f.let(i32.and(i32.eq(low, o.reg(0)), i32.eq(high, o.reg(2))))
  o.f.if(
    equal,
    () => {
      o.f.store32(target.host, o.reg(3))
      o.f.store32(target.host, o.reg(1), 4)
      target.commit()
    },
    () => {
      target.commit()
      o.setReg(0, low)
      o.setReg(2, high)
    },
  )
  o.setFlags({ zf: equal })
}

const unary = (mnemonic: string, digit: number, execute: Semantics, options = {}): Row[] => [
  row(mnemonic, 'r/m8', `F6 /${digit}`, execute, options),
  row(mnemonic, 'r/mv', `F7 /${digit}`, execute, options),
]
const all = { writes: 'OSZAPC' }

export const ARITHMETIC: readonly Row[] = [
  ...families,
  row('INC', 'rv', '40 +r', increment(false), { writes: 'OSZAP' }),
  row('DEC', 'rv', '48 +r', increment(true), { writes: 'OSZAP' }),
  row('INC', 'r/m8', 'FE /0', increment(false), { writes: 'OSZAP', lock: true }),
  row('DEC', 'r/m8', 'FE /1', increment(true), { writes: 'OSZAP', lock: true }),
  row('INC', 'r/mv', 'FF /0', increment(false), { writes: 'OSZAP', lock: true }),
  row('DEC', 'r/mv', 'FF /1', increment(true), { writes: 'OSZAP', lock: true }),
  row('TEST', 'r/m8, r8', '84 /r', compare(logicAnd), all),
  row('TEST', 'r/mv, rv', '85 /r', compare(logicAnd), all),
  row('TEST', 'AL, imm8', 'A8 ib', compare(logicAnd), all),
  row('TEST', 'rAX, immv', 'A9 iv', compare(logicAnd), all),
  row('TEST', 'r/m8, imm8', 'F6 /0 ib', compare(logicAnd), all),
  row('TEST', 'r/m8, imm8', 'F6 /1 ib', compare(logicAnd), all),
  row('TEST', 'r/mv, immv', 'F7 /0 iv', compare(logicAnd), all),
  row('TEST', 'r/mv, immv', 'F7 /1 iv', compare(logicAnd), all),
  ...unary('NOT', 2, not, { lock: true }),
  ...unary('NEG', 3, neg, { lock: true, writes: 'OSZAPC' }),
  ...unary('MUL', 4, mul, { writes: 'OC', undefined: 'SZAP' }),
  ...unary('IMUL', 5, imul1, { writes: 'OC', undefined: 'SZAP' }),
  ...unary('DIV', 6, div, { undefined: 'OSZAPC' }),
  ...unary('IDIV', 7, idiv, { undefined: 'OSZAPC' }),
  row('IMUL', 'rv, r/mv', '0F AF /r', imul(0, 1), { writes: 'OC', undefined: 'SZAP' }),
  row('IMUL', 'rv, r/mv, immv', '69 /r iv', imul(1, 2), { writes: 'OC', undefined: 'SZAP' }),
  row('IMUL', 'rv, r/mv, simm8', '6B /r ib', imul(1, 2), { writes: 'OC', undefined: 'SZAP' }),
  row('DAA', '', '27', decimalAdjust(false), { reads: 'AC', writes: 'SZAPC', undefined: 'O' }),
  row('DAS', '', '2F', decimalAdjust(true), { reads: 'AC', writes: 'SZAPC', undefined: 'O' }),
  row('AAA', '', '37', asciiAdjust(false), { reads: 'A', writes: 'AC', undefined: 'OSZP' }),
  row('AAS', '', '3F', asciiAdjust(true), { reads: 'A', writes: 'AC', undefined: 'OSZP' }),
  row('AAM', 'imm8', 'D4 ib', aam, { writes: 'SZP', undefined: 'OAC' }),
  row('AAD', 'imm8', 'D5 ib', aad, { writes: 'SZP', undefined: 'OAC' }),
  row('XADD', 'r/m8, r8', '0F C0 /r', xadd, { lock: true, writes: 'OSZAPC', feature: '486' }),
  row('XADD', 'r/mv, rv', '0F C1 /r', xadd, { lock: true, writes: 'OSZAPC', feature: '486' }),
  row('CMPXCHG', 'r/m8, r8', '0F B0 /r', cmpxchg, { lock: true, writes: 'OSZAPC', feature: '486' }),
  row('CMPXCHG', 'r/mv, rv', '0F B1 /r', cmpxchg, { lock: true, writes: 'OSZAPC', feature: '486' }),
  row('CMPXCHG8B', 'm64', '0F C7 /1', cmpxchg8b, { lock: true, writes: 'Z', feature: 'pentium' }),
]
