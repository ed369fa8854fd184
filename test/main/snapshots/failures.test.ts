/** Snapshots that cannot be written: the machine goes on, what there was stays whole, and the next one works when there is room. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { smallDisk } from '../../support/small-disk.ts'
import { openSnapshotHost, screenOf, waitForText } from '../../support/snapshot-host.ts'

const MINUTES = 300_000

describe('a snapshot that cannot be written', () => {
  it(
    'leaves a running machine running, and its disk where it is',
    async () => {
      const on = await openSnapshotHost()
      const { api } = on
      const id = await on.machine()
      await api.machine.start({ id })
      await waitForText(on, id, '1 to 7 at once')
      const before = await screenOf(on, id)
      const packs = join(on.path(id), 'snapshots', 'pages')
      mkdirSync(join(on.path(id), 'snapshots'), { recursive: true })
      // No folder can be made where a file is.
      writeFileSync(packs, '')
      await expect(api.snapshot.take({ id })).rejects.toThrow()
      expect(await screenOf(on, id)).toBe(before)
      expect((await api.library.get({ id })).spec.present).toEqual({ parent: null, pending: null, resume: null })
      rmSync(packs)
      const snapshot = await api.snapshot.take({ id, name: 'Now' })
      await api.machine.powerOff({ id })
      await api.snapshot.restore({ id, snapshot: snapshot.id, keepPresent: false })
      await api.machine.start({ id })
      expect(await screenOf(on, id)).toBe(before)
    },
    MINUTES,
  )
})

describe('a disk that is full', () => {
  it(
    'keeps every snapshot and the present; with room again the next one is taken',
    async ({ skip }) => {
      const folder = smallDisk(512)
      if (folder === undefined) return skip('mounting a file system is not allowed here')
      const on = await openSnapshotHost(folder)
      const { api } = on
      const id = await on.machine()
      await api.machine.start({ id })
      await waitForText(on, id, '1 to 7 at once')
      const before = await screenOf(on, id)
      const first = await api.snapshot.take({ id, name: 'First' })
      const filler = join(folder, '.filler')
      try {
        writeFileSync(filler, new Uint8Array(512 << 20))
      } catch {
        // Full is what it is to be.
      }
      await expect(api.snapshot.take({ id, name: 'No room' })).rejects.toThrow()
      expect((await api.snapshot.tree({ id })).snapshots.map(({ name }) => name)).toEqual(['First'])
      expect((await api.library.get({ id })).spec.present.parent).toBe(first.id)
      rmSync(filler)
      if ((await api.library.get({ id })).state === 'paused') await api.machine.resume({ id })
      await api.snapshot.take({ id, name: 'Second' })
      await api.machine.powerOff({ id })
      await api.snapshot.restore({ id, snapshot: first.id, keepPresent: false })
      await api.machine.start({ id })
      expect(await screenOf(on, id)).toBe(before)
      await api.machine.powerOff({ id })
      await on.host.snapshots.work.idle()
    },
    MINUTES,
  )
})
