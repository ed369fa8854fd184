/**
 * The FAT file systems (12, 16, 32 bits), as a stranger reads them: every number may be wrong, and no chain is followed without
 * a bound. Names are the short ones. Source: Microsoft, "FAT: General Overview of On-Disk Format" 1.03; for disks
 * without a parameter block, the media bytes of PC-DOS 1.0 to 2.0.
 */
import type { ByteStore } from '../block-device.ts'
import { FieldReader, latin1 } from './field-reader.ts'
import { type FileVolume, findEntry, MAX_ENTRIES, type VolumeEntry } from './file-volume.ts'

const ENTRY_BYTES = 32
const SECTOR_BYTES = 512
const ATTRIBUTE_LABEL = 0x08
const ATTRIBUTE_FOLDER = 0x10
const ATTRIBUTE_LONG_NAME = 0x0f
const DELETED = 0xe5

interface Layout {
  readonly bytesPerSector: number
  readonly sectorsPerCluster: number
  readonly fatOffset: number
  readonly rootOffset: number
  readonly rootEntries: number
  readonly dataOffset: number
  readonly rootCluster: number
  readonly bits: 12 | 16 | 32
}

/** Disks from before the parameter block, by size in sectors: sectors of a cluster, of one FAT, and root entries. */
const OLD_FORMATS: Readonly<Record<number, { media: number; cluster: number; fat: number; entries: number }>> = {
  320: { media: 0xfe, cluster: 1, fat: 1, entries: 64 },
  360: { media: 0xfc, cluster: 1, fat: 2, entries: 64 },
  640: { media: 0xff, cluster: 2, fat: 1, entries: 112 },
  720: { media: 0xfd, cluster: 2, fat: 2, entries: 112 },
}

function layoutOf(fields: FieldReader, sizeBytes: number): Layout | undefined {
  const bytesPerSector = fields.u16(11)
  const sectorsPerCluster = fields.u8(13)
  const reserved = fields.u16(14)
  const fats = fields.u8(16)
  const isBlock =
    [512, 1024, 2048, 4096].includes(bytesPerSector) &&
    sectorsPerCluster > 0 &&
    (sectorsPerCluster & (sectorsPerCluster - 1)) === 0 &&
    reserved > 0 &&
    fats > 0 &&
    fats <= 4
  if (!isBlock) return oldLayout(fields, sizeBytes)
  const rootEntries = fields.u16(17)
  const fatSectors = fields.u16(22) || fields.u32(36)
  const sectors = fields.u16(19) || fields.u32(32)
  const fatOffset = reserved * bytesPerSector
  const rootOffset = fatOffset + fats * fatSectors * bytesPerSector
  const dataOffset = rootOffset + Math.ceil((rootEntries * ENTRY_BYTES) / bytesPerSector) * bytesPerSector
  const clusters = Math.floor((sectors - dataOffset / bytesPerSector) / sectorsPerCluster)
  if (fatSectors === 0 || clusters <= 0) return undefined
  // The number of clusters alone decides the kind; what has no fixed root is FAT32 all the same.
  const bits = rootEntries === 0 ? 32 : clusters < 4085 ? 12 : 16
  const rootCluster = bits === 32 ? fields.u32(44) : 0
  return { bytesPerSector, sectorsPerCluster, fatOffset, rootOffset, rootEntries, dataOffset, rootCluster, bits }
}

function oldLayout(fields: FieldReader, sizeBytes: number): Layout | undefined {
  const format = OLD_FORMATS[sizeBytes / SECTOR_BYTES]
  if (!format || fields.u8(SECTOR_BYTES) !== format.media || fields.u16(SECTOR_BYTES + 1) !== 0xffff) return undefined
  const rootOffset = SECTOR_BYTES * (1 + 2 * format.fat)
  return {
    bytesPerSector: SECTOR_BYTES,
    sectorsPerCluster: format.cluster,
    fatOffset: SECTOR_BYTES,
    rootOffset,
    rootEntries: format.entries,
    dataOffset: rootOffset + format.entries * ENTRY_BYTES,
    rootCluster: 0,
    bits: 12,
  }
}

/** One FAT file system, which begins at `base` of a store. */
export class FatVolume implements FileVolume {
  readonly label: string
  readonly #fields: FieldReader
  readonly #layout: Layout

  private constructor(fields: FieldReader, layout: Layout) {
    this.#fields = fields
    this.#layout = layout
    this.label = this.#findLabel()
  }

  /** The file system at `base`, or undefined when none begins there. */
  static open(store: ByteStore, base = 0): FatVolume | undefined {
    const fields = new FieldReader(store, base)
    const layout = layoutOf(fields, store.sizeBytes - base)
    return layout && new FatVolume(fields, layout)
  }

  list(path: string): readonly VolumeEntry[] {
    const folder = path === '' ? undefined : this.#find(path)
    return path !== '' && !folder?.isFolder ? [] : this.#entries(folder)
  }

  read(path: string, maxBytes: number): Uint8Array | undefined {
    const entry = this.#find(path)
    return entry && !entry.isFolder ? this.#chain(entry.start, Math.min(maxBytes, entry.sizeBytes)) : undefined
  }

  #find(path: string): VolumeEntry | undefined {
    return findEntry(path, (folder) => this.#entries(folder))
  }

  #findLabel(): string {
    const raw = this.#rawEntries(undefined).find((entry) => (entry[11] & 0x1f) === ATTRIBUTE_LABEL)
    if (raw) return latin1(raw.subarray(0, 11)).trimEnd()
    const at = this.#layout.bits === 32 ? 71 : 43
    const hasLabel = [0x28, 0x29].includes(this.#fields.u8(at - 5))
    const label = hasLabel ? this.#fields.text(at, 11).trimEnd() : ''
    return label === 'NO NAME' ? '' : label
  }

  #entries(folder: VolumeEntry | undefined): VolumeEntry[] {
    return this.#rawEntries(folder)
      .filter((raw) => (raw[11] & ATTRIBUTE_LONG_NAME) !== ATTRIBUTE_LONG_NAME && (raw[11] & ATTRIBUTE_LABEL) === 0)
      .map((raw) => {
        const base = latin1(raw.subarray(0, 8)).trimEnd()
        const extension = latin1(raw.subarray(8, 11)).trimEnd()
        const view = new DataView(raw.buffer, raw.byteOffset, ENTRY_BYTES)
        const high = this.#layout.bits === 32 ? view.getUint16(20, true) : 0
        return {
          name: (extension === '' ? base : `${base}.${extension}`).toUpperCase(),
          isFolder: (raw[11] & ATTRIBUTE_FOLDER) !== 0,
          sizeBytes: view.getUint32(28, true),
          start: high * 0x1_0000 + view.getUint16(26, true),
        }
      })
  }

  #rawEntries(folder: VolumeEntry | undefined): Uint8Array[] {
    const { rootOffset, rootEntries, rootCluster, bits } = this.#layout
    const maxBytes = MAX_ENTRIES * ENTRY_BYTES
    const bytes = folder
      ? this.#chain(folder.start, maxBytes)
      : bits === 32
        ? this.#chain(rootCluster, maxBytes)
        : this.#fields.bytes(rootOffset, Math.min(rootEntries, MAX_ENTRIES) * ENTRY_BYTES)
    const entries: Uint8Array[] = []
    for (let at = 0; at + ENTRY_BYTES <= bytes.length && bytes[at] !== 0; at += ENTRY_BYTES)
      if (bytes[at] !== DELETED) entries.push(bytes.subarray(at, at + ENTRY_BYTES))
    return entries
  }

  /** The bytes of a chain of clusters, at most `maxBytes`: a chain that runs in a circle ends there, too. */
  #chain(first: number, maxBytes: number): Uint8Array {
    const { bytesPerSector, sectorsPerCluster, dataOffset, bits } = this.#layout
    const clusterBytes = bytesPerSector * sectorsPerCluster
    const last = { 12: 0xff7, 16: 0xfff7, 32: 0xfff_fff7 }[bits]
    const bytes = new Uint8Array(maxBytes)
    let done = 0
    for (let cluster = first; cluster >= 2 && cluster < last && done < maxBytes; cluster = this.#next(cluster)) {
      const length = Math.min(clusterBytes, maxBytes - done)
      bytes.set(this.#fields.bytes(dataOffset + (cluster - 2) * clusterBytes, length), done)
      done += length
    }
    return bytes.subarray(0, done)
  }

  #next(cluster: number): number {
    const { fatOffset, bits } = this.#layout
    if (bits === 32) return this.#fields.u32(fatOffset + cluster * 4) & 0xfff_ffff
    if (bits === 16) return this.#fields.u16(fatOffset + cluster * 2)
    const pair = this.#fields.u16(fatOffset + cluster + (cluster >> 1))
    return cluster & 1 ? pair >> 4 : pair & 0xfff
  }
}
