/** Constants of the logarithm, computed once with more bits than are kept. */

/** 2 atanh(1/n) in units of 2^-scale: ln((n + 1) / (n - 1)). */
function twiceArtanhInverse(n: bigint, scale: bigint): bigint {
  let power = (2n << scale) / n
  let sum = 0n
  for (let k = 1n; power > 0n; k += 2n) {
    sum += power / k
    power /= n * n
  }
  return sum
}

const GUARD = 64n
const LN2_WIDE = twiceArtanhInverse(3n, 128n + GUARD)

/** ln 2 × 2^128. */
export const LN2 = LN2_WIDE >> GUARD
/** 2 / ln 2 / 4 × 2^128: log2 of a number is this times 4 times the sum of artanh's series. */
export const TWO_OVER_LN2_QUARTER = (1n << (127n + 128n + GUARD)) / LN2_WIDE
