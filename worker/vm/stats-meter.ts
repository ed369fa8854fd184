/** Speed, idleness and load of a machine, from its counters and this thread's processor time. */
import { threadCpuUsage } from 'node:process'
import { getHeapStatistics } from 'node:v8'
import type { VmThreadMessage, VmThreadStats } from '../../core/contract/vm-thread.ts'
import type { Machine } from '../../core/machine/machine.ts'

const INTERVAL_MS = 1000
/** A measurement over less than this would be noise: the last figures stand. */
const SHORTEST_MS = 50

interface Sample {
  readonly hostMs: number
  readonly cpuMs: number
  readonly guestNs: number
  readonly haltedNs: number
  readonly instructions: number
}

export class StatsMeter {
  readonly #machine: Machine
  #last: Sample
  #rates = { speedMips: 0, idle: 0, hostLoad: 0 }
  #nextMs: number

  constructor(machine: Machine) {
    this.#machine = machine
    this.#last = this.#sample()
    this.#nextMs = this.#last.hostMs + INTERVAL_MS
  }

  /** Tells the host once a second. */
  tick(nowMs: number, post: (message: VmThreadMessage) => void): void {
    if (nowMs < this.#nextMs) return
    this.#nextMs = nowMs + INTERVAL_MS
    post({ type: 'stats', stats: this.measure() })
  }

  measure(): VmThreadStats {
    const now = this.#sample()
    const hostMs = now.hostMs - this.#last.hostMs
    if (hostMs >= SHORTEST_MS) {
      const guestNs = now.guestNs - this.#last.guestNs
      this.#rates = {
        speedMips: (now.instructions - this.#last.instructions) / hostMs / 1000,
        idle: guestNs > 0 ? Math.min(1, (now.haltedNs - this.#last.haltedNs) / guestNs) : 0,
        hostLoad: Math.min(1, (now.cpuMs - this.#last.cpuMs) / hostMs),
      }
      this.#last = now
    }
    const { compileNs, haltedNs: _, ...counters } = this.#machine.counters()
    return {
      ...this.#rates,
      guestSeconds: now.guestNs / 1e9,
      ...counters,
      compileSeconds: compileNs / 1e9,
      memoryBytes: this.#machine.memory.buffer.byteLength + threadBytes() + counters.codeBytes,
    }
  }

  #sample(): Sample {
    const { user, system } = threadCpuUsage()
    const { instructionsInterpreted, instructionsCompiled, haltedNs } = this.#machine.counters()
    return {
      hostMs: performance.now(),
      cpuMs: (user + system) / 1000,
      guestNs: this.#machine.clock.nowNs(),
      haltedNs,
      instructions: instructionsInterpreted + instructionsCompiled,
    }
  }
}

/** What this thread has beside the memory of the machine. */
function threadBytes(): number {
  const { total_heap_size, external_memory, malloced_memory } = getHeapStatistics()
  return total_heap_size + external_memory + malloced_memory
}
