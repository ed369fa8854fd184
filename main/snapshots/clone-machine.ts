/** Machines made from snapshots: full clones with disks of their own, linked ones whose disks are overlays on the snapshot's. */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, mkdir, stat } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import { isAbsolutePath, type MachineSpec } from '../../core/contract/machine-spec.ts'
import type { SnapshotRecord } from '../../core/contract/snapshot.ts'
import type { StoredMachine } from '../library/library.ts'
import { mapPaths, storedPath } from '../library/machine-folder.ts'
import { freeFilePath } from '../library/media-files.ts'
import { SnapshotFolder } from './snapshot-folder.ts'
import { disksOf, type SnapshotWork } from './snapshot-work.ts'
import { planOverlays } from './take-snapshot.ts'

const MIB = 2 ** 20

export interface CloneRequest {
  /** What is cloned: of a snapshot, or of the present of a machine that is off. Its disks stand still. */
  readonly spec: MachineSpec
  /** Of the snapshot, with the files of its floppies; null for the present. */
  readonly floppies: readonly { readonly slot: string; readonly saved: string }[]
  readonly name: string | undefined
  readonly linked: boolean
  /** The snapshot with memory that it goes on from; null: it starts with a power-on. */
  readonly memory: SnapshotRecord | null
}

/** The clone has an identity of its own. */
export async function cloneMachine(
  work: SnapshotWork,
  original: StoredMachine,
  request: CloneRequest,
): Promise<StoredMachine> {
  const { spec, name, linked, memory } = request
  return work.library.addWhole(async (folder) => {
    await mkdir(join(folder, 'disks'), { recursive: true })
    const files = new Map<string, string>()
    for (const [slot, file] of linked
      ? await linkDisks(work, original, spec, folder)
      : await copyDisks(work, original, spec, folder))
      files.set(slot, storedPath(folder, file))
    for (const [slot, file] of await copyFloppies(work, original, request, folder))
      files.set(slot, storedPath(folder, file))
    const drives = spec.drives.map((drive) => ({ ...drive, file: files.get(drive.slot) ?? drive.file }))
    await copyOthers({ ...spec, drives }, original.path, folder, new Set(files.values()))
    const clone: MachineSpec = {
      ...spec,
      id: randomUUID(),
      name: work.library.freeName(name ?? spec.name),
      drives,
      present: { parent: null, pending: null, resume: null },
      pending: null,
    }
    if (!memory) return clone
    return { ...clone, present: { ...clone.present, resume: await copyMemory(work, original, memory, clone, folder) } }
  })
}

/** The memory of a snapshot as the saved state of the clone in `folder`; returns its identity. */
async function copyMemory(
  { pools }: SnapshotWork,
  original: StoredMachine,
  memory: SnapshotRecord,
  clone: MachineSpec,
  folder: string,
): Promise<string> {
  const from = new SnapshotFolder(original.path)
  const to = new SnapshotFolder(folder)
  const id = randomUUID()
  const prepared = await to.prepare(id)
  await mkdir(to.packFolder, { recursive: true })
  const [packs = []] = await pools.snapshotTask('memoryPacks', { maps: [from.memoryMap(memory.id)] })
  for (const pack of packs) {
    const name = `${pack}.pages`
    await copyFile(join(from.packFolder, name), join(to.packFolder, name), constants.COPYFILE_FICLONE)
  }
  await copyFile(from.stateFile(memory.id), join(prepared, 'state.vitrine'))
  await copyFile(from.memoryMap(memory.id), join(prepared, 'memory.map'))
  await to.commit({
    ...memory,
    id,
    name: 'Saved state',
    description: '',
    parent: null,
    kind: 'saved',
    pinned: false,
    spec: clone,
    floppies: [],
  })
  return id
}

async function linkDisks(
  { pools }: SnapshotWork,
  original: StoredMachine,
  spec: MachineSpec,
  folder: string,
): Promise<[string, string][]> {
  const absolute = mapPaths(spec, (path) => resolve(original.path, path))
  const overlays = planOverlays(absolute, folder, randomUUID())
  await pools.snapshotTask(
    'prepareOverlays',
    overlays.map(({ file, backing }) => ({ file, backing })),
  )
  return overlays.map(({ slot, file }) => [slot, file])
}

async function copyDisks(
  work: SnapshotWork,
  original: StoredMachine,
  spec: MachineSpec,
  folder: string,
): Promise<[string, string][]> {
  const copies: [string, string][] = []
  for (const { slot, file } of disksOf(spec)) {
    const from = resolve(original.path, file)
    const stem = basename(from, extname(from)).replace(/-[0-9a-f]{8}$/, '')
    const to = await freeFilePath(join(folder, 'disks'), `${stem}.qcow2`)
    const { size } = await stat(from).catch(() => ({ size: 0 }))
    await work.withProgress(spec.id, 'clone', { totalBytes: Math.max(size, 1), unitBytes: MIB }, (progress) =>
      work.pools.snapshotTask('flattenDisk', { from, to, progress }),
    )
    copies.push([slot, to])
  }
  return copies
}

async function copyFloppies(
  { pools }: SnapshotWork,
  original: StoredMachine,
  { spec, floppies }: CloneRequest,
  folder: string,
): Promise<[string, string][]> {
  if (floppies.length === 0) return []
  const requests = await Promise.all(
    floppies.map(async ({ slot, saved }) => {
      const image = spec.drives.find((drive) => drive.slot === slot)?.file ?? slot
      return {
        saved,
        image: null,
        copy: await freeFilePath(join(folder, 'media'), basename(resolve(original.path, image))),
      }
    }),
  )
  const images = await pools.snapshotTask('restoreFloppies', { floppies: requests })
  return images.map((image, i) => [floppies[i]?.slot ?? '', image])
}

/** Files in the original's folder (CDs, kernels, firmware) are copied, so that the clone does not need it. */
async function copyOthers(spec: MachineSpec, from: string, to: string, own: ReadonlySet<string>): Promise<void> {
  const paths = new Set<string>()
  mapPaths({ ...spec, serialPorts: [] }, (path) => {
    if (!isAbsolutePath(path) && !own.has(path)) paths.add(path)
    return path
  })
  for (const path of paths) {
    await mkdir(join(to, path, '..'), { recursive: true })
    await copyFile(join(from, path), join(to, path), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  }
}
