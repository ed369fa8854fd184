/** Files that are recognised by their first or last bytes and are no raw images, so that none is ever mistaken for one. */
import type { ByteStore } from './block-device.ts'

interface Signature {
  readonly name: string
  readonly at: 'start' | 'end'
  /** Bytes from the start, or back from the end. */
  readonly offset: number
  readonly bytes: readonly number[]
}

/** A signature given as text, with escapes for bytes that are none. */
function signature(name: string, at: Signature['at'], offset: number, text: string): Signature {
  return { name, at, offset, bytes: Array.from(text, (char) => char.charCodeAt(0)) }
}

/** Disk images in formats with a structure of their own; those that are supported are recognised before. */
const DISK_FORMATS: readonly Signature[] = [
  signature('qcow2', 'start', 0, 'QFI\xfb'),
  signature('VDI', 'start', 0x40, '\x7f\x10\xda\xbe'),
  signature('VMDK', 'start', 0, 'KDMV'),
  signature('VMDK', 'start', 0, 'COWD'),
  signature('VMDK', 'start', 0, '# Disk DescriptorFile'),
  signature('VHDX', 'start', 0, 'vhdxfile'),
  signature('VHD', 'start', 0, 'conectix'),
  signature('VHD', 'end', 512, 'conectix'),
  signature('QED', 'start', 0, 'QED\0'),
  signature('Parallels', 'start', 0, 'WithoutFreeSpace'),
  signature('Parallels', 'start', 0, 'WithouFreSpacExt'),
  signature('DMG', 'end', 512, 'koly'),
]

/** Files that must be unpacked first. */
const ARCHIVES: readonly Signature[] = [
  signature('gzip', 'start', 0, '\x1f\x8b\x08'),
  signature('ZIP', 'start', 0, 'PK\x03\x04'),
  signature('xz', 'start', 0, '\xfd7zXZ\0'),
  signature('7z', 'start', 0, '7z\xbc\xaf\x27\x1c'),
  signature('bzip2', 'start', 0, 'BZh'),
  signature('Zstandard', 'start', 0, '\x28\xb5\x2f\xfd'),
]

function matches(store: ByteStore, { at, offset, bytes }: Signature): boolean {
  const position = at === 'start' ? offset : store.sizeBytes - offset
  if (position < 0 || position + bytes.length > store.sizeBytes) return false
  const found = new Uint8Array(bytes.length)
  store.read(position, found)
  return bytes.every((byte, i) => found[i] === byte)
}

/** What a file is, when it is no raw image: a disk image of another format, or packed. */
export function foreignFormat(store: ByteStore): { name: string; kind: 'disk-format' | 'archive' } | undefined {
  const format = DISK_FORMATS.find((candidate) => matches(store, candidate))
  if (format) return { name: format.name, kind: 'disk-format' }
  const archive = ARCHIVES.find((candidate) => matches(store, candidate))
  return archive && { name: archive.name, kind: 'archive' }
}

/** The disk format that a file would be taken for whose first sector is `sector`. */
export function disguiseOf(sector: Uint8Array): string | undefined {
  return DISK_FORMATS.find(
    ({ at, offset, bytes }) => at === 'start' && bytes.every((byte, i) => sector[offset + i] === byte),
  )?.name
}

/** Where volume descriptors of CDs begin (ECMA-119 6.7.1, ECMA-167 2/8.3), and their identifiers. */
const DESCRIPTORS = [0x8001, 0x8801, 0x9001]
const IDENTIFIERS = ['CD001', 'BEA01', 'NSR02', 'NSR03']

/** Whether the file holds a CD or DVD file system (ISO 9660 or UDF) in sectors of 2048 bytes. */
export function hasCdFileSystem(store: ByteStore): boolean {
  return DESCRIPTORS.some((offset) =>
    IDENTIFIERS.some((text) => matches(store, signature(text, 'start', offset, text))),
  )
}
