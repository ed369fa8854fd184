/** INT 11h (equipment) and INT 12h (memory below 640 KiB): words of the BIOS data area. */
import type { Call } from '../call.ts'
import { BDA } from './bda.ts'

export function equipment(call: Call): void {
  call.ax = call.machine.readLinear16(BDA.equipment)
}

export function memoryBelow640(call: Call): void {
  call.ax = call.machine.readLinear16(BDA.memoryKib)
}
