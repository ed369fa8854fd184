/** INT 17h: parallel printers (PC AT Technical Reference, "BIOS", PRINTER_IO). */
import type { Call, Steps } from '../call.ts'
import { BDA } from './bda.ts'

const NOT_BUSY = 0x80
/** Status bits that the BIOS shows inverted: acknowledge and I/O error. */
const INVERTED = 0x48
const TIMED_OUT = 0x01
const STROBE = 0x01
const INIT = 0x04
const SELECT = 0x08
const TIMEOUT_UNIT_NS = 1_000_000_000
/** AH=02h of a printer that does not exist. */
const ABSENT = 0x01

export function* printerService(call: Call): Steps {
  const { machine } = call
  const port = call.dx < 4 ? machine.readLinear16(BDA.lpt + 2 * call.dx) : 0
  if (port === 0) {
    call.ah = ABSENT
    return
  }
  switch (call.ah) {
    case 0x00:
      return yield* print(call, port)
    case 0x01:
      yield* call.out8(port + 2, SELECT)
      yield* call.out8(port + 2, SELECT | INIT)
      return yield* status(call, port)
    case 0x02:
      return yield* status(call, port)
    default:
      call.ah = ABSENT
  }
}

function* status(call: Call, port: number): Steps {
  call.ah = ((yield* call.in8(port + 1)) ^ INVERTED) & 0xf8
}

function* print(call: Call, port: number): Steps {
  const timeoutNs = (call.machine.readLinear8(BDA.lptTimeouts + call.dx) || 1) * TIMEOUT_UNIT_NS
  yield* call.out8(port, call.al)
  const ready = yield* call.until(function* () {
    return ((yield* call.in8(port + 1)) & NOT_BUSY) !== 0
  }, timeoutNs)
  if (ready) {
    yield* call.out8(port + 2, SELECT | INIT | STROBE)
    yield* call.out8(port + 2, SELECT | INIT)
  }
  yield* status(call, port)
  if (!ready) call.ah |= TIMED_OUT
}
