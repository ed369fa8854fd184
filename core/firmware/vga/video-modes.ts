/** What the services need to know of a standard mode beyond its registers. */

/** How a mode keeps its picture. */
export type ModeKind = 'text' | 'cga4' | 'cga2' | 'planar' | 'packed'

export interface VideoMode {
  readonly number: number
  readonly kind: ModeKind
  /** Segment of its window. */
  readonly segment: number
  /** Default DAC palette: monochrome, 16 colours doubled as on a CGA, the EGA's 64, or 256. */
  readonly palette: 'mono' | 'cga' | 'ega' | 'vga'
  readonly planes: number
  /** 0040:0065, CGA mode register. */
  readonly control: number
  readonly widthPx: number
}

const MODES: readonly VideoMode[] = [
  ...[0x2c, 0x28, 0x2d, 0x29].map((control, number): VideoMode => {
    return {
      number,
      kind: 'text',
      segment: 0xb800,
      palette: 'ega',
      planes: 4,
      control,
      widthPx: number < 2 ? 320 : 640,
    }
  }),
  { number: 4, kind: 'cga4', segment: 0xb800, palette: 'cga', planes: 2, control: 0x2a, widthPx: 320 },
  { number: 5, kind: 'cga4', segment: 0xb800, palette: 'cga', planes: 2, control: 0x2e, widthPx: 320 },
  { number: 6, kind: 'cga2', segment: 0xb800, palette: 'cga', planes: 1, control: 0x1e, widthPx: 640 },
  { number: 7, kind: 'text', segment: 0xb000, palette: 'mono', planes: 4, control: 0x29, widthPx: 720 },
  { number: 0x0d, kind: 'planar', segment: 0xa000, palette: 'cga', planes: 4, control: 0x29, widthPx: 320 },
  { number: 0x0e, kind: 'planar', segment: 0xa000, palette: 'cga', planes: 4, control: 0x29, widthPx: 640 },
  { number: 0x0f, kind: 'planar', segment: 0xa000, palette: 'mono', planes: 2, control: 0x29, widthPx: 640 },
  { number: 0x10, kind: 'planar', segment: 0xa000, palette: 'ega', planes: 4, control: 0x29, widthPx: 640 },
  { number: 0x11, kind: 'planar', segment: 0xa000, palette: 'ega', planes: 1, control: 0x29, widthPx: 640 },
  { number: 0x12, kind: 'planar', segment: 0xa000, palette: 'ega', planes: 4, control: 0x29, widthPx: 640 },
  { number: 0x13, kind: 'packed', segment: 0xa000, palette: 'vga', planes: 8, control: 0x29, widthPx: 320 },
]

const byNumber = new Map(MODES.map((mode) => [mode.number, mode]))

/** Mode `number` (0 to 13h), or undefined where there is none. */
export function videoMode(number: number): VideoMode | undefined {
  return byNumber.get(number)
}
