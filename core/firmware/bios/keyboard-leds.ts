/**
 * The keyboard's lights follow the lock flags. Two bytes, each acknowledged by the keyboard through IRQ 1: nothing waits,
 * 0040:0097 says how far it is (bit 6 in progress, bit 4 first acknowledge seen).
 */
import type { Call, Steps } from '../call.ts'
import { BDA } from './bda.ts'

export const RESPONSE_ACK = 0xfa
export const RESPONSE_RESEND = 0xfe
const SET_LIGHTS = 0xed
const SHOWN = 0x07
const ACKNOWLEDGED = 0x10
const UPDATING = 0x40

/** Starts an update when the lights differ from the flags. */
export function* updateLeds(call: Call): Steps {
  const { machine } = call
  const lights = machine.readLinear8(BDA.keyLeds)
  const wanted = (machine.readLinear8(BDA.keyFlags) >>> 4) & SHOWN
  if (lights & UPDATING || (lights & SHOWN) === wanted) return
  machine.writeLinear8(BDA.keyLeds, (lights & ~(ACKNOWLEDGED | SHOWN)) | UPDATING | wanted)
  yield* call.out8(0x60, SET_LIGHTS)
}

/** A response of the keyboard in place of a scan code. */
export function* keyboardAnswered(call: Call, code: number): Steps {
  const { machine } = call
  const lights = machine.readLinear8(BDA.keyLeds)
  if (!(lights & UPDATING)) return
  if (code === RESPONSE_RESEND) {
    machine.writeLinear8(BDA.keyLeds, lights & ~(UPDATING | ACKNOWLEDGED))
  } else if (lights & ACKNOWLEDGED) {
    machine.writeLinear8(BDA.keyLeds, lights & ~(UPDATING | ACKNOWLEDGED))
    yield* updateLeds(call)
  } else {
    machine.writeLinear8(BDA.keyLeds, lights | ACKNOWLEDGED)
    yield* call.out8(0x60, lights & SHOWN)
  }
}
