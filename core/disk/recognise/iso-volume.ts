/**
 * ISO 9660 as a stranger reads it, and what an El Torito catalogue promises. Names are those of the primary volume descriptor,
 * without version and trailing dot. Sources: ECMA-119 8.4, 9.1; El Torito 1.0, 2.
 */
import type { ByteStore } from '../block-device.ts'
import { FieldReader } from './field-reader.ts'
import { type FileVolume, findEntry, MAX_ENTRIES, type VolumeEntry } from './file-volume.ts'

const SECTOR_BYTES = 2048
const DESCRIPTORS_AT = 16
const MAX_DESCRIPTORS = 32
const MAX_FOLDER_BYTES = 1 << 20
const FLAG_FOLDER = 2
const TYPE_BOOT = 0
const TYPE_PRIMARY = 1
const TYPE_END = 255

/** What a CD offers to a firmware. */
export interface BootOffer {
  /** For a PC's BIOS; as a disk that it imitates, or as code to be loaded. */
  readonly bios: 'floppy' | 'disk' | 'none-emulated' | undefined
  readonly efi: boolean
}

export class IsoVolume implements FileVolume {
  readonly label: string
  /** System identifier, publisher and application of the descriptor, in one line each. */
  readonly identifiers: readonly string[]
  readonly boot: BootOffer
  readonly #fields: FieldReader
  readonly #root: VolumeEntry

  private constructor(fields: FieldReader, primary: FieldReader, boot: BootOffer) {
    this.#fields = fields
    const text = (at: number, length: number) => primary.text(at, length).replaceAll('\0', ' ').trim()
    this.label = text(40, 32)
    this.identifiers = [text(8, 32), text(318, 128), text(446, 128), text(574, 128)].filter((line) => line !== '')
    this.boot = boot
    this.#root = { name: '', isFolder: true, sizeBytes: primary.u32(166), start: primary.u32(158) }
  }

  /** The file system of a CD, or undefined when it has none of this kind. */
  static open(store: ByteStore): IsoVolume | undefined {
    const fields = new FieldReader(store)
    let primary: FieldReader | undefined
    let boot: BootOffer = { bios: undefined, efi: false }
    for (let i = 0; i < MAX_DESCRIPTORS; i++) {
      const descriptor = fields.from((DESCRIPTORS_AT + i) * SECTOR_BYTES)
      if (descriptor.text(1, 5) !== 'CD001') break
      const type = descriptor.u8(0)
      if (type === TYPE_END) break
      if (type === TYPE_PRIMARY) primary ??= descriptor
      if (type === TYPE_BOOT && descriptor.text(7, 23) === 'EL TORITO SPECIFICATION')
        boot = bootOffer(fields.from(descriptor.u32(71) * SECTOR_BYTES))
    }
    return primary && new IsoVolume(fields, primary, boot)
  }

  list(path: string): readonly VolumeEntry[] {
    const folder = path === '' ? this.#root : this.#find(path)
    return folder?.isFolder ? this.#entries(folder) : []
  }

  read(path: string, maxBytes: number): Uint8Array | undefined {
    const entry = this.#find(path)
    if (!entry || entry.isFolder) return undefined
    return this.#fields.bytes(entry.start * SECTOR_BYTES, Math.min(maxBytes, entry.sizeBytes))
  }

  #find(path: string): VolumeEntry | undefined {
    return findEntry(path, (folder) => this.#entries(folder ?? this.#root))
  }

  #entries(folder: VolumeEntry): VolumeEntry[] {
    const bytes = this.#fields.bytes(folder.start * SECTOR_BYTES, Math.min(folder.sizeBytes, MAX_FOLDER_BYTES))
    const view = new DataView(bytes.buffer)
    const entries: VolumeEntry[] = []
    for (let at = 0; at < bytes.length && entries.length < MAX_ENTRIES; ) {
      const length = bytes[at]
      // Records do not cross sectors: the rest of one is zero.
      if (length === 0) {
        at = (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES
        continue
      }
      if (length < 34 || at + length > bytes.length) break
      const name = String.fromCharCode(...bytes.subarray(at + 33, at + 33 + Math.min(bytes[at + 32], length - 33)))
      if (name !== '\0' && name !== '\x01')
        entries.push({
          name: name.replace(/;\d*$/, '').replace(/\.$/, '').toUpperCase(),
          isFolder: (bytes[at + 25] & FLAG_FOLDER) !== 0,
          sizeBytes: view.getUint32(at + 10, true),
          start: view.getUint32(at + 2, true),
        })
      at += length
    }
    return entries
  }
}

const KINDS = ['none-emulated', 'floppy', 'floppy', 'floppy', 'disk'] as const
const PLATFORM_EFI = 0xef
const BOOTABLE = 0x88
const MAX_SECTIONS = 16

/** Reads a boot catalogue: the validation entry, the initial entry, then sections for other platforms. */
function bootOffer(catalogue: FieldReader): BootOffer {
  const isValid = catalogue.u8(0) === 1 && catalogue.u16(30) === 0xaa55
  if (!isValid) return { bios: undefined, efi: false }
  const platform = catalogue.u8(1)
  const isBootable = catalogue.u8(32) === BOOTABLE
  let efi = platform === PLATFORM_EFI && isBootable
  let at = 64
  for (let i = 0; i < MAX_SECTIONS; i++) {
    const indicator = catalogue.u8(at)
    if (indicator !== 0x90 && indicator !== 0x91) break
    efi ||= catalogue.u8(at + 1) === PLATFORM_EFI
    at += 32 * (1 + Math.min(catalogue.u16(at + 2), 64))
    if (indicator === 0x91) break
  }
  return { bios: platform === 0 && isBootable ? KINDS[catalogue.u8(33) & 15] : undefined, efi }
}
