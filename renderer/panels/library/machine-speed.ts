/** How a running machine does, in a word. */
import type { MachineStats } from '../../../core/contract/events.ts'
import { strings } from '../../strings/en.ts'
import { formatMips } from '../../strings/format.ts'

/** From here on a guest counts as idle: what is left are its timer interrupts. */
const IDLE_FROM = 0.95
/** A guest that executes less than this waits for something, whether it halts or not. */
const BUSY_FROM_MIPS = 0.05

/** "112 MIPS", or "idle"; "" for a machine of which nothing has been measured. */
export function speedText(stats: MachineStats | null | undefined): string {
  if (!stats) return ''
  return stats.idle >= IDLE_FROM || stats.speedMips < BUSY_FROM_MIPS ? strings.units.idle : formatMips(stats.speedMips)
}
