/**
 * A floppy of 1.44 MB with ordinary files: FAT12 with short names that every DOS reads, and long names beside them. Source:
 * Microsoft, "FAT: General Overview of On-Disk Format" 1.03.
 */
import { AppError } from '../../base/errors.ts'
import { buildTree, type FileListEntry, type TreeFile, type TreeFolder, type TreeNode } from './file-tree.ts'
import { type ShortName, shortNames } from './short-names.ts'

const SECTOR_BYTES = 512
const SECTORS = 2880
const FAT_SECTORS = 9
const ROOT_ENTRIES = 224
const ENTRY_BYTES = 32
const ROOT_SECTOR = 1 + 2 * FAT_SECTORS
const DATA_SECTOR = ROOT_SECTOR + (ROOT_ENTRIES * ENTRY_BYTES) / SECTOR_BYTES
const CLUSTERS = SECTORS - DATA_SECTOR
const END_OF_CHAIN = 0xfff
const MEDIA = 0xf0
const NAME_CHARS = 13
/** Longer names are cut: the format has no room for them. */
const MAX_NAME = 255

/** Bytes of files that a floppy takes when it holds nothing else. */
export const FLOPPY_FILE_BYTES = CLUSTERS * SECTOR_BYTES

/**
 * Code of the boot sector: says that nothing can be started from it, waits for a key and has the firmware try again. Assembled
 * by hand, for 7C3Eh:
 *
 *     xor ax,ax / mov ds,ax / mov si,text / cld / next: lodsb / or al,al / jz key / mov ah,0Eh / mov bx,7 / int 10h / jmp next
 *     key: xor ah,ah / int 16h / int 19h / text
 */
const BOOT_CODE = [
  0x31, 0xc0, 0x8e, 0xd8, 0xbe, 0x5a, 0x7c, 0xfc, 0xac, 0x08, 0xc0, 0x74, 0x09, 0xb4, 0x0e, 0xbb, 0x07, 0x00, 0xcd,
  0x10, 0xeb, 0xf2, 0x30, 0xe4, 0xcd, 0x16, 0xcd, 0x19,
]
const BOOT_TEXT = 'This floppy holds files, no system.\r\nTake it out and press a key.\r\n\0'

export interface FloppyOptions {
  /** Eleven characters at most. */
  readonly label: string
  /** Of the floppy; any number. */
  readonly serialNumber: number
  /** Added to UTC for the times of files, which DOS takes for local ones. */
  readonly timeZoneMinutes: number
}

/** Makes the image. `read` fills a buffer with a file of the list. Throws `disk/too-large` when it does not fit. */
export function makeFatFloppy(
  entries: readonly FileListEntry[],
  read: (index: number, into: Uint8Array) => void,
  options: FloppyOptions,
): Uint8Array {
  const floppy = new Floppy(read, options)
  floppy.fill(buildTree(entries))
  return floppy.image
}

class Floppy {
  readonly image = new Uint8Array(SECTORS * SECTOR_BYTES)
  readonly #read: (index: number, into: Uint8Array) => void
  readonly #options: FloppyOptions
  #nextCluster = 2

  constructor(read: (index: number, into: Uint8Array) => void, options: FloppyOptions) {
    this.#read = read
    this.#options = options
  }

  fill(root: TreeFolder): void {
    this.#writeBootSector()
    this.#setFat(0, 0xf00 | MEDIA)
    this.#setFat(1, END_OF_CHAIN)
    const label = this.#labelBytes()
    const records = [
      ...(label.every((byte) => byte === 0x20) ? [] : [this.#entry(label, 0x08, 0, 0, root.modifiedMs)]),
      ...this.#records(root, 0),
    ]
    if (records.length > ROOT_ENTRIES)
      throw new AppError(
        'disk/too-large',
        'A floppy takes no more names in its first folder: put the files into a folder, and drop that',
      )
    this.#writeRecords(records, ROOT_SECTOR * SECTOR_BYTES)
    for (let copy = 1; copy < 2; copy++)
      this.image.copyWithin((1 + copy * FAT_SECTORS) * SECTOR_BYTES, SECTOR_BYTES, (1 + FAT_SECTORS) * SECTOR_BYTES)
  }

  /** Records of what is in a folder, whose contents are written on the way. */
  #records(folder: TreeFolder, ownCluster: number): Uint8Array[] {
    const shorts = shortNames(
      folder.children.map(({ name }) => name),
      '~',
    )
    return folder.children.flatMap((node, i) => {
      const short = shorts[i]
      const name = shortBytes(short)
      const start = node.kind === 'file' ? this.#writeFile(node) : this.#writeFolder(node, ownCluster)
      const sizeBytes = node.kind === 'file' ? node.sizeBytes : 0
      const own = this.#entry(name, node.kind === 'file' ? 0x20 : 0x10, start, sizeBytes, node.modifiedMs)
      return [...longRecords(node, short, name), own]
    })
  }

  #writeFile({ index, sizeBytes }: TreeFile): number {
    if (sizeBytes === 0) return 0
    const first = this.#allocate(Math.ceil(sizeBytes / SECTOR_BYTES))
    const offset = clusterOffset(first)
    this.#read(index, this.image.subarray(offset, offset + sizeBytes))
    return first
  }

  #writeFolder(folder: TreeFolder, parentCluster: number): number {
    // How many records there are is known before their contents have places.
    const shorts = shortNames(
      folder.children.map(({ name }) => name),
      '~',
    )
    const count = folder.children.reduce((sum, node, i) => sum + 1 + longCount(node, shorts[i]), 2)
    const first = this.#allocate(Math.ceil((count * ENTRY_BYTES) / SECTOR_BYTES))
    const dots = [
      this.#entry(ascii('.'.padEnd(11)), 0x10, first, 0, folder.modifiedMs),
      this.#entry(ascii('..'.padEnd(11)), 0x10, parentCluster, 0, folder.modifiedMs),
    ]
    this.#writeRecords([...dots, ...this.#records(folder, first)], clusterOffset(first))
    return first
  }

  /** Takes clusters in one piece, and chains them. */
  #allocate(count: number): number {
    const first = this.#nextCluster
    if (first + count - 2 > CLUSTERS)
      throw new AppError('disk/too-large', 'The files do not fit on a floppy of 1.44 MB', {
        context: { maxBytes: FLOPPY_FILE_BYTES },
      })
    this.#nextCluster += count
    for (let i = 0; i < count; i++) this.#setFat(first + i, i + 1 < count ? first + i + 1 : END_OF_CHAIN)
    return first
  }

  #setFat(cluster: number, value: number): void {
    const at = SECTOR_BYTES + cluster + (cluster >> 1)
    const { image } = this
    if (cluster & 1) {
      image[at] = (image[at] & 0x0f) | ((value & 0xf) << 4)
      image[at + 1] = value >> 4
    } else {
      image[at] = value & 0xff
      image[at + 1] = (image[at + 1] & 0xf0) | (value >> 8)
    }
  }

  #entry(name: Uint8Array, attributes: number, start: number, sizeBytes: number, modifiedMs: number): Uint8Array {
    const bytes = new Uint8Array(ENTRY_BYTES)
    const view = new DataView(bytes.buffer)
    const { date, time } = dosTime(modifiedMs + this.#options.timeZoneMinutes * 60_000)
    bytes.set(name)
    bytes[11] = attributes
    view.setUint16(22, time, true)
    view.setUint16(24, date, true)
    view.setUint16(26, start, true)
    view.setUint32(28, sizeBytes, true)
    return bytes
  }

  #writeRecords(records: readonly Uint8Array[], offset: number): void {
    for (const [i, record] of records.entries()) this.image.set(record, offset + i * ENTRY_BYTES)
  }

  #labelBytes(): Uint8Array {
    const text = this.#options.label.toUpperCase().replaceAll(/[^A-Z0-9 _-]/g, '_')
    return ascii(text.slice(0, 11).padEnd(11))
  }

  #writeBootSector(): void {
    const { image } = this
    const view = new DataView(image.buffer)
    image.set([0xeb, 0x3c, 0x90])
    image.set(ascii('VITRINE '), 3)
    view.setUint16(11, SECTOR_BYTES, true)
    image[13] = 1
    view.setUint16(14, 1, true)
    image[16] = 2
    view.setUint16(17, ROOT_ENTRIES, true)
    view.setUint16(19, SECTORS, true)
    image[21] = MEDIA
    view.setUint16(22, FAT_SECTORS, true)
    view.setUint16(24, 18, true)
    view.setUint16(26, 2, true)
    image[38] = 0x29
    view.setUint32(39, this.#options.serialNumber >>> 0, true)
    image.set(this.#labelBytes(), 43)
    image.set(ascii('FAT12   '), 54)
    image.set(BOOT_CODE, 62)
    image.set(ascii(BOOT_TEXT), 62 + BOOT_CODE.length)
    image.set([0x55, 0xaa], 510)
  }
}

function clusterOffset(cluster: number): number {
  return (DATA_SECTOR + cluster - 2) * SECTOR_BYTES
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}

function shortBytes({ base, extension }: ShortName): Uint8Array {
  return ascii(base.padEnd(8) + extension.padEnd(3))
}

/** Whether the short name says everything: DOS shows no case. */
function needsLongName(name: string, { base, extension }: ShortName): boolean {
  return name !== (extension === '' ? base : `${base}.${extension}`)
}

function longCount({ name }: TreeNode, short: ShortName): number {
  return needsLongName(name, short) ? Math.ceil(Math.min(name.length, MAX_NAME) / NAME_CHARS) : 0
}

/** Records with the long name, the last part first. Section 7. */
function longRecords(node: TreeNode, short: ShortName, shortName: Uint8Array): Uint8Array[] {
  const count = longCount(node, short)
  const name = node.name.slice(0, MAX_NAME).replaceAll(/["*/:<>?\\|]/g, '_')
  let sum = 0
  for (const byte of shortName) sum = (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff
  return Array.from({ length: count }, (_, i) => {
    const number = count - i
    const bytes = new Uint8Array(ENTRY_BYTES).fill(0xff)
    const view = new DataView(bytes.buffer)
    bytes[0] = number | (i === 0 ? 0x40 : 0)
    bytes[11] = 0x0f
    bytes[12] = 0
    bytes[13] = sum
    view.setUint16(26, 0, true)
    const places = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30]
    for (const [k, place] of places.entries()) {
      const at = (number - 1) * NAME_CHARS + k
      // One zero ends the name; places behind it are filled with ones.
      if (at <= name.length) view.setUint16(place, at < name.length ? name.charCodeAt(at) : 0, true)
    }
    return bytes
  })
}

/** Date and time as DOS keeps them: from 1980 to 2107, in steps of two seconds. */
function dosTime(ms: number): { date: number; time: number } {
  const moment = new Date(Math.min(Math.max(ms, Date.UTC(1980, 0)), Date.UTC(2107, 11, 31)))
  const date = ((moment.getUTCFullYear() - 1980) << 9) | ((moment.getUTCMonth() + 1) << 5) | moment.getUTCDate()
  const time = (moment.getUTCHours() << 11) | (moment.getUTCMinutes() << 5) | (moment.getUTCSeconds() >> 1)
  return { date, time }
}
