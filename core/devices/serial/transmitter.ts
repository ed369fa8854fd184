/**
 * The transmitter of a 16550A: holding register or FIFO, shift register, and the interrupt that asks for more. When characters
 * take no time the byte leaves at once, and only the interrupt waits a moment, so that a guest sees the edge it waits for.
 */
import { z } from '../../base/schema.ts'
import type { Timer, TimerQueue } from '../../time/timer-queue.ts'
import { FIFO_BYTES } from './receive-fifo.ts'

/** How long after a write the transmitter asks for more when characters take no time. */
const IMMEDIATE_NS = 10_000

const byte = z.int().min(0).max(0xff)
/** The record of the transmitter. */
export const transmitterState = z.strictObject({
  waiting: z.array(byte),
  shifting: byte.nullable(),
  asks: z.boolean(),
  atNs: z.number().nullable(),
})
export type TransmitterState = z.infer<typeof transmitterState>

/** What the transmitter needs of its chip. */
export interface TransmitterHost {
  readonly pace: boolean
  readonly hasFifos: () => boolean
  readonly characterNs: () => number
  /** Whether the transmitter's interrupt is enabled. */
  readonly wantsInterrupt: () => boolean
  readonly emit: (byte: number) => void
  /** The transmitter's interrupt may have changed. */
  readonly changed: () => void
}

/** The sending half of a UART. */
export class Transmitter {
  readonly #host: TransmitterHost
  readonly #timer: Timer
  #waiting: number[] = []
  /** The byte in the shift register, when characters take time. */
  #shifting: number | null = null
  #asks = false

  constructor(timers: TimerQueue, name: string, host: TransmitterHost) {
    this.#host = host
    this.#timer = timers.create(name, () => this.#fire())
  }

  /** Whether its interrupt is pending. */
  get asks(): boolean {
    return this.#asks
  }

  /** THRE: the holding register or FIFO is empty. */
  get isHoldingEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** TEMT: nothing is on its way. */
  get isEmpty(): boolean {
    return this.isHoldingEmpty && this.#shifting === null
  }

  /** The interrupt was identified, or a byte written. */
  acknowledge(): void {
    this.#asks = false
  }

  /** Makes the interrupt pending if there is room: when it is enabled, and when the FIFO is cleared. */
  ask(): void {
    if (this.isHoldingEmpty) this.#asks = true
  }

  write(value: number): void {
    this.#asks = false
    this.#host.changed() // the line falls, so that the next request is an edge
    if (!this.#host.pace) {
      this.#host.emit(value)
      if (this.#host.wantsInterrupt() && !this.#timer.armed) this.#timer.armAfter(IMMEDIATE_NS)
      return
    }
    // A full FIFO loses what is written last; without FIFOs the holding register is overwritten.
    if (this.#waiting.length < (this.#host.hasFifos() ? FIFO_BYTES : 1)) this.#waiting.push(value)
    else if (!this.#host.hasFifos()) this.#waiting[0] = value
    if (this.#shifting === null) this.#shiftNext()
  }

  /** Empties FIFO or holding register; the shift register goes on. */
  clear(): void {
    this.#waiting = []
    this.#asks = true
  }

  reset(): void {
    this.#waiting = []
    this.#shifting = null
    this.#asks = false
    this.#timer.cancel()
  }

  save(): TransmitterState {
    const atNs = this.#timer.armed ? this.#timer.deadlineNs : null
    return { waiting: [...this.#waiting], shifting: this.#shifting, asks: this.#asks, atNs }
  }

  restore(state: TransmitterState): void {
    this.#waiting = state.waiting.slice(0, FIFO_BYTES)
    this.#shifting = state.shifting
    this.#asks = state.asks
    this.#timer.cancel()
    if (state.atNs !== null) this.#timer.arm(state.atNs)
  }

  dispose(): void {
    this.#timer.cancel()
  }

  #fire(): void {
    const value = this.#shifting
    if (value === null) this.#asks = true
    else {
      this.#shifting = null
      this.#host.emit(value)
      this.#shiftNext()
    }
    this.#host.changed()
  }

  #shiftNext(): void {
    const value = this.#waiting.shift()
    if (value === undefined) return
    this.#shifting = value
    if (this.isHoldingEmpty) this.#asks = true
    this.#timer.armAfter(this.#host.characterNs())
  }
}
