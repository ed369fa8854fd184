/** An image with its backing files, as one disk. Reads find the file that has a place; writes go into the first file only. */
import { AppError } from '../base/errors.ts'
import { checkSectors } from './bounds.ts'
import {
  createExtent,
  type DiskImage,
  type Extent,
  ExtentKind,
  type ImageLayer,
  type LayerBase,
  type LayerInfo,
} from './disk-image.ts'
import { OWNER_FIRST, OWNER_MIXED, OWNER_NONE, OwnerMap } from './owner-map.ts'

const SECTOR_BYTES = 512
/** Zeros are written in pieces of this size where the format stores them. */
const ZEROS_BYTES = 1 << 20

export interface LayeredDiskOptions {
  readonly writeProtected?: boolean
  /** The disk has at least this many sectors; those behind the end of the image are zeros until they are written. */
  readonly minSectors?: number
}

export class LayeredDisk implements DiskImage {
  readonly sectorBytes = SECTOR_BYTES
  readonly sectors: number
  readonly readOnly: boolean
  readonly chain: readonly LayerInfo[]
  readonly #layers: readonly ImageLayer[]
  readonly #top: ImageLayer
  readonly #extents: readonly Extent[]
  readonly #owners: OwnerMap | undefined
  readonly #base: LayerBase

  /** `layers` and their paths: the image first. They are closed with the disk. */
  constructor(layers: readonly ImageLayer[], paths: readonly string[], options: LayeredDiskOptions = {}) {
    const top = layers[0] as ImageLayer
    this.#layers = layers
    this.#top = top
    this.#extents = layers.map(createExtent)
    this.#owners = layers.length > 2 ? new OwnerMap(layers) : undefined
    this.sectors = Math.max(Math.ceil(top.sizeBytes / SECTOR_BYTES), options.minSectors ?? 0)
    this.readOnly = top.readOnly || (options.writeProtected ?? false)
    this.chain = layers.map(({ format, sizeBytes, backing, identity, details }, i) => {
      return { file: paths[i] as string, format, sizeBytes, backing, identity, details }
    })
    this.#base = {
      read: (position, lengthBytes, into, offset) => this.#readBelow(position, lengthBytes, into, offset),
      isZero: (position, lengthBytes) => this.#isZeroBelow(position, lengthBytes),
    }
  }

  get format() {
    return this.#top.format
  }

  get sizeBytes(): number {
    return this.sectors * SECTOR_BYTES
  }

  readSectors(lba: number, count: number, into: Uint8Array, offset = 0): void {
    checkSectors(this.sectors, lba, count)
    this.#read(0, lba * SECTOR_BYTES, count * SECTOR_BYTES, into, offset)
  }

  writeSectors(lba: number, count: number, from: Uint8Array, offset = 0): void {
    checkSectors(this.sectors, lba, count)
    if (this.readOnly) throw new AppError('disk/read-only', 'The image is write-protected')
    this.#top.write(lba * SECTOR_BYTES, count * SECTOR_BYTES, from, offset, this.#base)
  }

  writeZeros(lba: number, count: number): void {
    checkSectors(this.sectors, lba, count)
    if (this.readOnly) throw new AppError('disk/read-only', 'The image is write-protected')
    const granule = this.#top.granuleBytes / SECTOR_BYTES
    const first = Math.ceil(lba / granule) * granule
    const end = lba + count === this.sectors ? this.sectors : Math.floor((lba + count) / granule) * granule
    const done =
      end > first &&
      (this.#top.writeZeros?.(first * SECTOR_BYTES, this.#clamp((end - first) * SECTOR_BYTES, first), this.#base) ??
        false)
    if (!done) return this.#storeZeros(lba, count)
    this.#storeZeros(lba, first - lba)
    this.#storeZeros(end, lba + count - end)
  }

  /** `lengthBytes` from sector `first`, less what is past the end of an image of an odd size. */
  #clamp(lengthBytes: number, first: number): number {
    return Math.min(lengthBytes, this.#top.sizeBytes - first * SECTOR_BYTES)
  }

  #storeZeros(lba: number, count: number): void {
    const zeros = new Uint8Array(Math.min(count * SECTOR_BYTES, ZEROS_BYTES))
    for (let done = 0; done < count; ) {
      const sectors = Math.min(count - done, zeros.length / SECTOR_BYTES)
      this.writeSectors(lba + done, sectors, zeros)
      done += sectors
    }
  }

  /** Reads what layer `first` and those below it have. */
  #read(first: number, position: number, lengthBytes: number, into: Uint8Array, offset: number): void {
    const layer = this.#layers[first] as ImageLayer
    const extent = this.#extents[first] as Extent
    let here = Math.min(lengthBytes, Math.max(0, layer.sizeBytes - position))
    if (here < lengthBytes) into.fill(0, offset + here, offset + lengthBytes)
    while (here > 0) {
      layer.map(position, here, extent)
      const length = extent.lengthBytes
      if (extent.kind === ExtentKind.data) extent.store?.read(extent.position, into, offset, length)
      else if (extent.kind === ExtentKind.zero) into.fill(0, offset, offset + length)
      else if (extent.kind === ExtentKind.packed) layer.readPacked(position, length, into, offset)
      else if (first === 0) this.#readBelow(position, length, into, offset)
      else if (first + 1 < this.#layers.length) this.#read(first + 1, position, length, into, offset)
      else into.fill(0, offset, offset + length)
      position += length
      offset += length
      here -= length
    }
  }

  /** Reads what the backing files have. */
  #readBelow(position: number, lengthBytes: number, into: Uint8Array, offset: number): void {
    const owners = this.#owners
    if (!owners) {
      if (this.#layers.length > 1) this.#read(1, position, lengthBytes, into, offset)
      else into.fill(0, offset, offset + lengthBytes)
      return
    }
    while (lengthBytes > 0) {
      const owner = owners.owner(Math.floor(position / owners.granuleBytes))
      const length = this.#ownedRun(position, lengthBytes, owner)
      if (owner === OWNER_NONE) into.fill(0, offset, offset + length)
      else this.#read(owner === OWNER_MIXED ? 1 : owner - OWNER_FIRST, position, length, into, offset)
      position += length
      offset += length
      lengthBytes -= length
    }
  }

  /** Length of the run from `position` that `owner` has. */
  #ownedRun(position: number, lengthBytes: number, owner: number): number {
    const owners = this.#owners as OwnerMap
    const { granuleBytes } = owners
    let granule = Math.floor(position / granuleBytes) + 1
    const end = position + lengthBytes
    while (granule * granuleBytes < end && owners.owner(granule) === owner) granule++
    return Math.min(granule * granuleBytes, end) - position
  }

  #isZeroBelow(position: number, lengthBytes: number): boolean {
    return this.#layers.length === 1 || this.#isZero(1, position, lengthBytes)
  }

  #isZero(first: number, position: number, lengthBytes: number): boolean {
    const layer = this.#layers[first] as ImageLayer
    const extent = this.#extents[first] as Extent
    let here = Math.min(lengthBytes, Math.max(0, layer.sizeBytes - position))
    for (; here > 0; here -= extent.lengthBytes, position += extent.lengthBytes) {
      layer.map(position, here, extent)
      if (extent.kind === ExtentKind.data || extent.kind === ExtentKind.packed) return false
      if (extent.kind === ExtentKind.zero || first + 1 === this.#layers.length) continue
      const length = extent.lengthBytes
      if (!this.#isZero(first + 1, position, length)) return false
      extent.lengthBytes = length
    }
    return true
  }

  locate(position: number, lengthBytes: number, extent: Extent & { layer: number }): void {
    let length = Math.min(lengthBytes, this.sizeBytes - position)
    for (let index = 0; index < this.#layers.length; index++) {
      const layer = this.#layers[index] as ImageLayer
      extent.layer = index
      if (position >= layer.sizeBytes) break
      layer.map(position, Math.min(length, layer.sizeBytes - position), extent)
      length = extent.lengthBytes
      if (extent.kind !== ExtentKind.backing) return
    }
    extent.kind = ExtentKind.zero
    extent.lengthBytes = length
  }

  mapOwn(position: number, lengthBytes: number, extent: Extent): void {
    const here = Math.min(lengthBytes, this.#top.sizeBytes - position)
    if (here > 0) return this.#top.map(position, here, extent)
    extent.kind = ExtentKind.backing
    extent.lengthBytes = lengthBytes
  }

  /** Makes the disk larger, from the next opening on. False where the format cannot do that in place. */
  grow(sizeBytes: number): boolean {
    if (!this.#top.grow) return false
    this.#top.grow(sizeBytes)
    return true
  }

  settle(): void {
    this.#top.settle()
  }

  flush(): void {
    this.#top.flush()
  }

  close(): void {
    let failed: { readonly error: unknown } | undefined
    for (const layer of this.#layers) {
      try {
        layer.close()
      } catch (error) {
        failed ??= { error }
      }
    }
    if (failed) throw failed.error
  }
}
