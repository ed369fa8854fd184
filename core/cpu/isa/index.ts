/** All instructions of the processor. */
import { ARITHMETIC } from './arithmetic.ts'
import { BITS } from './bits.ts'
import { CONTROL } from './control.ts'
import { DATA } from './data.ts'
import type { Row } from './row.ts'
import { STRINGS } from './strings.ts'
import { SYSTEM } from './system.ts'

export const ROWS: readonly Row[] = [...ARITHMETIC, ...BITS, ...DATA, ...CONTROL, ...STRINGS, ...SYSTEM]
