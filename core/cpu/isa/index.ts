/** All instructions of the processor. */
import { ARITHMETIC } from './arithmetic.ts'
import { BITS } from './bits.ts'
import { CONTROL } from './control.ts'
import { DATA } from './data.ts'
import { MMX_ROWS } from './mmx.ts'
import type { Row } from './row.ts'
import { SSE_ROWS } from './sse.ts'
import { SSE_CONVERT_ROWS } from './sse-convert.ts'
import { SSE_MOVE_ROWS } from './sse-moves.ts'
import { SSE41_ROWS } from './sse41.ts'
import { SSE42_ROWS } from './sse42.ts'
import { SSSE3_ROWS } from './ssse3.ts'
import { STRINGS } from './strings.ts'
import { SYSTEM } from './system.ts'
import { X87_ROWS } from './x87.ts'

export const ROWS: readonly Row[] = [
  ...ARITHMETIC,
  ...BITS,
  ...DATA,
  ...CONTROL,
  ...STRINGS,
  ...SYSTEM,
  ...X87_ROWS,
  ...MMX_ROWS,
  ...SSE_ROWS,
  ...SSE_MOVE_ROWS,
  ...SSE_CONVERT_ROWS,
  ...SSSE3_ROWS,
  ...SSE41_ROWS,
  ...SSE42_ROWS,
]
