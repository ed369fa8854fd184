/**
 * Writes the memory of one moment into a pack and a memory map, while the guest goes on. Pages that have not been written since
 * the base, or whose content is stored already, are only referred to.
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { CopyOnWriteBuffers } from '../../core/memory/copy-on-write.ts'
import { PageCollector } from '../../core/memory/copy-on-write.ts'
import { readWhole, removeFile, renameDurably, writeDurably } from '../files/durable-files.ts'
import { createFileByteStore } from '../files/file-byte-store.ts'
import { decodeMemoryMap, encodeMemoryMap, MAX_PACKS, type MemoryMap } from './memory-map.ts'
import { openPack, PAGE_BYTES, PackWriter, pageHash } from './page-pack.ts'

/** Where the packs of a machine are, and how they are called. */
export const packFile = (folder: string, id: string): string => join(folder, `${id}.pages`)

export interface WriteMemoryRequest {
  /** The machine's shared memory, and where what is saved begins in it. */
  readonly memory: SharedArrayBuffer
  readonly savedOffset: number
  readonly pages: number
  /** Without them the memory stands still. */
  readonly buffers: CopyOnWriteBuffers | undefined
  /** The memory map of the snapshot before, and for each page whether it has been written since; `undefined` where nobody knows. */
  readonly parentMap: string | undefined
  readonly dirty: Uint8Array | undefined
  readonly packFolder: string
  readonly mapFile: string
  /** Word 0 counts pages done; a write to word 1 ends the work. */
  readonly progress: Int32Array<SharedArrayBuffer>
}

export interface WrittenMemory {
  /** The new pack; undefined when every page was stored already. */
  readonly pack: string | undefined
  readonly newPages: number
  readonly packBytes: number
}

/** What is stored: packs of the parent and the one being written. */
interface Known {
  readonly packs: string[]
  readonly byHash: Map<string, { readonly pack: number; readonly number: number }>
  readonly parent: MemoryMap | undefined
}

function readKnown({ parentMap, packFolder, pages }: WriteMemoryRequest): Known {
  const byHash: Known['byHash'] = new Map()
  if (parentMap === undefined) return { packs: [], byHash, parent: undefined }
  const parent = decodeMemoryMap(readWhole(parentMap))
  if (parent.packOf.length !== pages || parent.packs.length >= MAX_PACKS)
    return { packs: [], byHash, parent: undefined }
  for (const [i, id] of parent.packs.entries()) {
    const reader = openPack(packFile(packFolder, id))
    try {
      for (let number = 0; number < reader.pages; number++) byHash.set(reader.hash(number), { pack: i + 1, number })
    } finally {
      reader.close()
    }
  }
  return { packs: [...parent.packs], byHash, parent }
}

const ZEROS = Buffer.alloc(PAGE_BYTES)

/** The files are durable when it returns. What it has begun is removed when it throws. */
export function writeMemory(request: WriteMemoryRequest): WrittenMemory {
  const { pages, dirty, progress, packFolder, mapFile } = request
  const known = readKnown(request)
  const id = randomUUID()
  const temporary = join(packFolder, `.new-${id}`)
  const store = createFileByteStore(temporary)
  let written: WrittenMemory
  let map: MemoryMap
  try {
    const writer = new PackWriter(store)
    const packOf = new Uint16Array(pages)
    const numberOf = new Uint32Array(pages)
    const own = known.packs.length + 1
    const read = pageReader(request)
    const page = Buffer.alloc(PAGE_BYTES)
    for (let i = 0; i < pages; i++) {
      Atomics.store(progress, 0, i)
      if (known.parent && dirty && dirty[i] === 0) {
        read.skip(i)
        packOf[i] = known.parent.packOf[i] as number
        numberOf[i] = known.parent.numberOf[i] as number
        continue
      }
      read.read(i, page)
      if (page.equals(ZEROS)) continue
      const hash = pageHash(page)
      let place = known.byHash.get(hash)
      if (!place) {
        place = { pack: own, number: writer.add(page, hash) }
        known.byHash.set(hash, place)
      }
      packOf[i] = place.pack
      numberOf[i] = place.number
    }
    const newPages = writer.pages
    const packBytes = newPages > 0 ? writer.finish() : 0
    written = { pack: newPages > 0 ? id : undefined, newPages, packBytes }
    map = usedPacks({ packs: newPages > 0 ? [...known.packs, id] : known.packs, packOf, numberOf })
  } catch (error) {
    store.close()
    removeFile(temporary)
    throw error
  }
  store.close()
  if (written.pack) renameDurably(temporary, packFile(packFolder, id))
  else removeFile(temporary)
  writeDurably(mapFile, encodeMemoryMap(map))
  Atomics.store(progress, 0, pages)
  return written
}

/** The same map without packs of which no page is left. */
function usedPacks({ packs, packOf, numberOf }: MemoryMap): MemoryMap {
  const used = new Set(packOf)
  const kept = packs.flatMap((id, i) => (used.has(i + 1) ? [{ id, before: i + 1 }] : []))
  const renumbered = new Uint16Array(packs.length + 1)
  for (const [i, { before }] of kept.entries()) renumbered[before] = i + 1
  return { packs: kept.map(({ id }) => id), packOf: packOf.map((pack) => renumbered[pack] as number), numberOf }
}

interface Reading {
  read(page: number, into: Uint8Array): void
  skip(page: number): void
}

function pageReader({ memory, savedOffset, pages, buffers }: WriteMemoryRequest): Reading {
  const saved = new Uint8Array(memory, savedOffset, pages * PAGE_BYTES)
  if (!buffers)
    return {
      read: (page, into) => into.set(saved.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES)),
      skip() {},
    }
  const collector = new PageCollector(saved, buffers)
  return { read: (page, into) => collector.read(page, into, 0), skip: (page) => collector.skip(page) }
}
