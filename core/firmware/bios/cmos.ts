/** CMOS RAM behind ports 70h and 71h (MC146818; PC AT Technical Reference, "CMOS RAM"). */
import type { Call, Steps } from '../call.ts'

export const CMOS = {
  seconds: 0x00,
  minutes: 0x02,
  hours: 0x04,
  day: 0x07,
  month: 0x08,
  year: 0x09,
  statusA: 0x0a,
  statusB: 0x0b,
  statusC: 0x0c,
  statusD: 0x0d,
  alarmSeconds: 0x01,
  alarmMinutes: 0x03,
  alarmHours: 0x05,
  shutdown: 0x0f,
  floppies: 0x10,
  disks: 0x12,
  equipment: 0x14,
  baseLow: 0x15,
  extendedLow: 0x17,
  disk0Type: 0x19,
  disk1Type: 0x1a,
  checksum: 0x2e,
  realExtended: 0x30,
  century: 0x32,
  above16Mib: 0x34,
} as const

/** Bit 7 of the index keeps NMI disabled while the register is accessed. */
export function* readCmos(call: Call, register: number): Steps<number> {
  yield* call.out8(0x70, register | 0x80)
  return yield* call.in8(0x71)
}

export function* writeCmos(call: Call, register: number, value: number): Steps {
  yield* call.out8(0x70, register | 0x80)
  yield* call.out8(0x71, value)
}

/** Ends a series of accesses: NMI enabled, a harmless register selected. */
export function* releaseCmos(call: Call): Steps {
  yield* call.out8(0x70, CMOS.statusD)
  yield* call.in8(0x71)
}
