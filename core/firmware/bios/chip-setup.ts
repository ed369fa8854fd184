/**
 * POST's programming of the chips every PC has, in the state that operating systems expect to find (PC AT Technical Reference,
 * "BIOS"; 8259A, 8254, 8237A and MC146818 data sheets).
 */
import type { Call, Steps } from '../call.ts'
import { CMOS, readCmos, releaseCmos, writeCmos } from './cmos.ts'

/** Interrupt controllers: vectors 08h and 70h, timer, keyboard, cascade, floppy, coprocessor and disks unmasked. */
const PIC_WRITES: readonly (readonly [number, number])[] = [
  [0x20, 0x11],
  [0x21, 0x08],
  [0x21, 0x04],
  [0x21, 0x01],
  [0xa0, 0x11],
  [0xa1, 0x70],
  [0xa1, 0x02],
  [0xa1, 0x01],
  [0x21, 0xb8],
  [0xa1, 0x1f],
]

/** Timer: 18.2 Hz on channel 0, refresh on 1, the speaker's 896 Hz on 2. DMA: cleared, channel 4 cascades. */
const TIMER_AND_DMA_WRITES: readonly (readonly [number, number])[] = [
  [0x43, 0x36],
  [0x40, 0x00],
  [0x40, 0x00],
  [0x43, 0x54],
  [0x41, 0x12],
  [0x43, 0xb6],
  [0x42, 0x33],
  [0x42, 0x05],
  [0x0d, 0x00],
  [0xda, 0x00],
  [0xd6, 0xc0],
  [0xd4, 0x00],
]

/** Floppy controller out of reset with DMA and interrupt, motors off; parity checks off, speaker off. */
const OTHER_WRITES: readonly (readonly [number, number])[] = [
  [0x3f2, 0x0c],
  [0x3f7, 0x00],
  [0x61, 0x00],
]

/** 8042: translation, keyboard interrupt, system flag; the mouse waits for INT 15h AH=C2h. */
const KEYBOARD_COMMAND_BYTE = 0x65
const OUTPUT_FULL = 1

/** Programs the chips. */
export function* setUpChips(call: Call): Steps {
  for (const [port, value] of [...PIC_WRITES, ...TIMER_AND_DMA_WRITES, ...OTHER_WRITES]) yield* call.out8(port, value)
  yield* setUpKeyboardController(call)
  yield* setUpClock(call)
}

/** What a keyboard has sent already stays: it may be the key for the boot menu. */
function* setUpKeyboardController(call: Call): Steps {
  yield* call.out8(0x64, 0x60)
  yield* call.out8(0x60, KEYBOARD_COMMAND_BYTE)
  yield* call.out8(0x64, 0xae)
}

/** 32 kHz divider, 1024 Hz, 24 hours, BCD, no interrupts. */
function* setUpClock(call: Call): Steps {
  yield* writeCmos(call, CMOS.statusA, 0x26)
  const daylight = (yield* readCmos(call, CMOS.statusB)) & 0x01
  yield* writeCmos(call, CMOS.statusB, 0x02 | daylight)
  yield* readCmos(call, CMOS.statusC)
  yield* releaseCmos(call)
}

/** Whether a mouse answers behind the 8042: its interface test passes. A key that waits in the output buffer is put back. */
export function* hasMouse(call: Call): Steps<boolean> {
  yield* call.out8(0x64, 0xad)
  const waiting = (yield* call.in8(0x64)) & OUTPUT_FULL
  const key = waiting ? yield* call.in8(0x60) : 0
  yield* call.out8(0x64, 0xa9)
  const answered = yield* call.until(function* () {
    return ((yield* call.in8(0x64)) & OUTPUT_FULL) !== 0
  }, 10_000_000)
  const result = answered ? yield* call.in8(0x60) : 0xff
  if (waiting) {
    yield* call.out8(0x64, 0xd2)
    yield* call.out8(0x60, key)
  }
  yield* call.out8(0x64, 0xae)
  return result === 0
}
