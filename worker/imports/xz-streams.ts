/**
 * The streams that an .xz file consists of, by their indexes at its end: the decompressor knows one stream at a time. Source: The
 * .xz File Format 1.2.1, 2.1.2 (footer), 4 (index).
 */
import { AppError } from '../../core/base/errors.ts'
import type { ByteStore } from '../../core/disk/block-device.ts'

const HEADER_BYTES = 12
const FOOTER_BYTES = 12
const MAX_STREAMS = 1024
/** An index larger than this (some million blocks) is not of an image. */
const MAX_INDEX_BYTES = 64 << 20

export interface XzStream {
  /** In the file, in bytes. */
  readonly start: number
  readonly end: number
  readonly unpackedBytes: number
}

/** Finds the streams from the last to the first. Throws `disk/corrupt-image` for a file that is cut short or damaged. */
export function xzStreams(store: ByteStore, name: string): XzStream[] {
  const streams: XzStream[] = []
  let end = store.sizeBytes
  while (end > 0) {
    if (streams.length >= MAX_STREAMS) throw damaged(name)
    const footer = new Uint8Array(FOOTER_BYTES)
    // Streams may be followed by groups of four zeros.
    store.read(end - 4, footer, 0, 4)
    if (footer.subarray(0, 4).every((byte) => byte === 0)) {
      end -= 4
      continue
    }
    if (end < HEADER_BYTES + FOOTER_BYTES) throw damaged(name)
    store.read(end - FOOTER_BYTES, footer)
    const isFooter = footer[10] === 0x59 && footer[11] === 0x5a
    const indexBytes = (new DataView(footer.buffer).getUint32(4, true) + 1) * 4
    const indexStart = end - FOOTER_BYTES - indexBytes
    if (!isFooter || indexBytes > MAX_INDEX_BYTES || indexStart < HEADER_BYTES) throw damaged(name)
    const index = new Uint8Array(indexBytes)
    store.read(indexStart, index)
    const { blockBytes, unpackedBytes } = readIndex(index, name)
    const start = indexStart - blockBytes - HEADER_BYTES
    if (start < 0) throw damaged(name)
    streams.unshift({ start, end, unpackedBytes })
    end = start
  }
  if (streams.length === 0) throw damaged(name)
  return streams
}

function readIndex(index: Uint8Array, name: string): { blockBytes: number; unpackedBytes: number } {
  let at = 1
  const next = () => {
    let value = 0
    for (let i = 0; i < 9; i++) {
      const byte = index[at++]
      if (byte === undefined) throw damaged(name)
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) return value
    }
    throw damaged(name)
  }
  if (index[0] !== 0) throw damaged(name)
  const records = next()
  let blockBytes = 0
  let unpackedBytes = 0
  for (let i = 0; i < records; i++) {
    blockBytes += Math.ceil(next() / 4) * 4
    unpackedBytes += next()
  }
  return { blockBytes, unpackedBytes }
}

function damaged(name: string): AppError {
  return new AppError('disk/corrupt-image', `${name} is damaged or cut short`)
}
