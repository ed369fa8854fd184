/**
 * INT 15h AH=53h: APM 1.2 in real mode (Advanced Power Management BIOS Interface Specification 1.2, 4.6), and the connection of
 * the protected-mode entries in rom/apm-rom.ts. There are no events; switching off works.
 */
import type { Call } from '../call.ts'
import { SYSTEM_ROM_BASE, SYSTEM_ROM_BYTES } from '../rom/layout.ts'
import { systemLabels } from '../rom/system-rom.ts'
import { EBDA, ebdaAddress } from './bda.ts'

const APM_VERSION = 0x0102
/** 16-bit and 32-bit protected-mode interfaces. */
const APM_FLAGS = 0x0003
const ALL_DEVICES = 0x0001
const OFF = 3
const ERROR = {
  notConnected: 0x03,
  unknownDevice: 0x09,
  unsupported: 0x0c,
  noEvent: 0x80,
} as const

export function apm(call: Call): void {
  const { machine } = call
  const connection = ebdaAddress(machine, EBDA.apmConnection)
  switch (call.al) {
    case 0x00: // installed: BX "PM"
      if (call.bx !== 0) return fail(call, ERROR.unknownDevice)
      call.bx = 0x504d
      call.cx = APM_FLAGS
      return done(call, APM_VERSION)
    case 0x01:
    case 0x02:
    case 0x03:
      machine.writeLinear8(connection, call.al)
      return call.al === 1 ? finish(call) : connect(call)
    case 0x04:
      if (machine.readLinear8(connection) === 0) return fail(call, ERROR.notConnected)
      machine.writeLinear8(connection, 0)
      return finish(call)
    case 0x05: // the caller's own HLT follows, or its next poll
    case 0x06:
    case 0x08:
    case 0x0d:
    case 0x0f:
      return finish(call)
    case 0x07:
      if (call.bx === ALL_DEVICES && call.cx === OFF) machine.request({ kind: 'power-off' })
      return finish(call)
    case 0x0a: // on line, no battery
      call.bx = 0x01ff
      call.cx = 0x80ff
      call.dx = 0xffff
      return finish(call)
    case 0x0b:
      return fail(call, ERROR.noEvent)
    case 0x0c:
      call.cx = 0
      return finish(call)
    case 0x0e:
      return done(call, APM_VERSION)
    case 0x10:
      call.bl = 0
      call.cx = 0
      return finish(call)
    default:
      return fail(call, ERROR.unsupported)
  }
}

/** AL=02h: AX, BX, CX the code segment, entry and data segment; AL=03h: EBX entry, AX and CX the code segments, DX data. */
function connect(call: Call): void {
  const label = systemLabels()
  const segment = SYSTEM_ROM_BASE >>> 4
  const length = SYSTEM_ROM_BYTES - 1
  if (call.al === 2) {
    call.bx = label('apm16_entry')
    call.cx = segment
    call.si = length
    call.di = 0
  } else {
    call.ebx = label('apm32_entry')
    call.cx = segment
    call.dx = segment
    call.esi = ((length << 16) | length) >>> 0
    call.di = 0
  }
  done(call, segment)
}

/** Success without a result in AX. */
function finish(call: Call): void {
  call.ah = 0
  call.carry = false
}

function done(call: Call, ax: number): void {
  call.ax = ax
  call.carry = false
}

function fail(call: Call, code: number): void {
  call.ah = code
  call.carry = true
}
