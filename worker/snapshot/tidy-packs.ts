/** Packs of memory that no snapshot refers to any more go. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readWhole, removeFile } from '../files/durable-files.ts'
import { decodeMemoryMap } from './memory-map.ts'

/** The packs that a memory map refers to. */
export function packsOf(mapFile: string): Set<string> {
  return new Set(decodeMemoryMap(readWhole(mapFile)).packs)
}

export interface TidyPacksRequest {
  readonly packFolder: string
  /** The memory maps of all snapshots. */
  readonly maps: readonly string[]
}

/** Removes what nothing refers to; a map that cannot be read keeps everything. Returns the bytes that are left. */
export function tidyPacks({ packFolder, maps }: TidyPacksRequest): number {
  let names: string[]
  try {
    names = readdirSync(packFolder)
  } catch {
    return 0
  }
  const wanted = new Set(maps.flatMap((map) => [...packsOf(map)]).map((id) => `${id}.pages`))
  let bytes = 0
  for (const name of names) {
    if (wanted.has(name)) bytes += statSync(join(packFolder, name)).size
    else removeFile(join(packFolder, name))
  }
  return bytes
}
