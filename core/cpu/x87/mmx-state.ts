/**
 * What MMX instructions do to the x87 state beside their own work (Intel SDM vol 1, 9.5 and 9.6.2; vol 3A, 12.2). Every MMX
 * instruction but EMMS makes TOP 0 and all registers valid; one that writes a register also sets its bits 64 to 79.
 *
 * Use: `reportPending(o)` first, then the operands, then `touchMmx(o)` behind the last access that may fault.
 */
import { constI32 } from '../../wasm/expr.ts'
import type { Ops } from '../ops/ops.ts'
import * as L from '../state/layout.ts'

/** An MMX instruction (not EMMS) has read its operands. */
export function touchMmx(o: Ops): void {
  o.setState(L.FPU_TOP, constI32(0))
  o.setState(L.FPU_TAGS, constI32(0xff))
}

/** EMMS: all registers empty. TOP becomes 0 like with every MMX instruction. */
export function emptyMmx(o: Ops): void {
  o.setState(L.FPU_TOP, constI32(0))
  o.setState(L.FPU_TAGS, constI32(0))
}
