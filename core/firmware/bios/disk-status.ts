/** What INT 13h returns in AH, and where it is remembered. */
import type { Call } from '../call.ts'
import { BDA, EBDA, ebdaAddress } from './bda.ts'
import { type Drive, FIRST_DISK } from './drives.ts'

/** What AH returns (PC AT Technical Reference, "Disk status"). */
export const STATUS = {
  good: 0x00,
  badCommand: 0x01,
  writeProtected: 0x03,
  notFound: 0x04,
  changed: 0x06,
  badMediaType: 0x0c,
  controllerFailed: 0x20,
  notReady: 0x80,
  notLocked: 0xb0,
  locked: 0xb1,
  notRemovable: 0xb2,
  noMedia: 0x31,
} as const

/** Sets AH and CF, and remembers the status for AH=01h. */
export function finish(call: Call, drive: Drive | undefined, status: number): void {
  call.machine.writeLinear8(statusAddress(call, drive), status)
  call.ah = status
  call.carry = status !== STATUS.good
}

function statusAddress(call: Call, drive: Drive | undefined): number {
  if (drive?.kind === 'cdrom') return ebdaAddress(call.machine, EBDA.cdStatus)
  const floppyDrive = drive
    ? drive.kind === 'floppy' || (drive.kind === 'emulated' && drive.floppy)
    : call.dl < FIRST_DISK
  return floppyDrive ? BDA.floppyStatus : BDA.diskStatus
}

/** What AH=01h returns. */
export function lastStatus(call: Call, drive: Drive | undefined): number {
  return call.machine.readLinear8(statusAddress(call, drive))
}
