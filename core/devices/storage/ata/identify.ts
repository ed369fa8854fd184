/** The 512 bytes by which drives describe themselves (ATA/ATAPI-6 8.15 and 8.16), as sixteen-bit words. */
import type { Geometry } from '../../../disk/geometry.ts'
import { geometrySectors } from '../../../disk/geometry.ts'

/** Names of a drive. They stay the same for the life of a machine, because systems recognise their computer by them. */
export interface DriveIdentity {
  /** Up to 40 characters of ASCII. */
  readonly model: string
  /** Up to 20. */
  readonly serial: string
  /** Up to 8. */
  readonly firmware: string
}

/** Transfer modes chosen by SET FEATURES, as the bit of the mode that is selected; 0 when none is. */
export interface DmaModes {
  readonly multiword: number
  readonly ultra: number
}

/** What a disk tells that can change. */
export interface DiskDescription {
  readonly identity: DriveIdentity
  readonly sectors: number
  /** Its own geometry, and the one that INITIALIZE DEVICE PARAMETERS chose, if it makes sense. */
  readonly geometry: Geometry
  readonly current: Geometry | undefined
  /** Sectors a block of READ MULTIPLE, 0 when not set. */
  readonly multiple: number
  readonly modes: DmaModes
  readonly writeCache: boolean
  readonly lookAhead: boolean
  readonly smart: boolean
  readonly slave: boolean
}

/** The most sectors in a block of READ MULTIPLE. */
export const MAX_MULTIPLE = 16
/** The largest capacity that 28-bit sector numbers tell (6.2.1). */
export const MAX_LBA28_SECTORS = 0x0fff_ffff

const SUPPORTED_MULTIWORD = 0x07
const SUPPORTED_ULTRA = 0x3f
/** Versions 1 to 6 of the standard. */
const MAJOR_VERSIONS = 0x007e
/** Cycle time of PIO mode 4 and multiword DMA mode 2 in nanoseconds. */
const CYCLE_NS = 120

/** Puts ASCII text into words, the first character in the high half, filled up with spaces (8.15.8). */
function putText(words: Uint16Array, first: number, count: number, text: string): void {
  const padded = text.slice(0, 2 * count).padEnd(2 * count)
  for (let i = 0; i < count; i++) words[first + i] = (padded.charCodeAt(2 * i) << 8) | padded.charCodeAt(2 * i + 1)
}

function putNames(words: Uint16Array, identity: DriveIdentity): void {
  putText(words, 10, 10, identity.serial)
  putText(words, 23, 4, identity.firmware)
  putText(words, 27, 20, identity.model)
}

function putDouble(words: Uint16Array, first: number, value: number): void {
  words[first] = value
  words[first + 1] = value / 0x1_0000
}

function putModes(words: Uint16Array, modes: DmaModes): void {
  words[63] = SUPPORTED_MULTIWORD | (modes.multiword << 8)
  words[64] = 0x0003
  words.fill(CYCLE_NS, 65, 69)
  words[88] = SUPPORTED_ULTRA | (modes.ultra << 8)
}

/** Sets the integrity word: A5h and a byte that makes the sum of all bytes zero (8.15.61). */
function seal(words: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(512)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < words.length; i++) view.setUint16(2 * i, words[i], true)
  bytes[510] = 0xa5
  bytes[511] = -bytes.reduce((sum, byte) => sum + byte, 0)
  return bytes
}

/** The answer to IDENTIFY DEVICE. */
export function identifyDisk(disk: DiskDescription): Uint8Array {
  const words = new Uint16Array(256)
  const { geometry, current } = disk
  words[0] = 0x0040 // a fixed disk
  words[1] = geometry.cylinders
  words[3] = geometry.heads
  words[4] = 512 * geometry.sectorsPerTrack
  words[5] = 512
  words[6] = geometry.sectorsPerTrack
  putNames(words, disk.identity)
  words.set([3, 512, 4], 20) // a dual-ported cache of 256 KiB, four bytes of ECC
  words[47] = 0x8000 | MAX_MULTIPLE
  words[48] = 0x0001 // 32-bit accesses of the data register
  words[49] = 0x0b00 // IORDY, LBA, DMA
  words[50] = 0x4000
  words.set([0x0200, 0x0200, current ? 0x0007 : 0x0006], 51)
  if (current) {
    words.set([current.cylinders, current.heads, current.sectorsPerTrack], 54)
    putDouble(words, 57, Math.min(geometrySectors(current), disk.sectors))
  }
  words[59] = disk.multiple === 0 ? 0 : 0x0100 | disk.multiple
  putDouble(words, 60, Math.min(disk.sectors, MAX_LBA28_SECTORS))
  putModes(words, disk.modes)
  words[80] = MAJOR_VERSIONS
  putFeatures(words, disk)
  words[93] = disk.slave ? 0x6100 : 0x6009
  putDouble(words, 100, disk.sectors % 0x1_0000_0000)
  putDouble(words, 102, Math.floor(disk.sectors / 0x1_0000_0000))
  return seal(words)
}

/** Command sets that there are (words 82 to 84) and are enabled (85 to 87). */
function putFeatures(words: Uint16Array, disk: DiskDescription): void {
  const enabled = (disk.writeCache ? 0x0020 : 0) | (disk.lookAhead ? 0x0040 : 0) | (disk.smart ? 0x0001 : 0)
  // NOP, READ BUFFER, WRITE BUFFER, look-ahead, write cache, power management, SMART
  words[82] = 0x7069
  words[83] = 0x7400 // FLUSH CACHE (EXT), 48-bit addresses
  words[84] = 0x4040 // forced unit access
  words[85] = 0x7008 | enabled
  words[86] = 0x3400
  words[87] = 0x4040
}

/** The answer to IDENTIFY PACKET DEVICE of a CD drive. */
export function identifyCdDrive(identity: DriveIdentity, modes: DmaModes): Uint8Array {
  const words = new Uint16Array(256)
  words[0] = 0x85c0 // ATAPI, CD-ROM, removable, packets of 12 bytes asked for within 50 µs
  putNames(words, identity)
  words[49] = 0x0b00 // IORDY, LBA, DMA
  words.set([0x0200, 0x0200, 0x0006], 51)
  putModes(words, modes)
  words.set([30, 30], 71) // nanoseconds from a command to bus release, from SERVICE to BSY cleared
  words[80] = MAJOR_VERSIONS
  words[82] = 0x4210 // NOP, DEVICE RESET, PACKET
  words[83] = 0x4000
  words[84] = 0x4000
  words[85] = 0x4210
  words[87] = 0x4000
  return seal(words)
}
