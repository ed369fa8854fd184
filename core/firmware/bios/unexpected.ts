/** Interrupts that nobody has claimed: IRQ lines are masked, so that a stuck level cannot stop the machine; software interrupts do nothing. */
import type { Call, Steps } from '../call.ts'
import { BDA } from './bda.ts'

const READ_IN_SERVICE = 0x0b
const END_OF_INTERRUPT = 0x20
const CASCADE = 0x04

/** Asks the interrupt controllers what is in service, masks and acknowledges it; 0040:006B keeps the last one as IBM's BIOS does. */
export function* unexpectedInterrupt(call: Call): Steps {
  yield* call.out8(0x20, READ_IN_SERVICE)
  const first = yield* call.in8(0x20)
  if (first === 0) {
    call.machine.writeLinear8(BDA.unexpected, 0xff)
    return
  }
  let cause = first
  if (first & CASCADE) {
    yield* call.out8(0xa0, READ_IN_SERVICE)
    cause = yield* call.in8(0xa0)
    if (cause) yield* call.out8(0xa1, (yield* call.in8(0xa1)) | highest(cause))
    yield* call.out8(0xa0, END_OF_INTERRUPT)
  } else yield* call.out8(0x21, (yield* call.in8(0x21)) | highest(first))
  yield* call.out8(0x20, END_OF_INTERRUPT)
  call.machine.writeLinear8(BDA.unexpected, cause)
}

/** The lowest set bit is the highest priority, the one being served. */
function highest(inService: number): number {
  return inService & -inService
}
