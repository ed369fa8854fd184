/** INT 10h AH=11h: fonts of text modes, font pointers of graphics modes. */
import { BDA } from '../bios/bda.ts'
import { type Call, ES, type Steps } from '../call.ts'
import { FONT_POINTERS, VGA, vgaPointer } from '../rom/vga-layout.ts'
import { setCursorShape } from './cursor.ts'
import { loadFont, ROM_FONTS } from './font-loading.ts'
import { crtcPort, getCrtc, getIndexed, SEQUENCER, setCrtc, setIndexed } from './registers.ts'
import { columnsOf } from './video-state.ts'

/** Rows for AH=11h, BL=1 to 3 in graphics modes. */
const ROWS: Readonly<Record<number, number>> = { 1: 14, 2: 25, 3: 43 }

export function* fontService(call: Call): Steps {
  const rom: Readonly<Record<number, 8 | 14 | 16>> = { 1: 14, 2: 8, 4: 16 }
  switch (call.al) {
    case 0x00:
    case 0x10:
      return yield* loadUserFont(call, call.al === 0x10)
    case 0x01:
    case 0x02:
    case 0x04:
    case 0x11:
    case 0x12:
    case 0x14: {
      const height = rom[call.al & 0x0f]
      yield* loadFont(call, { glyphs: ROM_FONTS[height], height, first: 0, block: call.bl })
      if (call.al & 0x10) yield* setTextHeight(call, height)
      return
    }
    case 0x03: // two fonts at a time: sequencer 3
      return yield* setIndexed(call, SEQUENCER, 3, call.bl)
    case 0x20:
      return call.machine.writeLinear32(0x1f * 4, ((call.selector(ES) << 16) | call.bp) >>> 0)
    case 0x21:
      return setGraphicsFont(call, ((call.selector(ES) << 16) | call.bp) >>> 0, call.cx)
    case 0x22:
      return setGraphicsFont(call, FONT_POINTERS[14], 14)
    case 0x23:
      return setGraphicsFont(call, FONT_POINTERS[8], 8)
    case 0x24:
      return setGraphicsFont(call, FONT_POINTERS[16], 16)
    case 0x30:
      return fontInformation(call)
  }
}

/** ES:BP the characters, CX how many, DX the first, BH bytes of each, BL the block. */
function* loadUserFont(call: Call, program: boolean): Steps {
  const height = call.bh
  if (height === 0 || height > 32) return
  const glyphs = new Uint8Array(Math.min(call.cx, 256) * height)
  const from = call.linear(ES, call.bp)
  yield* call.touch(from, glyphs.length, false)
  call.machine.readLinearBytes(from, glyphs)
  yield* loadFont(call, { glyphs, height, first: call.dx & 0xff, block: call.bl })
  if (program) yield* setTextHeight(call, height)
}

/** Scan lines of the picture, by where the retrace begins: 350, 400 or 480, or what VESA's text modes have. */
function* pictureLines(call: Call): Steps<number> {
  const overflow = yield* getCrtc(call, 7)
  const retrace = (yield* getCrtc(call, 0x10)) | ((overflow & 4) << 6) | ((overflow & 0x80) << 2)
  return retrace >= 0x1e0 ? 480 : retrace >= 0x190 ? 400 : 350
}

/** Characters of `height` lines: as many rows as the picture has room for, and a cursor near their foot. */
function* setTextHeight(call: Call, height: number): Steps {
  const { machine } = call
  const maxScan = yield* getIndexed(call, crtcPort(call), 9)
  const doubled = maxScan & 0x80 ? 2 : 1
  const rows = Math.floor((yield* pictureLines(call)) / doubled / height)
  yield* setCrtc(call, 9, (maxScan & ~0x1f) | (height - 1))
  if (machine.readLinear8(BDA.videoMode) === 7) yield* setCrtc(call, 0x14, height - 1)
  machine.writeLinear8(BDA.rows, rows - 1)
  machine.writeLinear16(BDA.charHeight, height)
  machine.writeLinear16(BDA.pageBytes, (rows * columnsOf(call) * 2 + 0x7ff) & ~0x7ff)
  // The last row ends where the picture does.
  const last = rows * height * doubled - 1
  const overflow = yield* getCrtc(call, 7)
  yield* setCrtc(call, 0x12, last & 0xff)
  yield* setCrtc(call, 7, (overflow & ~0x42) | ((last >>> 7) & 2) | ((last >>> 3) & 0x40))
  yield* setCursorShape(call, height <= 8 ? 0x0607 : ((height - 3) << 8) | (height - 2))
}

function setGraphicsFont(call: Call, pointer: number, height: number): void {
  const { machine } = call
  machine.writeLinear32(0x43 * 4, pointer)
  machine.writeLinear16(BDA.charHeight, height)
  machine.writeLinear8(BDA.rows, (call.bl === 0 ? call.dl : (ROWS[call.bl] ?? 25)) - 1)
}

/** AL=30h: ES:BP the font that BH names, CX lines of the present font, DL rows - 1. */
function fontInformation(call: Call): void {
  const { machine } = call
  const pointers: Readonly<Record<number, number>> = {
    0: machine.readLinear32(0x1f * 4),
    1: machine.readLinear32(0x43 * 4),
    2: FONT_POINTERS[14],
    3: FONT_POINTERS[8],
    4: FONT_POINTERS[8] + 1024,
    5: vgaPointer(VGA.fontDifferences),
    6: FONT_POINTERS[16],
    7: vgaPointer(VGA.fontDifferences),
  }
  const pointer = pointers[call.bh]
  if (pointer === undefined) return
  call.returnEs = pointer >>> 16
  call.bp = pointer
  call.cx = machine.readLinear16(BDA.charHeight)
  call.dl = machine.readLinear8(BDA.rows)
}
