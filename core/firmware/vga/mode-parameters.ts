/**
 * Register values of the standard VGA modes, in the form of the video parameter table that VGA BIOSes have behind 0040:00A8 (IBM
 * Personal System/2 BIOS Interface Technical Reference, "Video parameter table"): 64 bytes an entry.
 *
 *   00 columns, 01 rows - 1, 02 character height, 03 bytes of a page, 05 sequencer 1 to 4, 09 miscellaneous output,
 *   0A CRT controller 0 to 18h, 23 attribute controller 0 to 13h, 37 graphics controller 0 to 8
 *
 * The values follow from the VGA's timings: 25.175 or 28.322 MHz, 31.5 kHz lines, 350, 400 or 480 lines a frame.
 */
export const PARAMETER_BYTES = 64
/** Offsets in an entry. */
export const PARAMETER = { sequencer: 5, misc: 9, crtc: 10, attribute: 35, graphics: 55 } as const

type Row = {
  readonly text: readonly [columns: number, rows: number, height: number, page: number]
  readonly sequencer: readonly number[]
  readonly misc: number
  readonly crtc: readonly number[]
  readonly attribute: readonly number[]
  readonly graphics: readonly number[]
}

const zeroes = (count: number): number[] => new Array(count).fill(0)

/** Horizontal values of CRT controller 0 to 5: 40 and 80 columns, in text and graphics (where the retrace starts earlier). */
const HORIZONTAL = {
  text40: [0x2d, 0x27, 0x28, 0x90, 0x2b, 0xa0],
  text80: [0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81],
  pixels320: [0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80],
  pixels640: [0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80],
} as const

/** Vertical values, by lines: total and overflow; retrace start and end, display end; blank start and end. */
const VERTICAL = {
  350: { total: [0xbf, 0x1f], end: [0x83, 0x85, 0x5d], blank: [0x63, 0xba] },
  400: { total: [0xbf, 0x1f], end: [0x9c, 0x8e, 0x8f], blank: [0x96, 0xb9] },
  480: { total: [0x0b, 0x3e], end: [0xea, 0x8c, 0xdf], blank: [0xe7, 0x04] },
} as const

function crtc(
  horizontal: keyof typeof HORIZONTAL,
  lines: keyof typeof VERTICAL,
  cell: { maxScan: number; cursor?: readonly [number, number]; offset: number; underline: number; mode: number },
): number[] {
  const { total, end, blank } = VERTICAL[lines]
  const cursor = cell.cursor ?? [0, 0]
  return [
    ...HORIZONTAL[horizontal],
    ...total,
    ...[0, cell.maxScan, ...cursor, 0, 0, 0, 0],
    ...end,
    ...[cell.offset, cell.underline],
    ...blank,
    ...[cell.mode, 0xff],
  ]
}

/** Attribute controller: sixteen palette registers, then mode control, overscan, planes, panning. */
const CGA_PALETTE = [0, 1, 2, 3, 4, 5, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17]
const EGA_PALETTE = [0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f]
const CGA_4_COLOURS = [0, 0x13, 0x15, 0x17, 2, 4, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17]
const MONOCHROME = [0, 8, 8, 8, 8, 8, 8, 8, 0x10, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18]
const MONOCHROME_GRAPHICS = [0, 8, 0, 0, 0x18, 0x18, 0, 0, 0, 8, 0, 0, 0, 0x18, 0, 0]
const two = (colour: number): number[] => [0, ...new Array(15).fill(colour)]
const alternating = Array.from({ length: 16 }, (_, i) => (i & 1 ? 0x3f : 0))
const linear = Array.from({ length: 16 }, (_, i) => i)

const graphics = (mode: number, misc: number, care = 0x0f): number[] => [0, 0, 0, 0, 0, mode, misc, care, 0xff]
const COLOUR_TEXT = graphics(0x10, 0x0e, 0)

function colourText(columns: 40 | 80, height: 8 | 14 | 16): Row {
  const wide = columns === 80
  const lines = height === 14 ? 350 : 400
  const maxScan = { 8: 0xc7, 14: 0x4d, 16: 0x4f }[height]
  const cursor = { 8: [6, 7], 14: [0x0b, 0x0c], 16: [0x0d, 0x0e] }[height] as [number, number]
  const nineDots = height === 16
  const sequencer = wide ? (nineDots ? 0x00 : 0x01) : nineDots ? 0x08 : 0x09
  return {
    text: [columns, 24, height, wide ? 0x1000 : 0x0800],
    sequencer: [sequencer, 3, 0, 2],
    misc: { 8: 0x63, 14: 0xa3, 16: 0x67 }[height],
    crtc: crtc(wide ? 'text80' : 'text40', lines, {
      maxScan,
      cursor,
      offset: columns / 2,
      underline: 0x1f,
      mode: 0xa3,
    }),
    attribute: [...(height === 8 ? CGA_PALETTE : EGA_PALETTE), nineDots ? 0x0c : 0x08, 0, 0x0f, nineDots ? 8 : 0],
    graphics: COLOUR_TEXT,
  }
}

function monochromeText(height: 14 | 16): Row {
  const tall = height === 16
  return {
    text: [80, 24, height, 0x1000],
    sequencer: [0, 3, 0, 2],
    misc: tall ? 0x66 : 0xa6,
    crtc: crtc('text80', tall ? 400 : 350, {
      maxScan: tall ? 0x4f : 0x4d,
      cursor: tall ? [0x0d, 0x0e] : [0x0b, 0x0c],
      offset: 40,
      underline: tall ? 0x0f : 0x0d,
      mode: 0xa3,
    }),
    attribute: [...MONOCHROME, 0x0e, 0, 0x0f, 8],
    graphics: graphics(0x10, 0x0a, 0),
  }
}

/** Modes 04h, 05h: two bits a pixel in two banks of lines. */
const cga320: Row = {
  text: [40, 24, 8, 0x4000],
  sequencer: [0x09, 3, 0, 2],
  misc: 0x63,
  crtc: crtc('pixels320', 400, { maxScan: 0xc1, offset: 0x14, underline: 0, mode: 0xa2 }),
  attribute: [...CGA_4_COLOURS, 0x01, 0, 0x03, 0],
  graphics: graphics(0x30, 0x0f, 0),
}

/** Mode 06h. */
const cga640: Row = {
  text: [80, 24, 8, 0x4000],
  sequencer: [0x01, 1, 0, 6],
  misc: 0x63,
  crtc: crtc('pixels640', 400, { maxScan: 0xc1, offset: 0x28, underline: 0, mode: 0xc2 }),
  attribute: [...two(0x17), 0x01, 0, 0x01, 0],
  graphics: graphics(0x00, 0x0d, 0),
}

function planar(columns: 40 | 80, height: 8 | 14, page: number, monochrome = false): Row {
  const lines = height === 14 ? 350 : 400
  const palette = monochrome ? MONOCHROME_GRAPHICS : height === 14 ? EGA_PALETTE : CGA_PALETTE
  return {
    text: [columns, 24, height, page],
    sequencer: [columns === 80 ? 0x01 : 0x09, 0x0f, 0, 6],
    misc: monochrome ? 0xa2 : height === 14 ? 0xa3 : 0x63,
    crtc: crtc(columns === 80 ? 'pixels640' : 'pixels320', lines, {
      maxScan: height === 14 ? 0x40 : 0xc0,
      offset: columns / 2,
      underline: monochrome || height === 14 ? 0x0f : 0,
      mode: 0xe3,
    }),
    attribute: [...palette, monochrome ? 0x0b : 0x01, 0, monochrome ? 0x05 : 0x0f, 0],
    graphics: graphics(0x00, 0x05, monochrome ? 0x05 : 0x0f),
  }
}

/** Modes 11h and 12h: 640 by 480. */
function vga480(colours: 2 | 16): Row {
  return {
    text: [80, 29, 16, 0xa000],
    sequencer: [0x01, 0x0f, 0, 6],
    misc: 0xe3,
    crtc: crtc('pixels640', 480, { maxScan: 0x40, offset: 0x28, underline: 0, mode: 0xe3 }),
    attribute: [...(colours === 2 ? alternating : EGA_PALETTE), 0x01, 0, 0x0f, 0],
    graphics: graphics(0x00, 0x05, colours === 2 ? 0x01 : 0x0f),
  }
}

/** Mode 13h: a byte a pixel. */
const vga256: Row = {
  text: [40, 24, 8, 0x2000],
  sequencer: [0x01, 0x0f, 0, 0x0e],
  misc: 0x63,
  crtc: crtc('pixels640', 400, { maxScan: 0x41, offset: 0x28, underline: 0x40, mode: 0xa3 }),
  attribute: [...linear, 0x41, 0, 0x0f, 0],
  graphics: graphics(0x40, 0x05),
}

/** Places of entries in the table that are not their mode's number. */
const ENTRY_350 = 0x13
const text350 = [colourText(40, 14), colourText(40, 14), colourText(80, 14), colourText(80, 14)]
const UNUSED: Row = {
  text: [0, 0, 0, 0],
  sequencer: zeroes(4),
  misc: 0,
  crtc: zeroes(25),
  attribute: zeroes(20),
  graphics: zeroes(9),
}

/** The 29 entries in IBM's order. */
const ROWS: readonly Row[] = [
  colourText(40, 8),
  colourText(40, 8),
  colourText(80, 8),
  colourText(80, 8),
  cga320,
  cga320,
  cga640,
  monochromeText(14),
  ...new Array<Row>(5).fill(UNUSED), // 08h to 0Ch: PCjr modes and font loading
  planar(40, 8, 0x2000),
  planar(80, 8, 0x4000),
  planar(80, 14, 0x8000, true), // 0Fh and 10h with 64 KiB
  planar(80, 14, 0x8000),
  planar(80, 14, 0x8000, true), // and with more
  planar(80, 14, 0x8000),
  ...text350,
  colourText(40, 16),
  colourText(80, 16),
  monochromeText(16),
  vga480(2),
  vga480(16),
  vga256,
]

function encode(row: Row): number[] {
  const [columns, rows, height, page] = row.text
  return [
    ...[columns, rows, height, page & 0xff, page >>> 8],
    ...[...row.sequencer, row.misc],
    ...[...row.crtc, ...row.attribute, ...row.graphics],
  ]
}

/** The whole table as bytes. */
export const PARAMETER_TABLE: Uint8Array = Uint8Array.from(ROWS.flatMap(encode))

/** Entry of a mode: by its number and, in text modes, by how many scan lines are wanted. */
export function parameterEntry(mode: number, scanLines: 200 | 350 | 400): number {
  const first = [0, 0, 1, 1]
  if (mode <= 3) return scanLines === 200 ? mode : scanLines === 350 ? ENTRY_350 + mode : 0x17 + first[mode]
  if (mode === 7) return scanLines === 400 ? 0x19 : 7
  if (mode === 0x0f || mode === 0x10) return mode + 2
  if (mode >= 0x11) return mode + 9
  return mode
}
