/** Damage to files, as disks, cables and people do it. */
import type { Random } from '../support/random.ts'

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
  const changed = bytes.slice()
  for (let i = 0; i <= random.below(6); i++) {
    const near = random.below(3)
    const at = near === 0 ? random.below(Math.min(64, changed.length)) : random.below(changed.length)
    if (random.below(4) === 0) changed[at] = random.pick([0, 1, 0x7f, 0x80, 0xff])
    else changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8))
  }
  return changed
}
