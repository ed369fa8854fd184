/** What INT 13h does for floppies alone: the change line, formatting, media types. */
import { type Call, ES, type Steps } from '../call.ts'
import { EBDA, ebdaAddress } from './bda.ts'
import { STATUS } from './disk-status.ts'
import { type Drive, geometryOf } from './drives.ts'

const FILLER = 0xf6

/**
 * Status for the first access after a disk was changed (06h, once), or for an empty drive; otherwise 0. With `peek` (AH=16h)
 * a change stays reported until a disk has been accessed.
 */
export function floppyChange(call: Call, drive: Drive, peek = false): number {
  if (drive.kind !== 'floppy') return STATUS.good
  const { machine } = call
  const seen = ebdaAddress(machine, EBDA.floppyChanges) + drive.index
  const now = drive.drive.mediaChanges & 0xff
  if (machine.readLinear8(seen) !== now) {
    if (!peek) machine.writeLinear8(seen, now)
    return drive.drive.media || peek ? STATUS.changed : STATUS.notReady
  }
  return drive.drive.media ? STATUS.good : STATUS.notReady
}

/** AH=05h: ES:BX has cylinder, head, number and size of each sector. Images have one format, so the track must fit it. */
export function* formatFloppyTrack(call: Call, drive: Drive): Steps<number> {
  if (drive.kind !== 'floppy') return STATUS.writeProtected
  const { media, geometry } = drive.drive
  if (!media || !geometry) return STATUS.notReady
  if (media.readOnly) return STATUS.writeProtected
  const sectors = call.al
  if (sectors === 0 || sectors > geometry.sectorsPerTrack) return STATUS.badMediaType
  const fields = call.linear(ES, call.bx)
  yield* call.touch(fields, sectors * 4, false)
  const filler = new Uint8Array(512).fill(FILLER)
  for (let i = 0; i < sectors; i++) {
    const [cylinder, head, sector, size] = [0, 1, 2, 3].map((k) => call.machine.readLinear8(fields + 4 * i + k))
    if (cylinder >= geometry.cylinders || head >= geometry.heads || size !== 2) return STATUS.notFound
    if (cylinder !== call.ch || head !== call.dh || sector === 0 || sector > geometry.sectorsPerTrack)
      return STATUS.notFound
    media.writeSectors((cylinder * geometry.heads + head) * geometry.sectorsPerTrack + sector - 1, 1, filler)
  }
  return STATUS.good
}

/** AH=18h: CH and CL are the last track and sector of the format to come. */
export function setFloppyMediaType(call: Call, drive: Drive): number {
  const geometry = geometryOf(drive)
  if (!geometry) return STATUS.notReady
  const tracks = (call.ch | ((call.cl & 0xc0) << 2)) + 1
  const same = tracks === geometry.cylinders && (call.cl & 0x3f) === geometry.sectorsPerTrack
  return same ? STATUS.good : STATUS.badMediaType
}
