/** INT 10h AH=00h: sets a standard mode, from the register values of mode-parameters.ts. */
import { BDA } from '../bios/bda.ts'
import type { Call, Steps } from '../call.ts'
import { FONT_POINTERS } from '../rom/vga-layout.ts'
import { DEFAULT_PALETTES } from './default-palettes.ts'
import { loadFont, ROM_FONTS } from './font-loading.ts'
import { PARAMETER, PARAMETER_BYTES, PARAMETER_TABLE, parameterEntry } from './mode-parameters.ts'
import {
  DAC_MASK,
  DISPI,
  GRAPHICS,
  hasDispi,
  MISC_WRITE,
  SEQUENCER,
  setAttributes,
  setDac,
  setDispi,
  setIndexed,
  sumToGrey,
} from './registers.ts'
import { type VideoMode, videoMode } from './video-modes.ts'

const NO_CLEAR = 0x80
/** 0040:0089: gray summing, palettes stay. */
const GREY = 0x02
const KEEP_PALETTE = 0x08
const LINES_400 = 0x10
const LINES_200 = 0x80
/** 0040:0087: 256 KiB of memory. */
const VIDEO_CONTROL = 0x60
const CURSOR_SHAPE = 0x0607
/** Modes 08h to 0Ch and above 13h do not exist and leave everything as it is. */

/** Sets mode `number`; bit 7 keeps what is in video memory. Returns whether the mode exists. */
export function* setVideoMode(call: Call, number: number): Steps<boolean> {
  const mode = videoMode(number & 0x7f)
  if (!mode) return false
  const { machine } = call
  const keep = (number & NO_CLEAR) !== 0
  const lines = scanLines(machine.readLinear8(BDA.vgaFlags))
  const entry = parameterEntry(mode.number, lines)
  const parameters = PARAMETER_TABLE.subarray(entry * PARAMETER_BYTES, (entry + 1) * PARAMETER_BYTES)
  if (yield* hasDispi(call)) yield* setDispi(call, DISPI.enable, 0)
  machine.writeLinear16(BDA.vbeMode, 0)
  fillDataArea(call, mode, parameters, keep)
  yield* loadRegisters(call, parameters)
  yield* loadPalette(call, mode)
  if (!keep) yield* clearMemory(call, mode)
  yield* loadModeFont(call, mode, parameters[2])
  return true
}

/** How many scan lines text modes are to have (INT 10h AX=12xxh BL=30h). */
function scanLines(flags: number): 200 | 350 | 400 {
  if (flags & LINES_200) return 200
  return flags & LINES_400 ? 400 : 350
}

function* loadRegisters(call: Call, parameters: Uint8Array): Steps {
  const misc = parameters[PARAMETER.misc]
  const crtcPort = misc & 1 ? 0x3d4 : 0x3b4
  const at = (start: number, count: number) => parameters.subarray(start, start + count)
  yield* setIndexed(call, SEQUENCER, 0, 1)
  for (const [i, value] of at(PARAMETER.sequencer, 4).entries()) yield* setIndexed(call, SEQUENCER, i + 1, value)
  yield* call.out8(MISC_WRITE, misc)
  yield* setIndexed(call, SEQUENCER, 0, 3)
  yield* setIndexed(call, crtcPort, 0x11, 0) // opens registers 0 to 7
  for (const [i, value] of at(PARAMETER.crtc, 25).entries()) yield* setIndexed(call, crtcPort, i, value)
  for (const [i, value] of at(PARAMETER.graphics, 9).entries()) yield* setIndexed(call, GRAPHICS, i, value)
  yield* setAttributes(call, 0, [...at(PARAMETER.attribute, 20), 0])
}

function* loadPalette(call: Call, mode: VideoMode): Steps {
  const flags = call.machine.readLinear8(BDA.vgaFlags)
  yield* call.out8(DAC_MASK, 0xff)
  if (flags & KEEP_PALETTE) return
  const colours = DEFAULT_PALETTES[mode.palette].slice()
  if (flags & GREY) sumToGrey(colours)
  yield* setDac(call, 0, colours)
}

/** Text is blank in light grey; graphics are zero in all planes. */
function* clearMemory(call: Call, mode: VideoMode): Steps {
  const bytes = mode.segment === 0xa000 ? 0x1_0000 : 0x8000
  const address = mode.segment << 4
  const blank = new Uint8Array(bytes)
  if (mode.kind === 'text') for (let i = 0; i < bytes; i += 2) blank.set([0x20, 0x07], i)
  yield* call.touch(address, bytes, false)
  call.machine.writeLinearBytes(address, blank)
}

function* loadModeFont(call: Call, mode: VideoMode, height: number): Steps {
  const { machine } = call
  if (mode.kind === 'text') {
    const glyphs = ROM_FONTS[height as 8 | 14 | 16]
    yield* loadFont(call, { glyphs, height, first: 0, block: 0 })
  }
  machine.writeLinear32(0x43 * 4, FONT_POINTERS[height as 8 | 14 | 16])
}

function fillDataArea({ machine }: Call, mode: VideoMode, parameters: Uint8Array, keep: boolean): void {
  machine.writeLinear8(BDA.videoMode, mode.number)
  machine.writeLinear16(BDA.columns, parameters[0])
  machine.writeLinear8(BDA.rows, parameters[1])
  machine.writeLinear16(BDA.charHeight, parameters[2])
  machine.writeLinear16(BDA.pageBytes, parameters[3] | (parameters[4] << 8))
  machine.writeLinear16(BDA.pageStart, 0)
  machine.writeLinearBytes(BDA.cursors, new Uint8Array(16))
  machine.writeLinear16(BDA.cursorShape, mode.kind === 'text' ? CURSOR_SHAPE : 0)
  machine.writeLinear8(BDA.page, 0)
  machine.writeLinear16(BDA.crtcPort, parameters[PARAMETER.misc] & 1 ? 0x3d4 : 0x3b4)
  machine.writeLinear8(BDA.cgaMode, mode.control)
  machine.writeLinear8(BDA.cgaPalette, mode.number === 6 ? 0x3f : 0x30)
  machine.writeLinear8(BDA.videoControl, VIDEO_CONTROL | (keep ? NO_CLEAR : 0))
}
