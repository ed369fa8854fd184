/**
 * The arithmetic instructions as runtime functions, one for each operand form: stack checks, conversion of memory operands, the
 * operation, the pop. Operands that are special in memory go to `special` with the word that a denormal was among them.
 *
 * Source: Intel SDM vol 2A FADD, FSUB, FSUBR, FMUL, FDIV, FDIVR and their integer and popping forms.
 */
import type { I32 } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import type { Linker, RuntimeFunction } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import type { Arithmetic, Content } from './arithmetic.ts'
import { ADD, compute, DIVIDE, MULTIPLY, SUBTRACT } from './arithmetic.ts'
import { DE } from './control.ts'
import type { Extended } from './load.ts'
import { fromDouble, fromInteger, fromSingle } from './load.ts'
import { FROM_DENORMAL, special } from './special.ts'
import { isFull, pop, signExponentAt, significandAt, stack, underflow } from './stack.ts'

interface Operation {
  readonly name: string
  readonly arithmetic: Arithmetic
  /** The second operand is the one subtracted from (divided). */
  readonly reversed: boolean
}

/** The forms of one operation. */
export interface OperationForms {
  /** ST(0) ← ST(0) op ST(i). */
  readonly toTop: RuntimeFunction<'void'>
  /** ST(i) ← ST(i) op ST(0). */
  readonly toRegister: RuntimeFunction<'void'>
  /** The same, then pop. */
  readonly popping: RuntimeFunction<'void'>
  /** ST(0) ← ST(0) op memory, given its bits. */
  readonly single: RuntimeFunction<'void'>
  readonly double: RuntimeFunction<'void'>
  /** ST(0) ← ST(0) op integer, sign-extended to 32 bits. */
  readonly integer: RuntimeFunction<'void'>
}

const contentAt = (f: FunctionBuilder, address: I32): Content => ({
  significand: f.let(significandAt(address)),
  signExponent: f.let(signExponentAt(address)),
})

function registerForm(operation: Operation, form: 'top' | 'register' | 'pop'): RuntimeFunction<'void'> {
  return runtimeFunction(`x87_f${operation.name}_${form}`, ['i32'], 'void', (f, link) => {
    const i = f.param(0, 'i32')
    const done = f.local('i32')
    f.if(
      i32.and(isFull(0), isFull(i)),
      () => {
        const top = stack(f, 0)
        const other = stack(f, i)
        const destination = form === 'top' ? top : other
        const source = form === 'top' ? other : top
        const [a, b] = operation.reversed ? [source, destination] : [destination, source]
        f.set(done, compute(f, link, operation.arithmetic, destination, contentAt(f, a), contentAt(f, b)))
      },
      () => f.set(done, callExpr(link.runtime(underflow), form === 'top' ? i32.const(0) : i)),
    )
    if (form === 'pop') f.if(done, () => pop(f))
  })
}

type Convert = (f: FunctionBuilder, link: Linker, onSpecial: (value: Extended, flags: I32) => void) => Extended

function memoryForm(
  operation: Operation,
  name: string,
  param: 'i32' | 'i64',
  convert: Convert,
): RuntimeFunction<'void'> {
  return runtimeFunction(`x87_f${operation.name}_${name}`, [param], 'void', (f, link) => {
    f.if(i32.eqz(isFull(0)), () => {
      f.call(link.runtime(underflow), i32.const(0))
      f.return()
    })
    const top = stack(f, 0)
    const mine = contentAt(f, top)
    const inOrder = (other: Extended): [Content, Content] => (operation.reversed ? [other, mine] : [mine, other])
    const value = convert(f, link, (denormal, flags) =>
      f.if(i32.and(flags, DE), () => {
        const operands = inOrder(denormal).flatMap((x) => [x.significand, x.signExponent])
        f.call(link.runtime(special), i32.const(operation.arithmetic.kind | FROM_DENORMAL), top, ...operands)
        f.return()
      }),
    )
    compute(f, link, operation.arithmetic, top, ...inOrder(value))
  })
}

function forms(operation: Operation): OperationForms {
  return {
    toTop: registerForm(operation, 'top'),
    toRegister: registerForm(operation, 'register'),
    popping: registerForm(operation, 'pop'),
    single: memoryForm(operation, 'm32', 'i32', (f, link, special) => fromSingle(f, link, f.param(0, 'i32'), special)),
    double: memoryForm(operation, 'm64', 'i64', (f, link, special) => fromDouble(f, link, f.param(0, 'i64'), special)),
    integer: memoryForm(operation, 'int', 'i32', (f) => fromInteger(f, f.let(i64.extend_s(f.param(0, 'i32'))))),
  }
}

export const addForms = forms({ name: 'add', arithmetic: ADD, reversed: false })
export const multiplyForms = forms({ name: 'mul', arithmetic: MULTIPLY, reversed: false })
export const subtractForms = forms({ name: 'sub', arithmetic: SUBTRACT, reversed: false })
export const subtractReversedForms = forms({ name: 'subr', arithmetic: SUBTRACT, reversed: true })
export const divideForms = forms({ name: 'div', arithmetic: DIVIDE, reversed: false })
export const divideReversedForms = forms({ name: 'divr', arithmetic: DIVIDE, reversed: true })
