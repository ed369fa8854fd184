/** Packet commands of CD drives and the reasons for refusing them. Source: MMC-3 (T10/1363-D), 6 and annex F; SPC-2. */

/** Operation codes. */
export const PACKET = {
  testUnitReady: 0x00,
  requestSense: 0x03,
  inquiry: 0x12,
  modeSelect6: 0x15,
  modeSense6: 0x1a,
  startStop: 0x1b,
  preventAllow: 0x1e,
  readCapacity: 0x25,
  read10: 0x28,
  seek10: 0x2b,
  verify10: 0x2f,
  readSubChannel: 0x42,
  readToc: 0x43,
  readHeader: 0x44,
  playAudio10: 0x45,
  getConfiguration: 0x46,
  playAudioMsf: 0x47,
  getEventStatus: 0x4a,
  pauseResume: 0x4b,
  stopPlay: 0x4e,
  readDiscInformation: 0x51,
  readTrackInformation: 0x52,
  modeSelect10: 0x55,
  modeSense10: 0x5a,
  playAudio12: 0xa5,
  read12: 0xa8,
  readDvdStructure: 0xad,
  readCdMsf: 0xb9,
  setCdSpeed: 0xbb,
  mechanismStatus: 0xbd,
  readCd: 0xbe,
} as const

/** Why a command failed: sense key, additional sense code and its qualifier. */
export type Sense = readonly [key: number, asc: number, ascq: number]

export const SENSE = {
  none: [0, 0, 0],
  noMedium: [2, 0x3a, 1],
  trayOpen: [2, 0x3a, 2],
  readError: [3, 0x11, 0],
  invalidCommand: [5, 0x20, 0],
  outOfRange: [5, 0x21, 0],
  invalidField: [5, 0x24, 0],
  notPlaying: [5, 0x2c, 0],
  wrongFormat: [5, 0x30, 2],
  savingUnsupported: [5, 0x39, 0],
  removalPrevented: [5, 0x53, 2],
  wrongTrackMode: [5, 0x64, 0],
  mediumChanged: [6, 0x28, 0],
} as const satisfies Record<string, Sense>

/** Commands that answer whatever the state of the medium, and leave news of it for the next one. */
export const UNCONDITIONAL: ReadonlySet<number> = new Set([
  PACKET.requestSense,
  PACKET.inquiry,
  PACKET.getConfiguration,
  PACKET.getEventStatus,
])

/** Commands that need a disc. */
export const NEEDS_DISC: ReadonlySet<number> = new Set([
  PACKET.testUnitReady,
  PACKET.readCapacity,
  PACKET.read10,
  PACKET.seek10,
  PACKET.verify10,
  PACKET.readSubChannel,
  PACKET.readToc,
  PACKET.readHeader,
  PACKET.playAudio10,
  PACKET.playAudioMsf,
  PACKET.playAudio12,
  PACKET.pauseResume,
  PACKET.readDiscInformation,
  PACKET.readTrackInformation,
  PACKET.read12,
  PACKET.readDvdStructure,
  PACKET.readCdMsf,
  PACKET.readCd,
])
