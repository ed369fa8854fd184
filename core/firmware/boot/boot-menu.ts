/** The boot menu: F12 at start. Keys and digits choose; on the serial console digits and Enter. */
import { EBDA, ebdaAddress } from '../bios/bda.ts'
import { clearScreen, printLine, putText, receiveSerial, sendSerial, setCursor } from '../bios/console.ts'
import { takeKey } from '../bios/keyboard-interrupt.ts'
import type { Call, Steps } from '../call.ts'
import { ensureTextMode } from '../vga/text-mode.ts'
import { type BootDevice, bootDevices, bootImage } from './boot-entries.ts'

/** F12 as it stands in the keyboard buffer. */
export const BOOT_MENU_KEY = 0x8600

const UP = 0x48
const DOWN = 0x50
const ENTER = 0x0d
const ESCAPE = 0x1b
const NORMAL = 0x07
const BRIGHT = 0x0f
const SELECTED = 0x70
const FIRST_ROW = 4
/** More do not fit on the screen, or in one digit. */
const LINES_MAX = 9
const WIDTH = 72

/** Draws the menu with its first line selected. */
export function* showBootMenu(call: Call): Steps {
  const { machine } = call
  yield* ensureTextMode(call)
  yield* clearScreen(call)
  machine.writeLinear8(ebdaAddress(machine, EBDA.menuLine), 0)
  putText(call, 1, 2, `Vitrine BIOS ${machine.config.version}`, BRIGHT)
  putText(call, 2, 2, 'Start from:', NORMAL)
  draw(call)
  const below = FIRST_ROW + Math.max(1, lines(call).length) + 1
  putText(call, below, 2, 'Up, Down or a digit chooses, Enter starts, Esc goes on in the boot order.', NORMAL)
  yield* setCursor(call, below + 2, 0)
  yield* sendSerial(call, `\r\nStart from:\r\n`)
  for (const [i, line] of lines(call).entries()) yield* sendSerial(call, `  ${i + 1}  ${line}\r\n`)
}

/** Takes keys. Returns the chosen device's index, FFh for the boot order, or undefined while nothing is chosen. */
export function* handleMenuKey(call: Call): Steps<number | undefined> {
  const { machine } = call
  const at = ebdaAddress(machine, EBDA.menuLine)
  const count = lines(call).length
  for (let key = yield* nextKey(call); key >= 0; key = yield* nextKey(call)) {
    const [scan, character] = [key >>> 8, key & 0xff]
    const digit = character - 0x31
    let chosen: number | undefined
    if (character === ESCAPE) chosen = 0xff
    else if (character === ENTER) chosen = count ? machine.readLinear8(at) : 0xff
    else if (digit >= 0 && digit < count) chosen = digit
    else if (scan === UP) machine.writeLinear8(at, Math.max(machine.readLinear8(at) - 1, 0))
    else if (scan === DOWN) machine.writeLinear8(at, Math.min(machine.readLinear8(at) + 1, Math.max(count - 1, 0)))
    draw(call)
    if (chosen !== undefined) {
      yield* clearScreen(call)
      yield* printLine(call, '')
      return chosen
    }
  }
  return undefined
}

function* nextKey(call: Call): Steps<number> {
  const key = takeKey(call, true)
  return key >= 0 ? key : yield* receiveSerial(call)
}

function lines(call: Call): string[] {
  return bootDevices(call.machine)
    .slice(0, LINES_MAX)
    .map((device) => `${device.label}${remark(call, device)}`.slice(0, WIDTH - 4))
}

function remark(call: Call, device: BootDevice): string {
  const image = bootImage(call.machine, device)
  return image.kind === 'problem' ? ` (${image.problem})` : ''
}

function draw(call: Call): void {
  const selected = call.machine.readLinear8(ebdaAddress(call.machine, EBDA.menuLine))
  lines(call).forEach((line, i) => {
    putText(call, FIRST_ROW + i, 2, ` ${i + 1}  ${line}`.padEnd(WIDTH), i === selected ? SELECTED : NORMAL)
  })
}
