/** From a host file to a medium: what kind it is by its content, and a block device for the drive it is put into. */
import { AppError } from '../base/errors.ts'
import type { BlockDevice, ByteStore } from './block-device.ts'
import { exactFloppyFormat, FLOPPY_MAX_SECTORS, floppyFormatFor, floppySectors } from './floppy-formats.ts'
import { foreignFormat, hasCdFileSystem } from './image-signatures.ts'
import { IsoImage, isRawCd } from './iso.ts'
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
}

const SECTOR_BYTES = 512
/** What 48-bit sector numbers reach. */
const MAX_DISK_SECTORS = 2 ** 48

/** The drive that a file belongs into, by its content and size: a CD file system, a floppy's exact size, else a hard disk. */
export function mediumKindOf(store: ByteStore): MediumKind {
  if (hasCdFileSystem(store) || isRawCd(store)) return 'cdrom'
  const sectors = store.sizeBytes / SECTOR_BYTES
  return Number.isInteger(sectors) && exactFloppyFormat(sectors) ? 'floppy' : 'disk'
}

/**
 * Opens `store` as a medium. Throws `disk/unsupported-format` for images in other formats than raw, `disk/corrupt-image` for an
 * empty file and `disk/too-large` for one that its drive does not take. The store stays open then: it is the caller's.
 */
export function openMedium(store: ByteStore, options: OpenOptions): BlockDevice {
  const name = options.name ?? 'The image'
  check(store, options.kind, name)
  if (options.kind === 'cdrom') return new IsoImage(store)
  const writeProtected = options.writeProtected ?? false
  const disk = new RawDisk(store, { writeProtected, minSectors: kindSectors(store, options.kind) })
  return options.discardWrites && !writeProtected ? new OverlayDisk(disk) : disk
}

/** A floppy image of an odd size is the beginning of a disk whose rest is zeros. */
function kindSectors(store: ByteStore, kind: MediumKind): number {
  const format = kind === 'floppy' ? floppyFormatFor(Math.ceil(store.sizeBytes / SECTOR_BYTES)) : undefined
  return format ? floppySectors(format) : 0
}

function check(store: ByteStore, kind: MediumKind, name: string): void {
  const { sizeBytes } = store
  if (sizeBytes === 0) throw new AppError('disk/corrupt-image', `${name} is empty`, { context: { sizeBytes } })
  const foreign = foreignFormat(store)
  if (foreign) {
    const way =
      foreign.kind === 'archive' ? 'unpack it first' : 'convert it with: qemu-img convert -O raw IMAGE disk.img'
    throw new AppError('disk/unsupported-format', `${name} is a ${foreign.name} file, not a raw image; ${way}`, {
      context: { format: foreign.name },
    })
  }
  if (kind === 'floppy' && sizeBytes > FLOPPY_MAX_SECTORS * SECTOR_BYTES)
    throw tooLarge(`${name} is larger than a floppy disk (2880 KiB)`, sizeBytes)
  if (kind === 'disk' && sizeBytes / SECTOR_BYTES > MAX_DISK_SECTORS)
    throw tooLarge(`${name} is larger than an IDE disk can be (128 PiB)`, sizeBytes)
}

function tooLarge(message: string, sizeBytes: number): AppError {
  return new AppError('disk/too-large', message, { context: { sizeBytes } })
}
