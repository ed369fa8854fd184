/**
 * The header of a qcow2 image, versions 2 and 3. Source: the qcow2 specification (docs/interop/qcow2.txt of QEMU).
 *
 *     offset  0 magic  4 version  8 backing file offset  16 its length  20 cluster bits  24 size  32 encryption  36 L1 entries
 *            40 L1 offset  48 refcount table offset  56 its clusters  60 snapshots  64 snapshot table offset
 *     v3:    72 incompatible  80 compatible  88 autoclear features  96 refcount order  100 header length  104 compression
 */
import { AppError } from '../../../base/errors.ts'
import type { ByteStore } from '../../block-device.ts'
import type { BackingReference, ImageFormatId } from '../../disk-image.ts'
import { IMAGE_FORMAT_IDS } from '../../disk-image.ts'
import { bytesOf, readU64, textOf, viewOf, writeU64 } from '../numbers.ts'

export const MAGIC = bytesOf('QFI\xfb')
const V2_HEADER_BYTES = 72
const V3_HEADER_BYTES = 112

/** Where fields are that change while an image is open. */
export const Field = {
  size: 24,
  l1Entries: 36,
  refcountTable: 48,
  snapshotCount: 60,
  incompatible: 72,
  autoclear: 88,
} as const

/** Bits of the low word of the incompatible features. */
export const Incompatible = { dirty: 1, corrupt: 2, externalData: 4, compression: 8, extendedL2: 16 } as const
const KNOWN_INCOMPATIBLE = Incompatible.dirty | Incompatible.corrupt | Incompatible.compression

/** Header extensions. */
const EXTENSION_BACKING_FORMAT = 0xe279_2aca
const EXTENSION_BITMAPS = 0x2385_2875
const EXTENSION_FEATURE_NAMES = 0x6803_f857

/** What QEMU takes at most, so that every image we take it takes: L1 table, refcount table, backing file name. */
const MAX_L1_BYTES = 32 << 20
export const MAX_REFCOUNT_TABLE_BYTES = 8 << 20
const MAX_BACKING_NAME = 1023
const MAX_SNAPSHOTS = 65_536

export interface Qcow2Header {
  readonly version: 2 | 3
  readonly clusterBits: number
  readonly sizeBytes: number
  readonly l1Entries: number
  readonly l1Offset: number
  readonly refcountTableOffset: number
  readonly refcountTableClusters: number
  readonly snapshotCount: number
  readonly snapshotOffset: number
  readonly dirty: boolean
  readonly corrupt: boolean
  readonly lazyRefcounts: boolean
  /** An autoclear bit says that the bitmaps are in order. */
  readonly bitmaps: { readonly count: number; readonly offset: number; readonly lengthBytes: number } | undefined
  readonly autoclear: boolean
  readonly refcountOrder: number
  readonly compression: 'deflate' | 'zstd'
  readonly backing: BackingReference | undefined
}

function corrupt(path: string, what: string, offset: number): AppError {
  return new AppError('disk/corrupt-image', `${path} is damaged: ${what}`, { context: { path, offset } })
}

function unsupported(path: string, what: string): AppError {
  return new AppError('disk/unsupported-format', `${path} is a qcow2 image with ${what}, which is not supported`, {
    context: { path, format: 'qcow2' },
  })
}

/** The header at the start of `store`. Throws AppError `disk/corrupt-image` or, by name, `disk/unsupported-format`. */
export function parseHeader(store: ByteStore, path: string): Qcow2Header {
  const bytes = new Uint8Array(V3_HEADER_BYTES)
  store.read(0, bytes)
  const view = viewOf(bytes)
  const version = view.getUint32(4)
  if (version !== 2 && version !== 3)
    throw version === 1
      ? new AppError(
          'disk/unsupported-format',
          `${path} is a qcow image of version 1; convert it with: qemu-img convert -O qcow2`,
          {
            context: { path, format: 'qcow' },
          },
        )
      : unsupported(path, `version ${version}`)
  const clusterBits = view.getUint32(20)
  if (clusterBits < 9 || clusterBits > 21) throw corrupt(path, `clusters of 2^${clusterBits} bytes`, 20)
  const v3 = version === 3
  const features = v3 ? checkFeatures(view, path) : { dirty: false, corrupt: false, compressionBit: false }
  const headerBytes = v3 ? view.getUint32(100) : V2_HEADER_BYTES
  if (v3 && (headerBytes < 104 || headerBytes > 2 ** clusterBits)) throw corrupt(path, 'the length of its header', 100)
  const compression = headerBytes > 104 ? (bytes[104] as number) : 0
  if (compression > 1) throw unsupported(path, `compression type ${compression}`)
  if ((compression !== 0) !== features.compressionBit) throw corrupt(path, 'the compression type', 104)
  if (view.getUint32(32) !== 0) throw unsupported(path, 'encryption')
  const extensions = readExtensions(store, path, headerBytes, 2 ** clusterBits, readU64(view, 8))
  const header: Qcow2Header = {
    version,
    clusterBits,
    sizeBytes: readU64(view, 24),
    l1Entries: view.getUint32(36),
    l1Offset: readU64(view, 40),
    refcountTableOffset: readU64(view, 48),
    refcountTableClusters: view.getUint32(56),
    snapshotCount: view.getUint32(60),
    snapshotOffset: readU64(view, 64),
    dirty: features.dirty,
    corrupt: features.corrupt,
    lazyRefcounts: v3 && (view.getUint32(84) & 1) !== 0,
    bitmaps: v3 && (view.getUint32(92) & 1) !== 0 ? extensions.bitmaps : undefined,
    autoclear: v3 && readU64(view, 88) !== 0,
    refcountOrder: v3 ? view.getUint32(96) : 4,
    compression: compression === 1 ? 'zstd' : 'deflate',
    backing: readBacking(store, path, view, extensions.backingFormat),
  }
  checkPlaces(header, path)
  return header
}

function checkFeatures(view: DataView, path: string) {
  const low = view.getUint32(76)
  if (low & Incompatible.externalData) throw unsupported(path, 'an external data file')
  if (low & Incompatible.extendedL2) throw unsupported(path, 'extended L2 entries (subclusters)')
  if (view.getUint32(72) !== 0 || low & ~KNOWN_INCOMPATIBLE)
    throw unsupported(path, `unknown features (0x${view.getUint32(72).toString(16)}_${low.toString(16)})`)
  return {
    dirty: (low & Incompatible.dirty) !== 0,
    corrupt: (low & Incompatible.corrupt) !== 0,
    compressionBit: (low & Incompatible.compression) !== 0,
  }
}

function checkPlaces(header: Qcow2Header, path: string): void {
  const { clusterBits, sizeBytes, l1Entries, l1Offset, refcountTableOffset, refcountTableClusters } = header
  const clusterBytes = 2 ** clusterBits
  const aligned = (offset: number) => offset % clusterBytes === 0 && offset <= Number.MAX_SAFE_INTEGER
  if (header.refcountOrder > 6) throw corrupt(path, `refcounts of 2^${header.refcountOrder} bits`, 96)
  if (sizeBytes > 2 ** 52) throw corrupt(path, 'the size of the disk', 24)
  if (l1Entries * 8 > MAX_L1_BYTES) throw corrupt(path, 'the L1 table is too large', 36)
  if (l1Entries < Math.ceil(sizeBytes / (clusterBytes * (clusterBytes / 8))))
    throw corrupt(path, 'the L1 table is too small for the disk', 36)
  if (!aligned(l1Offset) || (l1Entries > 0 && l1Offset === 0)) throw corrupt(path, 'the place of the L1 table', 40)
  if (refcountTableClusters * clusterBytes > MAX_REFCOUNT_TABLE_BYTES)
    throw corrupt(path, 'the refcount table is too large', 56)
  if (!aligned(refcountTableOffset) || refcountTableOffset === 0)
    throw corrupt(path, 'the place of the refcount table', 48)
  if (header.snapshotCount > MAX_SNAPSHOTS) throw corrupt(path, 'the number of snapshots', 60)
  if (!aligned(header.snapshotOffset)) throw corrupt(path, 'the place of the snapshots', 64)
}

interface Extensions {
  backingFormat?: string
  bitmaps?: Qcow2Header['bitmaps']
}

function readExtensions(
  store: ByteStore,
  path: string,
  start: number,
  clusterBytes: number,
  backingOffset: number,
): Extensions {
  const result: Extensions = {}
  const end = Math.min(backingOffset || clusterBytes, clusterBytes)
  if (end - start < 8) return result
  const bytes = new Uint8Array(end - start)
  store.read(start, bytes)
  const view = viewOf(bytes)
  for (let at = 0; at + 8 <= bytes.length; ) {
    const type = view.getUint32(at)
    const length = view.getUint32(at + 4)
    if (type === 0) break
    if (length > bytes.length - at - 8) throw corrupt(path, 'a header extension is too long', start + at)
    if (type === EXTENSION_BACKING_FORMAT) result.backingFormat = textOf(bytes.subarray(at + 8, at + 8 + length))
    if (type === EXTENSION_BITMAPS && length >= 24)
      result.bitmaps = {
        count: view.getUint32(at + 8),
        lengthBytes: readU64(view, at + 16),
        offset: readU64(view, at + 24),
      }
    at += 8 + Math.ceil(length / 8) * 8
  }
  return result
}

function readBacking(
  store: ByteStore,
  path: string,
  view: DataView,
  formatName: string | undefined,
): BackingReference | undefined {
  const offset = readU64(view, 8)
  if (offset === 0) return undefined
  const length = view.getUint32(16)
  if (length > MAX_BACKING_NAME || length === 0 || offset + length > store.sizeBytes)
    throw corrupt(path, 'the name of its backing file', 8)
  const name = new Uint8Array(length)
  store.read(offset, name)
  const file = new TextDecoder().decode(name)
  if (/^(json:|[a-z][a-z0-9+.-]*:\/\/)/i.test(file)) throw unsupported(path, `a backing file that is no file (${file})`)
  return {
    file,
    format: formatName === undefined ? undefined : formatOf(formatName, path),
  }
}

/** Formats by the names that QEMU has for them. */
function formatOf(name: string, path: string): ImageFormatId {
  const id = name === 'vpc' ? 'vhd' : (name as ImageFormatId)
  if (IMAGE_FORMAT_IDS.includes(id)) return id
  throw new AppError(
    'disk/unsupported-format',
    `${path} stands on an image in the format ${name}, which is not supported`,
    {
      context: { path, format: name },
    },
  )
}

/** What a new image is made with. */
export interface NewHeader
  extends Pick<
    Qcow2Header,
    | 'version'
    | 'clusterBits'
    | 'sizeBytes'
    | 'l1Entries'
    | 'l1Offset'
    | 'refcountTableOffset'
    | 'refcountTableClusters'
    | 'refcountOrder'
    | 'lazyRefcounts'
  > {
  readonly backing: { readonly file: string; readonly format: ImageFormatId } | undefined
}

/** The first cluster of a new image. Throws `disk/too-large` when the backing file's name is too long for it. */
export function encodeHeader(header: NewHeader): Uint8Array {
  const bytes = new Uint8Array(2 ** header.clusterBits)
  const view = viewOf(bytes)
  bytes.set(MAGIC)
  view.setUint32(4, header.version)
  view.setUint32(20, header.clusterBits)
  writeU64(view, 24, header.sizeBytes)
  view.setUint32(36, header.l1Entries)
  writeU64(view, 40, header.l1Offset)
  writeU64(view, 48, header.refcountTableOffset)
  view.setUint32(56, header.refcountTableClusters)
  let at = V2_HEADER_BYTES
  if (header.version === 3) {
    view.setUint32(84, header.lazyRefcounts ? 1 : 0)
    view.setUint32(96, header.refcountOrder)
    view.setUint32(100, V3_HEADER_BYTES)
    at = V3_HEADER_BYTES
  }
  const extend = (type: number, data: Uint8Array): void => {
    view.setUint32(at, type)
    view.setUint32(at + 4, data.length)
    bytes.set(data, at + 8)
    at += 8 + Math.ceil(data.length / 8) * 8
  }
  if (header.backing)
    extend(EXTENSION_BACKING_FORMAT, bytesOf(header.backing.format === 'vhd' ? 'vpc' : header.backing.format))
  // Small clusters have no room to spare.
  if (header.version === 3 && header.clusterBits >= 12) extend(EXTENSION_FEATURE_NAMES, featureNames())
  // The extension that ends the list is all zeros.
  at += 8
  if (header.backing) {
    const name = new TextEncoder().encode(header.backing.file)
    if (name.length > MAX_BACKING_NAME || at + name.length > bytes.length)
      throw new AppError(
        'disk/too-large',
        `The name of the backing file is too long for the header: ${header.backing.file}`,
      )
    writeU64(view, 8, at)
    view.setUint32(16, name.length)
    bytes.set(name, at)
  }
  return bytes
}

/** Names for feature bits, which older programs show when they refuse an image: type, bit, 46 characters each. */
function featureNames(): Uint8Array {
  const rows: readonly (readonly [number, number, string])[] = [
    [0, 0, 'dirty bit'],
    [0, 1, 'corrupt bit'],
    [0, 3, 'compression type'],
    [1, 0, 'lazy refcounts'],
  ]
  const bytes = new Uint8Array(rows.length * 48)
  for (const [index, [type, bit, name]] of rows.entries()) {
    bytes[index * 48] = type
    bytes[index * 48 + 1] = bit
    bytes.set(bytesOf(name), index * 48 + 2)
  }
  return bytes
}
