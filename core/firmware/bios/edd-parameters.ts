/** INT 13h AH=48h: the table of a drive's parameters (EDD 3.0, table 9). */
import { type Call, DS, type Steps } from '../call.ts'
import { SYSTEM_ROM_BASE } from '../rom/layout.ts'
import { eddTableAddress } from './disk-setup.ts'
import { STATUS } from './disk-status.ts'
import { type Drive, mediaOf } from './drives.ts'

/** Lengths of the versions of the table: EDD 1.1, 2.0 (with the far pointer), 3.0 (with the device path), and T13's with a longer one. */
const LENGTH_1 = 0x1a
const LENGTH_2 = 0x1e
const LENGTH_3 = 0x42
const LENGTH_T13 = 0x4a
const PATH_KEY = 0xbedd
const PATH = 0x1e

const GEOMETRY_VALID = 0x02
const REMOVABLE = 0x04
const CHANGE_LINE = 0x10
const LOCKABLE = 0x20
const NO_GEOMETRY = 0x40

/** Fills DS:SI as far as the caller's length allows. Returns the status. */
export function* driveParameters(call: Call, drive: Drive): Steps<number> {
  const { machine } = call
  const into = call.linear(DS, call.si)
  yield* call.touch(into, 2, true)
  const room = machine.readLinear16(into)
  if (room < LENGTH_1) return STATUS.badCommand
  const length = [LENGTH_T13, LENGTH_3, LENGTH_2, LENGTH_1].find((version) => room >= version) ?? LENGTH_1
  const media = mediaOf(drive)
  if (!media) return STATUS.notReady
  const table = new Uint8Array(length)
  const view = new DataView(table.buffer)
  view.setUint16(0, length, true)
  fillGeometry(view, drive)
  view.setUint32(0x10, media.sectors, true)
  view.setUint32(0x14, Math.floor(media.sectors / 2 ** 32), true)
  view.setUint16(0x18, media.sectorBytes, true)
  if (length >= LENGTH_2) view.setUint32(0x1a, parameterTablePointer(drive), true)
  if (length >= LENGTH_3) fillPath(table, view, drive)
  yield* call.touch(into, length, true)
  machine.writeLinearBytes(into, table)
  return STATUS.good
}

function fillGeometry(view: DataView, drive: Drive): void {
  if (drive.kind === 'cdrom') {
    view.setUint16(2, REMOVABLE | CHANGE_LINE | LOCKABLE | NO_GEOMETRY, true)
    for (const offset of [4, 8, 12]) view.setUint32(offset, 0xffff_ffff, true)
    return
  }
  if (drive.kind === 'floppy') return
  const geometry = drive.kind === 'disk' ? drive.disk.geometry : drive.geometry
  view.setUint16(2, GEOMETRY_VALID, true)
  view.setUint32(4, geometry.cylinders, true)
  view.setUint32(8, geometry.heads, true)
  view.setUint32(12, geometry.sectorsPerTrack, true)
}

function ideOf(drive: Drive) {
  return drive.kind === 'disk' ? drive.disk.ide : drive.kind === 'cdrom' ? drive.cd.ide : undefined
}

/** Far pointer to the device parameter table extension, or FFFF:FFFF. */
function parameterTablePointer(drive: Drive): number {
  if (drive.kind !== 'disk' || !drive.disk.ide) return 0xffff_ffff
  return (((SYSTEM_ROM_BASE >>> 4) << 16) | (eddTableAddress(drive.index) - SYSTEM_ROM_BASE)) >>> 0
}

/** Device path (EDD 3.0, table 11): bus, interface, their paths, checksum. */
function fillPath(table: Uint8Array, view: DataView, drive: Drive): void {
  const ide = ideOf(drive)
  if (!ide) return
  const bytes = table.length - PATH
  view.setUint16(PATH, PATH_KEY, true)
  table[PATH + 2] = bytes
  putText(table, PATH + 6, ide.pci ? 'PCI ' : 'ISA ')
  putText(table, PATH + 10, drive.kind === 'cdrom' ? 'ATAPI   ' : 'ATA     ')
  if (ide.pci) table.set([0, ide.pci.device, ide.pci.fn, ide.ioBase === 0x1f0 ? 0 : 1], PATH + 18)
  else view.setUint16(PATH + 18, ide.ioBase, true)
  table[PATH + 26] = ide.unit
  const sum = table.subarray(PATH, PATH + bytes - 1).reduce((total, byte) => total + byte, 0)
  table[PATH + bytes - 1] = -sum
}

function putText(table: Uint8Array, offset: number, text: string): void {
  for (let i = 0; i < text.length; i++) table[offset + i] = text.charCodeAt(i)
}
