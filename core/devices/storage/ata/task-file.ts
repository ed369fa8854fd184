/** The command block registers of one drive, each two deep for 48-bit commands (ATA/ATAPI-6 6.20). */
import { REGISTER } from './registers.ts'

const REGISTERS = 7
const FIRST_DEEP = REGISTER.features
const LAST_DEEP = REGISTER.high

/** Saved form of the registers. */
export type TaskFileState = { readonly current: Uint8Array; readonly previous: Uint8Array }

/** Features, count, low, mid, high and device, by their register number. */
export class TaskFile {
  readonly #current = new Uint8Array(REGISTERS)
  readonly #previous = new Uint8Array(REGISTERS)

  /** What software writes; the value that was there becomes the previous one. */
  write(register: number, value: number): void {
    if (register >= FIRST_DEEP && register <= LAST_DEEP) this.#previous[register] = this.#current[register]
    this.#current[register] = value
  }

  get(register: number): number {
    return this.#current[register]
  }

  /** The previous content, which the high order bit of device control shows. */
  getPrevious(register: number): number {
    return this.#previous[register]
  }

  /** What the drive itself puts there. */
  set(register: number, value: number): void {
    this.#current[register] = value
  }

  setPrevious(register: number, value: number): void {
    this.#previous[register] = value
  }

  /** The signature by which a drive says what it is after a reset (9.12). */
  setSignature(mid: number, high: number): void {
    this.#current.set([0, 0, 1, 1, mid, high, 0])
    this.#previous.fill(0)
  }

  save(): TaskFileState {
    return { current: this.#current.slice(), previous: this.#previous.slice() }
  }

  restore(state: TaskFileState): void {
    this.#current.set(state.current)
    this.#previous.set(state.previous)
  }
}
