/** What a benchmark has measured: medians, ratios, the record that is kept of it, and the table that people read. */
import { execFileSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem } from 'node:os'
import type { SerialRun } from './serial-run.ts'

export interface Measured {
  readonly name: string
  readonly version: string
  /** The median of each kernel, in seconds. */
  readonly seconds: Readonly<Record<string, number>>
  readonly checksums: Readonly<Record<string, string>>
  /** Rounds that ended as they should. */
  readonly rounds: number
}

/** A measurement as it is kept. The first contender is the subject, with which the others are compared. */
export interface Measurement {
  readonly date: string
  readonly computer: string
  readonly system: string
  /** Average load of the minute before and of the last minute. */
  readonly load: readonly [number, number]
  readonly rounds: number
  readonly contenders: readonly Measured[]
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, x) => sum + Math.log(x), 0) / values.length)
}

/** What the rounds of a contender come to. Rounds that did not end count for the kernels that they got through. */
export function summarise(name: string, version: string, runs: readonly SerialRun[]): Measured {
  const kernels = [...new Set(runs.flatMap((run) => Object.keys(run.seconds)))]
  const seconds = kernels.map((kernel) => [kernel, median(runs.flatMap((run) => run.seconds[kernel] ?? []))] as const)
  return {
    name,
    version,
    seconds: Object.fromEntries(seconds),
    checksums: Object.assign({}, ...runs.map((run) => run.checksums)) as Record<string, string>,
    rounds: runs.filter((run) => run.done).length,
  }
}

/** How many times as fast as `other` the subject is: overall, and where it is slowest. */
export interface Comparison {
  readonly kernels: number
  readonly mean: number
  readonly worst: { readonly kernel: string; readonly ratio: number }
  /** Kernels that came to different results. */
  readonly different: readonly string[]
}

export function compare(subject: Measured, other: Measured): Comparison {
  const ratios = Object.entries(subject.seconds).flatMap(([kernel, seconds]) => {
    const theirs = other.seconds[kernel]
    return theirs === undefined ? [] : [{ kernel, ratio: theirs / seconds }]
  })
  return {
    kernels: ratios.length,
    mean: geometricMean(ratios.map(({ ratio }) => ratio)),
    worst: ratios.reduce((a, b) => (b.ratio < a.ratio ? b : a), { kernel: 'none', ratio: Number.POSITIVE_INFINITY }),
    different: ratios
      .map(({ kernel }) => kernel)
      .filter((kernel) => subject.checksums[kernel] !== other.checksums[kernel]),
  }
}

/** The computer, as a measurement names it. */
export function describeComputer(): { computer: string; system: string } {
  const [first] = cpus()
  const kernel = process.platform === 'win32' ? '' : ` ${execFileSync('uname', ['-s'], { encoding: 'utf8' }).trim()}`
  return {
    computer: `${cpus().length} × ${first?.model.trim() ?? process.arch}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${kernel.trim() || process.platform} ${release()}, node ${process.versions.node}, V8 ${process.versions.v8}`,
  }
}

/** The load of the last minute, rounded. */
export const loadNow = (): number => Math.round((loadavg()[0] ?? 0) * 100) / 100

/** Lines of a table: a row for each kernel, the contenders' seconds, and the ratios. */
export function table({ contenders, load }: Measurement): string[] {
  const [subject, ...others] = contenders
  if (!subject) return []
  const cell = (text: string) => text.padStart(11)
  const lines = [
    ['kernel'.padEnd(9), ...contenders.map((c) => cell(c.name)), ...others.map((o) => cell(`vs ${o.name}`))].join(''),
  ]
  for (const [kernel, seconds] of Object.entries(subject.seconds)) {
    const theirs = others.map((o) => o.seconds[kernel])
    const times = [seconds, ...theirs].map((x) => cell(x?.toFixed(4) ?? '-'))
    const ratios = theirs.map((x) => cell(x === undefined ? '-' : (x / seconds).toFixed(2)))
    lines.push([kernel.padEnd(9), ...times, ...ratios].join(''))
  }
  for (const other of others) {
    const { kernels, mean, worst, different } = compare(subject, other)
    lines.push(
      `${subject.name} against ${other.name}: ${mean.toFixed(2)}× over ${kernels} kernels (geometric mean), worst ${worst.kernel} ${worst.ratio.toFixed(2)}×` +
        (different.length ? `; CHECKSUMS DIFFER: ${different.join(' ')}` : ''),
    )
  }
  for (const { name, version, rounds } of contenders) lines.push(`${name}: ${version}, ${rounds} rounds`)
  lines.push(`load ${load[0]} before, ${load[1]} at the end`)
  return lines
}
