/** A host file that lives in memory, with switches for what can go wrong with real ones. */
import { AppError } from '../../core/base/errors.ts'
import type { ByteStore } from '../../core/disk/block-device.ts'

/** Grows as files do; `failing` makes every access fail as a broken host disk does. */
export class MemoryByteStore implements ByteStore {
  readonly readOnly: boolean
  failing = false
  flushes = 0
  closed = false
  #bytes: Uint8Array

  constructor(bytes: Uint8Array | number, options: { readOnly?: boolean } = {}) {
    this.#bytes = typeof bytes === 'number' ? new Uint8Array(bytes) : bytes
    this.readOnly = options.readOnly ?? false
  }

  get sizeBytes(): number {
    return this.#bytes.length
  }

  /** The content. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  read(position: number, into: Uint8Array): void {
    this.#check()
    into.fill(0)
    into.set(this.#bytes.subarray(position, position + into.length))
  }

  write(position: number, from: Uint8Array): void {
    this.#check()
    if (this.readOnly) throw new AppError('disk/read-only', 'The store is read-only')
    if (position + from.length > this.#bytes.length) this.truncate(position + from.length)
    this.#bytes.set(from, position)
  }

  truncate(sizeBytes: number): void {
    const bytes = new Uint8Array(sizeBytes)
    bytes.set(this.#bytes.subarray(0, sizeBytes))
    this.#bytes = bytes
  }

  flush(): void {
    this.#check()
    this.flushes++
  }

  close(): void {
    this.closed = true
  }

  #check(): void {
    if (this.failing) throw new AppError('disk/io', 'The host disk is broken')
  }
}
