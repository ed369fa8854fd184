/**
 * INT 15h AH=87h, move block of extended memory. The caller's descriptor table has the source at 10h and the destination at 18h
 * (PC AT Technical Reference, "BIOS", BLOCKMOVE).
 */
import { type Call, ES } from '../call.ts'

const SOURCE = 0x10
const DESTINATION = 0x18
/** The most words that one segment holds. */
const WORDS_MAX = 0x8000
const GATE_FAILED = 0x03

/** Copies physical memory with A20 open. Impossible in virtual-8086 mode, where a monitor owns this function. */
export function blockMove(call: Call): void {
  const { machine } = call
  const { memory } = machine
  if (call.vm86 || call.cx > WORDS_MAX) {
    call.ah = GATE_FAILED
    call.carry = true
    return
  }
  const table = call.linear(ES, call.si)
  const bytes = new Uint8Array(call.cx * 2)
  const a20 = memory.a20
  memory.a20 = true
  memory.readBytes(descriptorBase(call, table + SOURCE), bytes)
  memory.writeBytes(descriptorBase(call, table + DESTINATION), bytes)
  memory.a20 = a20
  call.ah = 0
  call.carry = false
  call.zero = true
}

/** Base of a descriptor: 24 bits as on the 286, and the fourth byte that the 386 added. */
function descriptorBase({ machine }: Call, at: number): number {
  const low = machine.readLinear32(at + 2)
  return ((low & 0xff_ffff) | (machine.readLinear8(at + 7) << 24)) >>> 0
}
