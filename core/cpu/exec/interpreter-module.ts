/**
 * The interpreter as one WebAssembly module: a handler for every form of every row, plus the runtime functions and slow-path
 * imports that they use, collected as they are met. The module depends on nothing but the rows, so it is made once and
 * shared by all machines.
 */
import type { ValType } from '../../wasm/expr.ts'
import type { Callee } from '../../wasm/function-builder.ts'
import type { DefinedFunction } from '../../wasm/module-builder.ts'
import { ModuleBuilder } from '../../wasm/module-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import type { Form } from '../decode/forms.ts'
import { PSEUDO_HANDLERS } from '../decode/op-layout.ts'
import { REGION_RUNTIME } from '../jit/region-runtime.ts'
import type { Linker, RuntimeFunction, SlowPath } from '../ops/runtime.ts'
import { frontName } from '../ops/runtime.ts'
import { InterpreterOps } from './interpreter-ops.ts'
import { dispatch, eipOf, follow, HANDLER_PARAMS, reload } from './runtime-core.ts'

/** Collects what generated code refers to. */
export class ModuleLinker implements Linker {
  readonly slowPaths: SlowPath[] = []
  readonly #builder: ModuleBuilder
  readonly #runtime = new Map<RuntimeFunction, DefinedFunction<ValType | 'void'>>()
  readonly #slow = new Map<SlowPath, Callee>()
  readonly #pending: RuntimeFunction[] = []

  readonly #fronts: boolean

  /** Without `fronts` slow paths are called from the first. */
  constructor(builder: ModuleBuilder, fronts = true) {
    this.#builder = builder
    this.#fronts = fronts
  }

  runtime<R extends ValType | 'void'>(fn: RuntimeFunction<R>): Callee<R> {
    const key = fn as unknown as RuntimeFunction
    let defined = this.#runtime.get(key)
    if (!defined) {
      defined = this.#builder.declare(fn.name, fn.params, fn.result as ValType | 'void', true)
      this.#runtime.set(key, defined)
      this.#pending.push(key)
    }
    return defined as unknown as Callee<R>
  }

  slow(path: SlowPath): Callee {
    let callee = this.#slow.get(path)
    if (!callee) {
      const params = new Array<ValType>(path.params).fill('i32')
      const imported = this.#builder.import('slow', path.name, params, path.result)
      this.slowPaths.push(path)
      const front = this.#fronts ? path.front : undefined
      callee = front
        ? this.runtime({
            name: frontName(path),
            params,
            result: path.result,
            build: (f, link) => front(f, link, imported),
          })
        : imported
      this.#slow.set(path, callee)
    }
    return callee
  }

  /** Builds the bodies of all runtime functions met so far, and of those that they need. */
  finish(): void {
    for (let fn = this.#pending.pop(); fn; fn = this.#pending.pop()) {
      const { build } = fn
      this.#builder.body(this.#runtime.get(fn)!, (f) => build(f, this))
    }
  }
}

/** The interpreter's code and the slow paths it imports (module "slow", by name). */
export interface InterpreterCode {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly slowPaths: readonly SlowPath[]
}

export interface InterpreterOptions {
  /** Keeps function names, for profiles. */
  readonly names?: boolean
  /** False: all slow paths are TypeScript, for comparison with those in generated code. */
  readonly fronts?: boolean
}

/** Generates the interpreter for `forms`. It exports all runtime functions, for compiled regions, and its table of handlers. */
export function buildInterpreter(forms: readonly Form[], options: InterpreterOptions = {}): InterpreterCode {
  const builder = new ModuleBuilder()
  if (builder.type(HANDLER_PARAMS, 'void') !== 0) throw new Error('The handler type comes first')
  builder.importMemory('env', 'memory')
  builder.exportTable('table', forms.length + PSEUDO_HANDLERS)
  const link = new ModuleLinker(builder, options.fronts)
  for (const fn of [dispatch, ...REGION_RUNTIME]) link.runtime(fn)
  const handlers: Callee[] = forms.map((form) =>
    builder.define(
      `${form.row.mnemonic} ${form.row.operands.join(',')} ${form.size * 8}${form.memory ? ' mem' : ''}`,
      HANDLER_PARAMS,
      'void',
      (f) => {
        const ops = new InterpreterOps(f, form, link)
        ops.prologue()
        try {
          form.row.execute(ops)
        } catch (cause) {
          throw new Error(`Row ${form.row.mnemonic} ${form.row.operands.join(', ')} (${form.row.opcode})`, { cause })
        }
        ops.epilogue()
      },
    ),
  )
  handlers.push(
    builder.define('(next block)', HANDLER_PARAMS, 'void', (f) => {
      const op = f.param(0, 'i32')
      f.returnCall(link.runtime(follow), op, eipOf(op), i32.const(0))
    }),
    builder.define('(reload)', HANDLER_PARAMS, 'void', (f) => {
      f.returnCall(link.runtime(reload), f.param(0, 'i32'))
    }),
  )
  builder.elements(0, handlers)
  link.finish()
  return { bytes: builder.encode(options.names), slowPaths: link.slowPaths }
}
