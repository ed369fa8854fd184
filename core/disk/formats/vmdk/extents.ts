/** The parts that a VMDK image consists of: plain files, sparse files, and zeros. Positions are those within the part. */
import { AppError } from '../../../base/errors.ts'
import type { ByteStore } from '../../block-device.ts'
import { type Extent, ExtentKind, type ImageHost } from '../../disk-image.ts'
import { viewOf } from '../numbers.ts'
import { PackedCache } from '../packed-cache.ts'
import { TableCache } from '../qcow2/table-cache.ts'
import type { SparseHeader } from './sparse-header.ts'

const SECTOR_BYTES = 512
const CACHE_BYTES = 8 << 20
/** Before each packed grain: its sector number (8 bytes) and length (4 bytes). */
const MARKER_BYTES = 12

export interface VmdkExtent {
  readonly sizeBytes: number
  readonly store: ByteStore | undefined
  readonly isWritable: boolean
  map(position: number, lengthBytes: number, extent: Extent): void
  readPacked(position: number, lengthBytes: number, into: Uint8Array, offset: number): void
  write(position: number, lengthBytes: number, from: Uint8Array, offset: number): void
}

/** Zeros that nothing can be written to. */
export class ZeroExtent implements VmdkExtent {
  readonly store = undefined
  readonly isWritable = false
  readonly sizeBytes: number

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes
  }

  map(_position: number, lengthBytes: number, extent: Extent): void {
    extent.kind = ExtentKind.zero
    extent.lengthBytes = lengthBytes
  }

  readPacked(): void {}

  write(): void {
    throw new AppError('disk/read-only', 'This part of the image cannot be written')
  }
}

/** A range of a file as it is. */
export class FlatExtent implements VmdkExtent {
  readonly isWritable = true
  readonly store: ByteStore
  readonly sizeBytes: number
  readonly #offset: number

  constructor(store: ByteStore, sizeBytes: number, offset: number) {
    this.store = store
    this.sizeBytes = sizeBytes
    this.#offset = offset
  }

  map(position: number, lengthBytes: number, extent: Extent): void {
    extent.kind = ExtentKind.data
    extent.store = this.store
    extent.position = this.#offset + position
    extent.lengthBytes = lengthBytes
  }

  readPacked(): void {}

  write(position: number, lengthBytes: number, from: Uint8Array, offset: number): void {
    this.store.write(this.#offset + position, from, offset, lengthBytes)
  }
}

/** Grains that a directory of grain tables names; a new one goes to the end of the file before the tables name it. */
export class SparseExtent implements VmdkExtent {
  readonly store: ByteStore
  readonly sizeBytes: number
  readonly isWritable: boolean
  readonly #header: SparseHeader
  readonly #path: string
  readonly #directory: DataView
  readonly #secondDirectory: DataView | undefined
  readonly #tables: TableCache
  readonly #packed: PackedCache
  /** Where the next grain goes. */
  #end: number

  constructor(store: ByteStore, host: ImageHost, header: SparseHeader, path: string) {
    this.store = store
    this.#header = header
    this.#path = path
    this.sizeBytes = header.capacitySectors * SECTOR_BYTES
    this.isWritable = !header.compressed && header.version < 3
    this.#directory = this.#readDirectory(header.directoryOffset)
    this.#secondDirectory = header.secondDirectoryOffset ? this.#readDirectory(header.secondDirectoryOffset) : undefined
    this.#tables = new TableCache(store, header.tableEntries * 4, CACHE_BYTES, () => {})
    const pieces = { method: 'zlib', pieceBytes: header.grainBytes, mayBeShort: true } as const
    this.#packed = new PackedCache(store, host, pieces, path)
    this.#end = Math.ceil(store.sizeBytes / header.grainBytes) * header.grainBytes
  }

  #readDirectory(offset: number): DataView {
    const bytes = new Uint8Array(this.#header.directoryEntries * 4)
    this.store.read(offset, bytes)
    return viewOf(bytes)
  }

  /** The sector of a grain; 0 for none, 1 for zeros. */
  #entry(grain: number): number {
    const { tableEntries } = this.#header
    const table = Math.floor(grain / tableEntries)
    const sector = this.#directory.getUint32(table * 4, true)
    if (sector === 0) return 0
    if (sector * SECTOR_BYTES >= this.store.sizeBytes) throw this.#corrupt('a grain table is past its end', sector)
    return this.#tables.slice(sector * SECTOR_BYTES).view.getUint32((grain - table * tableEntries) * 4, true)
  }

  #isMissing(entry: number): boolean {
    return entry === 0 || (entry === 1 && this.#header.zeroGrains)
  }

  map(position: number, lengthBytes: number, extent: Extent): void {
    const { grainBytes, compressed } = this.#header
    let grain = Math.floor(position / grainBytes)
    const within = position - grain * grainBytes
    const entry = this.#entry(grain)
    let length = grainBytes - within
    extent.store = this.store
    if (this.#isMissing(entry)) {
      extent.kind = ExtentKind.zero
      for (; length < lengthBytes && this.#isMissing(this.#entry(++grain)); ) length += grainBytes
    } else if (compressed) extent.kind = ExtentKind.packed
    else {
      extent.kind = ExtentKind.data
      extent.position = entry * SECTOR_BYTES + within
      const step = grainBytes / SECTOR_BYTES
      for (let next = entry + step; length < lengthBytes && this.#entry(++grain) === next; next += step)
        length += grainBytes
    }
    extent.lengthBytes = Math.min(length, lengthBytes)
  }

  readPacked(position: number, lengthBytes: number, into: Uint8Array, offset: number): void {
    const { grainBytes } = this.#header
    const grain = Math.floor(position / grainBytes)
    const start = this.#entry(grain) * SECTOR_BYTES
    const marker = new Uint8Array(MARKER_BYTES)
    this.store.read(start, marker)
    const packedBytes = viewOf(marker).getUint32(8, true)
    if (packedBytes === 0 || packedBytes > 2 * grainBytes + SECTOR_BYTES)
      throw new AppError('disk/corrupt-image', `${this.#path} is damaged: the length of a grain`, {
        context: { path: this.#path, offset: start },
      })
    const bytes = this.#packed.read(start + MARKER_BYTES, packedBytes)
    const within = position - grain * grainBytes
    into.set(bytes.subarray(within, within + lengthBytes), offset)
  }

  write(position: number, lengthBytes: number, from: Uint8Array, offset: number): void {
    const { grainBytes } = this.#header
    while (lengthBytes > 0) {
      const grain = Math.floor(position / grainBytes)
      const within = position - grain * grainBytes
      const entry = this.#entry(grain)
      let length = Math.min(lengthBytes, grainBytes - within)
      if (this.#isMissing(entry)) this.#allocate(grain, within, length, from, offset)
      else if (entry * SECTOR_BYTES >= this.store.sizeBytes) throw this.#corrupt('a grain is past its end', entry)
      else {
        length = this.#writableRun(grain, entry, length, lengthBytes)
        this.store.write(entry * SECTOR_BYTES + within, from, offset, length)
      }
      position += length
      offset += length
      lengthBytes -= length
    }
  }

  /** `length` bytes of the first grain, and those of further grains that follow it in the file. */
  #writableRun(grain: number, entry: number, length: number, lengthBytes: number): number {
    const { grainBytes } = this.#header
    const step = grainBytes / SECTOR_BYTES
    let run = length
    for (let next = entry + step; run < lengthBytes && this.#entry(++grain) === next; next += step) run += grainBytes
    return Math.min(run, lengthBytes)
  }

  #allocate(grain: number, within: number, length: number, from: Uint8Array, offset: number): void {
    const { grainBytes, tableEntries } = this.#header
    const table = Math.floor(grain / tableEntries)
    this.#ensureTable(table)
    const start = this.#end
    this.#checkRoom(start + grainBytes)
    // What an allocation that failed has left there.
    const left = Math.min(this.store.sizeBytes - start, grainBytes)
    if (left > 0) this.store.write(start, new Uint8Array(left))
    this.store.write(start + within, from, offset, length)
    if (this.store.sizeBytes < start + grainBytes) this.store.truncate(start + grainBytes)
    const entry = new Uint8Array(4)
    viewOf(entry).setUint32(0, start / SECTOR_BYTES, true)
    const at = (grain - table * tableEntries) * 4
    const second = this.#secondDirectory?.getUint32(table * 4, true) ?? 0
    if (second !== 0) this.store.write(second * SECTOR_BYTES + at, entry)
    const position = this.#directory.getUint32(table * 4, true) * SECTOR_BYTES
    this.store.write(position + at, entry)
    this.#tables.slice(position).bytes.set(entry, at)
    this.#end = start + grainBytes
  }

  /** A grain table, twice where there are two directories. Most programs make all of them with the image. */
  #ensureTable(table: number): void {
    if (this.#directory.getUint32(table * 4, true) !== 0) return
    const { directoryOffset, secondDirectoryOffset, tableEntries, grainBytes } = this.#header
    const bytes = new Uint8Array(Math.ceil((tableEntries * 4) / SECTOR_BYTES) * SECTOR_BYTES)
    const start = this.#end
    const end = start + Math.ceil((2 * bytes.length) / grainBytes) * grainBytes
    this.#checkRoom(end)
    this.store.write(start, bytes)
    this.store.write(start + bytes.length, bytes)
    const entry = new Uint8Array(4)
    const view = viewOf(entry)
    if (this.#secondDirectory) {
      view.setUint32(0, (start + bytes.length) / SECTOR_BYTES, true)
      this.store.write(secondDirectoryOffset + table * 4, entry)
      this.#secondDirectory.setUint32(table * 4, view.getUint32(0, true), true)
    }
    view.setUint32(0, start / SECTOR_BYTES, true)
    this.store.write(directoryOffset + table * 4, entry)
    this.#directory.setUint32(table * 4, view.getUint32(0, true), true)
    this.#end = end
  }

  #corrupt(what: string, sector: number): AppError {
    return new AppError('disk/corrupt-image', `${this.#path} is damaged: ${what}`, {
      context: { path: this.#path, offset: sector * SECTOR_BYTES },
    })
  }

  /** Places are 32-bit sector numbers. */
  #checkRoom(end: number): void {
    if (end / SECTOR_BYTES <= 0xffff_ffff) return
    throw new AppError('disk/too-large', `${this.#path} cannot grow beyond 2 TiB`, { context: { path: this.#path } })
  }
}
