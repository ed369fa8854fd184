/**
 * The part of the WebAssembly JavaScript interface that the machine uses. TypeScript declares it only in the DOM
 * library, which `core` is compiled without.
 *
 * Source: WebAssembly JavaScript Interface (W3C), with shared memories from the threads proposal.
 */
declare namespace WebAssembly {
  type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | 'anyfunc' | 'externref'
  type TableKind = 'anyfunc' | 'externref'
  type ImportExportKind = 'function' | 'global' | 'memory' | 'table' | 'tag'

  interface Module {
    readonly [moduleBrand]: never
  }
  const moduleBrand: unique symbol
  const Module: {
    prototype: Module
    new (bytes: ArrayBufferView<ArrayBuffer> | ArrayBuffer): Module
    exports(module: Module): { name: string; kind: ImportExportKind }[]
    imports(module: Module): { module: string; name: string; kind: ImportExportKind }[]
    customSections(module: Module, name: string): ArrayBuffer[]
  }

  type ExportValue = ((...parameters: never[]) => unknown) | Memory | Table | Global
  type Imports = Record<string, Record<string, unknown>>

  interface Instance {
    /** What the module exports; the caller knows the types, because it made the module. */
    // biome-ignore lint/suspicious/noExplicitAny: a module's exports have the types its maker gave them
    readonly exports: Record<string, any>
  }
  const Instance: { prototype: Instance; new (module: Module, imports?: Imports): Instance }

  interface MemoryDescriptor {
    /** In pages of 64 KiB. */
    initial: number
    /** In pages of 64 KiB; required when shared. */
    maximum?: number
    shared?: boolean
  }
  interface Memory {
    readonly buffer: ArrayBuffer | SharedArrayBuffer
    /** Grows by pages of 64 KiB and returns the old size in pages. */
    grow(delta: number): number
  }
  const Memory: { prototype: Memory; new (descriptor: MemoryDescriptor): Memory }

  interface TableDescriptor {
    element: TableKind
    initial: number
    maximum?: number
  }
  interface Table {
    readonly length: number
    // biome-ignore lint/suspicious/noExplicitAny: an element is null or whatever function was put there
    get(index: number): any
    grow(delta: number, value?: unknown): number
    set(index: number, value?: unknown): void
  }
  const Table: { prototype: Table; new (descriptor: TableDescriptor, value?: unknown): Table }

  interface Global {
    // biome-ignore lint/suspicious/noExplicitAny: number or bigint, as the descriptor says
    value: any
  }
  const Global: {
    prototype: Global
    new (descriptor: { value: ValueType; mutable?: boolean }, value?: unknown): Global
  }

  interface Tag {
    readonly [tagBrand]: never
  }
  const tagBrand: unique symbol
  const Tag: { prototype: Tag; new (descriptor: { parameters: ValueType[] }): Tag }

  interface CompileError extends Error {}
  const CompileError: { prototype: CompileError; new (message?: string): CompileError }
  interface LinkError extends Error {}
  const LinkError: { prototype: LinkError; new (message?: string): LinkError }
  interface RuntimeError extends Error {}
  const RuntimeError: { prototype: RuntimeError; new (message?: string): RuntimeError }

  function validate(bytes: ArrayBufferView<ArrayBuffer> | ArrayBuffer): boolean
}
