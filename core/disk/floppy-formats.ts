/**
 * The formats of floppy disks, by what an image's size says, and the drives that take them. Sector size is 512 bytes in all.
 * Source: formats of PC-DOS and Windows distribution disks; data rates from the 82077AA data sheet, table 4-2.
 */

/** Bits per second in units of 1000, as double-density FM/MFM controllers are programmed. */
export type FloppyRateKbps = 250 | 300 | 500 | 1000

/** Drives by the number that CMOS and INT 13h AH=08h give them. */
export const FLOPPY_DRIVES = {
  none: 0,
  '360k': 1,
  '1200k': 2,
  '720k': 3,
  '1440k': 4,
  '2880k': 5,
} as const
export type FloppyDriveType = keyof typeof FLOPPY_DRIVES

/** Tracks, sides, sectors of a formatted disk, and the rate its bits come at in a 3.5" drive or a 1.2 MB drive. */
export interface FloppyFormat {
  readonly cylinders: number
  readonly heads: number
  readonly sectorsPerTrack: number
  readonly rateKbps: FloppyRateKbps
  /** The usual drive for it. */
  readonly drive: Exclude<FloppyDriveType, 'none'>
}

type Row = readonly [
  cylinders: number,
  heads: number,
  sectors: number,
  rate: FloppyRateKbps,
  drive: FloppyFormat['drive'],
]

/** The first of two formats of the same size wins, so the common ones come first. */
const ROWS: readonly Row[] = [
  [80, 2, 18, 500, '1440k'],
  [80, 2, 9, 250, '1440k'],
  [80, 2, 36, 1000, '2880k'],
  [80, 2, 15, 500, '1200k'],
  [40, 2, 9, 300, '1200k'],
  [40, 2, 8, 300, '1200k'],
  [40, 1, 9, 300, '1200k'],
  [40, 1, 8, 300, '1200k'],
  // Distribution formats with more sectors (DMF: 21) or tracks than customary.
  [80, 2, 21, 500, '1440k'],
  [82, 2, 21, 500, '1440k'],
  [83, 2, 21, 500, '1440k'],
  [80, 2, 20, 500, '1440k'],
  [80, 2, 22, 500, '1440k'],
  [80, 2, 23, 500, '1440k'],
  [80, 2, 24, 500, '1440k'],
  [82, 2, 18, 500, '1440k'],
  [83, 2, 18, 500, '1440k'],
  [80, 2, 10, 250, '1440k'],
  [82, 2, 10, 250, '1440k'],
  [83, 2, 10, 250, '1440k'],
  [41, 2, 10, 300, '1200k'],
  [42, 2, 10, 300, '1200k'],
]

/** All known formats. */
export const FLOPPY_FORMATS: readonly FloppyFormat[] = ROWS.map(
  ([cylinders, heads, sectorsPerTrack, rateKbps, drive]) => ({
    cylinders,
    heads,
    sectorsPerTrack,
    rateKbps,
    drive,
  }),
)

/** Formats that disks are made in, from small to large: an image of an odd size is taken for the first that holds it. */
const PLAIN = [160, 180, 320, 360, 720, 1200, 1440, 2880]

/** Sectors on a disk of this format. */
export function floppySectors(format: FloppyFormat): number {
  return format.cylinders * format.heads * format.sectorsPerTrack
}

/** The largest image that a floppy drive takes, in sectors of 512 bytes. */
export const FLOPPY_MAX_SECTORS = 80 * 2 * 36

/** The format of an image of `sectors`, if it is exactly one of the known ones. */
export function exactFloppyFormat(sectors: number): FloppyFormat | undefined {
  return FLOPPY_FORMATS.find((format) => floppySectors(format) === sectors)
}

/** The format of an image of `sectors`: exactly, or else the smallest customary one that holds it. Undefined when none does. */
export function floppyFormatFor(sectors: number): FloppyFormat | undefined {
  const exact = exactFloppyFormat(sectors)
  if (exact) return exact
  const kib = PLAIN.find((size) => size * 2 >= sectors)
  return kib === undefined ? undefined : exactFloppyFormat(kib * 2)
}
