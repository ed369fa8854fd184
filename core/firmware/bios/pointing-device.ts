/**
 * INT 15h AH=C2h and IRQ 12: the PS/2 mouse (IBM PS/2 and PC BIOS Interface Technical Reference, INT 15h "Pointing Device
 * BIOS Interface"). Fields of the extended BIOS data area: 22h handler, 26h bytes received, 27h handler present and package
 * size, 28h the package.
 */
import { type Call, ES, type Steps } from '../call.ts'
import { EBDA, ebdaAddress } from './bda.ts'

const ERROR = { function: 1, input: 2, interface: 3, resend: 4, noHandler: 5 } as const
const HANDLER_PRESENT = 0x80
const SIZE_MASK = 0x07
const INDEX_MASK = 0x07
const DEFAULT_SIZE = 3

/** 8042: output buffer full, from the mouse; command byte bits. */
const OUTPUT_FULL = 0x01
const FROM_MOUSE = 0x20
const MOUSE_INTERRUPT = 0x02
const KEYBOARD_INTERRUPT = 0x01
const KEYBOARD_DISABLED = 0x10
const MOUSE_DISABLED = 0x20

/** Mouse commands. */
const ENABLE = 0xf4
const DISABLE = 0xf5
const RESET = 0xff
const SAMPLE_RATE = 0xf3
const RESOLUTION = 0xe8
const GET_ID = 0xf2
const STATUS = 0xe9
const SCALING = [0xe6, 0xe7]
const ACK = 0xfa
const RATES = [10, 20, 40, 60, 80, 100, 200]

const REPLY_NS = 50_000_000
/** The self test may take a second on a real mouse. */
const RESET_NS = 1_500_000_000

export function* pointingDevice(call: Call): Steps {
  switch (call.al) {
    case 0x00:
      return yield* enable(call)
    case 0x01:
      return yield* reset(call)
    case 0x02:
      if (call.bh >= RATES.length) return fail(call, ERROR.input)
      return finish(call, yield* command(call, [SAMPLE_RATE, RATES[call.bh]], 0))
    case 0x03:
      if (call.bh > 3) return fail(call, ERROR.input)
      return finish(call, yield* command(call, [RESOLUTION, call.bh], 0))
    case 0x04: {
      const reply = yield* command(call, [GET_ID], 1)
      if (reply) call.bh = reply[0]
      return finish(call, reply)
    }
    case 0x05: {
      if (call.bh < 1 || call.bh > 8) return fail(call, ERROR.input)
      const flags = ebdaAddress(call.machine, EBDA.mouseFlags2)
      const handler = call.machine.readLinear8(flags) & HANDLER_PRESENT
      call.machine.writeLinear8(flags, handler | (call.bh - 1))
      return yield* reset(call)
    }
    case 0x06:
      return yield* status(call)
    case 0x07:
      return setHandler(call)
    default:
      return fail(call, ERROR.function)
  }
}

function* enable(call: Call): Steps {
  const flags = ebdaAddress(call.machine, EBDA.mouseFlags2)
  if (call.bh > 1) return fail(call, ERROR.input)
  if (call.bh === 1 && !(call.machine.readLinear8(flags) & HANDLER_PRESENT)) return fail(call, ERROR.noHandler)
  call.machine.writeLinear8(ebdaAddress(call.machine, EBDA.mouseFlags), 0)
  const reply = yield* command(call, [call.bh ? ENABLE : DISABLE], 0)
  if (reply && call.bh) {
    const mask = yield* call.in8(0xa1)
    yield* call.out8(0xa1, mask & ~0x10)
  }
  finish(call, reply)
}

function* reset(call: Call): Steps {
  call.machine.writeLinear8(ebdaAddress(call.machine, EBDA.mouseFlags), 0)
  const flags = ebdaAddress(call.machine, EBDA.mouseFlags2)
  if ((call.machine.readLinear8(flags) & SIZE_MASK) === 0)
    call.machine.writeLinear8(flags, call.machine.readLinear8(flags) | (DEFAULT_SIZE - 1))
  const reply = yield* command(call, [RESET], 2, RESET_NS)
  if (reply) {
    call.bl = reply[0]
    call.bh = reply[1]
  }
  finish(call, reply)
}

function* status(call: Call): Steps {
  if (call.bh === 1 || call.bh === 2) return finish(call, yield* command(call, [SCALING[call.bh - 1]], 0))
  if (call.bh !== 0) return fail(call, ERROR.input)
  const reply = yield* command(call, [STATUS], 3)
  if (reply) {
    call.bl = reply[0]
    call.cl = reply[1]
    call.dl = reply[2]
  }
  finish(call, reply)
}

/** ES:BX, or none when it is 0:0. */
function setHandler(call: Call): void {
  const { machine } = call
  const pointer = ((call.selector(ES) << 16) | call.bx) >>> 0
  const flags = ebdaAddress(machine, EBDA.mouseFlags2)
  machine.writeLinear32(ebdaAddress(machine, EBDA.mouseHandler), pointer)
  const rest = machine.readLinear8(flags) & ~HANDLER_PRESENT
  machine.writeLinear8(flags, rest | (pointer ? HANDLER_PRESENT : 0))
  finish(call, [])
}

function finish(call: Call, reply: readonly number[] | undefined): void {
  if (!reply) return fail(call, ERROR.interface)
  call.ah = 0
  call.carry = false
}

function fail(call: Call, code: number): void {
  call.ah = code
  call.carry = true
}

/**
 * Sends `bytes` to the mouse, each acknowledged, and returns `replies` bytes that follow; undefined when the mouse is silent.
 * Meanwhile the controller raises no interrupts and the keyboard waits.
 */
function* command(
  call: Call,
  bytes: readonly number[],
  replies: number,
  timeoutNs = REPLY_NS,
): Steps<number[] | undefined> {
  yield* call.out8(0x64, 0xad)
  yield* call.out8(0x64, 0x20)
  const before = yield* readController(call)
  if (before < 0) return undefined
  yield* setCommandByte(call, (before & ~(MOUSE_INTERRUPT | KEYBOARD_INTERRUPT | MOUSE_DISABLED)) | KEYBOARD_DISABLED)
  let result: number[] | undefined = []
  for (const byte of bytes) {
    yield* call.out8(0x64, 0xd4)
    yield* call.out8(0x60, byte)
    if ((yield* readMouse(call, REPLY_NS)) !== ACK) result = undefined
  }
  for (let i = 0; i < replies && result; i++) {
    const reply = yield* readMouse(call, timeoutNs)
    if (reply < 0) result = undefined
    else result.push(reply)
  }
  yield* setCommandByte(call, (before & ~(KEYBOARD_DISABLED | MOUSE_DISABLED)) | MOUSE_INTERRUPT | KEYBOARD_INTERRUPT)
  return result
}

function* setCommandByte(call: Call, value: number): Steps {
  yield* call.out8(0x64, 0x60)
  yield* call.out8(0x60, value)
}

/** An answer of the controller itself, past bytes that devices had sent before; -1 when there is none. */
function* readController(call: Call): Steps<number> {
  let last = -1
  yield* call.until(function* () {
    const state = yield* call.in8(0x64)
    if (!(state & OUTPUT_FULL)) return last >= 0
    last = yield* call.in8(0x60)
    return false
  }, REPLY_NS)
  return last
}

function* readMouse(call: Call, timeoutNs: number): Steps<number> {
  let byte = -1
  yield* call.until(function* () {
    const state = yield* call.in8(0x64)
    if (!(state & OUTPUT_FULL)) return false
    const value = yield* call.in8(0x60)
    if (state & FROM_MOUSE) byte = value
    return byte >= 0
  }, timeoutNs)
  return byte
}

/**
 * IRQ 12. For a complete package with a handler: AX status, BX and CX the movement, DX zero (or the fourth byte), DI the
 * segment of the extended data area; otherwise CF for ROM code.
 */
export function* mouseInterrupt(call: Call): Steps {
  const { machine } = call
  call.romCarry = true
  const state = yield* call.in8(0x64)
  if ((state & (OUTPUT_FULL | FROM_MOUSE)) !== (OUTPUT_FULL | FROM_MOUSE)) return
  const byte = yield* call.in8(0x60)
  const flags = ebdaAddress(machine, EBDA.mouseFlags)
  const data = ebdaAddress(machine, EBDA.mouseData)
  const setup = machine.readLinear8(ebdaAddress(machine, EBDA.mouseFlags2))
  const size = (setup & SIZE_MASK) + 1
  const index = machine.readLinear8(flags) & INDEX_MASK
  if (index === 0 && size >= 3 && !(byte & 8)) return // not the first byte of a package: wait for one
  machine.writeLinear8(data + index, byte)
  if (index + 1 < size) {
    machine.writeLinear8(flags, index + 1)
    return
  }
  machine.writeLinear8(flags, 0)
  if (!(setup & HANDLER_PRESENT)) return
  call.romCarry = false
  call.ax = machine.readLinear8(data)
  call.bx = machine.readLinear8(data + 1)
  call.cx = machine.readLinear8(data + 2)
  call.dx = size >= 4 ? machine.readLinear8(data + 3) : 0
  call.di = (data - EBDA.mouseData) >>> 4
}
