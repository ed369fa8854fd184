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

/** A query that comes after fewer instructions than this belongs to a loop that waits: guests calibrate clocks against each other in such. */
const TIGHT_INSTRUCTIONS = 256
/** Instructions and queries that may pass between two looks at the host's clock, each of which costs as much as a hundred instructions. */
const UNSEEN_INSTRUCTIONS = 128
const UNSEEN_QUERIES = 16
/** What a query and an instruction are taken to cost, in nanoseconds, before it is known what they do. */
const QUERY_NS = 250
const INSTRUCTION_NS = 2
/** How far this clock is behind the host's when it makes up for it at twice the speed; and when it jumps. */
const CATCH_UP_NS = 50_000
const JUMP_NS = 5_000_000
/** How far it may be behind between slices of a loop that waits. */
const SMOOTH_NS = 200_000

/**
 * Time from the host. While guest code asks for it again and again, it goes on with the instructions and queries, at a pace that is steered
 * to the host's: looks at the host's clock would be seen as jumps, and a guest that sees jumps does not trust its time-stamp counter
 * (Linux takes the 8254 instead, which costs three port accesses a look).
 */
export class HostClock implements GuestClock {
  readonly virtual = false
  executing = false
  readonly #hostNowNs: () => number
  readonly #instructions: () => number
  #originNs: number
  #lastNs = 0
  /** Instructions executed at the last query. */
  #askedAt = Number.NEGATIVE_INFINITY
  /** Instructions executed, the host's time, queries and what they were taken to cost since, when the host's clock was last looked at. */
  #seenAt = 0
  #seenNs = 0
  #queries = 0
  #takenNs = 0
  /** What things cost really, as a multiple of what they are taken to; and that with what is to be caught up. */
  #cost = 1
  #pace = 1
  /** Whether the last query was one of a loop that waits. */
  #tight = false
  /** Instructions a nanosecond, from what was seen lately. */
  #rate = 0.1

  /** `instructions`: executed since power-on. */
  constructor(hostNowNs: () => number, instructions: () => number) {
    this.#hostNowNs = hostNowNs
    this.#instructions = instructions
    this.#originNs = hostNowNs()
  }

  nowNs(): number {
    if (!this.executing) return this.#between()
    const instructions = this.#instructions()
    const passed = instructions - this.#askedAt
    this.#askedAt = instructions
    this.#tight = passed >= 0 && passed < TIGHT_INSTRUCTIONS
    if (!this.#tight) return this.#look(instructions)
    const cost = QUERY_NS + passed * INSTRUCTION_NS
    this.#takenNs += cost
    this.#lastNs += cost * this.#pace
    if (++this.#queries >= UNSEEN_QUERIES || instructions - this.#seenAt >= UNSEEN_INSTRUCTIONS)
      this.#steer(instructions)
    return this.#lastNs
  }

  get #host(): number {
    return this.#hostNowNs() - this.#originNs
  }

  /** Shows the host's time. */
  #look(instructions: number): number {
    const ns = this.#host
    if (ns > this.#lastNs) this.#lastNs = ns
    this.#began(instructions, ns)
    return this.#lastNs
  }

  #began(instructions: number, hostNs: number): void {
    this.#seenAt = instructions
    this.#seenNs = hostNs
    this.#queries = 0
    this.#takenNs = 0
  }

  /** Chooses the pace at which this clock comes to the host's time. */
  #steer(instructions: number): void {
    const ns = this.#host
    const cost = Math.min(Math.max((ns - this.#seenNs) / this.#takenNs, 0.1), 20)
    this.#cost += (cost - this.#cost) * 0.2
    const behind = ns - this.#lastNs
    if (behind > JUMP_NS) this.#lastNs = ns
    this.#pace = this.#cost * (1 + Math.min(Math.max(behind / CATCH_UP_NS, -0.75), 1))
    this.#began(instructions, ns)
  }

  /** Between slices: the host's time, but for a loop that waits, which is to see no jump there either. */
  #between(): number {
    const ns = this.#host
    if (this.#tight && ns - this.#lastNs < SMOOTH_NS) return this.#lastNs
    this.#tight = false
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
    this.#askedAt = Number.NEGATIVE_INFINITY
    this.#tight = false
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
