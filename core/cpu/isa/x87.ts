/** All rows of the x87: opcodes D8 to DF, WAIT, FXSAVE and FXRSTOR. */
import type { Row } from './row.ts'
import { x87ArithmeticRows } from './x87-arithmetic.ts'
import { x87ControlRows } from './x87-control.ts'
import { x87DataRows } from './x87-data.ts'
import { x87FunctionRows } from './x87-functions.ts'

export const x87Rows: readonly Row[] = [...x87ArithmeticRows, ...x87DataRows, ...x87FunctionRows, ...x87ControlRows]
