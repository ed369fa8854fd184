/**
 * A sparse part of a VMDK image: grains that a directory of grain tables names. New grains go to the end of the file, and the
 * tables that name them are held back for some of them: the second one is written first. Meanwhile the header says that the
 * file is being written; the next one who writes it gives back what no table names.
 */
import { AppError } from '../../../base/errors.ts'
import type { ByteStore } from '../../block-device.ts'
import { type Extent, ExtentKind, type ImageHost } from '../../disk-image.ts'
import { viewOf } from '../numbers.ts'
import { PackedCache } from '../packed-cache.ts'
import { type Slice, TableCache } from '../qcow2/table-cache.ts'
import type { VmdkExtent } from './extents.ts'
import { type SparseHeader, UNCLEAN_OFFSET } from './sparse-header.ts'

const SECTOR_BYTES = 512
const CACHE_BYTES = 8 << 20
/** Before each packed grain: its sector number (8 bytes) and length (4 bytes). */
const MARKER_BYTES = 12
/** Tables are written at the latest after this many new grains. */
const MAX_PENDING_GRAINS = 256
/** The file grows in steps, which are holes until they are written. */
const GROWTH_BYTES = 4 << 20

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
  /** Places of second tables by those of the first ones that are held back. */
  readonly #seconds = new Map<number, number>()
  /** Where the next grain goes. */
  #end: number
  /** From here on the file has nothing but zeros, as far as it goes. */
  #blankFrom: number
  #pending = 0
  #isMarked = false

  constructor(store: ByteStore, host: ImageHost, header: SparseHeader, path: string) {
    this.store = store
    this.#header = header
    this.#path = path
    this.sizeBytes = header.capacitySectors * SECTOR_BYTES
    this.isWritable = !header.compressed && header.version < 3
    this.#directory = this.#readDirectory(header.directoryOffset)
    this.#secondDirectory = header.secondDirectoryOffset ? this.#readDirectory(header.secondDirectoryOffset) : undefined
    this.#tables = new TableCache(store, header.tableEntries * 4, CACHE_BYTES, () => this.settle())
    const pieces = { method: 'zlib', pieceBytes: header.grainBytes, mayBeShort: true } as const
    this.#packed = new PackedCache(store, host, pieces, path)
    this.#end = Math.ceil(store.sizeBytes / header.grainBytes) * header.grainBytes
    this.#blankFrom = store.sizeBytes
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
    this.#mark()
    while (lengthBytes > 0) {
      const grain = Math.floor(position / grainBytes)
      const within = position - grain * grainBytes
      const entry = this.#entry(grain)
      let length = Math.min(lengthBytes, grainBytes - within)
      if (this.#isMissing(entry)) length = this.#allocate(grain, within, lengthBytes, from, offset)
      else if (entry * SECTOR_BYTES >= this.store.sizeBytes) throw this.#corrupt('a grain is past its end', entry)
      else {
        length = this.#writableRun(grain, entry, length, lengthBytes)
        this.store.write(entry * SECTOR_BYTES + within, from, offset, length)
      }
      position += length
      offset += length
      lengthBytes -= length
    }
    if (this.#pending >= MAX_PENDING_GRAINS) this.settle()
  }

  /** `length` bytes of the first grain, and those of further grains that follow it in the file. */
  #writableRun(grain: number, entry: number, length: number, lengthBytes: number): number {
    const { grainBytes } = this.#header
    const step = grainBytes / SECTOR_BYTES
    let run = length
    for (let next = entry + step; run < lengthBytes && this.#entry(++grain) === next; next += step) run += grainBytes
    return Math.min(run, lengthBytes)
  }

  /** Writes into new grains, as many in a row as there are none. Returns how many bytes of the request that were. */
  #allocate(first: number, within: number, lengthBytes: number, from: Uint8Array, offset: number): number {
    const { grainBytes, tableEntries } = this.#header
    const table = Math.floor(first / tableEntries)
    this.#ensureTable(table)
    const second = this.#secondTable(table)
    const entry = first - table * tableEntries
    const wanted = Math.min(Math.ceil((within + lengthBytes) / grainBytes), tableEntries - entry)
    let count = 1
    while (count < wanted && this.#isMissing(this.#entry(first + count))) count++
    const length = Math.min(lengthBytes, count * grainBytes - within)
    const start = this.#end
    const end = start + count * grainBytes
    this.#checkRoom(end)
    if (start < this.#blankFrom) this.#clear(start, Math.min(end, this.#blankFrom))
    if (end > this.store.sizeBytes) this.store.truncate(end + GROWTH_BYTES)
    // Should this write fail, some of it may be there.
    this.#blankFrom = Math.max(this.#blankFrom, end)
    this.store.write(start + within, from, offset, length)
    const slice = this.#tables.slice(this.#directory.getUint32(table * 4, true) * SECTOR_BYTES)
    for (let i = 0; i < count; i++) slice.view.setUint32((entry + i) * 4, (start + i * grainBytes) / SECTOR_BYTES, true)
    this.#tables.touch(slice, entry * 4, (entry + count) * 4)
    if (second !== 0) this.#seconds.set(slice.position, second)
    this.#end = end
    this.#pending += count
    return length
  }

  #clear(start: number, end: number): void {
    this.store.write(start, new Uint8Array(end - start))
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

  /** Where the second copy of a table is in the file; 0 without one. */
  #secondTable(table: number): number {
    const sector = this.#secondDirectory?.getUint32(table * 4, true) ?? 0
    if (sector * SECTOR_BYTES + this.#header.tableEntries * 4 > this.store.sizeBytes)
      throw this.#corrupt('a second grain table is past its end', sector)
    return sector * SECTOR_BYTES
  }

  /** Says in the file that it is being written, before the first change; what was left by a write cut short is given back. */
  #mark(): void {
    if (this.#isMarked) return
    if (this.#header.isUnclean) this.#giveBack()
    this.store.write(UNCLEAN_OFFSET, Uint8Array.of(1))
    this.#isMarked = true
  }

  /** Grains behind the last one that a table names go, and the second tables become what the first ones are. */
  #giveBack(): void {
    const { tableEntries, grainBytes, directoryEntries, directoryOffset, secondDirectoryOffset } = this.#header
    let end = Math.max(directoryOffset, secondDirectoryOffset) + directoryEntries * 4
    for (let table = 0; table < directoryEntries; table++) {
      const sector = this.#directory.getUint32(table * 4, true)
      const second = this.#secondTable(table)
      if (sector === 0) continue
      if (sector * SECTOR_BYTES >= this.store.sizeBytes) throw this.#corrupt('a grain table is past its end', sector)
      const { view, bytes } = this.#tables.slice(sector * SECTOR_BYTES)
      end = Math.max(end, sector * SECTOR_BYTES + bytes.length, second + bytes.length)
      for (let i = 0; i < tableEntries; i++) {
        const entry = view.getUint32(i * 4, true)
        if (!this.#isMissing(entry)) end = Math.max(end, entry * SECTOR_BYTES + grainBytes)
      }
      if (second !== 0) this.store.write(second, bytes)
    }
    this.#end = Math.min(this.#end, Math.ceil(end / grainBytes) * grainBytes)
  }

  settle(): void {
    this.#pending = 0
    if (!this.#tables.hasChanges) return
    this.#tables.writeBack((slice) => this.#writeSecond(slice))
  }

  #writeSecond({ position, bytes, dirtyFrom, dirtyTo }: Slice): void {
    const second = this.#seconds.get(position)
    if (second === undefined) return
    this.store.write(second + dirtyFrom, bytes, dirtyFrom, dirtyTo - dirtyFrom)
    this.#seconds.delete(position)
  }

  finish(): void {
    if (!this.#isMarked) return
    this.settle()
    if (this.store.sizeBytes > this.#end) this.store.truncate(this.#end)
    this.store.flush()
    this.store.write(UNCLEAN_OFFSET, Uint8Array.of(0))
    this.#isMarked = false
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
