/** Files that become machines, through the contract. */
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Client } from '../../../core/contract/client.ts'
import type { ImportProposal } from '../../../core/contract/import-api.ts'
import type { Host } from '../../../main/host.ts'
import { connect, openFakeHost } from '../../support/fake-host.ts'
import { describeWith } from '../../support/needs.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { tool } from '../../support/tools.ts'

/** A floppy that FreeDOS has formatted, by its boot sector. */
function freedosFloppy(): Buffer {
  const image = Buffer.alloc(720 * 1024)
  image.write('\xeb\x3c\x90FRDOS5.1', 0, 'latin1')
  image.write('FreeDOS', 0x100, 'latin1')
  image.set([0x55, 0xaa], 510)
  return image
}

function linuxKernel(version = '6.1.0-test'): Buffer {
  const kernel = Buffer.alloc(20_000)
  kernel.set([0x55, 0xaa], 0x1fe)
  kernel[0x1f1] = 1
  kernel.write('HdrS\x0c\x02', 0x202, 'latin1')
  kernel.writeUInt16LE(0x100, 0x20e)
  kernel.write(version, 0x300, 'latin1')
  return kernel
}

const initrd = Buffer.from(`070701${'0'.repeat(506)}`)

async function inspect(client: Client, ...paths: string[]) {
  const sources = paths.map((path) => ({ kind: 'path' as const, path }))
  return client.api.import.inspect({ importId: randomUUID(), sources })
}

async function proposalOf(client: Client, path: string): Promise<ImportProposal> {
  const { items, refused } = await inspect(client, path)
  expect(refused).toEqual([])
  const [item] = items
  if (item?.state !== 'proposal') throw new Error(`${path} gave no proposal`)
  return item
}

async function refusalOf(client: Client, path: string): Promise<string> {
  const { items, refused } = await inspect(client, path)
  expect(items).toEqual([])
  return refused[0]?.error.message ?? ''
}

const staged = (host: Host): string[] => {
  const folder = join(host.libraryFolder, '.vitrine/uploads')
  return existsSync(folder) ? readdirSync(folder) : []
}

function fileIn(folder: string, name: string, bytes: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

describe('files that become machines', () => {
  test('a floppy is guessed, proposed with its reasons, edited and made', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const path = fileIn(temporaryFolder(), 'boot_disk.img', freedosFloppy())
    const proposal = await proposalOf(client, path)
    expect(proposal).toMatchObject({
      fileName: 'boot_disk.img',
      archive: null,
      medium: { kind: 'floppy', format: 'raw', sizeBytes: 737_280, bootable: true },
      system: { name: 'FreeDOS', strength: 'certain' },
      name: 'FreeDOS',
      template: 'freedos',
      memoryMib: 32,
      warnings: [],
    })
    expect(proposal.reasons.map(({ about }) => about)).toEqual(expect.arrayContaining(['system', 'speed']))
    const { itemId } = proposal
    const other = await client.api.import.retarget({ itemId, template: 'ms-dos' })
    expect(other).toMatchObject({ template: 'ms-dos', memoryMib: 16, system: { name: 'FreeDOS' } })
    const card = await client.api.import.create({ itemId, name: 'Mine', template: 'ms-dos', memoryMib: 8 })
    expect(card.spec).toMatchObject({ name: 'Mine', template: 'ms-dos', memoryMib: 8, cpu: { profile: '486' } })
    expect(card.spec.drives).toContainEqual(
      expect.objectContaining({ slot: 'fda', kind: 'floppy', file: 'disks/boot_disk.img' }),
    )
    expect(readFileSync(join(host.libraryFolder, 'Mine/disks/boot_disk.img')).equals(freedosFloppy())).toBe(true)
    expect(readFileSync(path).equals(freedosFloppy())).toBe(true)
    await expect(client.api.import.create({ itemId })).rejects.toMatchObject({ code: 'ipc/invalid-argument' })
    expect(staged(host)).toEqual([])
  })

  test('a kernel takes the initial file system that came with it', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const folder = temporaryFolder()
    const kernel = fileIn(folder, 'vmlinuz', linuxKernel())
    const files = fileIn(folder, 'initrd.gz', gzipSync(initrd))
    expect((await proposalOf(client, kernel)).warnings[0]).toMatch(/initial ramdisk/)
    expect(await refusalOf(client, files)).toMatch(/together with its kernel/)
    const { items, refused } = await inspect(client, files, kernel)
    expect([items.length, refused]).toEqual([1, []])
    expect(items[0]).toMatchObject({ medium: { kind: 'kernel' }, template: 'linux', warnings: [] })
    const card = await client.api.import.create({ itemId: items[0]?.itemId ?? '' })
    expect(card.spec.boot.kernel).toEqual({ file: 'disks/vmlinuz', initrd: 'disks/initrd.gz', append: '' })
    expect(readFileSync(join(host.libraryFolder, card.folder, 'disks/initrd.gz')).equals(gzipSync(initrd))).toBe(true)
  })

  test.each([
    ['1.2.13', 'linux-1'],
    ['2.2.20', 'linux-1'],
    ['2.4.37', 'linux-2-4'],
    ['2.6.32', 'linux-2-6'],
    ['5.10.0', 'linux'],
  ])('Linux %s gets the template %s', async (version, template) => {
    const client = connect(await openFakeHost())
    const path = fileIn(temporaryFolder(), 'kernel', linuxKernel(version))
    expect(await proposalOf(client, path)).toMatchObject({ template, system: { name: `Linux ${version}` } })
  })

  test('what is packed is unpacked, even twice, and leaves nothing behind', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const folder = temporaryFolder()
    const image = freedosFloppy()
    const packed = {
      'a.img.gz': gzipSync(image),
      'a.img.zst': zstdCompressSync(image),
      'two.img.gz.zst': zstdCompressSync(gzipSync(image)),
      // Two members of gzip one after the other are one file.
      'parts.img.gz': Buffer.concat([gzipSync(image.subarray(0, 1000)), gzipSync(image.subarray(1000))]),
    }
    for (const [name, bytes] of Object.entries(packed)) {
      const proposal = await proposalOf(client, fileIn(folder, name, bytes))
      expect(proposal).toMatchObject({ archive: name, template: 'freedos', medium: { sizeBytes: image.length } })
      const card = await client.api.import.create({ itemId: proposal.itemId })
      const drive = card.spec.drives.find(({ slot }) => slot === 'fda')
      expect(readFileSync(join(host.libraryFolder, card.folder, drive?.file ?? '')).equals(image)).toBe(true)
    }
    const deep = gzipSync(gzipSync(gzipSync(gzipSync(image))))
    expect(await refusalOf(client, fileIn(folder, 'deep.gz', deep))).toMatch(/packed more than 3 times/)
    expect(await refusalOf(client, fileIn(folder, 'cut.gz', gzipSync(image).subarray(0, 200)))).toMatch(
      /damaged or cut/,
    )
    expect(await refusalOf(client, fileIn(folder, 'text.gz', gzipSync('hello')))).toMatch(/no disk image/)
    expect(staged(host)).toEqual([])
  })

  test('an import that is cancelled, or whose connection ends, is forgotten', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const path = fileIn(temporaryFolder(), 'a.img.gz', gzipSync(freedosFloppy()))
    const first = await proposalOf(client, path)
    expect(staged(host)).toHaveLength(1)
    await client.api.import.cancel({ id: first.itemId })
    expect(staged(host)).toEqual([])
    await proposalOf(client, path)
    client.close()
    await expect.poll(() => staged(host)).toEqual([])
  })

  test('a large disk with little on it is copied with its holes', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const path = fileIn(temporaryFolder(), 'huge.img', Buffer.alloc(512, '\x55\xaa', 'latin1'))
    truncateSync(path, 2 ** 30)
    const proposal = await proposalOf(client, path)
    expect(proposal.medium).toMatchObject({ kind: 'disk', sizeBytes: 2 ** 30 })
    const card = await client.api.import.create({ itemId: proposal.itemId })
    const copy = statSync(join(host.libraryFolder, card.folder, 'disks/huge.img'))
    expect(copy.size).toBe(2 ** 30)
    expect(copy.blocks * 512).toBeLessThan(1 << 20)
  })

  test('a file that unpacks to more than is allowed is refused, before or while it is unpacked', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    // An .xz whose index names 100 GiB: the footer, the index, and nothing that could be unpacked.
    const index = Buffer.from([0, 1, 100, 0x80, 0x80, 0x80, 0x80, 0x90, 0x03, 0, 0, 0, 0, 0, 0, 0])
    const footer = Buffer.alloc(12)
    footer.writeUInt32LE(index.length / 4 - 1, 4)
    footer.set([0x59, 0x5a], 10)
    const head = Buffer.alloc(12 + 100)
    head.write('\xfd7zXZ\0', 0, 'latin1')
    const path = fileIn(temporaryFolder(), 'bomb.xz', Buffer.concat([head, index, footer]))
    expect(await refusalOf(client, path)).toMatch(/more than 64 GiB/)
    expect(staged(host)).toEqual([])
  })

  test('an exported machine comes back by what it is, not by its name', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const { id } = await client.api.library.create({ settings: { name: 'Travels' } })
    const file = join(temporaryFolder(), 'travels.bin')
    await client.api.snapshot.exportMachine({ id, file })
    await client.api.library.delete({ id })
    const proposal = await proposalOf(client, file)
    expect(proposal.medium).toMatchObject({ kind: 'machine', format: 'vitrine' })
    expect((await client.api.import.create({ itemId: proposal.itemId })).spec.name).toBe('Travels')
  })

  test('a browser names no file of the host', async () => {
    const client = connect(await openFakeHost(), { shell: 'browser', hostPaths: false, folders: [] })
    const path = fileIn(temporaryFolder(), 'a.img', freedosFloppy())
    const { refused } = await inspect(client, path)
    expect(refused[0]?.error.code).toBe('ipc/forbidden')
  })
})

const packers = [tool('xz'), tool('bzip2'), tool('zip')]
describeWith(packers, 'what other programs have packed', () => {
  function pack(folder: string, command: string, ...args: string[]): void {
    execFileSync(command, args, { cwd: folder, stdio: 'ignore' })
  }

  test('xz with one stream, several and many blocks; bzip2 with one and several', async () => {
    const client = connect(await openFakeHost())
    const folder = temporaryFolder()
    const image = freedosFloppy()
    image.write('x'.repeat(5000), 300_000)
    fileIn(folder, 'a.img', image)
    const half = image.length / 2
    fileIn(folder, '1', image.subarray(0, half))
    fileIn(folder, '2', image.subarray(half))
    for (const name of ['1', '2']) {
      pack(folder, 'xz', '-k', name)
      pack(folder, 'bzip2', '-k', name)
    }
    for (const packing of ['xz', 'bz2'])
      writeFileSync(
        join(folder, `parts.img.${packing}`),
        Buffer.concat([readFileSync(join(folder, `1.${packing}`)), readFileSync(join(folder, `2.${packing}`))]),
      )
    pack(folder, 'xz', '-k', '--block-size=65536', 'a.img')
    pack(folder, 'bzip2', '-k', '-1', 'a.img')
    for (const name of ['a.img.xz', 'parts.img.xz', 'a.img.bz2', 'parts.img.bz2']) {
      const proposal = await proposalOf(client, join(folder, name))
      expect(proposal).toMatchObject({ archive: name, template: 'freedos', medium: { sizeBytes: image.length } })
    }
    for (const name of ['a.img.xz', 'a.img.bz2']) {
      const bytes = readFileSync(join(folder, name))
      const damaged = Buffer.from(bytes)
      const middle = bytes.length >> 1
      damaged[middle] = (damaged[middle] ?? 0) ^ 0x40
      expect(await refusalOf(client, fileIn(folder, `damaged-${name}`, damaged))).toMatch(/damaged or cut short/)
      const cut = bytes.subarray(0, bytes.length - 9)
      expect(await refusalOf(client, fileIn(folder, `cut-${name}`, cut))).toMatch(/damaged or cut short/)
    }
  })

  test('a zip with one image, several, none, and one that is encrypted', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const folder = temporaryFolder()
    fileIn(folder, 'dos.img', freedosFloppy())
    fileIn(folder, 'empty.img', new Uint8Array(1_474_560))
    fileIn(folder, 'readme.txt', Buffer.from('Read me'))
    pack(folder, 'zip', 'one.zip', 'readme.txt', 'dos.img')
    pack(folder, 'zip', 'several.zip', 'readme.txt', 'dos.img', 'empty.img')
    pack(folder, 'zip', 'none.zip', 'readme.txt')
    pack(folder, 'zip', '-P', 'secret', 'locked.zip', 'dos.img')
    expect(await proposalOf(client, join(folder, 'one.zip'))).toMatchObject({
      fileName: 'dos.img',
      archive: 'one.zip',
      template: 'freedos',
    })
    const { items } = await inspect(client, join(folder, 'several.zip'))
    const [choice] = items
    expect(choice).toMatchObject({
      state: 'choice',
      fileName: 'several.zip',
      members: [
        { name: 'dos.img', sizeBytes: 737_280, kind: 'floppy' },
        { name: 'empty.img', sizeBytes: 1_474_560, kind: 'floppy' },
      ],
    })
    const itemId = choice?.itemId ?? ''
    expect(await client.api.import.choose({ itemId, member: 'empty.img' })).toMatchObject({ template: 'other' })
    expect(await client.api.import.choose({ itemId, member: 'dos.img' })).toMatchObject({ template: 'freedos' })
    await expect(client.api.import.choose({ itemId, member: 'x' })).rejects.toMatchObject({ code: 'disk/not-found' })
    await expect(
      client.api.library.importImage({ source: { kind: 'path', path: join(folder, 'several.zip') } }),
    ).rejects.toThrow('holds several images; choose one of: dos.img, empty.img')
    expect(await refusalOf(client, join(folder, 'none.zip'))).toBe('none.zip holds no disk image')
    expect(await refusalOf(client, join(folder, 'locked.zip'))).toMatch(/encrypted/)
    const bytes = readFileSync(join(folder, 'one.zip'))
    expect(await refusalOf(client, fileIn(folder, 'cut.zip', bytes.subarray(0, 1000)))).toMatch(/damaged/)
    client.close()
    await expect.poll(() => staged(host)).toEqual([])
  })
})
