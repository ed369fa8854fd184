/**
 * What the user did with a mouse and the guest was not told yet, in order: movement adds up until a button changes, so that a
 * click stays where it was made and a press is not lost to the release that follows at once.
 */
import { z } from '../../base/schema.ts'

/** Movement that nobody fetches is kept up to this many counts; then the overflow bit is set. */
const MOST_COUNTS = 2047
/** Button changes that nobody fetches are kept up to this number; later ones change the last. */
const MOST_SAMPLES = 32

/** Movement, then a state of the buttons. `isClosed`: the buttons changed, later movement comes after that. */
const sample = z.strictObject({
  dx: z.number(),
  dy: z.number(),
  dz: z.number(),
  overflow: z.int().min(0).max(0xc0),
  buttons: z.int().min(0).max(0x1f),
  isClosed: z.boolean(),
})
type Sample = z.infer<typeof sample>

/** The record of the motion. */
export const motionState = z.strictObject({ samples: z.array(sample), told: z.int().min(0).max(0x1f) })
export type MotionState = z.infer<typeof motionState>

/** One report's worth of motion: counts (y grows upwards), detents (positive towards the user), buttons, bits 6 and 7 of a packet. */
export interface Report {
  readonly x: number
  readonly y: number
  readonly z: number
  readonly buttons: number
  readonly overflow: number
}

/** Movement and button changes on their way to the guest. */
export class MouseMotion {
  #samples: Sample[] = []
  /** The buttons as the guest knows them. */
  #told = 0

  /** The buttons as the guest knows them. */
  get told(): number {
    return this.#told
  }

  /** Whether there is something to report: a whole count, a detent or a button. */
  get hasChange(): boolean {
    const first = this.#samples[0]
    return first !== undefined && (first.isClosed || [first.dx, first.dy, first.dz].some((v) => Math.trunc(v) !== 0))
  }

  /** Adds movement in counts; y grows upwards. */
  move(dx: number, dy: number): void {
    const last = this.#open()
    last.dx = limit(last.dx + dx, MOST_COUNTS)
    last.dy = limit(last.dy + dy, MOST_COUNTS)
    if (Math.abs(last.dx) === MOST_COUNTS) last.overflow |= 0x40
    if (Math.abs(last.dy) === MOST_COUNTS) last.overflow |= 0x80
  }

  /** Adds detents of the wheel, positive towards the user. */
  wheel(detents: number): void {
    const last = this.#open()
    last.dz = limit(last.dz + detents, 127)
  }

  /** The buttons are now `buttons` (1 left, 2 right, 4 middle, 8 and 16 the others). */
  setButtons(buttons: number): void {
    if (buttons === (this.#samples.at(-1)?.buttons ?? this.#told)) return
    const last = this.#open()
    last.buttons = buttons
    last.isClosed = true
  }

  /** Takes a report with at most `mostCounts` and `mostDetents`; what does not fit follows in the next. */
  take(mostCounts: number, mostDetents: number): Report {
    const first = this.#samples[0]
    if (!first) return { x: 0, y: 0, z: 0, buttons: this.#told, overflow: 0 }
    const x = limit(Math.trunc(first.dx), mostCounts)
    const y = limit(Math.trunc(first.dy), mostCounts)
    const z = limit(Math.trunc(first.dz), mostDetents)
    first.dx -= x
    first.dy -= y
    first.dz -= z
    const { overflow } = first
    first.overflow = 0
    const isDone = [first.dx, first.dy, first.dz].every((v) => Math.trunc(v) === 0)
    if (first.isClosed && isDone) {
      this.#told = first.buttons
      this.#samples.shift()
    }
    return { x, y, z, buttons: this.#told, overflow }
  }

  /** Forgets everything; the guest is taken to know `buttons`. */
  clear(buttons: number): void {
    this.#samples = []
    this.#told = buttons
  }

  save(): MotionState {
    return { samples: this.#samples.map((entry) => ({ ...entry })), told: this.#told }
  }

  restore(state: MotionState): void {
    this.#samples = state.samples.slice(0, MOST_SAMPLES).map((entry) => ({ ...entry }))
    this.#told = state.told
  }

  /** The sample that new movement belongs to. */
  #open(): Sample {
    const last = this.#samples.at(-1)
    if (last && (!last.isClosed || this.#samples.length >= MOST_SAMPLES)) return last
    const fresh = { dx: 0, dy: 0, dz: 0, overflow: 0, buttons: last?.buttons ?? this.#told, isClosed: false }
    this.#samples.push(fresh)
    return fresh
  }
}

function limit(value: number, most: number): number {
  return Math.max(-most, Math.min(most, value))
}
