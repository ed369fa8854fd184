/**
 * Assembles a WebAssembly module: imported functions first, then defined ones in the order of `define`, one imported shared
 * memory, one optional imported table. Source: WebAssembly Core Specification 2.0, chapter 5; tail calls; threads (shared memory);
 * branch hinting (the custom section metadata.code.branch_hint).
 */
import { ByteSink } from './byte-sink.ts'
import type { ValType } from './expr.ts'
import { VAL_TYPE_CODE } from './expr.ts'
import type { Callee } from './function-builder.ts'
import { FunctionBuilder } from './function-builder.ts'

type Result = ValType | 'void'

/** A defined function: declare it first where functions call each other, then give it its body. */
export interface DefinedFunction<R extends Result> extends Callee<R> {
  index: number
  readonly name: string
  body?: FunctionBuilder
}

/** One module under construction. */
export class ModuleBuilder {
  /** What tools of the host call the module; it stands in the name section. */
  name: string | undefined
  readonly #types: string[] = []
  readonly #imports: { module: string; name: string; type: number; callee: { index: number } }[] = []
  readonly #functions: { type: number; fn: DefinedFunction<Result>; exported: boolean }[] = []
  readonly #elements: { offset: number; functions: readonly Callee[] }[] = []
  readonly #data: { offset: number; bytes: Uint8Array }[] = []
  #memory: { module: string; name: string; maximumPages: number } | undefined
  #table: { module: string; name: string; minimum: number } | { exportName: string; size: number } | undefined

  /** Index of a function type. */
  type(params: readonly ValType[], result: Result): number {
    const key = `${params.join()}:${result}`
    const known = this.#types.indexOf(key)
    return known >= 0 ? known : this.#types.push(key) - 1
  }

  /** Imports a host function. Indices become known when the module is encoded, so imports and definitions may come in any order. */
  import<R extends Result>(module: string, name: string, params: readonly ValType[], result: R): Callee<R> {
    const callee = { index: -1, params, result }
    this.#imports.push({ module, name, type: this.type(params, result), callee })
    return callee
  }

  /** Imports the shared memory; `maximumPages` bounds what may be given. */
  importMemory(module: string, name: string, maximumPages = 65536): void {
    this.#memory = { module, name, maximumPages }
  }

  importTable(module: string, name: string, minimum: number): void {
    this.#table = { module, name, minimum }
  }

  /** Makes a function table of `size` and exports it. */
  exportTable(exportName: string, size: number): void {
    this.#table = { exportName, size }
  }

  /** Declares a function whose body follows with `body`. */
  declare<R extends Result>(name: string, params: readonly ValType[], result: R, exported = false): DefinedFunction<R> {
    const fn: DefinedFunction<R> = { name, index: -1, params, result }
    this.#functions.push({ type: this.type(params, result), fn: fn as DefinedFunction<Result>, exported })
    return fn
  }

  /** Gives a declared function its body. */
  body(fn: DefinedFunction<Result>, build: (f: FunctionBuilder) => void): void {
    fn.body = new FunctionBuilder(fn.params)
    build(fn.body)
  }

  /** Exports `body`, built by the caller, as function `name` of no result. */
  add(name: string, body: FunctionBuilder): void {
    this.declare(name, body.params, 'void', true).body = body
  }

  /** Declares and builds at once. */
  define<R extends Result>(
    name: string,
    params: readonly ValType[],
    result: R,
    build: (f: FunctionBuilder) => void,
    exported = false,
  ): DefinedFunction<R> {
    const fn = this.declare(name, params, result, exported)
    this.body(fn, build)
    return fn
  }

  /** Puts functions into the table from `offset`. */
  elements(offset: number, functions: Callee[]): void {
    this.#elements.push({ offset, functions })
  }

  /** Places bytes in memory at instantiation. */
  data(offset: number, bytes: Uint8Array): void {
    this.#data.push({ offset, bytes })
  }

  /** The module's bytes, and for tools the name of each function. */
  encode(withNames = false): Uint8Array<ArrayBuffer> {
    this.#imports.forEach(({ callee }, i) => {
      callee.index = i
    })
    this.#functions.forEach(({ fn }, i) => {
      fn.index = this.#imports.length + i
    })
    const out = new ByteSink()
    out.raw([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
    const section = (id: number, build: (s: ByteSink) => void) => {
      const s = new ByteSink()
      build(s)
      out.u8(id)
      out.u32(s.length)
      out.append(s)
      s.release()
    }
    section(1, (s) => {
      s.u32(this.#types.length)
      for (const key of this.#types) {
        const [params, result] = key.split(':') as [string, Result]
        const list = params ? (params.split(',') as ValType[]) : []
        s.u8(0x60)
        s.u32(list.length)
        for (const p of list) s.u8(VAL_TYPE_CODE[p])
        if (result === 'void') s.u32(0)
        else s.raw([1, VAL_TYPE_CODE[result]])
      }
    })
    section(2, (s) => {
      const table = this.#table && 'module' in this.#table ? this.#table : undefined
      s.u32(this.#imports.length + (this.#memory ? 1 : 0) + (table ? 1 : 0))
      for (const { module, name, type } of this.#imports) {
        s.name(module)
        s.name(name)
        s.u8(0)
        s.u32(type)
      }
      if (this.#memory) {
        s.name(this.#memory.module)
        s.name(this.#memory.name)
        s.raw([2, 3])
        s.u32(1)
        s.u32(this.#memory.maximumPages)
      }
      if (table) {
        s.name(table.module)
        s.name(table.name)
        s.raw([1, 0x70, 0])
        s.u32(table.minimum)
      }
    })
    section(3, (s) => {
      s.u32(this.#functions.length)
      for (const { type } of this.#functions) s.u32(type)
    })
    const ownTable = this.#table && 'exportName' in this.#table ? this.#table : undefined
    if (ownTable)
      section(4, (s) => {
        s.raw([1, 0x70, 0])
        s.u32(ownTable.size)
      })
    section(7, (s) => {
      const exported = this.#functions.filter((f) => f.exported)
      s.u32(exported.length + (ownTable ? 1 : 0))
      for (const { fn } of exported) {
        s.name(fn.name)
        s.u8(0)
        s.u32(fn.index)
      }
      if (ownTable) {
        s.name(ownTable.exportName)
        s.raw([1, 0])
      }
    })
    if (this.#elements.length)
      section(9, (s) => {
        s.u32(this.#elements.length)
        for (const { offset, functions } of this.#elements) {
          s.u8(0)
          s.u8(0x41)
          s.s32(offset)
          s.u8(0x0b)
          s.u32(functions.length)
          for (const callee of functions) s.u32(callee.index)
        }
      })
    const bodies = this.#functions.map(({ fn }) => {
      if (!fn.body) throw new Error(`Function ${fn.name} has no body`)
      return { index: fn.index, ...fn.body.encode() }
    })
    const hinted = bodies.filter(({ hints }) => hints.length)
    if (hinted.length)
      section(0, (s) => {
        s.name('metadata.code.branch_hint')
        s.u32(hinted.length)
        for (const { index, hints } of hinted) {
          s.u32(index)
          s.u32(hints.length)
          for (const { at, taken } of hints) {
            s.u32(at)
            s.raw([1, taken])
          }
        }
      })
    section(10, (s) => {
      s.u32(bodies.length)
      for (const { body } of bodies) {
        s.u32(body.length)
        s.append(body)
        body.release()
      }
    })
    if (this.#data.length)
      section(11, (s) => {
        s.u32(this.#data.length)
        for (const { offset, bytes } of this.#data) {
          s.u8(0)
          s.u8(0x41)
          s.s32(offset)
          s.u8(0x0b)
          s.u32(bytes.length)
          s.raw(bytes)
        }
      })
    const { name } = this
    if (withNames || name !== undefined)
      section(0, (s) => {
        s.name('name')
        if (name !== undefined) {
          const own = new ByteSink()
          own.name(name)
          s.u8(0)
          s.u32(own.length)
          s.append(own)
        }
        if (!withNames) return
        const names = new ByteSink()
        names.u32(this.#functions.length)
        for (const { fn } of this.#functions) {
          names.u32(fn.index)
          names.name(fn.name)
        }
        s.u8(1)
        s.u32(names.length)
        s.append(names)
      })
    out.relocate()
    const bytes = out.finish()
    out.release()
    return bytes
  }
}
