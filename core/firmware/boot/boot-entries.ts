/** What this machine could boot from, in its boot order, and whether each can. */
import { AppError } from '../../base/errors.ts'
import type { BlockDevice } from '../../disk/block-device.ts'
import { FIRST_CD } from '../bios/drives.ts'
import type { FirmwareMachine } from '../machine.ts'
import { type BootEntry, readBootCatalogue } from './el-torito.ts'

/** One line of the boot menu. `index` counts drives of that kind. */
export interface BootDevice {
  readonly kind: 'floppy' | 'disk' | 'cdrom'
  readonly index: number
  readonly label: string
}

/** What to load, or why not. */
export type BootImage =
  | { readonly kind: 'sector'; readonly sector: Uint8Array }
  | { readonly kind: 'cdrom'; readonly entry: BootEntry; readonly media: BlockDevice }
  | { readonly kind: 'problem'; readonly problem: string }

const SECTOR_BYTES = 512

/** Drives in boot order; of floppies A: alone. */
export function bootDevices(machine: FirmwareMachine): BootDevice[] {
  return machine.config.bootOrder.flatMap((kind): BootDevice[] => {
    if (kind === 'floppy') return machine.floppies[0] ? [{ kind, index: 0, label: 'Floppy drive A' }] : []
    const drives = kind === 'disk' ? machine.hardDisks : machine.cdDrives
    const what = kind === 'disk' ? 'Hard disk' : 'CD drive'
    return drives.map(({ label }, index) => ({ kind, index, label: `${what}, ${label}` }))
  })
}

/** Looks at what a drive holds. */
export function bootImage(machine: FirmwareMachine, device: BootDevice): BootImage {
  try {
    return readBootImage(machine, device)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return problem('the disk cannot be read')
  }
}

function readBootImage(machine: FirmwareMachine, device: BootDevice): BootImage {
  if (device.kind === 'cdrom') return cdImage(machine, device.index)
  const floppy = device.kind === 'floppy'
  const media = floppy ? machine.floppies[0]?.media : machine.hardDisks[device.index].media
  if (!media) return problem('no disk in the drive')
  if (media.sectors === 0) return problem('the image is empty')
  const sector = new Uint8Array(media.sectorBytes)
  media.readSectors(0, 1, sector)
  if (isBlank(sector)) return problem(floppy ? 'the disk is blank or not formatted' : 'the disk is blank')
  const signed = sector[510] === 0x55 && sector[511] === 0xaa
  // The first systems for the PC left the signature out on floppies.
  if (!signed && !(floppy && looksLikeCode(sector))) return problem('no system on the disk')
  return { kind: 'sector', sector: sector.subarray(0, SECTOR_BYTES) }
}

function cdImage(machine: FirmwareMachine, index: number): BootImage {
  const media = machine.cdDrives[index].media
  if (!media) return problem('no CD in the drive')
  const entry = readBootCatalogue(media)
  return 'problem' in entry ? problem(entry.problem) : { kind: 'cdrom', entry, media }
}

function problem(text: string): BootImage {
  return { kind: 'problem', problem: text }
}

/** All the same word: never written, or the filler of a format. */
function isBlank(sector: Uint8Array): boolean {
  for (let i = 2; i < 510; i++) if (sector[i] !== sector[i & 1]) return false
  return true
}

/** Every useful first instruction has an opcode from 06h on; the blank sectors of old formats begin lower. */
function looksLikeCode(sector: Uint8Array): boolean {
  return sector[0] >= 0x06
}

/** BIOS drive number that a boot program is told. */
export function driveNumber(device: BootDevice, emulatedAs?: number): number {
  if (emulatedAs !== undefined) return emulatedAs
  return device.kind === 'floppy' ? 0 : device.kind === 'disk' ? 0x80 : FIRST_CD + device.index
}
