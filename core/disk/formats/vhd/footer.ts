/**
 * Footer and header of a VHD image. Source: Microsoft, Virtual Hard Disk Image Format Specification 1.0.
 *
 *     footer   0 "conectix"  8 features  12 version  16 data offset  24 time stamp  28 creator  32 its version  36 its system
 *             40 original size  48 current size  56 geometry  60 type  64 checksum  68 identifier  84 saved state
 *     header   0 "cxsparse"  16 table offset  24 version  28 table entries  32 block size  36 checksum  40 parent's identifier
 *             56 parent's time stamp  64 parent's name (UTF-16BE)  576 eight parent locators of 24 bytes
 */
import { AppError } from '../../../base/errors.ts'
import type { ByteStore } from '../../block-device.ts'
import type { BackingReference } from '../../disk-image.ts'
import { bytesOf, readU64, startsWith, textOf, viewOf, writeU64 } from '../numbers.ts'

export const FOOTER_BYTES = 512
export const HEADER_BYTES = 1024
const COOKIE = bytesOf('conectix')
export const DiskType = { fixed: 2, dynamic: 3, differencing: 4 } as const
type DiskType = (typeof DiskType)[keyof typeof DiskType]

const HEADER_COOKIE = 'cxsparse'
const VERSION_1_0 = 0x1_0000
/** Seconds from 1970 to 2000, where time stamps begin. */
const EPOCH_SECONDS = 946_684_800
/** The largest disk by geometry; a larger one has this and counts by its size. */
const MAX_CYLINDERS = 65_535
const MAX_GEOMETRY_SECTORS = MAX_CYLINDERS * 16 * 255
/** 2040 GiB is what the format allows; some programs go to 2 TiB. */
const MAX_SIZE_BYTES = 2 ** 41
/** Platform codes of parent locators: relative and absolute paths of Windows. */
const RELATIVE_PATH = 'W2ru'
const ABSOLUTE_PATH = 'W2ku'
const MAX_LOCATOR_BYTES = 4096

export interface VhdFooter {
  readonly type: DiskType
  readonly headerOffset: number
  readonly sizeBytes: number
  readonly creator: string
  readonly id: string
  readonly bytes: Uint8Array
}

export interface VhdHeader {
  readonly tableOffset: number
  readonly entries: number
  readonly blockBytes: number
  readonly backing: BackingReference | undefined
  /** Behind the table and the names of the parent: where blocks may begin. */
  readonly endOffset: number
}

export function corrupt(path: string, what: string, offset: number): AppError {
  return new AppError('disk/corrupt-image', `${path} is damaged: ${what}`, { context: { path, offset } })
}

function unsupported(path: string, what: string): AppError {
  return new AppError('disk/unsupported-format', `${path} is a VHD image ${what}, which is not supported`, {
    context: { path, format: 'vhd' },
  })
}

/** Where the footer is: at the start of dynamic images (a copy), at the end of all. Undefined when it is no VHD image. */
export function footerPosition(store: ByteStore): number | undefined {
  if (startsWith(store, COOKIE)) return 0
  return startsWith(store, COOKIE, store.sizeBytes - FOOTER_BYTES) ? store.sizeBytes - FOOTER_BYTES : undefined
}

/** The complement of the sum of all bytes, but for the four of the checksum itself. */
function checksum(bytes: Uint8Array, checksumAt: number): number {
  let sum = 0
  for (const [at, byte] of bytes.entries()) if (at < checksumAt || at >= checksumAt + 4) sum += byte
  return ~sum >>> 0
}

export function parseFooter(store: ByteStore, path: string): VhdFooter {
  const position = footerPosition(store) ?? 0
  const bytes = new Uint8Array(FOOTER_BYTES)
  store.read(position, bytes)
  const view = viewOf(bytes)
  if (view.getUint32(64) !== checksum(bytes, 64)) throw corrupt(path, 'the checksum of its footer', position)
  if (view.getUint32(12) >>> 16 !== 1) throw unsupported(path, `of version ${view.getUint32(12) >>> 16}`)
  const type = view.getUint32(60)
  if (type !== DiskType.fixed && type !== DiskType.dynamic && type !== DiskType.differencing)
    throw unsupported(path, `of type ${type}`)
  const creator = textOf(bytes.subarray(28, 32))
  const sizeBytes = diskSize(view, creator)
  if (sizeBytes > MAX_SIZE_BYTES || sizeBytes % 512 !== 0) throw corrupt(path, 'the size of the disk', position + 48)
  if (type === DiskType.fixed && sizeBytes > store.sizeBytes - FOOTER_BYTES)
    throw corrupt(path, 'it is cut off', position + 48)
  return { type, headerOffset: readU64(view, 16), sizeBytes, creator, id: hex(bytes.subarray(68, 84)), bytes }
}

/** Virtual PC and QEMU go by the geometry, everybody else by the size. */
function diskSize(view: DataView, creator: string): number {
  const sectors = view.getUint16(56) * view.getUint8(58) * view.getUint8(59)
  const byGeometry = (creator === 'vpc ' || creator === 'qemu') && sectors < MAX_GEOMETRY_SECTORS
  return byGeometry ? sectors * 512 : readU64(view, 48)
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function parseHeader(store: ByteStore, footer: VhdFooter, path: string): VhdHeader {
  const bytes = new Uint8Array(HEADER_BYTES)
  store.read(footer.headerOffset, bytes)
  const view = viewOf(bytes)
  const at = footer.headerOffset
  if (textOf(bytes.subarray(0, 8)) !== HEADER_COOKIE) throw corrupt(path, 'its header', at)
  if (view.getUint32(36) !== checksum(bytes, 36)) throw corrupt(path, 'the checksum of its header', at)
  if (view.getUint32(24) !== VERSION_1_0)
    throw unsupported(path, `with a header of version 0x${view.getUint32(24).toString(16)}`)
  const tableOffset = readU64(view, 16)
  const entries = view.getUint32(28)
  const blockBytes = view.getUint32(32)
  if (blockBytes < 4096 || blockBytes > 1 << 28 || !Number.isInteger(Math.log2(blockBytes)))
    throw corrupt(path, 'the size of its blocks', at + 32)
  if (entries * blockBytes < footer.sizeBytes) throw corrupt(path, 'its table is too small for the disk', at + 28)
  if (tableOffset % 512 !== 0 || tableOffset + entries * 4 > store.sizeBytes)
    throw corrupt(path, 'the place of its table', at + 16)
  const backing = footer.type === DiskType.differencing ? parseParent(store, bytes, path) : undefined
  const endOffset = Math.max(tableOffset + entries * 4, footer.headerOffset + HEADER_BYTES, locatorsEnd(store, view))
  return { tableOffset, entries, blockBytes, backing, endOffset: Math.ceil(endOffset / 512) * 512 }
}

function locatorsEnd(store: ByteStore, view: DataView): number {
  let end = 0
  for (let at = 576; at < 576 + 8 * 24; at += 24) {
    // Some programs give the space in sectors, some in bytes.
    const space = view.getUint32(at + 4)
    const position = readU64(view, at + 16)
    if (view.getUint32(at) === 0 || position > store.sizeBytes) continue
    end = Math.max(end, position + (space < 512 ? space * 512 : space))
  }
  return Math.min(end, store.sizeBytes)
}

/** The parent by its relative path if there is one, else by its absolute one or its name. */
function parseParent(store: ByteStore, header: Uint8Array, path: string): BackingReference {
  const view = viewOf(header)
  const identity = hex(header.subarray(40, 56))
  const paths = new Map<string, string>()
  for (let at = 576; at < 576 + 8 * 24; at += 24) {
    const length = view.getUint32(at + 8)
    const position = readU64(view, at + 16)
    if (length === 0 || length > MAX_LOCATOR_BYTES || position + length > store.sizeBytes) continue
    const bytes = new Uint8Array(length)
    store.read(position, bytes)
    paths.set(textOf(header.subarray(at, at + 4)), new TextDecoder('utf-16le').decode(bytes))
  }
  const name = utf16Be(header.subarray(64, 576))
  const found = paths.get(RELATIVE_PATH) ?? paths.get(ABSOLUTE_PATH) ?? name
  if (!found) throw corrupt(path, 'it does not name its parent', 64)
  return { file: found.replaceAll('\\', '/').replace(/\0+$/, ''), format: 'vhd', identity }
}

function utf16Be(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    const unit = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
    if (unit === 0) break
    text += String.fromCharCode(unit)
  }
  return text
}

export interface NewFooter {
  readonly type: DiskType
  readonly sizeBytes: number
  readonly id: Uint8Array
  readonly nowSeconds: number
}

export function encodeFooter({ type, sizeBytes, id, nowSeconds }: NewFooter): Uint8Array {
  const bytes = new Uint8Array(FOOTER_BYTES)
  const view = viewOf(bytes)
  bytes.set(COOKIE)
  view.setUint32(8, 2)
  view.setUint32(12, VERSION_1_0)
  if (type === DiskType.fixed) bytes.fill(0xff, 16, 24)
  else writeU64(view, 16, FOOTER_BYTES)
  view.setUint32(24, Math.max(0, nowSeconds - EPOCH_SECONDS))
  // By this name other programs know that the size counts, and not the geometry, which rounds it.
  bytes.set(bytesOf('win '), 28)
  view.setUint32(32, 0x000a_0000)
  bytes.set(bytesOf('Wi2k'), 36)
  writeU64(view, 40, sizeBytes)
  writeU64(view, 48, sizeBytes)
  const { cylinders, heads, sectorsPerTrack } = geometryOf(sizeBytes / 512)
  view.setUint16(56, cylinders)
  view.setUint8(58, heads)
  view.setUint8(59, sectorsPerTrack)
  view.setUint32(60, type)
  bytes.set(id, 68)
  view.setUint32(64, checksum(bytes, 64))
  return bytes
}

/** The geometry for a size, by the appendix of the specification, "CHS Calculation". */
function geometryOf(allSectors: number) {
  const sectors = Math.min(allSectors, MAX_GEOMETRY_SECTORS)
  if (sectors >= MAX_CYLINDERS * 16 * 63)
    return { cylinders: Math.floor(sectors / 255 / 16), heads: 16, sectorsPerTrack: 255 }
  let sectorsPerTrack = 17
  let tracks = Math.floor(sectors / sectorsPerTrack)
  let heads = Math.max(4, Math.floor((tracks + 1023) / 1024))
  if (tracks >= heads * 1024 || heads > 16) {
    sectorsPerTrack = 31
    heads = 16
    tracks = Math.floor(sectors / sectorsPerTrack)
  }
  if (tracks >= heads * 1024) {
    sectorsPerTrack = 63
    heads = 16
    tracks = Math.floor(sectors / sectorsPerTrack)
  }
  return { cylinders: Math.floor(tracks / heads), heads, sectorsPerTrack }
}

export interface NewHeader {
  readonly tableOffset: number
  readonly entries: number
  readonly blockBytes: number
  readonly parent: { readonly file: string; readonly id: Uint8Array; readonly locatorOffset: number } | undefined
}

export function encodeHeader({ tableOffset, entries, blockBytes, parent }: NewHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = viewOf(bytes)
  bytes.set(bytesOf(HEADER_COOKIE))
  bytes.fill(0xff, 8, 16)
  writeU64(view, 16, tableOffset)
  view.setUint32(24, VERSION_1_0)
  view.setUint32(28, entries)
  view.setUint32(32, blockBytes)
  if (parent) {
    bytes.set(parent.id, 40)
    const name = parent.file.split('/').at(-1) ?? ''
    for (let i = 0; i < Math.min(name.length, 255); i++) view.setUint16(64 + 2 * i, name.charCodeAt(i))
    bytes.set(bytesOf(parent.file.startsWith('/') ? ABSOLUTE_PATH : RELATIVE_PATH), 576)
    view.setUint32(580, MAX_LOCATOR_BYTES)
    view.setUint32(584, parent.file.length * 2)
    writeU64(view, 592, parent.locatorOffset)
  }
  view.setUint32(36, checksum(bytes, 36))
  return bytes
}

/** The path of a parent as a locator has it: UTF-16LE, with the separators of Windows. Padded to whole sectors. */
export function encodeLocator(file: string): Uint8Array {
  if (file.length * 2 > MAX_LOCATOR_BYTES)
    throw new AppError('disk/too-large', `The name of the parent is too long: ${file}`)
  const bytes = new Uint8Array(MAX_LOCATOR_BYTES)
  const view = viewOf(bytes)
  for (let i = 0; i < file.length; i++)
    view.setUint16(2 * i, (file[i] === '/' ? '\\' : (file[i] as string)).charCodeAt(0), true)
  return bytes
}
