/**
 * The monitor's description of itself, from which drivers offer resolutions.
 *
 * Source: VESA Enhanced EDID Standard (E-EDID) release A, EDID structure 1.3, sections 3.2 to 3.11.
 */

/** Bits of the established timings: 720x400, 640x480, 800x600 (60 Hz); 1024x768 (60 Hz). */
const ESTABLISHED = [0xa1, 0x08, 0x00]
/** Width, height and shape of the standard timings, all at 60 Hz. Shapes: 0 is 16:10, 1 is 4:3, 2 is 5:4, 3 is 16:9. */
const STANDARD = [
  [1152, 1],
  [1280, 2],
  [1280, 3],
  [1280, 0],
  [1400, 1],
  [1440, 0],
  [1600, 1],
  [1920, 3],
] as const
/** 1024 by 768 at 60 Hz: 65 MHz, 320 and 38 blank, sync 24 and 136, 3 and 6 (VESA DMT 10h), on a picture of 270 by 203 mm. */
const PREFERRED = [
  ...[0x64, 0x19, 0x00, 0x40, 0x41, 0x00, 0x26, 0x30, 0x18],
  ...[0x88, 0x36, 0x00, 0x0e, 0xcb, 0x10, 0x00, 0x00, 0x18],
]
/** 50 to 75 Hz, 30 to 100 kHz, at most 270 MHz, no secondary timing. */
const LIMITS = [0, 0, 0, 0xfd, 0, 50, 75, 30, 100, 27, 0, 0x0a, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20]
const NAME = 0xfc
const SERIAL_NUMBER = 0xff

/** Builds the 128 bytes of the block. */
export function buildEdid(): Uint8Array {
  const block = new Uint8Array(128)
  block.set([0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0])
  block.set(vendorLetters('VTR'), 8)
  block.set([0x01, 0x00], 10) // product
  block.set([1, 36], 16) // first week of 2026
  block.set([1, 3], 18) // EDID 1.3
  block.set([0x80, 27, 20, 120, 0x0a], 20) // digital, 27 by 20 cm, gamma 2.2, RGB with a preferred timing
  block.set([0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54], 25) // the colours of sRGB
  block.set(ESTABLISHED, 35)
  for (const [i, [width, shape]] of STANDARD.entries()) block.set([width / 8 - 31, shape << 6], 38 + 2 * i)
  block.set(PREFERRED, 54)
  block.set(LIMITS, 72)
  block.set(textDescriptor(NAME, 'Vitrine'), 90)
  block.set(textDescriptor(SERIAL_NUMBER, '1'), 108)
  block[127] = -block.reduce((sum, byte) => sum + byte, 0)
  return block
}

/** Three letters of five bits, in big-endian order. */
function vendorLetters(letters: string): number[] {
  const code = [...letters].reduce((sum, letter) => (sum << 5) | (letter.charCodeAt(0) - 64), 0)
  return [code >>> 8, code & 0xff]
}

function textDescriptor(tag: number, text: string): number[] {
  const padded = `${text}\n`.padEnd(13, ' ')
  return [0, 0, 0, tag, 0, ...[...padded].map((character) => character.charCodeAt(0))]
}
