/** What a snapshot through the running host holds is one moment of the machine, and what is made of it is that machine. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { machineSettingsSchema } from '../../../core/contract/machine-spec.ts'
import { openImage } from '../../../core/disk/open-image.ts'
import { ROM_BASE, ramBase } from '../../../core/memory/layout.ts'
import { withAbsolutePaths } from '../../../main/library/machine-folder.ts'
import { VmHost } from '../../../main/vm/vm-host.ts'
import { openFileByteStore } from '../../../worker/files/file-byte-store.ts'
import { fileImageHost } from '../../../worker/files/image-host.ts'
import { SavedMemory } from '../../../worker/snapshot/load-memory.ts'
import { countingDisk, countOf } from '../../support/counting-guest.ts'
import { describeWith, pathOf } from '../../support/needs.ts'
import { records } from '../../support/saved-machine.ts'
import { openSnapshotHost, type SnapshotHost } from '../../support/snapshot-host.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { tool } from '../../support/tools.ts'

const NASM = tool('nasm')
const MINUTES = 300_000
const MEMORY_MIB = 64
const VIDEO_MIB = 1
const SAVED_BYTES = ramBase(VIDEO_MIB << 20) + (MEMORY_MIB << 20) - ROM_BASE

async function counting(on: SnapshotHost): Promise<string> {
  const disk = join(temporaryFolder(), 'counting.img')
  writeFileSync(disk, countingDisk(pathOf(NASM)))
  const { id } = await on.api.library.create({
    settings: machineSettingsSchema.parse({
      name: 'Counting',
      memoryMib: MEMORY_MIB,
      display: { videoMemoryMib: VIDEO_MIB },
      drives: [{ slot: 'hda', kind: 'disk', file: disk }],
      boot: { order: ['disk'] },
      clock: { resume: 'continue' },
    }),
  })
  return id
}

async function waitForCounts({ host }: SnapshotHost, id: string, count: number): Promise<void> {
  const text = '.'.repeat(count)
  await host.machines.running(id).call({ type: 'wait-text', text, timeoutSeconds: 100, background: true })
}

/** The memory that a snapshot holds. */
async function memoryOf(on: SnapshotHost, id: string, snapshot: string): Promise<Uint8Array> {
  const folder = join(on.path(id), 'snapshots')
  const saved = new Uint8Array(SAVED_BYTES)
  const memory = new SavedMemory(join(folder, snapshot, 'memory.map'), join(folder, 'pages'))
  await memory.putInto(saved, 0)
  memory.close()
  return saved
}

/** The count that a snapshot holds in its memory and on its disk. */
async function countIn(on: SnapshotHost, id: string, snapshot: string): Promise<number> {
  const saved = await memoryOf(on, id, snapshot)
  const record = JSON.parse(readFileSync(join(on.path(id), 'snapshots', snapshot, 'record.json'), 'utf8'))
  const path = resolve(on.path(id), record.spec.drives[0].file)
  const disk = openImage(openFileByteStore(path, true), fileImageHost, { path, readOnly: true })
  const sector = new Uint8Array(512)
  try {
    return countOf(saved.subarray(SAVED_BYTES - (MEMORY_MIB << 20)), (lba) => {
      disk.readSectors(lba, 1, sector)
      return sector
    })
  } finally {
    disk.close()
  }
}

describeWith([NASM], 'A guest that writes all of its memory and its disk without end', () => {
  it(
    'is found in each of many snapshots as it was at one moment, and goes on from it',
    async () => {
      const on = await openSnapshotHost()
      const { api } = on
      const id = await counting(on)
      await api.machine.start({ id })
      await waitForCounts(on, id, 3)
      const counts: number[] = []
      const snapshots: string[] = []
      for (let i = 0; i < 4; i++) {
        const { id: snapshot } = await api.snapshot.take({ id })
        counts.push(await countIn(on, id, snapshot))
        snapshots.push(snapshot)
        await waitForCounts(on, id, 2)
      }
      expect(counts.toSorted((a, b) => a - b)).toEqual(counts)
      expect(new Set(counts).size).toBe(counts.length)
      const [first = ''] = snapshots
      await api.snapshot.restore({ id, snapshot: first, keepPresent: false })
      await api.machine.start({ id })
      await waitForCounts(on, id, 2)
      const { id: again } = await api.snapshot.take({ id })
      expect(await countIn(on, id, again)).toBeGreaterThan(counts[0] ?? 0)
      await api.machine.powerOff({ id })
      // What comes after a snapshot changes nothing of it.
      expect(await Promise.all(snapshots.map((snapshot) => countIn(on, id, snapshot)))).toEqual(counts)
    },
    MINUTES,
  )

  it(
    'is taken up with every byte of memory and of the state of its chips',
    async () => {
      const on = await openSnapshotHost()
      const { api, host } = on
      const id = await counting(on)
      await api.machine.start({ id })
      await waitForCounts(on, id, 3)
      await api.machine.pause({ id })
      const { id: snapshot } = await api.snapshot.take({ id })
      const vm = host.machines.running(id)
      const original = await momentOf(vm)
      const taken = records(new Uint8Array(readFileSync(join(on.path(id), 'snapshots', snapshot, 'state.vitrine'))))
      expect(taken).toEqual(original.records)
      await api.machine.powerOff({ id })
      await api.snapshot.restore({ id, snapshot, keepPresent: false })
      const folder = join(on.path(id), 'snapshots')
      const { spec } = host.machines.library.machine(id)
      const twin = new VmHost(
        host.snapshots.work.pools,
        withAbsolutePaths(spec, on.path(id)),
        { engine: 'auto', debugExit: false, discardWrites: false, requireBootable: false, stepped: false },
        {
          id: snapshot,
          stateFile: join(folder, snapshot, 'state.vitrine'),
          memoryMap: join(folder, snapshot, 'memory.map'),
          packFolder: join(folder, 'pages'),
        },
      )
      onTestFinished(() => twin.powerOff())
      await twin.started()
      expect(await momentOf(twin)).toEqual(original)
    },
    MINUTES,
  )
})

it('A moment that never was is noticed', () => {
  const ram = new Uint8Array(MEMORY_MIB << 20)
  const words = new Uint32Array(ram.buffer)
  for (let page = 0x200; page < 0x2200; page++) words[page * 1024] = page < 0x300 || page === 0x1000 ? 8 : 7
  expect(() => countOf(ram, () => new Uint8Array(512))).toThrow('has the count 8 while the first one has 8')
})

/** The records of a machine that stands still, and a hash of its memory, which is read from the machine itself. */
async function momentOf(vm: VmHost) {
  const moment = await vm.beginSnapshot([], null)
  const memory = new Uint8Array(moment.memory, moment.savedOffset, moment.pages * 4096)
  const hash = createHash('sha256').update(Uint8Array.from(memory)).digest('hex')
  await vm.endSnapshot(null)
  return { records: records(moment.state), memory: hash }
}
