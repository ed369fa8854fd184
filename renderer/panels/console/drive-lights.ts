/** Activity lights, from the counters that arrive once a second. */
import type { MachineStats } from '../../../core/contract/events.ts'
import type { DriveSlot } from '../../../core/contract/machine-spec.ts'
import { strings } from '../../strings/en.ts'

export type Light = 'rest' | 'read' | 'write'

/** What each drive did between two measurements; writing counts more than reading. */
export function driveLights(before: MachineStats | undefined, now: MachineStats): ReadonlyMap<DriveSlot, Light> {
  return new Map(
    now.drives.map(({ slot, readBytes, writtenBytes }) => {
      const last = before?.drives.find((drive) => drive.slot === slot)
      const wrote = writtenBytes > (last?.writtenBytes ?? 0)
      const read = readBytes > (last?.readBytes ?? 0)
      return [slot, wrote ? 'write' : read ? 'read' : 'rest']
    }),
  )
}

/** What a light says to those who do not see it. */
export function lightText(light: Light, drive: string): string {
  const { driveReads, driveWrites, driveRests } = strings.console
  return (light === 'read' ? driveReads : light === 'write' ? driveWrites : driveRests)(drive)
}
