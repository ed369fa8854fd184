/** Ordinary files and folders that a medium is made of. Contents come later, from whoever has them. */

/** A file, or a folder that is there even when it is empty. Paths use "/" and begin with a name. */
export interface FileListEntry {
  readonly path: string
  readonly isFolder: boolean
  readonly sizeBytes: number
  /** Milliseconds since 1970, UTC. */
  readonly modifiedMs: number
}

export interface TreeFile {
  readonly kind: 'file'
  readonly name: string
  readonly sizeBytes: number
  readonly modifiedMs: number
  /** Index in the list that the tree was made of. */
  readonly index: number
}

export interface TreeFolder {
  readonly kind: 'folder'
  readonly name: string
  readonly modifiedMs: number
  readonly children: TreeNode[]
}

export type TreeNode = TreeFile | TreeFolder

/** The tree of a list, in its order. Of two entries with one path the first counts; names that lead elsewhere are dropped. */
export function buildTree(entries: readonly FileListEntry[]): TreeFolder {
  const root: TreeFolder = { kind: 'folder', name: '', modifiedMs: entries[0]?.modifiedMs ?? 0, children: [] }
  const folders = new Map<string, TreeFolder>([['', root]])
  const taken = new Set<string>()
  const folderAt = (names: readonly string[], modifiedMs: number): TreeFolder => {
    const path = names.join('/')
    const known = folders.get(path)
    if (known) return known
    const folder: TreeFolder = { kind: 'folder', name: names.at(-1) ?? '', modifiedMs, children: [] }
    folders.set(path, folder)
    folderAt(names.slice(0, -1), modifiedMs).children.push(folder)
    return folder
  }
  for (const [index, { path, isFolder, sizeBytes, modifiedMs }] of entries.entries()) {
    const names = path.split('/').filter((name) => name !== '' && name !== '.' && name !== '..')
    const whole = names.join('/')
    if (names.length === 0 || taken.has(whole)) continue
    taken.add(whole)
    if (isFolder) folderAt(names, modifiedMs)
    else if (!folders.has(whole))
      folderAt(names.slice(0, -1), modifiedMs).children.push({
        kind: 'file',
        name: names.at(-1) ?? '',
        sizeBytes,
        modifiedMs,
        index,
      })
  }
  return root
}
