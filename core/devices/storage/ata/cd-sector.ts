/**
 * A whole CD sector of 2352 bytes around 2048 bytes of user data: synchronisation, header, error detection and correction.
 * Source: ECMA-130, 14 (sectors) and annex A (error correction).
 */

const RAW_SECTOR_BYTES = 2352
const DATA_BYTES = 2048
const HEADER = 12
const DATA = 16
const EDC = 2064
const P_PARITY = 2076
const Q_PARITY = 2248
/** Addresses on a disc begin with two seconds of lead-in. */
const LEAD_IN_FRAMES = 150

/** x^32 + x^31 + x^16 + x^15 + x^4 + x^3 + x + 1, bits reversed. */
const EDC_POLYNOMIAL = 0xd801_8001
/** x^8 + x^4 + x^3 + x^2 + 1. */
const FIELD_POLYNOMIAL = 0x11d

const edcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? EDC_POLYNOMIAL : 0)
  return value
})
/** Twice a field element, and the inverse of a ↦ 3a. */
const doubled = Uint8Array.from({ length: 256 }, (_, a) => (a << 1) ^ (a & 0x80 ? FIELD_POLYNOMIAL : 0))
const third = new Uint8Array(256)
for (let a = 0; a < 256; a++) third[a ^ doubled[a]] = a

/** Minute, second and frame of a sector, as numbers. */
export function toMsf(lba: number): readonly [minute: number, second: number, frame: number] {
  const frames = lba + LEAD_IN_FRAMES
  return [Math.floor(frames / 4500), Math.floor(frames / 75) % 60, frames % 75]
}

/** The sector at an address in minutes, seconds and frames. */
export function fromMsf(minute: number, second: number, frame: number): number {
  return (minute * 60 + second) * 75 + frame - LEAD_IN_FRAMES
}

function toBcd(value: number): number {
  return ((Math.floor(value / 10) % 10) << 4) | (value % 10)
}

/** Parity bytes over `major` columns of `minor` bytes each (annex A, RSPC). `source` begins with the header. */
function putParity(
  sector: Uint8Array,
  to: number,
  major: number,
  minor: number,
  majorStep: number,
  minorStep: number,
): void {
  const size = major * minor
  for (let column = 0; column < major; column++) {
    let index = (column >>> 1) * majorStep + (column & 1)
    let [a, b] = [0, 0]
    for (let row = 0; row < minor; row++) {
      const byte = sector[HEADER + index]
      index += minorStep
      if (index >= size) index -= size
      a = doubled[a ^ byte]
      b ^= byte
    }
    a = third[doubled[a] ^ b]
    sector[to + column] = a
    sector[to + major + column] = a ^ b
  }
}

/** Builds the whole sector of mode 1 at `lba` from its user data. */
export function buildRawSector(lba: number, data: Uint8Array): Uint8Array {
  const sector = new Uint8Array(RAW_SECTOR_BYTES)
  sector.fill(0xff, 1, HEADER - 1)
  sector.set(toMsf(lba).map(toBcd), HEADER)
  sector[HEADER + 3] = 1
  sector.set(data.subarray(0, DATA_BYTES), DATA)
  let edc = 0
  for (let i = 0; i < EDC; i++) edc = edcTable[(edc ^ sector[i]) & 0xff] ^ (edc >>> 8)
  new DataView(sector.buffer).setUint32(EDC, edc, true)
  putParity(sector, P_PARITY, 86, 24, 2, 86)
  putParity(sector, Q_PARITY, 52, 43, 86, 88)
  return sector
}

/** Which parts of a sector READ CD returns (MMC-3 6.1.15), as start and length, for the bits of byte 9 of the command. */
export function rawParts(flags: number): readonly (readonly [start: number, bytes: number])[] {
  const parts: (readonly [number, number])[] = []
  if (flags & 0x80) parts.push([0, HEADER])
  if (flags & 0x20) parts.push([HEADER, 4])
  if (flags & 0x10) parts.push([DATA, DATA_BYTES])
  if (flags & 0x08) parts.push([EDC, RAW_SECTOR_BYTES - EDC])
  return parts
}
