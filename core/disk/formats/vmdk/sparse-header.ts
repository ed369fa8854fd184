/**
 * The header of a sparse extent. Source: VMware, Virtual Disk Format 5.0, "Hosted Sparse Extents" and "Stream-Optimized".
 *
 *     0 "KDMV"  4 version  8 flags  12 capacity  20 grain size  28 descriptor  36 its size  44 entries in a grain table
 *     48 second directory  56 directory  64 overhead  72 unclean  73 newlines  77 compression       (places in sectors)
 */
import { AppError } from '../../../base/errors.ts'
import type { ByteStore } from '../../block-device.ts'
import { bytesOf, readU64Le, startsWith, viewOf, writeU64Le } from '../numbers.ts'

export const MAGIC = bytesOf('KDMV')
/** One byte, not 0 while the file is being written. */
export const UNCLEAN_OFFSET = 72
const SECTOR_BYTES = 512
const Flag = { newlines: 1, secondDirectory: 2, zeroGrains: 4, compressed: 0x1_0000, markers: 0x2_0000 } as const
/** The directory of a stream is named by a copy of the header at its end. */
const AT_END = 0xffff_ffff
const NEWLINES = Uint8Array.of(0x0a, 0x20, 0x0d, 0x0a)
const MAX_GRAIN_SECTORS = 1 << 15
const MAX_TABLE_ENTRIES = 512

export interface SparseHeader {
  readonly version: number
  readonly capacitySectors: number
  readonly grainBytes: number
  readonly tableEntries: number
  readonly directoryOffset: number
  /** 0 without one. */
  readonly secondDirectoryOffset: number
  readonly directoryEntries: number
  readonly descriptorOffset: number
  readonly descriptorBytes: number
  readonly compressed: boolean
  /** Whether an entry 1 is a grain of zeros. */
  readonly zeroGrains: boolean
  /** Whether whoever wrote it last has not finished. */
  readonly isUnclean: boolean
}

function corrupt(path: string, what: string, offset: number): AppError {
  return new AppError('disk/corrupt-image', `${path} is damaged: ${what}`, { context: { path, offset } })
}

export function parseSparseHeader(store: ByteStore, path: string): SparseHeader {
  let at = 0
  const bytes = new Uint8Array(SECTOR_BYTES)
  const view = viewOf(bytes)
  store.read(0, bytes)
  if (view.getUint32(60, true) === AT_END && view.getUint32(56, true) === AT_END) {
    at = store.sizeBytes - 2 * SECTOR_BYTES
    if (at < SECTOR_BYTES || !startsWith(store, MAGIC, at)) throw corrupt(path, 'its end is missing', Math.max(at, 0))
    store.read(at, bytes)
  }
  const version = view.getUint32(4, true)
  if (version < 1 || version > 3)
    throw new AppError(
      'disk/unsupported-format',
      `${path} is a VMDK image of version ${version}, which is not supported`,
      {
        context: { path, format: 'vmdk' },
      },
    )
  const flags = view.getUint32(8, true)
  if (flags & Flag.newlines && NEWLINES.some((byte, i) => bytes[73 + i] !== byte))
    throw corrupt(path, 'its line ends were changed, as a transfer in text mode does', at + 73)
  const compression = view.getUint16(77, true)
  if (compression > 1) throw corrupt(path, `compression ${compression}`, at + 77)
  const grainSectors = readU64Le(view, 20)
  const tableEntries = view.getUint32(44, true)
  const capacitySectors = readU64Le(view, 12)
  if (grainSectors < 1 || grainSectors > MAX_GRAIN_SECTORS || !Number.isInteger(Math.log2(grainSectors)))
    throw corrupt(path, 'the size of its grains', at + 20)
  if (tableEntries < 1 || tableEntries > MAX_TABLE_ENTRIES) throw corrupt(path, 'the size of its grain tables', at + 44)
  if (capacitySectors > 2 ** 43) throw corrupt(path, 'the size of the disk', at + 12)
  const directoryEntries = Math.ceil(capacitySectors / (grainSectors * tableEntries))
  const directoryOffset = readU64Le(view, 56) * SECTOR_BYTES
  if (directoryOffset === 0 || directoryOffset + directoryEntries * 4 > store.sizeBytes)
    throw corrupt(path, 'the place of its directory', at + 56)
  if (readU64Le(view, 64) * SECTOR_BYTES > store.sizeBytes) throw corrupt(path, 'it is cut off', at + 64)
  const secondDirectoryOffset = flags & Flag.secondDirectory ? readU64Le(view, 48) * SECTOR_BYTES : 0
  if (secondDirectoryOffset + directoryEntries * 4 > store.sizeBytes)
    throw corrupt(path, 'the place of its second directory', at + 48)
  return {
    version,
    capacitySectors,
    grainBytes: grainSectors * SECTOR_BYTES,
    tableEntries,
    directoryOffset,
    secondDirectoryOffset,
    directoryEntries,
    descriptorOffset: readU64Le(view, 28) * SECTOR_BYTES,
    descriptorBytes: readU64Le(view, 36) * SECTOR_BYTES,
    compressed: (flags & Flag.compressed) !== 0 && compression === 1,
    zeroGrains: (flags & Flag.zeroGrains) !== 0,
    isUnclean: bytes[UNCLEAN_OFFSET] !== 0,
  }
}

/** Sectors of a new extent; places follow each other in this order. */
export interface SparseLayout {
  readonly capacitySectors: number
  readonly grainSectors: number
  readonly descriptorSector: number
  readonly descriptorSectors: number
  readonly secondDirectorySector: number
  readonly directorySector: number
  readonly overheadSectors: number
}

export function encodeSparseHeader(layout: SparseLayout): Uint8Array {
  const bytes = new Uint8Array(SECTOR_BYTES)
  const view = viewOf(bytes)
  bytes.set(MAGIC)
  view.setUint32(4, 1, true)
  view.setUint32(8, Flag.newlines | Flag.secondDirectory, true)
  writeU64Le(view, 12, layout.capacitySectors)
  writeU64Le(view, 20, layout.grainSectors)
  writeU64Le(view, 28, layout.descriptorSector)
  writeU64Le(view, 36, layout.descriptorSectors)
  view.setUint32(44, MAX_TABLE_ENTRIES, true)
  writeU64Le(view, 48, layout.secondDirectorySector)
  writeU64Le(view, 56, layout.directorySector)
  writeU64Le(view, 64, layout.overheadSectors)
  bytes.set(NEWLINES, 73)
  return bytes
}
