/** Rows of the x87 on ST(0) and ST(1) alone: roots, remainders, rounding, scaling, transcendental functions. */
import type { RuntimeFunction } from '../ops/runtime.ts'
import { fpatan } from '../x87/arctangent.ts'
import { f2xm1 } from '../x87/exponential.ts'
import { fyl2x, fyl2xp1 } from '../x87/logarithm.ts'
import { ieeeRemainder, partialRemainder } from '../x87/remainder.ts'
import { extract, roundToInteger, scale } from '../x87/scale.ts'
import { squareRoot } from '../x87/square-root.ts'
import { fcos, fptan, fsin, fsincos } from '../x87/trigonometry.ts'
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
  simple('F2XM1', 'D9 F0', f2xm1),
  simple('FYL2X', 'D9 F1', fyl2x),
  simple('FPTAN', 'D9 F2', fptan),
  simple('FPATAN', 'D9 F3', fpatan),
  simple('FXTRACT', 'D9 F4', extract),
  simple('FPREM1', 'D9 F5', ieeeRemainder),
  simple('FPREM', 'D9 F8', partialRemainder),
  simple('FYL2XP1', 'D9 F9', fyl2xp1),
  simple('FSQRT', 'D9 FA', squareRoot),
  simple('FSINCOS', 'D9 FB', fsincos),
  simple('FRNDINT', 'D9 FC', roundToInteger),
  simple('FSCALE', 'D9 FD', scale),
  simple('FSIN', 'D9 FE', fsin),
  simple('FCOS', 'D9 FF', fcos),
]
