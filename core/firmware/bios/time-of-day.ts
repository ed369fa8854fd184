/**
 * INT 1Ah functions 00h to 07h (ticks, real-time clock, alarm), and the interrupts behind them: IRQ 0 and IRQ 8
 * (PC AT Technical Reference, "BIOS", TIME_OF_DAY and ROS interrupts).
 */
import type { Call, Steps } from '../call.ts'
import { BDA } from './bda.ts'
import { CMOS, readCmos, releaseCmos, writeCmos } from './cmos.ts'

/** Ticks of a day: 1573040 = 24 × 60 × 60 × 1193180 / 65536. */
const TICKS_PER_DAY = 0x18_00b0
const UPDATE_IN_PROGRESS = 0x80
const SET = 0x80
const PERIODIC = 0x40
const ALARM = 0x20
/** Microseconds of the 1024 Hz periodic interrupt. */
const PERIODIC_US = 976

/** INT 1Ah, AH below B1h. */
export function* timeOfDay(call: Call): Steps {
  const { machine } = call
  call.carry = false
  switch (call.ah) {
    case 0x00: {
      const ticks = machine.readLinear32(BDA.ticks)
      call.cx = ticks >>> 16
      call.dx = ticks
      call.al = machine.readLinear8(BDA.midnight)
      machine.writeLinear8(BDA.midnight, 0)
      break
    }
    case 0x01:
      machine.writeLinear32(BDA.ticks, ((call.cx << 16) | call.dx) >>> 0)
      machine.writeLinear8(BDA.midnight, 0)
      call.ah = 0
      break
    case 0x02:
      yield* readTime(call)
      break
    case 0x03:
      yield* writeTime(call)
      break
    case 0x04:
      yield* readDate(call)
      break
    case 0x05:
      yield* writeDate(call)
      break
    case 0x06:
      yield* setAlarm(call)
      break
    case 0x07:
      yield* cancelAlarm(call)
      break
    default:
      call.carry = true
  }
  yield* releaseCmos(call)
}

/** Waits until no update is going on; false when the clock does not run. */
function* clockReady(call: Call): Steps<boolean> {
  return yield* call.until(function* () {
    return !((yield* readCmos(call, CMOS.statusA)) & UPDATE_IN_PROGRESS)
  }, 10_000_000)
}

function* readTime(call: Call): Steps {
  if (!(yield* clockReady(call))) {
    call.carry = true
    return
  }
  call.dh = yield* readCmos(call, CMOS.seconds)
  call.cl = yield* readCmos(call, CMOS.minutes)
  call.ch = yield* readCmos(call, CMOS.hours)
  call.dl = (yield* readCmos(call, CMOS.statusB)) & 1
  call.ah = 0
  call.al = call.ch
}

function* writeTime(call: Call): Steps {
  const control = yield* readCmos(call, CMOS.statusB)
  yield* writeCmos(call, CMOS.statusB, control | SET)
  yield* writeCmos(call, CMOS.seconds, call.dh)
  yield* writeCmos(call, CMOS.minutes, call.cl)
  yield* writeCmos(call, CMOS.hours, call.ch)
  const next = (control & ~SET & 0x7e) | 0x02 | (call.dl & 1)
  yield* writeCmos(call, CMOS.statusB, next)
  call.ah = 0
  call.al = next
}

function* readDate(call: Call): Steps {
  if (!(yield* clockReady(call))) {
    call.carry = true
    return
  }
  call.cl = yield* readCmos(call, CMOS.year)
  call.dh = yield* readCmos(call, CMOS.month)
  call.dl = yield* readCmos(call, CMOS.day)
  call.ch = yield* readCmos(call, CMOS.century)
  call.ah = 0
  call.al = call.ch
}

function* writeDate(call: Call): Steps {
  const control = yield* readCmos(call, CMOS.statusB)
  yield* writeCmos(call, CMOS.statusB, control | SET)
  yield* writeCmos(call, CMOS.year, call.cl)
  yield* writeCmos(call, CMOS.month, call.dh)
  yield* writeCmos(call, CMOS.day, call.dl)
  yield* writeCmos(call, CMOS.century, call.ch)
  const next = control & ~SET
  yield* writeCmos(call, CMOS.statusB, next)
  call.ah = 0
  call.al = next
}

function* setAlarm(call: Call): Steps {
  const control = yield* readCmos(call, CMOS.statusB)
  call.ah = 0
  if (control & ALARM) {
    call.carry = true
    return
  }
  yield* clockReady(call)
  yield* writeCmos(call, CMOS.alarmSeconds, call.dh)
  yield* writeCmos(call, CMOS.alarmMinutes, call.cl)
  yield* writeCmos(call, CMOS.alarmHours, call.ch)
  yield* unmaskClock(call)
  yield* writeCmos(call, CMOS.statusB, (control & ~SET) | ALARM)
}

function* cancelAlarm(call: Call): Steps {
  const control = yield* readCmos(call, CMOS.statusB)
  yield* writeCmos(call, CMOS.statusB, control & ~ALARM)
  call.ah = 0
}

/** Opens IRQ 8 at the second interrupt controller. */
function* unmaskClock(call: Call): Steps {
  const mask = yield* call.in8(0xa1)
  yield* call.out8(0xa1, mask & ~1)
}

/** Starts the periodic interrupt, which counts 0040:009C down. */
export function* startPeriodic(call: Call): Steps {
  yield* unmaskClock(call)
  const control = yield* readCmos(call, CMOS.statusB)
  yield* writeCmos(call, CMOS.statusB, control | PERIODIC)
  yield* releaseCmos(call)
}

export function* stopPeriodic(call: Call): Steps {
  const control = yield* readCmos(call, CMOS.statusB)
  yield* writeCmos(call, CMOS.statusB, control & ~PERIODIC)
  yield* releaseCmos(call)
}

/** At POST: the tick count of the present time. */
export function* setClockTicks(call: Call): Steps {
  const decimal = (bcd: number) => (bcd >>> 4) * 10 + (bcd & 15)
  yield* clockReady(call)
  const seconds = decimal(yield* readCmos(call, CMOS.seconds))
  const minutes = decimal(yield* readCmos(call, CMOS.minutes))
  const hours = decimal((yield* readCmos(call, CMOS.hours)) & 0x7f)
  yield* releaseCmos(call)
  const ticks = Math.floor(((hours * 60 + minutes) * 60 + seconds) * (TICKS_PER_DAY / 86_400))
  call.machine.writeLinear32(BDA.ticks, ticks < TICKS_PER_DAY ? ticks : 0)
}

/** IRQ 0: counts, and turns floppy motors off when their time is over. ROM code goes on to INT 1Ch. */
export function* tick(call: Call): Steps {
  const { machine } = call
  const ticks = machine.readLinear32(BDA.ticks) + 1
  if (ticks >= TICKS_PER_DAY) {
    machine.writeLinear32(BDA.ticks, 0)
    machine.writeLinear8(BDA.midnight, 1)
  } else machine.writeLinear32(BDA.ticks, ticks)
  const motor = machine.readLinear8(BDA.floppyMotorTicks)
  if (motor === 0) return
  machine.writeLinear8(BDA.floppyMotorTicks, motor - 1)
  if (motor !== 1) return
  machine.writeLinear8(BDA.floppyMotors, machine.readLinear8(BDA.floppyMotors) & 0xf0)
  yield* call.out8(0x3f2, 0x0c)
}

/** IRQ 8. Returns AL = 1 for ROM code to call INT 4Ah: the alarm. */
export function* rtcInterrupt(call: Call): Steps {
  const cause = yield* readCmos(call, CMOS.statusC)
  const enabled = yield* readCmos(call, CMOS.statusB)
  call.al = cause & enabled & ALARM ? 1 : 0
  if (cause & enabled & PERIODIC) yield* countDown(call)
  yield* releaseCmos(call)
}

/** INT 15h AH=83h: the flag's bit 7 is set when the count is used up. */
function* countDown(call: Call): Steps {
  const { machine } = call
  const active = machine.readLinear8(BDA.waitActive)
  if (!(active & 1)) return
  const left = machine.readLinear32(BDA.waitCount)
  if (left > PERIODIC_US) {
    machine.writeLinear32(BDA.waitCount, left - PERIODIC_US)
    return
  }
  const pointer = machine.readLinear32(BDA.waitPointer)
  const flag = ((pointer >>> 16) << 4) + (pointer & 0xffff)
  yield* call.touch(flag, 1, true)
  machine.writeLinear32(BDA.waitCount, 0)
  machine.writeLinear8(BDA.waitActive, 0)
  machine.writeLinear8(flag, machine.readLinear8(flag) | 0x80)
  yield* stopPeriodic(call)
}
