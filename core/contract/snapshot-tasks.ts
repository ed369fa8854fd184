/** What the host asks of the threads that work on snapshots (worker/snapshot-task.ts). Paths are absolute. */
import type { DriveSlot } from './machine-spec.ts'
import type { SnapshotMoment } from './vm-thread.ts'

/** Word 0 counts what is done: pages of memory, MiB of a disk. */
type Progress = SharedArrayBuffer

export interface SnapshotTasks {
  /** Makes empty images that stand on others. */
  prepareOverlays: { request: readonly { readonly file: string; readonly backing: string }[]; result: null }
  /** Fills the folder of a snapshot that is being made, and makes the disks it keeps durable. */
  storeSnapshot: {
    request: {
      readonly folder: string
      readonly packFolder: string
      readonly parentMap: string | null
      readonly moment: SnapshotMoment
      readonly frozen: readonly string[]
      readonly progress: Progress
    }
    result: {
      readonly floppies: { readonly slot: DriveSlot; readonly file: string }[]
      readonly newPages: number
      readonly memoryBytes: number
    }
  }
  /** Makes files durable that others have written. */
  syncFiles: { request: { readonly files: readonly string[] }; result: null }
  /** Removes images that nothing refers to, and says which layers can become one. */
  planDisks: {
    request: {
      readonly folder: string
      readonly roots: readonly string[]
      readonly foreign: readonly string[]
      readonly inUse: readonly string[]
    }
    result: {
      readonly merges: readonly {
        readonly below: string
        readonly above: string
        readonly children: readonly string[]
      }[]
      readonly removed: readonly string[]
    }
  }
  mergeLayers: {
    request: {
      readonly below: string
      readonly above: string
      readonly children: readonly string[]
      readonly progress: Progress
    }
    result: { readonly kept: 'above' | 'below' }
  }
  /** Removes packs of memory that nothing refers to; with `repack` those of which little is left are written anew. */
  tidyPacks: {
    request: { readonly packFolder: string; readonly maps: readonly string[]; readonly repack: boolean }
    result: number
  }
  /** The packs that each memory map refers to. */
  memoryPacks: { request: { readonly maps: readonly string[] }; result: string[][] }
  /** For each floppy the image that holds the saved content. */
  restoreFloppies: {
    request: {
      readonly floppies: readonly { readonly saved: string; readonly image: string | null; readonly copy: string }[]
    }
    result: string[]
  }
  areUntouched: { request: { readonly files: readonly string[] }; result: boolean }
  /** Each image with what it stands on, from the top. */
  chains: { request: { readonly files: readonly string[] }; result: string[][] }
  /** Images in `folder` that stand on a file that has moved stand on it where it is now. */
  moveBacking: {
    request: { readonly folder: string; readonly moved: readonly { readonly from: string; readonly to: string }[] }
    result: null
  }
  flattenDisk: { request: { readonly from: string; readonly to: string; readonly progress: Progress }; result: null }
}
