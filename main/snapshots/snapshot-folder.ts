/**
 * The `snapshots` folder of a machine. A snapshot is a folder named by its identity: it appears by a rename when all of it is durable, and
 * goes by a rename before anything of it is removed, so that there is no half a snapshot at any moment.
 *
 *   snapshots/<id>/            record.json, state, memory map, floppies
 *   snapshots/.new-<id>/       being made
 *   snapshots/.deleted-<id>/   being removed; its record still says whose parent its children have
 *   snapshots/pages/           packs of memory pages, which snapshots share
 */
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import { parseWith } from '../../core/base/schema.ts'
import { parseMachineFile } from '../../core/contract/machine-file.ts'
import { snapshotIdSchema } from '../../core/contract/machine-spec.ts'
import { SNAPSHOT_RECORD_VERSION, type SnapshotRecord, snapshotRecordSchema } from '../../core/contract/snapshot.ts'
import { makeFolder, syncFolder, writeFileAtomically } from '../library/atomic-file.ts'
import { libraryError } from '../library/machine-folder.ts'

const RECORD_FILE = 'record.json'
const PREPARED = '.new-'
const DISCARDED = '.deleted-'

/** A snapshot's record, or why it cannot be read. */
export type SnapshotEntry =
  | { readonly id: string; readonly record: SnapshotRecord }
  | { readonly id: string; readonly problem: string }

export class SnapshotFolder {
  readonly path: string

  /** Of the machine in `machineFolder`. */
  constructor(machineFolder: string) {
    this.path = join(machineFolder, 'snapshots')
  }

  get packFolder(): string {
    return join(this.path, 'pages')
  }

  folder(id: string): string {
    return join(this.path, id)
  }

  stateFile(id: string): string {
    return join(this.path, id, 'state.vitrine')
  }

  memoryMap(id: string): string {
    return join(this.path, id, 'memory.map')
  }

  /** Makes the folder of a snapshot that is to be `id`. */
  async prepare(id: string): Promise<string> {
    const folder = join(this.path, `${PREPARED}${id}`)
    try {
      await makeFolder(folder)
    } catch (cause) {
      throw libraryError('Cannot make a snapshot', cause)
    }
    return folder
  }

  async abandon(id: string): Promise<void> {
    await rm(join(this.path, `${PREPARED}${id}`), { recursive: true, force: true }).catch(() => {})
  }

  /** The snapshot is whole: from here on it exists. */
  async commit(record: SnapshotRecord): Promise<void> {
    const folder = join(this.path, `${PREPARED}${record.id}`)
    try {
      await writeFileAtomically(join(folder, RECORD_FILE), encode(record))
      await rename(folder, this.folder(record.id))
      await syncFolder(this.path)
    } catch (cause) {
      throw libraryError(`Cannot keep the snapshot ${record.name}`, cause)
    }
  }

  async rewrite(record: SnapshotRecord): Promise<void> {
    try {
      await writeFileAtomically(join(this.folder(record.id), RECORD_FILE), encode(record))
    } catch (cause) {
      throw libraryError(`Cannot change the snapshot ${record.name}`, cause)
    }
  }

  /** Whether the machine ever had a snapshot. */
  async exists(): Promise<boolean> {
    return stat(this.path).then(
      () => true,
      () => false,
    )
  }

  /** Whether something is half-made or half-removed. */
  async isInterrupted(): Promise<boolean> {
    return (await this.#names()).some((name) => name.startsWith(PREPARED) || name.startsWith(DISCARDED))
  }

  async has(id: string): Promise<boolean> {
    return stat(join(this.folder(id), RECORD_FILE)).then(
      () => true,
      () => false,
    )
  }

  /** Throws `vm/not-found`, `state/corrupt` or `state/newer-version`. */
  async read(id: string): Promise<SnapshotRecord> {
    if (!(await this.has(id)))
      throw new AppError('vm/not-found', `The machine has no snapshot ${id}`, { context: { snapshot: id } })
    return this.#readRecord(id)
  }

  async #readRecord(name: string): Promise<SnapshotRecord> {
    let text: string
    try {
      text = await readFile(join(this.path, name, RECORD_FILE), 'utf8')
    } catch (cause) {
      throw libraryError('Cannot read the record of the snapshot', cause)
    }
    return parse(text)
  }

  /** All of them, oldest first. */
  async list(): Promise<SnapshotEntry[]> {
    const entries: SnapshotEntry[] = []
    for (const id of await this.#names()) {
      if (!snapshotIdSchema.safeParse(id).success) continue
      try {
        entries.push({ id, record: await this.#readRecord(id) })
      } catch (error) {
        entries.push({ id, problem: error instanceof Error ? error.message : String(error) })
      }
    }
    const age = (entry: SnapshotEntry) => ('record' in entry ? entry.record.createdAt : '')
    return entries.toSorted((a, b) => (age(a) < age(b) ? -1 : age(a) > age(b) ? 1 : a.id < b.id ? -1 : 1))
  }

  /** The records that can be read. Throws when one cannot: nothing may be removed then. */
  async records(): Promise<SnapshotRecord[]> {
    const entries = await this.list()
    return entries.map((entry) => {
      if ('record' in entry) return entry.record
      throw new AppError('state/corrupt', `The snapshot ${entry.id} cannot be read: ${entry.problem}`, {
        context: { snapshot: entry.id },
      })
    })
  }

  /** From here on the snapshot does not exist. Its folder is removed by `sweep`. */
  async discard(id: string): Promise<void> {
    try {
      await rename(this.folder(id), join(this.path, `${DISCARDED}${id}`))
      await syncFolder(this.path)
    } catch (cause) {
      throw libraryError('Cannot delete the snapshot', cause)
    }
  }

  /**
   * Works off what was interrupted: children of deleted snapshots go on from the parents of those, and what is half-made or
   * half-deleted goes. `onParent` hears of each deleted snapshot and its parent before it goes.
   */
  async sweep(onParent: (deleted: string, parent: string | null) => Promise<void>): Promise<void> {
    for (const name of await this.#names()) {
      if (name.startsWith(PREPARED)) await this.abandon(name.slice(PREPARED.length))
      if (!name.startsWith(DISCARDED)) continue
      const record = await this.#readRecord(name).catch(() => undefined)
      if (record) {
        for (const entry of await this.list())
          if ('record' in entry && entry.record.parent === record.id)
            await this.rewrite({ ...entry.record, parent: record.parent })
        await onParent(record.id, record.parent)
      }
      await rm(join(this.path, name), { recursive: true, force: true }).catch(() => {})
    }
  }

  async #names(): Promise<string[]> {
    return readdir(this.path).catch(() => [])
  }
}

function encode(record: SnapshotRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`
}

function parse(text: string): SnapshotRecord {
  let file: unknown
  try {
    file = JSON.parse(text)
  } catch (cause) {
    throw new AppError('state/corrupt', 'The record of the snapshot is not JSON', { cause })
  }
  const version = (file as { recordVersion?: unknown } | null)?.recordVersion
  if (typeof version === 'number' && version > SNAPSHOT_RECORD_VERSION)
    throw new AppError(
      'state/newer-version',
      `The snapshot has version ${version}; this app reads up to version ${SNAPSHOT_RECORD_VERSION}. Open it with a newer Vitrine`,
      { context: { version, supported: SNAPSHOT_RECORD_VERSION } },
    )
  const { spec, ...rest } = file as { spec?: unknown }
  // The machine in it may be of an older version: it is migrated as machine.json is.
  return parseWith(
    snapshotRecordSchema,
    { ...rest, spec: parseMachineFile(JSON.stringify(spec ?? null)) },
    'The record of the snapshot',
    'state/corrupt',
  )
}
