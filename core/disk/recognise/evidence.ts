/** What a medium shows of the system on it: boot code, labels, partitions, names of files. Collected once, then looked at by the clues. */
import type { ByteStore } from '../block-device.ts'
import type { MediumKind } from '../open.ts'
import { BytesStore } from './bytes-store.ts'
import { FatVolume } from './fat-volume.ts'
import { FieldReader, latin1 } from './field-reader.ts'
import type { FileVolume } from './file-volume.ts'
import { type BootOffer, IsoVolume } from './iso-volume.ts'
import { linuxVersion } from './kernel-file.ts'
import { type Partition, readPartitions } from './partitions.ts'

/** Boot code, whole tracks of it where a loader is larger than a sector. */
const BOOT_BYTES = 8192
const SECTOR_BYTES = 512
/** Text files are read so far. */
const TEXT_BYTES = 8192
const MAX_PARTITIONS = 8

/** File systems that are told by a mark at a fixed place. */
export type FileSystemMark = 'ext' | 'ntfs' | 'hpfs' | 'minix' | 'bfs' | 'xfs' | 'btrfs' | 'bsd-label' | 'luks' | 'swap'

export interface Evidence {
  readonly kind: MediumKind
  /** Name of the formatting system in a boot sector. */
  readonly oemNames: readonly string[]
  /** Boot code as text, zeros left out, so that 16-bit characters read as others do. */
  readonly bootText: string
  readonly label: string
  /** Of a CD: who made it and with what. */
  readonly identifiers: readonly string[]
  readonly boot: BootOffer | undefined
  readonly partitions: readonly Partition[]
  readonly marks: ReadonlySet<FileSystemMark>
  /** Whether a file or a folder is there, by its path in upper case. */
  has(path: string): boolean
  /** The beginning of a text file; "" when it is not there. */
  text(path: string): string
  /** The version of a Linux kernel in a file. */
  kernelVersion(path: string): string | undefined
  /** Names in a folder. */
  names(path: string): readonly string[]
}

/** Looks at the medium whose bytes are `store`. */
export function collectEvidence(store: ByteStore, kind: MediumKind): Evidence {
  const partitions = kind === 'disk' ? readPartitions(store).slice(0, MAX_PARTITIONS) : []
  const starts = [0, ...partitions.map(({ startBytes }) => startBytes)]
  const iso = kind === 'cdrom' ? IsoVolume.open(store) : undefined
  const fats =
    kind === 'cdrom' ? [] : starts.map((start) => FatVolume.open(store, start)).filter((fat) => fat !== undefined)
  const volumes: readonly FileVolume[] = iso ? [iso] : fats
  const boots = starts.map((start) => new FieldReader(store, start))
  const first = <T>(look: (volume: FileVolume) => T | undefined): T | undefined => {
    for (const volume of volumes) {
      const found = look(volume)
      if (found !== undefined) return found
    }
    return undefined
  }
  return {
    kind,
    oemNames: kind === 'cdrom' ? [] : boots.map((fields) => fields.text(3, 8).replaceAll('\0', '').trimEnd()),
    bootText:
      kind === 'cdrom'
        ? ''
        : boots.map((fields) => latin1(fields.bytes(0, BOOT_BYTES)).replaceAll('\0', '')).join('\n'),
    label: volumes.find(({ label }) => label !== '')?.label ?? '',
    identifiers: iso?.identifiers ?? [],
    boot: iso?.boot,
    partitions,
    marks: new Set(kind === 'cdrom' ? [] : starts.flatMap((start) => marksAt(new FieldReader(store, start)))),
    has: (path) => first((volume) => entryNamed(volume, path)) ?? false,
    text: (path) => latin1(first((volume) => volume.read(path, TEXT_BYTES)) ?? new Uint8Array()),
    kernelVersion: (path) =>
      first((volume) => {
        const bytes = volume.read(path, 0x8000)
        return bytes && linuxVersion(new FieldReader(new BytesStore(bytes)))
      }),
    names: (path) => volumes.flatMap((volume) => volume.list(path).map(({ name }) => name)),
  }
}

function entryNamed(volume: FileVolume, path: string): true | undefined {
  const cut = path.lastIndexOf('/')
  const name = path.slice(cut + 1)
  return volume.list(cut < 0 ? '' : path.slice(0, cut)).some((entry) => entry.name === name) ? true : undefined
}

type Mark = readonly [mark: FileSystemMark, offset: number, text: string]

/**
 * Sources: superblocks of Linux (ext4 layout, xfs, btrfs, swap, LUKS 1 and 2), Minix 1 to 3, Be File System, NTFS and HPFS
 * boot sectors, 4.4BSD disk labels.
 */
const MARKS: readonly Mark[] = [
  ['ext', 1024 + 56, '\x53\xef'],
  ['ntfs', 3, 'NTFS    '],
  ['hpfs', 54, 'HPFS'],
  ['minix', 1024 + 16, '\x7f\x13'],
  ['minix', 1024 + 16, '\x8f\x13'],
  ['minix', 1024 + 16, '\x68\x24'],
  ['minix', 1024 + 16, '\x78\x24'],
  ['minix', 1024 + 24, '\x5a\x4d'],
  ['bfs', SECTOR_BYTES + 32, '1SFB'],
  ['xfs', 0, 'XFSB'],
  ['btrfs', 0x1_0040, '_BHRfS_M'],
  ['bsd-label', SECTOR_BYTES, '\x57\x45\x56\x82'],
  ['luks', 0, 'LUKS\xba\xbe'],
  ['swap', 4086, 'SWAPSPACE2'],
]

function marksAt(fields: FieldReader): FileSystemMark[] {
  return MARKS.filter(([, offset, text]) => fields.text(offset, text.length) === text).map(([mark]) => mark)
}
