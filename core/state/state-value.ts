/**
 * Plain data that saved records are made of, and its bytes. Everything is written as it is found: the same record gives the
 * same bytes, and what is read back is equal to what was written.
 *
 *   tag (u8)  then
 *   0 null · 1 false · 2 true
 *   3 integer        i32
 *   4 number         f64
 *   5 string         u32 bytes of UTF-8
 *   6 bytes          u32 length, bytes
 *   7 halfwords      u32 count, u16 each
 *   8 words          u32 count, u32 each
 *   9 list           u32 count, values
 *   10 record        u32 count, for each: string without tag, value
 */
import { AppError } from '../base/errors.ts'

/** Plain data: numbers, strings, booleans, typed arrays, arrays and records of these. */
export type StateValue =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | readonly StateValue[]
  | { readonly [key: string]: StateValue }
export type StateRecord = { readonly [key: string]: StateValue }

const TAG = {
  NULL: 0,
  FALSE: 1,
  TRUE: 2,
  INTEGER: 3,
  NUMBER: 4,
  STRING: 5,
  BYTES: 6,
  HALFWORDS: 7,
  WORDS: 8,
  LIST: 9,
  RECORD: 10,
} as const

/** Records are trees of a few levels; more is no record of ours. */
const MAX_DEPTH = 32

/** A growing buffer, little-endian. */
class Writer {
  #bytes = new Uint8Array(4096)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  #room(count: number): number {
    const at = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2))
      bytes.set(this.#bytes)
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer)
    }
    return at
  }

  u8(value: number): void {
    const at = this.#room(1)
    this.#bytes[at] = value
  }

  u32(value: number): void {
    const at = this.#room(4)
    this.#view.setUint32(at, value, true)
  }

  f64(value: number): void {
    const at = this.#room(8)
    this.#view.setFloat64(at, value, true)
  }

  raw(bytes: Uint8Array): void {
    const at = this.#room(bytes.length)
    this.#bytes.set(bytes, at)
  }

  string(text: string): void {
    const bytes = new TextEncoder().encode(text)
    this.u32(bytes.length)
    this.raw(bytes)
  }

  value(value: StateValue): void {
    if (value === null) this.u8(TAG.NULL)
    else if (typeof value === 'boolean') this.u8(value ? TAG.TRUE : TAG.FALSE)
    else if (typeof value === 'number') this.#number(value)
    else if (typeof value === 'string') {
      this.u8(TAG.STRING)
      this.string(value)
    } else if (value instanceof Uint8Array) {
      this.u8(TAG.BYTES)
      this.u32(value.length)
      this.raw(value)
    } else if (value instanceof Uint16Array) {
      this.u8(TAG.HALFWORDS)
      this.u32(value.length)
      for (const element of value) {
        this.u8(element & 0xff)
        this.u8(element >>> 8)
      }
    } else if (value instanceof Uint32Array) {
      this.u8(TAG.WORDS)
      this.u32(value.length)
      for (const element of value) this.u32(element)
    } else if (Array.isArray(value)) {
      this.u8(TAG.LIST)
      this.u32(value.length)
      for (const item of value) this.value(item)
    } else this.#record(value as StateRecord)
  }

  #number(value: number): void {
    // Minus zero is a number of its own.
    if (Number.isInteger(value) && value === (value | 0) && !Object.is(value, -0)) {
      this.u8(TAG.INTEGER)
      this.u32(value)
    } else {
      this.u8(TAG.NUMBER)
      this.f64(value)
    }
  }

  #record(record: StateRecord): void {
    const entries = Object.entries(record)
    this.u8(TAG.RECORD)
    this.u32(entries.length)
    for (const [key, item] of entries) {
      this.string(key)
      this.value(item)
    }
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length)
  }
}

/** The bytes of `record`. */
export function encodeRecord(record: StateRecord): Uint8Array<ArrayBuffer> {
  const writer = new Writer()
  writer.value(record)
  return writer.finish()
}

/** Reads what `Writer` wrote; every count is checked against what is left before anything is allocated. */
class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #what: string
  #at = 0

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#what = what
  }

  corrupt(why: string): never {
    throw new AppError('state/corrupt', `${this.#what} is damaged: ${why}`, { context: { offset: this.#at } })
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  #take(count: number): number {
    if (count > this.#bytes.length - this.#at) this.corrupt('it ends too early')
    const at = this.#at
    this.#at += count
    return at
  }

  #u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  /** A count of elements that take at least `bytes` each. */
  #count(bytes: number): number {
    const count = this.#u32()
    if (count * bytes > this.#bytes.length - this.#at) this.corrupt('it ends too early')
    return count
  }

  #string(): string {
    const length = this.#count(1)
    const at = this.#take(length)
    return new TextDecoder().decode(this.#bytes.subarray(at, at + length))
  }

  value(depth: number): StateValue {
    if (depth > MAX_DEPTH) this.corrupt('it is nested too deeply')
    const tag = this.#bytes[this.#take(1)]
    switch (tag) {
      case TAG.NULL:
        return null
      case TAG.FALSE:
        return false
      case TAG.TRUE:
        return true
      case TAG.INTEGER:
        return this.#view.getInt32(this.#take(4), true)
      case TAG.NUMBER:
        return this.#view.getFloat64(this.#take(8), true)
      case TAG.STRING:
        return this.#string()
      case TAG.BYTES: {
        const length = this.#count(1)
        const at = this.#take(length)
        return this.#bytes.slice(at, at + length)
      }
      case TAG.HALFWORDS: {
        const values = new Uint16Array(this.#count(2))
        for (let i = 0; i < values.length; i++) values[i] = this.#view.getUint16(this.#take(2), true)
        return values
      }
      case TAG.WORDS: {
        const values = new Uint32Array(this.#count(4))
        for (let i = 0; i < values.length; i++) values[i] = this.#u32()
        return values
      }
      case TAG.LIST: {
        const count = this.#count(1)
        const list: StateValue[] = []
        for (let i = 0; i < count; i++) list.push(this.value(depth + 1))
        return list
      }
      case TAG.RECORD:
        return this.#record(depth)
      default:
        return this.corrupt(`there is no kind of value ${tag}`)
    }
  }

  #record(depth: number): StateRecord {
    const count = this.#count(5)
    const record: Record<string, StateValue> = {}
    for (let i = 0; i < count; i++) {
      const key = this.#string()
      // A key that every object has would not become a property of the record.
      if (key === '__proto__' || Object.hasOwn(record, key)) this.corrupt('a field stands twice')
      record[key] = this.value(depth + 1)
    }
    return record
  }
}

/** The record in `bytes`, called `what` in errors. Throws `state/corrupt`. */
export function decodeRecord(bytes: Uint8Array, what: string): StateRecord {
  const reader = new Reader(bytes, what)
  const value = reader.value(0)
  if (!reader.atEnd) reader.corrupt('something follows it')
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value))
    return reader.corrupt('it is no record')
  return value as StateRecord
}
