/** VBE modes: VESA's own numbers to 11Bh, and above them those that Bochs' adapter made customary. */

export interface VbeMode {
  readonly number: number
  readonly width: number
  readonly height: number
  readonly bitsPerPixel: 4 | 8 | 15 | 16 | 24 | 32
}

/** Text modes of VESA: columns and rows. */
export interface VbeTextMode {
  readonly number: number
  readonly columns: number
  readonly rows: number
  readonly charHeight: 8 | 14 | 16
}

type Depth = VbeMode['bitsPerPixel']
type Row = readonly [width: number, height: number, ...depths: (readonly [Depth, number])[]]

const ROWS: readonly Row[] = [
  [320, 200, [15, 0x10d], [16, 0x10e], [24, 0x10f], [32, 0x140], [8, 0x146]],
  [640, 400, [8, 0x100], [32, 0x141]],
  [640, 480, [8, 0x101], [15, 0x110], [16, 0x111], [24, 0x112], [32, 0x142]],
  [800, 600, [4, 0x102], [8, 0x103], [15, 0x113], [16, 0x114], [24, 0x115], [32, 0x143]],
  [1024, 768, [4, 0x104], [8, 0x105], [15, 0x116], [16, 0x117], [24, 0x118], [32, 0x144]],
  [1280, 1024, [4, 0x106], [8, 0x107], [15, 0x119], [16, 0x11a], [24, 0x11b], [32, 0x145]],
  [1600, 1200, [8, 0x11c], [15, 0x11d], [16, 0x11e], [24, 0x11f], [32, 0x147]],
  [1152, 864, [8, 0x148], [15, 0x149], [16, 0x14a], [24, 0x14b], [32, 0x14c]],
  [1280, 768, [16, 0x175], [24, 0x176], [32, 0x177]],
  [1280, 800, [16, 0x178], [24, 0x179], [32, 0x17a]],
  [1280, 960, [16, 0x17b], [24, 0x17c], [32, 0x17d]],
  [1440, 900, [16, 0x17e], [24, 0x17f], [32, 0x180]],
  [1400, 1050, [16, 0x181], [24, 0x182], [32, 0x183]],
  [1680, 1050, [16, 0x184], [24, 0x185], [32, 0x186]],
  [1920, 1200, [16, 0x187], [24, 0x188], [32, 0x189]],
  [2560, 1600, [16, 0x18a], [24, 0x18b], [32, 0x18c]],
  [1280, 720, [16, 0x18d], [24, 0x18e], [32, 0x18f]],
  [1920, 1080, [16, 0x190], [24, 0x191], [32, 0x192]],
]

/** In order of their numbers. */
export const VBE_MODES: readonly VbeMode[] = ROWS.flatMap(([width, height, ...depths]) =>
  depths.map(([bitsPerPixel, number]): VbeMode => ({ number, width, height, bitsPerPixel })),
).sort((a, b) => a.number - b.number)

export const VBE_TEXT_MODES: readonly VbeTextMode[] = [
  { number: 0x108, columns: 80, rows: 60, charHeight: 8 },
  { number: 0x109, columns: 132, rows: 25, charHeight: 16 },
  { number: 0x10a, columns: 132, rows: 43, charHeight: 8 },
  { number: 0x10b, columns: 132, rows: 50, charHeight: 8 },
  { number: 0x10c, columns: 132, rows: 60, charHeight: 8 },
]

/** Bytes from one line to the next; of one plane at 4 bits a pixel. */
export function vbePitch({ width, bitsPerPixel }: VbeMode): number {
  return bitsPerPixel === 4 ? width / 8 : width * Math.ceil(bitsPerPixel / 8)
}

/** Video memory that one picture takes. */
export function vbeBytes(mode: VbeMode): number {
  return vbePitch(mode) * mode.height * (mode.bitsPerPixel === 4 ? 4 : 1)
}

/** Position and size in bits of red, green, blue and the rest; zeroes with a palette. */
export function colourMasks(bitsPerPixel: number): readonly (readonly [position: number, size: number])[] {
  switch (bitsPerPixel) {
    case 15:
      return [
        [10, 5],
        [5, 5],
        [0, 5],
        [15, 1],
      ]
    case 16:
      return [
        [11, 5],
        [5, 6],
        [0, 5],
        [0, 0],
      ]
    case 24:
    case 32:
      return [[16, 8], [8, 8], [0, 8], bitsPerPixel === 32 ? [24, 8] : [0, 0]]
    default:
      return [
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 0],
      ]
  }
}
