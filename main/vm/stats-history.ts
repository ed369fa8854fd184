/** The last samples of something that is measured once a second. */
import { STATS_HISTORY_SECONDS } from '../../core/contract/stats-api.ts'

export class StatsHistory<Sample extends { readonly atMs: number }> {
  readonly #samples: Sample[] = []
  /** Where the oldest stands once the ring is full. */
  #oldest = 0

  add(sample: Sample): void {
    if (this.#samples.length < STATS_HISTORY_SECONDS) this.#samples.push(sample)
    else {
      this.#samples[this.#oldest] = sample
      this.#oldest = (this.#oldest + 1) % STATS_HISTORY_SECONDS
    }
  }

  get last(): Sample | undefined {
    return this.#samples.at(this.#oldest - 1)
  }

  /** Samples of the last `seconds` before `nowMs`, oldest first. */
  since(seconds: number, nowMs: number): Sample[] {
    const ordered = [...this.#samples.slice(this.#oldest), ...this.#samples.slice(0, this.#oldest)]
    return ordered.filter(({ atMs }) => atMs > nowMs - seconds * 1000)
  }
}
