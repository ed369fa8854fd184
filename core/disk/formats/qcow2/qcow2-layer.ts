/**
 * One qcow2 file, read and written in place. What may happen to it at any moment (the process killed, a write failed) leaves
 * an image whose tables are right: data goes into clusters that nothing names yet, then their counts are written, then the
 * table entries that name them, and only then are clusters given up that those entries named before. Tables are held back for
 * some clusters; an image of version 3 is marked dirty meanwhile, so that the next one who writes it gives back what was
 * counted and not named. Source: the qcow2 specification.
 */
import { AppError } from '../../../base/errors.ts'
import type { ByteStore } from '../../block-device.ts'
import {
  type Extent,
  ExtentKind,
  type ImageDetails,
  type ImageHost,
  type ImageLayer,
  type LayerBase,
} from '../../disk-image.ts'
import { PackedCache } from '../packed-cache.ts'
import { Field, Incompatible, type Qcow2Header } from './header.ts'
import { COPIED, Mapping, ZERO } from './mapping.ts'
import { Refcounts } from './refcounts.ts'

/** Tables are written at the latest after this many new clusters. */
const MAX_PENDING_CLUSTERS = 256
const HIGH = 0x1_0000_0000

export interface Qcow2LayerOptions {
  readonly store: ByteStore
  readonly host: ImageHost
  readonly path: string
  readonly readOnly: boolean
  /** Memory for L2 tables. */
  readonly cacheBytes: number
}

export class Qcow2Layer implements ImageLayer {
  readonly format = 'qcow2'
  readonly readOnly: boolean
  readonly granuleBytes: number
  readonly backing: ImageLayer['backing']
  readonly #header: Qcow2Header
  readonly #store: ByteStore
  readonly #path: string
  readonly #mapping: Mapping
  readonly #refcounts: Refcounts | undefined
  readonly #packed: PackedCache
  /** Clusters to give up once no table on the disk names them. */
  readonly #frees: number[] = []
  #pending = 0
  #tables: Set<number> | undefined
  /** Whether the file says that it is being written. */
  #marked = false
  /** Offsets of L2 tables by their L1 entries, of which a failed write may have told the file or not. */
  readonly #unlinked = new Map<number, number>()
  #isHalfGrown = false
  #scratch = new Uint8Array(0)
  #sizeBytes: number

  constructor(header: Qcow2Header, options: Qcow2LayerOptions) {
    const { store, host, path, readOnly, cacheBytes } = options
    this.#header = header
    this.#store = store
    this.#path = path
    this.readOnly = readOnly
    this.backing = header.backing
    this.#sizeBytes = header.sizeBytes
    this.granuleBytes = 2 ** header.clusterBits
    this.#mapping = new Mapping(store, header, cacheBytes, path, () => this.settle())
    this.#packed = new PackedCache(
      store,
      host,
      { method: header.compression, pieceBytes: this.granuleBytes, mayBeShort: false },
      path,
    )
    this.#refcounts = readOnly ? undefined : this.#openRefcounts()
  }

  #openRefcounts(): Refcounts {
    const { clusterBits, refcountOrder, refcountTableOffset, refcountTableClusters } = this.#header
    const place = {
      clusterBits,
      order: refcountOrder,
      tableOffset: refcountTableOffset,
      tableClusters: refcountTableClusters,
    }
    const refcounts = new Refcounts(this.#store, place, this.#path)
    // Where these count as free, the first write would overwrite them.
    for (const offset of [0, this.#mapping.l1Offset, refcountTableOffset])
      if (refcounts.get(offset / this.granuleBytes) === 0 && (offset > 0 || this.#mapping.l1Entries > 0))
        throw this.#countsTablesAsFree(offset)
    return refcounts
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get details(): ImageDetails {
    const { version, compression, refcountOrder, lazyRefcounts, snapshotCount, corrupt } = this.#header
    return {
      version,
      clusterBytes: this.granuleBytes,
      compression: compression === 'zstd' ? 'zstd' : 'zlib',
      refcountBits: 1 << refcountOrder,
      ...(lazyRefcounts ? { lazyRefcounts } : {}),
      ...(snapshotCount > 0 ? { internalSnapshots: snapshotCount } : {}),
      ...(corrupt ? { corrupt } : {}),
    }
  }

  /** The kind of the entry that the mapping has loaded. */
  #kind(): ExtentKind {
    const { low } = this.#mapping
    if (this.#mapping.isPacked) return ExtentKind.packed
    if ((low & ZERO) !== 0 && this.#header.version === 3) return ExtentKind.zero
    return this.#mapping.offset === 0 ? ExtentKind.backing : ExtentKind.data
  }

  map(position: number, lengthBytes: number, extent: Extent): void {
    const mapping = this.#mapping
    const clusterBytes = this.granuleBytes
    let cluster = Math.floor(position / clusterBytes)
    const within = position - cluster * clusterBytes
    let length = clusterBytes - within
    mapping.load(cluster)
    const kind = this.#kind()
    extent.kind = kind
    extent.store = this.#store
    if (kind === ExtentKind.data) {
      const offset = mapping.offset
      extent.position = offset + within
      for (let next = offset + clusterBytes; length < lengthBytes; next += clusterBytes, length += clusterBytes) {
        cluster++
        if (!mapping.next()) mapping.load(cluster)
        if (this.#kind() !== kind || mapping.offset !== next) break
      }
    } else if (kind !== ExtentKind.packed) {
      while (length < lengthBytes) {
        cluster++
        if (!mapping.next()) {
          if (mapping.tableOf(cluster) === 0) {
            if (kind !== ExtentKind.backing) break
            const missing = mapping.missingFrom(cluster)
            length += missing * clusterBytes
            cluster += missing - 1
            mapping.load(cluster)
            continue
          }
          mapping.load(cluster)
        }
        if (this.#kind() !== kind) break
        length += clusterBytes
      }
    }
    extent.lengthBytes = Math.min(length, lengthBytes)
  }

  readPacked(position: number, lengthBytes: number, into: Uint8Array, offset: number): void {
    const cluster = Math.floor(position / this.granuleBytes)
    this.#mapping.load(cluster)
    const bytes = this.#packed.read(this.#mapping.packedPosition, this.#mapping.packedBytes)
    const within = position - cluster * this.granuleBytes
    into.set(bytes.subarray(within, within + lengthBytes), offset)
  }

  write(position: number, lengthBytes: number, from: Uint8Array, offset: number, base: LayerBase): void {
    this.#mark()
    while (lengthBytes > 0) {
      const done = this.#ownedRun(position, lengthBytes)
      if (done > 0) {
        this.#store.write(this.#runPosition, from, offset, done)
        position += done
        offset += done
        lengthBytes -= done
        continue
      }
      const fresh = this.#allocateRun(position, lengthBytes, from, offset, base)
      position += fresh
      offset += fresh
      lengthBytes -= fresh
    }
    if (this.#pending >= MAX_PENDING_CLUSTERS) this.settle()
  }

  #runPosition = 0

  /** Length of the run at `position` that may be overwritten where it is, 0 when there is none; `#runPosition` is where. */
  #ownedRun(position: number, lengthBytes: number): number {
    const mapping = this.#mapping
    const clusterBytes = this.granuleBytes
    let cluster = Math.floor(position / clusterBytes)
    const within = position - cluster * clusterBytes
    mapping.load(cluster)
    if (!this.#isOwned(cluster)) return 0
    mapping.requireInFile(mapping.offset)
    this.#runPosition = mapping.offset + within
    let length = clusterBytes - within
    for (let next = mapping.offset + clusterBytes; length < lengthBytes; next += clusterBytes, length += clusterBytes) {
      cluster++
      if (!mapping.next()) mapping.load(cluster)
      if (!this.#isOwned(cluster) || mapping.offset !== next) break
    }
    return Math.min(length, lengthBytes)
  }

  /** Whether the loaded cluster is the disk's alone, and holds data. */
  #isOwned(cluster: number): boolean {
    return this.#mapping.high >= COPIED && this.#kind() === ExtentKind.data && this.#mapping.ownsTable(cluster)
  }

  /** Writes into new clusters, as many in a row as there are. Returns how many bytes of the request that were. */
  #allocateRun(position: number, lengthBytes: number, from: Uint8Array, offset: number, base: LayerBase): number {
    const mapping = this.#mapping
    const refcounts = this.#refcounts as Refcounts
    const clusterBytes = this.granuleBytes
    const first = Math.floor(position / clusterBytes)
    this.#ensureTable(first)
    const wanted = Math.min(
      Math.ceil((position + lengthBytes) / clusterBytes) - first,
      mapping.entriesPerTable - (first % mapping.entriesPerTable),
    )
    let count = 1
    mapping.load(first)
    for (; count < wanted; count++) {
      if (!mapping.next()) mapping.load(first + count)
      if (this.#isOwned(first + count)) break
    }
    count = this.#allocate(count)
    const host = refcounts.found
    const length = Math.min(lengthBytes, (first + count) * clusterBytes - position)
    let named = 0
    try {
      this.#fill(host * clusterBytes, count, position, length, from, offset, base)
      for (; named < count; named++) this.#name(first + named, (host + named) * clusterBytes)
    } catch (error) {
      refcounts.giveBack(host + named, count - named)
      throw error
    }
    this.#pending += count
    return length
  }

  /** As `Refcounts.allocate`; throws for an image whose own tables count as free, before they are overwritten. */
  #allocate(count: number): number {
    const refcounts = this.#refcounts as Refcounts
    this.#tables ??= this.#findTables(refcounts)
    const taken = refcounts.allocate(count)
    for (let cluster = refcounts.found; cluster < refcounts.found + taken; cluster++) {
      if (!this.#tables.has(cluster)) continue
      refcounts.giveBack(refcounts.found, taken)
      throw this.#countsTablesAsFree(cluster * this.granuleBytes)
    }
    return taken
  }

  /** Clusters of the tables that the image was opened with. Those that come later are counted in memory. */
  #findTables({ blocks, tableOffset, tableClusters }: Refcounts): Set<number> {
    const { l1Entries, entriesPerTable, l1Offset } = this.#mapping
    const tables = new Set<number>()
    const add = (offset: number, clusters = 1): void => {
      for (let i = 0; offset > 0 && i < clusters; i++) tables.add(offset / this.granuleBytes + i)
    }
    add(tableOffset, tableClusters)
    add(l1Offset, Math.ceil((l1Entries * 8) / this.granuleBytes))
    for (const offset of blocks) add(offset)
    for (let i = 0; i < l1Entries; i++) add(this.#mapping.tableOf(i * entriesPerTable))
    return tables
  }

  #countsTablesAsFree(offset: number): AppError {
    const message = `${this.#path} is damaged: its tables count as free space; repair it with: vitrine disk check --repair`
    return new AppError('disk/corrupt-image', message, { context: { path: this.#path, offset } })
  }

  /** Makes `offset` the place of a cluster, and the place it had free. */
  #name(cluster: number, offset: number): void {
    this.#mapping.load(cluster)
    const before = this.#freesNow()
    this.#mapping.set(cluster, (COPIED | Math.floor(offset / HIGH)) >>> 0, offset >>> 0)
    if (before !== undefined) this.#frees.push(...before)
  }

  /** Host clusters that the loaded entry names. */
  #freesNow(): number[] | undefined {
    const mapping = this.#mapping
    if (mapping.isPacked) {
      const begin = Math.floor(mapping.packedPosition / this.granuleBytes)
      const end = Math.floor((mapping.packedPosition + mapping.packedBytes - 1) / this.granuleBytes)
      return Array.from({ length: end - begin + 1 }, (_, i) => begin + i)
    }
    return mapping.offset === 0 ? undefined : [mapping.offset / this.granuleBytes]
  }

  /** Fills new clusters at `host`: the bytes of the request, and around them what was there before. */
  #fill(
    host: number,
    count: number,
    position: number,
    length: number,
    from: Uint8Array,
    offset: number,
    base: LayerBase,
  ): void {
    const clusterBytes = this.granuleBytes
    const start = Math.floor(position / clusterBytes) * clusterBytes
    const head = position - start
    const end = start + count * clusterBytes
    const tail = end - position - length
    // Past the end of the file there are zeros already.
    const isBlank = host >= this.#store.sizeBytes
    const fillHead = head > 0 && !(isBlank && this.#wasZero(start, head, base))
    const fillTail = tail > 0 && !(isBlank && this.#wasZero(end - tail, tail, base))
    if (count === 1 && (fillHead || fillTail)) {
      const scratch = this.#room()
      if (head > 0) this.#readOld(start, head, scratch, 0, base)
      scratch.set(from.subarray(offset, offset + length), head)
      if (tail > 0) this.#readOld(end - tail, tail, scratch, head + length, base)
      this.#store.write(host, scratch, 0, clusterBytes)
      return
    }
    if (fillHead) {
      this.#readOld(start, head, this.#room(), 0, base)
      this.#store.write(host, this.#scratch, 0, head)
    }
    this.#store.write(host + head, from, offset, length)
    if (fillTail) {
      this.#readOld(end - tail, tail, this.#room(), 0, base)
      this.#store.write(host + head + length, this.#scratch, 0, tail)
    }
  }

  #room(): Uint8Array {
    if (this.#scratch.length === 0) this.#scratch = new Uint8Array(this.granuleBytes)
    return this.#scratch
  }

  #wasZero(position: number, length: number, base: LayerBase): boolean {
    this.#mapping.load(Math.floor(position / this.granuleBytes))
    const kind = this.#kind()
    return kind === ExtentKind.zero || (kind === ExtentKind.backing && base.isZero(position, length))
  }

  /** Reads a part of one cluster as it was. */
  #readOld(position: number, length: number, into: Uint8Array, offset: number, base: LayerBase): void {
    const cluster = Math.floor(position / this.granuleBytes)
    this.#mapping.load(cluster)
    const kind = this.#kind()
    if (kind === ExtentKind.backing) base.read(position, length, into, offset)
    else if (kind === ExtentKind.zero) into.fill(0, offset, offset + length)
    else if (kind === ExtentKind.packed) this.readPacked(position, length, into, offset)
    else this.#store.read(this.#mapping.offset + position - cluster * this.granuleBytes, into, offset, length)
  }

  /** Sees to it that the L2 table for `cluster` is there and is the disk's alone. */
  #ensureTable(cluster: number): void {
    const mapping = this.#mapping
    const old = mapping.tableOf(cluster)
    if (old !== 0 && mapping.ownsTable(cluster)) return
    this.settle()
    const index = Math.floor(cluster / mapping.entriesPerTable)
    const offset = this.#unlinked.get(index) ?? this.#newTable(old)
    // Should the next write fail, the file may name the new table or not: it stays taken, for when this is tried again.
    this.#unlinked.set(index, offset)
    mapping.setTable(cluster, offset)
    this.#unlinked.delete(index)
    if (old !== 0) this.#frees.push(old / this.granuleBytes)
  }

  /** A new L2 table, a copy of `old` unless that is 0, which nothing names yet. */
  #newTable(old: number): number {
    const refcounts = this.#refcounts as Refcounts
    this.#allocate(1)
    const host = refcounts.found
    try {
      const bytes = new Uint8Array(this.granuleBytes)
      if (old !== 0) this.#store.read(old, bytes)
      this.#store.write(host * this.granuleBytes, bytes)
      refcounts.writeBack()
    } catch (error) {
      refcounts.giveBack(host, 1)
      throw error
    }
    return host * this.granuleBytes
  }

  writeZeros(position: number, lengthBytes: number, base: LayerBase): boolean {
    const clusterBytes = this.granuleBytes
    if (this.#header.version < 3 || position % clusterBytes !== 0) return false
    if (lengthBytes % clusterBytes !== 0 && position + lengthBytes !== this.#sizeBytes) return false
    this.#mark()
    const mapping = this.#mapping
    const end = Math.ceil((position + lengthBytes) / clusterBytes)
    for (let cluster = position / clusterBytes; cluster < end; cluster++) {
      mapping.load(cluster)
      const kind = this.#kind()
      if (kind === ExtentKind.zero) continue
      if (kind === ExtentKind.backing && base.isZero(cluster * clusterBytes, clusterBytes)) continue
      this.#ensureTable(cluster)
      mapping.load(cluster)
      const before = this.#freesNow()
      mapping.set(cluster, 0, ZERO)
      if (before !== undefined) this.#frees.push(...before)
      if (++this.#pending >= MAX_PENDING_CLUSTERS) this.settle()
    }
    return true
  }

  settle(): void {
    const refcounts = this.#refcounts
    if (refcounts === undefined) return
    if (refcounts.hasChanges) refcounts.writeBack()
    if (this.#mapping.hasChanges) this.#mapping.writeBack()
    this.#pending = 0
    if (this.#frees.length === 0) return
    for (; this.#frees.length > 0; this.#frees.pop()) refcounts.release(this.#frees.at(-1) as number)
    refcounts.writeBack()
  }

  flush(): void {
    if (this.readOnly) return
    this.settle()
    this.#store.flush()
  }

  close(): void {
    try {
      if (!this.#marked) return
      this.flush()
      if (this.#header.version === 3 && this.#unlinked.size === 0 && !this.#isHalfGrown) {
        this.#writeFeatures(0)
        this.#store.flush()
      }
    } finally {
      this.#store.close()
    }
  }

  /** Says in the file that it is being written, before the first change. */
  #mark(): void {
    if (this.#marked) return
    if (this.readOnly)
      throw new AppError('disk/read-only', `Opened for reading only: ${this.#path}`, { context: { path: this.#path } })
    if (this.#header.version === 3) {
      if (this.#header.autoclear) this.#store.write(Field.autoclear, new Uint8Array(8))
      this.#writeFeatures(Incompatible.dirty)
      this.#store.flush()
    }
    this.#marked = true
  }

  #writeFeatures(state: number): void {
    const compression = this.#header.compression === 'zstd' ? Incompatible.compression : 0
    this.#store.write(Field.incompatible + 7, Uint8Array.of(compression | state))
  }

  /** Makes the disk larger. The header changes in one write, after everything it names is there. */
  grow(sizeBytes: number): void {
    const mapping = this.#mapping
    const refcounts = this.#refcounts as Refcounts
    const clusterBytes = this.granuleBytes
    this.#mark()
    this.settle()
    const entries = Math.max(mapping.l1Entries, Math.ceil(sizeBytes / clusterBytes / mapping.entriesPerTable))
    const old = { offset: mapping.l1Offset, clusters: Math.ceil((mapping.l1Entries * 8) / clusterBytes) }
    let bytes: Uint8Array = new Uint8Array(0)
    let offset = mapping.l1Offset
    if (entries > mapping.l1Entries) {
      bytes = mapping.encodeL1(entries)
      offset = refcounts.allocateWhole(bytes.length / clusterBytes) * clusterBytes
      this.#isHalfGrown = true
      this.#store.write(offset, bytes)
      refcounts.writeBack()
      this.#store.flush()
    }
    const fields = new Uint8Array(24)
    this.#store.read(Field.size, fields)
    encodeGrown(fields, sizeBytes, entries, offset)
    this.#store.write(Field.size, fields)
    this.#isHalfGrown = false
    this.#sizeBytes = sizeBytes
    if (entries === mapping.l1Entries) return
    mapping.replaceL1(offset, bytes, entries)
    for (let i = 0; i < old.clusters; i++) this.#frees.push(old.offset / clusterBytes + i)
    this.settle()
  }
}

/** Header bytes 24 to 47: size, encryption (which stays), entries and place of the L1 table. */
function encodeGrown(fields: Uint8Array, sizeBytes: number, l1Entries: number, l1Offset: number): void {
  const view = new DataView(fields.buffer)
  view.setBigUint64(0, BigInt(sizeBytes))
  view.setUint32(12, l1Entries)
  view.setBigUint64(16, BigInt(l1Offset))
}
