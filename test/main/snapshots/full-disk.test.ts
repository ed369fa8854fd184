/**
 * A library on a disk that is full at random moments of work on the snapshots of a running machine. What cannot be done is refused
 * with a reason; every snapshot that was complete stays, and the machine goes on when there is room.
 */
import { closeSync, openSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { AppError } from '../../../core/base/errors.ts'
import { machineSettingsSchema } from '../../../core/contract/machine-spec.ts'
import { countingDisk } from '../../support/counting-guest.ts'
import { describeWith, pathOf } from '../../support/needs.ts'
import { Random } from '../../support/random.ts'
import { smallDisk } from '../../support/small-disk.ts'
import { countInSnapshot } from '../../support/snapshot-count.ts'
import { openSnapshotHost, type SnapshotHost } from '../../support/snapshot-host.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { tool } from '../../support/tools.ts'

const NASM = tool('nasm')
const ROUNDS = Number(process.env['VITRINE_FUZZ_ROUNDS'] ?? 8)
const SEED = Number(process.env['VITRINE_FUZZ_SEED'] ?? 4)
const MACHINE = { memoryMib: 4, videoMemoryMib: 1, pages: 100 } as const
/** Of the guest, in its own seconds, under a host that does other things. */
const PATIENCE_SECONDS = 60

async function counting(on: SnapshotHost): Promise<string> {
  const file = join(temporaryFolder(), 'counting.img')
  writeFileSync(file, countingDisk(pathOf(NASM), MACHINE.pages, 'ports'))
  const settings = machineSettingsSchema.parse({
    name: 'Counting',
    memoryMib: MACHINE.memoryMib,
    display: { videoMemoryMib: MACHINE.videoMemoryMib },
    drives: [{ slot: 'hda', kind: 'disk', file }],
    boot: { order: ['disk'] },
  })
  return (await on.api.library.create({ settings })).id
}

/** Fills the file system of `folder` but for `leftBytes`; returns the file that does it. */
function fill(folder: string, leftBytes: number): string {
  const path = join(folder, '.filler')
  const { bavail, bsize } = statfsSync(folder)
  const fd = openSync(path, 'w')
  const piece = new Uint8Array(4096)
  try {
    for (let left = bavail * bsize - leftBytes; left > 0; left -= piece.length) writeSync(fd, piece)
  } catch {
    // The rest was taken meanwhile.
  } finally {
    closeSync(fd)
  }
  return path
}

/** Runs the machine, whatever has become of it, until its guest has counted on. */
async function goOn({ host, api }: SnapshotHost, id: string): Promise<void> {
  const { state } = await api.library.get({ id })
  if (state === 'off') await api.machine.start({ id })
  else if (state === 'paused') await api.machine.resume({ id })
  const { seen } = await host.machines
    .running(id)
    .call({ type: 'wait-text', text: '...', timeoutSeconds: PATIENCE_SECONDS, background: true })
  expect(seen).toBe('serial')
}

describeWith([NASM], 'Snapshots on a disk that is full', () => {
  it(
    `are whole, or not there, at ${ROUNDS} moments`,
    async ({ skip }) => {
      const folder = smallDisk(24)
      if (folder === undefined) return skip('mounting a file system is not allowed here')
      const on = await openSnapshotHost(folder)
      const { api } = on
      const id = await counting(on)
      await goOn(on, id)
      const random = new Random(SEED)
      const whole = new Set([(await api.snapshot.take({ id })).id])
      const refused = new Set<string>()
      for (let round = 0; round < ROUNDS; round++) {
        const some = random.pick([...whole])
        const filler = fill(folder, random.below(1 << random.below(22)))
        const [name, work] = random.pick<readonly [string, () => Promise<unknown>]>([
          ['take', async () => whole.add((await api.snapshot.take({ id })).id)],
          ['take', async () => whole.add((await api.snapshot.take({ id })).id)],
          ['restore', () => api.snapshot.restore({ id, snapshot: some, keepPresent: false })],
          ['save', () => api.snapshot.save({ id })],
          [
            'delete',
            async () => {
              if (whole.size < 2) return
              whole.delete(some)
              await api.snapshot.delete({ id, snapshot: some })
            },
          ],
        ])
        try {
          await work()
        } catch (error) {
          expect(error, `${name} in round ${round} of seed ${SEED}`).toBeInstanceOf(AppError)
          refused.add(name)
        }
        rmSync(filler)
        await on.host.snapshots.work.idle()
        await goOn(on, id)
        const { snapshots } = await api.snapshot.tree({ id })
        expect(
          snapshots.filter(({ problem }) => problem !== null),
          `${name} in round ${round} of seed ${SEED}`,
        ).toEqual([])
        expect(snapshots.map((snapshot) => snapshot.id)).toEqual(expect.arrayContaining([...whole]))
        for (const snapshot of snapshots)
          if (snapshot.hasMemory) await countInSnapshot(on.path(id), snapshot.id, MACHINE)
      }
      await api.machine.powerOff({ id })
      await on.host.snapshots.work.idle()
      if (ROUNDS > 20) expect(refused.size).toBeGreaterThan(2)
    },
    ROUNDS * 60_000,
  )
})
