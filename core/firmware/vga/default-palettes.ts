/**
 * Contents of the DAC after a mode set, six bits a colour (IBM PS/2 BIOS: "default palettes"). All of them follow rules.
 */

const FULL = 0x3f
const HALF = 0x2a
const LOW = 0x15

type Colour = readonly [number, number, number]

/** The EGA's 64 colours: bits 0 to 2 are two thirds of blue, green, red, bits 3 to 5 one third. */
function ega(): Colour[] {
  const part = (value: number, bit: number) => (value & bit ? HALF : 0) + (value & (bit << 3) ? LOW : 0)
  return Array.from({ length: 64 }, (_, i) => [part(i, 4), part(i, 2), part(i, 1)])
}

/** The CGA's sixteen: intensity adds one third to all; dark yellow is brown. */
const CGA: readonly Colour[] = Array.from({ length: 16 }, (_, i): Colour => {
  const high = i & 8 ? LOW : 0
  const on = (bit: number) => (i & bit ? HALF : 0) + high
  return i === 6 ? [HALF, LOW, 0] : [on(4), on(2), on(1)]
})

/** As palette registers of 200-line modes choose them: bit 4 is the intensity, bits 3 and 5 count for nothing. */
function cga(): Colour[] {
  return Array.from({ length: 64 }, (_, i) => CGA[(i & 7) | ((i & 0x10) >>> 1)])
}

/** Bit 3 (of 0 to 7, or 8 to 15 of each half) is half, bit 4 full brightness. */
function mono(): Colour[] {
  return Array.from({ length: 64 }, (_, i) => {
    const level = i & 0x18
    const grey = level === 0 ? 0 : level === 0x18 ? FULL : HALF
    return [grey, grey, grey]
  })
}

const GREYS = [0, 5, 8, 0x0b, 0x0e, 0x11, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x28, 0x2d, 0x32, 0x38, 0x3f]
/** Steps from the weakest to the strongest component: three brightnesses, each with three saturations. */
const RAMPS = [
  [0x00, 0x10, 0x1f, 0x2f, 0x3f],
  [0x1f, 0x27, 0x2f, 0x37, 0x3f],
  [0x2d, 0x31, 0x36, 0x3a, 0x3f],
  [0x00, 0x07, 0x0e, 0x15, 0x1c],
  [0x0e, 0x11, 0x15, 0x18, 0x1c],
  [0x14, 0x16, 0x18, 0x1a, 0x1c],
  [0x00, 0x04, 0x08, 0x0c, 0x10],
  [0x08, 0x0a, 0x0c, 0x0e, 0x10],
  [0x0b, 0x0c, 0x0d, 0x0f, 0x10],
] as const

/** Once around the colour circle from blue, in 24 steps. */
function circle(ramp: readonly number[]): Colour[] {
  const steps: Colour[] = []
  for (let i = 0; i < 24; i++) {
    const part = i >>> 2
    const up = ramp[i & 3]
    const down = ramp[4 - (i & 3)]
    const [low, high] = [ramp[0], ramp[4]]
    const colours: Colour[] = [
      [up, low, high],
      [high, low, down],
      [high, up, low],
      [down, high, low],
      [low, high, up],
      [low, down, high],
    ]
    steps.push(colours[part])
  }
  return steps
}

function vga(): Colour[] {
  const greys = GREYS.map((grey): Colour => [grey, grey, grey])
  const black = new Array<Colour>(8).fill([0, 0, 0])
  return [...CGA, ...greys, ...RAMPS.flatMap(circle), ...black]
}

function bytes(colours: readonly Colour[]): Uint8Array {
  const all = Array.from({ length: 256 }, (_, i) => colours[i] ?? [0, 0, 0])
  return Uint8Array.from(all.flat())
}

/** 768 bytes each: red, green, blue of registers 0 to 255. */
export const DEFAULT_PALETTES = {
  mono: bytes(mono()),
  cga: bytes(cga()),
  ega: bytes(ega()),
  vga: bytes(vga()),
} as const
