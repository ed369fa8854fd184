/**
 * What every x87 row does around its work: the report of a pending exception first, and the record of the last instruction
 * (FIP, FCS, and for memory operands FDP, FDS) once nothing can fault any more.
 *
 * Source: Intel SDM vol 1, 8.1.8 (pointers of the last instruction) and 8.6 (waiting instructions).
 */
import type { Ops } from '../ops/ops.ts'
import { reportPending } from '../x87/control.ts'
import type { RowOptions, Semantics } from './row.ts'

export const X87: RowOptions = { unit: 'x87' }

/** A waiting instruction without memory operand. */
export function waiting(body: Semantics): Semantics {
  return (o) => {
    reportPending(o)
    o.trackX87(false)
    body(o)
  }
}

/** A waiting instruction whose operand 0 is memory; `access` reads it or makes it writable, and gives what is left to do. */
export function waitingMemory(access: (o: Ops) => () => void): Semantics {
  return (o) => {
    reportPending(o)
    const finish = access(o)
    o.trackX87(true)
    finish()
  }
}
