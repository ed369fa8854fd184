/** Directory records and path tables of a CD, with their Rock Ridge fields. Sources: ECMA-119 9.1, 9.4; SUSP 1.12, 5; RRIP 1.12, 4.1. */
import { type IsoChild, type IsoFile, type IsoFolder, isFolder, SECTOR_BYTES } from './iso-tree.ts'

/** ISO 9660 with Rock Ridge, or Joliet. */
export type TreeName = 'primary' | 'joliet'

const FLAG_FOLDER = 2
const MODE_FOLDER = 0o040555
const MODE_FILE = 0o100444

/** One record: of `item` under `name`, which is "\0" for the folder itself and "\x01" for its parent. */
export function directoryRecord(
  item: IsoFile | IsoFolder,
  tree: TreeName,
  name: string,
  system: readonly number[],
): Uint8Array {
  const isWide = tree === 'joliet' && name.length > 0 && name !== '\0' && name !== '\x01'
  const nameBytes = isWide ? name.length * 2 : name.length
  const fixed = 33 + nameBytes + (nameBytes % 2 === 0 ? 1 : 0)
  const length = fixed + system.length + (system.length % 2)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  const start = isFolder(item) ? item[tree].start : item.start
  const sizeBytes = isFolder(item) ? item[tree].sectors * SECTOR_BYTES : item.node.sizeBytes
  bytes[0] = length
  view.setUint32(2, start, true)
  view.setUint32(6, start)
  view.setUint32(10, sizeBytes, true)
  view.setUint32(14, sizeBytes)
  bytes.set(shortTime(item.node.modifiedMs), 18)
  bytes[25] = isFolder(item) ? FLAG_FOLDER : 0
  view.setUint16(28, 1, true)
  view.setUint16(30, 1)
  bytes[32] = nameBytes
  for (let i = 0; i < name.length; i++) {
    if (isWide) view.setUint16(33 + 2 * i, name.charCodeAt(i))
    else bytes[33 + i] = name.charCodeAt(i)
  }
  bytes.set(system, fixed)
  return bytes
}

/** All records of a folder, in order. */
function records(folder: IsoFolder, tree: TreeName): Uint8Array[] {
  const parent = folder.parent ?? folder
  const rock = (item: IsoFile | IsoFolder, name?: Uint8Array) => (tree === 'primary' ? rockRidge(item, name) : [])
  const nameIn = (child: IsoChild) => (tree === 'primary' ? child.primaryName : child.jolietName)
  const self = tree === 'primary' && !folder.parent ? [...SUSP_START, ...rock(folder), ...EXTENSION] : rock(folder)
  const sorted = folder.children.toSorted((a, b) => (sortKey(nameIn(a)) < sortKey(nameIn(b)) ? -1 : 1))
  return [
    directoryRecord(folder, tree, '\0', self),
    directoryRecord(parent, tree, '\x01', rock(parent)),
    ...sorted.map((child) => directoryRecord(child.item, tree, nameIn(child), rock(child.item, child.rockRidgeName))),
  ]
}

/** Names are compared by base, then by extension, shorter ones filled up with blanks. ECMA-119 9.3. */
function sortKey(name: string): string {
  const plain = name.replace(/;1$/, '')
  const dot = plain.lastIndexOf('.')
  return dot < 0 ? plain : `${plain.slice(0, dot)} ${plain.slice(dot + 1)}`
}

/** Sectors that the records of a folder take: none crosses the end of a sector. */
export function folderSectors(folder: IsoFolder, tree: TreeName): number {
  let at = 0
  for (const { length } of records(folder, tree)) at = placeOf(at, length) + length
  return Math.max(1, Math.ceil(at / SECTOR_BYTES))
}

export function folderExtent(folder: IsoFolder, tree: TreeName): Uint8Array {
  const bytes = new Uint8Array(folder[tree].sectors * SECTOR_BYTES)
  let at = 0
  for (const record of records(folder, tree)) {
    at = placeOf(at, record.length)
    bytes.set(record, at)
    at += record.length
  }
  return bytes
}

function placeOf(at: number, length: number): number {
  const left = SECTOR_BYTES - (at % SECTOR_BYTES)
  return length <= left ? at : at + left
}

/** A path table of folders in their order. ECMA-119 9.4. */
export function pathTable(folders: readonly IsoFolder[], tree: TreeName, order: 'little' | 'big'): Uint8Array {
  const names = folders.map((folder) => nameOf(folder, tree))
  const lengths = names.map((name) => (name === '\0' ? 1 : tree === 'joliet' ? name.length * 2 : name.length))
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + 8 + length + (length % 2), 0))
  const view = new DataView(bytes.buffer)
  const isLittle = order === 'little'
  let at = 0
  for (const [i, folder] of folders.entries()) {
    const name = names[i] as string
    const length = lengths[i] as number
    bytes[at] = length
    view.setUint32(at + 2, folder[tree].start, isLittle)
    view.setUint16(at + 6, folder.parent?.[tree].number ?? 1, isLittle)
    for (let k = 0; k < name.length; k++) {
      if (tree === 'joliet' && name !== '\0') view.setUint16(at + 8 + 2 * k, name.charCodeAt(k))
      else bytes[at + 8 + k] = name.charCodeAt(k)
    }
    at += 8 + length + (length % 2)
  }
  return bytes
}

function nameOf(folder: IsoFolder, tree: TreeName): string {
  const child = folder.parent?.children.find(({ item }) => item === folder)
  return child ? (tree === 'primary' ? child.primaryName : child.jolietName) : '\0'
}

/** SUSP 5.3: the fields begin at once. */
const SUSP_START = [...ascii('SP'), 7, 1, 0xbe, 0xef, 0]
/** SUSP 5.5: which extension it is. Readers look at the identifier alone. */
const EXTENSION = [...ascii('ER'), 18, 1, 10, 0, 0, 1, ...ascii('RRIP_1991A')]

/** PX (mode, links, owner), TF (time of the last change), NM (name). */
function rockRidge(item: IsoFile | IsoFolder, name: Uint8Array | undefined): number[] {
  const mode = isFolder(item) ? MODE_FOLDER : MODE_FILE
  const links = isFolder(item) ? 2 + item.children.filter((child) => isFolder(child.item)).length : 1
  return [
    ...ascii('PX'),
    36,
    1,
    ...[mode, links, 0, 0].flatMap(both32),
    ...ascii('TF'),
    12,
    1,
    2,
    ...shortTime(item.node.modifiedMs),
    ...(name ? [...ascii('NM'), 5 + name.length, 1, 0, ...name] : []),
  ]
}

function both32(value: number): number[] {
  const little = [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff)
  return [...little, ...little.toReversed()]
}

/** ECMA-119 9.1.5, in UTC; years from 1900 to 2155. */
function shortTime(ms: number): number[] {
  const moment = new Date(ms)
  const year = Math.min(Math.max(moment.getUTCFullYear() - 1900, 0), 255)
  return [
    year,
    moment.getUTCMonth() + 1,
    moment.getUTCDate(),
    moment.getUTCHours(),
    moment.getUTCMinutes(),
    moment.getUTCSeconds(),
    0,
  ]
}

function ascii(text: string): number[] {
  return Array.from(text, (char) => char.charCodeAt(0))
}
