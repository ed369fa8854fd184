/** Values at which the sliders of the wizard stop. */
import { strings } from '../../strings/en.ts'

const DISK_STOPS_MIB = [
  ...[10, 20, 32, 40, 60, 80, 120, 200, 340, 500, 850, 1000, 1500, 2000, 3000, 4000, 6000, 8000],
  ...[10_000, 16_000, 20_000, 32_000, 40_000, 64_000, 80_000, 120_000, 250_000, 500_000, 1_000_000, 2_000_000],
] as const

/** Sizes of disks as they were sold, up to `maxMib`, with `goodMib` among them. */
export function diskStops(goodMib: number, maxMib: number): readonly number[] {
  const stops = new Set<number>(DISK_STOPS_MIB.filter((size) => size <= maxMib))
  stops.add(goodMib)
  stops.add(maxMib)
  return [...stops].toSorted((a, b) => a - b)
}

/** Speeds in MIPS, those of the past with `limitMips` among them; null, the last, is no limit. */
export function speedStops(limitMips: number | null): readonly (number | null)[] {
  const stops = new Set(Object.keys(strings.settings.periods).map(Number))
  if (limitMips !== null) stops.add(limitMips)
  return [...[...stops].toSorted((a, b) => a - b), null]
}

/** "486, 66 MHz (27 MIPS)"; the nearest period for a speed between them. */
export function speedName(limitMips: number | null): string {
  if (limitMips === null) return strings.templates.noLimit
  const name = (strings.settings.periods as Readonly<Record<string, string>>)[String(limitMips)]
  const speed = strings.templates.speedOf(limitMips)
  return name === undefined ? speed : `${name} (${speed})`
}
