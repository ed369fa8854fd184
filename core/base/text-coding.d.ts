/** Text coding, which every host has and no ECMAScript library declares. Source: WHATWG Encoding. */

declare class TextEncoder {
  /** UTF-8. */
  encode(text?: string): Uint8Array<ArrayBuffer>
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(bytes?: ArrayBufferView | ArrayBuffer, options?: { stream?: boolean }): string
}
