/** What a snapshot of the counting guest holds. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { openImage } from '../../core/disk/open-image.ts'
import { ROM_BASE, ramBase } from '../../core/memory/layout.ts'
import { openFileByteStore } from '../../worker/files/file-byte-store.ts'
import { fileImageHost } from '../../worker/files/image-host.ts'
import { SavedMemory } from '../../worker/snapshot/load-memory.ts'
import { countOf } from './counting-guest.ts'

/** The machine that the guest runs on, and how many pages it writes. */
export interface CountingMachine {
  readonly memoryMib: number
  readonly videoMemoryMib: number
  readonly pages: number
}

/** The count in a snapshot of the machine in `folder`. Throws when its memory and its disk are not of one moment. */
export async function countInSnapshot(folder: string, snapshot: string, machine: CountingMachine): Promise<number> {
  const { memoryMib, videoMemoryMib, pages } = machine
  const saved = new Uint8Array(ramBase(videoMemoryMib << 20) + (memoryMib << 20) - ROM_BASE)
  const at = join(folder, 'snapshots')
  const memory = new SavedMemory(join(at, snapshot, 'memory.map'), join(at, 'pages'))
  try {
    await memory.putInto(saved, 0)
  } finally {
    memory.close()
  }
  const record = JSON.parse(readFileSync(join(at, snapshot, 'record.json'), 'utf8'))
  const path = resolve(folder, record.spec.drives.find((drive: { slot: string }) => drive.slot === 'hda').file)
  const disk = openImage(openFileByteStore(path, true), fileImageHost, { path, readOnly: true })
  const sector = new Uint8Array(512)
  try {
    return countOf(
      saved.subarray(saved.length - (memoryMib << 20)),
      (lba) => {
        disk.readSectors(lba, 1, sector)
        return sector
      },
      pages,
    )
  } finally {
    disk.close()
  }
}
