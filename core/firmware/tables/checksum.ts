/** Makes all bytes add up to zero modulo 256 by setting the one at `at`. */
export function setChecksum(bytes: Uint8Array, at: number): Uint8Array {
  bytes[at] = 0
  bytes[at] = -bytes.reduce((sum, byte) => sum + byte, 0)
  return bytes
}

/** Characters of `text` at `offset`, filled with spaces (or `fill`) to `length`. */
export function putText(bytes: Uint8Array, offset: number, text: string, length = text.length, fill = 0x20): void {
  for (let i = 0; i < length; i++) bytes[offset + i] = i < text.length ? text.charCodeAt(i) : fill
}
