/** INT 14h: serial ports (PC AT Technical Reference, "BIOS", RS232_IO; PS/2 extended functions 04h and 05h). */
import type { Call, Steps } from '../call.ts'
import { ENTRY, SYSTEM_ROM_BASE } from '../rom/layout.ts'
import { BDA } from './bda.ts'

/** Divisors of AH=04h beyond the table at E729h: 19200 baud. */
const DIVISOR_19200 = 6
const TIMED_OUT = 0x80
const DATA_READY = 0x01
const TRANSMITTER_READY = 0x20
/** Modem status: clear to send, data set ready. */
const CTS = 0x10
const DSR = 0x20
/** What one unit of the time-out at 0040:007C stands for, in nanoseconds. */
const TIMEOUT_UNIT_NS = 1_000_000_000

export function* serialService(call: Call): Steps {
  const { machine } = call
  const port = call.dx < 4 ? machine.readLinear16(BDA.com + 2 * call.dx) : 0
  if (port === 0) {
    call.ah = TIMED_OUT
    return
  }
  const timeoutNs = (machine.readLinear8(BDA.comTimeouts + call.dx) || 1) * TIMEOUT_UNIT_NS
  switch (call.ah) {
    case 0x00: {
      const divisor = machine.readLinear16(SYSTEM_ROM_BASE + ENTRY.baudTable + 2 * (call.al >>> 5))
      yield* program(call, port, divisor, call.al & 0x1f)
      return yield* status(call, port)
    }
    case 0x01:
      return yield* send(call, port, timeoutNs)
    case 0x02:
      return yield* receive(call, port, timeoutNs)
    case 0x03:
      return yield* status(call, port)
    case 0x04:
      return yield* extendedInitialize(call, port)
    case 0x05:
      return yield* modemControl(call, port)
    default:
      call.ah = TIMED_OUT
  }
}

function* program(call: Call, port: number, divisor: number, line: number): Steps {
  yield* call.out8(port + 3, 0x80)
  yield* call.out8(port, divisor & 0xff)
  yield* call.out8(port + 1, divisor >>> 8)
  yield* call.out8(port + 3, line)
  yield* call.out8(port + 1, 0)
}

function* status(call: Call, port: number): Steps {
  call.ah = yield* call.in8(port + 5)
  call.al = yield* call.in8(port + 6)
}

/** Waits for `modem` and `line` bits; AH gets the line status, with bit 7 when the time is over. */
function* ready(call: Call, port: number, modem: number, line: number, timeoutNs: number): Steps<boolean> {
  const good = yield* call.until(function* () {
    if (((yield* call.in8(port + 6)) & modem) !== modem) return false
    return ((yield* call.in8(port + 5)) & line) !== 0
  }, timeoutNs)
  const state = yield* call.in8(port + 5)
  call.ah = good ? state & 0x7f : state | TIMED_OUT
  return good
}

function* send(call: Call, port: number, timeoutNs: number): Steps {
  yield* call.out8(port + 4, 0x03)
  if (yield* ready(call, port, CTS | DSR, TRANSMITTER_READY, timeoutNs)) yield* call.out8(port, call.al)
}

function* receive(call: Call, port: number, timeoutNs: number): Steps {
  yield* call.out8(port + 4, 0x01)
  if (!(yield* ready(call, port, DSR, DATA_READY, timeoutNs))) return
  const state = call.ah & 0x1e
  call.al = yield* call.in8(port)
  call.ah = state
}

/** AL break, BH parity, BL stop bits, CH word length, CL baud rate (0 to 8). */
function* extendedInitialize(call: Call, port: number): Steps {
  if (call.cl > 8 || call.ch > 3 || call.bh > 4 || call.bl > 1 || call.al > 1) {
    call.ah = TIMED_OUT
    return
  }
  const table = SYSTEM_ROM_BASE + ENTRY.baudTable
  const divisor = call.cl === 8 ? DIVISOR_19200 : call.machine.readLinear16(table + 2 * call.cl)
  const parity = [0x00, 0x08, 0x18, 0x28, 0x38][call.bh]
  yield* program(call, port, divisor, call.ch | (call.bl << 2) | parity | (call.al << 6))
  yield* status(call, port)
}

/** AL=00h reads the modem control register into BL, AL=01h writes it. */
function* modemControl(call: Call, port: number): Steps {
  if (call.al === 0) call.bl = yield* call.in8(port + 4)
  else if (call.al === 1) yield* call.out8(port + 4, call.bl & 0x1f)
  yield* status(call, port)
}
