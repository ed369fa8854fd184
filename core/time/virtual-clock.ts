/**
 * The guest's time line in nanoseconds since power-on. It is a double: exact to the nanosecond for 104 days.
 * The run loop advances it, from the host's clock or from the count of executed instructions; devices only read it.
 */
export interface VirtualClock {
  /** Nanoseconds since power-on. Never goes backwards. */
  nowNs(): number
}

/** A clock that moves only when told to: the base of both run-loop clocks, and of every test. */
export class ManualClock implements VirtualClock {
  #nowNs = 0

  nowNs(): number {
    return this.#nowNs
  }

  /** Moves to `ns`; earlier instants are ignored, so that time never goes backwards. */
  advanceTo(ns: number): void {
    if (ns > this.#nowNs) this.#nowNs = ns
  }

  advanceBy(ns: number): void {
    this.advanceTo(this.#nowNs + ns)
  }

  /** Sets the time outright when a machine's saved state is restored. */
  restore(ns: number): void {
    this.#nowNs = ns
  }
}
