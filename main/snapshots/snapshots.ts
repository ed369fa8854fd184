/** Snapshots of the library's machines behind the contract: taken, listed, changed, restored, deleted; saved states. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, extname, join, relative, resolve } from 'node:path'
import type { Snapshot, SnapshotKind, SnapshotRecord, SnapshotTree } from '../../core/contract/snapshot.ts'
import type { RunOptions } from '../../core/contract/vm-thread.ts'
import type { HostEvents } from '../host-events.ts'
import type { StoredMachine } from '../library/library.ts'
import { storedPath, withAbsolutePaths } from '../library/machine-folder.ts'
import type { Machines } from '../vm/machines.ts'
import type { ThreadPools } from '../vm/vm-pool.ts'
import { AutomaticSnapshots } from './automatic-snapshots.ts'
import { cloneMachine } from './clone-machine.ts'
import { readArchive, writeArchive } from './machine-archive.ts'
import { saveState } from './saved-state.ts'
import type { SnapshotEntry } from './snapshot-folder.ts'
import { diskFiles, refuse, SnapshotWork, withDiskFiles } from './snapshot-work.ts'
import { planOverlays, takeSnapshot } from './take-snapshot.ts'
import { type Leftovers, recover, removeHalfWritten, snapshotDisks, tidy } from './tidy.ts'

/** Machines that are looked at at once when the library is opened. */
const RECOVERY_WIDTH = 16

export class Snapshots {
  readonly work: SnapshotWork
  readonly #automatic: AutomaticSnapshots
  #isDisposed = false

  constructor(machines: Machines, pools: ThreadPools, events: HostEvents) {
    this.work = new SnapshotWork(machines, pools, events)
    this.#automatic = new AutomaticSnapshots(this.work, (id, name) => this.#takeAutomatic(id, name))
    machines.hooks = {
      beforeStart: (id, run) => this.work.exclusive(id, () => this.#beforeStart(id, run)),
      resumed: (id, snapshot) => this.work.exclusive(id, () => this.work.forgetSavedState(id, snapshot)),
      ended: (id) => {
        this.#automatic.stop(id)
        this.tidyLater(id, 'memory')
      },
      started: (id) => this.#automatic.start(id),
      staysInPlace: (id) => this.hasLinkedClones(id),
    }
  }

  /** Works off, for every machine, what was interrupted when the host ended. */
  async recoverAll(): Promise<void> {
    const waiting = this.work.library.entries().values()
    await Promise.all(
      Array.from({ length: RECOVERY_WIDTH }, async () => {
        for (const entry of waiting)
          if (entry.kind === 'machine')
            await this.work
              .exclusive(entry.spec.id, () => this.#recoverInterrupted(entry))
              .catch((error) => this.#tellProblem(entry.spec.id, error))
      }),
    )
  }

  /** Records are read only where something points to an interruption: most machines of a large library have none. */
  async #recoverInterrupted({ spec, path }: StoredMachine): Promise<void> {
    const { id } = spec
    await removeHalfWritten(path)
    const { pending, resume, parent } = spec.present
    const folder = this.work.folder(id)
    const isWhole =
      pending === null &&
      resume === null &&
      !(await folder.isInterrupted()) &&
      (parent === null || (await folder.has(parent)))
    if (!isWhole && (await recover(this.work, id))) this.tidyLater(id)
  }

  /** Removes what nobody needs, some time. */
  tidyLater(id: string, leftovers: Leftovers = 'parts'): void {
    if (this.#isDisposed) return
    void this.work.exclusive(id, () => tidy(this.work, id, leftovers)).catch((error) => this.#tellProblem(id, error))
  }

  #tellProblem(id: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    this.work.events.emit('notification', {
      level: 'warning',
      machineId: id,
      error: { code: 'library/io', message: `Snapshots could not be tidied up: ${message}`, context: {} },
    })
  }

  async tree(id: string): Promise<SnapshotTree> {
    const { work } = this
    const machine = work.library.machine(id)
    const entries = await work.folder(id).list()
    const sizes = await this.#sizes(machine, entries)
    const clones = await this.#linkedClones(machine, entries)
    const parents = entries.map((entry) => ('record' in entry ? entry.record.parent : null))
    const snapshots = entries.flatMap((entry): Snapshot[] => {
      const children = entries.filter((_, i) => parents[i] === entry.id).map((child) => child.id)
      const linkedClones = clones.get(entry.id) ?? []
      const sizeBytes = sizes.get(entry.id) ?? 0
      if ('problem' in entry)
        return [{ ...BROKEN, id: entry.id, problem: entry.problem, children, sizeBytes, linkedClones }]
      if (entry.record.kind === 'saved') return []
      const { spec, recordVersion: _, floppies: __, ...record } = entry.record
      return [{ ...record, children, memoryMib: spec.memoryMib, sizeBytes, linkedClones, problem: null }]
    })
    const { parent, resume } = machine.spec.present
    const saved = entries.find((entry) => entry.id === resume)
    return { snapshots, parent, savedAt: saved && 'record' in saved ? saved.record.createdAt : null }
  }

  async one(id: string, snapshot: string): Promise<Snapshot> {
    const found = (await this.tree(id)).snapshots.find((candidate) => candidate.id === snapshot)
    return found ?? refuse(`The machine has no snapshot ${snapshot}`)
  }

  take(id: string, options: { name: string | undefined; description: string }): Promise<Snapshot> {
    return this.#changing(id, async () => {
      const { name, description } = options
      const record = await this.#take(id, { name: name ?? (await this.#nextName(id)), description, kind: 'manual' })
      return this.one(id, record.id)
    })
  }

  async #take(id: string, options: Parameters<typeof takeSnapshot>[2]): Promise<SnapshotRecord> {
    await recover(this.work, id)
    return takeSnapshot(this.work, id, options)
  }

  async #nextName(id: string): Promise<string> {
    const { snapshots } = await this.tree(id)
    const names = new Set(snapshots.map(({ name }) => name))
    for (let number = snapshots.length + 1; ; number++)
      if (!names.has(`Snapshot ${number}`)) return `Snapshot ${number}`
  }

  update(
    id: string,
    snapshot: string,
    change: Partial<Pick<SnapshotRecord, 'name' | 'description' | 'pinned'>>,
  ): Promise<Snapshot> {
    return this.#changing(id, async () => {
      const folder = this.work.folder(id)
      await folder.rewrite({ ...(await folder.read(snapshot)), ...change })
      return this.one(id, snapshot)
    })
  }

  delete(id: string, snapshot: string): Promise<SnapshotTree> {
    return this.#changing(id, async () => {
      await this.#remove(id, snapshot)
      this.tidyLater(id)
      return this.tree(id)
    })
  }

  async #remove(id: string, snapshot: string): Promise<void> {
    const { work } = this
    const machine = work.library.machine(id)
    const folder = work.folder(id)
    const record = await folder.read(snapshot)
    const name = JSON.stringify(record.name)
    if (record.pinned) refuse(`The snapshot ${name} is pinned; unpin it first`, { snapshot })
    if (machine.spec.present.resume === snapshot)
      refuse(`The machine goes on from the snapshot ${name} at its next start; start it or discard its state first`, {
        snapshot,
      })
    const clones = (await this.#linkedClones(machine, [{ id: snapshot, record }])).get(snapshot) ?? []
    if (clones.length > 0) {
      const names = clones.map((clone) => JSON.stringify(work.library.machine(clone).spec.name)).join(', ')
      refuse(`The snapshot ${name} is the base of the linked clone ${names}; delete that first`, { snapshot })
    }
    await folder.discard(snapshot)
    await recover(work, id)
  }

  /** Makes `snapshot` the present. A machine that runs is switched off. */
  restore(id: string, snapshot: string, keepPresent: boolean): Promise<void> {
    return this.#changing(id, async () => {
      const { work } = this
      const folder = work.folder(id)
      const record = await folder.read(snapshot)
      await this.#requireFiles(record, work.library.machine(id))
      if (keepPresent && (await this.#hasChanged(id)))
        await this.#take(id, { name: `Before ${record.name}`.slice(0, 200), description: '', kind: 'automatic' })
      await work.machines.powerOff(id)
      await recover(work, id)
      await this.#makePresent(id, record)
      this.tidyLater(id, 'disks')
    })
  }

  async #makePresent(id: string, record: SnapshotRecord): Promise<void> {
    const { work } = this
    const { path } = work.library.machine(id)
    const overlays = planOverlays(record.spec, path, randomUUID())
    await work.pools.snapshotTask(
      'prepareOverlays',
      overlays.map(({ file, backing }) => ({ file, backing })),
    )
    const files = new Map<string, string>(overlays.map(({ slot, file }) => [slot, storedPath(path, file)]))
    for (const [slot, file] of await this.#restoreFloppies(path, record)) files.set(slot, storedPath(path, file))
    await work.library.change(id, ({ name, notes, group, tags, snapshots }) => ({
      ...withDiskFiles(record.spec, files),
      id,
      name,
      notes,
      group,
      tags,
      snapshots,
      pending: null,
      present: { parent: record.id, pending: null, resume: record.hasMemory ? record.id : null },
    }))
  }

  async #restoreFloppies(path: string, record: SnapshotRecord): Promise<[string, string][]> {
    if (record.floppies.length === 0) return []
    const { drives } = withAbsolutePaths(record.spec, path)
    const floppies = record.floppies.map(({ slot, file }) => {
      const image = drives.find((drive) => drive.slot === slot)?.file ?? null
      const stem = image === null ? slot : basename(image, extname(image)).replace(/-[0-9a-f]{8}$/, '')
      const copy = join(path, 'media', `${stem}-${randomUUID().slice(0, 8)}.img`)
      return { saved: join(path, 'snapshots', record.id, file), image, copy }
    })
    const images = await this.work.pools.snapshotTask('restoreFloppies', { floppies })
    return images.map((image, i) => [record.floppies[i]?.slot ?? '', image])
  }

  /** Throws for the first disk that is missing, before anything is changed. */
  async #requireFiles(record: SnapshotRecord, { path }: StoredMachine): Promise<void> {
    await this.work.pools.snapshotTask('chains', { files: snapshotDisks(record, path) })
  }

  /** Whether the present is anything but what its parent holds. */
  async #hasChanged(id: string): Promise<boolean> {
    const { work } = this
    const machine = work.library.machine(id)
    const { parent, resume } = machine.spec.present
    if (work.machines.runningVm(id) || parent === null || (resume !== null && resume !== parent)) return true
    const record = await work
      .folder(id)
      .read(parent)
      .catch(() => undefined)
    if (!record || (record.hasMemory && resume !== parent)) return true
    return !(await work.pools.snapshotTask('areUntouched', { files: diskFiles(machine) }))
  }

  /** A machine of its own from a snapshot, or from the present. */
  clone(
    id: string,
    options: { readonly snapshot: string | null; readonly name: string | undefined; readonly linked: boolean },
  ): Promise<StoredMachine> {
    return this.#changing(id, async () => {
      const { work } = this
      const { linked, name } = options
      let { snapshot } = options
      const runs = work.machines.runningVm(id) !== undefined
      // Disks must stand still: those of a snapshot do, and those of a machine that is off while it waits.
      if (snapshot === null && (linked || runs)) {
        const title = `For the clone ${name ?? ''}`.trim()
        snapshot = (await this.#take(id, { name: title, description: '', kind: 'manual' })).id
      }
      const machine = work.library.machine(id)
      if (snapshot === null)
        return cloneMachine(work, machine, { spec: machine.spec, floppies: [], name, linked, memory: null })
      const record = await work.folder(id).read(snapshot)
      const { spec, floppies } = record
      const memory = record.hasMemory ? record : null
      const saved = floppies.map(({ slot, file }) => ({ slot, saved: join(work.folder(id).folder(snapshot), file) }))
      return cloneMachine(work, machine, { spec, floppies: saved, name, linked, memory })
    })
  }

  /** Writes the machine with its snapshots into `file`. */
  exportMachine(id: string, file: string): Promise<{ bytes: number }> {
    return this.work.exclusive(id, async () => {
      const { work } = this
      work.machines.requireOff(id)
      await recover(work, id)
      const { path, spec } = work.library.machine(id)
      const records = await work.folder(id).records()
      const disks = [
        ...diskFiles(work.library.machine(id)),
        ...records.flatMap((record) => snapshotDisks(record, path)),
      ]
      const chains = (await work.pools.snapshotTask('chains', { files: disks })).flat()
      const specs = [spec, ...records.map((record) => record.spec)]
      const bytes = await writeArchive({ folder: path, spec, specs, chains, file }, (doneBytes, totalBytes) =>
        work.events.emit('snapshot-progress', { id, work: 'export', doneBytes, totalBytes }),
      )
      return { bytes }
    })
  }

  async importMachine(file: string, name: string | undefined): Promise<StoredMachine> {
    const { library, pools, events } = this.work
    const isKnown = (id: string) => library.entries().some((entry) => entry.kind === 'machine' && entry.spec.id === id)
    return library.addWhole(async (folder) => {
      const { spec, moved } = await readArchive(file, folder, (doneBytes, totalBytes) =>
        events.emit('snapshot-progress', { id: null, work: 'import', doneBytes, totalBytes }),
      )
      await pools.snapshotTask('moveBacking', { folder: join(folder, 'disks'), moved })
      const id = isKnown(spec.id) ? randomUUID() : spec.id
      return { ...spec, id, name: library.freeName(name ?? spec.name) }
    })
  }

  /** Saves the state of a running machine and switches it off. */
  save(id: string): Promise<void> {
    return this.#changing(id, () => saveState(this.work, id))
  }

  discardState(id: string): Promise<void> {
    return this.#changing(id, async () => {
      this.work.machines.requireOff(id)
      const { resume } = this.work.library.machine(id).spec.present
      if (resume === null) refuse('The machine has no saved state')
      await this.work.forgetSavedState(id, resume)
      await this.work.machines.takePending(id)
    })
  }

  /** Before a start: what keeps a machine from writing where a snapshot stands, and the snapshot that its rule asks for. */
  async #beforeStart(id: string, run: Partial<RunOptions>): Promise<void> {
    await recover(this.work, id)
    const { path, spec } = this.work.library.machine(id)
    if (spec.present.resume !== null) await this.#emptyMissing(id)
    if (
      spec.snapshots.beforeStart &&
      spec.present.resume === null &&
      !run.discardWrites &&
      (await this.#hasChanged(id))
    )
      await this.#takeAutomatic(id, 'Before start', true)
    const records = (await this.work.folder(id).list()).flatMap((entry) => ('record' in entry ? [entry.record] : []))
    for (const drive of withAbsolutePaths(this.work.library.machine(id).spec, path).drives) {
      if (drive.kind !== 'disk' || drive.writeProtected || drive.discardWrites || run.discardWrites) continue
      const keeper = records.find(
        (record) => record.kind !== 'saved' && snapshotDisks(record, path).includes(drive.file ?? ''),
      )
      if (keeper)
        refuse(
          `The disk ${drive.file} belongs to the snapshot ${JSON.stringify(keeper.name)} and is not written; restore or clone the snapshot instead`,
          {
            snapshot: keeper.id,
          },
        )
    }
  }

  /**
   * A saved state goes on without CDs and floppies that are not there any more: the guest finds their drives empty, as when somebody
   * has taken them out.
   */
  async #emptyMissing(id: string): Promise<void> {
    const { library, events, machines } = this.work
    const { path, spec } = library.machine(id)
    const missing = withAbsolutePaths(spec, path).drives.filter(
      ({ kind, file }) => kind !== 'disk' && file !== null && !existsSync(file),
    )
    for (const { slot, kind, file } of missing) {
      await library.change(id, (now) => ({
        ...now,
        drives: now.drives.map((drive) =>
          drive.slot === slot ? { ...drive, file: null, writeProtected: false } : drive,
        ),
      }))
      const message = `The ${kind === 'floppy' ? 'floppy' : 'CD'} in the drive ${slot} is not there any more, so the drive is empty now: ${file}`
      events.emit('notification', {
        level: 'warning',
        machineId: id,
        error: { code: 'disk/not-found', message, context: { slot, path: file ?? '' } },
      })
    }
    if (missing.length > 0) await machines.cards.tellOne(id)
  }

  /** `isQueued`: the caller holds the machine's queue. */
  async #takeAutomatic(id: string, name: string, isQueued = false): Promise<void> {
    const take = async () => {
      await this.#take(id, {
        name: `${name}, ${new Date().toISOString().slice(0, 16).replace('T', ' ')}`,
        description: '',
        kind: 'automatic' satisfies SnapshotKind,
      })
      for (const old of await this.#automatic.surplus(id)) await this.#remove(id, old).catch(() => {})
    }
    if (isQueued) {
      await take()
      this.work.tellChanged(id)
    } else await this.#changing(id, take)
    this.tidyLater(id)
  }

  /** Work that changes what the tree shows. */
  #changing<T>(id: string, work: () => Promise<T>): Promise<T> {
    this.work.library.machine(id)
    return this.work.exclusive(id, async () => {
      try {
        return await work()
      } finally {
        this.work.tellChanged(id)
      }
    })
  }

  /** Bytes of each snapshot's folder, of its own disks, and of the memory that it alone refers to. */
  async #sizes(machine: StoredMachine, entries: readonly SnapshotEntry[]): Promise<Map<string, number>> {
    const folder = this.work.folder(machine.spec.id)
    const withMemory = entries.filter((entry) => 'record' in entry && entry.record.hasMemory)
    const packs = await this.work.pools
      .snapshotTask('memoryPacks', { maps: withMemory.map(({ id }) => folder.memoryMap(id)) })
      .catch(() => [])
    const users = Map.groupBy(
      packs.flatMap((list, i) => list.map((pack) => ({ pack, i }))),
      ({ pack }) => pack,
    )
    const sizes = new Map<string, number>()
    for (const entry of entries) {
      const names = await readdir(folder.folder(entry.id)).catch(() => [])
      const files = names.map((name) => join(folder.folder(entry.id), name))
      if ('record' in entry)
        for (const disk of snapshotDisks(entry.record, machine.path))
          if (disk.startsWith(join(machine.path, '/'))) files.push(disk)
      const own = packs[withMemory.indexOf(entry)]?.filter((pack) => users.get(pack)?.length === 1) ?? []
      files.push(...own.map((pack) => join(folder.packFolder, `${pack}.pages`)))
      const bytes = await Promise.all(
        files.map((file) =>
          stat(file).then(
            ({ blocks, size }) => Math.min(blocks * 512, size),
            () => 0,
          ),
        ),
      )
      sizes.set(
        entry.id,
        bytes.reduce((sum, size) => sum + size, 0),
      )
    }
    return sizes
  }

  /** Machines whose disks stand on those of each snapshot. */
  async #linkedClones(machine: StoredMachine, entries: readonly SnapshotEntry[]): Promise<Map<string, string[]>> {
    const clones = new Map<string, string[]>()
    const { library, pools } = this.work
    const owners = new Map<string, string>()
    for (const entry of entries)
      if ('record' in entry)
        for (const disk of snapshotDisks(entry.record, machine.path)) owners.set(resolve(disk), entry.id)
    for (const other of library.entries()) {
      if (other.kind !== 'machine' || other.spec.id === machine.spec.id) continue
      const files = [...diskFiles(other)]
      if (files.length === 0) continue
      const chains = await pools.snapshotTask('chains', { files }).catch(() => [])
      for (const owner of new Set(chains.flat().flatMap((file) => owners.get(file) ?? [])))
        clones.set(owner, [...(clones.get(owner) ?? []), other.spec.id])
    }
    return clones
  }

  /** Throws when other machines stand on the disks of this one. Waits for what is being done with it. */
  beforeDelete(id: string): Promise<void> {
    return this.work.exclusive(id, async () => {
      const machine = this.work.library.machine(id)
      const clones = await this.#linkedClones(machine, await this.work.folder(id).list())
      const names = [...new Set([...clones.values()].flat())].map((clone) =>
        JSON.stringify(this.work.library.machine(clone).spec.name),
      )
      if (names.length > 0) refuse(`The machine is the base of the linked clone ${names.join(', ')}; delete that first`)
    })
  }

  /** Throws when the folder of the machine cannot be moved: disks of others stand on its own, or its own on those of others. */
  async requireMovable(id: string): Promise<void> {
    if (await this.hasLinkedClones(id))
      refuse('The machine is the base of a linked clone; make that a full clone first')
    const machine = this.work.library.machine(id)
    const files = diskFiles(machine)
    if (files.length === 0) return
    const chains = await this.work.pools.snapshotTask('chains', { files }).catch(() => [])
    const outside = chains.flat().find((file) => !files.includes(file) && relative(machine.path, file).startsWith('..'))
    if (outside) refuse(`The disks of the machine stand on an image elsewhere (${outside}); make a full clone first`)
  }

  /** Whether its folder may get another name: linked clones know where it is. */
  async hasLinkedClones(id: string): Promise<boolean> {
    const entries = await this.work.folder(id).list()
    return entries.length > 0 && (await this.#linkedClones(this.work.library.machine(id), entries)).size > 0
  }

  /** Ends automatic snapshots and waits for what is being done. */
  async dispose(): Promise<void> {
    this.#isDisposed = true
    this.#automatic.dispose()
    this.work.endMerges()
    await this.work.idle()
  }
}

const BROKEN = {
  name: '',
  description: '',
  createdAt: '',
  parent: null,
  kind: 'manual',
  pinned: false,
  machineState: 'off',
  hasMemory: false,
  memoryMib: 0,
  thumbnail: null,
} as const
