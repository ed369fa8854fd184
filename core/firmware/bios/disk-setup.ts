/**
 * POST's tables of hard disks: translated geometries (in the extended BIOS data area), the drive tables behind INT 41h and
 * INT 46h, and the device parameter table extensions of EDD. The drive tables are in ROM, at the types that CMOS names.
 */
import { biosGeometry, type Geometry } from '../../disk/geometry.ts'
import type { FirmwareMachine, HardDisk } from '../machine.ts'
import { encodeDriveTable } from '../rom/drive-types.ts'
import { driveTableAddress, FIRST_DRIVE_TYPE, SYSTEM_ROM_BASE, TABLES } from '../rom/layout.ts'
import { BDA, EBDA, ebdaAddress } from './bda.ts'

export const DISKS_MAX = 16
const GEOMETRY_BYTES = 6
const EDD_TABLE_BYTES = 16

/** The geometry that INT 13h shows for hard disk `index` (0 is 80h). */
export function translatedGeometry(machine: FirmwareMachine, index: number): Geometry {
  const at = ebdaAddress(machine, EBDA.geometry + index * GEOMETRY_BYTES)
  return {
    cylinders: machine.readLinear16(at),
    heads: machine.readLinear16(at + 2),
    sectorsPerTrack: machine.readLinear16(at + 4),
  }
}

/** The machine's hard disks in the order of their BIOS numbers. */
export function disksInOrder(machine: FirmwareMachine): HardDisk[] {
  const disks = machine.hardDisks.slice(0, DISKS_MAX)
  const [first] = disks.splice(machine.readLinear8(ebdaAddress(machine, EBDA.firstDisk)), 1)
  return first ? [first, ...disks] : disks
}

/** Makes the machine's hard disk `index` 80h, as its boot program expects. */
export function moveDiskToFront(machine: FirmwareMachine, index: number): void {
  machine.writeLinear8(ebdaAddress(machine, EBDA.firstDisk), index)
  setUpDisks(machine)
}

export function setUpDisks(machine: FirmwareMachine): void {
  // What is in the floppy drives now is no change.
  machine.floppies.slice(0, 2).forEach((drive, i) => {
    if (drive) machine.writeLinear8(ebdaAddress(machine, EBDA.floppyChanges) + i, drive.mediaChanges & 0xff)
  })
  const disks = disksInOrder(machine)
  machine.writeLinear8(BDA.diskCount, disks.length)
  machine.writeLinear8(BDA.diskControl, 0xc0)
  disks.forEach((disk, index) => {
    const geometry = biosGeometry(disk.media)
    const at = ebdaAddress(machine, EBDA.geometry + index * GEOMETRY_BYTES)
    machine.writeLinear16(at, geometry.cylinders)
    machine.writeLinear16(at + 2, geometry.heads)
    machine.writeLinear16(at + 4, geometry.sectorsPerTrack)
    if (index < 2) setUpDriveTable(machine, index, geometry, disk.geometry)
    machine.patchRom(eddTableAddress(index), encodeEddTable(disk, geometry))
  })
}

/**
 * The first two disks. A translated disk's table has signature A0h, the translated cylinders and heads in front and the
 * drive's own behind (the customary "translated fixed disk parameter table").
 */
function setUpDriveTable(machine: FirmwareMachine, index: number, shown: Geometry, physical: Geometry): void {
  const table = encodeDriveTable(shown.cylinders, shown.heads, shown.sectorsPerTrack)
  if (physical.cylinders !== shown.cylinders || physical.heads !== shown.heads) {
    table[3] = 0xa0
    table[4] = physical.sectorsPerTrack
    table[9] = physical.cylinders & 0xff
    table[10] = physical.cylinders >>> 8
    table[11] = physical.heads
    table[15] = -table.slice(0, 15).reduce((sum, byte) => sum + byte, 0) & 0xff
  }
  const address = driveTableAddress(FIRST_DRIVE_TYPE + index)
  machine.patchRom(address, Uint8Array.from(table))
  const pointer = ((SYSTEM_ROM_BASE >>> 4) << 16) | (address - SYSTEM_ROM_BASE)
  machine.writeLinear32((index === 0 ? 0x41 : 0x46) * 4, pointer >>> 0)
}

/** Linear address of the EDD table of hard disk `index`. */
export function eddTableAddress(index: number): number {
  return TABLES.edd + index * EDD_TABLE_BYTES
}

/** Device parameter table extension (EDD 3.0, table 13). Zero for disks that are on no IDE channel. */
function encodeEddTable({ ide }: HardDisk, shown: Geometry): Uint8Array {
  const table = new Uint8Array(EDD_TABLE_BYTES)
  if (!ide) return table
  const view = new DataView(table.buffer)
  view.setUint16(0, ide.ioBase, true)
  view.setUint16(2, ide.controlBase, true)
  table[4] = 0xe0 | (ide.unit << 4)
  table[5] = 0xcb // vendor byte
  table[6] = ide.irq
  table[7] = 1 // sectors a block
  table[8] = 0 // no DMA channel
  table[9] = 0x05 // fastest PIO
  const translated = shown.cylinders < 1024 && shown.heads <= 16 ? 0 : 8
  view.setUint16(10, 0x10 | translated, true) // LBA
  table[14] = 0x11 // revision
  table[15] = -table.subarray(0, 15).reduce((sum, byte) => sum + byte, 0)
  return table
}
