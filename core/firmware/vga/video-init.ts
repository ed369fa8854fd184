/** Entry of the VGA ROM at start: vectors, data area, mode 3. */
import { BDA } from '../bios/bda.ts'
import type { Call, Steps } from '../call.ts'
import { ENTRY, SYSTEM_ROM_BASE } from '../rom/layout.ts'
import { FONT_POINTERS, VGA, vgaPointer } from '../rom/vga-layout.ts'
import { vgaLabels } from '../rom/vga-rom.ts'
import { setVideoMode } from './mode-set.ts'

/** 0040:0089: VGA active, 400 lines, display switching. */
const VGA_FLAGS = 0x51
const SWITCHES = 0xf9
/** Index of the combination "VGA with colour monitor" in the table. */
const DCC_INDEX = 0x08
const EQUIPMENT_VIDEO = 0x30
const COLOUR_80 = 0x20

export function* initializeVideo(call: Call): Steps {
  const { machine } = call
  const before = machine.readLinear32(0x10 * 4)
  machine.writeLinear32(0x42 * 4, before || (((SYSTEM_ROM_BASE >>> 4) << 16) | ENTRY.int10) >>> 0)
  machine.writeLinear32(0x10 * 4, vgaPointer(vgaLabels()('int10')))
  machine.writeLinear32(0x6d * 4, vgaPointer(vgaLabels()('int10')))
  machine.writeLinear32(0x1f * 4, FONT_POINTERS[8] + 1024)
  const equipment = machine.readLinear16(BDA.equipment)
  machine.writeLinear16(BDA.equipment, (equipment & ~EQUIPMENT_VIDEO) | COLOUR_80)
  machine.writeLinear8(BDA.vgaFlags, VGA_FLAGS)
  machine.writeLinear8(BDA.videoSwitches, SWITCHES)
  machine.writeLinear8(BDA.dccIndex, DCC_INDEX)
  machine.writeLinear32(BDA.savePointer, vgaPointer(VGA.savePointers))
  yield* setVideoMode(call, 3)
}
