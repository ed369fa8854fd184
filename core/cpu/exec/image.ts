/** The interpreter ready to instantiate: made once, or taken from where an earlier process has put it, and shared by all machines. */

import type { DecodeTables, Form } from '../decode/forms.ts'
import { buildDecodeTables, expandRows } from '../decode/forms.ts'
import { ROWS } from '../isa/index.ts'
import type { SlowPath } from '../ops/runtime.ts'
import { SLOW_PATHS } from '../ops/runtime.ts'
import type { InterpreterOptions } from './interpreter-module.ts'
import { buildInterpreter } from './interpreter-module.ts'

export interface InterpreterImage {
  readonly module: WebAssembly.Module
  readonly slowPaths: readonly SlowPath[]
  readonly tables: DecodeTables
  readonly forms: readonly Form[]
  /** Number of forms; the pseudo handlers follow them in the table. */
  readonly handlers: number
}

/** The generated interpreter: its module, and the names of the slow paths it imports, in the order of the imports. */
export interface GeneratedInterpreter {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly slowPaths: readonly string[]
}

/** Where the host keeps generated code between processes. Both do nothing, or answer with nothing, when they cannot. */
export interface GeneratedCodeStore {
  /** What was saved by this very version of the program, whole. */
  load(): GeneratedInterpreter | undefined
  save(code: GeneratedInterpreter): void
}

/** Takes the interpreter from `store`, or generates it from the rows and puts it there. Generating it takes half a second. */
export function loadInterpreterImage(store: GeneratedCodeStore | undefined): InterpreterImage {
  const options = { names: true }
  const saved = store?.load()
  const slowPaths = saved?.slowPaths.map((name) => SLOW_PATHS.get(name))
  if (!saved || !slowPaths?.every((path) => path !== undefined)) return buildInterpreterImage(options, store)
  return imageOf(expandRows(ROWS), saved.bytes, slowPaths)
}

/** Generates and compiles the interpreter from the rows. */
export function buildInterpreterImage(options: InterpreterOptions = {}, store?: GeneratedCodeStore): InterpreterImage {
  const rows = expandRows(ROWS)
  const { bytes, slowPaths } = buildInterpreter(rows.forms, options)
  store?.save({ bytes, slowPaths: slowPaths.map(({ name }) => name) })
  return imageOf(rows, bytes, slowPaths)
}

function imageOf(
  { forms, encodings }: ReturnType<typeof expandRows>,
  bytes: Uint8Array<ArrayBuffer>,
  slowPaths: readonly SlowPath[],
): InterpreterImage {
  const module = new WebAssembly.Module(bytes)
  return { module, slowPaths, tables: buildDecodeTables(encodings), forms, handlers: forms.length }
}
