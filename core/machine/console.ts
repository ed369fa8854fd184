/** The machine's screen, keyboard, mouse and serial lines as its thread uses them (see machine.ts), over the chips. */
import type { KeyCode } from '../contract/key-codes.ts'
import type { ScreenText } from '../contract/machine-api.ts'
import type { Vga } from '../devices/display/vga/vga.ts'
import type { Ps2Keyboard } from '../devices/input/ps2-keyboard.ts'
import type { Ps2Mouse } from '../devices/input/ps2-mouse.ts'
import type { Ns16550a } from '../devices/serial/ns16550a.ts'
import type { KeyboardInput, MachineDisplay, MouseButton, MouseInput, ScreenMode, SerialPort } from './machine.ts'

export function createDisplay(vga: Vga): MachineDisplay {
  let drawn = -1
  return {
    mode(): ScreenMode {
      const { width, height, aspectWidth, aspectHeight } = vga.size()
      return { widthPx: width, heightPx: height, aspectWidth, aspectHeight }
    },
    render(pixels, force) {
      const frame = vga.frame()
      if (!force && frame.serial === drawn) return false
      drawn = frame.serial
      vga.render(pixels, frame.width)
      return true
    },
    text(): ScreenText {
      const screen = vga.screenText()
      if (!screen) return { mode: 'graphics', columns: 0, rows: 0, lines: [], cursor: null }
      const { columns, rows, text, cursor } = screen
      return { mode: 'text', columns, rows, lines: text.map((line) => line.trimEnd()), cursor: cursor && { ...cursor } }
    },
  }
}

export function createKeyboard(keyboard: Ps2Keyboard): KeyboardInput {
  return {
    key: (code: KeyCode, down: boolean) => keyboard.key(code, down),
    pending: () => keyboard.pending,
    leds: () => keyboard.leds,
  }
}

const BUTTONS: Readonly<Record<MouseButton, number>> = { left: 1, right: 2, middle: 4 }

export function createMouse(mouse: Ps2Mouse): MouseInput {
  let buttons = 0
  return {
    move: (dx, dy) => mouse.move(dx, dy),
    button(button, down) {
      buttons = down ? buttons | BUTTONS[button] : buttons & ~BUTTONS[button]
      mouse.setButtons(buttons)
    },
    wheel: (detents) => mouse.wheel(detents),
    pending: () => mouse.pending,
    listening: () => mouse.listening,
  }
}

export function createSerialPort(uart: Ns16550a): SerialPort {
  const port: SerialPort = {
    port: uart.com,
    onOutput: () => {},
    canReceive: () => uart.canReceive,
    receive: (byte) => uart.receive(byte),
  }
  uart.onTransmit = (byte) => port.onOutput(byte)
  return port
}
