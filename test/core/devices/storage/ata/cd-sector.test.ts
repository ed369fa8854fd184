import { describe, expect, it } from 'vitest'
import { buildRawSector, fromMsf, rawParts, toMsf } from '../../../../../core/devices/storage/ata/cd-sector.ts'
import { Random } from '../../../../support/random.ts'

/** Product in GF(2^8) with the polynomial of ECMA-130 annex A. */
function multiply(a: number, b: number): number {
  let product = 0
  for (let x = a, y = b; y; y >>>= 1, x = (x << 1) ^ (x & 0x80 ? 0x11d : 0)) if (y & 1) product ^= x
  return product
}

function power(exponent: number): number {
  let value = 1
  for (let i = 0; i < exponent; i++) value = multiply(value, 2)
  return value
}

/** Both rows of the parity check matrix of annex A: all ones, and falling powers of alpha. */
function syndromes(vector: readonly number[]): [number, number] {
  let [sum, weighted] = [0, 0]
  vector.forEach((byte, i) => {
    sum ^= byte
    weighted ^= multiply(byte, power(vector.length - 1 - i))
  })
  return [sum, weighted]
}

describe('a raw sector', () => {
  const random = new Random(0xec)
  const data = Uint8Array.from({ length: 2048 }, () => random.below(256))
  const sector = buildRawSector(16, data)

  it('begins with synchronisation, its address in decimal digits, and mode 1', () => {
    expect([...sector.subarray(0, 16)]).toEqual([0, ...new Array(10).fill(255), 0, 0x00, 0x02, 0x16, 1])
    expect(Buffer.compare(sector.subarray(16, 2064), data)).toBe(0)
    expect([...buildRawSector(269_849, data).subarray(12, 15)]).toEqual([0x59, 0x59, 0x74])
  })

  it('has an error detection code that divides it (ECMA-130 14.3)', () => {
    // x^32 + x^31 + x^16 + x^15 + x^4 + x^3 + x + 1; bits of a byte from the least significant on.
    let remainder = 0
    for (const byte of sector.subarray(0, 2068)) {
      for (let bit = 0; bit < 8; bit++) {
        const top = remainder >>> 31
        remainder = (remainder << 1) | ((byte >>> bit) & 1)
        if (top) remainder ^= 0x8001_801b
      }
    }
    expect(remainder).toBe(0)
  })

  it('satisfies the parity checks of all P and Q vectors (ECMA-130 annex A)', () => {
    // Annex A numbers 16-bit words from the header on and treats their low and high bytes as separate code words.
    for (let half = 0; half < 2; half++) {
      const byteOf = (word: number) => sector[12 + 2 * word + half] ?? 0
      for (let n = 0; n < 43; n++) {
        const p = Array.from({ length: 26 }, (_, m) => byteOf(43 * m + n))
        expect(syndromes(p)).toEqual([0, 0])
      }
      for (let n = 0; n < 26; n++) {
        const q = Array.from({ length: 43 }, (_, m) => byteOf((44 * m + 43 * n) % 1118))
        expect(syndromes([...q, byteOf(1118 + n), byteOf(1144 + n)])).toEqual([0, 0])
      }
    }
  })

  it('is taken apart as READ CD asks', () => {
    expect(rawParts(0xf8).reduce((sum, [, bytes]) => sum + bytes, 0)).toBe(2352)
    expect(rawParts(0x10)).toEqual([[16, 2048]])
    expect(rawParts(0)).toEqual([])
  })

  it('converts addresses both ways', () => {
    for (const lba of [0, 1, 74, 75, 4349, 4350, 300_000]) expect(fromMsf(...toMsf(lba))).toBe(lba)
    expect(toMsf(0)).toEqual([0, 2, 0])
  })
})
