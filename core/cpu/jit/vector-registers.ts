/**
 * XMM registers of a region in locals: loaded at its beginning, written back at its exits, both only where the region uses them.
 * Beside them what the checks of SSE arithmetic compare with, so that MXCSR is not read by each instruction.
 */
import type { V128 } from '../../wasm/expr.ts'
import { loadPrefixed } from '../../wasm/expr.ts'
import type { FunctionBuilder, Local } from '../../wasm/function-builder.ts'
import * as D from '../decode/op-layout.ts'
import { limitNow } from '../sse/arithmetic.ts'
import type { ShapeName } from '../sse/shapes.ts'
import { SHAPES } from '../sse/shapes.ts'
import * as L from '../state/layout.ts'
import type { Region } from './region.ts'

const REGISTERS = 8

export class VectorRegisters {
  readonly #f: FunctionBuilder
  /** Of the registers that the region names. */
  readonly #locals = new Array<Local<'v128'> | undefined>(REGISTERS)
  readonly #written = new Array<boolean>(REGISTERS).fill(false)
  readonly #limits = new Map<ShapeName, Local>()

  #prepared = false

  constructor(f: FunctionBuilder) {
    this.#f = f
  }

  /** Tells which registers there will be: a slow path in the middle is to find all of them in the CPU's state. */
  prepare(region: Region, view: DataView): void {
    this.#prepared = true
    for (const block of region.blocks)
      for (const [i, form] of block.forms.entries()) {
        const op = block.address + D.BLOCK_HEADER + i * D.OP_BYTES
        for (const [k, operand] of form.operands.entries()) {
          if (operand.file !== 'xmm' || (operand.source === 'rm' && form.memory) || operand.source === 'memory')
            continue
          const place = view.getUint16(op + (operand.source === 'reg' ? D.OP_REG : D.OP_RM), true)
          const n = operand.source === 'fixed' ? operand.fixed : (place - L.XMM) >> 4
          this.#locals[n] ??= this.#f.local('v128')
          if (k === 0 || operand.source === 'fixed') this.#written[n] = true
        }
      }
    if (this.#locals.some((local) => local))
      for (const shape of Object.values(SHAPES)) this.#limits.set(shape.name, this.#f.local(shape.limit.type))
  }

  #local(place: number): Local<'v128'> {
    const n = (place - L.XMM) >> 4
    const known = this.#locals[n]
    if (known) return known
    if (this.#prepared) throw new Error(`XMM${n} is not known to the region`)
    const local = this.#f.local('v128')
    this.#locals[n] = local
    return local
  }

  /** Register at state offset `place`. */
  register(place: number): V128 {
    return this.#local(place)
  }

  setRegister(place: number, value: V128): void {
    if (this.#prepared && !this.#written[(place - L.XMM) >> 4])
      throw new Error(`XMM at ${place} is written unexpectedly`)
    this.#f.set(this.#local(place), value)
  }

  /** Results below it (as the shape's `within` compares) are ordinary; nothing is where MXCSR asks for more than rounding to nearest. */
  limit(shape: ShapeName): Local {
    const known = this.#limits.get(shape)
    if (known) return known
    if (this.#prepared) throw new Error(`Limits of ${shape} are not known to the region`)
    return this.#f.local(SHAPES[shape].limit.type)
  }

  /** Takes registers and limits over from the CPU's state. */
  load(): void {
    for (const [n, local] of this.#locals.entries())
      if (local) this.#f.set(local, loadPrefixed(0, 0, 0, L.xmmOffset(n)))
    this.loadLimits()
  }

  /** To be called where MXCSR may have changed: for all shapes, or for one whose limit counts. */
  loadLimits(only?: ShapeName): void {
    for (const [shape, local] of this.#limits) if (!only || only === shape) this.#f.set(local, limitNow(shape))
  }

  store(): void {
    for (const [n, local] of this.#locals.entries())
      if (local && this.#written[n]) this.#f.storeV128(0, local, L.xmmOffset(n))
  }
}
