/** Work on disk images for callers who watch and end it: the command line, and the contract. */
import { randomUUID } from 'node:crypto'
import { AppError } from '../../core/base/errors.ts'
import type { DiskInfo } from '../../core/contract/disk-info.ts'
import type { DiskTask, DiskTaskOf, DiskTaskResults } from '../../core/contract/disk-task.ts'
import type { HostEvents } from '../host-events.ts'
import type { ThreadPools } from '../vm/vm-pool.ts'
import { runDiskTask } from './disk-tasks.ts'

type Watched = Exclude<DiskTask, { type: 'info' }>

/** Work that a caller may end while it goes on, or waits for its turn. */
export interface Call {
  /** The caller's name for it. */
  readonly task: string | null
  readonly signal: AbortSignal
}

export class DiskWork {
  readonly #pools: ThreadPools
  readonly #events: HostEvents
  readonly #calls = new Map<string, AbortController>()

  constructor(pools: ThreadPools, events: HostEvents) {
    this.#pools = pools
    this.#events = events
  }

  /** Begins what its caller calls `task`: from now on `cancel` ends it. */
  async call<T>(task: string | undefined, work: (call: Call) => Promise<T>): Promise<T> {
    const abort = new AbortController()
    const name = task ?? randomUUID()
    if (this.#calls.has(name)) throw new AppError('ipc/invalid-argument', `There is work of that name already: ${name}`)
    this.#calls.set(name, abort)
    try {
      return await work({ task: task ?? null, signal: abort.signal })
    } finally {
      this.#calls.delete(name)
    }
  }

  /** Ends the work that its caller called `task`, if it goes on. */
  cancel(task: string): void {
    this.#calls.get(task)?.abort()
  }

  /** Ends everything. */
  dispose(): void {
    for (const abort of this.#calls.values()) abort.abort()
  }

  info(file: string): Promise<DiskInfo> {
    return runDiskTask<'info'>(this.#pools, { type: 'info', file })
  }

  /** Runs `task`, telling how far it is. Throws `library/locked` for images in use, `task/cancelled` after `cancel`. */
  async run<T extends Watched['type']>(
    task: Extract<Watched, { type: T }>,
    { task: name, signal }: Call,
    machineId: string | null = null,
  ): Promise<DiskTaskResults[T]> {
    if (signal.aborted) throw new AppError('task/cancelled', 'Cancelled')
    const work: Watched['type'] = task.type
    let last = { doneBytes: 0, totalBytes: 0 }
    const tell = (isDone: boolean) =>
      this.#events.emit('disk-progress', { task: name, work, machineId, ...last, isDone })
    const onProgress = (doneBytes: number, totalBytes: number) => {
      last = { doneBytes, totalBytes }
      tell(false)
    }
    try {
      return await runDiskTask<T>(this.#pools, task as DiskTaskOf<T>, { signal, onProgress })
    } finally {
      tell(true)
    }
  }
}
