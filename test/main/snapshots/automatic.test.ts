/** Snapshots that nobody asks for: before a start, every so many minutes, and how many of them are kept. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { openSnapshotHost, type SnapshotHost, waitForText } from '../../support/snapshot-host.ts'

const MINUTES = 300_000
afterEach(() => void vi.useRealTimers())

const kept = async ({ api }: SnapshotHost, id: string) =>
  (await api.snapshot.tree({ id })).snapshots.map(({ kind, name }) => `${kind}: ${name.replace(/,.*/, '')}`)

/** Changes the disk of a machine that is off. */
function writeDisk(on: SnapshotHost, id: string, pattern: number): void {
  const { spec, path } = on.host.machines.library.machine(id)
  const file = join(path, spec.drives.find(({ slot }) => slot === 'hda')?.file ?? '')
  const format = file.endsWith('.qcow2') ? 'qcow2' : 'raw'
  execFileSync('qemu-io', ['-f', format, '-c', `write -P ${pattern} 600k 4k`, file])
}

it(
  'before each start one is taken when something has changed; beyond the limit the oldest goes, but for pinned and own ones',
  async () => {
    const on = await openSnapshotHost()
    const { api } = on
    const id = await on.machine()
    await api.snapshot.take({ id, name: 'Mine' })
    await api.library.update({ id, patch: { snapshots: { beforeStart: true, everyMinutes: null, keep: 2 } } })
    await api.machine.start({ id })
    await api.machine.powerOff({ id })
    expect(await kept(on, id)).toEqual(['manual: Mine'])
    for (let round = 1; round <= 4; round++) {
      writeDisk(on, id, round)
      await api.machine.start({ id })
      await api.machine.powerOff({ id })
      await on.host.snapshots.work.idle()
      if (round > 1) continue
      const [, first] = (await api.snapshot.tree({ id })).snapshots
      await api.snapshot.update({ id, snapshot: first?.id ?? '', pinned: true, name: 'Pinned' })
    }
    const before = 'automatic: Before start'
    expect(await kept(on, id)).toEqual(['manual: Mine', 'automatic: Pinned', before, before])
  },
  MINUTES,
)

it(
  'every so many minutes of running one is taken, none while it is paused, and none after its end',
  async () => {
    const on = await openSnapshotHost()
    const { api } = on
    const id = await on.machine()
    await api.library.update({ id, patch: { snapshots: { beforeStart: false, everyMinutes: 30, keep: 2 } } })
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await api.machine.start({ id })
    await waitForText(on, id, '1 to 7 at once')
    const pass = async (minutes: number) => {
      vi.advanceTimersByTime(minutes * 60_000)
      await on.host.snapshots.work.idle()
    }
    await pass(29)
    expect(await kept(on, id)).toEqual([])
    await pass(1)
    expect(await kept(on, id)).toEqual(['automatic: Automatic'])
    expect((await api.snapshot.tree({ id })).snapshots[0]).toMatchObject({ hasMemory: true, machineState: 'running' })
    await api.machine.pause({ id })
    await pass(60)
    expect(await kept(on, id)).toHaveLength(1)
    await api.machine.resume({ id })
    for (let i = 0; i < 3; i++) await pass(30)
    expect(await kept(on, id)).toEqual(['automatic: Automatic', 'automatic: Automatic'])
    await api.machine.powerOff({ id })
    await pass(90)
    expect(await kept(on, id)).toHaveLength(2)
  },
  MINUTES,
)
