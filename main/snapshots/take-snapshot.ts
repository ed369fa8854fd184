/**
 * Takes a snapshot. The order of the steps is what keeps the present and the past whole, whenever the host may be killed:
 *
 *   1. empty overlays are made on the present disks
 *   2. machine.json names the overlays, and the snapshot as pending: the disks show the same as before
 *   3. a running machine changes over to them, and its state is taken
 *   4. state and memory are written into a folder that is no snapshot yet; the disks below the overlays are made durable
 *   5. the folder gets its name: this is the snapshot
 *   6. machine.json names it as the parent
 *
 * Before 5 the pending snapshot does not exist, and the overlays are layers that can be merged; after 5 it is the parent.
 */
import { randomUUID } from 'node:crypto'
import { chmod, copyFile, mkdir, rm } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import type { MachineSpec } from '../../core/contract/machine-spec.ts'
import { SNAPSHOT_RECORD_VERSION, type SnapshotKind, type SnapshotRecord } from '../../core/contract/snapshot.ts'
import type { SnapshotTasks } from '../../core/contract/snapshot-tasks.ts'
import type { SnapshotMoment } from '../../core/contract/vm-thread.ts'
import type { StoredMachine } from '../library/library.ts'
import { libraryError, storedPath } from '../library/machine-folder.ts'
import type { VmHost } from '../vm/vm-host.ts'
import { disksOf, refuse, type SnapshotWork, withDiskFiles } from './snapshot-work.ts'

const PAGE_BYTES = 4096

export interface TakeOptions {
  readonly name: string
  readonly description: string
  readonly kind: SnapshotKind
}

/** A disk, and the overlay that takes its place. Paths are absolute. */
interface Overlay {
  readonly slot: ReturnType<typeof disksOf>[number]['slot']
  readonly file: string
  readonly backing: string
}

/** The next overlay's path: the name of the first disk with 8 digits of the new snapshot's identity. */
function overlayPath(folder: string, disk: string, id: string): string {
  const stem = basename(disk, extname(disk)).replace(/-[0-9a-f]{8}$/, '')
  return join(folder, 'disks', `${stem}-${id.slice(0, 8)}.qcow2`)
}

/** Plans an overlay on each hard disk of `spec`; two drives with disks of one name get overlays of different names. */
export function planOverlays(spec: MachineSpec, folder: string, id: string): Overlay[] {
  const taken = new Set<string>()
  return disksOf(spec).map(({ slot, file }) => {
    const backing = resolve(folder, file)
    let overlay = overlayPath(folder, backing, id)
    if (taken.has(overlay)) overlay = overlayPath(folder, `${slot}-${basename(backing)}`, id)
    taken.add(overlay)
    return { slot, file: overlay, backing }
  })
}

/** Takes it, with everything on disk when this resolves. Callers hold the machine's queue. */
export async function takeSnapshot(work: SnapshotWork, id: string, options: TakeOptions): Promise<SnapshotRecord> {
  const { library, pools, machines } = work
  const machine = library.machine(id)
  const vm = machines.runningVm(id)
  const state = machines.state(id)
  if (vm && state !== 'running' && state !== 'paused') refuse(`The machine is ${state}; try again`, { state })
  const folder = work.folder(id)
  const snapshot = randomUUID()
  const overlays = planOverlays(machine.spec, machine.path, snapshot)
  const before = machine.spec
  await mkdir(join(machine.path, 'disks'), { recursive: true }).catch((cause) => {
    throw libraryError('Cannot make a snapshot', cause)
  })
  const prepared = await folder.prepare(snapshot)
  let isPending = false
  try {
    await pools.snapshotTask(
      'prepareOverlays',
      overlays.map(({ file, backing }) => ({ file, backing })),
    )
    const files = new Map(overlays.map(({ slot, file }) => [slot as string, storedPath(machine.path, file)]))
    await library.change(id, (spec) => ({
      ...withDiskFiles(spec, files),
      present: { ...spec.present, pending: snapshot },
    }))
    isPending = true
    const thumbnail = await machines.thumbnailNow(id)
    const stored = await fill(work, machine, { snapshot, prepared, overlays, vm })
    const record: SnapshotRecord = {
      recordVersion: SNAPSHOT_RECORD_VERSION,
      id: snapshot,
      ...options,
      createdAt: new Date().toISOString(),
      parent: before.present.parent,
      pinned: false,
      machineState: vm ? (state === 'paused' ? 'paused' : 'running') : 'off',
      hasMemory: stored.hasMemory,
      spec: { ...before, present: { parent: before.present.parent, pending: null, resume: null }, pending: null },
      floppies: [...stored.floppies],
      thumbnail,
    }
    await folder.commit(record)
    const resume = !vm && stored.hasMemory ? snapshot : null
    await library.change(id, (spec) => ({ ...spec, present: { parent: snapshot, pending: null, resume } }))
    if (before.present.resume !== null && before.present.resume !== resume)
      await work.forgetSavedState(id, before.present.resume)
    await protect(machine.path, overlays)
    return record
  } catch (error) {
    await folder.abandon(snapshot)
    if (isPending) await withdraw(work, id, snapshot, overlays, before)
    else await Promise.all(overlays.map(({ file }) => rm(file, { force: true }).catch(() => {})))
    throw error
  }
}

/**
 * Machine.json no longer names a snapshot that came to nothing. A machine that has changed over goes on with its overlays, and
 * so does one that cannot be written to at the moment: they show the same.
 */
async function withdraw(
  { library, machines }: SnapshotWork,
  id: string,
  snapshot: string,
  overlays: readonly Overlay[],
  before: MachineSpec,
): Promise<void> {
  const inUse = machines.runningVm(id)?.hasImage(overlays[0]?.file ?? '') ?? false
  await library
    .change(id, (spec) => {
      if (spec.present.pending !== snapshot) return spec
      const present = { ...spec.present, pending: null }
      if (inUse) return { ...spec, present }
      return {
        ...withDiskFiles(spec, new Map(disksOf(before).map(({ slot, file }) => [slot as string, file]))),
        present,
      }
    })
    .then(async () => {
      if (!inUse) for (const { file } of overlays) await rm(file, { force: true })
    })
    .catch(() => {})
}

interface Filling {
  readonly snapshot: string
  readonly prepared: string
  readonly overlays: readonly Overlay[]
  readonly vm: VmHost | undefined
}

type Filled = Pick<SnapshotTasks['storeSnapshot']['result'], 'floppies'> & { readonly hasMemory: boolean }

/** Steps 3 and 4. */
async function fill(work: SnapshotWork, machine: StoredMachine, filling: Filling): Promise<Filled> {
  const { pools } = work
  const { prepared, overlays, vm } = filling
  const folder = work.folder(machine.spec.id)
  const { present } = machine.spec
  const frozen = overlays.map(({ backing }) => backing)
  if (vm) return fillFromRunning(work, machine, filling, vm)
  await pools.snapshotTask('syncFiles', { files: frozen })
  if (present.resume === null) return { floppies: [], hasMemory: false }
  // The saved state of the present is the snapshot's, too.
  const from = folder.folder(present.resume)
  for (const file of ['state.vitrine', 'memory.map']) await copyFile(join(from, file), join(prepared, file))
  const { floppies } = await folder.read(present.resume)
  for (const { file } of floppies) await copyFile(join(from, file), join(prepared, file))
  await pools.snapshotTask('syncFiles', {
    files: ['state.vitrine', 'memory.map', ...floppies.map(({ file }) => file)].map((file) => join(prepared, file)),
  })
  return { floppies, hasMemory: true }
}

async function fillFromRunning(
  work: SnapshotWork,
  { spec }: StoredMachine,
  { snapshot, prepared, overlays, vm: _ }: Filling,
  vm: VmHost,
): Promise<Filled> {
  const folder = work.folder(spec.id)
  const { parent } = spec.present
  const hasParentMemory = parent !== null && (await folder.read(parent).catch(() => undefined))?.hasMemory === true
  const written = overlays.filter(({ slot }) => vm.writes(slot))
  const moment: SnapshotMoment = await vm.beginSnapshot(
    written.map(({ slot, file }) => ({ slot, file })),
    parent,
  )
  const startMs = performance.now()
  let stored: SnapshotTasks['storeSnapshot']['result'] | undefined
  try {
    const size = { totalBytes: moment.pages * PAGE_BYTES, unitBytes: PAGE_BYTES }
    stored = await work.withProgress(spec.id, 'take', size, (progress) =>
      work.pools.snapshotTask('storeSnapshot', {
        folder: prepared,
        packFolder: folder.packFolder,
        parentMap: hasParentMemory ? folder.memoryMap(parent as string) : null,
        moment,
        frozen: overlays.map(({ backing }) => backing),
        progress,
      }),
    )
    return { floppies: stored.floppies, hasMemory: true }
  } finally {
    // A machine that has ended meanwhile needs to be told nothing.
    const ended = await vm.endSnapshot(stored ? snapshot : null).catch(() => undefined)
    if (stored && ended) {
      const seconds = ((performance.now() - startMs) / 1000).toFixed(2)
      work.machines.note(
        spec.id,
        `Snapshot: the guest stood still for ${ended.longestGapMs.toFixed(1)} ms at a time; ${stored.newPages} pages, ${stored.memoryBytes} bytes in ${seconds} s`,
      )
    }
  }
}

/** Disks of snapshots in the machine's own folder are not written by mistake. */
async function protect(folder: string, overlays: readonly Overlay[]): Promise<void> {
  for (const { backing } of overlays)
    if (backing.startsWith(join(folder, '/'))) await chmod(backing, 0o444).catch(() => {})
}
