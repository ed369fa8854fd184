/** The interpreter ready to instantiate: made once per process (or loaded from where a build put it) and shared by all machines. */

import type { DecodeTables, Form } from '../decode/forms.ts'
import { buildDecodeTables, expandRows } from '../decode/forms.ts'
import { ROWS } from '../isa/index.ts'
import type { SlowPath } from '../ops/runtime.ts'
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

/** Generates and compiles the interpreter from the rows. */
export function buildInterpreterImage(options: InterpreterOptions = {}): InterpreterImage {
  const { forms, encodings } = expandRows(ROWS)
  const { bytes, slowPaths } = buildInterpreter(forms, options)
  return {
    module: new WebAssembly.Module(bytes),
    slowPaths,
    tables: buildDecodeTables(encodings),
    forms,
    handlers: forms.length,
  }
}
