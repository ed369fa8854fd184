/** Random uses of x87 rows: operands where something happens (halves, neighbours, limits, specials), all control words. */
import type { Row } from '../../../../core/cpu/isa/row.ts'
import type { Case } from '../../../support/host-processor.ts'
import type { Random } from '../../../support/random.ts'

const DATA = 0x50_0100
const BIAS = 0x3fff
const INTEGER_BIT = 1n << 63n
const ALL_ONES = (1n << 64n) - 1n

function bits(random: Random, count: number): bigint {
  let value = 0n
  for (let i = 0; i < count; i += 32) value = (value << 32n) | BigInt(random.next())
  return value & ((1n << BigInt(count)) - 1n)
}

/** A significand with the integer bit: few bits, runs of bits, neighbours of powers of two. */
function significand(random: Random): bigint {
  switch (random.below(6)) {
    case 0:
      return INTEGER_BIT
    case 1:
      return ALL_ONES
    case 2:
      return INTEGER_BIT | ((bits(random, 64) << BigInt(random.below(63))) & (INTEGER_BIT - 1n))
    case 3:
      return INTEGER_BIT | bits(random, random.below(40))
    case 4:
      return ALL_ONES ^ bits(random, random.below(40))
    default:
      return INTEGER_BIT | bits(random, 63)
  }
}

interface Extended {
  readonly signExponent: number
  readonly significand: bigint
}

/** An integer as a number. */
function integer(random: Random): Extended {
  let value = bits(random, 1 + random.below(63)) | 1n
  let exponent = BIAS + 63
  while (!(value >> 63n)) {
    value <<= 1n
    exponent--
  }
  return { signExponent: exponent, significand: value }
}

/** A number or special value of either sign. */
function extended(random: Random): Extended {
  const around = (centre: number, width: number) => centre + random.below(width * 2) - width
  const make = (signExponent: number, value: bigint): Extended => ({ signExponent, significand: value })
  const kinds: (() => Extended)[] = [
    () => make(around(BIAS, 8), significand(random)),
    () => make(around(BIAS, 8), significand(random)),
    () => make(around(BIAS, 70), significand(random)),
    () => integer(random),
    () => make(1 + random.below(0x7ffe), significand(random)),
    () => make(random.pick([0x7ffe, 0x7ffd, 1, 2, 60]), significand(random)),
    // Where m32, m64 and the integers end, and where they denormalise.
    () => make(BIAS + random.pick([1023, 1024, 127, 128, 14, 15, 16, 30, 31, 62, 63]), significand(random)),
    () => make(BIAS - random.pick([1023, 127]) + random.below(60) - 55, significand(random)),
    () => make(0, bits(random, random.below(64))), // zero, denormal
    () => make(0, significand(random)), // pseudo-denormal
    () => make(0, 0n),
    () => make(0x7fff, INTEGER_BIT), // infinity
    () => make(0x7fff, significand(random) | (1n << 62n)), // quiet NaN
    () => make(0x7fff, INTEGER_BIT | bits(random, 62) | 1n), // signalling NaN
    () => make(random.below(0x8000), bits(random, 63)), // unsupported
  ]
  const value = random.pick(kinds)()
  return { ...value, signExponent: value.signExponent | (random.below(2) << 15) }
}

function hexOf({ signExponent, significand: value }: Extended): string {
  const bytes = Buffer.alloc(10)
  bytes.writeBigUInt64LE(value)
  bytes.writeUInt16LE(signExponent, 8)
  return bytes.toString('hex')
}

/** ST(0) to ST(7): neighbours are sometimes equal, opposite, or of nearly the same exponent. */
function stack(random: Random): string[] {
  let previous = extended(random)
  return Array.from({ length: 8 }, () => {
    const chance = random.below(8)
    if (chance === 0) previous = { ...previous, signExponent: previous.signExponent ^ (random.below(2) << 15) }
    else if (chance === 1) {
      const moved = Math.max(0, (previous.signExponent & 0x7fff) + random.below(5) - 2) & 0x7fff
      previous = { ...previous, signExponent: moved | (random.below(2) << 15) }
    } else previous = extended(random)
    return hexOf(previous)
  })
}

function memory(row: Row, random: Random): string {
  const bytes = Buffer.alloc(256)
  for (let i = 0; i < 128; i++) bytes[i] = random.below(256)
  const kind = random.below(6)
  const [operand] = row.operands
  if (operand === 'm32fp') {
    const specials = [0, 0x8000_0000, 0x7f80_0000, 0xff80_0000, 0x7fc0_0001, 0x7f80_0001, 1, 0x7f_ffff, 0x7f7f_ffff]
    if (kind === 0) bytes.writeUInt32LE(random.pick(specials))
    if (kind === 1) bytes.writeInt32LE(bytes.readInt32LE() & 0x807f_ffff)
    if (kind === 2) bytes.writeFloatLE((random.below(2000) - 1000) / 8)
  } else if (operand === 'm64fp') {
    const specials = [0n, 1n << 63n, 0x7ffn << 52n, 0xfffn << 52n, (0x7ffn << 52n) | 1n, (0xfff8n << 48n) | 1n, 1n]
    if (kind === 0) bytes.writeBigUInt64LE(random.pick(specials))
    if (kind === 1) bytes.writeBigUInt64LE(bytes.readBigUInt64LE() & 0x800f_ffff_ffff_ffffn)
    if (kind === 2) bytes.writeDoubleLE((random.below(2000) - 1000) / 8)
    if (kind === 3) bytes.writeDoubleLE(random.next() * 2 ** (random.below(80) - 40))
  } else if (operand === 'm80fp') bytes.write(hexOf(extended(random)), 'hex')
  else if (operand === 'm80bcd') {
    for (let i = 0; i < 9; i++) bytes[i] = kind === 0 ? 0 : (random.below(10) << 4) | random.below(10)
    bytes[9] = random.below(2) << 7
  } else if (kind === 0) bytes.fill(random.pick([0, 0xff]), 0, 8)
  else if (kind === 1) bytes.fill(0, 0, 8).fill(0x80, random.pick([1, 3, 7]), 8)
  return bytes.toString('hex')
}

/** A random encoding of `row`, memory at EDI. */
function encode(row: Row, random: Random): string {
  const code = row.opcode.split(' ').flatMap((word) => {
    if (word.startsWith('/')) return [(Number(word[1]) << 3) | 7]
    const value = Number.parseInt(word, 16)
    return [word.endsWith('+i') ? value + random.below(8) : value]
  })
  return Buffer.from(code).toString('hex')
}

/** A random use of `row`: most with masked exceptions, some with unmasked or pending ones, some with empty registers. */
export function randomCase(row: Row, random: Random): Case {
  let cw = 0x37f
  if (random.below(3)) cw = 0x7f | (random.pick([0, 2, 3]) << 8) | (random.below(4) << 10)
  if (random.below(3) === 0) cw &= ~random.below(64)
  let sw = (random.below(8) << 11) | (random.below(3) ? 0 : random.next() & 0x4700)
  if (random.below(3) === 0) sw |= random.below(0x80)
  if (random.below(10)) sw &= ~(~cw & 0x3f)
  if (sw & ~cw & 0x3f) sw |= 0x8080
  return {
    op: row.mnemonic,
    code: encode(row, random),
    in: {
      r: [random.next(), 0, 0, 0, 0x50_0ff0, 0, 0, DATA],
      f: 0x202 | (random.next() & 0x8d5),
      mem: memory(row, random),
      fx: { cw, sw, tw: random.below(5) ? 0xff : random.below(256), mxcsr: 0x1f80, st: stack(random) },
    },
  }
}
