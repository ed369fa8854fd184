/**
 * What every x87 row does around its work: the report of a pending exception first, and the record of the last instruction
 * (FIP, FCS, and for memory operands FDP, FDS) once nothing can fault any more.
 *
 * Source: Intel SDM vol 1, 8.1.8 (pointers of the last instruction) and 8.6 (waiting instructions).
 */
import { i32 } from '../../wasm/ops.ts'
import type { Ops } from '../ops/ops.ts'
import * as L from '../state/layout.ts'
import { reportPending } from '../x87/control.ts'
import type { RowOptions, Semantics } from './row.ts'

export const X87: RowOptions = { unit: 'x87' }

function trackInstruction(o: Ops): void {
  o.setState(L.FPU_IP, o.eip())
  o.setState(L.FPU_CS, o.state(L.segmentOffset(L.CS) + L.SEG_SELECTOR))
}

/** A waiting instruction without memory operand. */
export function waiting(body: Semantics): Semantics {
  return (o) => {
    reportPending(o)
    trackInstruction(o)
    body(o)
  }
}

/** A waiting instruction whose operand 0 is memory; `access` reads it or makes it writable, and gives what is left to do. */
export function waitingMemory(access: (o: Ops) => () => void): Semantics {
  return (o) => {
    reportPending(o)
    const finish = access(o)
    trackInstruction(o)
    o.setState(L.FPU_DP, o.address(0))
    o.setState(L.FPU_DS, o.f.let(i32.load(o.segmentOf(0), L.SEG_SELECTOR)))
    finish()
  }
}
