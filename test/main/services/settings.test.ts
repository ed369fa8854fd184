/** Settings of machines that run: what they take at once, and what waits for the next power-on. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { connect, openFakeHost } from '../../support/fake-host.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

async function running() {
  const host = await openFakeHost()
  const client = connect(host)
  const { api } = client
  const { id } = await api.library.create({
    settings: {
      name: 'One',
      drives: [
        { slot: 'fda', kind: 'floppy' },
        { slot: 'hdc', kind: 'cdrom' },
      ],
    },
  })
  await api.machine.start({ id })
  return { host, client, api, id }
}

function floppy(name: string): string {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, Buffer.alloc(1_474_560))
  return path
}

describe('settings of a running machine', () => {
  test('that need other hardware wait for the next power-on, and are told as waiting', async () => {
    const { host, api, id } = await running()
    const card = await api.library.update({ id, patch: { memoryMib: 32, notes: 'now' } })
    expect(card.spec).toMatchObject({ memoryMib: 64, notes: 'now', pending: { settings: { memoryMib: 32 } } })
    const file = JSON.parse(readFileSync(join(host.libraryFolder, 'One/machine.json'), 'utf8'))
    expect([file.memoryMib, file.pending]).toEqual([64, { settings: { memoryMib: 32 } }])
    await api.machine.powerOff({ id })
    expect((await api.library.get({ id })).spec).toMatchObject({ memoryMib: 32, pending: null })
  })

  test('wait no longer when they are taken back or given up', async () => {
    const { api, id } = await running()
    await api.library.update({ id, patch: { memoryMib: 32, acpi: false } })
    expect((await api.library.update({ id, patch: { memoryMib: 64 } })).spec.pending).toEqual({
      settings: { acpi: false },
    })
    expect((await api.library.discardPending({ id })).spec.pending).toBeNull()
    await api.machine.powerOff({ id })
    expect((await api.library.get({ id })).spec).toMatchObject({ memoryMib: 64, acpi: true })
  })

  test('are taken when the host has ended before: at the next start', async () => {
    const libraryFolder = temporaryFolder()
    const first = await openFakeHost({ libraryFolder })
    const { api } = connect(first)
    const { id } = await api.library.create({ settings: { name: 'One' } })
    await first.dispose()
    const path = join(libraryFolder, 'One/machine.json')
    const file = JSON.parse(readFileSync(path, 'utf8'))
    writeFileSync(path, JSON.stringify({ ...file, pending: { settings: { memoryMib: 16 } } }))
    const again = connect(await openFakeHost({ libraryFolder })).api
    expect((await again.machine.start({ id })).spec).toMatchObject({ memoryMib: 16, pending: null })
  })

  test('slow it down at once', async () => {
    const { host, api, id } = await running()
    const { cpu } = (await api.library.get({ id })).spec
    const card = await api.library.update({ id, patch: { cpu: { ...cpu, limitMips: 5, capPercent: 50 } } })
    expect(card.spec).toMatchObject({ cpu: { limitMips: 5, capPercent: 50 }, pending: null })
    expect(host.machines.running(id).state).toBe('running')
  })

  test('change media at once; a disk that is added waits, and media follow it', async () => {
    const { api, id } = await running()
    const { drives } = (await api.library.get({ id })).spec
    const [first, second] = [floppy('a.img'), floppy('b.img')]
    const withFloppy = (file: string | null) =>
      drives.map((drive) => (drive.slot === 'fda' ? { ...drive, file } : drive))
    expect((await api.library.update({ id, patch: { drives: withFloppy(first) } })).spec).toMatchObject({
      drives: [{ slot: 'fda', file: first }, { slot: 'hdc' }],
      pending: null,
    })
    const fewer = withFloppy(first).filter(({ slot }) => slot === 'fda')
    expect((await api.library.update({ id, patch: { drives: fewer } })).spec.pending?.settings.drives).toEqual(fewer)
    const { spec } = await api.machine.insertMedia({ id, slot: 'fda', source: { kind: 'path', path: second } })
    expect(spec.pending?.settings.drives).toMatchObject([{ slot: 'fda', file: second }])
    await api.machine.powerOff({ id })
    expect((await api.library.get({ id })).spec.drives).toMatchObject([{ slot: 'fda', file: second }])
    expect((await api.media.recent({ kind: 'floppy' })).map(({ fileName, exists }) => [fileName, exists])).toEqual([
      ['b.img', true],
      ['a.img', true],
    ])
    await api.media.forget({ path: second })
    expect((await api.media.recent({})).map(({ fileName }) => fileName)).toEqual(['a.img'])
  })

  test('come with a schema that says which of them change at once', async () => {
    const { api } = await running()
    const { schema, live } = await api.library.settingsSchema({})
    expect(schema).toMatchObject({ properties: { memoryMib: { type: 'integer', minimum: 1, maximum: 3072 } } })
    expect(live).toContain('cpu.capPercent')
  })
})

describe('what happened to a machine', () => {
  test('is kept and told', async () => {
    const { client, api, id } = await running()
    const told: string[] = []
    client.on('machine-history', ({ entry }) => told.push(entry.kind))
    await api.machine.insertMedia({ id, slot: 'fda', source: { kind: 'path', path: floppy('a.img') } })
    await api.machine.ejectMedia({ id, slot: 'fda' })
    await api.library.update({ id, patch: { memoryMib: 32, notes: 'of no interest' } })
    await api.machine.keys({ id, events: [{ code: 'F11', down: true }] })
    await expect.poll(async () => (await api.library.get({ id })).state, { timeout: 30_000 }).toBe('crashed')
    const history = await api.library.history({ id })
    expect(history.map(({ kind, detail }) => `${kind} ${detail}`)).toEqual([
      expect.stringMatching(/^crashed .*broke its machine/),
      'settings-changed memoryMib',
      'media-ejected fda: a.img',
      'media-inserted fda: a.img',
      'started ',
      'created ',
    ])
    expect(told).toEqual(['media-inserted', 'media-ejected', 'settings-changed', 'crashed'])
    expect((await api.library.logs({ id, search: 'BROKE', levels: ['error'] })).lines).toHaveLength(1)
    expect((await api.library.logs({ id, search: 'BROKE', levels: ['debug'] })).lines).toEqual([])
  })

  test('is measured while it runs, machine and host', async () => {
    const { client, api, id } = await running()
    const samples: number[] = []
    client.on('host-stats', (sample) => samples.push(sample.running))
    await expect
      .poll(async () => (await api.stats.machine({ id, seconds: 60 })).length, { timeout: 30_000 })
      .toBeGreaterThan(1)
    await expect.poll(() => samples.length, { timeout: 30_000 }).toBeGreaterThan(1)
    expect(samples.at(-1)).toBe(1)
    const [machine] = await api.stats.machine({ id, seconds: 60 })
    expect(machine?.memoryBytes).toBeGreaterThan(2 ** 20)
    const host = (await api.stats.host({ seconds: 60 })).at(-1)
    expect(host?.memoryTotalBytes).toBeGreaterThan(host?.memoryFreeBytes ?? Number.POSITIVE_INFINITY)
    expect(host?.machinesMemoryBytes).toBeGreaterThan(2 ** 20)
    expect(host?.cpu).toBeGreaterThan(0)
  })
})
