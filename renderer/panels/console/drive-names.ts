/** Drives and media in few words. */
import type { DriveSpec } from '../../../core/contract/machine-spec.ts'
import { strings } from '../../strings/en.ts'

/** "Floppy A", "CD", "Hard disk": what people call it; the slot tells drives of one kind apart where that is needed. */
export function driveName({ kind, slot }: DriveSpec): string {
  return kind === 'floppy' ? strings.slots[slot] : strings.driveKinds[kind]
}

/** The file's own name, without its folder. */
export function mediumName({ file }: DriveSpec): string {
  return file === null ? strings.console.emptyDrive : (file.split(/[\\/]/).at(-1) ?? file)
}
