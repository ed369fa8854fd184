/**
 * Packs of memory after deletions: those that no snapshot refers to go, and those of which little is left are packed anew. The new
 * pack is durable before the first memory map names it, and the old one goes when no map does.
 */
import { randomUUID } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readWhole, removeFile, renameDurably, writeDurably } from '../files/durable-files.ts'
import { createFileByteStore } from '../files/file-byte-store.ts'
import { decodeMemoryMap, encodeMemoryMap, type MemoryMap } from './memory-map.ts'
import { CHUNK_PAGES, openPack, PackWriter } from './page-pack.ts'
import { packFile } from './write-memory.ts'

/** Less than so many pages are not worth the work. */
const FEWEST_PAGES_TO_GAIN = 256

/** The packs that a memory map refers to. */
export function packsOf(mapFile: string): Set<string> {
  return new Set(decodeMemoryMap(readWhole(mapFile)).packs)
}

export interface TidyPacksRequest {
  readonly packFolder: string
  /** The memory maps of all snapshots. */
  readonly maps: readonly string[]
  /** Whether to look at how much of each pack is left. */
  readonly repack: boolean
}

/** Removes what nothing refers to; a map that cannot be read keeps everything. Returns the bytes that are left. */
export async function tidyPacks(request: TidyPacksRequest): Promise<number> {
  const { packFolder, maps } = request
  let names: string[]
  try {
    names = readdirSync(packFolder)
  } catch {
    return 0
  }
  const read = maps.map((file) => ({ file, map: decodeMemoryMap(readWhole(file)) }))
  const moves = request.repack
    ? await repack(packFolder, usedPages(read.map(({ map }) => map)))
    : new Map<string, Move>()
  for (const { file, map } of read) {
    if (!map.packs.some((id) => moves.has(id))) continue
    const temporary = join(packFolder, `.new-${randomUUID()}`)
    writeDurably(temporary, encodeMemoryMap(moved(map, moves)))
    renameDurably(temporary, file)
  }
  const wanted = new Set(read.flatMap(({ map }) => map.packs.map((id) => `${moves.get(id)?.pack ?? id}.pages`)))
  for (const { pack } of moves.values()) names.push(`${pack}.pages`)
  let bytes = 0
  for (const name of names) {
    if (wanted.has(name)) bytes += statSync(join(packFolder, name)).size
    else removeFile(join(packFolder, name))
  }
  return bytes
}

/** The pages of each pack that a map refers to. */
function usedPages(maps: readonly MemoryMap[]): Map<string, Set<number>> {
  const used = new Map<string, Set<number>>()
  for (const { packs, packOf, numberOf } of maps) {
    const sets = packs.map((id) => used.get(id) ?? new Set<number>())
    for (const [i, id] of packs.entries()) used.set(id, sets[i] as Set<number>)
    for (let page = 0; page < packOf.length; page++)
      if (packOf[page] !== 0) sets[(packOf[page] as number) - 1]?.add(numberOf[page] as number)
  }
  return used
}

/** Where the pages of a pack are now. */
interface Move {
  readonly pack: string
  /** By the number that each had. */
  readonly numbers: ReadonlyMap<number, number>
}

/** Packs anew what is used of packs that are mostly unused. */
async function repack(packFolder: string, used: ReadonlyMap<string, ReadonlySet<number>>): Promise<Map<string, Move>> {
  const moves = new Map<string, Move>()
  for (const [id, pages] of used) {
    const reader = openPack(packFile(packFolder, id))
    try {
      const gained = reader.pages - pages.size
      if (gained < FEWEST_PAGES_TO_GAIN || gained < pages.size) continue
      const pack = randomUUID()
      const temporary = join(packFolder, `.new-${pack}`)
      const store = createFileByteStore(temporary)
      const numbers = new Map<number, number>()
      try {
        const writer = new PackWriter(store)
        let open: { readonly chunk: number; readonly bytes: Uint8Array } | undefined
        for (const number of [...pages].sort((a, b) => a - b)) {
          const chunk = Math.floor(number / CHUNK_PAGES)
          if (open?.chunk !== chunk) open = { chunk, bytes: await reader.unpack(chunk) }
          numbers.set(number, writer.add(reader.pageOf(open.bytes, number % CHUNK_PAGES), reader.hash(number)))
        }
        writer.finish()
      } catch (error) {
        removeFile(temporary)
        throw error
      } finally {
        store.close()
      }
      renameDurably(temporary, packFile(packFolder, pack))
      moves.set(id, { pack, numbers })
    } finally {
      reader.close()
    }
  }
  return moves
}

function moved({ packs, packOf, numberOf }: MemoryMap, moves: ReadonlyMap<string, Move>): MemoryMap {
  const byIndex = packs.map((id) => moves.get(id)?.numbers)
  return {
    packs: packs.map((id) => moves.get(id)?.pack ?? id),
    packOf,
    numberOf: numberOf.map((number, page) =>
      packOf[page] === 0 ? number : (byIndex[(packOf[page] as number) - 1]?.get(number) ?? number),
    ),
  }
}
