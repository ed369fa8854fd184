/** What all work on snapshots needs of the host, and the order in which it is done: one piece at a time for each machine. */
import { AppError } from '../../core/base/errors.ts'
import type { EventData } from '../../core/contract/events.ts'
import type { HostEvents } from '../host-events.ts'
import type { Library, StoredMachine } from '../library/library.ts'
import { withAbsolutePaths } from '../library/machine-folder.ts'
import type { Machines } from '../vm/machines.ts'
import type { ThreadPools } from '../vm/vm-pool.ts'
import { SnapshotFolder } from './snapshot-folder.ts'

const PROGRESS_INTERVAL_MS = 200

export class SnapshotWork {
  readonly machines: Machines
  readonly library: Library
  readonly pools: ThreadPools
  readonly events: HostEvents
  readonly #queues = new Map<string, Promise<unknown>>()
  /** Progress of merges: a 1 in word 1 ends one. */
  readonly #merging = new Map<string, Int32Array<SharedArrayBuffer>>()

  constructor(machines: Machines, pools: ThreadPools, events: HostEvents) {
    this.machines = machines
    this.library = machines.library
    this.pools = pools
    this.events = events
  }

  /** One piece of work at a time for each machine, in the order in which it was asked for. A merge under way gives way. */
  exclusive<T>(id: string, work: () => Promise<T>): Promise<T> {
    const merging = this.#merging.get(id)
    if (merging) Atomics.store(merging, 1, 1)
    const result = (this.#queues.get(id) ?? Promise.resolve()).then(work)
    const settled = result.catch(() => {})
    this.#queues.set(id, settled)
    void settled.then(() => {
      if (this.#queues.get(id) === settled) this.#queues.delete(id)
    })
    return result
  }

  /** Merges give way; what they have done stays done. */
  endMerges(): void {
    for (const merging of this.#merging.values()) Atomics.store(merging, 1, 1)
  }

  /** Resolves when nothing is being worked on. */
  async idle(): Promise<void> {
    while (this.#queues.size > 0) await Promise.all(this.#queues.values())
  }

  folder(id: string): SnapshotFolder {
    return new SnapshotFolder(this.library.machine(id).path)
  }

  /** The next start is a power-on, unless it is to resume another state by now. A state that was saved for it goes. */
  async forgetSavedState(id: string, snapshot: string): Promise<void> {
    await this.library.change(id, (spec) =>
      spec.present.resume === snapshot ? { ...spec, present: { ...spec.present, resume: null } } : spec,
    )
    const folder = this.folder(id)
    const record = await folder.read(snapshot).catch(() => undefined)
    if (record?.kind !== 'saved') return
    await folder.discard(snapshot)
    await folder.sweep(async () => {})
  }

  tellChanged(id: string): void {
    this.events.emit('snapshots-changed', { id })
  }

  /** Tells how far `work` is while `run` goes on; word 0 of the buffer that it gets counts units of `unitBytes`. */
  async withProgress<T>(
    id: string | null,
    work: EventData<'snapshot-progress'>['work'],
    size: { readonly totalBytes: number; readonly unitBytes: number },
    run: (progress: SharedArrayBuffer) => Promise<T>,
  ): Promise<T> {
    const progress = new SharedArrayBuffer(8)
    const words = new Int32Array(progress)
    const { totalBytes, unitBytes } = size
    const tell = (doneBytes: number) => this.events.emit('snapshot-progress', { id, work, doneBytes, totalBytes })
    const timer = setInterval(
      () => tell(Math.min(Atomics.load(words, 0) * unitBytes, totalBytes)),
      PROGRESS_INTERVAL_MS,
    )
    try {
      return await run(progress)
    } finally {
      clearInterval(timer)
      if (id !== null && work === 'merge') this.#merging.delete(id)
      tell(totalBytes)
    }
  }
}

/** The hard disks of a machine, with absolute paths. */
export function diskFiles(machine: StoredMachine): string[] {
  return disksOf(withAbsolutePaths(machine.spec, machine.path)).map(({ file }) => file)
}

/** Drives with a hard disk; `file` as it stands in the spec. */
export function disksOf(
  spec: StoredMachine['spec'],
): { readonly slot: StoredMachine['spec']['drives'][number]['slot']; readonly file: string }[] {
  return spec.drives.flatMap(({ slot, kind, file }) => (kind === 'disk' && file !== null ? [{ slot, file }] : []))
}

/** The same spec with other files in some of its drives. */
export function withDiskFiles<Spec extends StoredMachine['spec']>(
  spec: Spec,
  files: ReadonlyMap<string, string>,
): Spec {
  return { ...spec, drives: spec.drives.map((drive) => ({ ...drive, file: files.get(drive.slot) ?? drive.file })) }
}

export function refuse(message: string, context: Record<string, string> = {}): never {
  throw new AppError('vm/invalid-state', message, { context })
}
