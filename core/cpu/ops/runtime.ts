/**
 * Things that rows may call. A runtime function is WebAssembly, written once with the builder, shared by the interpreter and
 * by compiled regions; a slow path is TypeScript. Both are plain descriptors: whoever generates code links what is used.
 */
import type { ValType } from '../../wasm/expr.ts'
import type { Callee, FunctionBuilder } from '../../wasm/function-builder.ts'
import type { Cpu } from '../exec/cpu.ts'

type Result = ValType | 'void'

/** Resolves descriptors to callable functions of the module under construction. */
export interface Linker {
  runtime<R extends Result>(fn: RuntimeFunction<R>): Callee<R>
  slow(path: SlowPath): Callee
}

/** A WebAssembly function made by `build`; it calls others with `f.call(link.runtime(other), ...)` or `callExpr`. */
export interface RuntimeFunction<R extends Result = Result> {
  readonly name: string
  readonly params: readonly ValType[]
  readonly result: R
  build(f: FunctionBuilder, link: Linker): void
}

export function runtimeFunction<R extends Result>(
  name: string,
  params: readonly ValType[],
  result: R,
  build: (f: FunctionBuilder, link: Linker) => void,
): RuntimeFunction<R> {
  return { name, params, result, build }
}

/**
 * A TypeScript function called from generated code, with the instruction's EIP and all registers synchronised. It may call
 * `cpu.raise(...)` (which does not return: the instruction ends with that fault and no further effect) and reads and writes guest
 * memory with `cpu.read*`/`cpu.write*`, which raise as needed. `params` counts its i32 arguments.
 */
export interface SlowPath {
  readonly name: string
  readonly params: number
  readonly result: 'i32' | 'void'
  readonly run: (cpu: Cpu, ...args: number[]) => number | undefined
  /** What generated code calls instead, if there is one. */
  readonly front: Front | undefined
}

/**
 * The common case of a slow path in WebAssembly, with the same parameters and result: what it does is what `run` would do, and
 * where it does not know it has changed nothing and calls `slow`, which is `run`. Neither Ops nor the compiler know the difference.
 */
export type Front = (f: FunctionBuilder, link: Linker, slow: Callee) => void

/** The name under which the interpreter's module exports a slow path's front. */
export const frontName = (path: SlowPath): string => `front:${path.name}`

export function slowPath(
  name: string,
  params: number,
  run: (cpu: Cpu, ...args: number[]) => void,
  front?: Front,
): SlowPath {
  return register({ name, params, result: 'void', run: run as SlowPath['run'], front })
}

/** The same with a 32-bit result. */
export function slowFunction(
  name: string,
  params: number,
  run: (cpu: Cpu, ...args: number[]) => number,
  front?: Front,
): SlowPath {
  return register({ name, params, result: 'i32', run, front })
}

const slowPaths = new Map<string, SlowPath>()

/** All slow paths by name: code that was generated earlier names what it imports. */
export const SLOW_PATHS: ReadonlyMap<string, SlowPath> = slowPaths

function register(path: SlowPath): SlowPath {
  if (slowPaths.has(path.name)) throw new Error(`Two slow paths are called ${path.name}`)
  slowPaths.set(path.name, path)
  return path
}
