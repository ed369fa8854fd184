/** Fills a snapshot's folder before it gets its name: state, memory, floppies; and makes the disks it stands on durable. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import type { DriveSlot } from '../../core/contract/machine-spec.ts'
import type { SnapshotMoment } from '../../core/contract/vm-thread.ts'
import { syncFile, syncFolder, writeDurably } from '../files/durable-files.ts'
import { writeMemory } from './write-memory.ts'

const STATE_FILE = 'state.vitrine'
const MEMORY_MAP_FILE = 'memory.map'

export interface StoreSnapshotRequest {
  /** The folder as it is being made. */
  readonly folder: string
  readonly packFolder: string
  readonly parentMap: string | null
  readonly moment: SnapshotMoment
  /** Disks that the snapshot keeps. */
  readonly frozen: readonly string[]
  readonly progress: SharedArrayBuffer
}

export interface StoredSnapshot {
  readonly floppies: { readonly slot: DriveSlot; readonly file: string }[]
  readonly newPages: number
  readonly memoryBytes: number
}

/** Everything is durable when it returns. */
export function storeSnapshot(request: StoreSnapshotRequest): StoredSnapshot {
  const { folder, packFolder, parentMap, moment, frozen, progress } = request
  mkdirSync(packFolder, { recursive: true })
  writeDurably(join(folder, STATE_FILE), moment.state)
  const { newPages, packBytes } = writeMemory({
    memory: moment.memory,
    savedOffset: moment.savedOffset,
    pages: moment.pages,
    buffers: moment.buffers,
    parentMap: parentMap ?? undefined,
    dirty: moment.dirty ?? undefined,
    packFolder,
    mapFile: join(folder, MEMORY_MAP_FILE),
    progress: new Int32Array(progress),
  })
  const floppies = moment.floppies.map(({ slot, bytes }) => {
    const file = `${slot}.img.zst`
    writeDurably(join(folder, file), zstdCompressSync(bytes))
    return { slot, file }
  })
  for (const file of frozen) syncFile(file)
  syncFolder(folder)
  return { floppies, newPages, memoryBytes: packBytes }
}
