import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { createCopyOnWriteBuffers, PagePreserver } from '../../../core/memory/copy-on-write.ts'
import { openFileByteStore } from '../../../worker/files/file-byte-store.ts'
import { SavedMemory } from '../../../worker/snapshot/load-memory.ts'
import { decodeMemoryMap, encodeMemoryMap } from '../../../worker/snapshot/memory-map.ts'
import { PackReader } from '../../../worker/snapshot/page-pack.ts'
import { tidyPacks } from '../../../worker/snapshot/tidy-packs.ts'
import { packFile, type WriteMemoryRequest, writeMemory } from '../../../worker/snapshot/write-memory.ts'
import { Random } from '../../support/random.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const PAGE = 4096
const PAGES = 300
const USED = 30 * PAGE
const ROUNDS = Number(process.env['VITRINE_FUZZ_ROUNDS'] ?? 1000)

let folder: string
let packFolder: string
beforeEach(() => {
  folder = temporaryFolder()
  packFolder = join(folder, 'pages')
  mkdirSync(packFolder)
})

/** A third zeros, a third text that packs well, a third noise. */
function guestMemory(seed: number): Uint8Array<SharedArrayBuffer> {
  const memory = new Uint8Array(new SharedArrayBuffer(PAGES * PAGE))
  const random = new Random(seed)
  for (let page = 0; page < PAGES; page++) {
    const at = page * PAGE
    if (page % 3 === 1) memory.fill(page & 0xff, at, at + PAGE)
    else if (page % 3 === 2) for (let i = 0; i < PAGE; i++) memory[at + i] = random.below(256)
  }
  return memory
}

function write(memory: Uint8Array<SharedArrayBuffer>, name: string, options: Partial<WriteMemoryRequest> = {}) {
  const mapFile = join(folder, `${name}.map`)
  const written = writeMemory({
    memory: memory.buffer,
    savedOffset: 0,
    pages: PAGES,
    buffers: undefined,
    parentMap: undefined,
    dirty: undefined,
    packFolder,
    mapFile,
    progress: new Int32Array(new SharedArrayBuffer(8)),
    ...options,
  })
  return { mapFile, ...written }
}

/** `into` is that of a machine in whose first pages there is something already. */
async function loaded(mapFile: string, into = new Uint8Array(PAGES * PAGE).fill(0x55, 0, USED)): Promise<Buffer> {
  const memory = new SavedMemory(mapFile, packFolder)
  try {
    await memory.putInto(into, USED)
  } finally {
    memory.close()
  }
  return Buffer.from(into)
}

const copy = (memory: Uint8Array) => Buffer.from(Uint8Array.from(memory))

describe('memory written and loaded', () => {
  it('is the same', async () => {
    const memory = guestMemory(1)
    const { mapFile, newPages, pack } = write(memory, 'one')
    expect((await loaded(mapFile)).equals(copy(memory))).toBe(true)
    // Every third page is zeros; pages of one byte repeat after 256.
    expect(newPages).toBeLessThan(PAGES * 0.67)
    expect(readdirSync(packFolder)).toEqual([`${pack}.pages`])
  })

  it('is the moment at which it began, whatever is written meanwhile', async () => {
    const memory = guestMemory(2)
    const then = copy(memory)
    const buffers = createCopyOnWriteBuffers(PAGES)
    const preserver = new PagePreserver(memory, buffers)
    for (let page = 0; page < PAGES; page += 2) {
      preserver.preserve(page)
      memory.fill(0xab, page * PAGE, (page + 1) * PAGE)
    }
    expect((await loaded(write(memory, 'one', { buffers }).mapFile)).equals(then)).toBe(true)
  })

  it('stores a page that the parent has once, known by its writes or by its content', async () => {
    const memory = guestMemory(3)
    const first = write(memory, 'first')
    const dirty = new Uint8Array(PAGES)
    for (const page of [4, 5, 8]) {
      dirty[page] = 1
      for (let i = 0; i < PAGE; i++) memory[page * PAGE + i] = (i * 7 + page) & 0xff
    }
    // Written, but with what it held.
    dirty[11] = 1
    const second = write(memory, 'second', { parentMap: first.mapFile, dirty })
    expect(second.newPages).toBe(3)
    expect((await loaded(second.mapFile)).equals(copy(memory))).toBe(true)
    const third = write(memory, 'third', { parentMap: second.mapFile })
    expect(third).toMatchObject({ newPages: 0, pack: undefined })
    expect((await loaded(third.mapFile)).equals(copy(memory))).toBe(true)
    expect(readdirSync(packFolder)).toHaveLength(2)
    expect(statSync(third.mapFile).size).toBeLessThan(2000)
  })

  it('names a pack no longer of which no page is left', () => {
    const memory = guestMemory(4)
    const first = write(memory, 'first')
    for (let i = 0; i < memory.length; i++) memory[i] = (i * 31) & 0xff
    const second = write(memory, 'second', { parentMap: first.mapFile })
    expect(decodeMemoryMap(readFileSync(second.mapFile)).packs).toEqual([second.pack])
  })

  it('of a machine with another size is refused', async () => {
    const { mapFile } = write(guestMemory(5), 'one')
    await expect(loaded(mapFile, new Uint8Array(PAGE))).rejects.toThrow('another amount of memory')
  })
})

describe('a memory map', () => {
  it('comes back as it was', () => {
    const random = new Random(9)
    const packs = Array.from({ length: 40 }, () => randomUUID())
    const packOf = Uint16Array.from({ length: 5000 }, () => random.below(41))
    const numberOf = Uint32Array.from({ length: 5000 }, (_, i) => (packOf[i] ? random.below(1 << 20) : 0))
    const decoded = decodeMemoryMap(encodeMemoryMap({ packs, packOf, numberOf }))
    expect(decoded.packs).toEqual(packs)
    expect(decoded.packOf).toEqual(packOf)
    for (let i = 0; i < 5000; i++) if (packOf[i]) expect(decoded.numberOf[i]).toBe(numberOf[i])
  })
})

describe('damaged files', () => {
  const refused = /^(state\/corrupt|state\/newer-version|vm\/invalid-state|disk\/not-found)$/

  it(`are refused, ${ROUNDS} times`, async () => {
    const memory = guestMemory(6)
    const { mapFile, pack } = write(memory, 'one')
    const whole = copy(memory)
    const random = new Random(Number(process.env['VITRINE_FUZZ_SEED'] ?? 77))
    const files = [mapFile, packFile(packFolder, pack as string)].map((path) => ({ path, bytes: readFileSync(path) }))
    for (let round = 0; round < ROUNDS; round++) {
      const { path, bytes } = random.pick(files)
      const changed = Buffer.from(bytes)
      if (random.below(4) === 0) writeFileSync(path, changed.subarray(0, random.below(changed.length)))
      else {
        for (let i = 0; i <= random.below(3); i++) {
          // Headers and trailers more often than the bulk.
          const near = random.below(3)
          const at =
            near === 0
              ? random.below(64)
              : near === 1
                ? changed.length - 1 - random.below(64)
                : random.below(changed.length)
          changed[Math.max(0, Math.min(at, changed.length - 1))] = random.below(256)
        }
        writeFileSync(path, changed)
      }
      try {
        expect((await loaded(mapFile)).equals(whole)).toBe(true)
      } catch (error) {
        expect((error as { code?: string }).code, (error as Error).stack).toMatch(refused)
      }
      writeFileSync(path, bytes)
    }
  })

  it('of a pack that ends early has no trailer', () => {
    const { pack } = write(guestMemory(7), 'one')
    const path = packFile(packFolder, pack as string)
    writeFileSync(path, readFileSync(path).subarray(0, 5000))
    const store = openFileByteStore(path, true)
    expect(() => new PackReader(store, 'The pack')).toThrow('The pack is damaged: its end is missing')
    store.close()
  })
})

describe('packs after deletions', () => {
  it('are removed, or packed anew when little of them is left; what refers to them loads as before', async () => {
    const big = new Uint8Array(new SharedArrayBuffer(PAGES * 4 * PAGE))
    const random = new Random(12)
    for (let i = 0; i < big.length; i += 3) big[i] = random.below(256)
    const pages = PAGES * 4
    const first = write(big, 'first', { pages })
    const middle = new Uint8Array(new SharedArrayBuffer(big.length))
    middle.set(big)
    // Nearly everything is another in the second one: it needs 40 pages of the first pack.
    for (let page = 40; page < pages; page++) middle[page * PAGE] = (middle[page * PAGE] ?? 0) + 1
    const second = write(middle, 'second', { pages, parentMap: first.mapFile })
    const third = write(middle, 'third', { pages, parentMap: second.mapFile })
    expect(readdirSync(packFolder).sort()).toEqual([`${first.pack}.pages`, `${second.pack}.pages`].sort())
    const before = sizeOfPacks()
    // The first snapshot is deleted.
    expect(await tidyPacks({ packFolder, maps: [second.mapFile, third.mapFile], repack: false })).toBe(before)
    const left = await tidyPacks({ packFolder, maps: [second.mapFile, third.mapFile], repack: true })
    expect(left).toBe(sizeOfPacks())
    expect(left).toBeLessThan(before * 0.6)
    expect(readdirSync(packFolder)).not.toContain(`${first.pack}.pages`)
    expect(readdirSync(packFolder)).toHaveLength(2)
    for (const { mapFile } of [second, third]) {
      const into = new Uint8Array(big.length)
      expect((await loaded(mapFile, into)).equals(copy(middle))).toBe(true)
    }
    // Again there is nothing to do.
    const names = readdirSync(packFolder)
    await tidyPacks({ packFolder, maps: [second.mapFile, third.mapFile], repack: true })
    expect(readdirSync(packFolder)).toEqual(names)
    expect(await tidyPacks({ packFolder, maps: [], repack: true })).toBe(0)
    expect(readdirSync(packFolder)).toEqual([])
  })

  const sizeOfPacks = () =>
    readdirSync(packFolder).reduce((sum, name) => sum + statSync(join(packFolder, name)).size, 0)
})
