/**
 * Dynamic and differencing VHD images, read and written in place. A new block goes behind the last one; the footer, which is at
 * the end of the file at any moment, leaves room for some. Bitmaps and then the table, which names blocks, are held back. A
 * differencing image has, in front of each block, a bit for each sector that it has itself. Source: Microsoft, Virtual Hard Disk Image Format Specification 1.0.
 */
import { AppError } from '../../../base/errors.ts'
import type { ByteStore } from '../../block-device.ts'
import { type Extent, ExtentKind, type ImageDetails, type ImageLayer } from '../../disk-image.ts'
import { HeldTable } from '../held-table.ts'
import type { LayerRequest } from '../image-format.ts'
import { corrupt, DiskType, FOOTER_BYTES, type VhdFooter, type VhdHeader } from './footer.ts'

const UNUSED = 0xffff_ffff
const SECTOR_BYTES = 512
/** Bitmaps in memory: one for each block of 2 MiB, so that they cover 16 GiB. */
const MAX_BITMAPS = 8192
/** Bitmaps and table are written at the latest after this many were changed. */
const MAX_PENDING_BLOCKS = 64
/** How many blocks the footer leaves room for: holes until they are written. */
const GROWTH_BLOCKS = 8
/** The data of new blocks begins at a multiple of this, as the pages of the host do. */
const DATA_ALIGNMENT = 4096

export class DynamicVhdLayer implements ImageLayer {
  readonly format = 'vhd'
  readonly readOnly: boolean
  readonly sizeBytes: number
  readonly granuleBytes: number
  readonly backing: ImageLayer['backing']
  readonly identity: string
  readonly details: ImageDetails
  readonly #store: ByteStore
  readonly #path: string
  readonly #footer: Uint8Array
  readonly #blockBytes: number
  readonly #bitmapBytes: number
  readonly #tableOffset: number
  readonly #held: HeldTable
  /** Sector numbers of blocks. */
  readonly #table: DataView
  readonly #bitmaps = new Map<number, Uint8Array>()
  /** Blocks whose bitmaps are held back. */
  readonly #changed = new Set<number>()
  readonly #isDifferencing: boolean
  /** Behind the last block. */
  #end: number
  #footerAt: number
  /** From here on the file has nothing but zeros and the footer. */
  #blankFrom: number
  #isGrown = false

  constructor({ store, path, readOnly }: LayerRequest, footer: VhdFooter, header: VhdHeader) {
    this.#store = store
    this.#path = path
    this.#footer = footer.bytes
    this.#blockBytes = header.blockBytes
    this.#bitmapBytes = Math.ceil(header.blockBytes / SECTOR_BYTES / 8 / SECTOR_BYTES) * SECTOR_BYTES
    this.#tableOffset = header.tableOffset
    this.#isDifferencing = footer.type === DiskType.differencing
    this.readOnly = readOnly
    this.sizeBytes = footer.sizeBytes
    this.granuleBytes = this.#isDifferencing ? SECTOR_BYTES : header.blockBytes
    this.backing = header.backing
    this.identity = footer.id
    this.#held = new HeldTable(store, header.tableOffset, header.entries * 4)
    this.#table = this.#held.view
    this.#end = this.#findEnd(header)
    this.#footerAt = Math.max(store.sizeBytes - FOOTER_BYTES, this.#end)
    this.#blankFrom = store.sizeBytes
    this.details = { type: this.#isDifferencing ? 'differencing' : 'dynamic', blockBytes: header.blockBytes }
  }

  /** Behind the last block. */
  #findEnd({ entries, endOffset }: VhdHeader): number {
    let end = endOffset
    for (let block = 0; block < entries; block++) {
      const sector = this.#table.getUint32(block * 4)
      if (sector === UNUSED) continue
      if (sector * SECTOR_BYTES + this.#bitmapBytes > this.#store.sizeBytes)
        throw corrupt(this.#path, `block ${block} is past the end of the file`, this.#tableOffset + block * 4)
      end = Math.max(end, sector * SECTOR_BYTES + this.#bitmapBytes + this.#blockBytes)
    }
    return end
  }

  map(position: number, lengthBytes: number, extent: Extent): void {
    const block = Math.floor(position / this.#blockBytes)
    const within = position - block * this.#blockBytes
    const sector = this.#table.getUint32(block * 4)
    let length = this.#blockBytes - within
    extent.store = this.#store
    if (sector === UNUSED) {
      extent.kind = this.#isDifferencing ? ExtentKind.backing : ExtentKind.zero
      for (let next = block + 1; length < lengthBytes; length += this.#blockBytes)
        if (this.#table.getUint32(next++ * 4) !== UNUSED) break
    } else {
      extent.position = sector * SECTOR_BYTES + this.#bitmapBytes + within
      extent.kind = ExtentKind.data
      if (this.#isDifferencing) length = this.#mapSectors(block, within, Math.min(length, lengthBytes), extent)
    }
    extent.lengthBytes = Math.min(length, lengthBytes)
  }

  /** Length of the run of sectors that the image has, or has not, itself. */
  #mapSectors(block: number, within: number, lengthBytes: number, extent: Extent): number {
    const bitmap = this.#bitmap(block)
    const first = Math.floor(within / SECTOR_BYTES)
    const own = hasBit(bitmap, first)
    if (!own) extent.kind = ExtentKind.backing
    let last = first + 1
    while (last * SECTOR_BYTES - within < lengthBytes && hasBit(bitmap, last) === own) last++
    return last * SECTOR_BYTES - within
  }

  #bitmap(block: number): Uint8Array {
    let bitmap = this.#bitmaps.get(block)
    if (!bitmap) {
      if (this.#bitmaps.size >= MAX_BITMAPS) {
        this.settle()
        this.#bitmaps.clear()
      }
      bitmap = new Uint8Array(this.#bitmapBytes)
      this.#store.read(this.#table.getUint32(block * 4) * SECTOR_BYTES, bitmap)
      this.#bitmaps.set(block, bitmap)
    }
    return bitmap
  }

  readPacked(): void {}

  write(position: number, lengthBytes: number, from: Uint8Array, offset: number): void {
    if (this.readOnly)
      throw new AppError('disk/read-only', `Opened for reading only: ${this.#path}`, { context: { path: this.#path } })
    while (lengthBytes > 0) {
      const block = Math.floor(position / this.#blockBytes)
      const within = position - block * this.#blockBytes
      const length = Math.min(lengthBytes, this.#blockBytes - within)
      const sector = this.#table.getUint32(block * 4)
      if (sector === UNUSED) this.#allocate(block, within, length, from, offset)
      else {
        this.#store.write(sector * SECTOR_BYTES + this.#bitmapBytes + within, from, offset, length)
        if (this.#isDifferencing) this.#own(block, within, length)
      }
      position += length
      offset += length
      lengthBytes -= length
    }
  }

  /** Notes that the image has sectors itself. */
  #own(block: number, within: number, length: number): void {
    const bitmap = this.#bitmap(block)
    const end = (within + length) / SECTOR_BYTES
    let isNew = false
    for (let sector = within / SECTOR_BYTES; sector < end; sector++) {
      if (hasBit(bitmap, sector)) continue
      setBit(bitmap, sector)
      isNew = true
    }
    if (isNew) this.#hold(block)
  }

  #hold(block: number): void {
    this.#changed.add(block)
    if (this.#changed.size >= MAX_PENDING_BLOCKS) this.settle()
  }

  #allocate(block: number, within: number, length: number, from: Uint8Array, offset: number): void {
    const bitmapBytes = this.#bitmapBytes
    const dataStart = Math.ceil((this.#end + bitmapBytes) / DATA_ALIGNMENT) * DATA_ALIGNMENT
    const start = dataStart - bitmapBytes
    const end = dataStart + this.#blockBytes
    this.#checkRoom(end)
    this.#isGrown = true
    if (end > this.#footerAt) this.#moveFooter(end + (GROWTH_BLOCKS - 1) * this.#blockBytes)
    if (start < this.#blankFrom) this.#clear(start, Math.min(end, this.#blankFrom))
    // Should this write fail, some of it may be there.
    this.#blankFrom = Math.max(this.#blankFrom, end)
    this.#store.write(dataStart + within, from, offset, length)
    const bitmap = new Uint8Array(bitmapBytes)
    if (this.#isDifferencing)
      for (let sector = within / SECTOR_BYTES; sector < (within + length) / SECTOR_BYTES; sector++)
        setBit(bitmap, sector)
    else bitmap.fill(0xff)
    if (this.#bitmaps.size >= MAX_BITMAPS) {
      this.settle()
      this.#bitmaps.clear()
    }
    this.#bitmaps.set(block, bitmap)
    this.#table.setUint32(block * 4, start / SECTOR_BYTES)
    this.#held.touch(block * 4)
    this.#end = end
    this.#hold(block)
  }

  /** The new one first: the file ends with a footer at any moment. */
  #moveFooter(position: number): void {
    const old = this.#footerAt
    this.#store.write(position, this.#footer)
    this.#footerAt = position
    const blankFrom = this.#blankFrom
    this.#blankFrom = Math.max(blankFrom, old + FOOTER_BYTES)
    this.#clear(old, old + FOOTER_BYTES)
    this.#blankFrom = blankFrom
  }

  #clear(start: number, end: number): void {
    this.#store.write(start, new Uint8Array(end - start))
  }

  /** Places are 32-bit sector numbers, of which the last means none. */
  #checkRoom(end: number): void {
    if (end / SECTOR_BYTES < UNUSED) return
    throw new AppError('disk/too-large', `${this.#path} cannot grow beyond 2 TiB`, { context: { path: this.#path } })
  }

  settle(): void {
    for (const block of this.#changed) {
      const bitmap = this.#bitmaps.get(block) as Uint8Array
      this.#store.write(this.#table.getUint32(block * 4) * SECTOR_BYTES, bitmap)
      this.#changed.delete(block)
    }
    this.#held.writeBack()
  }

  flush(): void {
    if (this.readOnly) return
    this.settle()
    this.#store.flush()
  }

  close(): void {
    try {
      this.settle()
      if (!this.#isGrown) return
      this.#store.write(this.#end, this.#footer)
      this.#store.truncate(this.#end + FOOTER_BYTES)
    } finally {
      this.#store.close()
    }
  }
}

/** The first sector is the highest bit of the first byte. */
function hasBit(bitmap: Uint8Array, sector: number): boolean {
  return ((bitmap[sector >> 3] as number) & (0x80 >> (sector & 7))) !== 0
}

function setBit(bitmap: Uint8Array, sector: number): void {
  bitmap[sector >> 3] = (bitmap[sector >> 3] as number) | (0x80 >> (sector & 7))
}
