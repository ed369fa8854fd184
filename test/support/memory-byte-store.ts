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
  #size: number

  constructor(bytes: Uint8Array | number, options: { readOnly?: boolean } = {}) {
    this.#bytes = typeof bytes === 'number' ? new Uint8Array(bytes) : bytes
    this.#size = this.#bytes.length
    this.readOnly = options.readOnly ?? false
  }

  get sizeBytes(): number {
    return this.#size
  }

  /** The content. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size)
  }

  read(position: number, into: Uint8Array, offset = 0, length = into.length - offset): void {
    this.#check()
    into.fill(0, offset, offset + length)
    into.set(this.#bytes.subarray(position, Math.max(position, Math.min(position + length, this.#size))), offset)
  }

  write(position: number, from: Uint8Array, offset = 0, length = from.length - offset): void {
    this.#check()
    if (this.readOnly) throw new AppError('disk/read-only', 'The store is read-only')
    if (position + length > this.#size) this.truncate(position + length)
    this.#bytes.set(from.subarray(offset, offset + length), position)
  }

  truncate(sizeBytes: number): void {
    if (sizeBytes > this.#bytes.length) {
      // Room for more, so that growing in small steps does not copy everything each time.
      const bytes = new Uint8Array(Math.max(sizeBytes, Math.min(this.#bytes.length * 2, this.#bytes.length + 2 ** 24)))
      bytes.set(this.#bytes.subarray(0, this.#size))
      this.#bytes = bytes
    } else if (sizeBytes < this.#size) this.#bytes.fill(0, sizeBytes, this.#size)
    this.#size = sizeBytes
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
