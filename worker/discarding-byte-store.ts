/**
 * A store over another whose writes are forgotten: they go to a scratch file (unlinked at once where the host allows it), at
 * the same positions, so that it is sparse and grows only with what was written. A bitmap knows which blocks are there.
 */
import { randomUUID } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ByteStore } from '../core/disk/block-device.ts'
import { openFileByteStore } from './file-byte-store.ts'

const BLOCK_BYTES = 4096

/** The scratch file, and what remains to be done when it is closed. */
interface Scratch {
  readonly store: ByteStore
  close(): void
}

function createScratch(): Scratch {
  const path = join(tmpdir(), `vitrine-${randomUUID()}.scratch`)
  writeFileSync(path, '', { flag: 'wx', mode: 0o600 })
  const store = openFileByteStore(path, false)
  const remove = () => rmSync(path, { force: true })
  // Windows does not remove what is open.
  if (process.platform !== 'win32') remove()
  return {
    store,
    close() {
      store.close()
      remove()
    },
  }
}

export class DiscardingByteStore implements ByteStore {
  readonly readOnly = false
  readonly #base: ByteStore
  #scratch: Scratch | undefined
  #present: Uint8Array
  #sizeBytes: number
  /** Bytes of the base that still show: less than its size once the store was truncated. */
  #baseBytes: number

  /** Owns `base` from now on, which may be read-only. */
  constructor(base: ByteStore) {
    this.#base = base
    this.#sizeBytes = base.sizeBytes
    this.#baseBytes = base.sizeBytes
    this.#present = new Uint8Array(Math.ceil(base.sizeBytes / BLOCK_BYTES / 8))
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  read(position: number, into: Uint8Array): void {
    for (let done = 0; done < into.length; ) {
      const at = position + done
      const written = this.#isPresent(Math.floor(at / BLOCK_BYTES))
      let end = (Math.floor(at / BLOCK_BYTES) + 1) * BLOCK_BYTES
      // As many blocks of the same kind as there are, in one call.
      while (end < position + into.length && this.#isPresent(end / BLOCK_BYTES) === written) end += BLOCK_BYTES
      const part = into.subarray(done, Math.min(into.length, end - position))
      if (written) this.#scratch?.store.read(at, part)
      else this.#readBase(at, part)
      done += part.length
    }
  }

  write(position: number, from: Uint8Array): void {
    if (from.length === 0) return
    this.#scratch ??= createScratch()
    const first = Math.floor(position / BLOCK_BYTES)
    const last = Math.floor((position + from.length - 1) / BLOCK_BYTES)
    // Only the first and the last block can be written in part.
    if (position % BLOCK_BYTES !== 0) this.#copyUp(first)
    if ((position + from.length) % BLOCK_BYTES !== 0) this.#copyUp(last)
    this.#scratch.store.write(position, from)
    for (let block = first; block <= last; block++) this.#markPresent(block)
    this.#sizeBytes = Math.max(this.#sizeBytes, position + from.length)
  }

  truncate(sizeBytes: number): void {
    if (sizeBytes < this.#sizeBytes) {
      const zeros = new Uint8Array(Math.min(BLOCK_BYTES - (sizeBytes % BLOCK_BYTES), this.#sizeBytes - sizeBytes))
      if (sizeBytes % BLOCK_BYTES !== 0) this.write(sizeBytes, zeros)
      this.#baseBytes = Math.min(this.#baseBytes, sizeBytes)
      const firstGone = Math.ceil(sizeBytes / BLOCK_BYTES)
      for (let block = firstGone; block < this.#present.length * 8; block++) this.#forget(block)
    }
    this.#sizeBytes = sizeBytes
  }

  flush(): void {}

  close(): void {
    this.#scratch?.close()
    this.#scratch = undefined
    this.#base.close()
  }

  #readBase(position: number, into: Uint8Array): void {
    const visible = Math.max(0, Math.min(into.length, this.#baseBytes - position))
    if (visible > 0) this.#base.read(position, into.subarray(0, visible))
    into.fill(0, visible)
  }

  #copyUp(block: number): void {
    if (this.#isPresent(block)) return
    const bytes = new Uint8Array(BLOCK_BYTES)
    this.#readBase(block * BLOCK_BYTES, bytes)
    this.#scratch?.store.write(block * BLOCK_BYTES, bytes)
    this.#markPresent(block)
  }

  #isPresent(block: number): boolean {
    return (((this.#present[block >>> 3] ?? 0) >>> (block & 7)) & 1) === 1
  }

  #markPresent(block: number): void {
    if (block >>> 3 >= this.#present.length) {
      const grown = new Uint8Array(Math.max((block >>> 3) + 1, this.#present.length * 2))
      grown.set(this.#present)
      this.#present = grown
    }
    this.#present[block >>> 3] = (this.#present[block >>> 3] ?? 0) | (1 << (block & 7))
  }

  #forget(block: number): void {
    this.#present[block >>> 3] = (this.#present[block >>> 3] ?? 0) & ~(1 << (block & 7))
  }
}
