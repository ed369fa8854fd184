/** Snapshots that a rule asks for: every so many minutes while a machine runs; and how many of them are kept. */
import type { SnapshotWork } from './snapshot-work.ts'

const MINUTE_MS = 60_000

export class AutomaticSnapshots {
  readonly #work: SnapshotWork
  readonly #take: (id: string, name: string) => Promise<void>
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(work: SnapshotWork, take: (id: string, name: string) => Promise<void>) {
    this.#work = work
    this.#take = take
  }

  /** The machine runs now, or runs with another rule. */
  start(id: string): void {
    this.stop(id)
    const { everyMinutes } = this.#work.library.machine(id).spec.snapshots
    if (everyMinutes === null) return
    const timer = setInterval(() => void this.#due(id), everyMinutes * MINUTE_MS)
    timer.unref()
    this.#timers.set(id, timer)
  }

  stop(id: string): void {
    clearInterval(this.#timers.get(id))
    this.#timers.delete(id)
  }

  async #due(id: string): Promise<void> {
    // A paused machine does not change.
    if (this.#work.machines.state(id) !== 'running') return
    await this.#take(id, 'Automatic').catch((error: unknown) =>
      this.#work.events.emit('notification', {
        level: 'warning',
        machineId: id,
        error: {
          code: 'vm/invalid-state',
          message: `No automatic snapshot was taken: ${error instanceof Error ? error.message : String(error)}`,
          context: {},
        },
      }),
    )
  }

  /** Automatic snapshots beyond the machine's limit, oldest first; pinned ones and what the present stands on stay. */
  async surplus(id: string): Promise<string[]> {
    const { present, snapshots } = this.#work.library.machine(id).spec
    const records = (await this.#work.folder(id).list()).flatMap((entry) => ('record' in entry ? [entry.record] : []))
    const automatic = records.filter(({ kind, pinned }) => kind === 'automatic' && !pinned)
    const removable = automatic.filter((record) => record.id !== present.parent && record.id !== present.resume)
    return removable.slice(0, Math.max(0, automatic.length - snapshots.keep)).map((record) => record.id)
  }

  dispose(): void {
    for (const id of [...this.#timers.keys()]) this.stop(id)
  }
}
