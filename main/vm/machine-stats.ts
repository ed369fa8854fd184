/** What a machine's thread counts, as the contract tells it. */
import type { MachineStats } from '../../core/contract/events.ts'
import type { VmThreadStats } from '../../core/contract/vm-thread.ts'

export function toMachineStats(id: string, stats: VmThreadStats): MachineStats {
  const { speedMips, idle, hostLoad, guestSeconds, drives } = stats
  const instructions = stats.instructionsInterpreted + stats.instructionsCompiled
  return { id, speedMips, idle, hostLoad, guestSeconds, instructions, drives: [...drives] }
}
