/** The wire bundle between the timer channel that makes the PC's tones and the speaker circuit at port 61h. */

/** What a timer output does from now on, in virtual time. */
export type TimerWave =
  | { readonly kind: 'steady'; readonly high: boolean }
  /** `high` now, the opposite from `atNs` on. */
  | { readonly kind: 'step'; readonly high: boolean; readonly atNs: number }
  /** High for `highNs` from `startNs` and every `periodNs` after it, low in between. */
  | { readonly kind: 'square'; readonly startNs: number; readonly periodNs: number; readonly highNs: number }

/** A timer channel as the speaker circuit sees it. */
export interface SpeakerTimer {
  /** The OUT pin now. */
  readonly output: boolean
  /** The same at a tick of the timer's clock (1,193,182 Hz), which is not earlier than the last asked about. */
  outputAt(ticks: number): boolean
  /** Drives the GATE pin. */
  setGate(level: boolean): void
  /** What OUT does from now on, if nobody touches the channel. */
  wave(): TimerWave
  /** Called after the guest has touched the channel. Set by the speaker. */
  onWaveChange: () => void
}
