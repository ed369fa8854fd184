/**
 * The library on disk: a folder of machine folders. Whatever is half-made has a name that begins with a dot and is swept away
 * at the next opening; whatever cannot be read is shown as broken and left alone.
 */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import { toErrorRecord } from '../../core/contract/error-record.ts'
import type { TrashEntry } from '../../core/contract/library-api.ts'
import type { BrokenAction, ErrorRecord } from '../../core/contract/machine-card.ts'
import {
  MACHINE_SCHEMA_VERSION,
  type MachineSettings,
  type MachineSpec,
  NO_SNAPSHOTS,
} from '../../core/contract/machine-spec.ts'
import { syncFolder } from './atomic-file.ts'
import { firstFree, safeFileName } from './folder-name.ts'
import {
  libraryError,
  machineFileBirthMs,
  machineFileStamp,
  readMachineFile,
  writeMachineFile,
} from './machine-folder.ts'
import { moveFolder } from './move-folder.ts'
import { followDrives } from './pending-settings.ts'
import { readPlaces, writePlaces } from './places.ts'
import { Trash } from './trash.ts'

/** A machine whose folder is in order. */
export interface StoredMachine {
  readonly kind: 'machine'
  /** Name of the folder in the library, or the path of one elsewhere. */
  readonly folder: string
  readonly path: string
  readonly spec: MachineSpec
  /** What became of its machine file while it was held: the spec is that of before. */
  readonly fileProblem?: ErrorRecord
}

export interface BrokenMachine {
  readonly kind: 'broken'
  readonly folder: string
  readonly path: string
  readonly error: ErrorRecord
  readonly actions: readonly BrokenAction[]
}

export type LibraryEntry = StoredMachine | BrokenMachine

/** What `save` may change. */
export type SavedSettings = Partial<Omit<MachineSpec, 'schemaVersion' | 'id' | 'present'>>

/** Half-made and half-deleted folders. */
const PREPARED = '.new-'
const DISCARDED = '.deleted-'
/** Which folders elsewhere belong to the library. */
const PLACES_FILE = '.vitrine/places.json'
/** Folders that are read at once. */
const SCAN_WIDTH = 16

export class Library {
  readonly root: string
  readonly #trash: Trash
  /** Paths of machine folders elsewhere. */
  #places: string[] = []
  #entries = new Map<string, LibraryEntry>()
  #stamps = new Map<string, string>()
  readonly #held = new Set<string>()
  #queue: Promise<unknown> = Promise.resolve()

  private constructor(root: string) {
    this.root = resolve(root)
    this.#trash = new Trash(this.root, DISCARDED)
  }

  /** Opens the library at `root`, making the folder where there is none. Throws `library/io`. */
  static async open(root: string): Promise<Library> {
    const library = new Library(root)
    try {
      await mkdir(root, { recursive: true })
      for (const name of await readdir(root)) {
        if (name.startsWith(PREPARED) || name.startsWith(DISCARDED))
          await rm(join(root, name), { recursive: true, force: true })
      }
    } catch (cause) {
      throw libraryError(`Cannot open the library ${root}`, cause)
    }
    library.#places = await readPlaces(join(root, PLACES_FILE))
    await library.refresh()
    return library
  }

  /** All machines, by name of their folder. */
  entries(): LibraryEntry[] {
    return [...this.#entries.values()].toSorted((a, b) => (a.folder < b.folder ? -1 : 1))
  }

  /** Throws `vm/not-found`. */
  machine(id: string): StoredMachine {
    const machine = this.find(id)
    if (machine) return machine
    throw new AppError('vm/not-found', `No machine has the identity ${id}`, { context: { id } })
  }

  /** The machine of this identity, if there is one. */
  find(id: string): StoredMachine | undefined {
    for (const entry of this.#entries.values()) if (entry.kind === 'machine' && entry.spec.id === id) return entry
    return undefined
  }

  /** A machine that runs stays in the library as it was, whatever happens to its machine file. */
  hold(id: string): void {
    this.#held.add(id)
  }

  release(id: string): void {
    this.#held.delete(id)
    const machine = this.find(id)
    // Read again at the next look.
    if (machine?.fileProblem) this.#stamps.delete(machine.folder)
  }

  /** Reads what has changed on disk since the last time: folders that came, went or were edited by hand. */
  refresh(): Promise<void> {
    return this.#exclusive(() => this.#scan())
  }

  /**
   * Makes a machine. `prepare` gets the folder before it appears in the library, puts files there and returns the settings; when
   * it throws, nothing is left behind.
   */
  add(prepare: (folder: string) => Promise<MachineSettings>): Promise<StoredMachine> {
    return this.#make(async (prepared) => {
      await mkdir(prepared)
      const settings = await prepare(prepared)
      return {
        schemaVersion: MACHINE_SCHEMA_VERSION,
        id: randomUUID(),
        ...settings,
        present: NO_SNAPSHOTS,
        pending: null,
      }
    })
  }

  /** As `add`, for a machine that has an identity and snapshots already. */
  addWhole(prepare: (folder: string) => Promise<MachineSpec>): Promise<StoredMachine> {
    return this.#make(async (prepared) => {
      await mkdir(prepared)
      return prepare(prepared)
    })
  }

  /** Copies a machine with everything in its folder but the logs. */
  duplicate(id: string, name: string | undefined): Promise<StoredMachine> {
    const original = this.machine(id)
    return this.#make(async (prepared) => {
      const logs = join(original.path, 'logs')
      await cp(original.path, prepared, {
        recursive: true,
        mode: constants.COPYFILE_FICLONE,
        // Files that begin with a dot are locks, and what was not finished.
        filter: (path) => path !== logs && (path === original.path || !basename(path).startsWith('.')),
      })
      return { ...original.spec, id: randomUUID(), name: name ?? firstFree(original.spec.name, this.#names()) }
    })
  }

  /** Saves changed settings. With `moveFolder` the folder is renamed after the machine. */
  save(id: string, settings: SavedSettings, moveFolder: boolean): Promise<StoredMachine> {
    return this.#exclusive(async () => {
      const { folder, path, spec } = this.machine(id)
      const changed = followDrives(spec, { ...spec, ...settings })
      await writeMachineFile(path, changed)
      if (!moveFolder || safeFileName(changed.name) === safeFileName(spec.name)) return this.#remember(folder, changed)
      const parent = dirname(path)
      const moved = join(parent, await this.#freeFolder(parent, changed.name, path))
      try {
        await rename(path, moved)
        await syncFolder(parent)
      } catch {
        // The name is saved; the folder keeps its old one, which harms nobody.
        return this.#remember(folder, changed)
      }
      return this.#moved(folder, moved, changed)
    })
  }

  /** A name in `parent` for the folder of a machine called `name`. */
  async #freeFolder(parent: string, name: string, own?: string): Promise<string> {
    const others = (await readdir(parent)).filter((other) => join(parent, other) !== own)
    return firstFree(safeFileName(name), others)
  }

  /** The folder of a machine is at `path` now. */
  async #moved(from: string, path: string, spec: MachineSpec): Promise<StoredMachine> {
    this.#forget(from)
    await this.#setPlaces([
      ...this.#places.filter((place) => place !== from),
      ...(this.#isElsewhere(path) ? [path] : []),
    ])
    return this.#remember(this.#folderOf(path), spec)
  }

  #isElsewhere(path: string): boolean {
    return dirname(path) !== this.root
  }

  #folderOf(path: string): string {
    return this.#isElsewhere(path) ? path : relative(this.root, path)
  }

  #pathOf(folder: string): string {
    return isAbsolute(folder) ? folder : join(this.root, folder)
  }

  async #setPlaces(places: readonly string[]): Promise<void> {
    const changed = [...new Set(places)]
    if (changed.join('\n') === this.#places.join('\n')) return
    try {
      await writePlaces(join(this.root, PLACES_FILE), changed)
    } catch (cause) {
      throw libraryError('Cannot save where the folders of the library are', cause)
    }
    this.#places = changed
  }

  /** Moves the folder of a machine into the folder `into` of the host; null is the library's own. */
  move(id: string, into: string | null): Promise<StoredMachine> {
    return this.#exclusive(async () => {
      const { folder, path, spec } = this.machine(id)
      const parent = into === null ? this.root : resolve(into)
      const way = relative(this.root, parent)
      if (way !== '' && !way.startsWith('..') && !isAbsolute(way))
        throw new AppError(
          'ipc/invalid-argument',
          'Inside the library machines lie beside each other: choose a folder elsewhere',
        )
      let target: string
      try {
        if (!(await stat(parent)).isDirectory()) throw Object.assign(new Error('no folder'), { code: 'ENOTDIR' })
        target = join(parent, await this.#freeFolder(parent, spec.name))
        await moveFolder(path, target)
      } catch (cause) {
        throw libraryError(`Cannot move ${spec.name} into ${parent}`, cause)
      }
      return this.#moved(folder, target, spec)
    })
  }

  /** Takes a machine folder elsewhere into the library, where it is. */
  addFolder(path: string): Promise<LibraryEntry> {
    return this.#exclusive(async () => {
      const place = resolve(path)
      if ((await machineFileStamp(place)) === undefined)
        throw new AppError('library/missing', `There is no machine in ${place}: the folder has no machine.json`, {
          context: { path: place },
        })
      if (this.#isElsewhere(place)) await this.#setPlaces([...this.#places, place])
      await this.#scan()
      return this.entry(this.#folderOf(place))
    })
  }

  /** Takes a folder elsewhere off the library. */
  forgetFolder(folder: string): Promise<void> {
    return this.#exclusive(async () => {
      if (!this.#places.includes(folder))
        throw new AppError('vm/invalid-state', 'Only folders outside of the library can be taken off it', {
          context: { folder },
        })
      await this.#setPlaces(this.#places.filter((place) => place !== folder))
      this.#forget(folder)
    })
  }

  /** Throws `vm/not-found`. */
  entry(folder: string): LibraryEntry {
    const entry = this.#entries.get(folder)
    if (!entry)
      throw new AppError('vm/not-found', `The library has no folder ${JSON.stringify(folder)}`, { context: { folder } })
    return entry
  }

  /** Puts the folder of a machine, or of what cannot be used, into the trash. */
  discard(folder: string): Promise<void> {
    return this.#exclusive(async () => {
      const entry = this.entry(folder)
      const [name, template] =
        entry.kind === 'machine'
          ? [entry.spec.name, entry.spec.template]
          : [folder.split(/[\\/]/).at(-1) ?? folder, null]
      await this.#trash.put(entry.path, name, template)
      this.#forget(folder)
      await this.#setPlaces(this.#places.filter((place) => place !== folder))
    })
  }

  trash(): Promise<TrashEntry[]> {
    return this.#trash.list()
  }

  restoreFromTrash(entry: string): Promise<LibraryEntry> {
    return this.#exclusive(async () => {
      const path = await this.#trash.takeBack(entry, async (folder) =>
        join(this.root, firstFree(safeFileName(folder), await readdir(this.root))),
      )
      await this.#scan()
      return this.entry(this.#folderOf(path))
    })
  }

  emptyTrash(entries: readonly string[] | undefined): Promise<void> {
    return this.#exclusive(() => this.#trash.empty(entries))
  }

  /** Replaces the machine file by what `change` makes of it: the one step in which a machine becomes another. */
  change(id: string, change: (spec: MachineSpec) => MachineSpec): Promise<StoredMachine> {
    return this.#exclusive(async () => {
      const { folder, path, spec } = this.machine(id)
      const changed = followDrives(spec, change(spec))
      if (changed === spec) return this.machine(id)
      await writeMachineFile(path, changed)
      return this.#remember(folder, changed)
    })
  }

  /** Deletes a machine and everything in its folder for good. */
  remove(id: string): Promise<void> {
    return this.#exclusive(async () => {
      const { folder, path } = this.machine(id)
      const discarded = join(dirname(path), `${DISCARDED}${randomUUID()}`)
      try {
        // Renamed first: half-deleted machines never show.
        await rename(path, discarded)
        await syncFolder(this.root)
      } catch (cause) {
        throw libraryError(`Cannot delete ${path}`, cause)
      }
      this.#forget(folder)
      await this.#setPlaces(this.#places.filter((place) => place !== folder))
      await rm(discarded, { recursive: true, force: true })
    })
  }

  /** Gives a copy that was made by hand an identity of its own. */
  renewIdentity(folder: string): Promise<StoredMachine> {
    return this.#exclusive(async () => {
      const entry = this.#entries.get(folder)
      if (entry?.kind !== 'broken' || entry.error.code !== 'library/duplicate-identity')
        throw new AppError('vm/invalid-state', `The folder ${JSON.stringify(folder)} is not a copy of another machine`)
      const spec = { ...(await readMachineFile(entry.path)), id: randomUUID() }
      await writeMachineFile(entry.path, spec)
      return this.#remember(folder, spec)
    })
  }

  /** A machine name that no other has. */
  freeName(wanted: string): string {
    return firstFree(wanted, this.#names())
  }

  #names(): string[] {
    return this.entries().map((entry) => (entry.kind === 'machine' ? entry.spec.name : entry.folder))
  }

  /** Files of any size are made outside of the queue: the library stays usable meanwhile. */
  async #make(fill: (prepared: string) => Promise<MachineSpec>): Promise<StoredMachine> {
    const prepared = join(this.root, `${PREPARED}${randomUUID()}`)
    try {
      const spec = await fill(prepared)
      return await this.#exclusive(async () => {
        const named = { ...spec, name: this.freeName(spec.name) }
        await writeMachineFile(prepared, named)
        const folder = firstFree(safeFileName(named.name), await readdir(this.root))
        await rename(prepared, join(this.root, folder))
        await syncFolder(this.root)
        return this.#remember(folder, named)
      })
    } catch (error) {
      await rm(prepared, { recursive: true, force: true })
      if (error instanceof AppError) throw error
      throw libraryError('Cannot make the machine', error)
    }
  }

  async #scan(): Promise<void> {
    let names: string[]
    try {
      names = (await readdir(this.root, { withFileTypes: true }))
        .filter((entry) => !entry.name.startsWith('.') && !entry.isFile())
        .map((entry) => entry.name)
    } catch (cause) {
      throw libraryError(`Cannot read the library ${this.root}`, cause)
    }
    const held = [...this.#entries.values()].filter(
      (entry) => entry.kind === 'machine' && this.#held.has(entry.spec.id),
    )
    const folders = new Set([...names, ...this.#places, ...held.map(({ folder }) => folder)])
    for (const folder of this.#entries.keys()) if (!folders.has(folder)) this.#forget(folder)
    const waiting = folders.values()
    await Promise.all(
      Array.from({ length: SCAN_WIDTH }, async () => {
        for (const folder of waiting) await this.#scanFolder(folder)
      }),
    )
    await this.#markCopies()
  }

  async #scanFolder(folder: string): Promise<void> {
    const path = this.#pathOf(folder)
    const stamp = await machineFileStamp(path)
    if (stamp === undefined) {
      const before = this.#entries.get(folder)
      if (before?.kind === 'machine' && this.#held.has(before.spec.id))
        return this.#setBroken(folder, new AppError('library/missing', `The machine file of ${path} is gone`), [])
      this.#forget(folder)
      if (this.#places.includes(folder)) this.#setBroken(folder, missing(path), ['forget'])
      return
    }
    if (this.#stamps.get(folder) === stamp) return
    this.#stamps.set(folder, stamp)
    try {
      this.#entries.set(folder, { kind: 'machine', folder, path, spec: await readMachineFile(path) })
    } catch (error) {
      this.#setBroken(folder, error, [])
    }
  }

  #setBroken(folder: string, error: unknown, actions: readonly BrokenAction[]): void {
    const path = this.#pathOf(folder)
    const before = this.#entries.get(folder)
    if (before?.kind === 'machine' && this.#held.has(before.spec.id)) {
      this.#entries.set(folder, { ...before, fileProblem: toErrorRecord(error) })
      return
    }
    const always: BrokenAction[] = actions.includes('forget') ? [] : ['show', 'trash', ...this.#forgettable(folder)]
    this.#entries.set(folder, {
      kind: 'broken',
      folder,
      path,
      error: toErrorRecord(error),
      actions: [...actions, ...always],
    })
  }

  #forgettable(folder: string): BrokenAction[] {
    return this.#places.includes(folder) ? ['forget'] : []
  }

  /** Of several folders with one identity the oldest machine file counts; the others are copies that wait for the user's word. */
  async #markCopies(): Promise<void> {
    const byId = Map.groupBy(
      [...this.#entries.values()].filter((entry) => entry.kind === 'machine'),
      ({ spec }) => spec.id,
    )
    for (const group of byId.values()) {
      if (group.length < 2) continue
      const aged = await Promise.all(
        group.map(async (entry) => ({ entry, birthMs: await machineFileBirthMs(entry.path).catch(() => 0) })),
      )
      const [original, ...copies] = aged.toSorted(
        (a, b) => a.birthMs - b.birthMs || (a.entry.folder < b.entry.folder ? -1 : 1),
      )
      for (const { entry } of copies) {
        // Read again at the next look: the other folder may go away.
        this.#stamps.delete(entry.folder)
        const error = new AppError(
          'library/duplicate-identity',
          `This folder is a copy of the machine in ${JSON.stringify(original?.entry.folder)}; give it an identity of its own to use both`,
          {
            context: { original: original?.entry.folder },
          },
        )
        this.#setBroken(entry.folder, error, ['renew-identity'])
      }
    }
  }

  async #remember(folder: string, spec: MachineSpec): Promise<StoredMachine> {
    const path = this.#pathOf(folder)
    const entry: StoredMachine = { kind: 'machine', folder, path, spec }
    this.#entries.set(folder, entry)
    const stamp = await machineFileStamp(path)
    if (stamp !== undefined) this.#stamps.set(folder, stamp)
    return entry
  }

  #forget(folder: string): void {
    this.#entries.delete(folder)
    this.#stamps.delete(folder)
  }

  /** One change at a time. */
  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => {})
    return result
  }
}

function missing(path: string): AppError {
  return new AppError(
    'library/missing',
    `The folder ${path} is not there: connect the disk that it is on, or take it off the library`,
    { context: { path } },
  )
}

/** Whether `root` has been a library before: at the first start it does not exist, or is empty. */
export async function isFirstStart(root: string): Promise<boolean> {
  try {
    if (!(await stat(root)).isDirectory()) return false
    return (await readdir(root)).length === 0
  } catch {
    return true
  }
}
