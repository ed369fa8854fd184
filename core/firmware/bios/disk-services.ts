/**
 * INT 13h and INT 40h: floppies, hard disks, CD drives (PC AT Technical Reference, "BIOS", DISKETTE_IO and DISK_IO; EDD 3.0 in
 * edd.ts). Data goes straight between medium and memory, so calls take no guest time and raise no interrupts.
 */
import { AppError } from '../../base/errors.ts'
import { type Call, ES, type Steps } from '../call.ts'
import { ENTRY, SYSTEM_ROM_BASE } from '../rom/layout.ts'
import { finish, lastStatus, STATUS } from './disk-status.ts'
import { transfer, verify } from './disk-transfer.ts'
import { type Drive, driveCount, FIRST_DISK, findDrive, geometryOf, placeOf } from './drives.ts'
import { extendedDiskService } from './edd.ts'
import { floppyChange, formatFloppyTrack, setFloppyMediaType } from './floppy-services.ts'

/** INT 13h. What fails on the host's disk is a drive that fails. */
export function* diskService(call: Call): Steps {
  const drive = findDrive(call.machine, call.dl)
  try {
    yield* serve(call, drive)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    finish(call, drive, STATUS.controllerFailed)
  }
}

function* serve(call: Call, drive: Drive | undefined): Steps {
  if (!drive) {
    if (call.ah === 0x15 && call.dl < FIRST_DISK) {
      call.ah = 0
      call.carry = false
      return
    }
    if (call.ah === 0x08 && call.dl < FIRST_DISK) return noFloppyParameters(call)
    return finish(call, undefined, call.ah === 0x01 ? lastStatus(call, undefined) : STATUS.badCommand)
  }
  if (call.ah >= 0x41) return yield* extendedDiskService(call, drive)
  if (drive.kind === 'cdrom') return finish(call, drive, STATUS.badCommand)
  if (drive.kind === 'floppy' || (drive.kind === 'emulated' && drive.floppy)) return yield* floppy(call, drive)
  yield* disk(call, drive)
}

/** INT 40h: floppies alone. */
export function* floppyService(call: Call): Steps {
  if (call.dl < FIRST_DISK) return yield* diskService(call)
  finish(call, undefined, STATUS.badCommand)
}

function* disk(call: Call, drive: Drive): Steps {
  switch (call.ah) {
    case 0x00: // reset, initialise tables, seek, alternate reset, test ready, recalibrate, diagnostics
    case 0x09:
    case 0x0d:
    case 0x10:
    case 0x11:
    case 0x12:
    case 0x13:
    case 0x14:
      return finish(call, drive, STATUS.good)
    case 0x01:
      return showLastStatus(call, drive)
    case 0x02:
      return finishTransfer(call, drive, yield* readWrite(call, drive, false))
    case 0x03:
      return finishTransfer(call, drive, yield* readWrite(call, drive, true))
    case 0x04:
      return finishTransfer(call, drive, verifySectors(call, drive))
    case 0x05:
      return finish(call, drive, formatDiskTrack(call, drive))
    case 0x08:
      return diskParameters(call, drive)
    case 0x0c:
      return finish(call, drive, placeOf(call, drive) < 0 ? STATUS.notFound : STATUS.good)
    case 0x15:
      return diskType(call, drive)
    case 0x16:
    case 0x24: // multiple mode: as good as set
      return finish(call, drive, STATUS.good)
    default:
      return finish(call, drive, STATUS.badCommand)
  }
}

function* floppy(call: Call, drive: Drive): Steps {
  switch (call.ah) {
    case 0x00:
      return finish(call, drive, STATUS.good)
    case 0x01:
      return showLastStatus(call, drive)
    case 0x02:
    case 0x03:
      return finishTransfer(call, drive, floppyChange(call, drive) || (yield* readWrite(call, drive, call.ah === 0x03)))
    case 0x04:
      return finishTransfer(call, drive, floppyChange(call, drive) || verifySectors(call, drive))
    case 0x05:
      return finish(call, drive, floppyChange(call, drive) || (yield* formatFloppyTrack(call, drive)))
    case 0x08:
      return floppyParameters(call, drive)
    case 0x15: // with a change line, or without
      call.ah = drive.kind === 'floppy' && drive.drive.cmosType !== 1 ? 2 : 1
      call.carry = false
      return
    case 0x16:
      return finish(call, drive, floppyChange(call, drive, true))
    case 0x17:
      return finish(call, drive, drive.kind === 'floppy' && drive.drive.media ? STATUS.good : STATUS.notReady)
    case 0x18: {
      const status = setFloppyMediaType(call, drive)
      if (status === STATUS.good) pointToDisketteTable(call)
      return finish(call, drive, status)
    }
    default:
      return finish(call, drive, STATUS.badCommand)
  }
}

function* readWrite(call: Call, drive: Drive, write: boolean): Steps<number> {
  if (call.al === 0 || call.al > 128) return STATUS.badCommand
  const lba = placeOf(call, drive)
  if (lba < 0) return STATUS.notFound
  return yield* transfer(call, drive, lba, call.al, call.linear(ES, call.bx), write)
}

function verifySectors(call: Call, drive: Drive): number {
  const lba = placeOf(call, drive)
  if (call.al === 0 || lba < 0) return call.al === 0 ? STATUS.badCommand : STATUS.notFound
  return verify(drive, lba, call.al)
}

/** AH=05h of a hard disk: the track is zeroes afterwards. */
function formatDiskTrack(call: Call, drive: Drive): number {
  if (drive.kind !== 'disk') return STATUS.writeProtected
  call.cl = (call.cl & 0xc0) | 1
  const lba = placeOf(call, drive)
  if (lba < 0) return STATUS.notFound
  const { sectorsPerTrack } = drive.geometry
  if (drive.disk.media.readOnly) return STATUS.writeProtected
  const count = Math.min(sectorsPerTrack, drive.disk.media.sectors - lba)
  if (count > 0) drive.disk.media.writeSectors(lba, count, new Uint8Array(count * 512))
  return STATUS.good
}

function diskParameters(call: Call, drive: Drive): void {
  const geometry = geometryOf(drive)
  if (!geometry) return finish(call, drive, STATUS.badCommand)
  // The last cylinder is for diagnostics: it can be used, but does not count.
  const last = Math.max(geometry.cylinders - 2, 0)
  call.al = 0
  call.ch = last
  call.cl = ((last >>> 2) & 0xc0) | geometry.sectorsPerTrack
  call.dh = geometry.heads - 1
  call.dl = driveCount(call.machine, false)
  finish(call, drive, STATUS.good)
}

/** AH=15h: type 3, and CX:DX sectors. */
function diskType(call: Call, drive: Drive): void {
  const geometry = geometryOf(drive)
  const cylinders = Math.max((geometry?.cylinders ?? 0) - 1, 0)
  const sectors = geometry ? cylinders * geometry.heads * geometry.sectorsPerTrack : 0
  call.cx = sectors >>> 16
  call.dx = sectors
  call.ah = 3
  call.carry = false
}

/** What AH=08h says of the kinds of drives: cylinders and sectors, by CMOS type. */
const FLOPPY_LIMITS: Readonly<Record<number, readonly [number, number]>> = {
  1: [40, 9],
  2: [80, 15],
  3: [80, 9],
  4: [80, 18],
  5: [80, 36],
}
const TYPE_BY_SECTORS: Readonly<Record<number, number>> = { 8: 1, 9: 3, 15: 2, 18: 4, 36: 5 }

function floppyParameters(call: Call, drive: Drive): void {
  const emulated = drive.kind === 'emulated' ? (TYPE_BY_SECTORS[drive.geometry.sectorsPerTrack] ?? 4) : 0
  const type = drive.kind === 'floppy' ? drive.drive.cmosType : emulated
  const [cylinders, sectors] = FLOPPY_LIMITS[type]
  call.ax = 0
  call.bx = type
  call.ch = cylinders - 1
  call.cl = sectors
  call.dh = 1
  call.dl = driveCount(call.machine, true)
  pointToDisketteTable(call)
  finish(call, drive, STATUS.good)
}

/** A machine with hard disks but no such floppy answers with zeroes. */
function noFloppyParameters(call: Call): void {
  call.ax = 0
  call.bx = 0
  call.cx = 0
  call.dh = 0
  call.dl = driveCount(call.machine, true)
  call.di = 0
  call.returnEs = 0
  call.carry = false
}

function pointToDisketteTable(call: Call): void {
  call.returnEs = SYSTEM_ROM_BASE >>> 4
  call.di = ENTRY.diskette
}

function showLastStatus(call: Call, drive: Drive): void {
  const status = lastStatus(call, drive)
  call.ah = status
  call.carry = status !== 0
}

/** The same; AL tells how many sectors were transferred. */
function finishTransfer(call: Call, drive: Drive, status: number): void {
  if (status !== STATUS.good) call.al = 0
  finish(call, drive, status)
}
