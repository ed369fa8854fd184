/** Random MMX and SSE instructions with operands where things happen: near limits, NaNs, denormals, exact and inexact results. */
import type { Row } from '../../../../core/cpu/isa/row.ts'
import type { Case } from '../../../support/host-processor.ts'
import type { Random } from '../../../support/random.ts'

const DATA = 0x50_0100
const hex = (bytes: Iterable<number>): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
const little = (value: bigint, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(i * 8)) & 0xffn))

const wide = (random: Random): bigint => (BigInt(random.next()) << 32n) | BigInt(random.next())

/** An encoding of a number with `exponent` and `fraction` bits. */
function encoding(random: Random, exponent: number, fraction: number): bigint {
  const maximum = (1n << BigInt(exponent)) - 1n
  const bias = maximum >> 1n
  const ones = (1n << BigInt(fraction)) - 1n
  const sign = BigInt(random.below(2)) << BigInt(exponent + fraction)
  const few = (BigInt(random.below(8)) << BigInt(fraction - 3)) | (random.below(4) ? 0n : BigInt(random.below(4)))
  const fractions = [0n, few, few, ones, ones - 1n, 1n, wide(random) & ones, wide(random) & ones]
  const near = (center: bigint, spread: number) => {
    const field = center + BigInt(random.below(2 * spread + 1) - spread)
    return field < 0n ? 0n : field > maximum ? maximum : field
  }
  const half = bias / 2n
  const exponents = [
    0n,
    0n,
    maximum,
    near(0n, 3),
    near(maximum, 3),
    near(bias, 2),
    near(bias, 2),
    near(bias, 30),
    near(bias + 31n, 2),
    near(bias + half, 2),
    near(bias - half, 2),
    wide(random) & maximum,
  ]
  return sign | (random.pick(exponents) << BigInt(fraction)) | (random.pick(fractions) & ones)
}

/** 16 bytes of singles, doubles, integers near limits, or anything. */
function operand(random: Random): number[] {
  const kind = random.below(5)
  if (kind <= 1) return Array.from({ length: 4 }, () => little(encoding(random, 8, 23), 4)).flat()
  if (kind <= 3) return Array.from({ length: 2 }, () => little(encoding(random, 11, 52), 8)).flat()
  const bytes = [0x00, 0x01, 0x7f, 0x80, 0xff]
  return Array.from({ length: 16 }, () => (random.below(2) ? random.pick(bytes) : random.below(256)))
}

/** MXCSR with any rounding mode, flush modes, flags and, one time in three, unmasked exceptions. */
function control(random: Random): number {
  const plain = random.below(4) === 0
  if (plain) return 0x1f80 | (random.below(2) ? 0x20 : 0)
  const masks = random.below(3) ? 0x1f80 : random.next() & 0x1f80
  const modes = random.below(2) ? 0x6000 : 0xe040
  return masks | (random.next() & modes) | (random.below(2) ? random.next() & 0x3f : 0)
}

/** A random encoding of `row`: registers that the host program gives it, or memory at EDI. */
function encode(row: Row, random: Random): string {
  const words = row.opcode.split(' ').filter((word) => word !== 'NP')
  const code: number[] = []
  const source = row.operands.find((o) => /^(rmm|rxmm|mm\/|xmm\/|r\/m|r32\/|m\d|mv|r\/mv)/.test(o))
  const memoryOnly = source !== undefined && /^m\d|^mv/.test(source)
  const registerOnly = source !== undefined && /^(rmm|rxmm)/.test(source)
  const general = [0, 1, 2, 3, 6]
  const vectorReg = row.operands.some((o) => o === 'xmm' || o === 'mm')
  const reg = vectorReg ? random.below(8) : random.pick(general)
  const rm = source !== undefined && /^(rmm|rxmm|mm\/|xmm\/)/.test(source) ? random.below(8) : random.pick(general)
  const memory = memoryOnly || (!registerOnly && random.below(4) === 0)
  const modrm = (middle: number): number[] => {
    if (!memory) return [0xc0 | (middle << 3) | rm]
    // An odd displacement one time in ten: operands of 128 bits must be aligned.
    return [0x40 | (middle << 3) | 7, random.below(10) ? random.below(8) * 16 : random.below(100)]
  }
  for (const word of words) {
    if (word === '/r') code.push(...modrm(reg))
    else if (word.startsWith('/')) code.push(...modrm(Number(word[1])))
    else if (word === 'ib') code.push(random.below(3) ? random.below(256) : random.below(16))
    else code.push(Number.parseInt(word, 16))
  }
  if (row.operands.some((o) => o.endsWith('v')) && random.below(2)) code.unshift(0x66)
  return hex(code)
}

/** A random use of `row`. */
export function randomCase(row: Row, random: Random): Case {
  const lengths = [0, 1, 7, 8, 9, 15, 16, 17, 0xffff_ffff, 0x8000_0000]
  const mem = Array.from({ length: 16 }, () => operand(random)).flat()
  const general = () => (random.below(2) ? random.pick(lengths) : random.next())
  // CVTPI2PS from memory makes TOP 0 and the registers valid on Intel's processors, not on AMD's: here they are so already.
  const [sw, tw] = row.mnemonic === 'CVTPI2PS' ? [0, 0xff] : [random.below(8) << 11, random.below(256)]
  return {
    op: row.mnemonic,
    code: encode(row, random),
    in: {
      r: [general(), general(), general(), general(), 0x50_0ff0, 0, general(), DATA],
      f: 0x202 | (random.next() & 0x8d5),
      mem: hex(mem),
      fx: {
        cw: 0x37f,
        sw,
        tw,
        mxcsr: control(random),
        st: Array.from({ length: 8 }, () => hex(operand(random).slice(0, 10))),
        xmm: Array.from({ length: 8 }, () => hex(operand(random))),
      },
    },
  }
}
