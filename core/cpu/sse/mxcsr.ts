/**
 * MXCSR and how SSE instructions report exceptions. Runtime functions collect flags in SSE_RAISED while they work on the
 * lanes; `finish` moves them to MXCSR and decides whether the instruction traps. A row calls `trap` behind such a function.
 *
 * Source: Intel SDM vol 1, 10.2.3 (MXCSR), 11.5 (SIMD floating-point exceptions).
 */
import type { I32, I32In } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import type { Ops } from '../ops/ops.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'

/** Exception flags; their masks are at the same places MASK_SHIFT higher. */
export const IE = 0x01
export const DE = 0x02
export const ZE = 0x04
export const OE = 0x08
export const UE = 0x10
export const PE = 0x20
const MASK_SHIFT = 7
export const OM = OE << MASK_SHIFT
export const UM = UE << MASK_SHIFT
export const PM = PE << MASK_SHIFT
/** Denormal operands count as zero. */
export const DAZ = 0x40
/** Tiny results become zero. */
export const FTZ = 0x8000
/** Rounding control: 0 nearest even, 1 down, 2 up, 3 toward zero. */
export const RC_SHIFT = 13
export const RC_MASK = 0x6000
/** Bits that exist; LDMXCSR of others raises #GP(0). */
export const MXCSR_BITS = 0xffff

const CR4_OSXMMEXCPT = 0x400
const VECTOR_UD = 6
const VECTOR_XM = 19

/** MXCSR, read anew. */
export const mxcsr = (): I32 => i32.load(0, L.MXCSR)

/** In runtime functions: notes exceptions of the instruction being executed. */
export function raise(f: FunctionBuilder, flags: I32In): void {
  f.store32(0, i32.or(i32.load(0, L.SSE_RAISED), flags), L.SSE_RAISED)
}

/** In runtime functions: no exceptions met yet. */
export function begin(f: FunctionBuilder): void {
  f.store32(0, 0, L.SSE_RAISED)
}

/**
 * Moves the exceptions met to MXCSR. An unmasked exception that is found before computing (invalid, denormal, divide by zero)
 * keeps all lanes from computing, so nothing that computing would have met is reported (vol 1, 11.5.3).
 */
export const finish = runtimeFunction('sse_finish', [], 'void', (f) => {
  const raised = f.variable(i32.load(0, L.SSE_RAISED))
  const control = f.let(mxcsr())
  const unmasked = f.let(i32.and(raised, i32.xor(i32.shr_u(control, MASK_SHIFT), -1)))
  f.if(unmasked, () => {
    f.if(i32.and(unmasked, IE | DE | ZE), () => f.set(raised, i32.and(raised, IE | DE | ZE)))
    f.store32(0, 1, L.SSE_TRAP)
  })
  f.store32(0, i32.or(control, raised), L.MXCSR)
})

/** In rows, behind a runtime function that ends with `finish`: leaves the instruction when an exception was unmasked. */
export function trap(o: Ops): void {
  o.f.if(o.state(L.SSE_TRAP), () => {
    o.setState(L.SSE_TRAP, 0)
    o.faultIf(i32.and(o.state(L.CR4), CR4_OSXMMEXCPT), VECTOR_XM)
    o.fault(VECTOR_UD)
  })
}
