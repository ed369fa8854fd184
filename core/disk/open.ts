/** From a host file to a medium: what kind it is by its content, and a block device for the drive it is put into. */
import { AppError } from '../base/errors.ts'
import type { BlockDevice, ByteStore } from './block-device.ts'
import type { ImageHost } from './disk-image.ts'
import { exactFloppyFormat, FLOPPY_MAX_SECTORS, floppyFormatFor, floppySectors } from './floppy-formats.ts'
import { probeFormat } from './formats/catalogue.ts'
import { ImageByteStore } from './image-byte-store.ts'
import { hasCdFileSystem } from './image-signatures.ts'
import { IsoImage, isRawCd } from './iso.ts'
import { openImage, refuseForeign } from './open-image.ts'
import { OverlayDisk } from './overlay.ts'
import { RawDisk } from './raw.ts'

/** The drives there are. */
export type MediumKind = 'floppy' | 'disk' | 'cdrom'

/** How a medium is opened. */
export interface OpenOptions {
  readonly kind: MediumKind
  readonly writeProtected?: boolean
  /** Writes stay in memory; the file is never written. */
  readonly discardWrites?: boolean
  /** Named in error messages. */
  readonly name?: string
  /** Where the file is, and the other files that an image may name: only raw images are opened without. */
  readonly image?: { readonly path: string; readonly host: ImageHost }
}

const SECTOR_BYTES = 512
/** What 48-bit sector numbers reach. */
const MAX_DISK_SECTORS = 2 ** 48

/**
 * The drive that a file belongs into, by its content and size: a CD file system, a floppy's exact size, else a hard disk. All
 * formats but raw are hard disks.
 */
export function mediumKindOf(store: ByteStore): MediumKind {
  if (probeFormat(store).id !== 'raw') return 'disk'
  if (hasCdFileSystem(store) || isRawCd(store)) return 'cdrom'
  const sectors = store.sizeBytes / SECTOR_BYTES
  return Number.isInteger(sectors) && exactFloppyFormat(sectors) ? 'floppy' : 'disk'
}

/**
 * Opens `store` as a medium. Throws `disk/unsupported-format` for formats that are not supported, `disk/corrupt-image` for an
 * empty or damaged file and `disk/too-large` for one that its drive does not take. The store stays open then: it is the caller's.
 */
export function openMedium(store: ByteStore, options: OpenOptions): BlockDevice {
  const { kind, name = 'The image', writeProtected = false, discardWrites = false, image } = options
  if (store.sizeBytes === 0) throw new AppError('disk/corrupt-image', `${name} is empty`, { context: { sizeBytes: 0 } })
  const disk =
    probeFormat(store).id === 'raw' || !image ? openRaw(store, options, name) : openOther(store, options, image)
  if (disk instanceof IsoImage) return disk
  try {
    checkSize(kind, disk.sectors, name)
  } catch (error) {
    // Closes what it stands on; the store itself takes a second close.
    disk.close()
    throw error
  }
  return discardWrites && !writeProtected ? new OverlayDisk(disk) : disk
}

function openRaw(store: ByteStore, { kind, writeProtected = false }: OpenOptions, name: string): BlockDevice {
  refuseForeign(store, name)
  if (kind === 'cdrom') return new IsoImage(store)
  return new RawDisk(store, { writeProtected, isGuessed: true, minSectors: kindSectors(store.sizeBytes, kind) })
}

function openOther(
  store: ByteStore,
  { kind, writeProtected = false }: OpenOptions,
  { path, host }: NonNullable<OpenOptions['image']>,
): BlockDevice {
  const readOnly = store.readOnly || kind === 'cdrom'
  const disk = openImage(store, host, { path, readOnly, writeProtected })
  return kind === 'cdrom' ? new IsoImage(new ImageByteStore(disk)) : disk
}

/** A floppy image of an odd size is the beginning of a disk whose rest is zeros. */
function kindSectors(sizeBytes: number, kind: MediumKind): number {
  const format = kind === 'floppy' ? floppyFormatFor(Math.ceil(sizeBytes / SECTOR_BYTES)) : undefined
  return format ? floppySectors(format) : 0
}

function checkSize(kind: MediumKind, sectors: number, name: string): void {
  const sizeBytes = sectors * SECTOR_BYTES
  if (kind === 'floppy' && sectors > FLOPPY_MAX_SECTORS)
    throw tooLarge(`${name} is larger than a floppy disk (2880 KiB)`, sizeBytes)
  if (kind === 'disk' && sectors > MAX_DISK_SECTORS)
    throw tooLarge(`${name} is larger than an IDE disk can be (128 PiB)`, sizeBytes)
}

function tooLarge(message: string, sizeBytes: number): AppError {
  return new AppError('disk/too-large', message, { context: { sizeBytes } })
}
