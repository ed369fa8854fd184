/** Activity lights of drives. */
import type { Lights } from '../../../core/contract/events.ts'
import type { DriveSlot } from '../../../core/contract/machine-spec.ts'
import { strings } from '../../strings/en.ts'

export type Light = 'rest' | 'read' | 'write'

/** What a drive does; writing counts more than reading. */
export function driveLight(lights: Lights | null, slot: DriveSlot): Light {
  if (lights?.writing.includes(slot)) return 'write'
  return lights?.reading.includes(slot) ? 'read' : 'rest'
}

/** What a light says to those who do not see it. */
export function lightText(light: Light, drive: string): string {
  const { driveReads, driveWrites, driveRests } = strings.console
  return (light === 'read' ? driveReads : light === 'write' ? driveWrites : driveRests)(drive)
}
