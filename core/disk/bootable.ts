/** Whether a PC could boot from a medium. Liberal: what some firmware might boot counts. Sources: El Torito 1.0, 2; boot sector layout. */
import type { BlockDevice } from './block-device.ts'
import type { MediumKind } from './open.ts'

/** The boot record volume descriptor of a CD (El Torito 1.0, figure 7). */
const BOOT_RECORD_SECTOR = 17
const BOOT_RECORD = '\0CD001\x01EL TORITO SPECIFICATION'

export function isBootable(medium: BlockDevice, kind: MediumKind): boolean {
  const sector = new Uint8Array(medium.sectorBytes)
  const lba = kind === 'cdrom' ? BOOT_RECORD_SECTOR : 0
  if (lba >= medium.sectors) return false
  medium.readSectors(lba, 1, sector)
  if (kind === 'cdrom') return String.fromCharCode(...sector.subarray(0, BOOT_RECORD.length)) === BOOT_RECORD
  if (sector[510] === 0x55 && sector[511] === 0xaa) return true
  // Floppies of the first DOS versions have no signature, but begin with a jump.
  return kind === 'floppy' && (sector[0] === 0xeb || sector[0] === 0xe9)
}
