/**
 * How often each cluster of a qcow2 file is used, and finding free ones. Source: the qcow2 specification, "Host cluster
 * management": a table of offsets of refcount blocks, each one cluster of entries of 1 to 64 bits.
 */
import { AppError } from '../../../base/errors.ts'
import type { ByteStore } from '../../block-device.ts'
import { readU64, viewOf, writeU64 } from '../numbers.ts'
import { Field, MAX_REFCOUNT_TABLE_BYTES } from './header.ts'
import { TableCache } from './table-cache.ts'

const SLICE_BYTES = 4096
const CACHE_BYTES = 4 << 20

export interface RefcountPlace {
  readonly clusterBits: number
  readonly order: number
  readonly tableOffset: number
  readonly tableClusters: number
  /** Whether blocks at impossible places count as missing (`badBlocks`), instead of making the image unusable. */
  readonly lenient?: boolean
}

export class Refcounts {
  readonly clusterBytes: number
  readonly #store: ByteStore
  readonly #order: number
  readonly #perBlock: number
  readonly #perSlice: number
  readonly #max: number
  readonly #cache: TableCache
  readonly #path: string
  /** Offsets of refcount blocks, 0 where there is none. */
  #table: Float64Array
  #tableOffset: number
  #tableClusters: number
  /** No cluster before this one is free. */
  #firstFree = 0
  readonly badBlocks: number[] = []
  /** What `allocate` found. */
  found = 0

  constructor(store: ByteStore, place: RefcountPlace, path: string) {
    this.#store = store
    this.#path = path
    this.clusterBytes = 2 ** place.clusterBits
    this.#order = place.order
    this.#max = place.order >= 5 ? 0xffff_ffff : 2 ** (1 << place.order) - 1
    this.#perBlock = (this.clusterBytes * 8) / 2 ** place.order
    const sliceBytes = Math.min(this.clusterBytes, SLICE_BYTES)
    this.#perSlice = (sliceBytes * 8) / 2 ** place.order
    this.#cache = new TableCache(store, sliceBytes, CACHE_BYTES, () => this.writeBack())
    this.#tableOffset = place.tableOffset
    this.#tableClusters = place.tableClusters
    const bytes = new Uint8Array(place.tableClusters * this.clusterBytes)
    store.read(place.tableOffset, bytes)
    const view = viewOf(bytes)
    this.#table = Float64Array.from({ length: bytes.length / 8 }, (_, i) => readU64(view, i * 8))
    for (const [block, offset] of this.#table.entries()) {
      if (offset % this.clusterBytes === 0 && offset < Math.max(store.sizeBytes, 1)) continue
      if (!place.lenient) throw this.#corrupt(`refcount block ${block} is at no cluster`, place.tableOffset + block * 8)
      this.badBlocks.push(block)
      this.#table[block] = 0
    }
  }

  /** Offsets of refcount blocks. */
  get blocks(): Readonly<Float64Array> {
    return this.#table
  }

  get tableOffset(): number {
    return this.#tableOffset
  }

  get tableClusters(): number {
    return this.#tableClusters
  }

  /** The highest count that an entry holds (of 64-bit entries only the lower half is used). */
  get max(): number {
    return this.#max
  }

  get entriesPerBlock(): number {
    return this.#perBlock
  }

  /** Whether there is a block for cluster `index`, so that its count can be set. */
  has(index: number): boolean {
    return this.#isReady(index)
  }

  /** How often cluster `index` is used. */
  get(index: number): number {
    const block = Math.floor(index / this.#perBlock)
    const offset = block < this.#table.length ? (this.#table[block] as number) : 0
    if (offset === 0) return 0
    const within = index - block * this.#perBlock
    const sliceIndex = Math.floor(within / this.#perSlice)
    const { view, bytes } = this.#cache.slice(offset + sliceIndex * this.#cache.sliceBytes)
    const entry = within - sliceIndex * this.#perSlice
    switch (this.#order) {
      case 4:
        return view.getUint16(entry * 2)
      case 3:
        return bytes[entry] as number
      case 5:
        return view.getUint32(entry * 4)
      case 6:
        // A count beyond 2^32 is damage; it is told as the highest.
        return view.getUint32(entry * 8) === 0 ? view.getUint32(entry * 8 + 4) : 0xffff_ffff
      default: {
        const bits = 1 << this.#order
        const perByte = 8 >> this.#order
        return ((bytes[Math.floor(entry / perByte)] as number) >> ((entry % perByte) * bits)) & (2 ** bits - 1)
      }
    }
  }

  /** Changes a count in memory. Its refcount block exists. */
  set(index: number, count: number): void {
    const block = Math.floor(index / this.#perBlock)
    const within = index - block * this.#perBlock
    const sliceIndex = Math.floor(within / this.#perSlice)
    const slice = this.#cache.slice((this.#table[block] as number) + sliceIndex * this.#cache.sliceBytes)
    const { view, bytes } = slice
    const entry = within - sliceIndex * this.#perSlice
    if (this.#order >= 3) {
      const entryBytes = 1 << (this.#order - 3)
      if (entryBytes === 1) bytes[entry] = count
      else if (entryBytes === 2) view.setUint16(entry * 2, count)
      else if (entryBytes === 4) view.setUint32(entry * 4, count)
      else writeU64(view, entry * 8, count)
      this.#cache.touch(slice, entry * entryBytes, (entry + 1) * entryBytes)
    } else {
      const bits = 1 << this.#order
      const perByte = 8 >> this.#order
      const at = Math.floor(entry / perByte)
      const shift = (entry % perByte) * bits
      bytes[at] = ((bytes[at] as number) & ~((2 ** bits - 1) << shift)) | (count << shift)
      this.#cache.touch(slice, at, at + 1)
    }
    if (count === 0 && index < this.#firstFree) this.#firstFree = index
  }

  /** One use less of a cluster. A count that is wrong already stays as it is, for `check` to tell. */
  release(index: number): void {
    const count = this.get(index)
    if (count > 0) this.set(index, count - 1)
  }

  /**
   * Takes up to `count` free clusters in a row, each with count 1: their number is returned, the first is `found`. Only in
   * memory, but for new refcount blocks, which are written at once.
   */
  allocate(count: number): number {
    this.#seekFree()
    const first = this.#firstFree
    let taken = 0
    while (taken < count && this.#isReady(first + taken) && this.get(first + taken) === 0) taken++
    for (let i = 0; i < taken; i++) this.set(first + i, 1)
    this.found = first
    this.#firstFree = first + taken
    return taken
  }

  /** Takes `count` free clusters in a row, all of them, and returns the first: for tables that lie in one piece. */
  allocateWhole(count: number): number {
    this.#seekFree()
    let first = this.#firstFree
    for (let index = first; index - first < count; ) {
      const block = Math.floor(index / this.#perBlock)
      if (block >= this.#table.length) this.#growTable(block + 1)
      else if (this.#table[block] === 0) this.#addBlock(block, index)
      else if (this.get(index++) !== 0) first = index
    }
    for (let i = 0; i < count; i++) this.set(first + i, 1)
    if (first === this.#firstFree) this.#firstFree += count
    return first
  }

  /** Gives clusters back that were taken and not used. */
  giveBack(first: number, count: number): void {
    for (let i = 0; i < count; i++) this.set(first + i, 0)
  }

  #isReady(index: number): boolean {
    const block = Math.floor(index / this.#perBlock)
    return block < this.#table.length && this.#table[block] !== 0
  }

  /** Moves to the first free cluster, making the refcount block for it where there is none. */
  #seekFree(): void {
    for (;;) {
      const index = this.#firstFree
      const block = Math.floor(index / this.#perBlock)
      if (block >= this.#table.length) this.#growTable(block + 1)
      else if (this.#table[block] === 0) this.#addBlock(block, index)
      else if (this.get(index) === 0) return
      else this.#firstFree++
    }
  }

  /** A refcount block that counts itself, at cluster `index`, the first that it counts and that is free. */
  #addBlock(block: number, index: number): void {
    const offset = index * this.clusterBytes
    this.#checkRoom(offset)
    const bytes = new Uint8Array(this.clusterBytes)
    this.encodeCount(bytes, index - block * this.#perBlock, 1)
    this.#store.write(offset, bytes)
    const entry = new Uint8Array(8)
    writeU64(viewOf(entry), 0, offset)
    this.#store.write(this.#tableOffset + block * 8, entry)
    this.#table[block] = offset
    this.#cache.forget(offset, this.clusterBytes)
    if (this.#firstFree === index) this.#firstFree++
  }

  /**
   * A larger refcount table, at the end of everything, with the blocks that count it. The header changes last, so that a
   * file left in the middle of this has the old table.
   */
  #growTable(minBlocks: number): void {
    const { clusterBytes } = this
    const old = { first: this.#tableOffset / clusterBytes, count: this.#tableClusters }
    const first = this.#table.length * this.#perBlock
    const tableClusters = Math.max(Math.ceil((minBlocks * 8) / clusterBytes) + 1, Math.ceil(this.#tableClusters * 1.5))
    if (tableClusters * clusterBytes > MAX_REFCOUNT_TABLE_BYTES) throw this.#tooLarge()
    // Blocks for the table and for themselves.
    let blockCount = 1
    while (blockCount * this.#perBlock < blockCount + tableClusters) blockCount++
    const used = blockCount + tableClusters
    this.#checkRoom((first + used) * clusterBytes)
    const table = new Float64Array((tableClusters * clusterBytes) / 8)
    table.set(this.#table)
    for (let i = 0; i < blockCount; i++) {
      const bytes = new Uint8Array(clusterBytes)
      const here = Math.min(this.#perBlock, used - i * this.#perBlock)
      for (let entry = 0; entry < here; entry++) this.encodeCount(bytes, entry, 1)
      this.#store.write((first + i) * clusterBytes, bytes)
      table[this.#table.length + i] = (first + i) * clusterBytes
    }
    const bytes = new Uint8Array(tableClusters * clusterBytes)
    const view = viewOf(bytes)
    for (const [i, offset] of table.entries()) writeU64(view, i * 8, offset)
    const tableOffset = (first + blockCount) * clusterBytes
    this.#store.write(tableOffset, bytes)
    this.writeBack()
    this.#store.flush()
    const field = new Uint8Array(12)
    writeU64(viewOf(field), 0, tableOffset)
    viewOf(field).setUint32(8, tableClusters)
    this.#store.write(Field.refcountTable, field)
    this.#cache.forget(first * clusterBytes, used * clusterBytes)
    this.#table = table
    this.#tableOffset = tableOffset
    this.#tableClusters = tableClusters
    for (let i = 0; i < old.count; i++) this.release(old.first + i)
  }

  /** Writes a count into a block in memory, where it was zero. */
  encodeCount(bytes: Uint8Array, entry: number, count: number): void {
    if (this.#order >= 3) {
      const entryBytes = 1 << (this.#order - 3)
      for (let i = 0; i < entryBytes && i < 6; i++)
        bytes[(entry + 1) * entryBytes - 1 - i] = Math.floor(count / 2 ** (8 * i)) & 0xff
      return
    }
    const bits = 1 << this.#order
    const at = Math.floor((entry * bits) / 8)
    bytes[at] = (bytes[at] as number) | (count << ((entry * bits) % 8))
  }

  /** Offsets in tables end at bit 55. */
  #checkRoom(offset: number): void {
    if (offset + this.clusterBytes > 2 ** 52) throw this.#tooLarge()
  }

  #tooLarge(): AppError {
    const message = `${this.#path} cannot grow any further; larger clusters would let it`
    return new AppError('disk/too-large', message, { context: { path: this.#path } })
  }

  get hasChanges(): boolean {
    return this.#cache.hasChanges
  }

  writeBack(): void {
    this.#cache.writeBack()
  }

  #corrupt(what: string, offset: number): AppError {
    return new AppError('disk/corrupt-image', `${this.#path} is damaged: ${what}`, {
      context: { path: this.#path, offset },
    })
  }
}
