/**
 * What the registers say the picture is: text or one of the three ways to shift planes out as pixels, its size, and how the CRT
 * controller walks through video memory to draw it.
 *
 * Source: IBM VGA technical reference, "CRT controller" 01h, 07h to 09h, 12h to 18h, "Sequencer" 01h, "Graphics controller" 05h,
 * 06h, "Attribute controller" 10h, 13h.
 */
import { verticalDisplayEnd } from './crtc-timing.ts'
import type { VgaRegisters } from './registers.ts'

/**
 * How bytes become pixels. `text`: characters and fonts. `planar`: one bit of each plane. `cga`: two bits of planes 0 and 1.
 * `packed`: a byte for each pixel.
 */
export type PixelFormat = 'text' | 'planar' | 'cga' | 'packed'

/** A mode of the VGA itself. Lines are scan lines; addresses count as the CRT controller's counter does. */
export type VgaMode = {
  readonly format: PixelFormat
  readonly width: number
  readonly height: number
  /** Character clocks of a line that show picture. */
  readonly characters: number
  /** Pixels of one character clock. */
  readonly characterWidth: number
  /** Scan lines that make one line of the picture: 2 where all lines are drawn twice. */
  readonly lineStep: number
  /** Each count of the row scan counter lasts two scan lines. */
  readonly doubleScan: boolean
  /** Row scans of one character row. */
  readonly rowScans: number
  readonly presetRowScan: number
  readonly bytePan: number
  readonly pixelPan: number
  /** The last scan line above the split. */
  readonly lineCompare: number
  /** Panning stops at the split. */
  readonly splitStopsPan: boolean
  /** From one character row to the next. */
  readonly pitch: number
  /** Character clocks for each count of the address counter, as a shift. */
  readonly countShift: number
  /** How the counter becomes a plane address: shifted left by this many bits, */
  readonly addressShift: number
  /** with the counter bits from this one on brought around into the low bits. */
  readonly wrapBit: number
  /** Address bits 13 and 14 that come from the row scan counter instead. */
  readonly rowScanBits: number
}

/** Decodes the registers. Every combination gives a picture of at least one pixel and at most 2304 by 2048. */
export function decodeMode(registers: VgaRegisters): VgaMode {
  const { crtc, graphics, sequencer, attribute } = registers
  const modeControl = crtc[0x17]
  const format = formatOf(graphics)
  const rowScans = (crtc[0x09] & 0x1f) + 1
  const doubleScan = (crtc[0x09] & 0x80) !== 0
  const characters = crtc[0x01] + 1
  const characterWidth = format === 'text' && !(sequencer[1] & 0x01) ? 9 : format === 'packed' ? 4 : 8
  const rowScanBits = (modeControl & 0x01 ? 0 : 1) | (modeControl & 0x02 ? 0 : 2)
  const scansPerLine = doubleScan ? 2 : 1
  // Where the row scan reaches neither a font nor the address, a character row is one line drawn several times.
  const lineStep = format === 'text' || (rowScanBits && rowScans > 1) ? scansPerLine : scansPerLine * rowScans
  return {
    format,
    width: characters * characterWidth,
    height: Math.ceil((verticalDisplayEnd(registers) * (modeControl & 0x04 ? 2 : 1)) / lineStep),
    characters,
    characterWidth,
    lineStep,
    doubleScan,
    rowScans,
    presetRowScan: crtc[0x08] & 0x1f,
    bytePan: (crtc[0x08] >>> 5) & 3,
    pixelPan: pixelPanOf(attribute[0x13], characterWidth),
    lineCompare: crtc[0x18] | ((crtc[0x07] & 0x10) << 4) | ((crtc[0x09] & 0x40) << 3),
    splitStopsPan: (attribute[0x10] & 0x20) !== 0,
    pitch: crtc[0x13] * 2,
    countShift: modeControl & 0x08 ? 1 : crtc[0x14] & 0x20 ? 2 : 0,
    ...addressingOf(registers),
    rowScanBits,
  }
}

/** Where one line of the picture lies. Filled in place: one object serves all lines. */
export class LineAddress {
  /** Address counter at the first character. */
  counter = 0
  rowScan = 0
  pixelPan = 0

  /** Computes line `y` of a frame that starts at address `start`. */
  locate(mode: VgaMode, start: number, y: number): void {
    const scanLine = y * mode.lineStep
    const below = scanLine > mode.lineCompare
    let scan = below ? scanLine - mode.lineCompare - 1 : scanLine
    if (mode.doubleScan) scan >>>= 1
    if (!below) scan += mode.presetRowScan
    const row = (scan / mode.rowScans) | 0
    this.rowScan = scan - row * mode.rowScans
    const pans = !(below && mode.splitStopsPan)
    this.pixelPan = pans ? mode.pixelPan : 0
    this.counter = row * mode.pitch + (below ? 0 : start) + (pans ? mode.bytePan : 0)
  }
}

/** Plane address (0 to FFFFh) of a count of the address counter. */
export function planeAddress(mode: VgaMode, counter: number, rowScan: number): number {
  const { addressShift } = mode
  let address = counter << addressShift
  if (addressShift) address |= (counter >>> mode.wrapBit) & ((1 << addressShift) - 1)
  const { rowScanBits } = mode
  if (rowScanBits) {
    const replaced = rowScanBits << 13
    address = (address & ~replaced) | ((rowScan << 13) & replaced)
  }
  return address & 0xffff
}

function formatOf(graphics: Uint8Array): PixelFormat {
  if (!(graphics[6] & 0x01)) return 'text'
  if (graphics[5] & 0x40) return 'packed'
  return graphics[5] & 0x20 ? 'cga' : 'planar'
}

/** Characters of nine dots count their first position as 8, pixels of 256 colours pass two of their dots at a time. */
function pixelPanOf(register: number, characterWidth: number): number {
  if (characterWidth === 9) return register >= 8 ? 0 : register + 1
  if (characterWidth === 4) return (register & 7) >>> 1
  return register & 7
}

/** Byte, word and double word mode. A chain-4 picture is stored without gaps (planar-memory.ts), so it is walked in bytes. */
function addressingOf(registers: VgaRegisters): { addressShift: number; wrapBit: number } {
  const { crtc, sequencer } = registers
  if (crtc[0x14] & 0x40) return sequencer[4] & 0x08 ? { addressShift: 0, wrapBit: 0 } : { addressShift: 2, wrapBit: 12 }
  if (crtc[0x17] & 0x40) return { addressShift: 0, wrapBit: 0 }
  return { addressShift: 1, wrapBit: crtc[0x17] & 0x20 ? 15 : 13 }
}
