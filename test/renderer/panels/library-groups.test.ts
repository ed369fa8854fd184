import { describe, expect, test } from 'vitest'
import { AppError } from '../../../core/base/errors.ts'
import type { BrokenCard } from '../../../core/contract/machine-card.ts'
import { Notices } from '../../../renderer/app/notices.svelte.ts'
import { LibraryModel } from '../../../renderer/panels/library/library-model.svelte.ts'
import {
  freeGroupName,
  groupNames,
  isGroupName,
  librarySections,
  renamedGroup,
  tagCounts,
} from '../../../renderer/panels/library/library-sections.ts'
import { Selection } from '../../../renderer/panels/library/selection.svelte.ts'
import { sparklinePath } from '../../../renderer/panels/library/sparkline-path.ts'
import { splitTags } from '../../../renderer/panels/library/split-tags.ts'
import { createFakeClient, fakeCard } from '../fake-client.ts'

const inGroup = (name: string, group: string, tags: string[] = []) => fakeCard({ name, group, tags })

describe('sections of the library', () => {
  test('are the groups by name, those in none at the end, and what needs attention apart', () => {
    const broken: BrokenCard = {
      kind: 'broken',
      folder: 'X',
      error: { code: 'spec/invalid', message: '', context: {} },
      actions: [],
    }
    const cards = [inGroup('A', ''), inGroup('B', 'Work/Old'), inGroup('C', 'Games'), broken, inGroup('D', 'Work/Old')]
    const { broken: apart, sections } = librarySections(cards)
    expect(apart).toEqual([broken])
    expect(sections.map(({ group, cards: inside }) => [group, inside.map(({ folder }) => folder)])).toEqual([
      ['Games', ['C']],
      ['Work/Old', ['B', 'D']],
      ['', ['A']],
    ])
  })

  test('groups have names: of those around them as well, free ones for new groups, others after renaming', () => {
    const cards = [inGroup('A', 'Work/Old'), inGroup('B', 'Games')]
    expect(groupNames(cards)).toEqual(['Games', 'Work', 'Work/Old'])
    expect(freeGroupName('Games', groupNames(cards))).toBe('Games 2')
    expect(renamedGroup('Work/Old', 'Work', 'Play')).toBe('Play/Old')
    expect(renamedGroup('Work/Old', 'Work', '')).toBe('Old')
    expect(renamedGroup('Workshop', 'Work', 'Play')).toBe('Workshop')
    expect(['', 'A', 'A/B', '/A', 'A//B', 'A/'].map(isGroupName)).toEqual([true, true, true, false, false, false])
  })

  test('tags are counted and typed', () => {
    expect(tagCounts([inGroup('A', '', ['x', 'y']), inGroup('B', '', ['y'])])).toEqual([
      ['y', 2],
      ['x', 1],
    ])
    expect(splitTags(' a, b,,a ')).toEqual(['a', 'b'])
  })
})

test('a selection is made one by one, as a range, and acts as one', () => {
  const selection = new Selection()
  const order = ['a', 'b', 'c', 'd']
  selection.toggle('b')
  selection.extendTo('d', order)
  expect([...selection.ids]).toEqual(['b', 'c', 'd'])
  selection.toggle('c')
  expect(selection.with('b')).toEqual(['b', 'd'])
  expect(selection.with('a')).toEqual(['a'])
  selection.clear()
  expect(selection.count).toBe(0)
})

test('a sparkline ends at the right and stays within its height', () => {
  expect(sparklinePath([0, 1, 7], 5, 40, 11)).toBe('M20 10.5L30 0.5L40 0.5')
  expect(sparklinePath([], 5, 40, 11)).toBe('')
})

describe('what is done to machines', () => {
  const open = async (answers: Parameters<typeof createFakeClient>[0] = {}) => {
    const cards = [inGroup('A', 'Work'), inGroup('B', 'Work'), inGroup('C', '')]
    const fake = createFakeClient({ 'library.list': () => cards, ...answers })
    const notices = new Notices()
    const library = new LibraryModel(fake.client, notices)
    await library.load()
    return { ...fake, notices, library, cards }
  }

  test('goes on with the others where one refuses', async () => {
    const { library, notices, calls, cards } = await open({
      'library.update': ({ id, patch }: { id: string; patch: object }) => {
        if (id === cards[0]?.id) throw new AppError('vm/invalid-state', 'No')
        const card = cards.find((one) => one.id === id)
        return { ...card, spec: { ...card?.spec, ...patch } }
      },
    })
    await library.actions.setGroup(library.machines, 'Play')
    expect(calls.filter(([name]) => name === 'library.update').length).toBe(3)
    expect(notices.list.length).toBe(1)
    expect(library.sections.sections.map(({ group }) => group)).toEqual(['Play', 'Work'])
  })

  test('puts machines into the trash, from which they come back at once', async () => {
    let inTrash: { entry: string }[] = [{ entry: 'old' }]
    const { library, notices, calls, cards } = await open({
      'library.trash': () => inTrash,
      'library.delete': () => {
        inTrash = [...inTrash, { entry: `new ${inTrash.length}` }]
        return null
      },
      'library.restoreFromTrash': ({ entry }: { entry: string }) => cards[Number(entry.at(-1)) - 1],
    })
    const gone = await library.actions.trash(library.machines.slice(0, 2))
    expect(gone.map(({ folder }) => folder)).toEqual(['A', 'B'])
    expect(library.machines.map(({ folder }) => folder)).toEqual(['C'])
    expect(notices.list[0]?.title).toBe('2 machines are in the trash')
    await notices.list[0]?.action?.run()
    expect(calls.filter(([name]) => name === 'library.restoreFromTrash').map(([, parameters]) => parameters)).toEqual([
      { entry: 'new 1' },
      { entry: 'new 2' },
    ])
    expect(library.machines.length).toBe(3)
  })

  test('says where a folder is when nothing can show it', async () => {
    const { library, notices, cards } = await open({ 'library.showFolder': () => ({ path: '/l/A', shown: false }) })
    const [card] = cards
    if (card) await library.actions.showFolder(card)
    expect(notices.list[0]).toMatchObject({ detail: '/l/A', action: { label: 'Copy the path' } })
  })

  test('keeps the load of the last minute of each machine', async () => {
    const { library, emit, cards } = await open()
    const id = cards[0]?.id ?? ''
    for (let second = 0; second < 70; second++)
      emit('machine-stats', {
        id,
        speedMips: 1,
        idle: 0,
        hostLoad: second / 100,
        guestSeconds: second,
        instructions: 0,
        drives: [],
        memoryBytes: 0,
      })
    expect(library.recent.get(id)?.length).toBe(60)
    expect(library.recent.get(id)?.at(-1)).toBe(0.69)
  })
})
