/**
 * Finds out whether the picture's memory has changed, at a small cost: one number for each line of the picture. A guest writes
 * to the frame buffer behind our back, so looking is all there is; 1024 by 768 true colour takes less than a millisecond, and a
 * quarter of that while nothing moves.
 */

const MOST_LINES = 2304
/** A picture that stood still for so many looks is looked at in parts. */
const STILL_AFTER = 8
/** Every so many lines are looked at then, in turn: a change is seen after this many looks at the latest. */
const PARTS = 4

/** Words of video memory that make a line. */
export interface LineSource {
  readonly lines: number
  /** A number for line `y` that differs when its memory does. */
  hash(y: number): number
}

/** What was seen at the last look. */
export class LineHashes {
  readonly #hashes = new Int32Array(MOST_LINES)
  #stillFor = 0
  #part = 0

  /** Looks at all lines; returns whether any is different. */
  lookAtAll(source: LineSource): boolean {
    let changed = 0
    for (let y = 0; y < source.lines; y++) changed |= this.#look(source, y)
    this.#stillFor = changed ? 0 : this.#stillFor + 1
    return changed !== 0
  }

  /** Looks at all lines, or at some of them while nothing moves. */
  look(source: LineSource): boolean {
    if (this.#stillFor < STILL_AFTER) return this.lookAtAll(source)
    this.#part = (this.#part + 1) % PARTS
    let changed = 0
    for (let y = this.#part; y < source.lines; y += PARTS) changed |= this.#look(source, y)
    if (changed) this.lookAtAll(source)
    if (changed) this.#stillFor = 0
    return changed !== 0
  }

  #look(source: LineSource, y: number): number {
    const hash = source.hash(y) | 0
    const difference = hash ^ this.#hashes[y]
    this.#hashes[y] = hash
    return difference
  }
}

/**
 * A 32-bit number that the bits of `mask` in `count` words from `from` make. Four independent chains, since one multiplication must wait for the other
 * (0.4 ms for three MiB on a 3 GHz processor).
 */
export function hashWords(words: Uint32Array, from: number, count: number, mask: number): number {
  const multiplier = 0x9e37_79b1 | 0
  let a = 1
  let b = 2
  let c = 3
  let d = 4
  const end = from + count
  let i = from
  for (; i + 4 <= end; i += 4) {
    a = Math.imul(a ^ (words[i] & mask), multiplier)
    b = Math.imul(b ^ (words[i + 1] & mask), multiplier)
    c = Math.imul(c ^ (words[i + 2] & mask), multiplier)
    d = Math.imul(d ^ (words[i + 3] & mask), multiplier)
    // High bits only travel upwards in a product; this brings them back down.
    a ^= a >>> 15
    b ^= b >>> 15
    c ^= c >>> 15
    d ^= d >>> 15
  }
  for (; i < end; i++) a = Math.imul(a ^ (words[i] & mask), multiplier) ^ (a >>> 15)
  return Math.imul(Math.imul(Math.imul(a, multiplier) ^ b, multiplier) ^ c, multiplier) ^ d
}
