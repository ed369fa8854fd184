import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Snapshot, SnapshotTree } from '../../../core/contract/snapshot.ts'
import { DelayedActions } from '../../../renderer/app/delayed-actions.svelte.ts'
import { Notices } from '../../../renderer/app/notices.svelte.ts'
import { WorkModel } from '../../../renderer/app/work-model.svelte.ts'
import { exportFileName } from '../../../renderer/panels/snapshots/export-file-name.ts'
import { snapshotRows } from '../../../renderer/panels/snapshots/snapshot-rows.ts'
import { SnapshotsModel } from '../../../renderer/panels/snapshots/snapshots-model.svelte.ts'
import { createFakeClient, fakeCard } from '../fake-client.ts'

afterEach(() => void vi.useRealTimers())

function snapshot(id: string, minute: number, parent: string | null, change: Partial<Snapshot> = {}): Snapshot {
  return {
    id,
    name: id.toUpperCase(),
    description: '',
    createdAt: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
    parent,
    children: [],
    kind: 'manual',
    pinned: false,
    machineState: 'off',
    hasMemory: false,
    memoryMib: 64,
    sizeBytes: 10,
    thumbnail: null,
    linkedClones: [],
    problem: null,
    ...change,
  }
}

/** a ── b ── c, and d beside b; the present goes on from d. */
const tree: SnapshotTree = {
  snapshots: [snapshot('a', 1, null), snapshot('b', 2, 'a'), snapshot('c', 3, 'b'), snapshot('d', 4, 'a')],
  parent: 'd',
  savedAt: null,
}

describe('rows of the timeline', () => {
  test('stand newest first, each branch in its lane, until they meet', () => {
    const { rows, lanes } = snapshotRows(tree)
    expect(rows.map(({ snapshot: of, lane }) => [of?.id ?? 'now', lane])).toEqual([
      ['now', 0],
      ['d', 0],
      ['c', 1],
      ['b', 1],
      ['a', 0],
    ])
    expect(lanes).toBe(2)
    expect(rows[2]?.lines).toEqual([
      { from: 0, to: 0, part: 'through' },
      { from: 1, to: 1, part: 'below' },
    ])
    expect(rows[4]?.lines).toEqual([
      { from: 0, to: 0, part: 'above' },
      { from: 1, to: 0, part: 'above' },
    ])
  })

  test('what is left out is bridged: its children hang on what is above it', () => {
    const { rows } = snapshotRows(tree, ({ id }) => id !== 'd' && id !== 'b')
    expect(rows.map(({ snapshot: of }) => of?.id ?? 'now')).toEqual(['now', 'c', 'a'])
    expect(rows[2]?.lines.filter(({ part }) => part === 'above').length).toBe(2)
  })

  test('a child stands above its parent even where the clock went back, and a record that names itself ends', () => {
    const odd = {
      ...tree,
      snapshots: [snapshot('a', 9, null), snapshot('b', 2, 'a'), snapshot('z', 5, 'z')],
      parent: 'z',
    }
    const ids = snapshotRows(odd).rows.map(({ snapshot: of }) => of?.id)
    expect(ids.indexOf('b')).toBeLessThan(ids.indexOf('a'))
    expect(snapshotRows(odd, () => false).rows.length).toBe(1)
  })
})

describe('snapshots of a machine', () => {
  const open = async (answers: Parameters<typeof createFakeClient>[0] = {}) => {
    let now = tree
    const fake = createFakeClient({ 'snapshot.tree': () => now, ...answers })
    const notices = new Notices()
    const delayed = new DelayedActions(notices)
    const model = new SnapshotsModel(fake.client, notices, delayed, 'machine')
    await model.load()
    return { ...fake, model, notices, setTree: (next: SnapshotTree) => (now = next) }
  }

  test('a deletion waits, can be taken back, and is done otherwise', async () => {
    vi.useFakeTimers()
    const { model, notices, calls } = await open()
    const ids = () => model.rows.rows.map(({ snapshot: of }) => of?.id ?? 'now')
    model.selectedId = 'c'
    model.remove(snapshot('c', 3, 'b'))
    expect(ids()).toEqual(['now', 'd', 'b', 'a'])
    expect(model.selectedId).toBe('b')
    notices.list[0]?.action?.run()
    expect(ids()).toContain('c')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(calls.filter(([name]) => name === 'snapshot.delete')).toEqual([])
    model.remove(snapshot('c', 3, 'b'))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(calls.filter(([name]) => name === 'snapshot.delete')).toEqual([
      ['snapshot.delete', { id: 'machine', snapshot: 'c' }],
    ])
    expect(notices.list).toEqual([])
  })

  test('restoring offers to go back to what was kept of the present', async () => {
    const card = fakeCard({ name: 'Alpha' })
    const { model, notices, calls, setTree } = await open({ 'snapshot.restore': () => card })
    setTree({ ...tree, snapshots: [...tree.snapshots, snapshot('kept', 5, 'd', { kind: 'automatic' })] })
    expect(await model.restore(snapshot('a', 1, null), true)).toBe(card)
    expect(notices.list[0]).toMatchObject({ title: 'Restored: A', detail: 'The present before is kept as KEPT.' })
    await notices.list[0]?.action?.run()
    expect(calls.filter(([name]) => name === 'snapshot.restore').map(([, parameters]) => parameters)).toEqual([
      { id: 'machine', snapshot: 'a', keepPresent: true },
      { id: 'machine', snapshot: 'kept', keepPresent: false },
    ])
  })

  test('what fails becomes a notice, and the panel goes on', async () => {
    const { model, notices } = await open({
      'snapshot.take': () => {
        throw new Error('The disk is full')
      },
    })
    expect(await model.take()).toBeUndefined()
    expect(notices.list[0]?.title).toBe('No snapshot was taken')
    expect(model.busy).toBe(false)
  })

  test('automatic ones are left out when they are not wanted, but never the one the present stands on', async () => {
    const { model, setTree } = await open()
    const automatic = tree.snapshots.map((of) => ({ ...of, kind: 'automatic' as const }))
    setTree({ ...tree, snapshots: automatic })
    await model.load()
    model.withAutomatic = false
    expect(model.rows.rows.map(({ snapshot: of }) => of?.id ?? 'now')).toEqual(['now', 'd'])
  })
})

test('work of the host is shown until it is done, or has not been heard of for long', () => {
  vi.useFakeTimers()
  const { client, emit } = createFakeClient()
  const { jobs } = new WorkModel(client)
  emit('snapshot-progress', { id: 'm', work: 'clone', doneBytes: 1, totalBytes: 4 })
  emit('snapshot-progress', { id: 'm', work: 'merge', doneBytes: 2, totalBytes: 4 })
  expect([...jobs.values()].map(({ work, doneBytes }) => [work, doneBytes])).toEqual([
    ['clone', 1],
    ['merge', 2],
  ])
  emit('snapshot-progress', { id: 'm', work: 'clone', doneBytes: 4, totalBytes: 4 })
  expect(jobs.size).toBe(1)
  vi.advanceTimersByTime(31_000)
  expect(jobs.size).toBe(0)
})

test('an export goes beside the library, by a name that every system takes', () => {
  expect(exportFileName('/home/me/Vitrine/', 'DOS: 6/7')).toBe('/home/me/DOS_ 6_7.vitrine')
  expect(exportFileName('C:\\Users\\me\\Vitrine', 'A')).toBe('C:\\Users\\me\\A.vitrine')
})
