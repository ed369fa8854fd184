/** A profile as rows of bars and tables. */
import type { HotRegion, MachineProfile } from '../../../core/contract/profile.ts'
import { strings } from '../../strings/en.ts'
import { formatCount, formatPercent } from '../../strings/format.ts'

/** A bar: `part` is its length, 0 to 1. */
export interface BarRow {
  readonly label: string
  readonly part: number
  readonly value: string
}

const texts = strings.profiler

/** Where the time went, in the order of the contract. */
export function timeRows({ time, seconds }: MachineProfile): BarRow[] {
  const total = seconds || 1
  return time.map(({ kind, seconds: spent }) => ({
    label: texts.kinds[kind],
    part: Math.min(1, spent / total),
    value: formatPercent(spent / total),
  }))
}

/** Why compiled code was left, the most frequent reason first; bars are relative to it. */
export function exitRows({ exits, seconds }: MachineProfile): BarRow[] {
  const rows = Object.entries(exits).sort(([, a], [, b]) => b - a)
  const most = rows[0]?.[1] || 1
  const names: Readonly<Record<string, string>> = texts.reasons
  return rows.map(([reason, count]) => ({
    label: names[reason] ?? reason,
    part: count / most,
    value: texts.perSecond(formatCount(count / (seconds || 1))),
  }))
}

/** Points of the line of speeds in a box of `width` × `height`, and what its top stands for. */
export function speedLine(
  speeds: readonly number[],
  most: number,
  width: number,
  height: number,
): { points: string; topMips: number } {
  const topMips = Math.max(1, ...speeds)
  const step = width / Math.max(1, most - 1)
  const first = most - speeds.length
  const points = speeds.map(
    (speed, i) => `${((first + i) * step).toFixed(1)},${(height - (speed / topMips) * height).toFixed(1)}`,
  )
  return { points: points.join(' '), topMips }
}

/** "C01234F0": an address as programmers write it. */
export const addressText = (address: number): string => address.toString(16).toUpperCase().padStart(8, '0')

/** Part of the profile's time that a region took. */
export const regionPart = ({ seconds }: HotRegion, profile: MachineProfile): number => seconds / (profile.seconds || 1)
