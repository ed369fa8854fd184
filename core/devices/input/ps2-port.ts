/** The wire between the 8042 and a device: bytes that the device has sent and the controller has not fetched yet. */

/** A device on a PS/2 port, as the controller sees it. */
export interface Ps2Device {
  /** A byte from the host. */
  receive(byte: number): void
  /** Takes the next byte the device wants to send, or -1. */
  take(): number
  /** Called when there is something to take. */
  onData: () => void
}

/** Bytes on their way to the controller: answers to commands first, then events; both bounded, as the device's own buffer is. */
export class Ps2Queue {
  readonly #answers: number[] = []
  readonly #events: number[] = []
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Number of event bytes waiting. */
  get events(): number {
    return this.#events.length
  }

  answer(...bytes: number[]): void {
    this.#answers.push(...bytes)
    if (this.#answers.length > 64) this.#answers.length = 64
  }

  /** Queues an event whole, or not at all. Returns whether it fitted. */
  event(bytes: readonly number[]): boolean {
    if (this.#events.length + bytes.length > this.#capacity) return false
    this.#events.push(...bytes)
    return true
  }

  /** Puts one byte behind a full buffer that says that events were lost. */
  overflow(byte: number): void {
    if (this.#events.length <= this.#capacity && this.#events.at(-1) !== byte) this.#events.push(byte)
  }

  take(): number {
    return this.#answers.shift() ?? this.#events.shift() ?? -1
  }

  get empty(): boolean {
    return this.#answers.length === 0 && this.#events.length === 0
  }

  clear(): void {
    this.#answers.length = 0
    this.#events.length = 0
  }

  clearEvents(): void {
    this.#events.length = 0
  }

  save(): { answers: number[]; events: number[] } {
    return { answers: [...this.#answers], events: [...this.#events] }
  }

  restore(saved: { answers: readonly number[]; events: readonly number[] }): void {
    this.#answers.splice(0, this.#answers.length, ...saved.answers)
    this.#events.splice(0, this.#events.length, ...saved.events)
  }
}
