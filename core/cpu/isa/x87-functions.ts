/** Rows of the x87 on ST(0) and ST(1) alone: roots, remainders, rounding, scaling, transcendental functions. */
import type { RuntimeFunction } from '../ops/runtime.ts'
import { ieeeRemainder, partialRemainder } from '../x87/remainder.ts'
import { extract, roundToInteger, scale } from '../x87/scale.ts'
import { squareRoot } from '../x87/square-root.ts'
import type { Row } from './row.ts'
import { row } from './row.ts'
import { waiting, X87 } from './x87-track.ts'

const simple = (mnemonic: string, opcode: string, fn: RuntimeFunction<'void'>): Row =>
  row(
    mnemonic,
    '',
    opcode,
    waiting((o) => o.call(fn)),
    X87,
  )

export const X87_FUNCTION_ROWS: readonly Row[] = [
  simple('FXTRACT', 'D9 F4', extract),
  simple('FPREM1', 'D9 F5', ieeeRemainder),
  simple('FPREM', 'D9 F8', partialRemainder),
  simple('FSQRT', 'D9 FA', squareRoot),
  simple('FRNDINT', 'D9 FC', roundToInteger),
  simple('FSCALE', 'D9 FD', scale),
]
