/**
 * The memory of a snapshot, put back. Chunks of the packs are unpacked on other threads from the moment on at which this begins, so
 * that a machine can be made meanwhile; each chunk is unpacked once.
 */
import { AppError } from '../../core/base/errors.ts'
import { readWhole } from '../files/durable-files.ts'
import { decodeMemoryMap, type MemoryMap } from './memory-map.ts'
import { CHUNK_PAGES, openPack, PAGE_BYTES, type PackReader } from './page-pack.ts'
import { packFile } from './write-memory.ts'

/** Chunks that are being unpacked or wait to be put in place: 64 MiB. */
const MOST_CHUNKS = 256

/** Pages of one chunk: where they go, and their numbers in the pack. */
interface ChunkJob {
  readonly reader: PackReader
  readonly chunk: number
  readonly places: { readonly page: number; readonly number: number }[]
}

type Unpacked = { readonly bytes: Uint8Array } | { readonly error: unknown }

export class SavedMemory {
  readonly #map: MemoryMap
  readonly #readers: PackReader[] = []
  readonly #jobs: ChunkJob[]
  readonly #begun: Promise<Unpacked>[] = []

  /** Begins. Throws `state/corrupt` or `disk/not-found`. */
  constructor(mapFile: string, packFolder: string) {
    this.#map = decodeMemoryMap(readWhole(mapFile))
    try {
      for (const id of this.#map.packs) this.#readers.push(openPack(packFile(packFolder, id)))
      this.#jobs = this.#plan()
      while (this.#begun.length < Math.min(MOST_CHUNKS, this.#jobs.length)) this.#beginNext()
    } catch (error) {
      this.close()
      throw error
    }
  }

  #plan(): ChunkJob[] {
    const { packOf, numberOf } = this.#map
    const jobs = new Map<number, ChunkJob>()
    for (let page = 0; page < packOf.length; page++) {
      const pack = packOf[page] as number
      if (pack === 0) continue
      const number = numberOf[page] as number
      const chunk = Math.floor(number / CHUNK_PAGES)
      const key = pack * 2 ** 32 + chunk
      let job = jobs.get(key)
      if (!job) {
        job = { reader: this.#readers[pack - 1] as PackReader, chunk, places: [] }
        jobs.set(key, job)
      }
      job.places.push({ page, number: number % CHUNK_PAGES })
    }
    return [...jobs.values()]
  }

  #beginNext(): void {
    const { reader, chunk } = this.#jobs[this.#begun.length] as ChunkJob
    // A failure is told when it is this chunk's turn.
    this.#begun.push(
      reader.unpack(chunk).then(
        (bytes) => ({ bytes }),
        (error: unknown) => ({ error }),
      ),
    )
  }

  /**
   * Fills `saved`, the saved memory of a machine, which is all zeros but for its first `usedBytes`. Rejects with `state/corrupt`,
   * `disk/io` or `vm/invalid-state`.
   */
  async putInto(saved: Uint8Array, usedBytes: number): Promise<void> {
    const { packOf } = this.#map
    if (packOf.length * PAGE_BYTES !== saved.length)
      throw new AppError('vm/invalid-state', 'The saved memory is of a machine with another amount of memory', {
        context: { savedPages: packOf.length, pages: saved.length / PAGE_BYTES },
      })
    for (const [i, { reader, places }] of this.#jobs.entries()) {
      const unpacked = (await this.#begun[i]) as Unpacked
      if ('error' in unpacked) throw unpacked.error
      for (const { page, number } of places) saved.set(reader.pageOf(unpacked.bytes, number), page * PAGE_BYTES)
      delete this.#begun[i]
      if (this.#begun.length < this.#jobs.length) this.#beginNext()
    }
    // The rest is zeros, and memory that nobody touches takes none of the computer's.
    for (let page = 0; page < usedBytes / PAGE_BYTES; page++)
      if (packOf[page] === 0) saved.fill(0, page * PAGE_BYTES, (page + 1) * PAGE_BYTES)
  }

  /** Closes the packs; what is being unpacked is forgotten. */
  close(): void {
    for (const reader of this.#readers) reader.close()
  }
}
