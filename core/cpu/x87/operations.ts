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
import { add, divideRegisters, multiplyRegisters, subtract } from './arithmetic.ts'
import { DE } from './control.ts'
import type { Extended } from './load.ts'
import { fromDouble, fromInteger, fromSingle } from './load.ts'
import { FROM_DENORMAL, KIND_ADD, KIND_DIVIDE, KIND_MULTIPLY, KIND_SUBTRACT, special } from './special.ts'
import { isFull, pop, signExponentAt, significandAt, stack, underflow } from './stack.ts'

interface Operation {
  readonly name: string
  readonly core: RuntimeFunction<'i32'>
  readonly kind: number
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
        const core = link.runtime(operation.core)
        f.set(
          done,
          callExpr(core, destination, significandAt(a), signExponentAt(a), significandAt(b), signExponentAt(b)),
        )
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
    const operands = (value: Extended) => {
      const mine = [significandAt(top), signExponentAt(top)] as const
      const other = [value.significand, value.signExponent] as const
      return operation.reversed ? [...other, ...mine] : [...mine, ...other]
    }
    const value = convert(f, link, (denormal, flags) =>
      f.if(i32.and(flags, DE), () => {
        f.call(link.runtime(special), i32.const(operation.kind | FROM_DENORMAL), top, ...operands(denormal))
        f.return()
      }),
    )
    f.call(link.runtime(operation.core), top, ...operands(value))
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

export const addForms = forms({ name: 'add', core: add, kind: KIND_ADD, reversed: false })
export const multiplyForms = forms({ name: 'mul', core: multiplyRegisters, kind: KIND_MULTIPLY, reversed: false })
export const subtractForms = forms({ name: 'sub', core: subtract, kind: KIND_SUBTRACT, reversed: false })
export const subtractReversedForms = forms({ name: 'subr', core: subtract, kind: KIND_SUBTRACT, reversed: true })
export const divideForms = forms({ name: 'div', core: divideRegisters, kind: KIND_DIVIDE, reversed: false })
export const divideReversedForms = forms({ name: 'divr', core: divideRegisters, kind: KIND_DIVIDE, reversed: true })
