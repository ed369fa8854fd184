/** AX=4F02h and 4F03h: sets VBE modes, through the VGA's registers for the window and Bochs' display interface for the picture. */
import { BDA } from '../bios/bda.ts'
import type { Call, Steps } from '../call.ts'
import { FONT_POINTERS } from '../rom/vga-layout.ts'
import { loadFont, ROM_FONTS } from './font-loading.ts'
import { setVideoMode } from './mode-set.ts'
import { crtcPort, DISPI, MISC_READ, MISC_WRITE, SEQUENCER, setCrtc, setDispi, setIndexed } from './registers.ts'
import { availableModes, videoMemory } from './vbe-adapter.ts'
import { VBE_TEXT_MODES, type VbeMode, type VbeTextMode } from './vbe-modes.ts'
import { VBE_ACTIVE } from './video-state.ts'

const MODE_MASK = 0x3fff & ~0x0800
export const LINEAR = 0x4000
const KEEP_MEMORY = 0x8000

const ENABLED = 0x01
const LINEAR_ENABLED = 0x40
const NO_CLEAR = 0x80
/** Standard modes whose registers give the window that a VBE mode needs: chain 4, and four planes. */
const PACKED_BASE = 0x13
const PLANAR_BASE = 0x12
/** What AH=0Fh returns meanwhile. */
const NO_STANDARD_MODE = 0xff

/** Sets the mode in BX (numbers below 100h are standard modes). False when there is none. */
export function* setVbeMode(call: Call, bx: number): Steps<boolean> {
  const number = bx & MODE_MASK
  const keep = (bx & KEEP_MEMORY) !== 0
  if (number < 0x100) return yield* setVideoMode(call, number | (keep ? 0x80 : 0))
  const text = VBE_TEXT_MODES.find((mode) => mode.number === number)
  if (text) {
    yield* setTextMode(call, text, keep)
    return true
  }
  const mode = availableModes(yield* videoMemory(call)).find((candidate) => candidate.number === number)
  if (!mode) return false
  yield* setGraphicsMode(call, mode, { linear: (bx & LINEAR) !== 0, keep })
  return true
}

function* setGraphicsMode(call: Call, mode: VbeMode, { linear, keep }: { linear: boolean; keep: boolean }): Steps {
  const { machine } = call
  yield* setVideoMode(call, (mode.bitsPerPixel === 4 ? PLANAR_BASE : PACKED_BASE) | 0x80)
  yield* setDispi(call, DISPI.enable, 0)
  yield* setDispi(call, DISPI.xres, mode.width)
  yield* setDispi(call, DISPI.yres, mode.height)
  yield* setDispi(call, DISPI.bpp, mode.bitsPerPixel)
  yield* setDispi(call, DISPI.enable, ENABLED | (linear ? LINEAR_ENABLED : 0) | (keep ? NO_CLEAR : 0))
  yield* setDispi(call, DISPI.bank, 0)
  machine.writeLinear16(BDA.vbeMode, mode.number | VBE_ACTIVE | (linear ? LINEAR : 0))
  machine.writeLinear8(BDA.videoMode, NO_STANDARD_MODE)
  machine.writeLinear16(BDA.columns, Math.floor(mode.width / 8))
  const charHeight = mode.height < 400 ? 8 : 16
  machine.writeLinear8(BDA.rows, Math.floor(mode.height / charHeight) - 1)
  machine.writeLinear16(BDA.charHeight, charHeight)
  machine.writeLinear32(0x43 * 4, FONT_POINTERS[charHeight])
  const control = machine.readLinear8(BDA.videoControl) & 0x7f
  machine.writeLinear8(BDA.videoControl, control | (keep ? 0x80 : 0))
}

/** 28 MHz clock with characters of eight dots and as many as the columns need: fewer pictures a second, which nothing here minds. */
function* setTextMode(call: Call, mode: VbeTextMode, keep: boolean): Steps {
  const { machine } = call
  const { columns, rows, charHeight } = mode
  yield* setVideoMode(call, 3 | (keep ? 0x80 : 0))
  const lines = rows * charHeight
  const total = lines <= 400 ? 449 : 525
  const blankStart = lines + 7
  const retrace = lines + (total - lines > 40 ? 12 : 10)
  const misc = yield* call.in8(MISC_READ)
  yield* call.out8(MISC_WRITE, (misc & 0x33) | 0x04 | (lines <= 400 ? 0x40 : 0xc0))
  yield* setIndexed(call, SEQUENCER, 1, 0x01)
  yield* setIndexed(call, crtcPort(call), 0x11, 0)
  yield* setHorizontal(call, columns)
  yield* setCrtc(call, 0x06, (total - 2) & 0xff)
  yield* setCrtc(call, 0x07, overflow(total - 2, lines - 1, retrace, blankStart))
  yield* setCrtc(call, 0x09, (charHeight - 1) | 0x40 | ((blankStart >>> 4) & 0x20))
  yield* setCrtc(call, 0x10, retrace & 0xff)
  yield* setCrtc(call, 0x12, (lines - 1) & 0xff)
  yield* setCrtc(call, 0x13, columns / 2)
  yield* setCrtc(call, 0x15, blankStart & 0xff)
  yield* setCrtc(call, 0x16, (total - 6) & 0xff)
  yield* setCrtc(call, 0x11, 0x80 | ((retrace + 2) & 15))
  yield* setCrtc(call, 0x0a, charHeight - 2)
  yield* setCrtc(call, 0x0b, charHeight - 1)
  yield* loadFont(call, { glyphs: ROM_FONTS[charHeight], height: charHeight, first: 0, block: 0 })
  machine.writeLinear16(BDA.vbeMode, 0)
  machine.writeLinear16(BDA.columns, columns)
  machine.writeLinear8(BDA.rows, rows - 1)
  machine.writeLinear16(BDA.charHeight, charHeight)
  machine.writeLinear16(BDA.pageBytes, (columns * rows * 2 + 0xff) & ~0xff)
}

function* setHorizontal(call: Call, columns: number): Steps {
  const total = Math.round(columns * 1.25)
  const values = [total - 5, columns - 1, columns, 0x80 | ((total - 2) & 31), columns + 4, (columns + 4 + 12) & 31]
  for (const [i, value] of values.entries()) yield* setCrtc(call, i, value)
}

/** Bits 8 and 9 of the vertical values (CRT controller 07h), with bit 8 of line compare. */
function overflow(total: number, displayEnd: number, retrace: number, blank: number): number {
  return (
    ((total >>> 8) & 1) |
    ((displayEnd >>> 7) & 2) |
    ((retrace >>> 6) & 4) |
    ((blank >>> 5) & 8) |
    0x10 |
    ((total >>> 4) & 0x20) |
    ((displayEnd >>> 3) & 0x40) |
    ((retrace >>> 2) & 0x80)
  )
}
