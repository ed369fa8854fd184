/**
 * Unpacks one file out of a compressed one or a zip: streaming, with a bound on what comes out, so that a small file which
 * unpacks to a huge one fills neither memory nor disk.
 */
import { createReadStream } from 'node:fs'
import { pipeline, Readable, type Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import unbzip2Stream from 'unbzip2-stream'
import xz from 'xz-decompress'
import { AppError } from '../../core/base/errors.ts'
import type { ImportTasks, Packing } from '../../core/contract/import-tasks.ts'
import { openFileByteStore } from '../files/file-byte-store.ts'
import { SparseFile } from './sparse-file.ts'
import { type XzStream, xzStreams } from './xz-streams.ts'
import { withMember } from './zip-file.ts'

/** More than this is not unpacked. A disk that large is better unpacked with a tool of its own, once. */
const MAX_UNPACKED_BYTES = 64 * 2 ** 30

export type Progress = (doneBytes: number, totalBytes: number) => void
type Bytes = AsyncIterable<Uint8Array>

/** Unpacks `request`. Throws `disk/too-large`, `disk/corrupt-image`, `disk/unsupported-format` and what files throw. */
export async function unpack(
  { path, name, packing, member, target }: ImportTasks['unpack']['request'],
  onProgress: Progress,
): Promise<ImportTasks['unpack']['result']> {
  const file = new SparseFile(target)
  const pour = async (bytes: Bytes) => {
    for await (const piece of bytes) {
      refuseTooLarge(file.sizeBytes + piece.length, name)
      file.append(piece)
    }
  }
  try {
    if (packing === 'zip')
      await withMember(path, name, member ?? '', async (stream, sizeBytes) => {
        refuseTooLarge(sizeBytes, name)
        await pour(counted(stream, (doneBytes) => onProgress(doneBytes, sizeBytes)))
      })
    else await pour(openPacked(path, name, packing, onProgress))
    file.finish()
    return { sizeBytes: file.sizeBytes }
  } catch (error) {
    file.discard()
    throw unpackError(error, name)
  }
}

function refuseTooLarge(sizeBytes: number, name: string): void {
  if (sizeBytes <= MAX_UNPACKED_BYTES) return
  const limitGib = MAX_UNPACKED_BYTES / 2 ** 30
  throw new AppError('disk/too-large', `${name} unpacks to more than ${limitGib} GiB; unpack it with a tool of its own`)
}

function unpackError(error: unknown, name: string): unknown {
  if (error instanceof AppError) return error
  // The number of the decompressor for filters and checks that it was built without.
  if (error instanceof Error && error.message.endsWith('error code 6'))
    return new AppError('disk/unsupported-format', `${name} uses a filter of xz that is not supported; unpack it first`)
  return new AppError('disk/corrupt-image', `${name} is damaged or cut short`, { cause: error })
}

function openPacked(path: string, name: string, packing: Exclude<Packing, 'zip'>, onProgress: Progress): Bytes {
  const store = openFileByteStore(path, true)
  try {
    const onRead = (doneBytes: number) => onProgress(doneBytes, store.sizeBytes)
    if (packing === 'gzip') return through(path, createGunzip(), onRead)
    if (packing === 'zstd') return through(path, createZstdDecompress(), onRead)
    if (packing === 'bzip2') return unpackBzip2(path, onRead)
    const streams = xzStreams(store, name)
    refuseTooLarge(
      streams.reduce((sum, { unpackedBytes }) => sum + unpackedBytes, 0),
      name,
    )
    return unpackXz(path, streams, onRead)
  } finally {
    store.close()
  }
}

async function* counted(bytes: Bytes, onRead: (doneBytes: number) => void): AsyncGenerator<Uint8Array> {
  let doneBytes = 0
  for await (const piece of bytes) {
    doneBytes += piece.length
    onRead(doneBytes)
    yield piece
  }
}

function through(path: string, unpacker: Transform, onRead: (doneBytes: number) => void): Bytes {
  // Errors of both come out of what is returned.
  return pipeline(counted(createReadStream(path), onRead), unpacker, () => {})
}

/** The library's stream is of the oldest kind: `wrap` gives it pressure and iteration, its source's errors are passed on by hand. */
function unpackBzip2(path: string, onRead: (doneBytes: number) => void): Bytes {
  const unpacker = unbzip2Stream()
  const source = Readable.from(counted(createReadStream(path), onRead))
  source.on('error', (error) => unpacker.emit('error', error))
  return new Readable().wrap(source.pipe(unpacker))
}

async function* unpackXz(
  path: string,
  streams: readonly XzStream[],
  onRead: (doneBytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for (const { start, end, unpackedBytes } of streams) {
    const packed = counted(createReadStream(path, { start, end: end - 1 }), (doneBytes) => onRead(start + doneBytes))
    let doneBytes = 0
    for await (const piece of new xz.XzReadableStream(ReadableStream.from(packed))) {
      doneBytes += piece.length
      yield piece
    }
    if (doneBytes !== unpackedBytes) throw new RangeError('The index of the stream names another size')
  }
}
