/**
 * From places on the disk to places in a qcow2 file: the active L1 table, held whole, and L2 tables by slices. Source: the
 * qcow2 specification, "Cluster mapping".
 *
 *     L1 entry           63 copied, 55..9 offset of an L2 table
 *     L2 entry           63 copied, 62 packed = 0, 55..9 offset of the cluster, 0 reads as zero (version 3)
 *     packed cluster     62 packed = 1, x..61 sectors beyond the first, 0..x-1 position; x = 62 - (cluster bits - 8)
 */
import { AppError } from '../../../base/errors.ts'
import type { ByteStore } from '../../block-device.ts'
import { viewOf, writeU64 } from '../numbers.ts'
import { type Slice, TableCache } from './table-cache.ts'

const SLICE_BYTES = 16_384
const HIGH = 0x1_0000_0000

/** Flags in the high word. */
export const COPIED = 0x8000_0000
const PACKED = 0x4000_0000
/** In the low word. */
export const ZERO = 1
/** Bits 55..32 of an offset, in the high word, and 31..9 in the low one. */
const OFFSET_HIGH = 0x00ff_ffff
const OFFSET_LOW = 0xffff_fe00
/** No file is as large. */
const MAX_OFFSET = 2 ** 52

export class Mapping {
  readonly clusterBytes: number
  readonly #store: ByteStore
  readonly #path: string
  readonly #cache: TableCache
  readonly #perTable: number
  readonly #perSlice: number
  /** Bits of the position of a packed cluster. */
  readonly #packedBits: number
  #l1: DataView
  #l1Offset: number
  /** The entry that `load` found: high and low word. */
  high = 0
  low = 0
  /** The slice that `load` found it in and its byte there, until the next call. */
  #slice: Slice | undefined
  #at = 0

  constructor(
    store: ByteStore,
    place: { readonly clusterBits: number; readonly l1Offset: number; readonly l1Entries: number },
    cacheBytes: number,
    path: string,
    onPressure: () => void,
  ) {
    this.#store = store
    this.#path = path
    this.clusterBytes = 2 ** place.clusterBits
    this.#perTable = this.clusterBytes / 8
    const sliceBytes = Math.min(this.clusterBytes, SLICE_BYTES)
    this.#perSlice = sliceBytes / 8
    this.#packedBits = 62 - (place.clusterBits - 8)
    this.#cache = new TableCache(store, sliceBytes, cacheBytes, onPressure)
    this.#l1Offset = place.l1Offset
    const bytes = new Uint8Array(place.l1Entries * 8)
    store.read(place.l1Offset, bytes)
    this.#l1 = viewOf(bytes)
  }

  get l1Entries(): number {
    return this.#l1.byteLength / 8
  }

  get l1Offset(): number {
    return this.#l1Offset
  }

  get entriesPerTable(): number {
    return this.#perTable
  }

  get hasChanges(): boolean {
    return this.#cache.hasChanges
  }

  /** Offset of the L2 table for `cluster`, 0 when there is none. */
  tableOf(cluster: number): number {
    const index = Math.floor(cluster / this.#perTable) * 8
    const offset =
      (this.#l1.getUint32(index) & OFFSET_HIGH) * HIGH + ((this.#l1.getUint32(index + 4) & OFFSET_LOW) >>> 0)
    if (offset % this.clusterBytes !== 0) throw this.#corrupt('an L2 table is at no cluster', this.#l1Offset + index)
    if (offset >= this.#store.sizeBytes) throw this.#corrupt('an L2 table is past its end', this.#l1Offset + index)
    return offset
  }

  /** Whether the L2 table for `cluster` belongs to the disk alone, not to a snapshot, too. */
  ownsTable(cluster: number): boolean {
    return this.#l1.getUint32(Math.floor(cluster / this.#perTable) * 8) >= COPIED
  }

  /** Makes `table` the L2 table for `cluster`, in the file at once. */
  setTable(cluster: number, table: number): void {
    const index = Math.floor(cluster / this.#perTable) * 8
    const entry = new Uint8Array(8)
    writeU64(viewOf(entry), 0, table)
    entry[0] = (entry[0] as number) | 0x80
    this.#store.write(this.#l1Offset + index, entry)
    this.#cache.forget(table, this.clusterBytes)
    new Uint8Array(this.#l1.buffer, this.#l1.byteOffset).set(entry, index)
  }

  /** Loads the entry of `cluster` into `high` and `low`. */
  load(cluster: number): void {
    const table = this.tableOf(cluster)
    if (table === 0) {
      this.#slice = undefined
      this.high = 0
      this.low = 0
      return
    }
    const within = cluster % this.#perTable
    const sliceIndex = Math.floor(within / this.#perSlice)
    this.#slice = this.#cache.slice(table + sliceIndex * this.#cache.sliceBytes)
    this.#at = (within - sliceIndex * this.#perSlice) * 8
    this.high = this.#slice.view.getUint32(this.#at)
    this.low = this.#slice.view.getUint32(this.#at + 4)
  }

  /** Goes on to the next cluster after `load`. False at the end of the slice: load it then. */
  next(): boolean {
    const slice = this.#slice
    if (slice === undefined) return false
    this.#at += 8
    if (this.#at >= slice.bytes.length) return false
    this.high = slice.view.getUint32(this.#at)
    this.low = slice.view.getUint32(this.#at + 4)
    return true
  }

  /** Clusters from `cluster` on whose L2 table is missing, to the end of that table's part. */
  missingFrom(cluster: number): number {
    return this.#perTable - (cluster % this.#perTable)
  }

  /** Changes the entry of `cluster` in memory. Its L2 table exists and is its own. */
  set(cluster: number, high: number, low: number): void {
    this.load(cluster)
    const slice = this.#slice as Slice
    slice.view.setUint32(this.#at, high)
    slice.view.setUint32(this.#at + 4, low)
    this.#cache.touch(slice, this.#at, this.#at + 8)
  }

  /** Offset in the file that the loaded entry names, 0 for none. Not for packed clusters. */
  get offset(): number {
    const offset = (this.high & OFFSET_HIGH) * HIGH + ((this.low & OFFSET_LOW) >>> 0)
    if ((this.low & (this.clusterBytes - 1) & OFFSET_LOW) !== 0 || offset > MAX_OFFSET)
      throw this.#corrupt('a cluster lies askew', offset)
    return offset
  }

  get isPacked(): boolean {
    return (this.high & PACKED) !== 0
  }

  /** Where the packed bytes of the loaded entry begin. The field has at least 49 bits. */
  get packedPosition(): number {
    return (this.high & (2 ** (this.#packedBits - 32) - 1)) * HIGH + this.low
  }

  /** Up to how many bytes they are: to the end of the last sector. */
  get packedBytes(): number {
    const sectors = ((this.high & 0x3fff_ffff) >>> (this.#packedBits - 32)) + 1
    return sectors * 512 - (this.packedPosition % 512)
  }

  writeBack(): void {
    this.#cache.writeBack()
  }

  /** Forgets what is in memory of a table that was freed. */
  forget(table: number): void {
    this.#cache.forget(table, this.clusterBytes)
  }

  /** The L1 table as it is in memory, with room for `entries`. */
  encodeL1(entries: number): Uint8Array {
    const bytes = new Uint8Array(Math.ceil((entries * 8) / this.clusterBytes) * this.clusterBytes)
    const old = new Uint8Array(this.#l1.buffer, this.#l1.byteOffset, this.#l1.byteLength)
    bytes.set(old.subarray(0, entries * 8))
    return bytes
  }

  /** Uses another L1 table, which the header names by now. */
  replaceL1(offset: number, bytes: Uint8Array, entries: number): void {
    this.#l1 = viewOf(bytes.subarray(0, entries * 8))
    this.#l1Offset = offset
  }

  /** Throws for a cluster that would be written far behind the end of the file. */
  requireInFile(offset: number): void {
    if (offset >= this.#store.sizeBytes) throw this.#corrupt('a cluster is past its end', offset)
  }

  #corrupt(what: string, offset: number): AppError {
    return new AppError('disk/corrupt-image', `${this.#path} is damaged: ${what}`, {
      context: { path: this.#path, offset },
    })
  }
}
