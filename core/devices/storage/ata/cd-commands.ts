/** What each packet command does with a CD drive, and how it ends (MMC-3, 6). */
import { modeSense } from './cd-mode-pages.ts'
import { NEEDS_DISC, PACKET, SENSE, type Sense, UNCONDITIONAL } from './cd-packets.ts'
import * as replies from './cd-replies.ts'
import { fromMsf, rawParts } from './cd-sector.ts'
import type { DriveIdentity } from './identify.ts'
import { USER_DATA_ONLY } from './packet-transfer.ts'

/** Time bit of commands whose answer has addresses: minutes, seconds, frames instead of a sector number. */
const MSF = 0x02
/** Sector types in READ CD that data sectors of mode 1 satisfy: any, and mode 1. */
const TYPE_ANY = 0
const TYPE_MODE1 = 2

/** The mechanics that commands look at and move. */
export interface CdMechanism {
  readonly identity: DriveIdentity
  readonly status: replies.CdStatus
  readonly lastSense: Sense
  /** Takes the news of a changed disc. */
  takeChange(): boolean
  /** Takes the last event of the medium. */
  takeEvent(): number
  lock(locked: boolean): void
  /** Opens or closes the tray; false when it is locked. */
  moveTray(open: boolean): boolean
}

/** How a command goes on: it is done, refused, answers (with at most `allocated` bytes), sends sectors, or takes parameters. */
export type Outcome =
  | 'good'
  | { readonly kind: 'check'; readonly sense: Sense }
  | { readonly kind: 'reply'; readonly bytes: Uint8Array; readonly allocated: number }
  | { readonly kind: 'sectors'; readonly lba: number; readonly count: number; readonly flags: number }
  | { readonly kind: 'parameters'; readonly bytes: number }

const check = (sense: Sense): Outcome => ({ kind: 'check', sense })
const reply = (bytes: Uint8Array | undefined, allocated: number): Outcome =>
  bytes ? { kind: 'reply', bytes, allocated } : check(SENSE.invalidField)

/** Runs a packet of twelve bytes. */
export function runPacket(drive: CdMechanism, packet: Uint8Array): Outcome {
  const code = packet[0]
  if (!UNCONDITIONAL.has(code) && drive.takeChange()) return check(SENSE.mediumChanged)
  if (NEEDS_DISC.has(code) && drive.status.sectors === 0)
    return check(drive.status.trayOpen ? SENSE.trayOpen : SENSE.noMedium)
  return dispatch(drive, code, packet, new DataView(packet.buffer, packet.byteOffset, packet.length))
}

function dispatch(drive: CdMechanism, code: number, packet: Uint8Array, view: DataView): Outcome {
  const { sectors } = drive.status
  const msf = (packet[1] & MSF) !== 0
  switch (code) {
    case PACKET.testUnitReady:
    case PACKET.setCdSpeed:
    case PACKET.stopPlay:
      return 'good'
    case PACKET.requestSense:
      return requestSense(drive, packet[4])
    case PACKET.inquiry:
      return inquiry(drive, packet)
    case PACKET.modeSelect6:
      return { kind: 'parameters', bytes: packet[4] }
    case PACKET.modeSelect10:
      return { kind: 'parameters', bytes: view.getUint16(7) }
    case PACKET.modeSense6:
      return senseMode(drive, packet[2], packet[4], true)
    case PACKET.modeSense10:
      return senseMode(drive, packet[2], view.getUint16(7), false)
    case PACKET.startStop:
      return startStop(drive, packet[4])
    case PACKET.preventAllow:
      drive.lock((packet[4] & 1) !== 0)
      return 'good'
    case PACKET.readCapacity:
      return reply(replies.capacity(sectors), 8)
    case PACKET.read10:
      return read(drive, view.getUint32(2), view.getUint16(7), USER_DATA_ONLY)
    case PACKET.read12:
      return read(drive, view.getUint32(2), view.getUint32(6), USER_DATA_ONLY)
    case PACKET.readCd:
      return readCd(drive, packet, view.getUint32(2), view.getUint32(5) & 0xff_ffff)
    case PACKET.readCdMsf: {
      const first = fromMsf(packet[3], packet[4], packet[5])
      return readCd(drive, packet, first, fromMsf(packet[6], packet[7], packet[8]) - first)
    }
    case PACKET.seek10:
    case PACKET.verify10:
      return view.getUint32(2) < sectors ? 'good' : check(SENSE.outOfRange)
    case PACKET.readToc:
      return readToc(sectors, packet, view.getUint16(7), msf)
    case PACKET.readSubChannel:
      return reply(replies.subChannel((packet[2] & 0x40) !== 0, packet[3], 0, msf), view.getUint16(7))
    case PACKET.readHeader:
      if (view.getUint32(2) >= sectors) return check(SENSE.outOfRange)
      return reply(replies.sectorHeader(view.getUint32(2), msf), view.getUint16(7))
    case PACKET.readDiscInformation:
      return reply(replies.discInformation(), view.getUint16(7))
    case PACKET.readTrackInformation:
      return reply(replies.trackInformation(sectors), view.getUint16(7))
    case PACKET.getConfiguration:
      return reply(replies.configuration(sectors, packet[1] & 3, view.getUint16(2)), view.getUint16(7))
    case PACKET.getEventStatus:
      return eventStatus(drive, packet, view.getUint16(7))
    case PACKET.mechanismStatus:
      return reply(replies.mechanismStatus(drive.status), view.getUint16(8))
    case PACKET.readDvdStructure:
      if (!replies.isDvd(sectors)) return check(SENSE.wrongFormat)
      return reply(replies.dvdStructure(packet[7], sectors), view.getUint16(8))
    case PACKET.playAudio10:
    case PACKET.playAudioMsf:
    case PACKET.playAudio12:
      return check(SENSE.wrongTrackMode)
    case PACKET.pauseResume:
      return check(SENSE.notPlaying)
    default:
      return check(SENSE.invalidCommand)
  }
}

function requestSense(drive: CdMechanism, allocated: number): Outcome {
  // News of another disc that no command has told yet is told here.
  const sense = drive.takeChange() ? SENSE.mediumChanged : drive.lastSense
  return reply(replies.senseData(...sense), allocated)
}

function inquiry(drive: CdMechanism, packet: Uint8Array): Outcome {
  // Vital product data pages do not exist.
  if (packet[1] & 1 || packet[2] !== 0) return check(SENSE.invalidField)
  return reply(replies.inquiry(drive.identity.model, drive.identity.firmware), packet[4])
}

function senseMode(drive: CdMechanism, page: number, allocated: number, short: boolean): Outcome {
  const control = page >>> 6
  if (control === 3) return check(SENSE.savingUnsupported)
  return reply(modeSense(drive.status, page & 0x3f, control, short), allocated)
}

/** Bit 1 loads or ejects, bit 0 starts. With a power condition in the high bits there is nothing to do. */
function startStop(drive: CdMechanism, options: number): Outcome {
  const movesTray = (options & 0xf2) === 0x02
  return movesTray && !drive.moveTray((options & 1) === 0) ? check(SENSE.removalPrevented) : 'good'
}

function read(drive: CdMechanism, lba: number, count: number, flags: number): Outcome {
  if (lba + count > drive.status.sectors) return check(SENSE.outOfRange)
  return { kind: 'sectors', lba, count, flags }
}

function readCd(drive: CdMechanism, packet: Uint8Array, lba: number, count: number): Outcome {
  const type = (packet[1] >>> 2) & 7
  const flags = packet[9] & 0xf8
  if (lba < 0 || count < 0) return check(SENSE.outOfRange)
  if (type !== TYPE_ANY && type !== TYPE_MODE1) return check(SENSE.wrongTrackMode)
  // Error pointers and sub-channels: a data disc in a drive like this has none to give.
  if (packet[9] & 0x06 || packet[10] & 0x07) return check(SENSE.invalidField)
  return rawParts(flags).length === 0 ? 'good' : read(drive, lba, count, flags)
}

/** The format stands in byte 2; drives before MMC had it in the top bits of byte 9. */
function readToc(sectors: number, packet: Uint8Array, allocated: number, msf: boolean): Outcome {
  const format = packet[2] & 0x0f || packet[9] >>> 6
  if (format === 0) return reply(replies.tableOfContents(sectors, packet[6], msf), allocated)
  if (format === 1) return reply(replies.sessionInformation(msf), allocated)
  return reply(format === 2 ? replies.fullTableOfContents(sectors) : undefined, allocated)
}

function eventStatus(drive: CdMechanism, packet: Uint8Array, allocated: number): Outcome {
  // Only asking again and again is supported, not waiting.
  if (!(packet[1] & 1)) return check(SENSE.invalidField)
  return reply(replies.eventStatus(packet[4], drive.takeEvent(), drive.status), allocated)
}
