/** Writes that are kept in memory and forgotten: a throw-away view of any medium, which is itself never written. */
import type { BlockDevice } from './block-device.ts'
import { checkSectors } from './bounds.ts'

/** Bytes copied from the medium at the first write near them. */
const CHUNK_BYTES = 0x1_0000

/** A writable view over `base`. Costs memory only for what is written, in chunks of 64 KiB. */
export class OverlayDisk implements BlockDevice {
  readonly sectorBytes: number
  readonly sectors: number
  readonly readOnly = false
  readonly #base: BlockDevice
  readonly #chunkSectors: number
  readonly #chunks = new Map<number, Uint8Array>()

  constructor(base: BlockDevice) {
    this.#base = base
    this.sectorBytes = base.sectorBytes
    this.sectors = base.sectors
    this.#chunkSectors = CHUNK_BYTES / base.sectorBytes
  }

  /** Bytes held in memory. */
  get usedBytes(): number {
    return this.#chunks.size * CHUNK_BYTES
  }

  readSectors(lba: number, count: number, into: Uint8Array, offset = 0): void {
    checkSectors(this.sectors, lba, count)
    this.#eachPart(lba, count, (chunk, first, sectors, done) => {
      const at = offset + done * this.sectorBytes
      const data = this.#chunks.get(chunk)
      const start = first * this.sectorBytes
      if (data) into.set(data.subarray(start, start + sectors * this.sectorBytes), at)
      else this.#base.readSectors(chunk * this.#chunkSectors + first, sectors, into, at)
    })
  }

  writeSectors(lba: number, count: number, from: Uint8Array, offset = 0): void {
    checkSectors(this.sectors, lba, count)
    this.#eachPart(lba, count, (chunk, first, sectors, done) => {
      const at = offset + done * this.sectorBytes
      this.#own(chunk).set(from.subarray(at, at + sectors * this.sectorBytes), first * this.sectorBytes)
    })
  }

  flush(): void {}

  /** Forgets what was written and closes the medium. */
  close(): void {
    this.#chunks.clear()
    this.#base.close()
  }

  #own(chunk: number): Uint8Array {
    let data = this.#chunks.get(chunk)
    if (!data) {
      data = new Uint8Array(CHUNK_BYTES)
      const first = chunk * this.#chunkSectors
      this.#base.readSectors(first, Math.min(this.#chunkSectors, this.sectors - first), data)
      this.#chunks.set(chunk, data)
    }
    return data
  }

  /** Calls `visit` for the part of each chunk: its number, first sector in it, sectors, and sectors already done. */
  #eachPart(
    lba: number,
    count: number,
    visit: (chunk: number, first: number, sectors: number, done: number) => void,
  ): void {
    for (let done = 0; done < count; ) {
      const chunk = Math.floor((lba + done) / this.#chunkSectors)
      const first = lba + done - chunk * this.#chunkSectors
      const sectors = Math.min(count - done, this.#chunkSectors - first)
      visit(chunk, first, sectors, done)
      done += sectors
    }
  }
}
