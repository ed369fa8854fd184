/**
 * Keeps a machine below a number of instructions a second, or below a part of one host core. Pure arithmetic: it is told what
 * slices cost and says how long to sleep; the run loop sleeps and tells how long that took.
 */

/** Slices of a machine that runs freely: short enough that keys and frames are prompt. */
export const FREE_SLICE_NS = 2_000_000
/** Sleeps shorter than this are put off: waking up costs more than they are worth. */
const SHORTEST_SLEEP_NS = 500_000
/** A machine that was idle may catch up this much at most. */
const MOST_CREDIT_NS = 5_000_000

export class SpeedGovernor {
  #limitMips: number | null
  #capPercent: number
  /** How much sleep is owed. */
  #debtNs = 0
  #budgetNs = FREE_SLICE_NS

  constructor(limitMips: number | null, capPercent: number) {
    this.#limitMips = limitMips
    this.#capPercent = capPercent
  }

  /** Another pace from now on. */
  set(limitMips: number | null, capPercent: number): void {
    this.#limitMips = limitMips
    this.#capPercent = capPercent
    this.#debtNs = 0
    this.#budgetNs = FREE_SLICE_NS
  }

  /** Whether instructions have to be counted for it. */
  get active(): boolean {
    return this.#limitMips !== null || this.#capPercent < 100
  }

  /** How long the next slice may take. A slow machine on a fast host gets short ones, so that it does not stutter. */
  get budgetNs(): number {
    return this.#budgetNs
  }

  /**
   * A slice took `busyNs` of the host's time, of which the thread had a core for `coreNs`, and executed `instructions`. Returns how long
   * to sleep now, 0 for not at all. On a busy host waiting for a core counts as sleep.
   */
  afterSlice(busyNs: number, instructions: number, coreNs = busyNs): number {
    const cappedNs = (coreNs * 100) / this.#capPercent
    const limitedNs = this.#limitMips === null ? 0 : (instructions * 1000) / this.#limitMips
    const dueNs = Math.max(cappedNs, limitedNs)
    this.#debtNs += dueNs - busyNs
    if (this.#debtNs < -MOST_CREDIT_NS) this.#debtNs = -MOST_CREDIT_NS
    if (busyNs > 0 && dueNs > busyNs) this.#budgetNs = Math.max(20_000, (FREE_SLICE_NS * busyNs) / dueNs)
    else this.#budgetNs = FREE_SLICE_NS
    return this.#debtNs >= SHORTEST_SLEEP_NS ? this.#debtNs : 0
  }

  /** The machine slept this long, for whatever reason. */
  slept(ns: number): void {
    this.#debtNs = Math.max(this.#debtNs - ns, -MOST_CREDIT_NS)
  }
}
