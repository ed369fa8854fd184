/** Copies what is on one disk to another, leaving out zeros. */
import { createExtent, type DiskImage, ExtentKind } from './disk-image.ts'

const SECTOR_BYTES = 512
const CHUNK_BYTES = 2 << 20
/** Runs of zeros from this length on are left out. */
const ZERO_BYTES = 4096

export interface CopyOptions {
  /** Only what the first file of the source has itself; zeros there are told to the target, over whatever it stands on. */
  readonly ownOnly: boolean
  /** Called after each step; throws to end the copy. */
  readonly onProgress: (doneBytes: number, totalBytes: number) => void
}

/** Copies as many sectors as both have. The target is empty. */
export function copyDisk(source: DiskImage, target: DiskImage, { ownOnly, onProgress }: CopyOptions): void {
  const totalBytes = Math.min(source.sectors, target.sectors) * SECTOR_BYTES
  const extent = { ...createExtent(), layer: 0 }
  const buffer = new Uint8Array(CHUNK_BYTES)
  const words = new Uint32Array(buffer.buffer)
  for (let position = 0; position < totalBytes; ) {
    if (ownOnly) source.mapOwn(position, totalBytes - position, extent)
    else source.locate(position, totalBytes - position, extent)
    // The end of an image of an odd size completes its last sector.
    const length = Math.min(Math.ceil(extent.lengthBytes / SECTOR_BYTES) * SECTOR_BYTES, totalBytes - position)
    if (extent.kind === ExtentKind.zero && ownOnly) target.writeZeros(position / SECTOR_BYTES, length / SECTOR_BYTES)
    const hasBytes = extent.kind === ExtentKind.data || extent.kind === ExtentKind.packed
    for (let done = 0; hasBytes && done < length; ) {
      const here = Math.min(CHUNK_BYTES, length - done)
      source.readSectors((position + done) / SECTOR_BYTES, here / SECTOR_BYTES, buffer)
      writeNonZero(target, position + done, here, buffer, words, ownOnly)
      done += here
      onProgress(position + done, totalBytes)
    }
    position += length
    onProgress(position, totalBytes)
  }
}

/** Writes the runs that are not zero; zeros are told to a target that stands on something. */
function writeNonZero(
  target: DiskImage,
  position: number,
  length: number,
  buffer: Uint8Array,
  words: Uint32Array,
  tellZeros: boolean,
): void {
  for (let at = 0; at < length; ) {
    const zero = isZero(words, at, Math.min(ZERO_BYTES, length - at))
    let end = at
    while (end < length && isZero(words, end, Math.min(ZERO_BYTES, length - end)) === zero)
      end = Math.min(end + ZERO_BYTES, length)
    const lba = (position + at) / SECTOR_BYTES
    if (!zero) target.writeSectors(lba, (end - at) / SECTOR_BYTES, buffer, at)
    else if (tellZeros) target.writeZeros(lba, (end - at) / SECTOR_BYTES)
    at = end
  }
}

function isZero(words: Uint32Array, at: number, length: number): boolean {
  for (let i = at / 4; i < (at + length) / 4; i++) if (words[i] !== 0) return false
  return true
}
