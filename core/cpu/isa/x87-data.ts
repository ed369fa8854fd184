/** Rows of the x87 that move: loads, stores, constants, exchanges, conditional moves, sign changes. */
import { i32, i64 } from '../../wasm/ops.ts'
import type { Ops } from '../ops/ops.ts'
import type { RuntimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { fldBcd, fldDouble, fldInteger, fldSingle, fldValue } from '../x87/load.ts'
import {
  absolute,
  conditionalMove,
  exchange,
  loadLog2Of10,
  loadLog2OfE,
  loadLog10Of2,
  loadLogEOf2,
  loadPi,
  loadRegister,
  negate,
  storeToRegister,
  storeUnchecked,
} from '../x87/registers.ts'
import { storeBcd, storeDouble, storeExtended, storeRounded, storeSingle, storeTruncated } from '../x87/store.ts'
import type { Row, Semantics } from './row.ts'
import { row } from './row.ts'
import { waiting, waitingMemory, X87 } from './x87-track.ts'

const ONE = i32.const(1)
const NO_POP = i32.const(0)

/** A store: memory is made writable first, then `convert` says whether FPU_RESULT goes there. */
const storing = (bytes: number, convert: (o: Ops) => ReturnType<Ops['state']>): Semantics =>
  waitingMemory((o) => {
    const target = o.target(0, bytes)
    return () =>
      o.f.if(convert(o), () => {
        if (bytes === 2) o.f.store16(target.host, i32.wrap(o.x87Result()))
        else if (bytes === 4) o.f.store32(target.host, i32.wrap(o.x87Result()))
        else o.f.store64(target.host, o.x87Result())
        if (bytes === 10) o.f.store16(target.host, i32.load(0, L.FPU_RESULT + 8), 8)
        target.commit()
      })
  })

const storeFloat = (bytes: 4 | 8, popping: boolean): Semantics =>
  storing(bytes, (o) => o.value(bytes === 4 ? storeSingle : storeDouble, popping ? ONE : NO_POP))

const storeInteger = (bytes: number, popping: boolean): Semantics =>
  storing(bytes, (o) => o.value(storeRounded, popping ? ONE : NO_POP, i32.const(bytes * 8)))

const truncating = (bytes: number): Semantics => storing(bytes, (o) => o.value(storeTruncated, i32.const(bytes * 8)))

const loadSingle = waitingMemory((o) => {
  const bits = o.read(0)
  return () => o.call(fldSingle, bits)
})
const loadDouble = waitingMemory((o) => {
  const bits = o.readI64(0)
  return () => o.call(fldDouble, bits)
})
const loadTenBytes = (fn: RuntimeFunction<'void'>) =>
  waitingMemory((o) => {
    const low = o.readI64At(0, 0)
    const high = o.readAt(0, 8, 2)
    return () => o.call(fn, low, high)
  })
const loadInteger = waitingMemory((o) => {
  const value = o.readSigned(0)
  return () => o.call(fldInteger, i64.extend_s(value))
})
const loadInteger64 = waitingMemory((o) => {
  const value = o.readI64(0)
  return () => o.call(fldInteger, value)
})

const loadConstant = (fn: RuntimeFunction<'void'>) => waiting((o) => o.call(fn))
const store = (popping: boolean) => waiting((o) => o.call(storeToRegister, o.registerNumber(0), popping ? ONE : NO_POP))
const swap = waiting((o) => o.call(exchange, o.registerNumber(0)))

/** FCMOVcc on condition `cc` in the coding of Jcc. */
const move = (cc: number) => waiting((o) => o.call(conditionalMove, o.registerNumber(1), o.condition(cc)))
const MOVE = { ...X87, feature: 'ppro', reads: 'ZPC' } as const

export const X87_DATA_ROWS: readonly Row[] = [
  row('FLD', 'm32fp', 'D9 /0', loadSingle, X87),
  row('FLD', 'm64fp', 'DD /0', loadDouble, X87),
  row('FLD', 'm80fp', 'DB /5', loadTenBytes(fldValue), X87),
  row(
    'FLD',
    'ST(i)',
    'D9 C0+i',
    waiting((o) => o.call(loadRegister, o.registerNumber(0))),
    X87,
  ),
  row('FILD', 'm16int', 'DF /0', loadInteger, X87),
  row('FILD', 'm32int', 'DB /0', loadInteger, X87),
  row('FILD', 'm64int', 'DF /5', loadInteger64, X87),
  row('FBLD', 'm80bcd', 'DF /4', loadTenBytes(fldBcd), X87),
  row('FST', 'm32fp', 'D9 /2', storeFloat(4, false), X87),
  row('FST', 'm64fp', 'DD /2', storeFloat(8, false), X87),
  row('FSTP', 'm32fp', 'D9 /3', storeFloat(4, true), X87),
  row('FSTP', 'm64fp', 'DD /3', storeFloat(8, true), X87),
  row(
    'FSTP',
    'm80fp',
    'DB /7',
    storing(10, (o) => o.value(storeExtended)),
    X87,
  ),
  row('FST', 'ST(i)', 'DD D0+i', store(false), X87),
  row('FSTP', 'ST(i)', 'DD D8+i', store(true), X87),
  row('FIST', 'm16int', 'DF /2', storeInteger(2, false), X87),
  row('FIST', 'm32int', 'DB /2', storeInteger(4, false), X87),
  row('FISTP', 'm16int', 'DF /3', storeInteger(2, true), X87),
  row('FISTP', 'm32int', 'DB /3', storeInteger(4, true), X87),
  row('FISTP', 'm64int', 'DF /7', storeInteger(8, true), X87),
  row('FISTTP', 'm16int', 'DF /1', truncating(2), { ...X87, feature: 'sse3' }),
  row('FISTTP', 'm32int', 'DB /1', truncating(4), { ...X87, feature: 'sse3' }),
  row('FISTTP', 'm64int', 'DD /1', truncating(8), { ...X87, feature: 'sse3' }),
  row(
    'FBSTP',
    'm80bcd',
    'DF /6',
    storing(10, (o) => o.value(storeBcd)),
    X87,
  ),
  row(
    'FLD1',
    '',
    'D9 E8',
    waiting((o) => o.call(fldValue, i64.const(1n << 63n), i32.const(0x3fff))),
    X87,
  ),
  row('FLDL2T', '', 'D9 E9', loadConstant(loadLog2Of10), X87),
  row('FLDL2E', '', 'D9 EA', loadConstant(loadLog2OfE), X87),
  row('FLDPI', '', 'D9 EB', loadConstant(loadPi), X87),
  row('FLDLG2', '', 'D9 EC', loadConstant(loadLog10Of2), X87),
  row('FLDLN2', '', 'D9 ED', loadConstant(loadLogEOf2), X87),
  row(
    'FLDZ',
    '',
    'D9 EE',
    waiting((o) => o.call(fldValue, i64.const(0), i32.const(0))),
    X87,
  ),
  row('FXCH', 'ST(i)', 'D9 C8+i', swap, X87),
  row(
    'FCHS',
    '',
    'D9 E0',
    waiting((o) => o.call(negate)),
    X87,
  ),
  row(
    'FABS',
    '',
    'D9 E1',
    waiting((o) => o.call(absolute)),
    X87,
  ),
  row('FCMOVB', 'ST, ST(i)', 'DA C0+i', move(2), MOVE),
  row('FCMOVE', 'ST, ST(i)', 'DA C8+i', move(4), MOVE),
  row('FCMOVBE', 'ST, ST(i)', 'DA D0+i', move(6), MOVE),
  row('FCMOVU', 'ST, ST(i)', 'DA D8+i', move(10), MOVE),
  row('FCMOVNB', 'ST, ST(i)', 'DB C0+i', move(3), MOVE),
  row('FCMOVNE', 'ST, ST(i)', 'DB C8+i', move(5), MOVE),
  row('FCMOVNBE', 'ST, ST(i)', 'DB D0+i', move(7), MOVE),
  row('FCMOVNU', 'ST, ST(i)', 'DB D8+i', move(11), MOVE),
  // Second encodings that no manual of today lists and every processor has.
  row(
    'FSTPNCE',
    'ST(i)',
    'D9 D8+i',
    waiting((o) => o.call(storeUnchecked, o.registerNumber(0))),
    X87,
  ),
  row('FXCH4', 'ST(i)', 'DD C8+i', swap, X87),
  row('FXCH7', 'ST(i)', 'DF C8+i', swap, X87),
  row('FSTP8', 'ST(i)', 'DF D0+i', store(true), X87),
  row('FSTP9', 'ST(i)', 'DF D8+i', store(true), X87),
]
