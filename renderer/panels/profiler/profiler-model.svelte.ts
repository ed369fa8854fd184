/** What the profiler shows of a running machine: its speed second by second, and the profile that was taken last. */
import type { Client } from '../../../core/contract/client.ts'
import type { MachineProfile } from '../../../core/contract/profile.ts'
import type { Notices } from '../../app/notices.svelte.ts'

/** Seconds of speed that are kept. */
export const HISTORY = 120

export class ProfilerModel {
  /** Millions of instructions of each of the last seconds, the latest at the end. */
  speeds = $state.raw<readonly number[]>([])
  profile = $state.raw<MachineProfile | null>(null)
  recording = $state(false)
  /** How long a profile is taken for. */
  seconds = $state(5)
  readonly #client: Client
  readonly #notices: Notices
  readonly #id: string
  readonly #unsubscribe: () => void

  constructor(client: Client, notices: Notices, id: string) {
    this.#client = client
    this.#notices = notices
    this.#id = id
    this.#unsubscribe = client.on('machine-stats', (stats) => {
      if (stats.id === id) this.speeds = [...this.speeds, stats.speedMips].slice(-HISTORY)
    })
  }

  async record(): Promise<void> {
    if (this.recording) return
    this.recording = true
    const call = () => this.#client.api.machine.profile({ id: this.#id, seconds: this.seconds })
    const profile = await this.#notices.guard(call)
    if (profile) this.profile = profile
    this.recording = false
  }

  close(): void {
    this.#unsubscribe()
  }
}
