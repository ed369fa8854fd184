/**
 * The control and status words as instructions see them, with the error summary kept true.
 *
 * Source: Intel SDM vol 2A FLDCW, FNCLEX, FNINIT, FINCSTP, FFREE; vol 1, 8.1.
 */
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { BUSY, CONDITION_CODES, CONTROL_BITS, CONTROL_INITIAL, CONTROL_ONES, ES, EXCEPTIONS } from './control.ts'
import { clearC1, physical, pop, setWord, word } from './stack.ts'

/** Nothing is pending any more: FERR# goes inactive, and with it IGNNE#. */
function releaseFerr(f: FunctionBuilder): void {
  setWord(f, L.FPU_FERR, 0)
  setWord(f, L.FPU_IGNNE, 0)
}

/** FLDCW: x87_fldcw(value). Flags that the new masks uncover become pending. */
export const loadControl = runtimeFunction('x87_fldcw', ['i32'], 'void', (f) => {
  const control = f.let(i32.or(i32.and(f.param(0, 'i32'), CONTROL_BITS), CONTROL_ONES))
  setWord(f, L.FPU_CONTROL, control)
  const status = f.let(i32.and(word(L.FPU_STATUS), ~(ES | BUSY)))
  const pending = f.let(i32.ne(i32.and(i32.and(status, EXCEPTIONS), i32.xor(control, -1)), 0))
  setWord(f, L.FPU_STATUS, i32.or(status, i32.mul(pending, ES | BUSY)))
  f.if(i32.eqz(pending), () => releaseFerr(f))
})

/** FNCLEX. */
export const clearExceptions = runtimeFunction('x87_fnclex', [], 'void', (f) => {
  setWord(f, L.FPU_STATUS, i32.and(word(L.FPU_STATUS), CONDITION_CODES))
  releaseFerr(f)
})

/** FNINIT. */
export const initialize = runtimeFunction('x87_fninit', [], 'void', (f) => {
  setWord(f, L.FPU_CONTROL, CONTROL_INITIAL)
  for (const place of [L.FPU_STATUS, L.FPU_TAGS, L.FPU_TOP, L.FPU_OPCODE, L.FPU_OPCODE_IP]) setWord(f, place, 0)
  for (const place of [L.FPU_IP, L.FPU_CS, L.FPU_DP, L.FPU_DS]) setWord(f, place, 0)
  releaseFerr(f)
})

/** FINCSTP and FDECSTP: x87_rotate(1 or -1). Tags stay. */
export const rotate = runtimeFunction('x87_rotate', ['i32'], 'void', (f) => {
  setWord(f, L.FPU_TOP, physical(f.param(0, 'i32')))
  clearC1(f)
})

/** FFREE and FFREEP: x87_ffree(i, pop). */
export const free = runtimeFunction('x87_ffree', ['i32', 'i32'], 'void', (f) => {
  const bit = i32.shl(1, physical(f.param(0, 'i32')))
  setWord(f, L.FPU_TAGS, i32.and(word(L.FPU_TAGS), i32.xor(bit, -1)))
  clearC1(f)
  f.if(f.param(1, 'i32'), () => pop(f))
})
