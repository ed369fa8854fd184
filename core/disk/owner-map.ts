/**
 * Which file of a chain has what: remembered for each granule of the disk, so that a read through twenty snapshots asks two
 * files and not twenty. Backing files do not change while they are open, so nothing is ever forgotten for being wrong.
 */
import { createExtent, type Extent, ExtentKind, type ImageLayer } from './disk-image.ts'

/** Granules on a page of the map. */
const PAGE = 4096
/** 32 MiB. When that is full, all of it is forgotten: a guest that touches so much touches it again in order. */
const MAX_PAGES = 4096

/** Granules that are looked up at once, so that the first read of each does not ask all files. */
const MAX_RUN = 64

const UNKNOWN = 0
/** No file has it. */
export const OWNER_NONE = 1
/** Several files have parts of it. */
export const OWNER_MIXED = 2
/** Added to the index of the layer. */
export const OWNER_FIRST = 3

const MIN_GRANULE = 4096
const MAX_GRANULE = 1 << 20

export class OwnerMap {
  readonly granuleBytes: number
  readonly #layers: readonly ImageLayer[]
  readonly #pages = new Map<number, Uint16Array>()
  readonly #extent: Extent = createExtent()
  /** How many granules the last `#find` was for. */
  #run = 1
  #lastNumber = -1
  #lastPage: Uint16Array = new Uint16Array(0)

  /** `layers` as in the image; the first one, which is written, is left out of the map. */
  constructor(layers: readonly ImageLayer[]) {
    this.#layers = layers
    const sizes = layers.slice(1).flatMap(({ format, granuleBytes }) => (format === 'raw' ? [] : [granuleBytes]))
    this.granuleBytes = Math.min(Math.max(Math.min(...sizes, MAX_GRANULE), MIN_GRANULE), MAX_GRANULE)
  }

  /** OWNER_NONE, OWNER_MIXED, or OWNER_FIRST and the index of the layer. */
  owner(granule: number): number {
    const number = Math.floor(granule / PAGE)
    if (number !== this.#lastNumber) this.#turnTo(number)
    const at = granule - number * PAGE
    const known = this.#lastPage[at] as number
    if (known !== UNKNOWN) return known
    const found = this.#find(granule * this.granuleBytes, Math.min(PAGE - at, MAX_RUN))
    this.#lastPage.fill(found, at, at + this.#run)
    return found
  }

  #turnTo(number: number): void {
    let page = this.#pages.get(number)
    if (!page) {
      if (this.#pages.size >= MAX_PAGES) this.#pages.clear()
      page = new Uint16Array(PAGE)
      this.#pages.set(number, page)
    }
    this.#lastNumber = number
    this.#lastPage = page
  }

  /** The owner of the granule at `position`, and of `#run` granules from there on, at most `maxRun`. */
  #find(position: number, maxRun: number): number {
    const extent = this.#extent
    const { granuleBytes } = this
    this.#run = maxRun
    for (let index = 1; index < this.#layers.length; index++) {
      const layer = this.#layers[index] as ImageLayer
      // What is past the end of a backing file is zero, whatever that one stands on.
      if (position >= layer.sizeBytes) return OWNER_NONE
      const length = Math.min(this.#run * granuleBytes, layer.sizeBytes - position)
      layer.map(position, length, extent)
      const run = Math.floor(extent.lengthBytes / granuleBytes)
      if (run === 0) {
        this.#run = 1
        return OWNER_MIXED
      }
      this.#run = run
      if (extent.kind !== ExtentKind.backing) return OWNER_FIRST + index
    }
    return OWNER_NONE
  }
}
