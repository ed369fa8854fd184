/** The folders and files of a CD with the names that each of its trees has for them, and their places. */
import type { TreeFile, TreeFolder } from './file-tree.ts'
import { shortNames, textOf } from './short-names.ts'

export const SECTOR_BYTES = 2048
/** What Joliet allows (Joliet specification 1.0, "Allowed Character Set"), in characters. */
const JOLIET_CHARS = 64
/** A directory record has at most 255 bytes; the rest of it is needed for other fields. */
const ROCK_RIDGE_BYTES = 150

export interface IsoFile {
  readonly node: TreeFile
  /** First sector. */
  start: number
}

export interface IsoFolder {
  readonly node: TreeFolder
  readonly parent: IsoFolder | undefined
  readonly children: IsoChild[]
  /** By tree: where its records are, and its number in the path table. */
  readonly primary: Place
  readonly joliet: Place
}

interface Place {
  start: number
  sectors: number
  number: number
}

export interface IsoChild {
  readonly item: IsoFile | IsoFolder
  /** With the version, where it is a file. */
  readonly primaryName: string
  readonly jolietName: string
  /** UTF-8. */
  readonly rockRidgeName: Uint8Array
}

export function isFolder(item: IsoFile | IsoFolder): item is IsoFolder {
  return item.node.kind === 'folder'
}

/** All folders of a tree, level by level, as path tables want them; the root is the first. */
export function layOutTree(root: TreeFolder): IsoFolder[] {
  const folders: IsoFolder[] = [newFolder(root, undefined)]
  for (const folder of folders) {
    const { children } = folder.node
    const primary = shortNames(
      children.map(({ name }) => name),
      '_',
    )
    const joliet = uniqueNames(children.map(({ name }) => jolietName(name)))
    const rockRidge = uniqueNames(children.map(({ name }) => name.replaceAll(/[/\0]/g, '_')))
    for (const [i, node] of children.entries()) {
      const item = node.kind === 'folder' ? newFolder(node, folder) : { node, start: 0 }
      const short = textOf(primary[i])
      folder.children.push({
        item,
        primaryName: node.kind === 'folder' ? short : `${short.includes('.') ? short : `${short}.`};1`,
        jolietName: node.kind === 'folder' ? (joliet[i] as string) : `${joliet[i]};1`,
        rockRidgeName: cutUtf8(rockRidge[i] as string, i),
      })
      if (isFolder(item)) folders.push(item)
    }
  }
  return folders
}

function newFolder(node: TreeFolder, parent: IsoFolder | undefined): IsoFolder {
  const place = () => ({ start: 0, sectors: 0, number: 0 })
  return { node, parent, children: [], primary: place(), joliet: place() }
}

function jolietName(name: string): string {
  return name.replaceAll(/[*/:;?\\\0]/g, '_')
}

/** Names of at most 64 characters that differ, the extension kept where it is short. */
function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map((name) => {
    const dot = name.lastIndexOf('.')
    const extension = dot > 0 && name.length - dot <= 8 ? name.slice(dot) : ''
    const base = name.slice(0, name.length - extension.length)
    let unique = base.slice(0, JOLIET_CHARS - extension.length) + extension
    for (let number = 1; taken.has(unique.toLowerCase()); number++) {
      const tail = `_${number}`
      unique = base.slice(0, JOLIET_CHARS - extension.length - tail.length) + tail + extension
    }
    taken.add(unique.toLowerCase())
    return unique
  })
}

/** UTF-8, cut between characters; what was cut ends with its number, so that two are not one. */
function cutUtf8(name: string, index: number): Uint8Array {
  const whole = utf8(name)
  if (whole.length <= ROCK_RIDGE_BYTES) return whole
  const tail = `~${index}`
  let end = ROCK_RIDGE_BYTES - tail.length
  while (end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end--
  return Uint8Array.from([...whole.subarray(0, end), ...utf8(tail)])
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
