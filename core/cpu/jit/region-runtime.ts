/** Runtime functions that only regions call: slow paths at an instruction named by its record and its block's EIP. */
import { callExpr } from '../../wasm/function-builder.ts'
import { commitPath, probePath, readPath, readWidePath } from '../exec/memory-paths.ts'
import { raise, sync } from '../exec/runtime-core.ts'
import { runtimeFunction, type SlowPath } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'

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

const accessAt = (path: SlowPath) =>
  runtimeFunction(`${path.name}_at`, new Array<'i32'>(path.params + 2).fill('i32'), 'i32', (f, link) => {
    f.call(link.runtime(syncAt), f.param(0, 'i32'), f.param(1, 'i32'))
    const args = Array.from({ length: path.params }, (_, i) => f.param(i + 2, 'i32'))
    f.return(callExpr(link.slow(path) as never, ...args))
  })

/** Memory accesses: (op, EIP of its block, and what the slow path takes). */
export const ACCESSES_AT = new Map([readPath, readWidePath, probePath].map((path) => [path, accessAt(path)]))

export const commitWrite = runtimeFunction('commit_write', [], 'void', (f, link) => f.call(link.slow(commitPath)))

export const REGION_RUNTIME = [syncAt, raiseAt, commitWrite, ...ACCESSES_AT.values()]
