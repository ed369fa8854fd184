/** Fixed places in the VGA ROM (segment C000h). */
import { VGA_ROM_BASE } from './layout.ts'

export const VGA = {
  code: 0x0100,
  font8: 0x2000,
  font14: 0x2800,
  font16: 0x3600,
  parameters: 0x4600,
  savePointers: 0x4d40,
  savePointers2: 0x4d60,
  displayCodes: 0x4d80,
  staticState: 0x4da0,
  /** Differences of the 9-dot fonts: none, so an empty table. */
  fontDifferences: 0x4db0,
  vbeStrings: 0x4dc0,
  vbeModes: 0x4e00,
  vbeWindow: 0x5000,
  vbeProtected: 0x5040,
} as const

/** A far pointer into the ROM, offset in the low half. */
export function vgaPointer(offset: number): number {
  return (((VGA_ROM_BASE >>> 4) << 16) | offset) >>> 0
}

/** Far pointers of the fonts, by height. */
export const FONT_POINTERS = {
  8: vgaPointer(VGA.font8),
  14: vgaPointer(VGA.font14),
  16: vgaPointer(VGA.font16),
} as const
