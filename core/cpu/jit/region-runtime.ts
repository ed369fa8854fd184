/** Runtime functions that only regions call: slow paths at an instruction named by its record and its block's EIP. */
import { COMPILED_COUNT } from '../../memory/layout.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import { commitPath, probePath, readPath, readWidePath } from '../exec/memory-paths.ts'
import { raise, sync } from '../exec/runtime-core.ts'
import { runtimeFunction, type SlowPath } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { storeSavedFlags } from './lazy-flags.ts'

/** Prepares a slow path: (op, EIP of its block). */
export const syncAt = runtimeFunction('sync_at', ['i32', 'i32'], 'void', (f, link) => {
  f.store32(0, f.param(1, 'i32'), L.BLOCK_EIP)
  f.call(link.runtime(sync), f.param(0, 'i32'))
})

/** A fault: (op, EIP of its block, vector, error code). */
export const raiseAt = runtimeFunction('raise_at', ['i32', 'i32', 'i32', 'i32'], 'void', (f, link) => {
  f.store32(0, f.param(1, 'i32'), L.BLOCK_EIP)
  f.call(link.runtime(raise), f.param(0, 'i32'), f.param(2, 'i32'), f.param(3, 'i32'))
})

/** Stores BUDGET, and counts what was spent since it was read: (budget). */
export const storeBudget = runtimeFunction('store_budget', ['i32'], 'void', (f) => {
  const spent = i64.extend_s(i32.sub(i32.load(0, L.BUDGET), f.param(0, 'i32')))
  f.store64(0, i64.add(i64.load(0, COMPILED_COUNT), spent), COMPILED_COUNT)
  f.store32(0, f.param(0, 'i32'), L.BUDGET)
})

const accessAt = (path: SlowPath) =>
  runtimeFunction(`${path.name}_at`, new Array<'i32'>(path.params + 3).fill('i32'), 'i32', (f, link) => {
    f.call(link.runtime(syncAt), f.param(0, 'i32'), f.param(1, 'i32'))
    f.call(link.runtime(storeBudget), f.param(2, 'i32'))
    const args = Array.from({ length: path.params }, (_, i) => f.param(i + 3, 'i32'))
    f.return(callExpr(link.slow(path) as never, ...args))
  })

/** Memory accesses: (op, EIP of its block, budget, and what the slow path takes). The budget is to be read again. */
export const ACCESSES_AT = new Map([readPath, readWidePath, probePath].map((path) => [path, accessAt(path)]))

/** Finishes a write: (budget). The budget is to be read again. */
export const commitWrite = runtimeFunction('commit_write', ['i32'], 'void', (f, link) => {
  f.call(link.runtime(storeBudget), f.param(0, 'i32'))
  f.call(link.slow(commitPath))
})

export const REGION_RUNTIME = [syncAt, raiseAt, storeBudget, commitWrite, storeSavedFlags, ...ACCESSES_AT.values()]
