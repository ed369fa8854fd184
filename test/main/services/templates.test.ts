import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { connect, openFakeHost } from '../../support/fake-host.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** A sector that the firmware would start, on a floppy of 1.44 MB. */
function floppyImage(): string {
  const path = join(temporaryFolder(), 'boot.img')
  const bytes = Buffer.alloc(1_474_560)
  bytes.writeUInt16LE(0xaa55, 510)
  writeFileSync(path, bytes)
  return path
}

describe('machines from templates', () => {
  test('get a disk of their own, what was chosen, and start', async () => {
    const host = await openFakeHost()
    const { api } = connect(host)
    const card = await api.library.createFromTemplate({
      template: 'windows-98',
      name: 'Games',
      group: 'Old',
      memoryMib: 96,
      disk: { kind: 'new', sizeMib: 300 },
    })
    expect(card).toMatchObject({
      folder: 'Games',
      spec: { template: 'windows-98', group: 'Old', memoryMib: 96, cpu: { profile: 'pentium2' } },
    })
    const disk = card.spec.drives.find(({ slot }) => slot === 'hda')
    expect(disk?.file).toBe('disks/disk.qcow2')
    // An empty disk takes next to nothing.
    expect(statSync(join(host.libraryFolder, 'Games/disks/disk.qcow2')).size).toBeLessThan(2 ** 20)
    expect((await api.machine.start({ id: card.id })).state).toBe('running')
  })

  test('have the name of the template where none was given, numbered', async () => {
    const { api } = connect(await openFakeHost())
    const one = await api.library.createFromTemplate({ template: 'kolibrios' })
    const two = await api.library.createFromTemplate({ template: 'kolibrios' })
    expect([one.spec.name, two.spec.name]).toEqual(['KolibriOS', 'KolibriOS 2'])
    expect(one.spec.drives.map(({ slot }) => slot)).toEqual(['fda', 'hdc'])
  })

  test('take media where they are and disks as copies', async () => {
    const host = await openFakeHost()
    const { api } = connect(host)
    const path = floppyImage()
    const card = await api.library.createFromTemplate({
      template: 'freedos',
      disk: { kind: 'none' },
      media: [{ slot: 'fda', source: { kind: 'path', path } }],
    })
    expect(card.spec.drives.find(({ slot }) => slot === 'fda')?.file).toBe(path)
  })

  test('are not made by halves: what is wrong leaves nothing behind', async () => {
    const host = await openFakeHost()
    const { api } = connect(host)
    const source = { kind: 'path', path: floppyImage() } as const
    await expect(api.library.createFromTemplate({ template: 'nonesuch' })).rejects.toMatchObject({
      code: 'ipc/invalid-argument',
    })
    await expect(
      api.library.createFromTemplate({ template: 'freedos', disk: { kind: 'existing', source } }),
    ).rejects.toMatchObject({ code: 'disk/unsupported-format', message: 'boot.img is a floppy, not a hard disk' })
    await expect(
      api.library.createFromTemplate({ template: 'freedos', media: [{ slot: 'hda', source }] }),
    ).rejects.toMatchObject({ code: 'ipc/invalid-argument' })
    expect(readdirSync(host.libraryFolder)).toEqual(['.vitrine'])
    expect(existsSync(source.path)).toBe(true)
  })
})
