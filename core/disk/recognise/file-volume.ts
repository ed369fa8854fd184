/** A file system of a medium as far as recognition needs it: names in folders, and the first bytes of files. */

export interface VolumeEntry {
  /** In upper case, without a version. */
  readonly name: string
  readonly isFolder: boolean
  readonly sizeBytes: number
  /** Where its contents are: a cluster (FAT) or sector (ISO 9660). */
  readonly start: number
}

export interface FileVolume {
  readonly label: string
  /** What is in a folder ("" is the root, "A/B" one below another); nothing for a folder that is not there. */
  list(path: string): readonly VolumeEntry[]
  /** At most `maxBytes` from the beginning of a file; undefined when there is none. */
  read(path: string, maxBytes: number): Uint8Array | undefined
}

/** More entries in a folder are not looked at. */
export const MAX_ENTRIES = 4096

/** Walks from the root to `path` by `list`, which takes an entry or undefined for the root. */
export function findEntry(
  path: string,
  list: (folder: VolumeEntry | undefined) => readonly VolumeEntry[],
): VolumeEntry | undefined {
  let found: VolumeEntry | undefined
  for (const name of path.split('/')) {
    if (found && !found.isFolder) return undefined
    found = list(found).find((entry) => entry.name === name)
    if (!found) return undefined
  }
  return found
}
