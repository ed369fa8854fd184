/**
 * The library on disk: a folder of machine folders. Whatever is half-made has a name that begins with a dot and is swept away
 * at the next opening; whatever cannot be read is shown as broken and left alone.
 */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import { toErrorRecord } from '../../core/contract/error-record.ts'
import type { ErrorRecord } from '../../core/contract/machine-card.ts'
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

/** A machine whose folder is in order. */
export interface StoredMachine {
  readonly kind: 'machine'
  /** Name of the folder in the library. */
  readonly folder: string
  readonly path: string
  readonly spec: MachineSpec
}

export interface BrokenMachine {
  readonly kind: 'broken'
  readonly folder: string
  readonly path: string
  readonly error: ErrorRecord
}

export type LibraryEntry = StoredMachine | BrokenMachine

/** Half-made and half-deleted folders. */
const PREPARED = '.new-'
const DISCARDED = '.deleted-'

export class Library {
  readonly root: string
  #entries = new Map<string, LibraryEntry>()
  #stamps = new Map<string, string>()
  #queue: Promise<unknown> = Promise.resolve()

  private constructor(root: string) {
    this.root = root
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
    await library.refresh()
    return library
  }

  /** All machines, by name of their folder. */
  entries(): LibraryEntry[] {
    return [...this.#entries.values()].toSorted((a, b) => (a.folder < b.folder ? -1 : 1))
  }

  /** Throws `vm/not-found`. */
  machine(id: string): StoredMachine {
    for (const entry of this.#entries.values()) if (entry.kind === 'machine' && entry.spec.id === id) return entry
    throw new AppError('vm/not-found', `No machine has the identity ${id}`, { context: { id } })
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
        filter: (path) => path !== logs,
      })
      return { ...original.spec, id: randomUUID(), name: name ?? firstFree(original.spec.name, this.#names()) }
    })
  }

  /** Saves changed settings. With `moveFolder` the folder is renamed after the machine. */
  save(id: string, settings: MachineSettings, moveFolder: boolean): Promise<StoredMachine> {
    return this.#exclusive(async () => {
      const { folder, path, spec } = this.machine(id)
      const changed: MachineSpec = { ...spec, ...settings }
      await writeMachineFile(path, changed)
      if (!moveFolder || safeFileName(changed.name) === safeFileName(spec.name)) return this.#remember(folder, changed)
      const others = (await readdir(this.root)).filter((name) => name !== folder)
      const moved = firstFree(safeFileName(changed.name), others)
      try {
        await rename(path, join(this.root, moved))
        await syncFolder(this.root)
      } catch {
        // The name is saved; the folder keeps its old one, which harms nobody.
        return this.#remember(folder, changed)
      }
      this.#forget(folder)
      return this.#remember(moved, changed)
    })
  }

  /** Replaces the machine file by what `change` makes of it: the one step in which a machine becomes another. */
  change(id: string, change: (spec: MachineSpec) => MachineSpec): Promise<StoredMachine> {
    return this.#exclusive(async () => {
      const { folder, path, spec } = this.machine(id)
      const changed = change(spec)
      if (changed === spec) return this.machine(id)
      await writeMachineFile(path, changed)
      return this.#remember(folder, changed)
    })
  }

  /** Deletes a machine and everything in its folder. */
  remove(id: string): Promise<void> {
    return this.#exclusive(async () => {
      const { folder, path } = this.machine(id)
      const discarded = join(this.root, `${DISCARDED}${randomUUID()}`)
      try {
        // Renamed first: half-deleted machines never show.
        await rename(path, discarded)
        await syncFolder(this.root)
      } catch (cause) {
        throw libraryError(`Cannot delete ${path}`, cause)
      }
      this.#forget(folder)
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
    for (const folder of this.#entries.keys()) if (!names.includes(folder)) this.#forget(folder)
    for (const folder of names) await this.#scanFolder(folder)
    await this.#markCopies()
  }

  async #scanFolder(folder: string): Promise<void> {
    const path = join(this.root, folder)
    const stamp = await machineFileStamp(path)
    if (stamp === undefined) return this.#forget(folder)
    if (this.#stamps.get(folder) === stamp) return
    this.#stamps.set(folder, stamp)
    try {
      this.#entries.set(folder, { kind: 'machine', folder, path, spec: await readMachineFile(path) })
    } catch (error) {
      this.#entries.set(folder, { kind: 'broken', folder, path, error: toErrorRecord(error) })
    }
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
        this.#entries.set(entry.folder, {
          kind: 'broken',
          folder: entry.folder,
          path: entry.path,
          error: toErrorRecord(error),
        })
      }
    }
  }

  async #remember(folder: string, spec: MachineSpec): Promise<StoredMachine> {
    const path = join(this.root, folder)
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

/** Whether `root` has been a library before: at the first start it does not exist, or is empty. */
export async function isFirstStart(root: string): Promise<boolean> {
  try {
    if (!(await stat(root)).isDirectory()) return false
    return (await readdir(root)).length === 0
  } catch {
    return true
  }
}
