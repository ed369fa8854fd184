/** The work after deletions, done in the background: records, layers of disks and packs of memory that nobody needs. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { SnapshotRecord } from '../../core/contract/snapshot.ts'
import { ImageLocks } from '../library/image-locks.ts'
import type { StoredMachine } from '../library/library.ts'
import { storedPath, withAbsolutePaths } from '../library/machine-folder.ts'
import { SnapshotFolder } from './snapshot-folder.ts'
import { diskFiles, disksOf, type SnapshotWork, withDiskFiles } from './snapshot-work.ts'

const MIB = 2 ** 20

/** Hard disks of a snapshot, absolute. */
export function snapshotDisks(record: SnapshotRecord, machineFolder: string): string[] {
  return disksOf(withAbsolutePaths(record.spec, machineFolder)).map(({ file }) => file)
}

/** Works off what was interrupted, and makes the present's parent what it is. Returns whether there was something to work off. */
export async function recover(work: SnapshotWork, id: string): Promise<boolean> {
  const folder = work.folder(id)
  const interrupted = await folder.isInterrupted()
  await folder.sweep(async (deleted, parent) => {
    await work.library.change(id, (spec) =>
      spec.present.parent === deleted ? { ...spec, present: { ...spec.present, parent } } : spec,
    )
  })
  const { pending, resume, parent } = work.library.machine(id).spec.present
  if (pending !== null) {
    // Its folder got its name before the host ended: then it is the parent.
    const isThere = await folder.has(pending)
    await work.library.change(id, (spec) => ({
      ...spec,
      present: { ...spec.present, pending: null, parent: isThere ? pending : spec.present.parent },
    }))
  }
  if (resume !== null && !(await folder.has(resume)))
    await work.library.change(id, (spec) => ({ ...spec, present: { ...spec.present, resume: null } }))
  if (parent !== null && pending === null && !(await folder.has(parent)))
    await work.library.change(id, (spec) => ({ ...spec, present: { ...spec.present, parent: null } }))
  // A saved state that was taken up, or given up, is no longer of use.
  for (const entry of await folder.list())
    if ('record' in entry && entry.record.kind === 'saved' && entry.id !== work.library.machine(id).spec.present.resume)
      await folder.discard(entry.id)
  await folder.sweep(async () => {})
  return interrupted || pending !== null
}

/** Files that were being written beside their places when a host ended. */
const HALF_WRITTEN = /^\..+\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp(?:\.json)?$/

/** Removes them from the machine's folder. Nothing may be writing there. */
export async function removeHalfWritten(machineFolder: string): Promise<void> {
  for (const folder of [machineFolder, join(machineFolder, 'disks'), join(machineFolder, 'media')])
    for (const name of await readdir(folder).catch(() => []))
      if (HALF_WRITTEN.test(name)) await rm(join(folder, name), { force: true }).catch(() => {})
}

/** What there is to tidy: a restore leaves disks, the end of a saved state memory, a deletion parts of memory, too. */
export type Leftovers = 'disks' | 'memory' | 'parts'

/** Removes and merges what nobody needs. A snapshot that cannot be read keeps everything. */
export async function tidy(work: SnapshotWork, id: string, leftovers: Leftovers): Promise<void> {
  const folder = work.folder(id)
  if (!(await folder.exists())) return
  await recover(work, id)
  await tidyDisks(work, id)
  if (leftovers === 'disks') return
  const records = await folder.records()
  const maps = records.filter(({ hasMemory }) => hasMemory).map((record) => folder.memoryMap(record.id))
  await work.pools.snapshotTask('tidyPacks', {
    packFolder: folder.packFolder,
    maps,
    repack: leftovers === 'parts',
  })
}

async function tidyDisks(work: SnapshotWork, id: string): Promise<void> {
  for (;;) {
    const machine = work.library.machine(id)
    const records = await work.folder(id).records()
    const roots = [...diskFiles(machine), ...records.flatMap((record) => snapshotDisks(record, machine.path))]
    const { merges } = await work.pools.snapshotTask('planDisks', {
      folder: join(machine.path, 'disks'),
      roots,
      foreign: await foreignDisks(work, id),
      inUse: work.machines.runningVm(id) ? diskFiles(machine) : [],
    })
    const [first] = merges
    if (!first) return
    const locks = lockLayers([first.below, first.above])
    if (!locks) return
    const { kept } = await work
      .withProgress(
        id,
        'merge',
        { totalBytes: work.library.machine(id).spec.memoryMib * MIB, unitBytes: MIB },
        (progress) => work.pools.snapshotTask('mergeLayers', { ...first, progress }),
      )
      .finally(() => locks.releaseAll())
    if (kept === 'below') await replaceDisk(work, machine, records, first.above, first.below)
  }
}

/** Locks images that will be written; undefined while somebody uses one, whom the library does not know of. */
function lockLayers(files: readonly string[]): ImageLocks | undefined {
  const locks = new ImageLocks()
  try {
    for (const file of files) locks.take({ file, writes: true })
    return locks
  } catch (error) {
    locks.releaseAll()
    if (error instanceof AppError && error.code === 'library/locked') return undefined
    throw error
  }
}

/** Has everything that uses the disk `above` use `below`, which holds the same by now. */
async function replaceDisk(
  work: SnapshotWork,
  { path, spec }: StoredMachine,
  records: readonly SnapshotRecord[],
  above: string,
  below: string,
): Promise<void> {
  const replace = <Spec extends StoredMachine['spec']>(of: Spec): Spec => {
    const files = disksOf(withAbsolutePaths(of, path)).flatMap(({ slot, file }): [string, string][] =>
      file === above ? [[slot, storedPath(path, below)]] : [],
    )
    return files.length === 0 ? of : withDiskFiles(of, new Map(files))
  }
  for (const record of records) {
    const changed = replace(record.spec)
    if (changed !== record.spec) await work.folder(spec.id).rewrite({ ...record, spec: changed })
  }
  await work.library.change(spec.id, replace)
}

/** Disks of all other machines of the library, of their presents and their snapshots. */
async function foreignDisks({ library }: SnapshotWork, id: string): Promise<string[]> {
  const files: string[] = []
  for (const entry of library.entries()) {
    if (entry.kind !== 'machine' || entry.spec.id === id) continue
    files.push(...diskFiles(entry))
    for (const snapshot of await new SnapshotFolder(entry.path).list())
      if ('record' in snapshot) files.push(...snapshotDisks(snapshot.record, entry.path))
  }
  return files
}
