/**
 * Pieces (slices) of on-disk tables in memory: L2 tables, refcount blocks. Changes are held back and written with `writeBack`,
 * in one piece per slice. A slice may be forgotten at any call of `slice`, so it is not kept between two.
 */
import type { ByteStore } from '../../block-device.ts'
import { viewOf } from '../numbers.ts'

export class Slice {
  readonly position: number
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Range that differs from the file; empty when `dirtyTo` is 0. */
  dirtyFrom = 0
  dirtyTo = 0
  used = true

  constructor(position: number, bytes: Uint8Array) {
    this.position = position
    this.bytes = bytes
    this.view = viewOf(bytes)
  }

  /** Notes that bytes `from` to `to` were changed. */
  touch(from: number, to: number): void {
    if (this.dirtyTo === 0) {
      this.dirtyFrom = from
      this.dirtyTo = to
      return
    }
    if (from < this.dirtyFrom) this.dirtyFrom = from
    if (to > this.dirtyTo) this.dirtyTo = to
  }
}

export class TableCache {
  readonly sliceBytes: number
  readonly #store: ByteStore
  readonly #maxSlices: number
  /** Called before a changed slice must go; writes all changes in the order that their owner wants. */
  readonly #onPressure: () => void
  readonly #slices = new Map<number, Slice>()
  readonly #dirty = new Set<Slice>()
  #last: Slice | undefined

  constructor(store: ByteStore, sliceBytes: number, maxBytes: number, onPressure: () => void) {
    this.#store = store
    this.sliceBytes = sliceBytes
    this.#maxSlices = Math.max(4, Math.floor(maxBytes / Math.max(sliceBytes, 512)))
    this.#onPressure = onPressure
  }

  get hasChanges(): boolean {
    return this.#dirty.size > 0
  }

  /** The slice that begins at `position` of the file. */
  slice(position: number): Slice {
    const last = this.#last
    if (last !== undefined && last.position === position) return last
    const key = position / this.sliceBytes
    let slice = this.#slices.get(key)
    if (slice === undefined) {
      if (this.#slices.size >= this.#maxSlices) this.#makeRoom()
      slice = new Slice(position, new Uint8Array(this.sliceBytes))
      this.#store.read(position, slice.bytes)
      this.#slices.set(key, slice)
    }
    slice.used = true
    this.#last = slice
    return slice
  }

  /** Notes that bytes `from` to `to` of `slice` were changed. */
  touch(slice: Slice, from: number, to: number): void {
    slice.touch(from, to)
    this.#dirty.add(slice)
  }

  /** Writes what was changed, each slice after `before` has been called with it. What could not be written stays changed. */
  writeBack(before?: (slice: Slice) => void): void {
    for (const slice of this.#dirty) {
      before?.(slice)
      this.#store.write(slice.position + slice.dirtyFrom, slice.bytes, slice.dirtyFrom, slice.dirtyTo - slice.dirtyFrom)
      slice.dirtyTo = 0
      this.#dirty.delete(slice)
    }
  }

  /** Forgets slices in a range of the file that another use is made of. */
  forget(position: number, lengthBytes: number): void {
    for (let at = position; at < position + lengthBytes; at += this.sliceBytes) {
      const key = at / this.sliceBytes
      const slice = this.#slices.get(key)
      if (!slice) continue
      this.#slices.delete(key)
      this.#dirty.delete(slice)
      if (this.#last === slice) this.#last = undefined
    }
  }

  /** Second chance: what was used since the last round stays. */
  #makeRoom(): void {
    if (this.#dirty.size > 0) this.#onPressure()
    const target = this.#maxSlices - Math.max(1, this.#maxSlices >> 3)
    // At most two rounds: in the second one nothing counts as used any more.
    for (let left = 2 * this.#slices.size; left > 0 && this.#slices.size > target; left--) {
      const [key, slice] = this.#slices.entries().next().value as [number, Slice]
      this.#slices.delete(key)
      if (!slice.used && slice.dirtyTo === 0) continue
      slice.used = false
      this.#slices.set(key, slice)
    }
    this.#last = undefined
  }
}
