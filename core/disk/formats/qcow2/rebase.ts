/**
 * Changes what a qcow2 image says it stands on. Only the header is written, in one piece: the caller has seen to it that the disk
 * is the same on the other backing file.
 */
import { AppError } from '../../../base/errors.ts'
import type { ByteStore } from '../../block-device.ts'
import type { ImageFormatId } from '../../disk-image.ts'
import { encodeHeader, parseHeader } from './header.ts'

/** Longest part of the first cluster that is written: one page of every file system. */
const HEADER_PIECE_BYTES = 4096

/**
 * Has the image in `store`, at `path`, stand on `backing`, or on nothing. Throws `disk/unsupported-format` for images that were not
 * made here or are in use, and `disk/too-large` for names that do not fit.
 */
export function setBacking(
  store: ByteStore,
  path: string,
  backing: { readonly file: string; readonly format: ImageFormatId } | undefined,
): void {
  const header = parseHeader(store, path)
  const odd =
    header.dirty || header.corrupt || header.autoclear || header.snapshotCount > 0 || header.compression === 'zstd'
  if (odd || header.version !== 3 || header.clusterBits < 12)
    throw new AppError(
      'disk/unsupported-format',
      `The backing file of ${path} cannot be changed: it is in use, or odd`,
      {
        context: { path },
      },
    )
  const bytes = encodeHeader({ ...header, version: 3, backing })
  const used = bytes.findLastIndex((byte) => byte !== 0) + 1
  if (used > HEADER_PIECE_BYTES)
    throw new AppError('disk/too-large', `The name of the backing file is too long: ${backing?.file}`)
  store.write(0, bytes.subarray(0, HEADER_PIECE_BYTES))
  store.flush()
}
