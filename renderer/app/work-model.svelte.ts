/** Long work of the host that goes on in the background: snapshots, merges, clones, exports. */
import { SvelteMap } from 'svelte/reactivity'
import type { Client } from '../../core/contract/client.ts'
import type { EventData } from '../../core/contract/events.ts'

/** What has not been heard of for so long has failed, and said so elsewhere. */
const SILENT_MS = 30_000

export type Work = EventData<'snapshot-progress'>

export class WorkModel {
  /** By machine and kind. */
  readonly jobs = new SvelteMap<string, Work>()
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>()

  constructor(client: Client) {
    client.on('snapshot-progress', (work) => {
      const key = `${work.id ?? ''} ${work.work}`
      clearTimeout(this.#timers.get(key))
      if (work.doneBytes >= work.totalBytes) {
        this.jobs.delete(key)
        this.#timers.delete(key)
        return
      }
      this.jobs.set(key, work)
      this.#timers.set(
        key,
        setTimeout(() => this.jobs.delete(key), SILENT_MS),
      )
    })
  }
}
