import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openSnapshotHost, type SnapshotHost, screenOf, waitForText } from '../../support/snapshot-host.ts'

const names = (tree: { snapshots: readonly { name: string }[] }) => tree.snapshots.map(({ name }) => name)

describe('snapshots of a running machine', () => {
  it('are taken while it runs and come back with memory, disk and screen', async () => {
    const on = await openSnapshotHost()
    const { api } = on
    const id = await on.machine()
    await api.machine.start({ id })
    await waitForText(on, id, '1 to 7 at once')
    const before = await screenOf(on, id)
    const snapshot = await api.snapshot.take({ id, name: 'At the menu', description: 'Before anything' })
    expect(snapshot).toMatchObject({ name: 'At the menu', hasMemory: true, machineState: 'running', parent: null })
    expect((await api.library.get({ id })).state).toBe('running')
    await api.machine.keys({
      id,
      events: [
        { code: 'Digit2', down: true },
        { code: 'Digit2', down: false },
      ],
    })
    await expect.poll(() => screenOf(on, id)).not.toBe(before)
    const second = await api.snapshot.take({ id })
    expect(second).toMatchObject({ name: 'Snapshot 2', parent: snapshot.id })
    await api.machine.powerOff({ id })
    await api.snapshot.restore({ id, snapshot: snapshot.id })
    expect((await api.library.get({ id })).spec.present).toEqual({
      parent: snapshot.id,
      pending: null,
      resume: snapshot.id,
    })
    await api.machine.start({ id })
    expect(await screenOf(on, id)).toBe(before)
    expect(names(await api.snapshot.tree({ id }))).toEqual(['At the menu', 'Snapshot 2', 'Before At the menu'])
    await on.host.machines.powerOff(id)
    await on.host.snapshots.work.idle()
    for (const file of readdirSync(join(on.path(id), 'disks')).filter((name) => name.endsWith('.qcow2')))
      execFileSync('qemu-img', ['check', join(on.path(id), 'disks', file)])
  })
})

describe('snapshots of a machine that is off', () => {
  it('branch, and are deleted with their disks merged', async () => {
    const on = await openSnapshotHost()
    const { api } = on
    const id = await on.machine()
    const one = await api.snapshot.take({ id, name: 'One' })
    const two = await api.snapshot.take({ id, name: 'Two' })
    await api.snapshot.restore({ id, snapshot: one.id })
    const three = await api.snapshot.take({ id, name: 'Three' })
    expect(two.parent).toBe(one.id)
    expect(three.parent).toBe(one.id)
    const tree = await api.snapshot.tree({ id })
    expect(tree.parent).toBe(three.id)
    expect(tree.snapshots.find((s) => s.id === one.id)?.children).toHaveLength(2)
    await api.snapshot.delete({ id, snapshot: two.id })
    await api.snapshot.delete({ id, snapshot: one.id })
    await on.host.snapshots.work.idle()
    expect((await api.snapshot.tree({ id })).snapshots).toMatchObject([{ name: 'Three', parent: null }])
    await api.snapshot.delete({ id, snapshot: three.id })
    await on.host.snapshots.work.idle()
    const { spec } = await api.library.get({ id })
    expect(spec.present.parent).toBeNull()
    // The user's own image is the disk again.
    expect(spec.drives.find(({ slot }) => slot === 'hda')?.file).toBe('disks/demo.img')
    expect(readdirSync(join(on.path(id), 'disks'))).toEqual(['demo.img'])
    expect(existsSync(join(on.path(id), 'snapshots', one.id))).toBe(false)
  })
})

describe('a saved state', () => {
  it('is taken up by the next start', async () => {
    const on: SnapshotHost = await openSnapshotHost()
    const { api } = on
    const id = await on.machine()
    await api.machine.start({ id })
    await waitForText(on, id, '1 to 7 at once')
    const before = await screenOf(on, id)
    const card = await api.snapshot.save({ id })
    expect(card.state).toBe('off')
    expect(card.spec.present.resume).not.toBeNull()
    await api.machine.start({ id })
    expect(await screenOf(on, id)).toBe(before)
    expect((await api.library.get({ id })).spec.present.resume).toBeNull()
    expect((await api.snapshot.tree({ id })).snapshots).toEqual([])
  })
})
