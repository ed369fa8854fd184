/** What a machine's thread counts, as the contract tells it. */
import type { MachineStats } from '../../core/contract/events.ts'
import type { MachineSample } from '../../core/contract/stats.ts'
import type { VmThreadStats } from '../../core/contract/vm-thread.ts'

export function toMachineStats(id: string, stats: VmThreadStats): MachineStats {
  const { speedMips, idle, hostLoad, guestSeconds, drives, memoryBytes } = stats
  const instructions = stats.instructionsInterpreted + stats.instructionsCompiled
  return { id, speedMips, idle, hostLoad, guestSeconds, instructions, drives: [...drives], memoryBytes }
}

/** A second of a machine: `before` is what it told a second ago, since when its counters went on. */
export function toMachineSample(stats: VmThreadStats, before: VmThreadStats | undefined): MachineSample {
  const { speedMips, idle, hostLoad, memoryBytes } = stats
  const moved = (key: 'readBytes' | 'writtenBytes') => {
    const total = (of: VmThreadStats | undefined) => (of?.drives ?? []).reduce((sum, drive) => sum + drive[key], 0)
    return Math.max(0, total(stats) - total(before))
  }
  return {
    atMs: Date.now(),
    speedMips,
    idle,
    hostLoad,
    memoryBytes,
    readBytes: moved('readBytes'),
    writtenBytes: moved('writtenBytes'),
  }
}
