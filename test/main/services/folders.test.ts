/** The trash, folders elsewhere, and whatever else can become of a machine's folder. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { connect, everything, openFakeHost } from '../../support/fake-host.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

async function hostWithMachine(name = 'One') {
  const host = await openFakeHost()
  const client = connect(host)
  const card = await client.api.library.create({ settings: { name } })
  return { host, client, api: client.api, card, root: host.libraryFolder }
}

describe('the trash', () => {
  test('takes a machine and gives it back as it was', async () => {
    const { api, card, root, client } = await hostWithMachine()
    writeFileSync(join(root, 'One/notes.txt'), 'kept')
    const removed: string[] = []
    client.on('card-removed', ({ folder }) => removed.push(folder))
    await api.library.delete({ id: card.id })
    expect(removed).toEqual(['One'])
    expect(await api.library.list({})).toEqual([])
    const [entry] = await api.library.trash({})
    expect(entry).toMatchObject({ name: 'One', template: 'other' })
    if (!entry) throw new Error('nothing in the trash')
    const back = await api.library.restoreFromTrash({ entry: entry.entry })
    expect(back).toMatchObject({ kind: 'machine', id: card.id, folder: 'One' })
    expect(readFileSync(join(root, 'One/notes.txt'), 'utf8')).toBe('kept')
    expect(await api.library.trash({})).toEqual([])
    await expect(api.library.restoreFromTrash({ entry: entry.entry })).rejects.toMatchObject({ code: 'vm/not-found' })
  })

  test('gives a machine another folder where its own is taken, and is emptied as a whole or in part', async () => {
    const { api, card, root } = await hostWithMachine()
    await api.library.delete({ id: card.id })
    const other = await api.library.create({ settings: { name: 'One' } })
    const [entry] = await api.library.trash({})
    expect(await api.library.restoreFromTrash({ entry: entry?.entry ?? '' })).toMatchObject({ folder: 'One 2' })
    await api.library.delete({ id: card.id })
    await api.library.delete({ id: other.id })
    const [first, second] = await api.library.trash({})
    await api.library.emptyTrash({ entries: [first?.entry ?? ''] })
    expect(await api.library.trash({})).toEqual([second])
    await api.library.emptyTrash({})
    expect(readdirSync(join(root, '.trash'))).toEqual([])
  })

  test('takes folders that cannot be used, and no machine that runs', async () => {
    const { api, card, root } = await hostWithMachine()
    mkdirSync(join(root, 'Broken'))
    writeFileSync(join(root, 'Broken/machine.json'), 'nonsense')
    expect(await api.library.list({})).toContainEqual(
      expect.objectContaining({ kind: 'broken', folder: 'Broken', actions: ['show', 'trash'] }),
    )
    await api.library.trashFolder({ folder: 'Broken' })
    expect(await api.library.trash({})).toMatchObject([{ name: 'Broken', template: null }])
    await api.machine.start({ id: card.id })
    await expect(api.library.trashFolder({ folder: 'One' })).rejects.toMatchObject({ code: 'vm/invalid-state' })
  })

  test('is that of the system where the shell has one and the user wants it', async () => {
    const thrown: string[] = []
    const settings = join(temporaryFolder(), 'settings.json')
    process.env['VITRINE_CONFIG'] = settings
    try {
      const host = await openFakeHost({
        shell: {
          openConsole: () => {},
          pageUrl: () => null,
          quit: () => {},
          async trashFolder(path) {
            thrown.push(path)
            rmSync(path, { recursive: true })
            return true
          },
        },
      })
      const { api } = connect(host)
      const { id } = await api.library.create({ settings: { name: 'One' } })
      expect(await api.app.settings({})).toEqual({ libraryFolder: null, systemTrash: false })
      await api.app.changeSettings({ systemTrash: true })
      await api.library.delete({ id })
      expect([thrown, await api.library.trash({}), await api.library.list({})]).toEqual([
        [join(host.libraryFolder, 'One')],
        [],
        [],
      ])
      expect(JSON.parse(readFileSync(settings, 'utf8'))).toEqual({ libraryFolder: null, systemTrash: true })
    } finally {
      delete process.env['VITRINE_CONFIG']
    }
  })
})

describe('folders elsewhere', () => {
  test('hold machines of the library, and come back', async () => {
    const { api, card, root } = await hostWithMachine()
    const elsewhere = temporaryFolder()
    const moved = await api.library.move({ id: card.id, into: elsewhere })
    expect(moved).toMatchObject({ id: card.id, folder: join(elsewhere, 'One') })
    expect(existsSync(join(root, 'One'))).toBe(false)
    expect((await api.machine.start({ id: card.id })).state).toBe('running')
    await api.machine.powerOff({ id: card.id })
    // The folder follows the name there, too.
    expect(await api.library.update({ id: card.id, patch: { name: 'Two' } })).toMatchObject({
      folder: join(elsewhere, 'Two'),
    })
    expect(await api.library.move({ id: card.id, into: null })).toMatchObject({ folder: 'Two' })
    expect(readdirSync(elsewhere)).toEqual([])
  })

  test('are remembered by the library; one that is not there is said to be missing', async () => {
    const elsewhere = temporaryFolder()
    const libraryFolder = temporaryFolder()
    const first = await openFakeHost({ libraryFolder })
    const { api } = connect(first)
    const card = await api.library.create({ settings: { name: 'One' } })
    await api.library.move({ id: card.id, into: elsewhere })
    await first.dispose()
    const again = connect(await openFakeHost({ libraryFolder })).api
    expect(await again.library.list({})).toMatchObject([{ id: card.id }])
    renameSync(join(elsewhere, 'One'), join(elsewhere, 'Unplugged'))
    const folder = join(elsewhere, 'One')
    expect(await again.library.list({})).toMatchObject([
      { kind: 'broken', folder, error: { code: 'library/missing' }, actions: ['forget'] },
    ])
    renameSync(join(elsewhere, 'Unplugged'), folder)
    expect(await again.library.list({})).toMatchObject([{ id: card.id }])
    await again.library.forgetFolder({ folder })
    expect(await again.library.list({})).toEqual([])
    expect(existsSync(join(folder, 'machine.json'))).toBe(true)
    expect(await again.library.addFolder({ path: folder })).toMatchObject({ id: card.id, folder })
  })

  test('are refused where they are none, inside the library, and to those who may not name them', async () => {
    const { host, api, card, root } = await hostWithMachine()
    const { id } = card
    await expect(api.library.move({ id, into: join(root, 'missing') })).rejects.toMatchObject({
      code: 'ipc/invalid-argument',
    })
    await expect(api.library.move({ id, into: '/nonexistent/place' })).rejects.toMatchObject({ code: 'library/io' })
    await expect(api.library.addFolder({ path: temporaryFolder() })).rejects.toMatchObject({ code: 'library/missing' })
    await expect(api.library.forgetFolder({ folder: 'One' })).rejects.toMatchObject({ code: 'vm/invalid-state' })
    const page = connect(host, { ...everything, shell: 'browser', hostPaths: false }).api
    await expect(page.library.move({ id, into: temporaryFolder() })).rejects.toMatchObject({ code: 'ipc/forbidden' })
    await expect(page.library.addFolder({ path: temporaryFolder() })).rejects.toMatchObject({ code: 'ipc/forbidden' })
  })

  test('are shown by the shell, or named', async () => {
    const { api, root } = await hostWithMachine()
    expect(await api.library.showFolder({ folder: 'One' })).toEqual({ path: join(root, 'One'), shown: false })
  })
})

describe('what cards warn of', () => {
  test('a missing image, by drive', async () => {
    const { host, api, root } = await hostWithMachine()
    mkdirSync(join(root, 'One/disks'))
    const image = join(root, 'One/disks/a.img')
    writeFileSync(image, Buffer.alloc(512))
    const [machine] = await api.library.list({})
    if (machine?.kind !== 'machine') throw new Error('broken')
    const { id } = machine
    await api.library.update({ id, patch: { drives: [{ slot: 'hda', kind: 'disk', file: 'disks/a.img' }] } })
    expect((await api.library.get({ id })).problems).toEqual([])
    rmSync(image)
    expect((await api.library.get({ id })).problems).toMatchObject([
      { slot: 'hda', error: { code: 'disk/not-found', context: { path: image } } },
    ])
    expect(host.machines.state(id)).toBe('off')
  })

  test('a machine file that was made nonsense while the machine ran: it goes on, and is broken afterwards', async () => {
    const { api, card, root } = await hostWithMachine()
    const { id } = card
    await api.machine.start({ id })
    writeFileSync(join(root, 'One/machine.json'), '{ "schemaVersion": ')
    expect(await api.library.list({})).toMatchObject([
      { kind: 'machine', id, state: 'running', problems: [{ error: { code: 'spec/invalid' } }] },
    ])
    await api.machine.powerOff({ id })
    expect(await api.library.list({})).toMatchObject([
      { kind: 'broken', folder: 'One', error: { code: 'spec/invalid' } },
    ])
    // Nothing of it was touched.
    expect(readFileSync(join(root, 'One/machine.json'), 'utf8')).toBe('{ "schemaVersion": ')
  })

  test('a machine file that is gone while the machine runs', async () => {
    const { api, card, root } = await hostWithMachine()
    const { id } = card
    await api.machine.start({ id })
    rmSync(join(root, 'One'), { recursive: true })
    expect(await api.library.list({})).toMatchObject([
      { id, state: 'running', problems: [{ error: { code: 'library/missing' } }] },
    ])
    await api.machine.powerOff({ id }).catch(() => {})
    expect((await api.library.list({})).filter((each) => each.kind === 'machine' && each.state === 'running')).toEqual(
      [],
    )
  })

  test('a copy made by hand', async () => {
    const { api, root } = await hostWithMachine()
    cpSync(join(root, 'One'), join(root, 'One copy'), { recursive: true })
    expect(await api.library.list({})).toContainEqual(
      expect.objectContaining({ folder: 'One copy', actions: ['renew-identity', 'show', 'trash'] }),
    )
    expect(await api.library.renewIdentity({ folder: 'One copy' })).toMatchObject({ folder: 'One copy' })
  })
})
