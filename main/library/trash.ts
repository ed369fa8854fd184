/**
 * The library's trash: a folder beside the machines, with one folder for each that was thrown away.
 *
 *   .trash/<entry>/entry.json    what it was and when
 *   .trash/<entry>/machine/      its folder, as it was
 */
import { randomUUID } from 'node:crypto'
import { readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import { z } from '../../core/base/schema.ts'
import type { TrashEntry } from '../../core/contract/library-api.ts'
import { makeFolder, syncFolder, writeFileAtomically } from './atomic-file.ts'
import { folderBytes } from './folder-bytes.ts'
import { libraryError } from './machine-folder.ts'
import { moveFolder } from './move-folder.ts'

const ENTRY_FILE = 'entry.json'
const CONTENTS = 'machine'

const entrySchema = z.object({
  name: z.string(),
  /** What its folder was called. */
  folder: z.string(),
  template: z.string().nullable(),
  deletedAt: z.iso.datetime(),
})
type Entry = z.infer<typeof entrySchema>

export class Trash {
  readonly #path: string
  /** Where what is being deleted goes first, so that no half of it shows. */
  readonly #discarded: string

  constructor(libraryRoot: string, discardedPrefix: string) {
    this.#path = join(libraryRoot, '.trash')
    this.#discarded = join(libraryRoot, discardedPrefix)
  }

  /** Throws a folder away. */
  async put(folder: string, name: string, template: string | null): Promise<void> {
    const place = join(this.#path, randomUUID())
    const entry: Entry = { name, folder: basename(folder), template, deletedAt: new Date().toISOString() }
    try {
      await makeFolder(place)
      await writeFileAtomically(join(place, ENTRY_FILE), JSON.stringify(entry))
      await moveFolder(folder, join(place, CONTENTS))
    } catch (cause) {
      await rm(place, { recursive: true, force: true }).catch(() => {})
      throw libraryError(`Cannot put ${folder} into the trash`, cause)
    }
  }

  /** What is in it, the last first. What has no contents was never thrown away. */
  async list(): Promise<TrashEntry[]> {
    const entries: TrashEntry[] = []
    for (const entry of await readdir(this.#path).catch(() => [])) {
      const told = await this.#read(entry)
      if (!told) continue
      const { name, template, deletedAt } = told
      entries.push({
        entry,
        name,
        template,
        deletedAt,
        sizeBytes: await folderBytes(join(this.#path, entry, CONTENTS)),
      })
    }
    return entries.toSorted((a, b) => (a.deletedAt < b.deletedAt ? 1 : -1))
  }

  async #read(entry: string): Promise<Entry | undefined> {
    if (!z.uuid().safeParse(entry).success) return undefined
    try {
      const contents = await readdir(join(this.#path, entry))
      if (!contents.includes(CONTENTS)) return undefined
      return entrySchema.parse(JSON.parse(await readFile(join(this.#path, entry, ENTRY_FILE), 'utf8')))
    } catch {
      return undefined
    }
  }

  /** Gives a folder back: `place` says where, by the name that it had. Throws `vm/not-found`. */
  async takeBack(entry: string, place: (folder: string) => Promise<string>): Promise<string> {
    const told = await this.#read(entry)
    if (!told) throw new AppError('vm/not-found', 'That is not in the trash (any more)', { context: { entry } })
    const target = await place(told.folder)
    try {
      await rename(join(this.#path, entry, CONTENTS), target)
      await syncFolder(join(target, '..'))
    } catch (cause) {
      throw libraryError(`Cannot take ${told.name} back from the trash`, cause)
    }
    await rm(join(this.#path, entry), { recursive: true, force: true })
    return target
  }

  /** Deletes entries for good, all of them when none are named. */
  async empty(entries: readonly string[] | undefined): Promise<void> {
    for (const entry of await readdir(this.#path).catch(() => [])) {
      if (entries && !entries.includes(entry)) continue
      const gone = `${this.#discarded}${randomUUID()}`
      try {
        await rename(join(this.#path, entry), gone)
        await rm(gone, { recursive: true, force: true })
      } catch (cause) {
        throw libraryError('Cannot empty the trash', cause)
      }
    }
  }
}
