/** The ACPI power management timer: 24 bits at 3.579545 MHz, with a status bit that is set whenever its top bit changes. */
import type { VirtualClock } from '../../../time/virtual-clock.ts'

/** Three times the colour subcarrier of NTSC, as the ACPI specification (4.8.3.3) demands. */
const PM_TIMER_HZ = 3_579_545
const NS_PER_SECOND = 1e9
const HALF_PERIOD = 2 ** 23

/** Counts with the virtual clock. An epoch is half a period, between two changes of the top bit. */
export class PmTimer {
  readonly #clock: VirtualClock

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  /** The 24-bit count. */
  get value(): number {
    return this.#ticks() % (2 * HALF_PERIOD)
  }

  /** How many times the top bit has changed since power-on. */
  get epoch(): number {
    return Math.floor(this.#ticks() / HALF_PERIOD)
  }

  /** When the top bit changes next, in nanoseconds of the virtual clock. */
  nextEpochNs(): number {
    const ticks = (this.epoch + 1) * HALF_PERIOD
    const seconds = Math.floor(ticks / PM_TIMER_HZ)
    return seconds * NS_PER_SECOND + Math.ceil(((ticks - seconds * PM_TIMER_HZ) * NS_PER_SECOND) / PM_TIMER_HZ)
  }

  /** Ticks since power-on, in two steps so that a product stays exact for years. */
  #ticks(): number {
    const ns = this.#clock.nowNs()
    const seconds = Math.floor(ns / NS_PER_SECOND)
    return seconds * PM_TIMER_HZ + Math.floor(((ns - seconds * NS_PER_SECOND) * PM_TIMER_HZ) / NS_PER_SECOND)
  }
}
