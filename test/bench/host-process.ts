/** What a process of this computer has used, from /proc: Linux only. */
import { readFileSync } from 'node:fs'

/** The unit of times in /proc is a hundredth of a second wherever Linux runs. */
const TICKS_PER_SECOND = 100

/** User and system time of a process and all its threads, in seconds (proc(5), stat fields 14 and 15). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Memory of a process that is really there, in MiB. */
export function residentMib(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}
