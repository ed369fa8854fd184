/**
 * Bits of the x87 control and status words, and the check that waiting instructions begin with.
 *
 * Source: Intel SDM vol 1, 8.1.3 (status word), 8.1.5 (control word), 8.7 (reporting of exceptions); vol 3A, 6.15 (#MF).
 */
import type { Ops } from '../ops/ops.ts'
import { slowPath } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'

/** Exception flags of the status word, and at the same places the masks of the control word. */
export const IE = 0x01
export const DE = 0x02
export const ZE = 0x04
export const OE = 0x08
export const UE = 0x10
export const PE = 0x20
/** Stack fault; C1 then says overflow (1) or underflow (0). */
export const SF = 0x40
/** Error summary: an unmasked exception is pending. B (busy) mirrors it. */
export const ES = 0x80
export const BUSY = 0x8000
export const C0 = 0x100
export const C1 = 0x200
export const C2 = 0x400
export const C3 = 0x4000
export const CONDITION_CODES = C0 | C1 | C2 | C3
export const EXCEPTIONS = 0x3f

/** Precision control, bits 8 and 9: 0 single (24 bits), 2 double (53), 3 extended (64). */
export const PC_EXTENDED = 0x300
export const PC_DOUBLE = 0x200
/** Rounding control: 0 nearest even, 1 down, 2 up, 3 toward zero. */
export const RC_SHIFT = 10
export const RC_MASK = 0xc00

/** Control word after FNINIT. */
export const CONTROL_INITIAL = 0x37f
/** Bits of the control word that exist; bit 6 always reads as one. */
export const CONTROL_BITS = 0x1f3f
export const CONTROL_ONES = 0x40

const CR0_NE = 0x20
const VECTOR_MF = 16

/**
 * An unmasked exception is pending and a waiting instruction follows. With CR0.NE it raises #MF. Without, the processor asserts
 * FERR# and stands still until an interrupt comes, unless the board answers with IGNNE# (vol 1, 8.7.2; appendix D.2).
 */
const pendingException = slowPath('x87_pending', 0, (cpu) => {
  const words = cpu.state.i32
  if (words[L.CR0 >> 2] & CR0_NE) cpu.raise(VECTOR_MF)
  if (words[L.FPU_IGNNE >> 2]) return
  words[L.FPU_FERR >> 2] = 1
  cpu.waitForFpuInterrupt()
})

/** First step of every waiting x87 instruction, of WAIT and of MMX instructions: reports a pending exception. */
export function reportPending(o: Ops): void {
  o.f.if(o.x87Pending(), () => o.slow(pendingException), undefined, 'unlikely')
}
