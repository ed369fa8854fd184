/** What disk images need of the host: other files that they name, and unpacking. */
import { dirname, resolve } from 'node:path'
import { inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import { AppError } from '../../core/base/errors.ts'
import type { ImageHost } from '../../core/disk/disk-image.ts'
import { openFileByteStore } from './file-byte-store.ts'

const unpackers = { deflate: inflateRawSync, zlib: inflateSync, zstd: zstdDecompressSync } as const

export const fileImageHost: ImageHost = {
  resolve: (path, name) => resolve(dirname(path), name.replace(/^file:(?!\/\/)/, '')),

  open(path, readOnly) {
    return openFileByteStore(path, readOnly)
  },

  unpack(method, from, into) {
    let bytes: Uint8Array
    try {
      bytes = unpackers[method](method === 'zstd' ? zstdFrame(from) : from, { maxOutputLength: into.length })
    } catch (cause) {
      throw new AppError('disk/corrupt-image', 'Compressed data of the image is damaged', { cause })
    }
    into.set(bytes)
    return bytes.length
  },
}

const ZSTD_MAGIC = 0xfd2f_b528

/**
 * The first frame in `from`, without what follows it, which the library would take for another frame. Lengths are found from
 * the headers of its blocks. Source: RFC 8878, 3.1.1.
 */
function zstdFrame(from: Uint8Array): Uint8Array {
  const view = new DataView(from.buffer, from.byteOffset, from.byteLength)
  if (view.getUint32(0, true) !== ZSTD_MAGIC) throw new RangeError('No Zstandard frame')
  const descriptor = view.getUint8(4)
  const hasSingleSegment = (descriptor & 0x20) !== 0
  const contentSizeBytes = [hasSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] as number
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number
  let at = 5 + (hasSingleSegment ? 0 : 1) + dictionaryBytes + contentSizeBytes
  for (;;) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
    const isRepeated = ((header >> 1) & 3) === 1
    at += 3 + (isRepeated ? 1 : header >> 3)
    if (header & 1) break
  }
  return from.subarray(0, at + (descriptor & 4 ? 4 : 0))
}
