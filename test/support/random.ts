/** A small seeded generator, so that every random test can be run again from the seed it prints. */

/** Numbers from a seed (xorshift32, Marsaglia 2003). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0 || 0x9e37_79b9
  }

  /** The next 32 bits, unsigned. */
  next(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x
    return x >>> 0
  }

  /** A number from 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * bound)
  }

  /** One of `items`. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }
}
