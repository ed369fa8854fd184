/**
 * What the CRT controller's registers say about time: how long a scan line and a frame last, when the beam is inside the
 * picture, and when it returns to the top.
 *
 * Source: IBM VGA technical reference, CRT controller registers 00h to 18h.
 */

import type { VgaRegisters } from './registers.ts'
import type { VbeMode } from './vbe.ts'

/** The two crystals of the VGA, by bit 2 of the miscellaneous output register. */
const DOT_CLOCKS_HZ = [25_175_000, 28_322_000]
const FALLBACK_HZ = 60

/** Instants are nanoseconds from the first scan line of the picture. */
export type CrtcTiming = {
  readonly frameNs: number
  readonly lineNs: number
  /** How much of a line is picture; the rest is border, blanking and retrace. */
  readonly activeNs: number
  readonly pictureLines: number
  readonly retraceStartNs: number
  readonly retraceEndNs: number
  readonly refreshHz: number
}

/** The timing of the present mode. Registers that make no sense give a 60 Hz frame, so that nobody divides by zero. */
export function timingOf(registers: VgaRegisters, vbe: VbeMode | undefined): CrtcTiming {
  if (vbe) return synthesized(vbe.height, FALLBACK_HZ)
  const { crtc, sequencer, miscOutput } = registers
  const overflow = crtc[0x07]
  const totalCharacters = crtc[0x00] + 5
  const shownCharacters = Math.min(crtc[0x01] + 1, totalCharacters)
  const unit = crtc[0x17] & 0x04 ? 2 : 1 // the vertical counter may count every second line
  const totalLines = ((crtc[0x06] | ((overflow & 0x01) << 8) | ((overflow & 0x20) << 4)) + 2) * unit
  const pictureLines = verticalDisplayEnd(registers) * unit
  const retraceStart = crtc[0x10] | ((overflow & 0x04) << 6) | ((overflow & 0x80) << 2)
  const retraceLines = (((crtc[0x11] & 0x0f) - retraceStart) & 0x0f || 16) * unit
  const clockHz = DOT_CLOCKS_HZ[(miscOutput >>> 2) & 1] / (sequencer[1] & 0x08 ? 2 : 1)
  const characterNs = ((sequencer[1] & 0x01 ? 8 : 9) * 1e9) / clockHz
  const lineNs = totalCharacters * characterNs
  const frameNs = totalLines * lineNs
  if (1e9 / frameNs > 500 || 1e9 / frameNs < 5) return synthesized(pictureLines, FALLBACK_HZ)
  const start = Math.min(retraceStart * unit, totalLines - 1)
  return {
    frameNs,
    lineNs,
    activeNs: shownCharacters * characterNs,
    pictureLines: Math.min(pictureLines, totalLines),
    retraceStartNs: start * lineNs,
    retraceEndNs: Math.min(start + retraceLines, totalLines) * lineNs,
    refreshHz: 1e9 / frameNs,
  }
}

/** Number of scan lines that show picture. */
export function verticalDisplayEnd(registers: VgaRegisters): number {
  const overflow = registers.crtc[0x07]
  return (registers.crtc[0x12] | ((overflow & 0x02) << 7) | ((overflow & 0x40) << 3)) + 1
}

/** A plausible monitor timing where the registers give none: a twentieth of the lines and a fifth of each line are blank. */
function synthesized(pictureLines: number, refreshHz: number): CrtcTiming {
  const totalLines = Math.ceil(pictureLines * 1.05) + 4
  const frameNs = 1e9 / refreshHz
  const lineNs = frameNs / totalLines
  return {
    frameNs,
    lineNs,
    activeNs: lineNs * 0.8,
    pictureLines,
    retraceStartNs: (pictureLines + 1) * lineNs,
    retraceEndNs: (pictureLines + 4) * lineNs,
    refreshHz,
  }
}
