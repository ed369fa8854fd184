/** INT 10h AH=08h, 09h, 0Ah, 0Eh and 13h: characters at the cursor, in every mode. */
import { BDA } from '../bios/bda.ts'
import { type Call, ES, type Steps } from '../call.ts'
import { beep } from './bell.ts'
import { currentCanvas } from './canvas.ts'
import { setCursorPosition } from './cursor.ts'
import { drawGlyphs, recogniseGlyph } from './glyphs.ts'
import { scroll } from './scroll.ts'
import { columnsOf, currentMode, cursorOf, pageBytesOf, rowsOf } from './video-state.ts'

const BELL = 7
const BACKSPACE = 8
const LINE_FEED = 10
const CARRIAGE_RETURN = 13

function textAddress(call: Call, segment: number, page: number, row: number, column: number): number {
  return (segment << 4) + pageBytesOf(call) * page + (row * columnsOf(call) + column) * 2
}

/** AH=08h: AL the character, AH its attribute. */
export function* readCharacter(call: Call): Steps {
  const { row, column } = cursorOf(call, call.bh)
  const mode = currentMode(call)
  if (mode?.kind === 'text') {
    const at = textAddress(call, mode.segment, call.bh, row, column)
    yield* call.touch(at, 2, false)
    call.ax = call.machine.readLinear16(at)
    return
  }
  const canvas = yield* currentCanvas(call)
  call.al = canvas ? yield* recogniseGlyph(call, canvas, call.bh, row, column) : 0
  call.ah = 0
}

/** AH=09h (character and attribute) and 0Ah (character alone in text modes): AL, BH page, BL, CX times. The cursor stays. */
export function* writeCharacters(call: Call): Steps {
  const { row, column } = cursorOf(call, call.bh)
  const attribute = call.ah === 9 || currentMode(call)?.kind !== 'text' ? call.bl : undefined
  yield* put(call, { page: call.bh, row, column, character: call.al, attribute, count: call.cx })
}

interface Cells {
  readonly page: number
  readonly row: number
  readonly column: number
  readonly character: number
  /** Undefined leaves attributes as they are. */
  readonly attribute: number | undefined
  readonly count: number
}

function* put(call: Call, cells: Cells): Steps {
  const { machine } = call
  const mode = currentMode(call)
  if (mode?.kind !== 'text') {
    const canvas = yield* currentCanvas(call)
    if (!canvas) return
    // With 256 colours the page register is the background's colour.
    const packed = canvas.kind === 'packed'
    const background = packed && mode ? cells.page : 0
    const page = packed ? 0 : cells.page
    yield* drawGlyphs(call, canvas, { ...cells, page, colour: cells.attribute ?? 7, background })
    return
  }
  const at = textAddress(call, mode.segment, cells.page, cells.row, cells.column)
  const count = Math.min(cells.count, (0x8000 - (at & 0x7fff)) >>> 1)
  yield* call.touch(at, count * 2, false)
  for (let i = 0; i < count; i++) {
    if (cells.attribute === undefined) machine.writeLinear8(at + 2 * i, cells.character)
    else machine.writeLinear16(at + 2 * i, (cells.attribute << 8) | cells.character)
  }
}

/** AH=0Eh: writes AL on the page that is shown and moves its cursor; BL is the colour in graphics. */
export function* teletype(call: Call): Steps {
  const page = call.machine.readLinear8(BDA.page)
  const text = currentMode(call)?.kind === 'text'
  yield* teletypeCharacter(call, { page, character: call.al, attribute: text ? undefined : call.bl })
}

interface TeletypeCharacter {
  readonly page: number
  readonly character: number
  readonly attribute: number | undefined
}

/** Writes one character and moves the cursor of `page`; bell, backspace, line feed and carriage return act. */
function* teletypeCharacter(call: Call, { page, character, attribute }: TeletypeCharacter): Steps {
  let { row, column } = cursorOf(call, page)
  const columns = columnsOf(call)
  const rows = rowsOf(call)
  if (character === BELL) return yield* beep(call)
  if (character === BACKSPACE) column = Math.max(column - 1, 0)
  else if (character === CARRIAGE_RETURN) column = 0
  else if (character === LINE_FEED) row++
  else {
    yield* put(call, { page, row, column, character, attribute, count: 1 })
    column++
  }
  if (column >= columns) {
    column = 0
    row++
  }
  if (row >= rows) {
    row = rows - 1
    const fill = yield* scrollAttribute(call, page, row, column)
    yield* scroll(call, {
      page,
      top: 0,
      left: 0,
      bottom: row,
      right: columns - 1,
      lines: 1,
      down: false,
      attribute: fill,
    })
  }
  yield* setCursorPosition(call, page, row, column)
}

/** New lines take the attribute of where the cursor was; in graphics they are black. */
function* scrollAttribute(call: Call, page: number, row: number, column: number): Steps<number> {
  const mode = currentMode(call)
  if (mode?.kind !== 'text') return 0
  const at = textAddress(call, mode.segment, page, row, column)
  yield* call.touch(at, 2, false)
  return call.machine.readLinear8(at + 1)
}

/** AH=13h: CX characters of ES:BP at DH, DL. AL bit 0 moves the cursor, bit 1 has attributes between the characters. */
export function* writeString(call: Call): Steps {
  const { machine } = call
  const page = call.bh
  const before = cursorOf(call, page)
  const pairs = (call.al & 2) !== 0
  const length = call.cx * (pairs ? 2 : 1)
  const source = call.linear(ES, call.bp)
  if (call.dh === 0xff) {
    call.dh = before.row
    call.dl = before.column
  }
  yield* setCursorPosition(call, page, call.dh, call.dl)
  for (let i = 0; i < length; i += pairs ? 2 : 1) {
    yield* call.touch(source + i, 2, false)
    const character = machine.readLinear8(source + i)
    const attribute = pairs ? machine.readLinear8(source + i + 1) : call.bl
    yield* teletypeCharacter(call, { page, character, attribute })
  }
  if (!(call.al & 1)) yield* setCursorPosition(call, page, before.row, before.column)
}
