/**
 * Dynamic and differencing VHD images, read and written in place. A new block takes the place of the footer, which is written
 * behind it first; the table names the block last. A differencing image has, in front of each block, a bit for each sector
 * that it has itself. Source: Microsoft, Virtual Hard Disk Image Format Specification 1.0.
 */
import { AppError } from '../../../base/errors.ts'
import type { ByteStore } from '../../block-device.ts'
import { type Extent, ExtentKind, type ImageDetails, type ImageLayer } from '../../disk-image.ts'
import type { LayerRequest } from '../image-format.ts'
import { viewOf } from '../numbers.ts'
import { corrupt, DiskType, FOOTER_BYTES, type VhdFooter, type VhdHeader } from './footer.ts'

const UNUSED = 0xffff_ffff
const SECTOR_BYTES = 512
/** Bitmaps in memory: one for each block of 2 MiB, so that they cover 16 GiB. */
const MAX_BITMAPS = 8192

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
  /** Sector numbers of blocks. */
  readonly #table: DataView
  readonly #bitmaps = new Map<number, Uint8Array>()
  readonly #isDifferencing: boolean
  /** Where the next block goes, and the footer is. */
  #end: number

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
    const bytes = new Uint8Array(header.entries * 4)
    store.read(header.tableOffset, bytes)
    this.#table = viewOf(bytes)
    this.#end = this.#findEnd(header)
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
      if (this.#bitmaps.size >= MAX_BITMAPS) this.#bitmaps.clear()
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

  /** Notes that the image has sectors itself, after they were written. */
  #own(block: number, within: number, length: number): void {
    const bitmap = this.#bitmap(block)
    const first = within / SECTOR_BYTES
    const end = (within + length) / SECTOR_BYTES
    let isNew = false
    for (let sector = first; sector < end && !isNew; sector++) isNew = !hasBit(bitmap, sector)
    if (!isNew) return
    const changed = bitmap.slice()
    for (let sector = first; sector < end; sector++) setBit(changed, sector)
    const from = Math.floor(first / 8)
    this.#store.write(
      this.#table.getUint32(block * 4) * SECTOR_BYTES + from,
      changed,
      from,
      Math.floor((end - 1) / 8) + 1 - from,
    )
    this.#bitmaps.set(block, changed)
  }

  #allocate(block: number, within: number, length: number, from: Uint8Array, offset: number): void {
    const start = this.#end
    const dataStart = start + this.#bitmapBytes
    const end = dataStart + this.#blockBytes
    // What an allocation that failed has left there.
    const left = this.#store.sizeBytes - FOOTER_BYTES - dataStart
    if (left > 0) this.#store.write(dataStart, new Uint8Array(Math.min(left, this.#blockBytes)))
    this.#store.write(end, this.#footer)
    const bitmap = new Uint8Array(this.#bitmapBytes)
    if (this.#isDifferencing)
      for (let sector = within / SECTOR_BYTES; sector < (within + length) / SECTOR_BYTES; sector++)
        setBit(bitmap, sector)
    else bitmap.fill(0xff)
    this.#store.write(dataStart + within, from, offset, length)
    this.#store.write(start, bitmap)
    const entry = new Uint8Array(4)
    viewOf(entry).setUint32(0, start / SECTOR_BYTES)
    this.#store.write(this.#tableOffset + block * 4, entry)
    this.#table.setUint32(block * 4, start / SECTOR_BYTES)
    this.#bitmaps.set(block, bitmap)
    this.#end = end
  }

  settle(): void {}

  flush(): void {
    if (!this.readOnly) this.#store.flush()
  }

  close(): void {
    this.#store.close()
  }
}

/** The first sector is the highest bit of the first byte. */
function hasBit(bitmap: Uint8Array, sector: number): boolean {
  return ((bitmap[sector >> 3] as number) & (0x80 >> (sector & 7))) !== 0
}

function setBit(bitmap: Uint8Array, sector: number): void {
  bitmap[sector >> 3] = (bitmap[sector >> 3] as number) | (0x80 >> (sector & 7))
}
