/** Rows of the x87 that control it: control and status word, stack pointer, environment and state in memory, WAIT, FXSAVE. */
import { i32 } from '../../wasm/ops.ts'
import type { Ops } from '../ops/ops.ts'
import type { SlowPath } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { reportPending } from '../x87/control.ts'
import { clearExceptions, free, initialize, loadControl, rotate } from '../x87/control-words.ts'
import { fxRestore, fxSave, loadEnvironment, restoreState, saveState, storeEnvironment } from '../x87/environment.ts'
import type { Row, RowOptions, Semantics } from './row.ts'
import { row } from './row.ts'
import { waiting, X87 } from './x87-track.ts'

const SIZED: RowOptions = { ...X87, sized: true }
const FXSR: RowOptions = { ...X87, feature: 'fxsr' }

/** Instructions that do not look at pending exceptions and leave FIP alone. */
const environment =
  (path: SlowPath): Semantics =>
  (o) =>
    o.slow(path, o.segmentOf(0), o.address(0), o.size)

const waitingEnvironment =
  (path: SlowPath): Semantics =>
  (o) => {
    reportPending(o)
    environment(path)(o)
  }

const fx =
  (path: SlowPath): Semantics =>
  (o) =>
    o.slow(path, o.segmentOf(0), o.address(0))

const fldcw = (o: Ops) => {
  reportPending(o)
  o.call(loadControl, o.read(0))
}

const nothing: Semantics = () => {}

export const X87_CONTROL_ROWS: readonly Row[] = [
  row('FNINIT', '', 'DB E3', (o) => o.call(initialize), X87),
  row('FNCLEX', '', 'DB E2', (o) => o.call(clearExceptions), X87),
  row('FNSTCW', 'm16', 'D9 /7', (o) => o.write(0, o.state(L.FPU_CONTROL)), X87),
  row('FLDCW', 'm16', 'D9 /5', fldcw, X87),
  row('FNSTSW', 'm16', 'DD /7', (o) => o.write(0, o.x87Status()), X87),
  row('FNSTSW', 'AX', 'DF E0', (o) => o.setReg(0, o.x87Status(), 2), X87),
  row('FNSTENV', 'm', 'D9 /6', environment(storeEnvironment), SIZED),
  row('FLDENV', 'm', 'D9 /4', waitingEnvironment(loadEnvironment), SIZED),
  row('FNSAVE', 'm', 'DD /6', environment(saveState), SIZED),
  row('FRSTOR', 'm', 'DD /4', waitingEnvironment(restoreState), SIZED),
  row(
    'FINCSTP',
    '',
    'D9 F7',
    waiting((o) => o.call(rotate, i32.const(1))),
    X87,
  ),
  row(
    'FDECSTP',
    '',
    'D9 F6',
    waiting((o) => o.call(rotate, i32.const(-1))),
    X87,
  ),
  row(
    'FFREE',
    'ST(i)',
    'DD C0+i',
    waiting((o) => o.call(free, o.registerNumber(0), i32.const(0))),
    X87,
  ),
  row(
    'FFREEP',
    'ST(i)',
    'DF C0+i',
    waiting((o) => o.call(free, o.registerNumber(0), i32.const(1))),
    X87,
  ),
  row('FNOP', '', 'D9 D0', waiting(nothing), X87),
  row('WAIT', '', '9B', reportPending, { unit: 'wait' }),
  // 8087 and 80287 controls, ignored since (Intel SDM vol 2, appendix A.5).
  row('FNENI', '', 'DB E0', nothing, X87),
  row('FNDISI', '', 'DB E1', nothing, X87),
  row('FNSETPM', '', 'DB E4', nothing, X87),
  row('FXSAVE', 'm', 'NP 0F AE /0', fx(fxSave), FXSR),
  row('FXRSTOR', 'm', 'NP 0F AE /1', fx(fxRestore), FXSR),
]
