/** Bootable CDs: the boot catalogue and what its default entry asks for (El Torito Bootable CD-ROM Format Specification 1.0). */
import type { BlockDevice } from '../../disk/block-device.ts'
import type { Geometry } from '../../disk/geometry.ts'

const BOOT_RECORD_LBA = 17
const CD_BYTES = 2048
const SYSTEM_ID = 'EL TORITO SPECIFICATION'
const BOOTABLE = 0x88
const DEFAULT_SEGMENT = 0x07c0
const HARD_DISK = 4
/** Media types 1 to 3: 1.2, 1.44 and 2.88 MB. */
const FLOPPY_SECTORS = [0, 15, 18, 36]

/** The default entry of a catalogue. */
export interface BootEntry {
  /** 0 no emulation, 1 to 3 floppy, 4 hard disk. */
  readonly mediaType: number
  readonly loadSegment: number
  /** 512-byte sectors to load. */
  readonly loadSectors: number
  /** First 2048-byte block of the image. */
  readonly lba: number
  /** Of the emulated disk. */
  readonly geometry: Geometry | undefined
}

/** Why a CD cannot be booted, for people. */
export type BootProblem = { readonly problem: string }

/** Reads the catalogue of a CD. */
export function readBootCatalogue(cd: BlockDevice): BootEntry | BootProblem {
  if (cd.sectorBytes !== CD_BYTES || cd.sectors <= BOOT_RECORD_LBA) return { problem: 'not a data CD' }
  const block = new Uint8Array(CD_BYTES)
  const view = new DataView(block.buffer)
  cd.readSectors(BOOT_RECORD_LBA, 1, block)
  const id = String.fromCharCode(...block.subarray(7, 7 + SYSTEM_ID.length))
  if (block[0] !== 0 || id !== SYSTEM_ID) return { problem: 'the CD is not bootable' }
  const catalogue = view.getUint32(0x47, true)
  if (catalogue >= cd.sectors) return { problem: 'the boot catalogue lies outside of the CD' }
  cd.readSectors(catalogue, 1, block)
  if (!validationHolds(view)) return { problem: 'the boot catalogue is damaged' }
  if (block[32] !== BOOTABLE) return { problem: 'the CD is not bootable' }
  const mediaType = block[33] & 0x0f
  const lba = view.getUint32(40, true)
  if (mediaType > HARD_DISK || lba >= cd.sectors) return { problem: 'the boot catalogue is damaged' }
  const loadSegment = view.getUint16(34, true) || DEFAULT_SEGMENT
  const loadSectors = view.getUint16(38, true) || 1
  return { mediaType, loadSegment, loadSectors, lba, geometry: emulatedGeometry(cd, mediaType, lba) }
}

function validationHolds(view: DataView): boolean {
  if (view.getUint8(0) !== 1 || view.getUint16(30, true) !== 0xaa55) return false
  let sum = 0
  for (let i = 0; i < 32; i += 2) sum += view.getUint16(i, true)
  return (sum & 0xffff) === 0
}

/** Of a floppy by its type, of a hard disk by the first entry of its partition table. */
function emulatedGeometry(cd: BlockDevice, mediaType: number, lba: number): Geometry | undefined {
  if (mediaType === 0) return undefined
  if (mediaType < HARD_DISK) return { cylinders: 80, heads: 2, sectorsPerTrack: FLOPPY_SECTORS[mediaType] }
  const block = new Uint8Array(CD_BYTES)
  cd.readSectors(lba, 1, block)
  const [head, sector, cylinder] = block.subarray(0x1be + 5, 0x1be + 8)
  const cylinders = (cylinder | ((sector & 0xc0) << 2)) + 1
  return { cylinders, heads: head + 1, sectorsPerTrack: sector & 0x3f || 1 }
}
