/**
 * XMM registers of a region in locals: loaded at its beginning, written back at its exits, both only where the region uses them.
 * Beside them what the checks of SSE arithmetic compare with, so that MXCSR is not read by each instruction, and what is known
 * of registers when the code is made: one that was an operand or result of arithmetic that was ordinary holds no denormal.
 *
 * Where a denormal turns up, all operations from there on count as unusual until the region is left, and are looked at in full
 * (sse/arithmetic.ts): so that what is "known" need not be true then.
 */
import type { Expr, I32, V128, ValType } from '../../wasm/expr.ts'
import { loadPrefixed, select } from '../../wasm/expr.ts'
import type { FunctionBuilder, Local } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import { f32x4, f64x2 } from '../../wasm/simd-ops.ts'
import { constantsNow } from '../sse/arithmetic.ts'
import type { Shape, ShapeName } from '../sse/shapes.ts'
import { PD, PS, SD, SHAPES, SS } from '../sse/shapes.ts'
import * as L from '../state/layout.ts'
import type { Region, RegionBlock } from './region-block.ts'
import type { VectorUse } from './vector-facts.ts'
import { bitOf, factsBehind, factsNeeded, NAMES, usesOf } from './vector-facts.ts'

const REGISTERS = 8

export class VectorRegisters {
  readonly #f: FunctionBuilder
  /** Of the registers that the region names. */
  readonly #locals = new Array<Local<'v128'> | undefined>(REGISTERS)
  readonly #written = new Array<boolean>(REGISTERS).fill(false)
  readonly #constants = new Map<ShapeName, readonly Local[]>()
  /** Not zero once a denormal has turned up. */
  #careful: Local<'i32'> | undefined
  #prepared = false
  readonly #uses = new Map<RegionBlock, readonly VectorUse[]>()
  #needs: ReadonlyMap<RegionBlock, number> = new Map()
  #entered = 0
  /** Facts here, and at the ends of blocks. */
  #known = 0
  readonly #departures = new Map<RegionBlock, number>()

  constructor(f: FunctionBuilder) {
    this.#f = f
  }

  /** Tells which registers there will be: a slow path in the middle is to find all of them in the CPU's state. */
  prepare(region: Region, view: DataView): void {
    this.#prepared = true
    for (const block of region.blocks) this.#uses.set(block, usesOf(block, view))
    for (const { registers, shape } of [...this.#uses.values()].flat()) {
      for (const { n, written } of registers) {
        this.#locals[n] ??= this.#f.local('v128')
        if (written) this.#written[n] = true
      }
      if (shape) this.#makeConstants(shape)
    }
    if (this.#constants.size === 0) return
    this.#careful = this.#f.local('i32')
    this.#needs = factsNeeded(region, this.#uses)
    for (const entry of region.entries) this.#entered |= this.#needs.get(entry) ?? 0
  }

  #makeConstants(shape: ShapeName): readonly Local[] {
    const known = this.#constants.get(shape)
    if (known) return known
    const locals = SHAPES[shape].constants.map((e) => this.#f.local(e.type))
    this.#constants.set(shape, locals)
    return locals
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

  /** The constants of a shape; the limit says at once whether anything may be ordinary. */
  constants(shape: ShapeName): readonly Expr[] {
    return this.#prepared ? (this.#constants.get(shape) ?? constantsNow(shape)) : this.#makeConstants(shape)
  }

  // At the region's beginning and end

  load(): void {
    for (const [n, local] of this.#locals.entries())
      if (local) this.#f.set(local, loadPrefixed(0, 0, 0, L.xmmOffset(n)))
    this.loadLimits()
  }

  /** The same at the function's beginning. */
  begin(): void {
    this.load()
    this.#ensure(this.#entered)
  }

  /** To be called where MXCSR may have changed: for all shapes, or for one whose limit counts. */
  loadLimits(only?: ShapeName): void {
    for (const [shape, locals] of this.#constants) {
      if (only && only !== shape) continue
      const fresh = constantsNow(shape, this.#careful)
      const { none } = SHAPES[shape]
      this.#f.set(locals[0]!, fresh[0]!)
      // The others never change; chosen at run time they stay in registers, instead of being made again at each use.
      if (only) continue
      const nothing = this.#f.let(i32.eqz(i32.load(0, L.MXCSR)))
      for (const [i, local] of locals.entries()) if (i) this.#f.set(local, select(nothing, none, fresh[i]!))
    }
  }

  store(): void {
    for (const [n, local] of this.#locals.entries())
      if (local && this.#written[n]) this.#f.storeV128(0, local, L.xmmOffset(n))
  }

  // Facts

  /** At a block's beginning; `alone`: there is one way here, which has just been emitted. */
  enter(block: RegionBlock, alone: boolean): void {
    const needed = this.#needs.get(block) ?? 0
    this.#known = alone ? this.#known : needed
  }

  /** Behind an instruction of a block. */
  step(block: RegionBlock, i: number): void {
    const use = this.#uses.get(block)?.[i]
    if (use && this.#constants.size) this.#known = factsBehind(use, this.#known)
  }

  /** Before each way out of a block. */
  depart(block: RegionBlock): void {
    const known = this.#departures.get(block)
    if (known === undefined) this.#departures.set(block, this.#known)
    else this.#known = known
  }

  /** On the way to a block where several ways meet. */
  arrive(block: RegionBlock): void {
    this.#ensure((this.#needs.get(block) ?? 0) & ~this.#known)
  }

  /** Whether register `n` holds no denormal in a shape. */
  isKnown(n: number, shape: ShapeName): boolean {
    return (this.#known & bitOf(n, shape)) !== 0
  }

  /** Looks for denormals where facts are wanted. */
  #ensure(facts: number): void {
    if (facts === 0) return
    const conditions: I32[] = []
    for (let n = 0; n < REGISTERS; n++)
      for (const name of NAMES) {
        const local = this.#locals[n]
        if (!(facts & bitOf(n, name)) || !local) continue
        const test = <T extends ValType, M extends ValType>(s: Shape<T, M>, x: Expr<T>) => s.any(s.denormal(x))
        if (name === 'ps') conditions.push(test(PS, local))
        else if (name === 'pd') conditions.push(test(PD, local))
        else if (name === 'ss') conditions.push(test(SS, this.#f.let(f32x4.extract_lane(local, 0))))
        else conditions.push(test(SD, this.#f.let(f64x2.extract_lane(local, 0))))
      }
    this.#f.if(
      conditions.reduce((a, b) => i32.or(a, b)),
      () => this.#beCareful(),
      undefined,
      'unlikely',
    )
  }

  /** Not zero once a denormal has turned up: what is known need not be true. */
  get careful(): I32 {
    return this.#careful ?? i32.const(0)
  }

  #beCareful(): void {
    this.#f.set(this.#careful!, i32.const(1))
    for (const [shape, locals] of this.#constants) this.#f.set(locals[0]!, SHAPES[shape].none)
  }

  /** An operation was not ordinary; `denormal`: it has met or made a denormal. */
  met(shape: ShapeName, denormal: I32): void {
    if (!this.#careful) return
    this.loadLimits(shape)
    this.#f.if(denormal, () => this.#beCareful())
  }
}
