/**
 * Where the electron beam is, by the virtual clock: the retrace bits of input status 1, the vertical interrupt latch, the start
 * address that takes effect only at vertical retrace, and the phases of blinking.
 *
 * Source: IBM VGA technical reference, "Input status register 0 and 1", CRT controller 0Ch, 0Dh, 11h.
 */
import type { VirtualClock } from '../../../time/virtual-clock.ts'
import type { CrtcTiming } from './crtc-timing.ts'

const DISPLAY_DISABLED = 0x01
const VERTICAL_RETRACE = 0x08
/** Stands for "not blank" where an instant is expected: no clock gets there. */
const SHOWN = Number.MAX_VALUE
/** A poller that comes back within this many frames is one that waits for the retrace. */
const POLL_FRAMES = 1.5

/** The beam's memory, for saved state. */
export type BeamState = {
  readonly start: number
  readonly shownStart: number
  readonly startWrittenNs: number
  readonly polledNs: number
  readonly interruptClearedNs: number
  readonly blankSinceNs: number
}

/** Beam position and everything that hangs on it. `timing` is set by the owner whenever registers change it. */
export class Beam {
  timing: CrtcTiming
  readonly #clock: VirtualClock
  /** The start address as programmed, and the one the frame on the screen began with. */
  #start = 0
  #shownStart = 0
  #startWrittenNs = 0
  #polledNs = 0
  #interruptClearedNs = 0
  /** Since when the screen is switched off, or SHOWN. */
  #blankSinceNs = -1e9

  constructor(clock: VirtualClock, timing: CrtcTiming) {
    this.#clock = clock
    this.timing = timing
  }

  reset(): void {
    const nowNs = this.#clock.nowNs()
    this.#start = 0
    this.#shownStart = 0
    this.#startWrittenNs = nowNs
    this.#polledNs = nowNs
    this.#interruptClearedNs = nowNs
    this.#blankSinceNs = nowNs - 1e9
  }

  /**
   * Bits 0 and 3 of input status 1, and in bits 4 and 5 two colour outputs, which diagnostics expect to see changing. A clock
   * that jumped over a whole retrace since the last poll shows it now: whoever waits for the retrace never misses one.
   */
  status(): number {
    const { frameNs, lineNs, activeNs, pictureLines, retraceStartNs, retraceEndNs } = this.timing
    const nowNs = this.#clock.nowNs()
    const sinceNs = nowNs - this.#polledNs
    const missed = sinceNs < frameNs * POLL_FRAMES && this.#retraces(nowNs) !== this.#retraces(this.#polledNs)
    this.#polledNs = nowNs
    const frameAtNs = nowNs % frameNs
    const line = Math.floor(frameAtNs / lineNs)
    const lineAtNs = frameAtNs - line * lineNs
    if (missed || (frameAtNs >= retraceStartNs && frameAtNs < retraceEndNs)) return VERTICAL_RETRACE | DISPLAY_DISABLED
    if (line >= pictureLines || lineAtNs >= activeNs) return DISPLAY_DISABLED
    return ((lineAtNs * 64) / lineNs) & 0x30
  }

  /** Bit 7 of input status 0: a vertical retrace began since the latch was cleared. */
  interruptPending(): boolean {
    return this.#retraces(this.#clock.nowNs()) !== this.#retraces(this.#interruptClearedNs)
  }

  clearInterrupt(): void {
    this.#interruptClearedNs = this.#clock.nowNs()
  }

  /** A write to the start address; the frame on the screen keeps the old one up to its retrace. */
  setStart(start: number): void {
    this.#shownStart = this.shownStart()
    this.#start = start
    this.#startWrittenNs = this.#clock.nowNs()
  }

  /** The start address of the frame on the screen. */
  shownStart(): number {
    return this.#retraces(this.#clock.nowNs()) === this.#retraces(this.#startWrittenNs) ? this.#shownStart : this.#start
  }

  /** Tells whether the display is switched off now; short moments, as drivers use to write faster, do not count. */
  setBlank(blank: boolean): void {
    if (!blank) this.#blankSinceNs = SHOWN
    else if (this.#blankSinceNs === SHOWN) this.#blankSinceNs = this.#clock.nowNs()
  }

  get blank(): boolean {
    return this.#clock.nowNs() - this.#blankSinceNs >= this.timing.frameNs
  }

  /** Number of the frame on the screen, from which blinking follows. */
  frameNumber(): number {
    return Math.floor(this.#clock.nowNs() / this.timing.frameNs)
  }

  save(): BeamState {
    return {
      start: this.#start,
      shownStart: this.#shownStart,
      startWrittenNs: this.#startWrittenNs,
      polledNs: this.#polledNs,
      interruptClearedNs: this.#interruptClearedNs,
      blankSinceNs: this.#blankSinceNs,
    }
  }

  restore(state: BeamState): void {
    this.#start = state.start
    this.#shownStart = state.shownStart
    this.#startWrittenNs = state.startWrittenNs
    this.#polledNs = state.polledNs
    this.#interruptClearedNs = state.interruptClearedNs
    this.#blankSinceNs = state.blankSinceNs
  }

  /** How many vertical retraces have begun up to `ns`. */
  #retraces(ns: number): number {
    return Math.floor((ns - this.timing.retraceStartNs) / this.timing.frameNs)
  }
}
