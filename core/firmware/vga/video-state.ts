/** The video part of the BIOS data area, as the services use it. */
import { BDA } from '../bios/bda.ts'
import type { Call } from '../call.ts'
import { type VideoMode, videoMode } from './video-modes.ts'

/** The present standard mode, or undefined in a VBE mode. */
export function currentMode({ machine }: Call): VideoMode | undefined {
  if (machine.readLinear16(BDA.vbeMode) & VBE_ACTIVE) return undefined
  return videoMode(machine.readLinear8(BDA.videoMode) & 0x7f)
}

/** Bit of the word at 0040:00BA while a VBE mode is set; the mode number is in the lower bits. */
export const VBE_ACTIVE = 0x8000

export function columnsOf({ machine }: Call): number {
  return machine.readLinear16(BDA.columns)
}

export function rowsOf({ machine }: Call): number {
  return machine.readLinear8(BDA.rows) + 1
}

export function charHeightOf({ machine }: Call): number {
  return machine.readLinear8(BDA.charHeight) || 16
}

/** Bytes of a text page as the CRT controller and the pages count them. */
export function pageBytesOf({ machine }: Call): number {
  return machine.readLinear16(BDA.pageBytes)
}

/** Cursor of a page: row in the high byte, column in the low one. */
export function cursorOf({ machine }: Call, page: number): { row: number; column: number } {
  const word = machine.readLinear16(BDA.cursors + 2 * (page & 7))
  return { row: word >>> 8, column: word & 0xff }
}
