/**
 * The two ways in which a machine's time goes on. With the host clock it follows the host, and a halted guest sleeps. With the
 * virtual clock it is the count of executed instructions at a nominal rate, so that every run is the same, and a halted guest
 * jumps to its next deadline.
 */
import type { VirtualClock } from '../time/virtual-clock.ts'

/** The virtual clock's nominal rate: 100 million instructions a second. */
const NS_PER_INSTRUCTION = 10

export interface GuestClock extends VirtualClock {
  readonly virtual: boolean
  /** Instructions that are expected to be executed in `ns` nanoseconds. */
  instructionsIn(ns: number): number
  /** Tells that `instructions` took `ns`. */
  observe(instructions: number, ns: number): void
  /** Jumps forward to `ns` while the guest is halted; the host clock cannot. */
  skipTo(ns: number): void
}

/** Time from the host. */
export class HostClock implements GuestClock {
  readonly virtual = false
  readonly #hostNowNs: () => number
  readonly #originNs: number
  #lastNs = 0
  /** Instructions a nanosecond, from what was seen lately. */
  #rate = 0.1

  constructor(hostNowNs: () => number) {
    this.#hostNowNs = hostNowNs
    this.#originNs = hostNowNs()
  }

  nowNs(): number {
    const ns = this.#hostNowNs() - this.#originNs
    if (ns > this.#lastNs) this.#lastNs = ns
    return this.#lastNs
  }

  instructionsIn(ns: number): number {
    return Math.ceil(ns * this.#rate)
  }

  observe(instructions: number, ns: number): void {
    if (instructions < 1000 || ns < 1000) return
    // A slow average: one slice full of device accesses does not make the next ones short.
    this.#rate += (Math.min(instructions / ns, 20) - this.#rate) * 0.2
    if (this.#rate < 0.005) this.#rate = 0.005
  }

  skipTo(): void {}
}

/** Time from executed instructions. */
export class InstructionClock implements GuestClock {
  readonly virtual = true
  readonly #instructions: () => number
  /** Nanoseconds that passed while the guest was halted. */
  #skippedNs = 0

  constructor(instructions: () => number) {
    this.#instructions = instructions
  }

  nowNs(): number {
    return this.#skippedNs + this.#instructions() * NS_PER_INSTRUCTION
  }

  instructionsIn(ns: number): number {
    return Math.ceil(ns / NS_PER_INSTRUCTION)
  }

  observe(): void {}

  skipTo(ns: number): void {
    const behind = ns - this.nowNs()
    if (behind > 0) this.#skippedNs += behind
  }
}
