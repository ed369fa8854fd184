/** Puts the memory of a snapshot back: each chunk of each pack is unpacked once. */
import { AppError } from '../../core/base/errors.ts'
import { readWhole } from '../files/durable-files.ts'
import { openFileByteStore } from '../files/file-byte-store.ts'
import { decodeMemoryMap } from './memory-map.ts'
import { PAGE_BYTES, PackReader } from './page-pack.ts'
import { packFile } from './write-memory.ts'

/** Fills `saved`, the saved memory of a machine. Throws `state/corrupt`, `disk/not-found` or `vm/invalid-state`. */
export function loadMemory(mapFile: string, packFolder: string, saved: Uint8Array): void {
  const { packs, packOf, numberOf } = decodeMemoryMap(readWhole(mapFile))
  if (packOf.length * PAGE_BYTES !== saved.length)
    throw new AppError('vm/invalid-state', 'The saved memory is of a machine with another amount of memory', {
      context: { savedPages: packOf.length, pages: saved.length / PAGE_BYTES },
    })
  const byPack: { page: number; number: number }[][] = packs.map(() => [])
  for (let page = 0; page < packOf.length; page++) {
    const pack = packOf[page] as number
    if (pack === 0) saved.fill(0, page * PAGE_BYTES, (page + 1) * PAGE_BYTES)
    else byPack[pack - 1]?.push({ page, number: numberOf[page] as number })
  }
  for (const [i, places] of byPack.entries()) {
    const path = packFile(packFolder, packs[i] as string)
    const reader = new PackReader(openFileByteStore(path, true), path)
    try {
      // In the order of the pack, so that each chunk is unpacked once.
      for (const { page, number } of places.sort((a, b) => a.number - b.number))
        saved.set(reader.page(number), page * PAGE_BYTES)
    } finally {
      reader.close()
    }
  }
}
