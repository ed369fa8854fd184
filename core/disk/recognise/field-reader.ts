/** Numbers and text at places of a store, little-endian; what is past the end reads as zero. */
import type { ByteStore } from '../block-device.ts'

/** Reads fields of a structure that begins at `base`. */
export class FieldReader {
  readonly #store: ByteStore
  readonly #base: number

  constructor(store: ByteStore, base = 0) {
    this.#store = store
    this.#base = base
  }

  /** The same store, seen from `offset` on. */
  from(offset: number): FieldReader {
    return new FieldReader(this.#store, this.#base + offset)
  }

  bytes(offset: number, lengthBytes: number): Uint8Array {
    const bytes = new Uint8Array(lengthBytes)
    const position = this.#base + offset
    if (position >= 0 && position < this.#store.sizeBytes) this.#store.read(position, bytes)
    return bytes
  }

  u8(offset: number): number {
    return this.bytes(offset, 1)[0]
  }

  u16(offset: number): number {
    const [low, high] = this.bytes(offset, 2)
    return low | (high << 8)
  }

  u32(offset: number): number {
    return (this.u16(offset) | (this.u16(offset + 2) << 16)) >>> 0
  }

  /** Bytes as Latin-1 characters. */
  text(offset: number, lengthBytes: number): string {
    return latin1(this.bytes(offset, lengthBytes))
  }
}

/** Bytes as Latin-1 characters. */
export function latin1(bytes: Uint8Array): string {
  const PIECE = 4096
  let text = ''
  for (let at = 0; at < bytes.length; at += PIECE) text += String.fromCharCode(...bytes.subarray(at, at + PIECE))
  return text
}
