/** What a snapshot through the running host holds is one moment of the machine, and what is made of it is that machine. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { machineSettingsSchema } from '../../../core/contract/machine-spec.ts'
import { withAbsolutePaths } from '../../../main/library/machine-folder.ts'
import { VmHost } from '../../../main/vm/vm-host.ts'
import { countingDisk, countOf } from '../../support/counting-guest.ts'
import { describeWith, pathOf } from '../../support/needs.ts'
import { records } from '../../support/saved-machine.ts'
import { countInSnapshot } from '../../support/snapshot-count.ts'
import { openSnapshotHost, type SnapshotHost } from '../../support/snapshot-host.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { tool } from '../../support/tools.ts'

const NASM = tool('nasm')
const MINUTES = 300_000
const MACHINE = { memoryMib: 64, videoMemoryMib: 1, pages: 0x2000 } as const

async function counting(on: SnapshotHost): Promise<string> {
  const disk = join(temporaryFolder(), 'counting.img')
  writeFileSync(disk, countingDisk(pathOf(NASM)))
  const { id } = await on.api.library.create({
    settings: machineSettingsSchema.parse({
      name: 'Counting',
      memoryMib: MACHINE.memoryMib,
      display: { videoMemoryMib: MACHINE.videoMemoryMib },
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
        counts.push(await countInSnapshot(on.path(id), snapshot, MACHINE))
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
      expect(await countInSnapshot(on.path(id), again, MACHINE)).toBeGreaterThan(counts[0] ?? 0)
      await api.machine.powerOff({ id })
      // What comes after a snapshot changes nothing of it.
      expect(await Promise.all(snapshots.map((snapshot) => countInSnapshot(on.path(id), snapshot, MACHINE)))).toEqual(
        counts,
      )
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
      const takenUp = async (resume: 'continue' | 'present') => {
        const twin = new VmHost(
          host.snapshots.work.pools,
          withAbsolutePaths({ ...spec, clock: { ...spec.clock, resume } }, on.path(id)),
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
        const moment = await momentOf(twin)
        await twin.powerOff()
        return moment
      }
      expect(await takenUp('continue')).toEqual(original)
      // The real-time clock shows the present, and nothing else is another.
      const present = await takenUp('present')
      expect(present.memory).toBe(original.memory)
      const changed = Object.keys(present.records).filter(
        (name) => !isDeepStrictEqual(present.records[name], original.records[name]),
      )
      expect(changed).toEqual([expect.stringContaining('mc146818')])
    },
    MINUTES,
  )
})

it('A moment that never was is noticed', () => {
  const ram = new Uint8Array(MACHINE.memoryMib << 20)
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
