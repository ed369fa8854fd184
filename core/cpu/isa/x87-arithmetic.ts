/** Rows of the x87 that compute: FADD, FSUB, FMUL, FDIV and their forms, comparisons, examination. Intel SDM vol 2, appendix B.17. */
import type { I32 } from '../../wasm/expr.ts'
import { i32 } from '../../wasm/ops.ts'
import type { Ops } from '../ops/ops.ts'
import {
  compareDouble,
  compareInteger,
  compareRegister,
  compareSingle,
  compareToFlags,
  examine,
  POP_ONE,
  POP_TWO,
  QUIET,
  testZero,
} from '../x87/compare.ts'
import { C0, C2, C3 } from '../x87/control.ts'
import type { OperationForms } from '../x87/operations.ts'
import {
  addForms,
  divideForms,
  divideReversedForms,
  multiplyForms,
  subtractForms,
  subtractReversedForms,
} from '../x87/operations.ts'
import type { Row } from './row.ts'
import { row } from './row.ts'
import { waiting, waitingMemory, X87 } from './x87-track.ts'

/** Operation number in the opcode (ModRM.reg), with the numbers of the forms that name ST(i) as destination. */
const OPERATIONS: readonly [name: string, forms: OperationForms, digit: number, toRegister: string][] = [
  ['ADD', addForms, 0, 'C0'],
  ['MUL', multiplyForms, 1, 'C8'],
  ['SUB', subtractForms, 4, 'E8'],
  ['SUBR', subtractReversedForms, 5, 'E0'],
  ['DIV', divideForms, 6, 'F8'],
  ['DIVR', divideReversedForms, 7, 'F0'],
]
const toTop = (digit: number): string => (0xc0 + digit * 8).toString(16).toUpperCase()

function operationRows([name, forms, digit, register]: (typeof OPERATIONS)[number]): Row[] {
  const integer = (o: Ops) => {
    const value = o.readSigned(0)
    return () => o.call(forms.integer, value)
  }
  const single = waitingMemory((o) => {
    const bits = o.read(0)
    return () => o.call(forms.single, bits)
  })
  const double = waitingMemory((o) => {
    const bits = o.readI64(0)
    return () => o.call(forms.double, bits)
  })
  return [
    row(`F${name}`, 'm32fp', `D8 /${digit}`, single, X87),
    row(`F${name}`, 'm64fp', `DC /${digit}`, double, X87),
    row(`FI${name}`, 'm32int', `DA /${digit}`, waitingMemory(integer), X87),
    row(`FI${name}`, 'm16int', `DE /${digit}`, waitingMemory(integer), X87),
    row(
      `F${name}`,
      'ST, ST(i)',
      `D8 ${toTop(digit)}+i`,
      waiting((o) => o.call(forms.toTop, o.registerNumber(1))),
      X87,
    ),
    row(
      `F${name}`,
      'ST(i), ST',
      `DC ${register}+i`,
      waiting((o) => o.call(forms.toRegister, o.registerNumber(0))),
      X87,
    ),
    row(
      `F${name}P`,
      'ST(i), ST',
      `DE ${register}+i`,
      waiting((o) => o.call(forms.popping, o.registerNumber(0))),
      X87,
    ),
  ]
}

function compareRows(suffix: string, digit: number, options: number): Row[] {
  const asked = i32.const(options)
  const integer = (o: Ops) => {
    const value = o.readSigned(0)
    return () => o.call(compareInteger, value, asked)
  }
  const single = waitingMemory((o) => {
    const bits = o.read(0)
    return () => o.call(compareSingle, bits, asked)
  })
  const double = waitingMemory((o) => {
    const bits = o.readI64(0)
    return () => o.call(compareDouble, bits, asked)
  })
  return [
    row(`FCOM${suffix}`, 'm32fp', `D8 /${digit}`, single, X87),
    row(`FCOM${suffix}`, 'm64fp', `DC /${digit}`, double, X87),
    row(`FICOM${suffix}`, 'm32int', `DA /${digit}`, waitingMemory(integer), X87),
    row(`FICOM${suffix}`, 'm16int', `DE /${digit}`, waitingMemory(integer), X87),
  ]
}

const compare = (options: number) => waiting((o) => o.call(compareRegister, o.registerNumber(0), i32.const(options)))
const compareFixed = (options: number) => waiting((o) => o.call(compareRegister, i32.const(1), i32.const(options)))

/** FCOMI and its family: ZF, PF, CF from C3, C2, C0; OF, SF and AF clear. */
const compareFlags = (options: number) =>
  waiting((o) => {
    const codes = o.value(compareToFlags, o.registerNumber(1), i32.const(options))
    const flag = (code: number): I32 => o.f.let(i32.ne(i32.and(codes, code), 0))
    o.setFlags({ zf: flag(C3), pf: flag(C2), cf: flag(C0), of: 0, sf: 0, af: 0 })
  })

const FLAGS = { ...X87, feature: 'ppro', writes: 'OSZAPC' } as const

export const X87_ARITHMETIC_ROWS: readonly Row[] = [
  ...OPERATIONS.flatMap(operationRows),
  ...compareRows('', 2, 0),
  ...compareRows('P', 3, POP_ONE),
  row('FCOM', 'ST(i)', 'D8 D0+i', compare(0), X87),
  row('FCOMP', 'ST(i)', 'D8 D8+i', compare(POP_ONE), X87),
  row('FCOMPP', '', 'DE D9', compareFixed(POP_TWO), X87),
  row('FUCOM', 'ST(i)', 'DD E0+i', compare(QUIET), X87),
  row('FUCOMP', 'ST(i)', 'DD E8+i', compare(QUIET | POP_ONE), X87),
  row('FUCOMPP', '', 'DA E9', compareFixed(QUIET | POP_TWO), X87),
  row('FCOMI', 'ST, ST(i)', 'DB F0+i', compareFlags(0), FLAGS),
  row('FCOMIP', 'ST, ST(i)', 'DF F0+i', compareFlags(POP_ONE), FLAGS),
  row('FUCOMI', 'ST, ST(i)', 'DB E8+i', compareFlags(QUIET), FLAGS),
  row('FUCOMIP', 'ST, ST(i)', 'DF E8+i', compareFlags(QUIET | POP_ONE), FLAGS),
  row(
    'FTST',
    '',
    'D9 E4',
    waiting((o) => o.call(testZero)),
    X87,
  ),
  row(
    'FXAM',
    '',
    'D9 E5',
    waiting((o) => o.call(examine)),
    X87,
  ),
  // Second encodings that no manual of today lists and every processor has.
  row('FCOM2', 'ST(i)', 'DC D0+i', compare(0), X87),
  row('FCOMP3', 'ST(i)', 'DC D8+i', compare(POP_ONE), X87),
  row('FCOMP5', 'ST(i)', 'DE D0+i', compare(POP_ONE), X87),
]
