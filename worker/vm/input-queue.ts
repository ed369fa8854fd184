/**
 * Paces what people and scripts do to what the guest takes: the next key or movement goes in when the guest has read the last
 * one, with a gap of guest time between keystrokes of typed text, so that the 15 places of a BIOS keyboard buffer suffice.
 */
import type { KeyEvent } from '../../core/contract/key-codes.ts'
import type { MouseEventRecord } from '../../core/contract/machine-api.ts'
import type { Machine } from '../../core/machine/machine.ts'
import { strokesOf } from './us-keyboard.ts'

/** Guest time between two key events of typed text. */
const TYPING_GAP_NS = 12_000_000
/** Counts of one movement on the way to a position: below the threshold at which drivers begin to accelerate. */
const STEP_COUNTS = 4
/** Counts of one movement on the way into the corner, what one PS/2 packet holds. */
const CORNER_COUNTS = 127

type Step =
  | { readonly kind: 'key'; readonly event: KeyEvent; readonly typed: boolean }
  | { readonly kind: 'mark'; readonly reached: () => void }
type MouseStep =
  | Exclude<MouseEventRecord, { kind: 'position' }>
  /** A movement of which the guest reads each one by itself. */
  | { readonly kind: 'step'; readonly dx: number; readonly dy: number }
  | { readonly kind: 'mark'; readonly reached: () => void }

/** Clicks that wait for a guest which reads none; more are lost. */
const MOST_WAITING = 10_000

export class InputQueue {
  readonly #machine: Machine
  readonly #keys: Step[] = []
  readonly #mouse: MouseStep[] = []
  #nextTypedNs = 0

  constructor(machine: Machine) {
    this.#machine = machine
  }

  keys(events: readonly KeyEvent[]): void {
    for (const event of events) this.#keys.push({ kind: 'key', event, typed: false })
  }

  mouse(events: readonly MouseEventRecord[]): void {
    for (const event of events) {
      if (event.kind === 'position') this.#moveTo(event.x, event.y)
      else if (this.#mouse.length < MOST_WAITING) this.#mouse.push(event)
    }
  }

  /** Throws when the text has a character that cannot be typed; `typed` is called when the guest has read all of it. */
  type(text: string, typed: () => void): void {
    const strokes = strokesOf(text)
    const push = (code: KeyEvent['code'], down: boolean) =>
      this.#keys.push({ kind: 'key', event: { code, down }, typed: true })
    for (const { code, shift } of strokes) {
      if (shift) push('ShiftLeft', true)
      push(code, true)
      push(code, false)
      if (shift) push('ShiftLeft', false)
    }
    this.#keys.push({ kind: 'mark', reached: typed })
  }

  /** Calls `read` when the guest has read everything queued before. */
  whenRead(read: () => void): void {
    let waiting = 2
    const reached = () => {
      if (--waiting === 0) read()
    }
    this.#keys.push({ kind: 'mark', reached })
    this.#mouse.push({ kind: 'mark', reached })
  }

  /** Keys and buttons that were down stay down: a reset or a new guest does not lift fingers. */
  clear(): void {
    this.#keys.length = 0
    this.#mouse.length = 0
  }

  /** Whether something waits for the guest. */
  get waiting(): boolean {
    return this.#keys.length > 0 || this.#mouse.length > 0
  }

  /** Gives the guest what it can take at `nowNs` of its time. Called between slices. */
  feed(nowNs: number): void {
    this.#feedKeys(nowNs)
    this.#feedMouse()
  }

  #feedKeys(nowNs: number): void {
    const { keyboard } = this.#machine
    for (let step = this.#keys[0]; step; step = this.#keys[0]) {
      if (step.kind === 'mark') {
        if (keyboard.pending() > 0) return
        this.#keys.shift()
        step.reached()
        continue
      }
      if (step.typed && (keyboard.pending() > 0 || nowNs < this.#nextTypedNs)) return
      this.#keys.shift()
      keyboard.key(step.event.code, step.event.down)
      this.#nextTypedNs = nowNs + TYPING_GAP_NS
    }
  }

  #feedMouse(): void {
    const { mouse } = this.#machine
    for (let step = this.#mouse[0]; step; step = this.#mouse[0]) {
      // Movements that a person makes add up in the mouse; everything else waits until they have been read.
      if (step.kind !== 'move' && mouse.pending() > 0) return
      this.#mouse.shift()
      if (step.kind === 'move' || step.kind === 'step') mouse.move(step.dx, step.dy)
      else if (step.kind === 'button') mouse.button(step.button, step.down)
      else if (step.kind === 'wheel') mouse.wheel(step.detents)
      else step.reached()
    }
  }

  /** Into the corner, twice the picture's size to be sure of it, then in small steps to the place. */
  #moveTo(x: number, y: number): void {
    const { widthPx, heightPx } = this.#machine.display.mode()
    const steps = Math.ceil((2 * Math.max(widthPx, heightPx)) / CORNER_COUNTS)
    for (let i = 0; i < steps; i++) this.#mouse.push({ kind: 'step', dx: -CORNER_COUNTS, dy: -CORNER_COUNTS })
    for (let atX = 0, atY = 0; atX < x || atY < y; ) {
      const dx = Math.min(STEP_COUNTS, x - atX)
      const dy = Math.min(STEP_COUNTS, y - atY)
      this.#mouse.push({ kind: 'step', dx, dy })
      atX += dx
      atY += dy
    }
  }
}
