/**
 * The two ways in which a machine's time goes on. With the host clock it follows the host, and a halted guest sleeps. With the
 * virtual clock it is the count of executed instructions at a nominal rate, so that every run is the same, and a halted guest
 * jumps to its next deadline.
 */
import { parseWith, z } from '../base/schema.ts'
import type { StateRecord } from '../state/state-value.ts'
import type { VirtualClock } from '../time/virtual-clock.ts'

/** The virtual clock's nominal rate: 100 million instructions a second. */
const NS_PER_INSTRUCTION = 10

export interface GuestClock extends VirtualClock {
  readonly virtual: boolean
  /** Instructions that are expected to be executed in `ns` nanoseconds. */
  instructionsIn(ns: number): number
  /** Tells that `instructions` took `ns`. */
  observe(instructions: number, ns: number): void
  /** True while guest code runs: time may then go on by instructions between looks at the host's clock. */
  executing: boolean
  /** Jumps forward to `ns` while the guest is halted; the host clock cannot. */
  skipTo(ns: number): void
  save(): StateRecord
  /** Goes on from the instant of `record`, whichever clock it was saved by. */
  restore(record: StateRecord): void
}

/** `skippedNs` is what the instruction clock keeps; the host's clock has none. */
const stateSchema = z.strictObject({ nowNs: z.number().nonnegative(), skippedNs: z.number().nonnegative().nullable() })

function parseClock(record: StateRecord): z.infer<typeof stateSchema> {
  return parseWith(stateSchema, record, 'State of the clock', 'state/corrupt')
}

/** Instructions that may pass between two looks at the host's clock, each of which costs as much as a hundred of them. */
const UNSEEN_INSTRUCTIONS = 128
/** What one of them counts for: less than it takes, so that this clock does not run ahead of the host's. */
const UNSEEN_NS = 2

/** Time from the host. */
export class HostClock implements GuestClock {
  readonly virtual = false
  executing = false
  readonly #hostNowNs: () => number
  readonly #instructions: () => number
  #originNs: number
  #lastNs = 0
  /** Instructions executed when the host's clock was last looked at. */
  #seenAt = Number.NEGATIVE_INFINITY
  #seenNs = 0
  /** Instructions a nanosecond, from what was seen lately. */
  #rate = 0.1

  /** `instructions`: executed since power-on. */
  constructor(hostNowNs: () => number, instructions: () => number) {
    this.#hostNowNs = hostNowNs
    this.#instructions = instructions
    this.#originNs = hostNowNs()
  }

  nowNs(): number {
    if (!this.executing) return this.#look()
    const instructions = this.#instructions()
    const unseen = instructions - this.#seenAt
    if (unseen >= 0 && unseen < UNSEEN_INSTRUCTIONS) {
      const ns = this.#seenNs + unseen * UNSEEN_NS
      if (ns > this.#lastNs) this.#lastNs = ns
      return this.#lastNs
    }
    this.#seenAt = instructions
    this.#seenNs = this.#look()
    return this.#seenNs
  }

  #look(): number {
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

  save(): StateRecord {
    return { nowNs: this.nowNs(), skippedNs: null }
  }

  restore(record: StateRecord): void {
    const { nowNs } = parseClock(record)
    this.#originNs = this.#hostNowNs() - nowNs
    this.#lastNs = nowNs
    this.#seenAt = Number.NEGATIVE_INFINITY
  }
}

/** Time from executed instructions. */
export class InstructionClock implements GuestClock {
  readonly virtual = true
  executing = false
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

  save(): StateRecord {
    return { nowNs: this.nowNs(), skippedNs: this.#skippedNs }
  }

  /** The processor's count of instructions is restored before. */
  restore(record: StateRecord): void {
    const { nowNs, skippedNs } = parseClock(record)
    this.#skippedNs = skippedNs ?? Math.max(0, nowNs - this.#instructions() * NS_PER_INSTRUCTION)
  }
}
