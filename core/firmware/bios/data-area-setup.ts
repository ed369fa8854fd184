/** POST's filling of the interrupt vectors, the BIOS data area, the extended one, and CMOS. */
import type { Call, Steps } from '../call.ts'
import type { FirmwareMachine } from '../machine.ts'
import { ENTRY, SYSTEM_ROM_BASE } from '../rom/layout.ts'
import { systemLabels } from '../rom/system-rom.ts'
import { extendedKib, splitExtended } from '../tables/memory-map.ts'
import { BDA, EBDA_SEGMENT } from './bda.ts'
import { CMOS, releaseCmos, writeCmos } from './cmos.ts'

const ROM_SEGMENT = SYSTEM_ROM_BASE >>> 4
const BASE_KIB = 639
/** Serial and parallel ports that are looked for, in the order that they become COM1 and LPT1. */
const SERIAL_PORTS = [0x3f8, 0x2f8, 0x3e8, 0x2e8]
const PARALLEL_PORTS = [0x378, 0x278, 0x3bc]

/** Fills vectors 00h to FFh: 60h to 67h and 78h up are for programs, and zero. */
export function setUpVectors(machine: FirmwareMachine): void {
  const label = systemLabels()
  const set = (vector: number, offset: number) =>
    machine.writeLinear32(vector * 4, offset === 0 ? 0 : ((ROM_SEGMENT << 16) | offset) >>> 0)
  for (let vector = 0; vector < 256; vector++) {
    const users = (vector >= 0x60 && vector < 0x68) || vector >= 0x78
    set(vector, users ? 0 : vector >= 0x68 && vector < 0x78 ? ENTRY.unexpected : ENTRY.iret)
  }
  for (let vector = 0x08; vector < 0x20; vector++) {
    const entry = machine.readLinear16(SYSTEM_ROM_BASE + ENTRY.vectors + (vector - 8) * 2)
    set(vector, entry)
  }
  set(0x02, ENTRY.nmi)
  set(0x05, ENTRY.int5)
  set(0x18, label('int18'))
  set(0x40, ENTRY.int40)
  set(0x4a, ENTRY.iret)
  set(0x70, label('int70'))
  set(0x71, label('int71'))
  set(0x74, label('int74'))
  set(0x75, label('int75'))
  set(0x76, label('int76'))
  set(0x77, label('int76'))
}

/** Zeroes both data areas and fills what does not depend on a search for devices. */
export function setUpDataAreas(machine: FirmwareMachine): void {
  const warm = machine.readLinear16(BDA.resetFlag)
  machine.writeLinearBytes(0x400, new Uint8Array(0x100))
  machine.writeLinearBytes(0x500, new Uint8Array(0x100))
  machine.writeLinearBytes(EBDA_SEGMENT << 4, new Uint8Array(0x400))
  machine.writeLinear8(EBDA_SEGMENT << 4, 1)
  machine.writeLinear16(BDA.resetFlag, warm === 0x1234 ? warm : 0)
  machine.writeLinear16(BDA.ebdaSegment, EBDA_SEGMENT)
  machine.writeLinear16(BDA.memoryKib, BASE_KIB)
  const buffer = BDA.keyBuffer - 0x400
  machine.writeLinear16(BDA.keyHead, buffer)
  machine.writeLinear16(BDA.keyTail, buffer)
  machine.writeLinear16(BDA.keyBufferStart, buffer)
  machine.writeLinear16(BDA.keyBufferEnd, buffer + 32)
  machine.writeLinear8(BDA.keyFlags3, 0x10) // enhanced keyboard
  machine.writeLinear32(BDA.lptTimeouts, 0x1414_1414)
  machine.writeLinear32(BDA.comTimeouts, 0x0101_0101)
}

/** Looks for serial and parallel ports; returns their part of the equipment word. */
export function* findPorts(call: Call): Steps<number> {
  let serial = 0
  for (const port of SERIAL_PORTS) {
    yield* call.out8(port + 1, 0x02)
    const enabled = yield* call.in8(port + 1)
    const identification = yield* call.in8(port + 2)
    yield* call.out8(port + 1, 0)
    if (enabled === 0x02 && (identification & 0x3f) === 0x02) call.machine.writeLinear16(BDA.com + 2 * serial++, port)
  }
  let parallel = 0
  for (const port of PARALLEL_PORTS) {
    yield* call.out8(port, 0xaa)
    if ((yield* call.in8(port)) !== 0xaa) continue
    yield* call.out8(port + 2, 0x08)
    yield* call.out8(port + 2, 0x0c)
    call.machine.writeLinear16(BDA.lpt + 2 * parallel++, port)
  }
  return (serial << 9) | (parallel << 14)
}

/** Floppy drives: data area, and their part of the equipment word. */
export function setUpFloppies(machine: FirmwareMachine): number {
  const drives = machine.floppies.filter((drive) => drive !== undefined)
  machine.floppies.slice(0, 2).forEach((drive, i) => {
    // Known media of the drive's own kind until INT 13h finds out (AT and PS/2 layout of 40:90).
    if (drive)
      machine.writeLinear8(BDA.floppyMedia + i, drive.cmosType === 1 ? 0x93 : drive.cmosType === 2 ? 0x15 : 0x17)
  })
  machine.writeLinear8(BDA.floppyControl, drives.length === 0 ? 0 : drives.length === 1 ? 0x07 : 0x77)
  return drives.length === 0 ? 0 : 1 | ((drives.length - 1) << 6)
}

/** CMOS says the same as the services do, for software that looks there. */
export function* setUpCmos(call: Call, equipment: number): Steps {
  const { config, floppies, hardDisks } = call.machine
  const put = (register: number, value: number) => writeCmos(call, register, value)
  const ide = hardDisks.slice(0, 2).length
  yield* put(CMOS.shutdown, 0)
  yield* put(CMOS.floppies, ((floppies[0]?.cmosType ?? 0) << 4) | (floppies[1]?.cmosType ?? 0))
  yield* put(CMOS.disks, ide === 0 ? 0 : ide === 1 ? 0xf0 : 0xff)
  yield* put(CMOS.equipment, equipment & 0xff)
  yield* put(CMOS.baseLow, 640 & 0xff)
  yield* put(CMOS.baseLow + 1, 640 >>> 8)
  const { blocksAbove16 } = splitExtended(config)
  const extended = Math.min(extendedKib(config), 0xffff)
  for (const register of [CMOS.extendedLow, CMOS.realExtended]) {
    yield* put(register, extended & 0xff)
    yield* put(register + 1, extended >>> 8)
  }
  yield* put(CMOS.above16Mib, blocksAbove16 & 0xff)
  yield* put(CMOS.above16Mib + 1, blocksAbove16 >>> 8)
  yield* put(CMOS.disk0Type, ide > 0 ? 46 : 0)
  yield* put(CMOS.disk1Type, ide > 1 ? 47 : 0)
  yield* setUpChecksum(call)
  yield* releaseCmos(call)
}

/** Sum of registers 10h to 2Dh, high byte first. */
function* setUpChecksum(call: Call): Steps {
  let sum = 0
  for (let register = 0x10; register <= 0x2d; register++) {
    yield* call.out8(0x70, register | 0x80)
    sum += yield* call.in8(0x71)
  }
  yield* writeCmos(call, CMOS.checksum, (sum >>> 8) & 0xff)
  yield* writeCmos(call, CMOS.checksum + 1, sum & 0xff)
}
