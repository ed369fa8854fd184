/**
 * Drive numbers of INT 13h: 00h and 01h floppies, 80h up hard disks, E0h up CD drives. A CD that was booted with an emulated disk
 * puts that in front: the first floppy or hard disk moves up by one (El Torito 1.0, 2.0 "Drive emulation").
 */
import type { BlockDevice } from '../../disk/block-device.ts'
import type { Geometry } from '../../disk/geometry.ts'
import type { Call } from '../call.ts'
import type { CdDrive, FirmwareMachine, FloppyDrive, HardDisk } from '../machine.ts'
import { EBDA, ebdaAddress } from './bda.ts'
import { DISKS_MAX, disksInOrder, translatedGeometry } from './disk-setup.ts'

export const FIRST_DISK = 0x80
export const FIRST_CD = 0xe0
const CD_SECTORS = 4

/** Offsets in the emulation record of the extended BIOS data area. */
export const EMULATION = {
  /** 0 none, 1 active, 2 no emulation (kept for AH=4Bh). */
  state: 0,
  mediaType: 1,
  drive: 2,
  cd: 3,
  lba: 4,
  loadSegment: 8,
  loadSectors: 10,
  cylinders: 12,
  heads: 14,
  sectors: 15,
  imageSectors: 16,
  bytes: 20,
} as const
export const EMULATION_ACTIVE = 1
export const NO_EMULATION = 2

/** What a drive number stands for. `sectors` counts blocks of `sectorBytes`; `geometry` is what CHS calls go by. */
export type Drive =
  | { readonly kind: 'floppy'; readonly index: number; readonly drive: FloppyDrive }
  | { readonly kind: 'disk'; readonly index: number; readonly disk: HardDisk; readonly geometry: Geometry }
  | { readonly kind: 'cdrom'; readonly index: number; readonly cd: CdDrive }
  | {
      readonly kind: 'emulated'
      readonly floppy: boolean
      readonly geometry: Geometry
      readonly media: BlockDevice | undefined
    }

/** Finds drive `number`, or undefined when there is none. */
export function findDrive(machine: FirmwareMachine, number: number): Drive | undefined {
  const emulated = ebdaAddress(machine, EBDA.elTorito)
  let shift = 0
  if (machine.readLinear8(emulated) === EMULATION_ACTIVE) {
    const at = machine.readLinear8(emulated + EMULATION.drive)
    if (number === at) return emulatedDrive(machine, emulated)
    if ((number ^ at) < FIRST_DISK && number > at && number < FIRST_CD) shift = 1
  }
  if (number >= FIRST_CD && number < FIRST_CD + 16) {
    const cd = machine.cdDrives[number - FIRST_CD]
    return cd && { kind: 'cdrom', index: number - FIRST_CD, cd }
  }
  if (number >= FIRST_DISK) {
    const index = number - FIRST_DISK - shift
    const disk = disksInOrder(machine)[index]
    return disk && { kind: 'disk', index, disk, geometry: translatedGeometry(machine, index) }
  }
  const index = number - shift
  const drive = machine.floppies[index]
  return drive && { kind: 'floppy', index, drive }
}

/** The medium in a drive. */
export function mediaOf(drive: Drive): BlockDevice | undefined {
  switch (drive.kind) {
    case 'floppy':
      return drive.drive.media
    case 'disk':
      return drive.disk.media
    case 'cdrom':
      return drive.cd.media
    case 'emulated':
      return drive.media
  }
}

/** Geometry that CHS calls of a drive go by; undefined without a medium. */
export function geometryOf(drive: Drive): Geometry | undefined {
  if (drive.kind === 'floppy') return drive.drive.geometry
  return drive.kind === 'cdrom' ? undefined : drive.geometry
}

/** Sector number of CX and DH, or -1 when the geometry has no such place. */
export function placeOf(call: Call, drive: Drive): number {
  const geometry = geometryOf(drive)
  if (!geometry) return -1
  const cylinder = call.ch | ((call.cl & 0xc0) << 2)
  const sector = call.cl & 0x3f
  const { cylinders, heads, sectorsPerTrack } = geometry
  if (cylinder >= cylinders || call.dh >= heads || sector === 0 || sector > sectorsPerTrack) return -1
  return (cylinder * heads + call.dh) * sectorsPerTrack + sector - 1
}

/** How many floppies or hard disks INT 13h shows. */
export function driveCount(machine: FirmwareMachine, floppies: boolean): number {
  const emulated = ebdaAddress(machine, EBDA.elTorito)
  const active = machine.readLinear8(emulated) === EMULATION_ACTIVE
  const extra = active && machine.readLinear8(emulated + EMULATION.drive) < FIRST_DISK === floppies ? 1 : 0
  const real = floppies ? machine.floppies.filter((drive) => drive !== undefined).length : machine.hardDisks.length
  return Math.min(real, DISKS_MAX) + extra
}

function emulatedDrive(machine: FirmwareMachine, at: number): Drive {
  const geometry = {
    cylinders: machine.readLinear16(at + EMULATION.cylinders),
    heads: machine.readLinear8(at + EMULATION.heads),
    sectorsPerTrack: machine.readLinear8(at + EMULATION.sectors),
  }
  const cd = machine.cdDrives[machine.readLinear8(at + EMULATION.cd)]
  const floppy = machine.readLinear8(at + EMULATION.drive) < FIRST_DISK
  if (!cd?.media) return { kind: 'emulated', floppy, geometry, media: undefined }
  const lba = machine.readLinear32(at + EMULATION.lba)
  const sectors = machine.readLinear32(at + EMULATION.imageSectors)
  return { kind: 'emulated', floppy, geometry, media: sectorsOfCd(cd.media, lba, sectors) }
}

/** 512-byte sectors of an image on a CD, from block `start` on. */
function sectorsOfCd(cd: BlockDevice, start: number, sectors: number): BlockDevice {
  return {
    sectorBytes: 512,
    sectors,
    readOnly: true,
    readSectors(lba, count, into, offset = 0) {
      const first = start + Math.floor(lba / CD_SECTORS)
      const last = start + Math.floor((lba + count - 1) / CD_SECTORS)
      const blocks = Math.min(last, cd.sectors - 1) - first + 1
      const buffer = new Uint8Array((last - first + 1) * cd.sectorBytes)
      if (blocks > 0) cd.readSectors(first, blocks, buffer)
      const skip = (lba % CD_SECTORS) * 512
      into.set(buffer.subarray(skip, skip + count * 512), offset)
    },
    writeSectors() {},
    flush() {},
    close() {},
  }
}
