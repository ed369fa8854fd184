/**
 * The guest's mouse: movements are added up and sent once per animation frame, buttons and wheel at once, in order. Fractions of a
 * count are kept for the next time.
 */
import type { MouseEventRecord } from '../../../core/contract/machine-api.ts'

const BUTTONS = ['left', 'middle', 'right'] as const
type Button = (typeof BUTTONS)[number]

const MAX_STEP = 4096
const MAX_DETENTS = 64
/** What a wheel's detent scrolls in browsers, in CSS pixels and in lines. */
const PIXELS_PER_DETENT = 100
const LINES_PER_DETENT = 3

function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value))
}

export class MouseCapture {
  readonly #send: (events: readonly MouseEventRecord[]) => void
  readonly #later: (work: () => void) => void
  readonly #down = new Set<Button>()
  #x = 0
  #y = 0
  #wheel = 0
  #scheduled = false

  /** `later` runs its argument at the next animation frame. */
  constructor(send: (events: readonly MouseEventRecord[]) => void, later: (work: () => void) => void) {
    this.#send = send
    this.#later = later
  }

  move(dx: number, dy: number): void {
    this.#x += dx
    this.#y += dy
    if (this.#scheduled) return
    this.#scheduled = true
    this.#later(() => {
      this.#scheduled = false
      this.#flush([])
    })
  }

  /** `button` as MouseEvent numbers them; those beyond three are not the guest's. */
  button(button: number, down: boolean): void {
    const name = BUTTONS[button]
    if (!name || down === this.#down.has(name)) return
    if (down) this.#down.add(name)
    else this.#down.delete(name)
    this.#flush([{ kind: 'button', button: name, down }])
  }

  /** A WheelEvent's movement; `mode` is its deltaMode. */
  wheel(deltaY: number, mode: number): void {
    this.#wheel += mode === 0 ? deltaY / PIXELS_PER_DETENT : mode === 1 ? deltaY / LINES_PER_DETENT : deltaY
    const detents = clamp(Math.trunc(this.#wheel), MAX_DETENTS)
    if (detents === 0) return
    this.#wheel -= detents
    this.#flush([{ kind: 'wheel', detents }])
  }

  releaseAll(): void {
    const events = [...this.#down].map((button) => ({ kind: 'button', button, down: false }) as const)
    this.#down.clear()
    this.#wheel = 0
    if (events.length > 0) this.#flush(events)
  }

  #flush(events: readonly MouseEventRecord[]): void {
    const dx = clamp(Math.trunc(this.#x), MAX_STEP)
    const dy = clamp(Math.trunc(this.#y), MAX_STEP)
    this.#x -= dx
    this.#y -= dy
    // Adding 0 makes -0 a plain 0.
    const moves: MouseEventRecord[] = dx !== 0 || dy !== 0 ? [{ kind: 'move', dx: dx + 0, dy: dy + 0 }] : []
    if (moves.length + events.length > 0) this.#send([...moves, ...events])
  }
}
