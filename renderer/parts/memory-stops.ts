/** Sizes of memory at which a slider stops: powers of two, and halfway between them from 64 MiB on. */
export function memoryStops(min: number, max: number): readonly number[] {
  const stops = new Set([min, max])
  for (let size = 1; size <= max; size *= 2) {
    if (size >= min) stops.add(size)
    const between = size * 1.5
    if (size >= 64 && between > min && between < max) stops.add(between)
  }
  return [...stops].toSorted((a, b) => a - b)
}
