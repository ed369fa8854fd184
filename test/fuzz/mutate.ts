/** Damage to files, as disks, cables and people do it. */
import { Random } from '../support/random.ts'

/** Numbers of one round, which can be run again alone. Seeds that lie side by side give beginnings that have nothing in common. */
export function roundRandom(seed: number, round: number): Random {
  let hash = Math.imul(seed, 0x9e37_79b1) ^ Math.imul(round + 1, 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb_352d)
  hash = Math.imul(hash ^ (hash >>> 15), 0x846c_a68b)
  return new Random(hash ^ (hash >>> 16))
}

/** Some bytes changed, a piece cut out, doubled or cut off at the end; headers are hit more often than the bulk. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const kind = random.below(8)
  if (kind === 0) return bytes.slice(0, random.below(bytes.length))
  if (kind === 1) {
    const from = random.below(bytes.length)
    const to = Math.min(bytes.length, from + 1 + random.below(64))
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
  }
  if (kind === 2) {
    const from = random.below(bytes.length)
    const piece = bytes.subarray(from, from + 1 + random.below(64))
    return Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(from)])
  }
  // A Buffer's slice is no copy.
  const changed = new Uint8Array(bytes)
  for (let i = 0; i <= random.below(6); i++) {
    const near = random.below(3)
    const at = near === 0 ? random.below(Math.min(64, changed.length)) : random.below(changed.length)
    if (random.below(4) === 0) changed[at] = random.pick([0, 1, 0x7f, 0x80, 0xff])
    else changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8))
  }
  return changed
}
