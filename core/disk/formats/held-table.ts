/** A table of an image that is in memory as a whole. Changes are held back and written with `writeBack`, in pieces. */
import type { ByteStore } from '../block-device.ts'
import { viewOf } from './numbers.ts'

const PIECE_BYTES = 512

export class HeldTable {
  readonly view: DataView
  readonly #bytes: Uint8Array
  readonly #store: ByteStore
  readonly #position: number
  readonly #changed = new Set<number>()

  /** Reads `lengthBytes` at `position` of the file. */
  constructor(store: ByteStore, position: number, lengthBytes: number) {
    this.#store = store
    this.#position = position
    this.#bytes = new Uint8Array(lengthBytes)
    this.view = viewOf(this.#bytes)
    store.read(position, this.#bytes)
  }

  get hasChanges(): boolean {
    return this.#changed.size > 0
  }

  /** Notes that the entry at `offset` of the table was changed. */
  touch(offset: number): void {
    this.#changed.add(Math.floor(offset / PIECE_BYTES))
  }

  /** Writes what was changed. What could not be written stays changed. */
  writeBack(): void {
    for (const piece of this.#changed) {
      const offset = piece * PIECE_BYTES
      const length = Math.min(PIECE_BYTES, this.#bytes.length - offset)
      this.#store.write(this.#position + offset, this.#bytes, offset, length)
      this.#changed.delete(piece)
    }
  }
}
