/** All rows of the x87: opcodes D8 to DF, WAIT, FXSAVE and FXRSTOR. */
import type { Row } from './row.ts'
import { X87_ARITHMETIC_ROWS } from './x87-arithmetic.ts'
import { X87_CONTROL_ROWS } from './x87-control.ts'
import { X87_DATA_ROWS } from './x87-data.ts'
import { X87_FUNCTION_ROWS } from './x87-functions.ts'

export const X87_ROWS: readonly Row[] = [
  ...X87_ARITHMETIC_ROWS,
  ...X87_DATA_ROWS,
  ...X87_FUNCTION_ROWS,
  ...X87_CONTROL_ROWS,
]
