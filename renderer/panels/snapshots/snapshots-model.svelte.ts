/** The snapshots of one machine: what there is, what is being done, and what can be done. */
import type { Client } from '../../../core/contract/client.ts'
import type { MachineCard } from '../../../core/contract/machine-card.ts'
import type { Snapshot, SnapshotTree } from '../../../core/contract/snapshot.ts'
import type { DelayedActions } from '../../app/delayed-actions.svelte.ts'
import type { Notices } from '../../app/notices.svelte.ts'
import { strings } from '../../strings/en.ts'
import { type SnapshotRows, snapshotRows } from './snapshot-rows.ts'

const EMPTY: SnapshotTree = { snapshots: [], parent: null, savedAt: null }

export interface SnapshotChange {
  readonly name?: string
  readonly description?: string
  readonly pinned?: boolean
}

export class SnapshotsModel {
  tree = $state.raw<SnapshotTree>(EMPTY)
  loaded = $state(false)
  selectedId = $state<string | null>(null)
  withAutomatic = $state(true)
  /** Something is being done that others have to wait for. */
  busy = $state(false)
  readonly machineId: string
  readonly #client: Client
  readonly #notices: Notices
  readonly #delayed: DelayedActions
  readonly #unsubscribe: () => void
  /** The reading under way, and the one that waits for it. */
  #reading: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor(client: Client, notices: Notices, delayed: DelayedActions, machineId: string) {
    this.#client = client
    this.#notices = notices
    this.#delayed = delayed
    this.machineId = machineId
    this.#unsubscribe = client.on('snapshots-changed', ({ id }) => {
      if (id === machineId) void this.load()
    })
  }

  get rows(): SnapshotRows {
    return snapshotRows(
      this.tree,
      (snapshot) =>
        !this.#delayed.pending.has(snapshot.id) &&
        (this.withAutomatic || snapshot.kind !== 'automatic' || snapshot.id === this.tree.parent),
    )
  }

  get selected(): Snapshot | undefined {
    return this.rows.rows.find(({ snapshot }) => snapshot?.id === this.selectedId)?.snapshot ?? undefined
  }

  get totalBytes(): number {
    return this.tree.snapshots.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }

  /** Reads the tree again. What is asked for while it is being read is read after that: an older answer never comes last. */
  load(): Promise<void> {
    this.#next ??= this.#reading.then(() => this.#read())
    return this.#next
  }

  async #read(): Promise<void> {
    this.#reading = this.#next ?? this.#reading
    this.#next = undefined
    const tree = await this.#notices.guard(() => this.#client.api.snapshot.tree({ id: this.machineId }))
    if (tree) this.tree = tree
    this.loaded = true
  }

  /** The row that is `by` rows further than the selected one; the present has none. */
  step(by: number): void {
    const ids = this.rows.rows.flatMap(({ snapshot }) => (snapshot ? [snapshot.id] : []))
    const at = ids.indexOf(this.selectedId ?? '')
    this.selectedId = ids[Math.min(ids.length - 1, Math.max(0, at < 0 ? 0 : at + by))] ?? null
  }

  async take(): Promise<Snapshot | undefined> {
    const snapshot = await this.#work(strings.snapshots.failed.take, () =>
      this.#client.api.snapshot.take({ id: this.machineId }),
    )
    if (snapshot) this.selectedId = snapshot.id
    return snapshot
  }

  /**
   * Makes `snapshot` the present. What was taken of the present before is offered to go back to. Resolves with the card, or
   * undefined when it failed.
   */
  async restore(snapshot: Snapshot, keepPresent: boolean): Promise<MachineCard | undefined> {
    const before = new Set(this.tree.snapshots.map(({ id }) => id))
    const id = this.machineId
    const card = await this.#work(strings.snapshots.failed.restore(snapshot.name), () =>
      this.#client.api.snapshot.restore({ id, snapshot: snapshot.id, keepPresent }),
    )
    if (!card) return undefined
    await this.load()
    const kept = this.tree.snapshots.find((other) => !before.has(other.id))
    const title = strings.snapshots.restored(snapshot.name)
    if (!kept) this.#notices.add('info', title)
    else
      this.#notices.offer(
        title,
        { label: strings.actions.undo, run: () => this.restore(kept, false) },
        { detail: strings.snapshots.keptAs(kept.name) },
      )
    return card
  }

  /** What the host objects to is thrown: the form shows it. */
  async update(snapshot: string, change: SnapshotChange): Promise<void> {
    await this.#client.api.snapshot.update({ id: this.machineId, snapshot, ...change })
    await this.load()
  }

  /** Deletes it after a while in which that can be taken back; its neighbour is selected. */
  remove(snapshot: Snapshot): void {
    const ids = this.rows.rows.flatMap((row) => (row.snapshot ? [row.snapshot.id] : []))
    const at = ids.indexOf(snapshot.id)
    this.selectedId = ids[at + 1] ?? ids[at - 1] ?? null
    const id = this.machineId
    this.#delayed.later(snapshot.id, strings.snapshots.deleted(snapshot.name), () =>
      this.#client.api.snapshot.delete({ id, snapshot: snapshot.id }),
    )
  }

  /** Throws what the host says: the dialog shows it. */
  clone(options: { snapshot: string | null; name: string; linked: boolean }): Promise<MachineCard> {
    return this.#client.api.snapshot.clone({ id: this.machineId, ...options })
  }

  async discardState(): Promise<void> {
    await this.#work(strings.snapshots.failed.discardState, () =>
      this.#client.api.snapshot.discardState({ id: this.machineId }),
    )
    await this.load()
  }

  async #work<T>(failed: string, run: () => Promise<T>): Promise<T | undefined> {
    this.busy = true
    const result = await this.#notices.guard(run, failed, this.machineId)
    this.busy = false
    return result
  }

  dispose(): void {
    this.#unsubscribe()
  }
}
