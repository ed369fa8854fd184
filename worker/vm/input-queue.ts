/**
 * Paces what people and scripts do to what the guest takes: the next key or movement goes in when the guest has read the last
 * one, with a gap of guest time between keystrokes of typed text, so that the 15 places of a BIOS keyboard buffer suffice.
 * What a guest does not read for a while is given up.
 */
import { typeOn } from '../../assets/keymaps/strokes.ts'
import { AppError } from '../../core/base/errors.ts'
import type { KeyEvent } from '../../core/contract/key-codes.ts'
import type { KeyboardLayout } from '../../core/contract/keyboard-layouts.ts'
import type { MouseEventRecord } from '../../core/contract/machine-api.ts'
import type { Machine } from '../../core/machine/machine.ts'

/** Guest time between two key events of typed text. */
const TYPING_GAP_NS = 12_000_000
/** A guest that reads nothing for this long will not read. */
const PATIENCE_NS = 10_000_000_000
/** Counts of one movement on the way to a position: below the threshold at which drivers begin to accelerate. */
const STEP_COUNTS = 4
/** Counts of one movement on the way into the corner, what one PS/2 packet holds. */
const CORNER_COUNTS = 127
/** Clicks that wait for a guest which reads none; more are lost. */
const MOST_WAITING = 10_000

/** Characters that an error names. */
const MOST_NAMED = 20

/** How text is typed. */
export interface TypeOptions {
  readonly layout?: KeyboardLayout
  readonly skipMissing?: boolean
}

/** Called when the guest has read everything before, or (false) when it was given up. */
type Mark = (read: boolean) => void

type KeyStep = { readonly event: KeyEvent; readonly typed: boolean }
/** `alone`: the guest reads it by itself before the next. */
type MouseStep = { readonly event: Exclude<MouseEventRecord, { kind: 'position' }>; readonly alone: boolean }

/** Steps in their order, and marks between them. */
class Lane<Step extends object> {
  #waiting: (Step | Mark)[] = []
  #lastNs = 0

  get length(): number {
    return this.#waiting.length
  }

  push(step: Step | Mark): void {
    this.#waiting.push(step)
  }

  /** Takes what `ready` (with no argument: all has been read) lets through. */
  feed(nowNs: number, ready: (step?: Step) => boolean, give: (step: Step) => void): void {
    let taken = 0
    for (const step of this.#waiting) {
      if (typeof step === 'function' ? !ready() : !ready(step)) break
      taken++
      if (typeof step === 'function') step(true)
      else give(step)
    }
    if (taken > 0) this.#waiting.splice(0, taken)
    if (taken > 0 || this.#waiting.length === 0) this.#lastNs = nowNs
    else if (nowNs - this.#lastNs > PATIENCE_NS) this.giveUp()
  }

  giveUp(): void {
    const lost = this.#waiting
    this.#waiting = []
    for (const step of lost) if (typeof step === 'function') step(false)
  }
}

export class InputQueue {
  readonly #machine: Machine
  readonly #keys = new Lane<KeyStep>()
  readonly #mouse = new Lane<MouseStep>()
  #nextTypedNs = 0

  constructor(machine: Machine) {
    this.#machine = machine
  }

  keys(events: readonly KeyEvent[]): void {
    for (const event of events) this.#keys.push({ event, typed: false })
  }

  mouse(events: readonly MouseEventRecord[]): void {
    for (const event of events) {
      if (event.kind === 'position') this.#moveTo(event.x, event.y)
      // Movements that a person makes add up in the mouse; everything else waits until they have been read.
      else if (this.#mouse.length < MOST_WAITING) this.#mouse.push({ event, alone: event.kind !== 'move' })
    }
  }

  /**
   * Types `text`; `typed` is called in the end. Throws `ipc/invalid-argument` when the layout lacks one of its characters, unless
   * those are to be skipped.
   */
  type(text: string, typed: Mark, { layout = 'us', skipMissing = false }: TypeOptions = {}): void {
    const { strokes, missing } = typeOn(layout, text)
    if (missing.length > 0 && !skipMissing) {
      const characters = missing.slice(0, MOST_NAMED).map((character) => JSON.stringify(character))
      throw new AppError('ipc/invalid-argument', `The keyboard layout ${layout} cannot type ${characters.join(', ')}`, {
        context: { layout, missing: missing.join('') },
      })
    }
    const push = (code: KeyEvent['code'], down: boolean) => this.#keys.push({ event: { code, down }, typed: true })
    for (const { code, shift, altGr } of strokes) {
      if (shift) push('ShiftLeft', true)
      if (altGr) push('AltRight', true)
      push(code, true)
      push(code, false)
      if (altGr) push('AltRight', false)
      if (shift) push('ShiftLeft', false)
    }
    this.#keys.push(typed)
  }

  /** Calls `done` when the guest has read everything queued before, or will not. */
  whenRead(done: () => void): void {
    let lanes = 2
    const reached = () => {
      if (--lanes === 0) done()
    }
    this.#keys.push(reached)
    this.#mouse.push(reached)
  }

  /** Gives up what waits. Keys and buttons that were down stay down: a reset does not lift fingers. */
  clear(): void {
    this.#keys.giveUp()
    this.#mouse.giveUp()
  }

  /** Whether something waits for the guest. */
  get waiting(): boolean {
    return this.#keys.length > 0 || this.#mouse.length > 0
  }

  /** Gives the guest what it can take at `nowNs` of its time. Called between slices. */
  feed(nowNs: number): void {
    const { keyboard, mouse } = this.#machine
    this.#keys.feed(
      nowNs,
      (step) => (step && !step.typed) || (keyboard.pending() === 0 && (!step || nowNs >= this.#nextTypedNs)),
      ({ event }) => {
        keyboard.key(event.code, event.down)
        this.#nextTypedNs = nowNs + TYPING_GAP_NS
      },
    )
    this.#mouse.feed(
      nowNs,
      (step) => (step && !step.alone) || mouse.pending() === 0,
      ({ event }) => {
        if (event.kind === 'move') mouse.move(event.dx, event.dy)
        else if (event.kind === 'button') mouse.button(event.button, event.down)
        else mouse.wheel(event.detents)
      },
    )
  }

  /** Into the corner, twice the picture's size to be sure of it, then in small steps to the place. */
  #moveTo(x: number, y: number): void {
    const move = (dx: number, dy: number) => this.#mouse.push({ event: { kind: 'move', dx, dy }, alone: true })
    const { widthPx, heightPx } = this.#machine.display.mode()
    const steps = Math.ceil((2 * Math.max(widthPx, heightPx)) / CORNER_COUNTS)
    for (let i = 0; i < steps; i++) move(-CORNER_COUNTS, -CORNER_COUNTS)
    for (let atX = 0, atY = 0; atX < x || atY < y; ) {
      const dx = Math.min(STEP_COUNTS, x - atX)
      const dy = Math.min(STEP_COUNTS, y - atY)
      move(dx, dy)
      atX += dx
      atY += dy
    }
  }
}
