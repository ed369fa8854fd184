/**
 * Register values of the standard modes, as the IBM VGA BIOS programs them (IBM VGA technical reference, "BIOS video parameter
 * table"), for tests of the adapter without a video BIOS.
 */

/** A whole set of registers. */
export interface ModeRegisters {
  readonly misc: number
  readonly sequencer: readonly number[]
  readonly crtc: readonly number[]
  readonly attribute: readonly number[]
  readonly graphics: readonly number[]
}

function bytes(hex: string): number[] {
  return hex.split(' ').map((byte) => Number.parseInt(byte, 16))
}

function mode(misc: number, sequencer: string, crtc: string, attribute: string, graphics: string): ModeRegisters {
  return {
    misc,
    sequencer: bytes(sequencer),
    crtc: bytes(crtc),
    attribute: bytes(attribute),
    graphics: bytes(graphics),
  }
}

const TEXT_PALETTE = '00 01 02 03 04 05 14 07 38 39 3a 3b 3c 3d 3e 3f'
const CGA_PALETTE = '00 13 15 17 02 04 06 07 10 11 12 13 14 15 16 17'
const LOW_PALETTE = '00 01 02 03 04 05 06 07 10 11 12 13 14 15 16 17'
const PLAIN_PALETTE = '00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f'
const MONO_PALETTE = '00 08 08 08 08 08 08 08 10 18 18 18 18 18 18 18'
const TWO_COLOURS = '00 17 17 17 17 17 17 17 17 17 17 17 17 17 17 17'

/** By the number of the BIOS mode. `x` is Michael Abrash's 320 by 240 in 256 colours, which no BIOS sets. */
export const VGA_MODES = {
  1: mode(
    0x67,
    '03 08 03 00 02',
    '2d 27 28 90 2b a0 bf 1f 00 4f 0d 0e 00 00 00 00 9c 8e 8f 14 1f 96 b9 a3 ff',
    `${TEXT_PALETTE} 0c 00 0f 08 00`,
    '00 00 00 00 00 10 0e 00 ff',
  ),
  3: mode(
    0x67,
    '03 00 03 00 02',
    '5f 4f 50 82 55 81 bf 1f 00 4f 0d 0e 00 00 00 00 9c 8e 8f 28 1f 96 b9 a3 ff',
    `${TEXT_PALETTE} 0c 00 0f 08 00`,
    '00 00 00 00 00 10 0e 00 ff',
  ),
  4: mode(
    0x63,
    '03 09 03 00 02',
    '2d 27 28 90 2b 80 bf 1f 00 c1 00 00 00 00 00 00 9c 8e 8f 14 00 96 b9 a2 ff',
    `${CGA_PALETTE} 01 00 03 00 00`,
    '00 00 00 00 00 30 0f 00 ff',
  ),
  6: mode(
    0x63,
    '03 01 01 00 06',
    '5f 4f 50 82 54 80 bf 1f 00 c1 00 00 00 00 00 00 9c 8e 8f 28 00 96 b9 c2 ff',
    `${TWO_COLOURS} 01 00 01 00 00`,
    '00 00 00 00 00 00 0d 00 ff',
  ),
  7: mode(
    0x66,
    '03 00 03 00 02',
    '5f 4f 50 82 55 81 bf 1f 00 4f 0d 0e 00 00 00 00 9c 8e 8f 28 0d 96 b9 a3 ff',
    `${MONO_PALETTE} 0e 00 0f 08 00`,
    '00 00 00 00 00 10 0a 00 ff',
  ),
  13: mode(
    0x63,
    '03 09 0f 00 06',
    '2d 27 28 90 2b 80 bf 1f 00 c0 00 00 00 00 00 00 9c 8e 8f 14 00 96 b9 e3 ff',
    `${LOW_PALETTE} 01 00 0f 00 00`,
    '00 00 00 00 00 00 05 0f ff',
  ),
  14: mode(
    0x63,
    '03 01 0f 00 06',
    '5f 4f 50 82 54 80 bf 1f 00 c0 00 00 00 00 00 00 9c 8e 8f 28 00 96 b9 e3 ff',
    `${LOW_PALETTE} 01 00 0f 00 00`,
    '00 00 00 00 00 00 05 0f ff',
  ),
  16: mode(
    0xa3,
    '03 01 0f 00 06',
    '5f 4f 50 82 54 80 bf 1f 00 40 00 00 00 00 00 00 83 85 5d 28 0f 63 ba e3 ff',
    `${TEXT_PALETTE} 01 00 0f 00 00`,
    '00 00 00 00 00 00 05 0f ff',
  ),
  18: mode(
    0xe3,
    '03 01 0f 00 06',
    '5f 4f 50 82 54 80 0b 3e 00 40 00 00 00 00 00 00 ea 8c df 28 00 e7 04 e3 ff',
    `${TEXT_PALETTE} 01 00 0f 00 00`,
    '00 00 00 00 00 00 05 0f ff',
  ),
  19: mode(
    0x63,
    '03 01 0f 00 0e',
    '5f 4f 50 82 54 80 bf 1f 00 41 00 00 00 00 00 00 9c 8e 8f 28 40 96 b9 a3 ff',
    `${PLAIN_PALETTE} 41 00 0f 00 00`,
    '00 00 00 00 00 40 05 0f ff',
  ),
  x: mode(
    0xe3,
    '03 01 0f 00 06',
    '5f 4f 50 82 54 80 0d 3e 00 41 00 00 00 00 00 00 ea ac df 28 00 e7 06 e3 ff',
    `${PLAIN_PALETTE} 41 00 0f 00 00`,
    '00 00 00 00 00 40 05 0f ff',
  ),
} as const satisfies Record<string, ModeRegisters>

/** The DAC entry of a 6-bit EGA colour (rgbRGB): two bits for each of red, green and blue, in steps of 15h. */
export function egaColour(colour: number): [red: number, green: number, blue: number] {
  const level = (strong: number, weak: number): number => (colour & strong ? 0x2a : 0) + (colour & weak ? 0x15 : 0)
  return [level(0x04, 0x20), level(0x02, 0x10), level(0x01, 0x08)]
}
