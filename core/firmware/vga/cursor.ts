/** INT 10h AH=01h, 02h, 03h, 05h: cursor and pages. */
import { BDA } from '../bios/bda.ts'
import type { Call, Steps } from '../call.ts'
import { setCrtc, setCrtcPair } from './registers.ts'
import { charHeightOf, columnsOf, currentMode, cursorOf, pageBytesOf } from './video-state.ts'

const INVISIBLE = 0x20
/** 0040:0087 bit 0: cursor shapes are taken as they are. */
const NO_EMULATION = 0x01

/**
 * Sets the shape in CX: first and last scan line. Programs written for the 8-line characters of the CGA mean lines 0 to 7, so
 * small numbers are stretched to the height of the characters unless that is switched off.
 */
export function* setCursorShape(call: Call, shape: number): Steps {
  const { machine } = call
  machine.writeLinear16(BDA.cursorShape, shape)
  let start = (shape >>> 8) & 0x3f
  let end = shape & 0x1f
  const height = charHeightOf(call)
  const emulate = !(machine.readLinear8(BDA.videoControl) & NO_EMULATION)
  if (emulate && height > 8 && end < 8 && start < INVISIBLE) {
    if (end === start + 1 && end >= 6) {
      start = height - 3
      end = height - 2
    } else {
      start = Math.floor((start * height) / 8)
      end = Math.max(Math.floor(((end + 1) * height) / 8) - 1, 0)
    }
  }
  yield* setCrtc(call, 0x0a, start)
  yield* setCrtc(call, 0x0b, end)
}

/** Moves the cursor of `page`; the CRT controller follows when the page is shown. */
export function* setCursorPosition(call: Call, page: number, row: number, column: number): Steps {
  const { machine } = call
  if (page > 7) return
  machine.writeLinear16(BDA.cursors + 2 * page, (row << 8) | column)
  const mode = currentMode(call)
  if (mode?.kind !== 'text' || machine.readLinear8(BDA.page) !== page) return
  const start = machine.readLinear16(BDA.pageStart) >>> 1
  yield* setCrtcPair(call, 0x0e, (start + row * columnsOf(call) + column) & 0xffff)
}

/** AH=03h. */
export function readCursor(call: Call): void {
  const { row, column } = cursorOf(call, call.bh)
  call.cx = call.machine.readLinear16(BDA.cursorShape)
  call.dh = row
  call.dl = column
}

/** Shows page `page`: its start address counts words in text modes, bytes in graphics. */
export function* selectPage(call: Call, page: number): Steps {
  const { machine } = call
  const mode = currentMode(call)
  if (!mode || page > 7) return
  const start = pageBytesOf(call) * page
  machine.writeLinear16(BDA.pageStart, start)
  machine.writeLinear8(BDA.page, page)
  yield* setCrtcPair(call, 0x0c, mode.kind === 'text' ? start >>> 1 : start)
  const { row, column } = cursorOf(call, page)
  yield* setCursorPosition(call, page, row, column)
}
