/** Counts how often everything in a qcow2 file names each of its clusters: what the refcounts should be. */
import type { ByteStore } from '../../block-device.ts'
import { readU64, viewOf } from '../numbers.ts'
import type { Qcow2Header } from './header.ts'

const CHUNK = 65_536
const HIGH = 0x1_0000_0000
const OFFSET_HIGH = 0x00ff_ffff
const OFFSET_LOW = 0xffff_fe00
/** Bits that entries for a table, and for a cluster, may not have; bit 0 of the latter means zeros since version 3. */
const RESERVED_HIGH = 0x3f00_0000
const RESERVED_LOW = 0x1ff
const MAX_SNAPSHOT_ENTRY_BYTES = 1 << 17

/** Counters for the clusters of a file; memory only for parts that are named at all. */
export class UseCounts {
  readonly #chunks = new Map<number, Uint32Array>()

  get(cluster: number): number {
    return this.#chunks.get(Math.floor(cluster / CHUNK))?.[cluster % CHUNK] ?? 0
  }

  add(cluster: number, change = 1): void {
    const number = Math.floor(cluster / CHUNK)
    let chunk = this.#chunks.get(number)
    if (!chunk) {
      chunk = new Uint32Array(CHUNK)
      this.#chunks.set(number, chunk)
    }
    chunk[cluster % CHUNK] = (chunk[cluster % CHUNK] as number) + change
  }
}

/** An L1 table of the file: the disk's own, or of one of its snapshots. */
export interface L1Place {
  readonly offset: number
  readonly entries: number
}

export class UseWalker {
  readonly counts = new UseCounts()
  readonly #store: ByteStore
  readonly #header: Qcow2Header
  readonly #clusterBytes: number
  readonly #report: (message: string) => void

  /** `report` is told of everything that is wrong. */
  constructor(store: ByteStore, header: Qcow2Header, report: (message: string) => void) {
    this.#store = store
    this.#header = header
    this.#clusterBytes = 2 ** header.clusterBits
    this.#report = report
  }

  /** Counts everything but the refcounts themselves. */
  walk(): void {
    const { l1Offset, l1Entries, bitmaps } = this.#header
    this.use(0, this.#clusterBytes, 'the header')
    this.#walkL1({ offset: l1Offset, entries: l1Entries }, 'the L1 table')
    for (const [index, snapshot] of this.#snapshots().entries())
      this.#walkL1(snapshot, `the L1 table of snapshot ${index + 1}`)
    if (bitmaps) this.#walkBitmaps(bitmaps)
  }

  /** Counts a range of the file, once for each of its clusters. False, and reported, when it is past the end of the file. */
  use(offset: number, lengthBytes: number, what: string): boolean {
    if (lengthBytes === 0) return true
    // The last cluster need not be there as a whole.
    if (offset + lengthBytes - this.#store.sizeBytes >= this.#clusterBytes) {
      this.#report(`${what} is past the end of the file, at ${offset}`)
      return false
    }
    const first = Math.floor(offset / this.#clusterBytes)
    const last = Math.floor((offset + lengthBytes - 1) / this.#clusterBytes)
    for (let cluster = first; cluster <= last; cluster++) this.counts.add(cluster)
    return true
  }

  #walkL1({ offset, entries }: L1Place, what: string): void {
    if (entries === 0 || !this.use(offset, entries * 8, what)) return
    const bytes = new Uint8Array(entries * 8)
    this.#store.read(offset, bytes)
    const view = viewOf(bytes)
    const table = new Uint8Array(this.#clusterBytes)
    for (let i = 0; i < entries; i++) {
      const l2 = offsetAt(view, i * 8)
      if (view.getUint32(i * 8) & (RESERVED_HIGH | 0x4000_0000) || view.getUint32(i * 8 + 4) & RESERVED_LOW)
        this.#report(`entry ${i} of ${what} has reserved bits`)
      if (l2 === 0) continue
      if (l2 % this.#clusterBytes !== 0) {
        this.#report(`the L2 table of entry ${i} of ${what} lies askew, at ${l2}`)
        continue
      }
      if (!this.use(l2, this.#clusterBytes, `an L2 table of ${what}`)) continue
      this.#store.read(l2, table)
      this.#walkL2(viewOf(table), l2)
    }
  }

  #walkL2(view: DataView, l2: number): void {
    const packedBits = 62 - (this.#header.clusterBits - 8) - 32
    for (let at = 0; at < view.byteLength; at += 8) {
      const high = view.getUint32(at)
      if (high & 0x4000_0000) {
        if (high >= 0x8000_0000) this.#report(`a compressed cluster in the L2 table at ${l2} counts as writable`)
        const position = (high & (2 ** packedBits - 1)) * HIGH + view.getUint32(at + 4)
        const sectors = ((high & 0x3fff_ffff) >>> packedBits) + 1
        this.use(Math.floor(position / 512) * 512, sectors * 512, 'a compressed cluster')
        continue
      }
      const offset = offsetAt(view, at)
      if (hasReservedBits(view, at, this.#header.version)) this.#report(`the entry at ${l2 + at} has reserved bits`)
      if (offset === 0) continue
      if (offset % this.#clusterBytes !== 0) this.#report(`a cluster in the L2 table at ${l2} lies askew, at ${offset}`)
      this.use(Math.floor(offset / this.#clusterBytes) * this.#clusterBytes, this.#clusterBytes, 'a cluster')
    }
  }

  /** L1 tables of the snapshots; the table of snapshots itself is counted. */
  #snapshots(): L1Place[] {
    const { snapshotCount, snapshotOffset } = this.#header
    const places: L1Place[] = []
    const bytes = new Uint8Array(40)
    let at = snapshotOffset
    for (let i = 0; i < snapshotCount; i++) {
      if (at + 40 > this.#store.sizeBytes) {
        this.#report(`snapshot ${i + 1} is past the end of the file`)
        break
      }
      this.#store.read(at, bytes)
      const view = viewOf(bytes)
      const place = { offset: readU64(view, 0), entries: view.getUint32(8) }
      const length = 40 + view.getUint32(36) + view.getUint16(12) + view.getUint16(14)
      if (length > MAX_SNAPSHOT_ENTRY_BYTES || place.entries > 1 << 22) {
        this.#report(`snapshot ${i + 1} is damaged`)
        break
      }
      if (place.offset % this.#clusterBytes === 0) places.push(place)
      else this.#report(`the L1 table of snapshot ${i + 1} lies askew`)
      at += Math.ceil(length / 8) * 8
    }
    this.use(snapshotOffset, at - snapshotOffset, 'the table of snapshots')
    return places
  }

  /** Source: the qcow2 specification, "Bitmaps extension": a directory, and a table of clusters for each bitmap. */
  #walkBitmaps({ count, offset, lengthBytes }: NonNullable<Qcow2Header['bitmaps']>): void {
    if (lengthBytes > 64 << 20 || !this.use(offset, lengthBytes, 'the directory of bitmaps')) return
    const bytes = new Uint8Array(lengthBytes)
    this.#store.read(offset, bytes)
    const view = viewOf(bytes)
    for (let i = 0, at = 0; i < count && at + 24 <= lengthBytes; i++) {
      const table = readU64(view, at)
      const entries = view.getUint32(at + 8)
      if (entries <= 1 << 22 && this.use(table, entries * 8, 'the table of a bitmap')) this.#walkBitmap(table, entries)
      at += Math.ceil((24 + view.getUint16(at + 18) + view.getUint32(at + 20)) / 8) * 8
    }
  }

  #walkBitmap(table: number, entries: number): void {
    const bytes = new Uint8Array(entries * 8)
    this.#store.read(table, bytes)
    for (let i = 0; i < entries; i++) {
      const offset = offsetAt(viewOf(bytes), i * 8)
      if (offset !== 0) this.use(offset, this.#clusterBytes, 'a cluster of a bitmap')
    }
  }
}

/** Whether the entry of a cluster that is not compressed has bits that mean nothing. */
export function hasReservedBits(view: DataView, at: number, version: number): boolean {
  const low = version < 3 ? RESERVED_LOW : RESERVED_LOW & ~1
  return (view.getUint32(at) & RESERVED_HIGH) !== 0 || (view.getUint32(at + 4) & low) !== 0
}

/** Bits 55 to 9 of an entry. */
export function offsetAt(view: DataView, at: number): number {
  return (view.getUint32(at) & OFFSET_HIGH) * HIGH + ((view.getUint32(at + 4) & OFFSET_LOW) >>> 0)
}
