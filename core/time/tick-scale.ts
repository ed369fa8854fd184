/**
 * The relation between virtual nanoseconds and the ticks of a fixed-frequency oscillator that has run since power-on. Whole
 * seconds are split off first, so that no product exceeds 2^53 and nothing drifts however long the machine runs.
 */
const SECOND_NS = 1_000_000_000

/** Converts between instants of the virtual clock and tick numbers of a clock of `hz` (an integer up to 9 MHz is exact; faster ones to a few ns). */
export class TickScale {
  readonly hz: number
  /** The whole second that was asked for last, and the ticks up to it: the next question is mostly about the same. */
  #secondNs = 0
  #secondTicks = 0

  constructor(hz: number) {
    this.hz = hz
  }

  /** The number of ticks that have passed at the instant `ns`. */
  ticksAt(ns: number): number {
    let rest = ns - this.#secondNs
    if (!(rest >= 0 && rest < SECOND_NS)) {
      const seconds = Math.floor(ns / SECOND_NS)
      this.#secondNs = seconds * SECOND_NS
      this.#secondTicks = seconds * this.hz
      rest = ns - this.#secondNs
    }
    return this.#secondTicks + Math.floor((rest * this.hz) / SECOND_NS)
  }

  /** The first nanosecond at which `ticksAt` gives `ticks`. */
  nsAt(ticks: number): number {
    const seconds = Math.floor(ticks / this.hz)
    return seconds * SECOND_NS + Math.ceil(((ticks - seconds * this.hz) * SECOND_NS) / this.hz)
  }
}
