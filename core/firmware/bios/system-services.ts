/**
 * INT 15h: memory, waiting, A20, configuration, pointing device, power (PC AT and PS/2 Technical Reference, "BIOS"; ACPI 6.0,
 * 15.1, for E820h). Functions that do not exist return CF and AH=86h.
 * Unsupported: AH=84h (joystick: there is none), AH=89h (switch to protected mode for programs written for the 286).
 */
import { type Call, ES, SS, type Steps } from '../call.ts'
import { ENTRY, SYSTEM_ROM_BASE } from '../rom/layout.ts'
import { extendedKib, memoryRegions, splitExtended } from '../tables/memory-map.ts'
import { apm } from './apm.ts'
import { BDA, EBDA, ebdaAddress, readTime, writeTime } from './bda.ts'
import { blockMove } from './block-move.ts'
import { pointingDevice } from './pointing-device.ts'
import { startPeriodic, stopPeriodic } from './time-of-day.ts'

const UNSUPPORTED = 0x86
const BUSY = 0x83
const SMAP = 0x534d_4150
const E820_BYTES = 20
/** With the field of extended attributes. */
const E820_LONG_BYTES = 24

export function* systemService(call: Call): Steps {
  switch (call.ah) {
    case 0x24:
      return yield* a20(call)
    case 0x4f: // keyboard intercept: the key goes on as it is
      call.carry = true
      return
    case 0x53:
      return apm(call)
    case 0x80: // open, close device, end of program
    case 0x81:
    case 0x82:
    case 0x85: // SysRq
    case 0x90: // device busy, device ready
    case 0x91:
      return good(call)
    case 0x83:
      return yield* eventWait(call)
    case 0x84:
      return unsupported(call) // no joystick
    case 0x86:
      return wait(call)
    case 0x87:
      return blockMove(call)
    case 0x88:
      call.ax = extendedKib(call.machine.config)
      call.carry = false
      return
    case 0xc0:
      call.returnEs = SYSTEM_ROM_BASE >>> 4
      call.bx = ENTRY.configTable
      return good(call)
    case 0xc1:
      call.returnEs = call.machine.readLinear16(BDA.ebdaSegment)
      return good(call)
    case 0xc2:
      return yield* pointingDevice(call)
    case 0xe8:
      return yield* memorySize(call)
    default:
      return unsupported(call)
  }
}

function good(call: Call): void {
  call.ah = 0
  call.carry = false
}

function unsupported(call: Call): void {
  call.ah = UNSUPPORTED
  call.carry = true
}

function* a20(call: Call): Steps {
  const control = yield* call.in8(0x92)
  switch (call.al) {
    case 0x00:
      yield* call.out8(0x92, control & ~3)
      break
    case 0x01:
      yield* call.out8(0x92, (control & ~1) | 2)
      break
    case 0x02:
      call.al = (control >>> 1) & 1
      break
    case 0x03: // through the keyboard controller and through port 92h
      call.bx = 3
      break
    default:
      return unsupported(call)
  }
  good(call)
}

/** AH=83h: sets bit 7 of ES:BX after CX:DX microseconds; AL=1 cancels. */
function* eventWait(call: Call): Steps {
  const { machine } = call
  if (call.al === 1) {
    machine.writeLinear8(BDA.waitActive, 0)
    yield* stopPeriodic(call)
    return good(call)
  }
  if (call.al !== 0) return unsupported(call)
  if (machine.readLinear8(BDA.waitActive) & 1) {
    call.ah = BUSY
    call.carry = true
    return
  }
  machine.writeLinear8(BDA.waitActive, 1)
  machine.writeLinear32(BDA.waitPointer, ((call.selector(ES) << 16) | call.bx) >>> 0)
  machine.writeLinear32(BDA.waitCount, ((call.cx << 16) | call.dx) >>> 0)
  yield* startPeriodic(call)
  good(call)
}

/**
 * AH=86h: returns after CX:DX microseconds. Its end is kept with the stack pointer of the caller, so that a wait which an
 * interrupt handler begins inside another does not disturb it, nor one that was never finished.
 */
function wait(call: Call): void {
  const { machine } = call
  const deadline = ebdaAddress(machine, EBDA.waitDeadline)
  const owner = ebdaAddress(machine, EBDA.waitOwner)
  const nowNs = machine.clock.nowNs()
  const me = call.linear(SS, machine.cpu.reg16(4))
  const mine = machine.readLinear32(owner) === me
  const durationNs = ((call.cx << 16) | call.dx) * 1000
  let endNs = mine ? readTime(machine, deadline) : nowNs + (durationNs < 0 ? durationNs + 2 ** 32 * 1000 : durationNs)
  if (endNs > nowNs + 2 ** 32 * 1000) endNs = nowNs
  if (endNs <= nowNs) {
    machine.writeLinear32(owner, 0)
    return good(call)
  }
  if (!mine) {
    machine.writeLinear32(owner, me)
    writeTime(machine, deadline, endNs)
  }
  machine.idle(endNs - nowNs)
  call.wait()
}

/** AX=E801h, E881h, E820h. */
function* memorySize(call: Call): Steps {
  const { kibBelow16, blocksAbove16 } = splitExtended(call.machine.config)
  switch (call.al) {
    case 0x01:
      call.ax = kibBelow16
      call.bx = blocksAbove16
      call.cx = kibBelow16
      call.dx = blocksAbove16
      call.carry = false
      return
    case 0x81:
      call.eax = kibBelow16
      call.ebx = blocksAbove16
      call.ecx = kibBelow16
      call.edx = blocksAbove16
      call.carry = false
      return
    case 0x20:
      return yield* memoryRegion(call)
    default:
      return unsupported(call)
  }
}

/** EBX counts regions; zero after the last one. */
function* memoryRegion(call: Call): Steps {
  const { machine } = call
  const regions = memoryRegions(machine.config)
  if (call.edx !== SMAP || call.ecx < E820_BYTES || call.ebx >= regions.length) return unsupported(call)
  const { base, bytes, type } = regions[call.ebx]
  const into = call.linear(ES, call.di)
  const length = call.ecx >= E820_LONG_BYTES ? E820_LONG_BYTES : E820_BYTES
  yield* call.touch(into, length, true)
  machine.writeLinear32(into, base)
  machine.writeLinear32(into + 4, 0)
  machine.writeLinear32(into + 8, bytes)
  machine.writeLinear32(into + 12, 0)
  machine.writeLinear32(into + 16, type)
  if (length === E820_LONG_BYTES) machine.writeLinear32(into + 20, 1)
  call.eax = SMAP
  call.ecx = length
  call.ebx = call.ebx + 1 < regions.length ? call.ebx + 1 : 0
  call.carry = false
}
