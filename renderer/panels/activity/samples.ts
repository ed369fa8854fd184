/** Samples as charts show them: columns of numbers, the oldest first. */
import type { MachineStats } from '../../../core/contract/events.ts'
import type { HostSample, MachineSample } from '../../../core/contract/stats.ts'

/** How much of the past a chart shows, in seconds. */
export const RANGES = [60, 300, 1800, 3600] as const
export type Range = (typeof RANGES)[number]
export const LONGEST_SECONDS = 3600

/** The sample of the second that lies between two reports of a running machine. */
export function sampleBetween(before: MachineStats | undefined, now: MachineStats, atMs: number): MachineSample {
  const sum = (stats: MachineStats | undefined, key: 'readBytes' | 'writtenBytes') =>
    stats?.drives.reduce((bytes, drive) => bytes + drive[key], 0) ?? 0
  // A machine that was started again counts from nothing.
  const difference = (key: 'readBytes' | 'writtenBytes') => (before ? Math.max(0, sum(now, key) - sum(before, key)) : 0)
  const { speedMips, idle, hostLoad, memoryBytes } = now
  return {
    atMs,
    speedMips,
    idle,
    hostLoad,
    memoryBytes,
    readBytes: difference('readBytes'),
    writtenBytes: difference('writtenBytes'),
  }
}

/** `samples` with `sample` at their end, without those that are older than the longest range. */
export function withSample<S extends { readonly atMs: number }>(samples: readonly S[], sample: S): readonly S[] {
  const oldestMs = sample.atMs - LONGEST_SECONDS * 1000
  const first = samples.findIndex(({ atMs }) => atMs >= oldestMs)
  return [...(first < 0 ? [] : samples.slice(first)), sample]
}

/** Those of the last `range` seconds before `nowMs`. */
export function inRange<S extends { readonly atMs: number }>(samples: readonly S[], range: Range, nowMs: number) {
  return samples.filter(({ atMs }) => atMs >= nowMs - range * 1000)
}

/** One line of a chart. */
export interface Line<S> {
  readonly label: string
  /** Token of its colour, without the dashes. */
  readonly color: string
  readonly read: (sample: S) => number
  readonly format: (value: number) => string
}

export interface ChartShape<S> {
  readonly id: string
  readonly title: string
  readonly lines: readonly Line<S>[]
  /** Upper end of the scale; without it the largest value decides. */
  readonly max?: number | undefined
  /** The upper end is never below this, so that nearly nothing looks like it. */
  readonly least?: number
}

/** What a screen reader says of a chart: each line with its last value. */
export function spoken<S>({ title, lines }: ChartShape<S>, last: S | undefined): string {
  if (last === undefined) return title
  return `${title}: ${lines.map(({ label, read, format }) => `${label} ${format(read(last))}`).join(', ')}`
}

export type AnySample = MachineSample | HostSample
