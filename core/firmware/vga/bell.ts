/** The bell of the teletype: a tenth of a second of the speaker, during which the caller waits, as under IBM's BIOS. */
import type { Call, Steps } from '../call.ts'

const DIVISOR = 1331 // 896 Hz
const DURATION_NS = 100_000_000
const SPEAKER_ON = 0x03

export function* beep(call: Call): Steps {
  yield* call.out8(0x43, 0xb6)
  yield* call.out8(0x42, DIVISOR & 0xff)
  yield* call.out8(0x42, DIVISOR >>> 8)
  const before = yield* call.in8(0x61)
  yield* call.out8(0x61, before | SPEAKER_ON)
  yield* call.until(() => false, DURATION_NS)
  yield* call.out8(0x61, before & ~SPEAKER_ON)
}
