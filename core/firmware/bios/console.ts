/**
 * The firmware's own texts on the screen (text mode, whatever video BIOS set it) and, when asked for, on COM1. Not INT 10h:
 * nothing here depends on vectors that a guest may have taken.
 */
import type { Call, Steps } from '../call.ts'
import { BDA } from './bda.ts'

const TEXT_MEMORY = 0xb_8000
const NORMAL = 0x07
const THRE = 0x20
const DATA_READY = 0x01

/** Writes `text` (code page 437, no control characters) at the cursor and goes to the next line, scrolling when needed. */
export function* printLine(call: Call, text: string, attribute = NORMAL): Steps {
  const { machine } = call
  const columns = machine.readLinear16(BDA.columns) || 80
  const rows = (machine.readLinear8(BDA.rows) || 24) + 1
  let row = Math.min(machine.readLinear16(BDA.cursors) >>> 8, rows - 1)
  const lines = text.length === 0 ? [''] : (text.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [''])
  for (const line of lines) {
    putText(call, row, 0, line, attribute)
    row++
    if (row === rows) {
      scrollUp(call, columns, rows)
      row--
    }
  }
  yield* setCursor(call, row, 0)
  yield* sendSerial(call, `${text}\r\n`)
}

/** Writes at a place without moving the cursor. */
export function putText({ machine }: Call, row: number, column: number, text: string, attribute: number): void {
  const columns = machine.readLinear16(BDA.columns) || 80
  const cells = new Uint8Array(2 * text.length)
  for (let i = 0; i < text.length; i++) {
    cells[2 * i] = text.charCodeAt(i)
    cells[2 * i + 1] = attribute
  }
  machine.writeLinearBytes(TEXT_MEMORY + 2 * (row * columns + column), cells)
}

/** Blanks the screen. */
export function* clearScreen(call: Call, attribute = NORMAL): Steps {
  const columns = call.machine.readLinear16(BDA.columns) || 80
  const rows = (call.machine.readLinear8(BDA.rows) || 24) + 1
  for (let row = 0; row < rows; row++) putText(call, row, 0, ' '.repeat(columns), attribute)
  yield* setCursor(call, 0, 0)
}

function scrollUp({ machine }: Call, columns: number, rows: number): void {
  const rest = new Uint8Array(2 * columns * (rows - 1))
  machine.readLinearBytes(TEXT_MEMORY + 2 * columns, rest)
  machine.writeLinearBytes(TEXT_MEMORY, rest)
  const blank = new Uint8Array(2 * columns)
  for (let i = 0; i < columns; i++) blank.set([0x20, NORMAL], 2 * i)
  machine.writeLinearBytes(TEXT_MEMORY + 2 * columns * (rows - 1), blank)
}

/** Moves the cursor of page 0, which is shown. */
export function* setCursor(call: Call, row: number, column: number): Steps {
  const { machine } = call
  const columns = machine.readLinear16(BDA.columns) || 80
  const port = machine.readLinear16(BDA.crtcPort) || 0x3d4
  const position = row * columns + column
  machine.writeLinear16(BDA.cursors, (row << 8) | column)
  yield* call.out8(port, 0x0e)
  yield* call.out8(port + 1, position >>> 8)
  yield* call.out8(port, 0x0f)
  yield* call.out8(port + 1, position & 0xff)
}

/** Sends text to COM1, where the machine has the serial console on. Waits for the transmitter as long as a byte takes at 300 baud. */
export function* sendSerial(call: Call, text: string): Steps {
  const port = serialPort(call)
  if (port === 0) return
  for (let i = 0; i < text.length; i++) {
    const ready = yield* call.until(function* () {
      return ((yield* call.in8(port + 5)) & THRE) !== 0
    }, 40_000_000)
    if (!ready) return
    yield* call.out8(port, text.charCodeAt(i))
  }
}

/** A byte that COM1 has received, or -1. */
export function* receiveSerial(call: Call): Steps<number> {
  const port = serialPort(call)
  if (port === 0 || !((yield* call.in8(port + 5)) & DATA_READY)) return -1
  return yield* call.in8(port)
}

/** Sets COM1 to 115200 baud, 8 bits, no parity. */
export function* openSerial(call: Call): Steps {
  const port = serialPort(call)
  if (port === 0) return
  yield* call.out8(port + 3, 0x80)
  yield* call.out8(port, 1)
  yield* call.out8(port + 1, 0)
  yield* call.out8(port + 3, 0x03)
  yield* call.out8(port + 4, 0x03)
}

function serialPort({ machine }: Call): number {
  return machine.config.serialConsole ? machine.readLinear16(BDA.com) : 0
}
