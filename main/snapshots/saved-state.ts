/**
 * Saved states: a machine is paused, its state and memory are written as those of a snapshot are, and it is switched off. The
 * disks stay what they are. One step makes the state the present: machine.json names it.
 */
import { randomUUID } from 'node:crypto'
import { SNAPSHOT_RECORD_VERSION } from '../../core/contract/snapshot.ts'
import { diskFiles, refuse, type SnapshotWork } from './snapshot-work.ts'

const PAGE_BYTES = 4096

/** Resolves when the machine is off and its next start goes on from here. It goes on running when its state cannot be saved. */
export async function saveState(work: SnapshotWork, id: string): Promise<void> {
  const { machines, library, pools } = work
  const vm = machines.running(id)
  const machine = library.machine(id)
  const folder = work.folder(id)
  const wasRunning = vm.state === 'running'
  if (!wasRunning && vm.state !== 'paused') refuse(`The machine is ${vm.state}; try again`)
  const saved = randomUUID()
  const prepared = await folder.prepare(saved)
  if (wasRunning) await vm.pause()
  try {
    const thumbnail = await machines.thumbnailNow(id)
    const { parent } = machine.spec.present
    const hasParentMemory = parent !== null && (await folder.read(parent).catch(() => undefined))?.hasMemory === true
    const moment = await vm.beginSnapshot([], parent)
    try {
      const size = { totalBytes: moment.pages * PAGE_BYTES, unitBytes: PAGE_BYTES }
      const { floppies: _ } = await work.withProgress(id, 'save', size, (progress) =>
        pools.snapshotTask('storeSnapshot', {
          folder: prepared,
          packFolder: folder.packFolder,
          parentMap: hasParentMemory ? folder.memoryMap(parent as string) : null,
          moment: { ...moment, floppies: [] },
          frozen: diskFiles(machine),
          progress,
        }),
      )
    } finally {
      await vm.endSnapshot(null)
    }
    const { present, ...spec } = library.machine(id).spec
    await folder.commit({
      recordVersion: SNAPSHOT_RECORD_VERSION,
      id: saved,
      name: 'Saved state',
      description: '',
      createdAt: new Date().toISOString(),
      parent,
      kind: 'saved',
      pinned: false,
      machineState: wasRunning ? 'running' : 'paused',
      hasMemory: true,
      spec: { ...spec, present: { ...present, pending: null, resume: null }, pending: null },
      floppies: [],
      thumbnail,
    })
    await library.change(id, (now) => ({ ...now, present: { ...now.present, resume: saved } }))
  } catch (error) {
    await folder.abandon(saved)
    if (wasRunning && vm.isAlive) await vm.resume()
    throw error
  }
  await machines.powerOff(id)
}
