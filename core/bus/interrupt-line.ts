/** A wire that carries an interrupt request: level 1 asserts it. What sits at the other end (PIC input, PIRQ, CPU pin) is its business. */
export interface InterruptLine {
  /** Drives the wire. Edge-triggered inputs react to the change from false to true. */
  set(level: boolean): void
}

/** Several devices on one wire (PCI INTx sharing): the output is high while any input is. */
export class SharedLine {
  readonly #output: InterruptLine
  #asserted = 0
  #inputs = 0

  constructor(output: InterruptLine) {
    this.#output = output
  }

  /** A new input of the wire. */
  input(): InterruptLine {
    if (this.#inputs === 31) throw new RangeError('A shared interrupt line has at most 31 inputs')
    const bit = 1 << this.#inputs++
    return {
      set: (level) => {
        this.#asserted = level ? this.#asserted | bit : this.#asserted & ~bit
        this.#output.set(this.#asserted !== 0)
      },
    }
  }
}
