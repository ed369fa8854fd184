/**
 * INT 13h AH=41h to 4Eh: access by block number, locking and eject, CD boot emulation (Phoenix Enhanced Disk Drive Specification
 * 3.0; El Torito 1.0, 4.0 "INT 13").
 */
import { type Call, DS, type Steps } from '../call.ts'
import { EBDA, ebdaAddress } from './bda.ts'
import { finish, STATUS } from './disk-status.ts'
import { transfer, verify } from './disk-transfer.ts'
import { type Drive, EMULATION, EMULATION_ACTIVE } from './drives.ts'
import { driveParameters } from './edd-parameters.ts'

const EDD_VERSION = 0x30
/** Extended access and enhanced drive support; removable drives lock and eject. */
const SUPPORT_DISK = 0x05
const SUPPORT_CD = 0x07

/** AH=41h and up. */
export function* extendedDiskService(call: Call, drive: Drive): Steps {
  // El Torito: drives of an emulated kind answer AH=4Bh alone of these.
  const termination = call.ah >= 0x4a && call.ah <= 0x4d
  if (drive.kind === 'floppy' || (drive.kind === 'emulated' && drive.floppy && !termination))
    return finish(call, drive, STATUS.badCommand)
  switch (call.ah) {
    case 0x41:
      return installationCheck(call, drive)
    case 0x42:
    case 0x43:
    case 0x44:
    case 0x47:
      return finish(call, drive, yield* packet(call, drive))
    case 0x45:
      return lock(call, drive)
    case 0x46:
      return eject(call, drive)
    case 0x48:
      return finish(call, drive, yield* driveParameters(call, drive))
    case 0x49:
      return mediaChange(call, drive)
    case 0x4b:
      return yield* emulationStatus(call, drive)
    case 0x4e: // hardware configuration: DMA, prefetch and PIO modes are the controller's business
      call.al = 0
      return finish(call, drive, STATUS.good)
    default:
      return finish(call, drive, STATUS.badCommand)
  }
}

function installationCheck(call: Call, drive: Drive): void {
  if (call.bx !== 0x55aa) return finish(call, drive, STATUS.badCommand)
  call.bx = 0xaa55
  call.cx = drive.kind === 'cdrom' ? SUPPORT_CD : SUPPORT_DISK
  finish(call, drive, STATUS.good)
  call.ah = EDD_VERSION
}

/**
 * DS:SI: length, reserved, count (word), buffer (offset, segment), block number (8 bytes); with length 18h or more and a
 * buffer of FFFF:FFFF a flat address follows. The count says afterwards how many blocks were moved.
 */
function* packet(call: Call, drive: Drive): Steps<number> {
  const { machine } = call
  const at = call.linear(DS, call.si)
  yield* call.touch(at, 24, true)
  const length = machine.readLinear8(at)
  const count = machine.readLinear16(at + 2)
  if (length < 16) return STATUS.badCommand
  const pointer = machine.readLinear32(at + 4)
  const flat = pointer === 0xffff_ffff && length >= 24
  const buffer = flat ? machine.readLinear32(at + 16) : ((pointer >>> 16) << 4) + (pointer & 0xffff)
  const lba = machine.readLinear32(at + 12) * 2 ** 32 + machine.readLinear32(at + 8)
  if (call.ah === 0x44 || call.ah === 0x47) return verify(drive, lba, call.ah === 0x47 ? 1 : count)
  const write = call.ah === 0x43
  if (write && (drive.kind === 'cdrom' || drive.kind === 'emulated')) return STATUS.writeProtected
  const status = yield* transfer(call, drive, lba, count, buffer, write)
  if (status !== STATUS.good) machine.writeLinear16(at + 2, 0)
  return status
}

/** AL: 0 lock, 1 unlock, 2 status. */
function lock(call: Call, drive: Drive): void {
  if (drive.kind !== 'cdrom') return finish(call, drive, call.al < 3 ? STATUS.good : STATUS.badCommand)
  const { machine } = call
  const at = ebdaAddress(machine, EBDA.cdLocks) + (drive.index & 3)
  const locks = machine.readLinear8(at)
  if (call.al > 2) return finish(call, drive, STATUS.badCommand)
  if (call.al === 0 && locks === 0xff) return finish(call, drive, 0xb4)
  if (call.al === 1 && locks === 0) return finish(call, drive, STATUS.notLocked)
  const now = call.al === 0 ? locks + 1 : call.al === 1 ? locks - 1 : locks
  machine.writeLinear8(at, now)
  call.al = now === 0 ? 0 : 1
  finish(call, drive, STATUS.good)
}

function eject(call: Call, drive: Drive): void {
  if (drive.kind !== 'cdrom') return finish(call, drive, STATUS.notRemovable)
  if (!drive.cd.media) return finish(call, drive, STATUS.noMedia)
  const locks = call.machine.readLinear8(ebdaAddress(call.machine, EBDA.cdLocks) + (drive.index & 3))
  const ejected = locks === 0 && drive.cd.eject?.() === true
  finish(call, drive, ejected ? STATUS.good : STATUS.locked)
}

function mediaChange(call: Call, drive: Drive): void {
  if (drive.kind !== 'cdrom') return finish(call, drive, STATUS.good)
  const { machine } = call
  const at = ebdaAddress(machine, EBDA.cdChanges) + (drive.index & 3)
  const now = drive.cd.mediaChanges & 0xff
  const changed = machine.readLinear8(at) !== now
  machine.writeLinear8(at, now)
  finish(call, drive, changed ? STATUS.changed : STATUS.good)
}

/** AX=4B00h ends the emulation, 4B01h only tells. DS:SI gets the specification packet. */
function* emulationStatus(call: Call, drive: Drive): Steps {
  const { machine } = call
  const state = ebdaAddress(machine, EBDA.elTorito)
  const active = machine.readLinear8(state)
  const into = call.linear(DS, call.si)
  if (active === 0 || call.al > 1) return finish(call, drive, STATUS.badCommand)
  yield* call.touch(into, 0x13, true)
  machine.writeLinear8(into, 0x13)
  machine.writeLinear8(into + 1, machine.readLinear8(state + EMULATION.mediaType))
  machine.writeLinear8(into + 2, machine.readLinear8(state + EMULATION.drive))
  machine.writeLinear8(into + 3, machine.readLinear8(state + EMULATION.cd) >>> 1) // controller
  machine.writeLinear32(into + 4, machine.readLinear32(state + EMULATION.lba))
  machine.writeLinear16(into + 8, machine.readLinear8(state + EMULATION.cd) & 1) // device specification
  machine.writeLinear16(into + 0x0a, 0)
  machine.writeLinear16(into + 0x0c, machine.readLinear16(state + EMULATION.loadSegment))
  machine.writeLinear16(into + 0x0e, machine.readLinear16(state + EMULATION.loadSectors))
  const cylinders = machine.readLinear16(state + EMULATION.cylinders)
  machine.writeLinear8(into + 0x10, cylinders & 0xff)
  machine.writeLinear8(into + 0x11, machine.readLinear8(state + EMULATION.sectors) | ((cylinders >>> 2) & 0xc0))
  machine.writeLinear8(into + 0x12, machine.readLinear8(state + EMULATION.heads))
  if (call.al === 0 && active === EMULATION_ACTIVE) machine.writeLinear8(state, 0)
  finish(call, drive, STATUS.good)
}
