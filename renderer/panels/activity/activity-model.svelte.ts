/** What a machine, or the host, has done lately: the past from the host's memory, then every second as it comes. */
import type { Client } from '../../../core/contract/client.ts'
import type { MachineStats } from '../../../core/contract/events.ts'
import type { HistoryEntry } from '../../../core/contract/history.ts'
import type { HostSample, MachineSample } from '../../../core/contract/stats.ts'
import type { Notices } from '../../app/notices.svelte.ts'
import { LONGEST_SECONDS, sampleBetween, withSample } from './samples.ts'

const ENTRIES = 300

export class MachineActivity {
  samples = $state.raw<readonly MachineSample[]>([])
  history = $state.raw<readonly HistoryEntry[]>([])
  readonly #client: Client
  readonly #notices: Notices
  readonly #id: string
  readonly #unsubscribe: (() => void)[]
  #last: MachineStats | undefined

  constructor(client: Client, notices: Notices, id: string) {
    this.#client = client
    this.#notices = notices
    this.#id = id
    this.#unsubscribe = [
      client.on('machine-stats', (stats) => {
        if (stats.id !== id) return
        this.samples = withSample(this.samples, sampleBetween(this.#last, stats, Date.now()))
        this.#last = stats
      }),
      client.on('machine-history', ({ id: of, entry }) => {
        if (of === id) this.history = [entry, ...this.history].slice(0, ENTRIES)
      }),
    ]
  }

  async load(): Promise<void> {
    const { api } = this.#client
    const id = this.#id
    const samples = await this.#notices.guard(() => api.stats.machine({ id, seconds: LONGEST_SECONDS }))
    if (samples) this.samples = samples
    const history = await this.#notices.guard(() => api.library.history({ id, entries: ENTRIES }))
    if (history) this.history = history
  }

  dispose(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
  }
}

export class HostActivity {
  samples = $state.raw<readonly HostSample[]>([])
  readonly #client: Client
  readonly #notices: Notices
  readonly #unsubscribe: () => void

  constructor(client: Client, notices: Notices) {
    this.#client = client
    this.#notices = notices
    this.#unsubscribe = client.on('host-stats', (sample) => {
      this.samples = withSample(this.samples, sample)
    })
  }

  async load(): Promise<void> {
    const samples = await this.#notices.guard(() => this.#client.api.stats.host({ seconds: LONGEST_SECONDS }))
    if (samples) this.samples = samples
  }

  dispose(): void {
    this.#unsubscribe()
  }
}
