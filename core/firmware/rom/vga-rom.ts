/** The VGA ROM, C000:0000 to C000:7FFF: entries that trap, fonts, and the tables that programs look at. */

import { font8x8 } from '../fonts/font-8x8.ts'
import { font8x14 } from '../fonts/font-8x14.ts'
import { font8x16 } from '../fonts/font-8x16.ts'
import { PARAMETER_TABLE } from '../vga/mode-parameters.ts'
import { Assembler } from './assembler.ts'
import { VGA_ROM_BASE, VGA_ROM_BYTES } from './layout.ts'
import { SERVICE } from './services.ts'
import { AFTER_STEP_STUBS, emitStepStubs } from './step-stubs.ts'
import { emitVbeProtected } from './vbe-rom.ts'
import { VGA, vgaPointer } from './vga-layout.ts'

const OEM = 'Vitrine VGA'
const VENDOR = 'Vitrine'
const PRODUCT = 'Bochs VBE display'
const REVISION = '1.0'
const PCI_DATA = 0x24

/** Builds the 32 KiB image with its checksum. */
export function buildVgaRom(): Uint8Array {
  const image = assembleVgaRom().finish().slice()
  image[VGA_ROM_BYTES - 1] = -image.subarray(0, VGA_ROM_BYTES - 1).reduce((sum, byte) => sum + byte, 0)
  return image
}

/** The image with its labels and listing. */
export function assembleVgaRom(): Assembler {
  const a = new Assembler(VGA_ROM_BYTES, VGA_ROM_BASE)
  emitHeader(a)
  emitStepStubs(a)
  a.org(Math.max(VGA.code, AFTER_STEP_STUBS))
  a.label('init')
  a.trap(SERVICE.videoInit)
  a.asm('retf', 0xcb)
  a.label('int10')
  a.trap(SERVICE.int10)
  a.asm('iret', 0xcf)
  a.org(VGA.font8)
  a.data(font8x8)
  a.org(VGA.font14)
  a.data(font8x14)
  a.org(VGA.font16)
  a.data(font8x16)
  a.org(VGA.parameters)
  a.data(PARAMETER_TABLE)
  emitTables(a)
  a.org(VGA.vbeWindow)
  a.trap(SERVICE.vbeWindow)
  a.asm('retf', 0xcb)
  a.org(VGA.vbeProtected)
  emitVbeProtected(a)
  return a
}

/** Option ROM header (PCI Firmware Specification 3.0, 5.1), with the text that old programs look for at C000:001E. */
function emitHeader(a: Assembler): void {
  a.data([0x55, 0xaa, VGA_ROM_BYTES / 512])
  a.jmp('init')
  a.org(0x18)
  a.word(PCI_DATA)
  a.org(0x1e)
  a.ascii('IBM')
  a.org(PCI_DATA)
  a.ascii('PCIR')
  a.word(0x1234, 0x1111, 0, 24)
  a.data([0, 0, 0, 3])
  a.word(VGA_ROM_BYTES / 512, 0)
  a.data([0, 0x80, 0, 0])
}

/** What 0040:00A8 points to, and the tables that those point to. */
function emitTables(a: Assembler): void {
  a.org(VGA.savePointers) // parameter table, dynamic save area, fonts of text and graphics, secondary table
  a.dword(vgaPointer(VGA.parameters), 0, 0, 0, vgaPointer(VGA.savePointers2), 0, 0)
  a.org(VGA.savePointers2)
  a.word(26)
  a.dword(vgaPointer(VGA.displayCodes), 0, 0, 0, 0, 0)
  a.org(VGA.displayCodes) // display combinations: entries, version, highest code; none, MDA, CGA, EGA, VGA
  a.data([16, 1, 8, 0])
  a.word(0, 0x0100, 0x0200, 0x0102, 0x0400, 0x0104, 0x0500, 0x0502)
  a.org(VGA.staticState) // modes 0 to 13h, all scan lines, two fonts of eight, all functions of AH=1Bh's list
  a.data([0xff, 0xe0, 0x0f, 0, 0, 0, 0, 0x07, 2, 8, 0xe7, 0x0c, 0, 0, 0, 0])
  a.org(VGA.fontDifferences)
  a.data([0])
  a.org(VGA.vbeStrings)
  for (const text of [OEM, VENDOR, PRODUCT, REVISION]) {
    a.ascii(text)
    a.data([0])
  }
}

/** Far pointers of the strings for AX=4F00h. */
export const VBE_STRINGS = (() => {
  let offset: number = VGA.vbeStrings
  const next = (text: string) => {
    const pointer = vgaPointer(offset)
    offset += text.length + 1
    return pointer
  }
  return { oem: next(OEM), vendor: next(VENDOR), product: next(PRODUCT), revision: next(REVISION) }
})()

let labels: Assembler | undefined

/** Offsets of labels in the VGA ROM. */
export function vgaLabels(): (name: string) => number {
  labels ??= assembleVgaRom()
  const rom = labels
  return (name) => rom.offsetOf(name)
}
