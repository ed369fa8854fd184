/** The receiver's buffer of a 16550A: characters with their own error bits (PC16550D data sheet, 8.4 and 8.6). */

export const FIFO_BYTES = 16

/** Characters that arrived and were not read yet. Errors are line status bits that belong to one character. */
export class ReceiveFifo {
  #entries: { byte: number; errors: number }[] = []
  /** 16 in FIFO mode, 1 without. */
  capacity = 1

  get length(): number {
    return this.#entries.length
  }

  get isFull(): boolean {
    return this.#entries.length >= this.capacity
  }

  /** Adds a character; returns false when it was lost. Without FIFOs it replaces the unread one. */
  push(byte: number, errors: number): boolean {
    const fits = !this.isFull
    if (fits) this.#entries.push({ byte, errors })
    else if (this.capacity === 1) this.#entries[0] = { byte, errors }
    return fits
  }

  /** Takes the oldest character, or undefined. */
  shift(): number | undefined {
    return this.#entries.shift()?.byte
  }

  /** Errors of the oldest character. */
  get errors(): number {
    return this.#entries[0]?.errors ?? 0
  }

  /** Forgets the errors of the oldest character, which the guest has read. */
  clearErrors(): void {
    const first = this.#entries[0]
    if (first) first.errors = 0
  }

  get hasErrors(): boolean {
    return this.#entries.some((entry) => entry.errors !== 0)
  }

  clear(): void {
    this.#entries = []
  }

  save(): { byte: number; errors: number }[] {
    return this.#entries.map((entry) => ({ ...entry }))
  }

  restore(entries: readonly { byte: number; errors: number }[]): void {
    this.#entries = entries.slice(0, FIFO_BYTES).map((entry) => ({ ...entry }))
  }
}
