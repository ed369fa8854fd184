/** INT 1Ah AH=B1h: PCI BIOS 2.1 in real mode (PCI BIOS Specification 2.1, chapter 4). There is one bus. */
import { PCI } from '../../bus/pci-config.ts'
import { type Call, ES, type Steps } from '../call.ts'
import { SYSTEM_ROM_BASE } from '../rom/layout.ts'
import { systemLabels } from '../rom/system-rom.ts'
import { pirqEntries } from '../tables/pirq.ts'
import { findFunctions, interruptLineOf, PIRQ_LINES } from './pci-setup.ts'

const RESULT = {
  good: 0x00,
  unsupported: 0x81,
  badVendor: 0x83,
  notFound: 0x86,
  badRegister: 0x87,
  setFailed: 0x88,
  bufferTooSmall: 0x89,
} as const
const SIGNATURE = 0x2049_4350

export function* pciService(call: Call): Steps {
  // Bit 7 of AL chose the 32-bit interface in the first version of the specification.
  switch (call.al & 0x7f) {
    case 0x01:
      call.edx = SIGNATURE
      call.edi = SYSTEM_ROM_BASE + systemLabels()('pci32')
      call.al = 1
      call.bx = 0x0210
      call.cl = 0
      return finish(call, RESULT.good)
    case 0x02:
      return findDevice(call)
    case 0x03:
      return findClass(call)
    case 0x08:
    case 0x09:
    case 0x0a:
      return yield* read(call)
    case 0x0b:
    case 0x0c:
    case 0x0d:
      return yield* write(call)
    case 0x0e:
      return yield* routingOptions(call)
    case 0x0f:
      return setInterrupt(call)
    default:
      return finish(call, RESULT.unsupported)
  }
}

function finish(call: Call, result: number): void {
  call.ah = result
  call.carry = result !== RESULT.good
}

function findDevice(call: Call): void {
  if (call.dx === 0xffff) return finish(call, RESULT.badVendor)
  const matches = findFunctions(call.machine.pci).filter(
    ({ vendorId, deviceId }) => vendorId === call.dx && deviceId === call.cx,
  )
  found(call, matches)
}

function findClass(call: Call): void {
  const { pci } = call.machine
  const matches = findFunctions(pci).filter(
    ({ device, fn }) => pci.readConfig(device, fn, PCI.revision, 4) >>> 8 === (call.ecx & 0xff_ffff),
  )
  found(call, matches)
}

function found(call: Call, matches: readonly { device: number; fn: number }[]): void {
  const match = matches[call.si]
  if (!match) return finish(call, RESULT.notFound)
  call.bx = (match.device << 3) | match.fn
  finish(call, RESULT.good)
}

/** Selects the register; false when it is no register of that size. */
function* select(call: Call, size: number): Steps<boolean> {
  if (call.di > 0xff || call.di % size !== 0) {
    finish(call, RESULT.badRegister)
    return false
  }
  yield* call.out32(0xcf8, (0x8000_0000 | (call.bx << 8) | (call.di & 0xfc)) >>> 0)
  return true
}

function* read(call: Call): Steps {
  const size = 1 << ((call.al & 0x7f) - 0x08)
  if (!(yield* select(call, size))) return
  const port = 0xcfc + (call.di & 3)
  if (size === 1) call.cl = yield* call.in8(port)
  else if (size === 2) call.cx = yield* call.in16(port)
  else call.ecx = yield* call.in32(port)
  finish(call, RESULT.good)
}

function* write(call: Call): Steps {
  const size = 1 << ((call.al & 0x7f) - 0x0b)
  if (!(yield* select(call, size))) return
  const port = 0xcfc + (call.di & 3)
  if (size === 1) yield* call.out8(port, call.cl)
  else if (size === 2) yield* call.out16(port, call.cx)
  else yield* call.out32(port, call.ecx)
  finish(call, RESULT.good)
}

/** AL=0Eh: ES:DI points to the length and far address of a buffer for the routing table; BX gets the lines that only PCI uses. */
function* routingOptions(call: Call): Steps {
  const { machine } = call
  const parameters = call.linear(ES, call.di)
  yield* call.touch(parameters, 6, true)
  const room = machine.readLinear16(parameters)
  const buffer = (machine.readLinear16(parameters + 4) << 4) + machine.readLinear16(parameters + 2)
  const entries = pirqEntries(machine)
  machine.writeLinear16(parameters, entries.length)
  call.bx = PIRQ_LINES.reduce((lines, line) => lines | (1 << line), 0)
  if (room < entries.length) return finish(call, RESULT.bufferTooSmall)
  yield* call.touch(buffer, entries.length, true)
  machine.writeLinearBytes(buffer, entries)
  finish(call, RESULT.good)
}

/** AL=0Fh: routes are fixed; setting what is set already succeeds. CL is the pin (0Ah INTA#), CH the line, BX the function. */
function setInterrupt(call: Call): void {
  const same = interruptLineOf(call.bl >>> 3, call.cl - 9) === call.ch
  finish(call, same ? RESULT.good : RESULT.setFailed)
}
