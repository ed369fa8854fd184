/**
 * The memory of one snapshot: for every page of the saved memory, the pack and the number in it. Pages of zeros have no pack.
 *
 *   0   "VITRMMAP", u32 version, u32 pages, u32 packs, u32 bytes of the table, u32 CRC-32 of what follows, u32 zero
 *   32  16 bytes for each pack: its UUID
 *       the table, compressed with zstd: u16 for each page (0: zeros, n: pack n), then u32 for each page: its number in the pack
 *       less that of the page before (modulo 2^32), so that pages stored in order become ones
 */
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { AppError } from '../../core/base/errors.ts'

const MAGIC = 'VITRMMAP'
const VERSION = 1
const HEADER_BYTES = 32
const UUID_BYTES = 16
const MAX_PAGES = 1 << 20
export const MAX_PACKS = 0xffff

export interface MemoryMap {
  /** UUIDs of the packs; the table's 1 is the first. */
  readonly packs: readonly string[]
  readonly packOf: Uint16Array
  readonly numberOf: Uint32Array
}

export function encodeMemoryMap({ packs, packOf, numberOf }: MemoryMap): Uint8Array {
  const pages = packOf.length
  const table = Buffer.alloc(pages * 6)
  let before = 0
  for (let i = 0; i < pages; i++) {
    table.writeUInt16LE(packOf[i] ?? 0, i * 2)
    const number = packOf[i] ? (numberOf[i] ?? 0) : before
    table.writeUInt32LE((number - before) >>> 0, pages * 2 + i * 4)
    before = number
  }
  const packed = zstdCompressSync(table, { params: { [constants.ZSTD_c_compressionLevel]: 3 } })
  const body = Buffer.concat([...packs.map((id) => Buffer.from(id.replaceAll('-', ''), 'hex')), packed])
  const header = Buffer.alloc(HEADER_BYTES)
  header.write(MAGIC, 'latin1')
  for (const [i, value] of [VERSION, pages, packs.length, packed.length, crc32(body)].entries())
    header.writeUInt32LE(value, 8 + i * 4)
  return Buffer.concat([header, body])
}

/** Throws `state/corrupt` or `state/newer-version`. */
export function decodeMemoryMap(file: Uint8Array): MemoryMap {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  const corrupt = (why: string, cause?: unknown) =>
    new AppError('state/corrupt', `The list of memory pages is damaged: ${why}`, { cause })
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, 8) !== MAGIC) throw corrupt('it does not begin as one')
  const word = (index: number) => bytes.readUInt32LE(8 + index * 4)
  if (word(0) > VERSION)
    throw new AppError(
      'state/newer-version',
      `The list of memory pages has version ${word(0)}; this app reads up to ${VERSION}`,
    )
  const [pages, packs, tableBytes] = [word(1), word(2), word(3)]
  const body = bytes.subarray(HEADER_BYTES)
  if (pages > MAX_PAGES || packs > MAX_PACKS || packs * UUID_BYTES + tableBytes !== body.length)
    throw corrupt('it does not fit')
  if (crc32(body) !== word(4)) throw corrupt('its checksum is wrong')
  let table: Buffer
  try {
    table = zstdDecompressSync(body.subarray(packs * UUID_BYTES), { maxOutputLength: Math.max(pages * 6, 1) })
  } catch (cause) {
    throw corrupt('it cannot be unpacked', cause)
  }
  if (table.length !== pages * 6) throw corrupt('it is too short')
  const packOf = new Uint16Array(pages)
  const numberOf = new Uint32Array(pages)
  let before = 0
  for (let i = 0; i < pages; i++) {
    packOf[i] = table.readUInt16LE(i * 2)
    if ((packOf[i] as number) > packs) throw corrupt('it names a pack that is not there')
    before = (before + table.readUInt32LE(pages * 2 + i * 4)) >>> 0
    numberOf[i] = before
  }
  return {
    packs: Array.from({ length: packs }, (_, i) => uuid(body.subarray(i * UUID_BYTES, (i + 1) * UUID_BYTES))),
    packOf,
    numberOf,
  }
}

function uuid(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
