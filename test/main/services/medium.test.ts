/** Ordinary files as media, through the contract. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { FilesSource } from '../../../core/contract/medium-api.ts'
import { BytesStore } from '../../../core/disk/recognise/bytes-store.ts'
import { FatVolume } from '../../../core/disk/recognise/fat-volume.ts'
import { IsoVolume } from '../../../core/disk/recognise/iso-volume.ts'
import { connect, openFakeHost } from '../../support/fake-host.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

async function machine() {
  const host = await openFakeHost()
  const client = connect(host)
  const { id } = await client.api.library.createFromTemplate({ template: 'freedos', name: 'Desk' })
  const media = join(host.libraryFolder, 'Desk/media')
  return { host, client, id, media }
}

const entry = (path: string, sizeBytes: number, isFolder = false) => ({ path, sizeBytes, isFolder, modifiedMs: 1e12 })

describe('media made of files', () => {
  test('an upload of files one behind the other becomes a floppy, or a CD', async () => {
    const { client, id, media } = await machine()
    const bytes = Buffer.from('HelloWorld!')
    const entries = [entry('HELLO.TXT', 5), entry('SUB', 0, true), entry('SUB/WORLD.TXT', 6)]
    for (const [slot, name, open] of [
      ['fda', 'Mine.img', FatVolume.open],
      ['hdc', 'Mine.iso', IsoVolume.open],
    ] as const) {
      const uploadId = await client.upload({
        fileName: 'Mine',
        sizeBytes: bytes.length,
        read: async (position, length) => bytes.subarray(position, position + length),
      })
      const card = await client.api.medium.insertFiles({
        id,
        slot,
        label: 'Mine',
        files: { kind: 'upload', uploadId, entries },
      })
      expect(card.spec.drives.find((drive) => drive.slot === slot)?.file).toBe(`media/${name}`)
      const volume = open(new BytesStore(readFileSync(join(media, name))))
      expect(volume?.label).toBe('MINE')
      expect(Buffer.from(volume?.read('HELLO.TXT', 100) ?? []).toString()).toBe('Hello')
      expect(Buffer.from(volume?.read('SUB/WORLD.TXT', 100) ?? []).toString()).toBe('World!')
    }
  })

  test('folders of the host do, too, without what they link to', async () => {
    const { client, id, media } = await machine()
    const folder = join(temporaryFolder(), 'stuff')
    mkdirSync(join(folder, 'inner'), { recursive: true })
    writeFileSync(join(folder, 'inner/a.txt'), 'A')
    symlinkSync('/etc/passwd', join(folder, 'secret'))
    await client.api.medium.insertFiles({ id, slot: 'hdc', label: 'stuff', files: { kind: 'paths', paths: [folder] } })
    const volume = IsoVolume.open(new BytesStore(readFileSync(join(media, 'stuff.iso'))))
    expect(volume?.list('STUFF').map(({ name }) => name)).toEqual(['INNER'])
    expect(Buffer.from(volume?.read('STUFF/INNER/A.TXT', 9) ?? []).toString()).toBe('A')
  })

  test('too much is refused by name, and leaves nothing behind', async () => {
    const { client, id, media } = await machine()
    const folder = temporaryFolder()
    const huge = join(folder, 'film.mkv')
    writeFileSync(huge, '')
    truncateSync(huge, 20 * 2 ** 30)
    const insert = (slot: 'fda' | 'hdc', ...paths: string[]) =>
      client.api.medium.insertFiles({ id, slot, label: 'x', files: { kind: 'paths', paths } })
    await expect(insert('hdc', huge)).rejects.toThrow('film.mkv has 4 GiB or more, which no file on a CD can have')
    const large = join(folder, 'large.bin')
    writeFileSync(large, new Uint8Array(1_500_000))
    await expect(insert('fda', large)).rejects.toThrow('The files do not fit on a floppy of 1.44 MB')
    const many = join(folder, 'many')
    mkdirSync(many)
    for (let i = 0; i < 20_001; i++) writeFileSync(join(many, String(i)), '')
    await expect(insert('hdc', many)).rejects.toThrow('There are more than 20000 files, the most that one medium takes')
    const wrong = { kind: 'upload', uploadId: null, entries: [entry('A', 5)] } satisfies FilesSource
    await expect(client.api.medium.insertFiles({ id, slot: 'hdc', label: 'x', files: wrong })).rejects.toThrow(
      'do not agree',
    )
    const empty = { kind: 'upload', uploadId: null, entries: [entry('A', 0)] } satisfies FilesSource
    await client.api.medium.insertFiles({ id, slot: 'hdc', label: 'empty', files: empty })
    expect(readdirSync(media)).toEqual(['empty.iso'])
    const browser = connect(await openFakeHost(), { shell: 'browser', hostPaths: false, folders: [] })
    const other = await browser.api.library.createFromTemplate({ template: 'freedos', name: 'B' })
    await expect(
      browser.api.medium.insertFiles({
        id: other.id,
        slot: 'hdc',
        label: 'x',
        files: { kind: 'paths', paths: ['/etc'] },
      }),
    ).rejects.toMatchObject({ code: 'ipc/forbidden' })
  })
})
