/** The thread of finite tasks on snapshots: what reads and writes disks, memory and states. See core/contract/snapshot-tasks.ts. */
import { toErrorRecord } from '../core/contract/error-record.ts'
import type { SnapshotTasks } from '../core/contract/snapshot-tasks.ts'
import type { MediaTaskResult } from '../core/contract/vm-thread.ts'
import { syncFile } from './files/durable-files.ts'
import { planDisks as plan } from './snapshot/disk-plan.ts'
import { flattenDisk as flatten } from './snapshot/flatten.ts'
import { restoreFloppies as floppies } from './snapshot/floppies.ts'
import { mergeLayers as merge, moveBacking as move } from './snapshot/merge-layers.ts'
import { chainOf, isUntouched, prepareOverlays as prepare } from './snapshot/overlays.ts'
import { storeSnapshot as store } from './snapshot/store-snapshot.ts'
import { packsOf, tidyPacks as tidy } from './snapshot/tidy-packs.ts'

type Task<Name extends keyof SnapshotTasks> = (
  request: SnapshotTasks[Name]['request'],
) => Promise<MediaTaskResult<SnapshotTasks[Name]['result']>>

/** Errors do not survive the way between threads. */
function task<Name extends keyof SnapshotTasks>(
  _name: Name,
  work: (
    request: SnapshotTasks[Name]['request'],
  ) => SnapshotTasks[Name]['result'] | Promise<SnapshotTasks[Name]['result']>,
): Task<Name> {
  return async (request) => {
    try {
      return { ok: await work(request) }
    } catch (error) {
      return { error: toErrorRecord(error) }
    }
  }
}

export const prepareOverlays = task('prepareOverlays', (overlays) => {
  prepare(overlays)
  return null
})
export const storeSnapshot = task('storeSnapshot', store)
export const syncFiles = task('syncFiles', ({ files }) => {
  for (const file of files) syncFile(file)
  return null
})
export const planDisks = task('planDisks', plan)
export const mergeLayers = task('mergeLayers', merge)
export const moveBacking = task('moveBacking', move)
export const tidyPacks = task('tidyPacks', tidy)
export const memoryPacks = task('memoryPacks', ({ maps }) => maps.map((map) => [...packsOf(map)]))
export const restoreFloppies = task('restoreFloppies', floppies)
export const areUntouched = task('areUntouched', ({ files }) => files.every(isUntouched))
export const chains = task('chains', ({ files }) => files.map(chainOf))
export const flattenDisk = task('flattenDisk', ({ from, to, progress }) => {
  flatten(from, to, progress)
  return null
})
