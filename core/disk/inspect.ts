/**
 * What a medium is, told from its bytes: image format, the drive it fits, and whether a PC could boot from it. Liberal: what
 * some firmware might boot counts as bootable. Sources: El Torito 1.0; ECMA-119 8.1; customary boot sector layout.
 */
import { AppError } from '../base/errors.ts'
import type { ByteStore } from './block-device.ts'

export type MediumKind = 'floppy' | 'disk' | 'cdrom'

/** Sizes that a PC floppy has: 160 KB to 2.88 MB, with the two over-formatted ones that were sold (1.68 and 1.72 MB). */
const FLOPPY_BYTES: readonly number[] = [160, 180, 320, 360, 640, 720, 800, 1200, 1440, 1680, 1720, 2880].map(
  (kib) => kib * 1024,
)

/** Most bytes of a medium that its controller can address in our machines. */
export const MAX_BYTES: Readonly<Record<MediumKind, number>> = { floppy: 2880 * 1024, disk: 2 ** 41, cdrom: 2 ** 41 }

/** Image formats other than raw by what they begin (or, a fixed VHD, end) with. */
const containers: readonly { readonly format: string; readonly magic: string; readonly position: number }[] = [
  { format: 'qcow2', magic: 'QFI\xfb', position: 0 },
  { format: 'VMDK', magic: 'KDMV', position: 0 },
  { format: 'VMDK', magic: '# Disk DescriptorFile', position: 0 },
  { format: 'VDI', magic: '\x7f\x10\xda\xbe', position: 0x40 },
  { format: 'VHDX', magic: 'vhdxfile', position: 0 },
  { format: 'VHD', magic: 'conectix', position: 0 },
  { format: 'VHD', magic: 'conectix', position: -512 },
  { format: 'gzip', magic: '\x1f\x8b\x08', position: 0 },
  { format: 'zip', magic: 'PK\x03\x04', position: 0 },
  { format: 'xz', magic: '\xfd7zXZ\0', position: 0 },
  { format: 'zstd', magic: '\x28\xb5\x2f\xfd', position: 0 },
]

function latin1At(store: ByteStore, position: number, length: number): string {
  if (position < 0 || position + length > store.sizeBytes) return ''
  const bytes = new Uint8Array(length)
  store.read(position, bytes)
  return String.fromCharCode(...bytes)
}

/** The image format of `store`: "raw" for whatever is no known container. */
export function probeFormat(store: ByteStore): string {
  const found = containers.find(
    ({ magic, position }) =>
      latin1At(store, position < 0 ? store.sizeBytes + position : position, magic.length) === magic,
  )
  return found?.format ?? 'raw'
}

/** The drive that a raw medium of these bytes goes into. */
export function guessKind(store: ByteStore): MediumKind {
  if (latin1At(store, 0x8001, 5) === 'CD001') return 'cdrom'
  return FLOPPY_BYTES.includes(store.sizeBytes) ? 'floppy' : 'disk'
}

/** Whether firmware would find something to start on a raw medium in a drive of this kind. */
export function isBootable(store: ByteStore, kind: MediumKind): boolean {
  if (kind === 'cdrom')
    return (
      latin1At(store, 17 * 2048 + 1, 5) === 'CD001' && latin1At(store, 17 * 2048 + 7, 23) === 'EL TORITO SPECIFICATION'
    )
  const sector = new Uint8Array(512)
  store.read(0, sector)
  if (sector[510] === 0x55 && sector[511] === 0xaa) return true
  // Floppies of the first DOS versions have no signature, but begin with a jump.
  return kind === 'floppy' && (sector[0] === 0xeb || sector[0] === 0xe9)
}

/**
 * Refuses what cannot be a medium of this kind: `disk/unsupported-format`, `disk/corrupt-image` (empty), `disk/too-large`.
 * `name` is the file as the user knows it.
 */
export function checkMedium(store: ByteStore, kind: MediumKind, name: string): void {
  if (store.sizeBytes === 0) throw new AppError('disk/corrupt-image', `The image is empty: ${name}`)
  const format = probeFormat(store)
  if (format !== 'raw')
    throw new AppError(
      'disk/unsupported-format',
      `Images in ${format} format are not supported, only raw ones: ${name}`,
      { context: { format } },
    )
  if (store.sizeBytes > MAX_BYTES[kind])
    throw new AppError(
      'disk/too-large',
      `The image has ${store.sizeBytes} bytes, a ${labels[kind]} has ${MAX_BYTES[kind]} at most: ${name}`,
      {
        context: { sizeBytes: store.sizeBytes, maxBytes: MAX_BYTES[kind] },
      },
    )
}

const labels: Readonly<Record<MediumKind, string>> = { floppy: 'floppy', disk: 'hard disk', cdrom: 'CD' }
