/** Disks that fill up, libraries that cannot be written, files that vanish: a clear message each, and nothing lost. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { connect, openFakeHost } from '../../support/fake-host.ts'
import { smallDisk } from '../../support/small-disk.ts'

const notAllowed = 'mounting a file system is not allowed here'

describe('a library that cannot be written', () => {
  test('is refused when it is opened, with what can be done', async ({ skip }) => {
    const folder = smallDisk(8)
    if (folder === undefined) return skip(notAllowed)
    execFileSync('mount', ['-o', 'remount,ro', folder])
    await expect(openFakeHost({ libraryFolder: folder })).rejects.toMatchObject({
      code: 'library/read-only',
      message: `Cannot open the library ${folder}: the file system is read-only; make it writable, or choose another place for the library (EROFS)`,
    })
  })

  test('stays what it was when it becomes so while it is open, and works again afterwards', async ({ skip }) => {
    const folder = smallDisk(64)
    if (folder === undefined) return skip(notAllowed)
    const host = await openFakeHost({ libraryFolder: folder })
    const { api } = connect(host)
    const { id } = await api.library.createFromTemplate({ template: 'freedos', name: 'One' })
    execFileSync('mount', ['-o', 'remount,ro', folder])
    const readOnly = { code: 'library/read-only', message: expect.stringContaining('read-only') }
    const refused = {
      update: () => api.library.update({ id, patch: { notes: 'new' } }),
      create: () => api.library.create({ settings: { name: 'Two' } }),
      duplicate: () => api.library.duplicate({ id }),
      delete: () => api.library.delete({ id }),
      snapshot: () => api.snapshot.take({ id }),
    }
    for (const [what, call] of Object.entries(refused)) await expect(call(), what).rejects.toMatchObject(readOnly)
    // Its disk cannot be written: said at the start, not in the middle of an installation.
    await expect(api.machine.start({ id })).rejects.toMatchObject({ code: 'disk/read-only' })
    expect(await api.library.list({})).toMatchObject([{ id, state: 'off', spec: { name: 'One', notes: '' } }])
    execFileSync('mount', ['-o', 'remount,rw', folder])
    expect((await api.library.update({ id, patch: { notes: 'new' } })).spec.notes).toBe('new')
    expect((await api.machine.start({ id })).state).toBe('running')
    await host.dispose()
  })
})

describe('a full disk', () => {
  test('keeps machine files as they were, and says so', async ({ skip }) => {
    const folder = smallDisk(4)
    if (folder === undefined) return skip(notAllowed)
    const host = await openFakeHost({ libraryFolder: folder })
    const { api } = connect(host)
    const { id } = await api.library.create({ settings: { name: 'One' } })
    const file = join(folder, 'One/machine.json')
    const before = readFileSync(file, 'utf8')
    const filler = join(folder, '.filler')
    try {
      writeFileSync(filler, new Uint8Array(8 << 20))
    } catch {
      // Full is what it is to be.
    }
    const full = { code: 'library/full', message: expect.stringContaining('no space is left') }
    await expect(api.library.update({ id, patch: { notes: 'x'.repeat(20_000) } })).rejects.toMatchObject(full)
    await expect(api.library.create({ settings: { name: 'Two', notes: 'x'.repeat(20_000) } })).rejects.toMatchObject(
      full,
    )
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect(await api.library.list({})).toMatchObject([{ id, spec: { notes: '' } }])
    rmSync(filler)
    expect((await api.library.update({ id, patch: { notes: 'y' } })).spec.notes).toBe('y')
    await host.dispose()
  })
})

describe('a disk image that is removed while its machine runs', () => {
  test('is said at once and on the card, until it is back', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const { api } = client
    const { id } = await api.library.createFromTemplate({
      template: 'freedos',
      name: 'One',
      disk: { kind: 'new', sizeMib: 4 },
    })
    await api.machine.start({ id })
    const warnings: string[] = []
    client.on('notification', ({ error }) => warnings.push(error.message))
    const image = join(host.libraryFolder, 'One/disks/disk.qcow2')
    const aside = join(host.libraryFolder, 'aside')
    mkdirSync(aside)
    renameSync(image, join(aside, 'disk.qcow2'))
    await expect.poll(() => warnings.length, { timeout: 30_000 }).toBe(1)
    expect(warnings[0]).toContain(`The image of hda was removed while the machine runs: ${image}`)
    expect(await api.library.get({ id })).toMatchObject({
      state: 'running',
      problems: [{ slot: 'hda', error: { code: 'disk/not-found' } }],
    })
    renameSync(join(aside, 'disk.qcow2'), image)
    await expect.poll(async () => (await api.library.get({ id })).problems, { timeout: 30_000 }).toEqual([])
    await api.machine.powerOff({ id })
    expect((await api.machine.start({ id })).state).toBe('running')
  })
})
