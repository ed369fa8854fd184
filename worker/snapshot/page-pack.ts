/**
 * Packs: pages of guest memory that a snapshot has stored, compressed in chunks. A pack is written once and never changed; the
 * snapshots after it refer to its pages by number. Whole once its trailer is there.
 *
 *   0       "VITRPAGE", u32 version, u32 zero
 *   16      chunks: up to 64 pages each, compressed with zstd
 *   index   for each chunk: u64 position, u32 bytes, u32 pages, u32 CRC-32 of the bytes, u32 zero
 *           then 16 bytes for each page: the beginning of its SHA-256
 *   -32     u64 position of the index, u32 chunks, u32 pages, u32 CRC-32 of the index, u32 zero, "VITRPEND"
 */
import { hash as digest } from 'node:crypto'
import { promisify } from 'node:util'
import { constants, crc32, zstdCompressSync, zstdDecompress } from 'node:zlib'
import { AppError } from '../../core/base/errors.ts'
import type { ByteStore } from '../../core/disk/block-device.ts'
import { openFileByteStore } from '../files/file-byte-store.ts'

export const PAGE_BYTES = 4096
/** Pages that are compressed together. */
export const CHUNK_PAGES = 64
const MAGIC = 'VITRPAGE'
const END_MAGIC = 'VITRPEND'
const VERSION = 1
const HEADER_BYTES = 16
const CHUNK_ENTRY_BYTES = 24
const HASH_BYTES = 16
const TRAILER_BYTES = 32
/** Pages of 3 GiB of RAM with 64 MiB of video memory and the ROM area, and some. */
const MAX_PAGES = 1 << 20

const decompress = promisify(zstdDecompress)

/** What says that two pages are equal: 128 bits of their SHA-256, one character a byte. */
export function pageHash(page: Uint8Array): string {
  return digest('sha256', page, 'binary').slice(0, HASH_BYTES)
}

/** Writes one pack. */
export class PackWriter {
  readonly #store: ByteStore
  readonly #chunk = new Uint8Array(CHUNK_PAGES * PAGE_BYTES)
  readonly #entries: { position: number; bytes: number; pages: number; crc: number }[] = []
  readonly #hashes: string[] = []
  #inChunk = 0
  #position = HEADER_BYTES

  constructor(store: ByteStore) {
    this.#store = store
    const header = Buffer.alloc(HEADER_BYTES)
    header.write(MAGIC, 'latin1')
    header.writeUInt32LE(VERSION, 8)
    store.write(0, header)
  }

  /** Pages so far. */
  get pages(): number {
    return this.#hashes.length
  }

  /** Adds a page, whose hash is `hash`; returns its number in the pack. */
  add(page: Uint8Array, hash: string): number {
    this.#chunk.set(page, this.#inChunk * PAGE_BYTES)
    this.#inChunk++
    const number = this.#hashes.push(hash) - 1
    if (this.#inChunk === CHUNK_PAGES) this.#writeChunk()
    return number
  }

  #writeChunk(): void {
    const bytes = zstdCompressSync(this.#chunk.subarray(0, this.#inChunk * PAGE_BYTES), {
      params: { [constants.ZSTD_c_compressionLevel]: 1 },
    })
    this.#store.write(this.#position, bytes)
    this.#entries.push({ position: this.#position, bytes: bytes.length, pages: this.#inChunk, crc: crc32(bytes) })
    this.#position += bytes.length
    this.#inChunk = 0
  }

  /** Writes what is left and makes the pack durable. Returns its size in bytes. */
  finish(): number {
    if (this.#inChunk > 0) this.#writeChunk()
    const index = Buffer.alloc(this.#entries.length * CHUNK_ENTRY_BYTES + this.#hashes.length * HASH_BYTES)
    for (const [i, { position, bytes, pages, crc }] of this.#entries.entries()) {
      const at = i * CHUNK_ENTRY_BYTES
      index.writeBigUInt64LE(BigInt(position), at)
      index.writeUInt32LE(bytes, at + 8)
      index.writeUInt32LE(pages, at + 12)
      index.writeUInt32LE(crc, at + 16)
    }
    const hashesAt = this.#entries.length * CHUNK_ENTRY_BYTES
    for (const [i, hash] of this.#hashes.entries()) index.write(hash, hashesAt + i * HASH_BYTES, 'latin1')
    const trailer = Buffer.alloc(TRAILER_BYTES)
    trailer.writeBigUInt64LE(BigInt(this.#position), 0)
    trailer.writeUInt32LE(this.#entries.length, 8)
    trailer.writeUInt32LE(this.#hashes.length, 12)
    trailer.writeUInt32LE(crc32(index), 16)
    trailer.write(END_MAGIC, 24, 'latin1')
    this.#store.write(this.#position, Buffer.concat([index, trailer]))
    this.#store.flush()
    return this.#position + index.length + TRAILER_BYTES
  }
}

interface Chunk {
  readonly position: number
  readonly bytes: number
  readonly crc: number
  readonly pages: number
}

/** Reads one pack. Everything is checked before it is believed. */
export class PackReader {
  readonly #store: ByteStore
  readonly #name: string
  readonly #chunks: Chunk[] = []
  readonly #hashes: Buffer
  readonly pages: number

  /** `name` is how errors call it. Throws `state/corrupt` or `state/newer-version`. */
  constructor(store: ByteStore, name: string) {
    this.#store = store
    this.#name = name
    const { sizeBytes } = store
    if (sizeBytes < HEADER_BYTES + TRAILER_BYTES) throw this.#corrupt('it is too short')
    const header = this.#read(0, HEADER_BYTES)
    if (header.toString('latin1', 0, 8) !== MAGIC) throw this.#corrupt('it does not begin as one')
    const version = header.readUInt32LE(8)
    if (version > VERSION)
      throw new AppError('state/newer-version', `${name} has version ${version}; this app reads up to ${VERSION}`, {
        context: { version, supported: VERSION },
      })
    const trailer = this.#read(sizeBytes - TRAILER_BYTES, TRAILER_BYTES)
    if (trailer.toString('latin1', 24) !== END_MAGIC) throw this.#corrupt('its end is missing')
    const indexAt = Number(trailer.readBigUInt64LE(0))
    const chunks = trailer.readUInt32LE(8)
    this.pages = trailer.readUInt32LE(12)
    const indexBytes = chunks * CHUNK_ENTRY_BYTES + this.pages * HASH_BYTES
    if (this.pages > MAX_PAGES || chunks > MAX_PAGES || indexAt + indexBytes + TRAILER_BYTES !== sizeBytes)
      throw this.#corrupt('its index does not fit')
    const index = this.#read(indexAt, indexBytes)
    if (crc32(index) !== trailer.readUInt32LE(16)) throw this.#corrupt('the checksum of its index is wrong')
    this.#readChunks(index, chunks, indexAt)
    this.#hashes = index.subarray(chunks * CHUNK_ENTRY_BYTES)
  }

  #readChunks(index: Buffer, count: number, indexAt: number): void {
    let pages = 0
    for (let i = 0; i < count; i++) {
      const at = i * CHUNK_ENTRY_BYTES
      const chunk = {
        position: Number(index.readBigUInt64LE(at)),
        bytes: index.readUInt32LE(at + 8),
        pages: index.readUInt32LE(at + 12),
        crc: index.readUInt32LE(at + 16),
      }
      // All chunks but the last are full, so that a page's number says where it is.
      const last = i === count - 1
      if (chunk.pages > CHUNK_PAGES || chunk.pages === 0 || (!last && chunk.pages !== CHUNK_PAGES))
        throw this.#corrupt('a chunk has a wrong number of pages')
      if (chunk.position + chunk.bytes > indexAt) throw this.#corrupt('a chunk lies outside')
      pages += chunk.pages
      this.#chunks.push(chunk)
    }
    if (pages !== this.pages) throw this.#corrupt('its chunks do not hold its pages')
  }

  #corrupt(why: string): AppError {
    return new AppError('state/corrupt', `${this.#name} is damaged: ${why}`, { context: { file: this.#name } })
  }

  #read(position: number, bytes: number): Buffer {
    const into = Buffer.alloc(bytes)
    this.#store.read(position, into)
    return into
  }

  /** The hash of page `number`. */
  hash(number: number): string {
    return this.#hashes.toString('latin1', number * HASH_BYTES, (number + 1) * HASH_BYTES)
  }

  /** The content of a chunk, read now and unpacked on another thread. Rejects with `state/corrupt` or `disk/io`. */
  async unpack(number: number): Promise<Uint8Array> {
    const chunk = this.#chunks[number]
    if (!chunk) throw this.#corrupt(`there is no chunk ${number}`)
    const { position, bytes, crc, pages } = chunk
    const packed = this.#read(position, bytes)
    if (crc32(packed) !== crc) throw this.#corrupt('the checksum of a chunk is wrong')
    const length = pages * PAGE_BYTES
    let unpacked: Uint8Array
    try {
      // In one piece: by default it comes 16 KiB at a time.
      unpacked = await decompress(packed, { maxOutputLength: length, chunkSize: length })
    } catch (cause) {
      throw new AppError('state/corrupt', `${this.#name} is damaged: a chunk cannot be unpacked`, { cause })
    }
    if (unpacked.length !== length) throw this.#corrupt('a chunk is too short')
    return unpacked
  }

  /** Page `number` of a chunk that has been unpacked. */
  pageOf(chunk: Uint8Array, number: number): Uint8Array {
    const at = number * PAGE_BYTES
    if (at >= chunk.length) throw this.#corrupt(`a chunk has no page ${number}`)
    return chunk.subarray(at, at + PAGE_BYTES)
  }

  close(): void {
    this.#store.close()
  }
}

/** The pack in the file at `path`. Throws `disk/not-found`, `disk/io`, `state/corrupt` or `state/newer-version`. */
export function openPack(path: string): PackReader {
  const store = openFileByteStore(path, true)
  try {
    return new PackReader(store, path)
  } catch (error) {
    store.close()
    throw error
  }
}
