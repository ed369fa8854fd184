/** How a processor executes code: by the interpreter alone, or what is hot compiled. */
import type { RegionThread } from '../jit/compiler.ts'

/** Executions after which `compiler` compiles a block. */
const HOT_EXECUTIONS = 2000

/** How code is executed. `hotExecutions`: a block is compiled after so many; 0 never, 1 at its first. */
export interface ExecutionOptions {
  readonly hotExecutions: number
  /** The host's monotonic clock, for statistics of the compiler alone. */
  nowNs?(): number
  /** Another thread that makes regions of the code in this shared memory. */
  readonly thread?: ((memory: SharedArrayBuffer) => RegionThread) | undefined
}

export const EXECUTION: Readonly<Record<'auto' | 'interpreter' | 'compiler', ExecutionOptions>> = {
  interpreter: { hotExecutions: 0 },
  auto: { hotExecutions: HOT_EXECUTIONS },
  compiler: { hotExecutions: HOT_EXECUTIONS },
}
