/** Measures the host once a second, while a machine runs or somebody watches. */

import { availableParallelism, cpus, freemem, totalmem } from 'node:os'
import { availableMemory, memoryUsage } from 'node:process'
import type { HostSample, MachineSample } from '../../core/contract/stats.ts'
import type { HostEvents } from '../host-events.ts'
import { StatsHistory } from './stats-history.ts'

const INTERVAL_MS = 1000

/** Milliseconds that all cores have worked, and have been there, since the computer was started. */
function coreTimes(): { busyMs: number; allMs: number } {
  let busyMs = 0
  let allMs = 0
  for (const { times } of cpus()) {
    const working = times.user + times.nice + times.sys + times.irq
    busyMs += working
    allMs += working + times.idle
  }
  return { busyMs, allMs }
}

/** What machines that run now have last told of themselves. */
export type RunningSamples = () => readonly (MachineSample | undefined)[]

export class HostMeter {
  readonly history = new StatsHistory<HostSample>()
  readonly #events: HostEvents
  readonly #running: RunningSamples
  readonly #timer: NodeJS.Timeout
  #cores = coreTimes()
  #own = process.cpuUsage()
  #atMs = performance.now()

  constructor(events: HostEvents, running: RunningSamples) {
    this.#events = events
    this.#running = running
    this.#timer = setInterval(() => this.#tick(), INTERVAL_MS)
    this.#timer.unref()
  }

  dispose(): void {
    clearInterval(this.#timer)
  }

  #tick(): void {
    const machines = this.#running()
    const watched = this.#events.isWatched('host-stats')
    if (machines.length === 0 && !watched) return
    const sample = this.measure(machines)
    this.history.add(sample)
    if (watched) this.#events.emit('host-stats', sample)
  }

  /** Since the last time. */
  measure(machines: readonly (MachineSample | undefined)[]): HostSample {
    const cores = coreTimes()
    const own = process.cpuUsage()
    const nowMs = performance.now()
    const allMs = Math.max(1, cores.allMs - this.#cores.allMs)
    const ownMs = (own.user + own.system - this.#own.user - this.#own.system) / 1000
    const ownAllMs = Math.max(1, (nowMs - this.#atMs) * availableParallelism())
    const sum = (of: (sample: MachineSample) => number) =>
      machines.reduce((total, sample) => total + (sample ? of(sample) : 0), 0)
    const sample: HostSample = {
      atMs: Date.now(),
      cpu: Math.min(1, (cores.busyMs - this.#cores.busyMs) / allMs),
      ownCpu: Math.min(1, ownMs / ownAllMs),
      memoryTotalBytes: totalmem(),
      // Within a container its limit counts.
      memoryFreeBytes: Math.min(freemem(), availableMemory()),
      ownMemoryBytes: memoryUsage.rss(),
      machinesMemoryBytes: sum(({ memoryBytes }) => memoryBytes),
      running: machines.length,
      readBytes: sum(({ readBytes }) => readBytes),
      writtenBytes: sum(({ writtenBytes }) => writtenBytes),
    }
    this.#cores = cores
    this.#own = own
    this.#atMs = nowMs
    return sample
  }
}
