/**
 * A CD with ordinary files, for systems of every age: ISO 9660 with names of eight characters and three (DOS), Joliet (Windows
 * since 95) and Rock Ridge (Unix) over the same contents. Everything but the contents is made here; they are streamed behind it, so
 * that a CD of gigabytes needs no memory. Sources: ECMA-119; Joliet specification 1.0; IEEE P1281 (SUSP) and P1282 (RRIP) 1.12.
 */
import { AppError } from '../../base/errors.ts'
import { buildTree, type FileListEntry } from './file-tree.ts'
import { directoryRecord, folderExtent, folderSectors, pathTable, type TreeName } from './iso-records.ts'
import { type IsoFile, type IsoFolder, isFolder, layOutTree, SECTOR_BYTES } from './iso-tree.ts'

/** A file's length is a number of 32 bits. */
const MAX_FILE_BYTES = 2 ** 32 - 1
/** Numbers of folders have 16 bits. */
const MAX_FOLDERS = 65_535
const SYSTEM_SECTORS = 16
/** Drives that read ahead must not run off the end. */
const TAIL_SECTORS = 150

/** A CD: what comes first, then files of the list one after the other, each filled up to whole sectors, then zeros. */
export interface IsoPlan {
  readonly head: Uint8Array
  readonly files: readonly { readonly index: number; readonly sizeBytes: number }[]
  readonly sectors: number
}

export interface IsoOptions {
  readonly label: string
  /** Of the CD; milliseconds since 1970, UTC. */
  readonly createdMs: number
}

/** Lays out a CD. Throws `disk/too-large` for a file of 4 GiB or more, and for more folders than there are numbers. */
export function planIso(entries: readonly FileListEntry[], options: IsoOptions): IsoPlan {
  const huge = entries.find(({ sizeBytes }) => sizeBytes > MAX_FILE_BYTES)
  if (huge)
    throw new AppError('disk/too-large', `${huge.path} has 4 GiB or more, which no file on a CD can have`, {
      context: { path: huge.path, sizeBytes: huge.sizeBytes },
    })
  const folders = layOutTree(buildTree(entries))
  if (folders.length > MAX_FOLDERS) throw new AppError('disk/too-large', 'A CD takes at most 65,535 folders')
  let next = SYSTEM_SECTORS + 3
  const tables = (['primary', 'joliet'] as const).map((tree) => {
    const ordered = numbered(folders, tree)
    const bytes = pathTable(ordered, tree, 'little').length
    const sectors = Math.ceil(bytes / SECTOR_BYTES)
    const little = next
    const big = next + sectors
    next += 2 * sectors
    return { tree, ordered, bytes, little, big }
  })
  for (const { tree, ordered } of tables)
    for (const folder of ordered) {
      folder[tree].sectors = folderSectors(folder, tree)
      folder[tree].start = next
      next += folder[tree].sectors
    }
  const headSectors = next
  const files = folders.flatMap(({ children }) => children.map(({ item }) => item)).filter((item) => !isFolder(item))
  for (const file of files as IsoFile[]) {
    file.start = next
    next += Math.ceil(file.node.sizeBytes / SECTOR_BYTES)
  }
  const sectors = next + TAIL_SECTORS
  const head = new Uint8Array(headSectors * SECTOR_BYTES)
  for (const [i, table] of tables.entries()) {
    const { tree, ordered, little, big } = table
    const root = folders[0] as IsoFolder
    head.set(descriptor(root, table, sectors, options), (SYSTEM_SECTORS + i) * SECTOR_BYTES)
    head.set(pathTable(ordered, tree, 'little'), little * SECTOR_BYTES)
    head.set(pathTable(ordered, tree, 'big'), big * SECTOR_BYTES)
    for (const folder of ordered) head.set(folderExtent(folder, tree), folder[tree].start * SECTOR_BYTES)
  }
  head.set([255, ...ascii('CD001'), 1], (SYSTEM_SECTORS + 2) * SECTOR_BYTES)
  return {
    head,
    files: (files as IsoFile[]).map(({ node }) => ({ index: node.index, sizeBytes: node.sizeBytes })),
    sectors,
  }
}

/** Folders by level, then by their parent's number, then by name (ECMA-119 6.9.1), with their numbers. */
function numbered(folders: readonly IsoFolder[], tree: TreeName): IsoFolder[] {
  const name = new Map<IsoFolder, string>()
  for (const { children } of folders)
    for (const { item, primaryName, jolietName } of children)
      if (isFolder(item)) name.set(item, tree === 'primary' ? primaryName : jolietName)
  const ordered: IsoFolder[] = [folders[0] as IsoFolder]
  ;(folders[0] as IsoFolder)[tree].number = 1
  for (const folder of ordered) {
    const below = folder.children.map(({ item }) => item).filter(isFolder)
    const sorted = below.toSorted((a, b) => ((name.get(a) ?? '') < (name.get(b) ?? '') ? -1 : 1))
    for (const each of sorted) {
      each[tree].number = ordered.length + 1
      ordered.push(each)
    }
  }
  return ordered
}

interface Table {
  readonly tree: TreeName
  readonly bytes: number
  readonly little: number
  readonly big: number
}

/** A volume descriptor, primary or supplementary. ECMA-119 8.4 and 8.5. */
function descriptor(root: IsoFolder, table: Table, sectors: number, options: IsoOptions): Uint8Array {
  const bytes = new Uint8Array(SECTOR_BYTES)
  const view = new DataView(bytes.buffer)
  const isJoliet = table.tree === 'joliet'
  const text = (at: number, length: number, value: string) => {
    if (!isJoliet) return bytes.set(ascii(value.slice(0, length).padEnd(length)), at)
    for (let i = 0; i < length >> 1; i++) view.setUint16(at + 2 * i, i < value.length ? value.charCodeAt(i) : 0x20)
  }
  const both32 = (at: number, value: number) => {
    view.setUint32(at, value, true)
    view.setUint32(at + 4, value)
  }
  const both16 = (at: number, value: number) => {
    view.setUint16(at, value, true)
    view.setUint16(at + 2, value)
  }
  const plain = options.label
    .normalize('NFKD')
    .toUpperCase()
    .replaceAll(/[^A-Z0-9_]/g, '_')
  bytes[0] = isJoliet ? 2 : 1
  bytes.set(ascii('CD001'), 1)
  bytes[6] = 1
  text(8, 32, '')
  text(40, 32, isJoliet ? options.label.slice(0, 16) : plain)
  both32(80, sectors)
  // UCS-2 level 3.
  if (isJoliet) bytes.set(ascii('%/E'), 88)
  both16(120, 1)
  both16(124, 1)
  both16(128, SECTOR_BYTES)
  both32(132, table.bytes)
  view.setUint32(140, table.little, true)
  view.setUint32(148, table.big)
  bytes.set(directoryRecord(root, table.tree, '\0', []), 156)
  for (const [at, length] of [
    [190, 128],
    [318, 128],
    [446, 128],
    [702, 37],
    [739, 37],
    [776, 37],
  ] as const)
    text(at, length, '')
  text(574, 128, 'VITRINE')
  const moment = longTime(options.createdMs)
  bytes.set(moment, 813)
  bytes.set(moment, 830)
  bytes.set(ascii('0'.repeat(16)), 847)
  bytes.set(ascii('0'.repeat(16)), 864)
  bytes[881] = 1
  return bytes
}

/** ECMA-119 8.4.26.1, in UTC. */
function longTime(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().replaceAll(/\D/g, '')
  return Uint8Array.from([...ascii(`${digits.slice(0, 14)}00`), 0])
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}
