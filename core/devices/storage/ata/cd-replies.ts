/**
 * The answers of a CD-ROM drive, as bytes. Sources: Multi-Media Commands 3 (MMC-3, T10/1363-D), 5 and 6; for what older
 * drivers expect, ATA Packet Interface for CD-ROMs 2.6 (SFF-8020i). Numbers in them are big-endian.
 */
import { toMsf } from './cd-sector.ts'

/** A disc with more sectors than fit on a CD (80 minutes, with a margin) is a DVD. */
const CD_MAX_SECTORS = 90 * 60 * 75

const PROFILE_CD_ROM = 0x0008
const PROFILE_DVD_ROM = 0x0010

/** The drive as its answers need it. `sectors` is 0 without a disc. */
export interface CdStatus {
  readonly sectors: number
  readonly trayOpen: boolean
  readonly locked: boolean
}

/** Whether a disc of this many sectors is taken for a DVD. */
export function isDvd(sectors: number): boolean {
  return sectors > CD_MAX_SECTORS
}

function bytesOf(length: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(length)
  return { bytes, view: new DataView(bytes.buffer) }
}

function putText(bytes: Uint8Array, at: number, length: number, text: string): void {
  for (let i = 0; i < length; i++) bytes[at + i] = i < text.length ? text.charCodeAt(i) & 0x7f : 0x20
}

/** INQUIRY: a removable CD-ROM device. */
export function inquiry(model: string, revision: string): Uint8Array {
  const { bytes } = bytesOf(36)
  bytes.set([0x05, 0x80, 0x00, 0x21, 31])
  const space = model.indexOf(' ')
  putText(bytes, 8, 8, space > 0 && space <= 8 ? model.slice(0, space) : model)
  putText(bytes, 16, 16, space > 0 && space <= 8 ? model.slice(space + 1) : '')
  putText(bytes, 32, 4, revision)
  return bytes
}

/** REQUEST SENSE in the fixed format. */
export function senseData(key: number, asc: number, ascq: number): Uint8Array {
  const { bytes } = bytesOf(18)
  bytes.set([0x70, 0, key], 0)
  bytes[7] = 10
  bytes.set([asc, ascq], 12)
  return bytes
}

/** READ CAPACITY: the last sector, and the size of sectors. */
export function capacity(sectors: number): Uint8Array {
  const { bytes, view } = bytesOf(8)
  view.setUint32(0, sectors - 1)
  view.setUint32(4, 2048)
  return bytes
}

function putAddress(view: DataView, at: number, lba: number, msf: boolean): void {
  const [minute, second, frame] = toMsf(lba)
  view.setUint32(at, msf ? (minute << 16) | (second << 8) | frame : lba)
}

/** Address and control of a data track; of the lead-out, which may also be copied. */
const TRACK_DATA = 0x14
const LEAD_OUT_DATA = 0x16
const LEAD_OUT = 0xaa

/** READ TOC, format 0: the one data track and the lead-out, from track `first` on. Undefined for a track that is not there. */
export function tableOfContents(sectors: number, first: number, msf: boolean): Uint8Array | undefined {
  if (first > 1 && first !== LEAD_OUT) return undefined
  const tracks = first <= 1 ? [[1, 0] as const, [LEAD_OUT, sectors] as const] : [[LEAD_OUT, sectors] as const]
  const { bytes, view } = bytesOf(4 + 8 * tracks.length)
  view.setUint16(0, bytes.length - 2)
  bytes.set([1, 1], 2)
  tracks.forEach(([track, lba], i) => {
    const at = 4 + 8 * i
    bytes.set([0, track === LEAD_OUT ? LEAD_OUT_DATA : TRACK_DATA, track, 0], at)
    putAddress(view, at + 4, lba, msf)
  })
  return bytes
}

/** READ TOC, format 1: the only session begins with track 1. */
export function sessionInformation(msf: boolean): Uint8Array {
  const { bytes, view } = bytesOf(12)
  bytes.set([0, 10, 1, 1, 0, TRACK_DATA, 1, 0])
  putAddress(view, 8, 0, msf)
  return bytes
}

/** READ TOC, format 2: the entries as they stand in the lead-in, with the points A0h, A1h, A2h and 1. */
export function fullTableOfContents(sectors: number): Uint8Array {
  const points: readonly (readonly [point: number, ...address: readonly number[]])[] = [
    [0xa0, 1, 0, 0],
    [0xa1, 1, 0, 0],
    [0xa2, ...toMsf(sectors)],
    [0x01, ...toMsf(0)],
  ]
  const { bytes, view } = bytesOf(4 + 11 * points.length)
  view.setUint16(0, bytes.length - 2)
  bytes.set([1, 1], 2)
  points.forEach(([point, ...address], i) => {
    bytes.set([1, TRACK_DATA, 0, point, 0, 0, 0, 0, ...address], 4 + 11 * i)
  })
  return bytes
}

/** READ SUB-CHANNEL: nothing plays; with format 1 the position of the head. */
export function subChannel(wanted: boolean, format: number, lba: number, msf: boolean): Uint8Array {
  const AUDIO_STATUS_NONE = 0x15
  if (!wanted || format !== 1) return Uint8Array.of(0, AUDIO_STATUS_NONE, 0, 0)
  const { bytes, view } = bytesOf(16)
  bytes.set([0, AUDIO_STATUS_NONE, 0, 12, 1, TRACK_DATA, 1, 1])
  putAddress(view, 8, lba, msf)
  putAddress(view, 12, lba, msf)
  return bytes
}

/** READ HEADER: mode 1 at this address. */
export function sectorHeader(lba: number, msf: boolean): Uint8Array {
  const { bytes, view } = bytesOf(8)
  bytes[0] = 1
  putAddress(view, 4, lba, msf)
  return bytes
}

/** READ DISC INFORMATION: one finished session with one track. */
export function discInformation(): Uint8Array {
  const { bytes } = bytesOf(34)
  bytes.set([0, 32, 0x0e, 1, 1, 1, 1, 0x20])
  bytes.fill(0xff, 16, 24) // no lead-in, no lead-out left to write
  return bytes
}

/** READ TRACK INFORMATION of the only track. */
export function trackInformation(sectors: number): Uint8Array {
  const { bytes, view } = bytesOf(36)
  view.setUint16(0, 34)
  bytes.set([1, 1, 0, 0x04, 0x01], 2)
  view.setUint32(24, sectors)
  return bytes
}

/** MECHANISM STATUS of a drive without a changer. */
export function mechanismStatus(status: CdStatus): Uint8Array {
  return Uint8Array.of(0, status.trayOpen ? 0x10 : 0, 0, 0, 0, 1, 0, 0)
}

/** Events of the media class, for GET EVENT STATUS NOTIFICATION. */
export const MEDIA_EVENT = { none: 0, newMedia: 2, removal: 3 } as const
const MEDIA_CLASS = 4

/** GET EVENT STATUS NOTIFICATION for the classes asked for, of which only media changes exist. */
export function eventStatus(classes: number, event: number, status: CdStatus): Uint8Array {
  const supported = 1 << MEDIA_CLASS
  if (!(classes & supported)) return Uint8Array.of(0, 2, 0x80, supported)
  const present = (status.sectors > 0 && !status.trayOpen ? 2 : 0) | (status.trayOpen ? 1 : 0)
  return Uint8Array.of(0, 6, MEDIA_CLASS, supported, event, present, 0, 0)
}

/** One feature of GET CONFIGURATION: number, whether it is current whatever disc is in, version, data. */
type Feature = readonly [code: number, current: boolean, version: number, ...data: readonly number[]]

/** GET CONFIGURATION (MMC-3 5.2, 6.6). `type`: 0 all from `start` on, 1 those that are current, 2 only `start`. */
export function configuration(sectors: number, type: number, start: number): Uint8Array {
  const profile = sectors === 0 ? 0 : isDvd(sectors) ? PROFILE_DVD_ROM : PROFILE_CD_ROM
  const [cd, dvd, disc] = [profile === PROFILE_CD_ROM, profile === PROFILE_DVD_ROM, sectors > 0]
  const features: readonly Feature[] = [
    [0x0000, true, 0, 0, PROFILE_DVD_ROM, dvd ? 1 : 0, 0, 0, PROFILE_CD_ROM, cd ? 1 : 0, 0],
    [0x0001, true, 0, 0, 0, 0, 2], // core: ATAPI
    [0x0002, true, 0, 2, 0, 0, 0], // morphing
    [0x0003, true, 0, 0x29, 0, 0, 0], // removable medium: tray, can eject, can lock
    [0x0010, disc, 0, 0, 0, 8, 0, 0, 1, 0, 0], // random readable: sectors of 2048 bytes
    [0x001e, cd, 0, 0, 0, 0, 0], // CD read
    [0x001f, dvd, 0, 0, 0, 0, 0], // DVD read
    [0x0100, true, 0], // power management
    [0x0105, true, 0, 0, 0, 0, 0], // time-out
  ]
  const chosen = features.filter(([code, current]) =>
    type === 2 ? code === start : code >= start && (type === 0 || current),
  )
  const body = chosen.flatMap(([code, current, version, ...data]) => {
    const persistent = code !== 0x0010 && code !== 0x001e && code !== 0x001f ? 2 : 0
    return [code >>> 8, code & 0xff, (version << 2) | persistent | (current ? 1 : 0), data.length, ...data]
  })
  const { bytes, view } = bytesOf(8 + body.length)
  view.setUint32(0, bytes.length - 4)
  view.setUint16(6, profile)
  bytes.set(body, 8)
  return bytes
}

/** READ DVD STRUCTURE: physical format (0), copyright (1) and manufacturing (4) information. Undefined for any other. */
export function dvdStructure(format: number, sectors: number): Uint8Array | undefined {
  const START = 0x03_0000
  const { bytes, view } = bytesOf(format === 1 ? 8 : 2052)
  if (format === 0) {
    bytes.set([0x01, 0x0f, 0x01, 0x00], 4) // DVD-ROM, 120 mm, one layer
    view.setUint32(8, START)
    view.setUint32(12, START + sectors - 1)
  } else if (format !== 1 && format !== 4) return undefined
  view.setUint16(0, bytes.length - 2)
  return bytes
}
