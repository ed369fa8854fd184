/**
 * Deadlines of all devices of one machine. Devices create their timers once and arm them; the run loop asks for the
 * earliest deadline and fires what is due. Deadlines are saved by the devices that own them, not here.
 */
import type { VirtualClock } from './virtual-clock.ts'

const IDLE = Number.POSITIVE_INFINITY

/** One alarm. Firing disarms it; a periodic device arms it again from its previous deadline, so that periods do not drift. */
export class Timer {
  readonly name: string
  deadlineNs = IDLE
  /** Whether it may fire some milliseconds late while the machine idles: the guest reads from a clock how late it is. */
  patient = false
  readonly fire: (deadlineNs: number) => void
  readonly #queue: TimerQueue

  constructor(queue: TimerQueue, name: string, fire: (deadlineNs: number) => void) {
    this.#queue = queue
    this.name = name
    this.fire = fire
  }

  get armed(): boolean {
    return this.deadlineNs !== IDLE
  }

  /** Arms at an absolute instant of the virtual clock; one that has passed fires at the next poll. */
  arm(deadlineNs: number): void {
    this.deadlineNs = deadlineNs
    this.#queue.changed(deadlineNs)
  }

  armAfter(delayNs: number): void {
    this.arm(this.#queue.clock.nowNs() + delayNs)
  }

  cancel(): void {
    this.deadlineNs = IDLE
  }
}

/** The machine's timers: a few dozen at most, so a linear scan beats a heap. */
export class TimerQueue {
  readonly clock: VirtualClock
  /** Called when a timer is armed earlier than everything else, so that a running slice can end in time. */
  onEarlierDeadline: (deadlineNs: number) => void = () => {}
  readonly #timers: Timer[] = []
  #nextNs = IDLE

  constructor(clock: VirtualClock) {
    this.clock = clock
  }

  /** Creates a timer that calls `fire(deadlineNs)` once `deadlineNs` has been reached. */
  create(name: string, fire: (deadlineNs: number) => void): Timer {
    const timer = new Timer(this, name, fire)
    this.#timers.push(timer)
    return timer
  }

  /** The earliest armed deadline in nanoseconds, or Infinity. May be earlier than the truth after a cancel, never later. */
  nextDeadlineNs(): number {
    return this.#nextNs
  }

  /** The earliest deadline of a timer that is not patient, or Infinity. */
  nextImpatientNs(): number {
    let nextNs = IDLE
    for (const timer of this.#timers) if (!timer.patient && timer.deadlineNs < nextNs) nextNs = timer.deadlineNs
    return nextNs
  }

  /** What `nextDeadlineNs` was when a machine was saved, once its timers are armed again: slices end where they would have. */
  restoreNextDeadline(deadlineNs: number): void {
    this.#nextNs = deadlineNs
    for (const timer of this.#timers) if (timer.deadlineNs < this.#nextNs) this.#nextNs = timer.deadlineNs
  }

  changed(deadlineNs: number): void {
    if (deadlineNs >= this.#nextNs) return
    this.#nextNs = deadlineNs
    this.onEarlierDeadline(deadlineNs)
  }

  /** Fires everything due at the clock's present time, in order of deadline. */
  poll(): void {
    const nowNs = this.clock.nowNs()
    while (this.#nextNs <= nowNs) {
      let due: Timer | undefined
      for (const timer of this.#timers)
        if (timer.deadlineNs <= nowNs && (!due || timer.deadlineNs < due.deadlineNs)) due = timer
      if (due) {
        const deadlineNs = due.deadlineNs
        due.deadlineNs = IDLE
        due.fire(deadlineNs)
      }
      this.#nextNs = IDLE
      for (const timer of this.#timers) if (timer.deadlineNs < this.#nextNs) this.#nextNs = timer.deadlineNs
    }
  }
}
