/** 64-bit numbers in tables, as doubles: exact to 2^53, which no file reaches. Formats check the bits above themselves. */
import type { ByteStore } from '../block-device.ts'

const HIGH = 0x1_0000_0000

/** The big-endian 64-bit number at `offset`. */
export function readU64(view: DataView, offset: number): number {
  return view.getUint32(offset) * HIGH + view.getUint32(offset + 4)
}

export function writeU64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, Math.floor(value / HIGH))
  view.setUint32(offset + 4, value >>> 0)
}

/** The little-endian 64-bit number at `offset`. */
export function readU64Le(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * HIGH + view.getUint32(offset, true)
}

export function writeU64Le(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value >>> 0, true)
  view.setUint32(offset + 4, Math.floor(value / HIGH), true)
}

/** A view of all of `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** `bytes` as Latin-1 text up to the first zero: identifiers and signatures. */
export function textOf(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    if (byte === 0) break
    text += String.fromCharCode(byte)
  }
  return text
}

/** Bytes of `text`, which is ASCII. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}

/** Whether the file has `bytes` at `position`. */
export function startsWith(store: ByteStore, bytes: Uint8Array, position = 0): boolean {
  if (position < 0 || position + bytes.length > store.sizeBytes) return false
  const found = new Uint8Array(bytes.length)
  store.read(position, found)
  return bytes.every((byte, i) => found[i] === byte)
}
