import { describe, expect, test } from 'vitest'
import { AppError } from '../../../core/base/errors.ts'
import type { ImportChoice, ImportProposal } from '../../../core/contract/import-api.ts'
import { Notices } from '../../../renderer/app/notices.svelte.ts'
import { ImportFlow } from '../../../renderer/panels/import/import-flow.svelte.ts'
import { FileSender, sortDropped } from '../../../renderer/panels/library/dropped-files.ts'
import { LibraryModel } from '../../../renderer/panels/library/library-model.svelte.ts'
import { speedText } from '../../../renderer/panels/library/machine-speed.ts'
import { createFakeClient, fakeCard } from '../fake-client.ts'

const stats = { speedMips: 111.6, idle: 0.2, hostLoad: 1, guestSeconds: 1, instructions: 1, memoryBytes: 0, drives: [] }

async function openLibrary() {
  const beta = fakeCard({ name: 'Beta' })
  const alpha = fakeCard({ name: 'Alpha' })
  const fake = createFakeClient({
    'library.list': () => [alpha, beta],
    'machine.start': ({ id }: { id: string }) => ({ ...(id === beta.id ? beta : alpha), state: 'running' }),
    'machine.pause': () => {
      throw new AppError('vm/invalid-state', 'It is off')
    },
  })
  const notices = new Notices()
  const library = new LibraryModel(fake.client, notices)
  await library.load()
  return { ...fake, library, notices, alpha, beta }
}

describe('the library', () => {
  test('follows what the host tells of machines', async () => {
    const { library, emit, alpha, beta } = await openLibrary()
    const gamma = fakeCard({ name: 'Able' })
    emit('card-changed', { card: gamma })
    emit('card-removed', { folder: beta.folder })
    emit('machine-state', { id: alpha.id, state: 'running', crash: null })
    emit('machine-stats', { id: alpha.id, ...stats })
    expect(library.machines.map(({ spec, state }) => [spec.name, state])).toEqual([
      ['Able', 'off'],
      ['Alpha', 'running'],
    ])
    expect([library.runningCount, library.stats.get(alpha.id)?.speedMips]).toEqual([1, 111.6])
    emit('machine-state', { id: alpha.id, state: 'off', crash: null })
    expect(library.stats.size).toBe(0)
  })

  test('keeps one card of a machine whose folder follows a new name', async () => {
    const { library, emit, alpha } = await openLibrary()
    emit('card-changed', { card: { ...alpha, folder: 'Omega', spec: { ...alpha.spec, name: 'Omega' } } })
    expect(library.machines.map(({ folder }) => folder)).toEqual(['Beta', 'Omega'])
  })

  test('starts what is off, lets go on what is paused, and leaves what runs alone', async () => {
    const { library, calls, alpha, beta } = await openLibrary()
    expect(await library.ensureRunning(beta)).toBe(true)
    expect(library.machine(beta.id)?.state).toBe('running')
    await library.ensureRunning({ ...alpha, state: 'paused' })
    await library.ensureRunning({ ...alpha, state: 'running' })
    expect(calls.map(([name]) => name).filter((name) => name.startsWith('machine'))).toEqual([
      'machine.start',
      'machine.resume',
    ])
  })

  test('tells what the host refuses, and stays as it is', async () => {
    const { library, notices, alpha } = await openLibrary()
    expect(await library.act(alpha, 'pause')).toBe(false)
    expect(notices.list[0]).toMatchObject({ level: 'error', title: 'Pause: Alpha', machineId: alpha.id })
    expect(library.machine(alpha.id)?.state).toBe('off')
  })

  test('finds machines by what a search says of them, templates by their names', async () => {
    const card = fakeCard({ name: 'Old one', template: 'windows-98', tags: ['office'] })
    const { client } = createFakeClient({
      'library.list': () => [card, fakeCard({ name: 'Other' })],
      'template.list': () => [{ id: 'windows-98', name: 'Windows 98' }],
    })
    const library = new LibraryModel(client, new Notices())
    await library.load()
    const found = (search: string) => {
      library.search = search
      return library.filtered.map(({ folder }) => folder)
    }
    expect([found(''), found('WINDOWS off'), found('tag:office'), found('nothing')]).toEqual([
      ['Old one', 'Other'],
      ['Old one'],
      ['Old one'],
      [],
    ])
    expect(library.templateName(card)).toBe('Windows 98')
  })

  test('calls a guest idle that is, and tells the speed of any other', () => {
    expect(speedText({ id: '', ...stats })).toBe('112 MIPS')
    expect(speedText({ id: '', ...stats, idle: 0.97 })).toBe('idle')
    expect(speedText(undefined)).toBe('')
  })
})

describe('dropped files', () => {
  const file = (name: string, text: string) => new File([text], name)

  test('are sorted before a byte travels: folders and empty files are refused', () => {
    const good = file('a.img', 'x')
    const { files, refused } = sortDropped([
      { file: good, name: 'a.img', isDirectory: false },
      { file: file('b.img', ''), name: 'b.img', isDirectory: false },
      { file: null, name: 'folder', isDirectory: true },
    ])
    expect(files).toEqual([good])
    expect(refused.map(({ name, title }) => [name, title])).toEqual([
      ['b.img', 'The file is empty'],
      ['folder', 'This is a folder'],
    ])
  })

  test('are looked into together; what is refused is told, and a proposal becomes a machine', async () => {
    const card = fakeCard({ name: 'Made' })
    const item = { state: 'proposal', itemId: 'i', fileName: 'b.img', medium: { kind: 'floppy', sizeBytes: 1 } }
    const error = { code: 'disk/unsupported-format', message: 'a.img is nothing', context: {} }
    const { client, calls } = createFakeClient({
      'import.inspect': () => ({ items: [item], refused: [{ fileName: 'a.img', error }] }),
      'import.create': () => card,
    })
    const notices = new Notices()
    const imports = new ImportFlow(client, notices, new FileSender(client, () => ''))
    await imports.add({ files: [file('a.img', 'PK'), file('b.img', 'x')], folders: [], refused: [] })
    expect(notices.list.map(({ title }) => title)).toEqual(['a.img was not added'])
    expect([imports.jobs, imports.items]).toEqual([[], [item]])
    const proposal = imports.items[0] as ImportProposal
    expect(await imports.create(proposal, { name: 'Made', template: 'other', memoryMib: 8 })).toBe(card)
    expect([imports.jobs, imports.items, imports.lastAddedId]).toEqual([[], [], card.id])
    expect(calls.map(([name]) => name)).toEqual(['upload', 'upload', 'import.inspect', 'import.create'])
    expect(calls[3]?.[1]).toEqual({ itemId: 'i', name: 'Made', template: 'other', memoryMib: 8 })
  })

  test('a proposal that is dismissed is forgotten by the host, too', async () => {
    const choice = { state: 'choice', itemId: 'c', fileName: 'a.zip', members: [] }
    const proposal = { state: 'proposal', itemId: 'p' }
    const { client, calls } = createFakeClient({
      'import.inspect': () => ({ items: [choice], refused: [] }),
      'import.choose': () => proposal,
    })
    const imports = new ImportFlow(client, new Notices(), new FileSender(client, () => ''))
    await imports.add({ files: [file('a.zip', 'PK')], folders: [], refused: [] })
    await imports.choose(imports.items[0] as ImportChoice, 'b.img')
    expect(imports.items).toEqual([proposal])
    imports.dismiss(imports.items[0] as ImportProposal)
    expect(imports.items).toEqual([])
    expect(calls.filter(([name]) => name === 'import.cancel').map(([, params]) => params)).toEqual([
      { id: 'c' },
      { id: 'p' },
    ])
  })

  test('go by path where the host may read them', async () => {
    const { client, calls } = createFakeClient()
    const sender = new FileSender(client, ({ name }) => `/disks/${name}`)
    expect(await sender.send(file('a.img', 'x'))).toEqual({ kind: 'path', path: '/disks/a.img' })
    expect(calls).toEqual([])
  })
})
