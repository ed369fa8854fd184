/** Growing byte buffers with the encodings of the WebAssembly binary format (WebAssembly Core Specification 2.0, chapter 5). */
/** Buffers of sinks that are done with: outside of the heap, so making one costs more than filling it, and it lives until garbage is collected. */
const spare: Uint8Array<ArrayBuffer>[] = []
const MOST_SPARE = 32
const LARGEST_SPARE = 1 << 19
const NO_BYTES = new Uint8Array(0)
const floats = new DataView(new ArrayBuffer(8))

export class ByteSink {
  bytes = spare.pop() ?? new Uint8Array(1024)
  length = 0
  /** Places (5 bytes each) where the index of a function belongs that is not known yet. */
  readonly relocations: { at: number; readonly callee: { readonly index: number } }[] = []

  #reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  u8(value: number): void {
    if (this.length === this.bytes.length) this.#reserve(1)
    this.bytes[this.length++] = value
  }

  /** The instruction `local.get`. */
  localGet(index: number): void {
    this.u8(0x20)
    this.u32(index)
  }

  /** Unsigned LEB128 of a 32-bit value. */
  u32(value: number): void {
    value >>>= 0
    while (value > 0x7f) {
      this.u8((value & 0x7f) | 0x80)
      value >>>= 7
    }
    this.u8(value)
  }

  /** Signed LEB128 of a 32-bit value. */
  s32(value: number): void {
    value |= 0
    for (;;) {
      const byte = value & 0x7f
      value >>= 7
      const last = byte & 0x40 ? value === -1 : value === 0
      this.u8(last ? byte : byte | 0x80)
      if (last) return
    }
  }

  /** Signed LEB128 of a 64-bit value. */
  s64(value: bigint): void {
    value = BigInt.asIntN(64, value)
    for (;;) {
      const byte = Number(value & 0x7fn)
      value >>= 7n
      const last = byte & 0x40 ? value === -1n : value === 0n
      this.u8(last ? byte : byte | 0x80)
      if (last) return
    }
  }

  f32(value: number): void {
    floats.setFloat32(0, value, true)
    for (let i = 0; i < 4; i++) this.u8(floats.getUint8(i))
  }

  f64(value: number): void {
    floats.setFloat64(0, value, true)
    for (let i = 0; i < 8; i++) this.u8(floats.getUint8(i))
  }

  name(text: string): void {
    this.u32(text.length)
    for (let i = 0; i < text.length; i++) this.u8(text.charCodeAt(i))
  }

  /** The index of a function, filled in by `relocate`. */
  functionIndex(callee: { readonly index: number }): void {
    this.relocations.push({ at: this.length, callee })
    this.raw([0x80, 0x80, 0x80, 0x80, 0])
  }

  /** Writes the function indices, now that they are known (LEB128 padded to 5 bytes). */
  relocate(): void {
    for (const { at, callee } of this.relocations)
      for (let i = 0; i < 5; i++) this.bytes[at + i] = ((callee.index >>> (7 * i)) & 0x7f) | (i < 4 ? 0x80 : 0)
  }

  append(other: ByteSink): void {
    for (const { at, callee } of other.relocations) this.relocations.push({ at: at + this.length, callee })
    this.#reserve(other.length)
    this.bytes.set(other.bytes.subarray(0, other.length), this.length)
    this.length += other.length
  }

  raw(bytes: ArrayLike<number>): void {
    this.#reserve(bytes.length)
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** Gives the buffer back; the sink is empty then. */
  release(): void {
    if (spare.length < MOST_SPARE && this.bytes.length <= LARGEST_SPARE && this.bytes.length > 0) spare.push(this.bytes)
    this.bytes = NO_BYTES
    this.length = 0
  }

  /** The bytes written so far, as a copy. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length)
  }
}
