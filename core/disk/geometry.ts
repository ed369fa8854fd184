/**
 * Cylinders, heads and sectors of hard disks: what a drive says of itself, and what its partition table says its BIOS made of
 * it. Sources: ATA/ATAPI-6 annex C (logical CHS), Phoenix Enhanced Disk Drive Specification 3.0 (translation).
 */
import type { BlockDevice } from './block-device.ts'

/** Numbers of cylinders, heads, and sectors on a track. */
export interface Geometry {
  readonly cylinders: number
  readonly heads: number
  readonly sectorsPerTrack: number
}

/** The most that drives say (ATA/ATAPI-6 6.2.1): larger disks keep this geometry, and need LBA for the rest. */
const MAX_CYLINDERS = 16_383
const DEFAULT_HEADS = 16
const DEFAULT_SECTORS = 63

const PARTITION_TABLE = 0x1be
const PARTITIONS = 4

/** Sectors that the geometry reaches. */
export function geometrySectors({ cylinders, heads, sectorsPerTrack }: Geometry): number {
  return cylinders * heads * sectorsPerTrack
}

/** The geometry with the default number of heads and sectors for a disk of `sectors`. */
export function defaultGeometry(sectors: number): Geometry {
  return withCylinders(sectors, DEFAULT_HEADS, DEFAULT_SECTORS)
}

/**
 * What a drive says of itself in IDENTIFY DEVICE. A disk that was partitioned with few enough heads was seen without
 * translation, so its drive must go on counting that way.
 */
export function driveGeometry(disk: BlockDevice): Geometry {
  const logical = partitionGeometry(disk)
  return logical && logical.heads <= DEFAULT_HEADS ? logical : defaultGeometry(disk.sectors)
}

/**
 * Heads and sectors that the partition table was made with: a partition ends at the last sector of a track under the last
 * head. Undefined without a table, or when its entries say nothing or do not fit the disk.
 */
export function partitionGeometry(disk: BlockDevice): Geometry | undefined {
  if (disk.sectorBytes !== 512 || disk.sectors === 0) return undefined
  const sector = new Uint8Array(512)
  disk.readSectors(0, 1, sector)
  if (sector[510] !== 0x55 || sector[511] !== 0xaa) return undefined
  const view = new DataView(sector.buffer)
  for (let i = 0; i < PARTITIONS; i++) {
    const entry = PARTITION_TABLE + 16 * i
    const heads = sector[entry + 5] + 1
    const sectorsPerTrack = sector[entry + 6] & 0x3f
    if (view.getUint32(entry + 12, true) === 0 || heads === 1 || sectorsPerTrack === 0) continue
    const cylinders = Math.floor(disk.sectors / (heads * sectorsPerTrack))
    if (cylinders >= 1 && cylinders <= MAX_CYLINDERS) return { cylinders, heads, sectorsPerTrack }
  }
  return undefined
}

/**
 * The geometry that INT 13h shows: at most 1024 cylinders. A partition table decides; a new disk gets the LBA-assisted
 * translation (EDD 3.0, table 7), up to 255 heads.
 */
export function biosGeometry(disk: BlockDevice): Geometry {
  const logical = partitionGeometry(disk)
  if (logical) return { ...logical, cylinders: Math.min(logical.cylinders, 1024) }
  const physical = driveGeometry(disk)
  if (physical.cylinders <= 1024) return physical
  for (const heads of [16, 32, 64, 128, 255]) {
    const geometry = withCylinders(disk.sectors, heads, DEFAULT_SECTORS)
    if (geometry.cylinders <= 1024 || heads === 255)
      return { ...geometry, cylinders: Math.min(geometry.cylinders, 1024) }
  }
  return physical
}

function withCylinders(sectors: number, heads: number, sectorsPerTrack: number): Geometry {
  const cylinders = Math.floor(sectors / (heads * sectorsPerTrack))
  return { cylinders: Math.min(Math.max(cylinders, 1), MAX_CYLINDERS), heads, sectorsPerTrack }
}
