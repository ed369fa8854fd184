import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { describe, expect, test } from 'vitest'
import { api } from '../../../core/contract/api.ts'
import type { ScreenFrame } from '../../../core/contract/binary.ts'
import type { Client, UploadSource } from '../../../core/contract/client.ts'
import { events } from '../../../core/contract/events.ts'
import { UPLOAD_CHUNK_BYTES } from '../../../core/contract/upload-api.ts'
import { createImageFile } from '../../support/disk-images.ts'
import { connect, openFakeHost } from '../../support/fake-host.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** Resolves at the first such event for which `test` holds. */
function next<E extends keyof typeof events>(
  client: Client,
  event: E,
  holds: (data: never) => boolean = () => true,
): Promise<unknown> {
  return new Promise((resolve) => {
    const unsubscribe = client.on(event, (data) => {
      if (!holds(data as never)) return
      unsubscribe()
      resolve(events[event].parse(data))
    })
  })
}

function floppy(folder: string, name = 'floppy.img'): string {
  const path = join(folder, name)
  const image = new Uint8Array(1440 * 1024)
  image.set([0xeb, 0x3c, 0x90])
  image.set([0x55, 0xaa], 510)
  writeFileSync(path, image)
  return path
}

const memoryFile = (fileName: string, bytes: Uint8Array): UploadSource => ({
  fileName,
  sizeBytes: bytes.length,
  read: (position, length) => Promise.resolve(bytes.subarray(position, position + length)),
})

describe('the library behind the contract', () => {
  test('makes, changes, copies and deletes machines, and tells everybody', async () => {
    const host = await openFakeHost()
    const [client, watcher] = [connect(host), connect(host)]
    const added = next(watcher, 'card-changed')
    const card = await client.api.library.create({ settings: { name: 'One', memoryMib: 16 } })
    expect(card).toMatchObject({
      kind: 'machine',
      folder: 'One',
      state: 'off',
      crash: null,
      thumbnail: null,
      spec: { name: 'One', memoryMib: 16 },
    })
    expect(await added).toEqual({ card })
    const { id } = card
    const second = await client.api.library.create({ settings: { name: 'One' } })
    expect(second.spec.name).toBe('One 2')
    await client.api.library.delete({ id: second.id })
    const changed = await client.api.library.update({
      id,
      patch: { name: 'Two', cpu: { profile: '486', limitMips: 5, capPercent: 50 }, notes: 'n' },
    })
    expect(changed).toMatchObject({
      folder: 'Two',
      spec: { name: 'Two', memoryMib: 16, cpu: { profile: '486' }, notes: 'n' },
    })
    const copy = await client.api.library.duplicate({ id, name: 'Copy' })
    const removed = next(watcher, 'card-removed')
    await client.api.library.delete({ id })
    expect(await removed).toEqual({ folder: 'Two' })
    expect(await client.api.library.list({})).toEqual([await client.api.library.get({ id: copy.id })])
    await expect(client.api.library.get({ id })).rejects.toMatchObject({ code: 'vm/not-found' })
  })

  test('refuses settings that are wrong and files that are not there, making nothing', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const create = (settings: object) => client.api.library.create({ settings: { name: 'A', ...settings } })
    const invalid = { code: 'ipc/invalid-argument' }
    await expect(create({ memoryMib: 0 })).rejects.toMatchObject(invalid)
    await expect(create({ memoryMib: 5000 })).rejects.toMatchObject(invalid)
    await expect(create({ color: 'red' })).rejects.toMatchObject(invalid)
    await expect(create({ name: ' ' })).rejects.toMatchObject(invalid)
    await expect(create({ drives: [{ slot: 'hda', kind: 'disk', file: '../other/disk.img' }] })).rejects.toMatchObject(
      invalid,
    )
    await expect(create({ drives: [{ slot: 'hda', kind: 'disk', file: '/nowhere/disk.img' }] })).rejects.toMatchObject({
      code: 'disk/not-found',
    })
    expect(await client.api.library.list({})).toEqual([])
    expect(readdirSync(host.libraryFolder)).toEqual(['.vitrine'])
  })

  test('makes a machine from an image of the host, which stays as it is', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const original = floppy(temporaryFolder(), 'free_dos 7.img')
    const before = readFileSync(original)
    const card = await client.api.library.importImage({ source: { kind: 'path', path: original } })
    expect(card).toMatchObject({
      folder: 'free dos 7',
      spec: {
        drives: [
          { slot: 'fda', kind: 'floppy', file: 'disks/free_dos 7.img' },
          { slot: 'hdc', kind: 'cdrom', file: null },
        ],
      },
    })
    const copy = join(host.libraryFolder, 'free dos 7/disks/free_dos 7.img')
    expect(readFileSync(copy).equals(before)).toBe(true)
    writeFileSync(copy, 'changed')
    expect(readFileSync(original).equals(before)).toBe(true)
    const empty = join(temporaryFolder(), 'empty.img')
    writeFileSync(empty, '')
    await expect(client.api.library.importImage({ source: { kind: 'path', path: empty } })).rejects.toMatchObject({
      code: 'disk/corrupt-image',
    })
    await expect(
      client.api.library.importImage({ source: { kind: 'path', path: temporaryFolder() } }),
    ).rejects.toMatchObject({ code: 'disk/unsupported-format' })
    await expect(
      client.api.library.importImage({ source: { kind: 'path', path: 'relative.img' } }),
    ).rejects.toMatchObject({ code: 'ipc/invalid-argument' })
    expect(readdirSync(host.libraryFolder)).toEqual(['.vitrine', 'free dos 7'])
  })

  test('takes a hard disk in any format by its content, and none that needs other files', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const folder = temporaryFolder()
    for (const format of ['qcow2', 'vdi', 'vmdk', 'vhd'] as const) {
      const path = join(folder, `${format}.bin`)
      createImageFile(path, format, 8 << 20)
      const card = await client.api.library.importImage({ source: { kind: 'path', path } })
      expect(card.spec.drives).toContainEqual(
        expect.objectContaining({ slot: 'hda', kind: 'disk', file: `disks/${format}.bin` }),
      )
    }
    const secret = join(folder, 'secret')
    writeFileSync(secret, new Uint8Array(1 << 20))
    const path = join(folder, 'overlay.qcow2')
    createImageFile(path, 'qcow2', 1 << 20, {}, { file: secret, format: 'raw' })
    await expect(client.api.library.importImage({ source: { kind: 'path', path } })).rejects.toMatchObject({
      code: 'disk/unsupported-format',
      message: expect.stringContaining('needs another file, secret'),
    })
  })

  test('makes a machine from an upload in chunks, with progress, and forgets unfinished ones', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const bytes = new Uint8Array(3 * UPLOAD_CHUNK_BYTES + 512).map((_, i) => i >>> 8)
    bytes.set([0x55, 0xaa], 510)
    const progress: number[] = []
    const uploadId = await client.upload(memoryFile('../../evil.img', bytes), {
      onProgress: (done) => progress.push(done),
    })
    expect(progress.toSorted((a, b) => a - b).at(-1)).toBe(bytes.length)
    const card = await client.api.library.importImage({ source: { kind: 'upload', uploadId }, name: 'Uploaded' })
    const file = card.spec.drives[0]?.file ?? card.spec.drives[1]?.file
    expect(card.spec.drives).toContainEqual({
      slot: 'hda',
      kind: 'disk',
      file: 'disks/evil.img',
      writeProtected: false,
      discardWrites: false,
    })
    expect(file).toBe('disks/evil.img')
    expect(readFileSync(join(host.libraryFolder, 'Uploaded/disks/evil.img')).equals(bytes)).toBe(true)
    await expect(client.api.library.importImage({ source: { kind: 'upload', uploadId } })).rejects.toMatchObject({
      code: 'ipc/invalid-argument',
    })

    await expect(client.api.upload.begin({ fileName: 'huge.img', sizeBytes: 2 ** 52 })).rejects.toMatchObject({
      code: 'disk/full',
      message: expect.stringMatching(/^huge\.img has 4194304\.0 GiB, and the disk of the library has [\d.]+ GiB left$/),
    })
    const unfinished = await client.api.upload.begin({ fileName: 'x', sizeBytes: 10 })
    await expect(
      client.api.library.importImage({ source: { kind: 'upload', uploadId: unfinished.uploadId } }),
    ).rejects.toMatchObject({ code: 'ipc/invalid-argument' })
    let chunks = 0
    await expect(client.upload(memoryFile('y', bytes), { isCancelled: () => ++chunks > 2 })).rejects.toMatchObject({
      code: 'ipc/closed',
    })
    const uploads = join(host.libraryFolder, '.vitrine/uploads')
    await expect.poll(() => readdirSync(uploads).length).toBe(1)
    client.close()
    await expect.poll(() => readdirSync(uploads)).toEqual([])
  })
})

describe('machines behind the contract', () => {
  test('run, and everybody sees their state', async () => {
    const host = await openFakeHost()
    const [client, watcher] = [connect(host), connect(host)]
    const { id } = await client.api.library.create({ settings: { name: 'One' } })
    const states: string[] = []
    watcher.on('machine-state', ({ state }) => states.push(state))
    expect((await client.api.machine.start({ id })).state).toBe('running')
    await expect(client.api.machine.start({ id })).rejects.toMatchObject({ code: 'vm/invalid-state' })
    await expect(client.api.library.delete({ id })).rejects.toMatchObject({ code: 'vm/invalid-state' })
    await expect(client.api.library.duplicate({ id })).rejects.toMatchObject({ code: 'vm/invalid-state' })
    await client.api.machine.typeText({ id, text: 'dir' })
    await client.api.library.update({ id, patch: { keyboardLayout: 'fr' } })
    // On a French keyboard a is where others have q.
    await client.api.machine.typeText({ id, text: 'a' })
    await client.api.machine.typeText({ id, text: 'a', layout: 'us' })
    await client.api.machine.keys({
      id,
      events: [
        { code: 'Enter', down: true },
        { code: 'Enter', down: false },
      ],
    })
    expect((await client.api.machine.screenText({ id })).lines.slice(0, 2)).toEqual(['READY', 'dirqa'])
    const { widthPx, heightPx, pngBase64 } = await client.api.machine.screenshot({ id })
    const png = PNG.sync.read(Buffer.from(pngBase64, 'base64'))
    expect([png.width, png.height, widthPx, heightPx]).toEqual([320, 200, 320, 200])
    expect([...png.data.subarray(0, 4)]).toEqual([0, 255, 0, 255])
    expect((await client.api.machine.pause({ id })).state).toBe('paused')
    expect((await client.api.machine.resume({ id })).state).toBe('running')
    expect(await client.api.machine.stats({ id })).toMatchObject({ id })
    expect((await client.api.machine.powerOff({ id })).state).toBe('off')
    expect(states).toEqual(['starting', 'running', 'paused', 'running', 'stopping', 'off'])
    await expect(client.api.machine.pause({ id })).rejects.toMatchObject({ code: 'vm/invalid-state' })
    const { lines } = await client.api.library.logs({ id })
    expect(lines.map((line) => line.split(' ').slice(1).join(' ').trim())).toEqual([
      'info  Power on: max, 64 MiB',
      'info  Power off by the host',
    ])
    // The last picture stays on the card, over a restart of the host, too.
    expect((await client.api.library.get({ id })).thumbnail).toMatchObject({ widthPx: 320, heightPx: 240 })
    expect(existsSync(join(host.libraryFolder, 'One/thumbnail.png'))).toBe(true)
  })

  test('crash alone, with the reason on the card, and start again', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const [{ id }, other] = [
      await client.api.library.create({ settings: { name: 'One' } }),
      await client.api.library.create({ settings: { name: 'Other' } }),
    ]
    await Promise.all([client.api.machine.start({ id }), client.api.machine.start({ id: other.id })])
    const told = next(client, 'notification')
    const crashed = next(client, 'machine-state', ({ state }: { state: string }) => state === 'crashed')
    await client.api.machine.keys({ id, events: [{ code: 'F11', down: true }] })
    const crash = { code: 'vm/crashed', message: 'The fake guest broke its machine', context: {} }
    expect(await told).toEqual({ level: 'error', machineId: id, error: crash })
    expect(await crashed).toEqual({ id, state: 'crashed', crash })
    expect(await client.api.library.get({ id })).toMatchObject({ state: 'crashed', crash })
    expect((await client.api.library.get({ id: other.id })).state).toBe('running')
    expect((await client.api.machine.start({ id })).crash).toBeNull()
  })

  test('take media now and at the next start', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const path = floppy(temporaryFolder())
    const { id } = await client.api.library.create({
      settings: {
        name: 'One',
        drives: [
          { slot: 'fda', kind: 'floppy' },
          { slot: 'hda', kind: 'disk', file: floppy(temporaryFolder(), 'hd.img') },
        ],
      },
    })
    const fda = async () => (await client.api.library.get({ id })).spec.drives[0]
    await client.api.machine.insertMedia({ id, slot: 'fda', source: { kind: 'path', path }, writeProtected: true })
    expect(await fda()).toMatchObject({ file: path, writeProtected: true })
    await client.api.machine.ejectMedia({ id, slot: 'fda' })
    expect(await fda()).toMatchObject({ file: null, writeProtected: false })
    await client.api.machine.start({ id })
    const uploadId = await client.upload(memoryFile('disk two.img', readFileSync(path)))
    await client.api.machine.insertMedia({ id, slot: 'fda', source: { kind: 'upload', uploadId } })
    expect(await fda()).toMatchObject({ file: 'media/disk two.img' })
    expect((await client.api.machine.screenText({ id })).lines).toContain('inserted fda 2880')
    // A tab that is moved: the guest finds its medium changed, and what it writes is kept or not from then on.
    await client.api.machine.setDrive({ id, slot: 'fda', writeProtected: true, discardWrites: true })
    expect(await fda()).toMatchObject({ file: 'media/disk two.img', writeProtected: true, discardWrites: true })
    expect((await client.api.machine.screenText({ id })).lines.slice(-3)).toEqual([
      'ejected fda',
      'inserted fda 2880',
      '',
    ])
    await client.api.machine.setDrive({ id, slot: 'hda', discardWrites: true })
    expect((await client.api.library.get({ id })).spec.drives[1]).toMatchObject({ slot: 'hda', discardWrites: true })
    await expect(client.api.machine.setDrive({ id, slot: 'fdb' })).rejects.toMatchObject({ code: 'vm/invalid-state' })
    await expect(
      client.api.machine.insertMedia({ id, slot: 'hda', source: { kind: 'path', path } }),
    ).rejects.toMatchObject({ code: 'vm/invalid-state' })
    await expect(
      client.api.machine.insertMedia({ id, slot: 'fdb', source: { kind: 'path', path } }),
    ).rejects.toMatchObject({ code: 'vm/invalid-state' })
    await client.api.machine.ejectMedia({ id, slot: 'fda' })
    await client.api.machine.powerOff({ id })
    expect(readdirSync(join(host.libraryFolder, 'One/media'))).toEqual(['disk two.img'])
  })
})

describe('consoles', () => {
  test('show the picture, whole at first and then what changes, and go on over a restart', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const { id } = await client.api.library.create({ settings: { name: 'One' } })
    const frames: ScreenFrame[] = []
    let arrived = Promise.withResolvers<void>()
    const serial: string[] = []
    const console = await client.openConsole({
      id,
      maxFramesPerSecond: 120,
      serialPorts: [1],
      onFrame(frame) {
        frames.push(frame)
        console.drawn(frame)
        arrived.resolve()
        arrived = Promise.withResolvers()
      },
      onSerial: (_, bytes) => serial.push(Buffer.from(bytes).toString()),
    })
    await client.api.machine.start({ id })
    await expect.poll(() => frames.length).toBe(1)
    expect(frames[0]).toMatchObject({
      whole: true,
      pictureWidthPx: 320,
      pictureHeightPx: 200,
      left: 0,
      top: 0,
      widthPx: 320,
      heightPx: 200,
      aspectWidth: 4,
      aspectHeight: 3,
    })
    const next = arrived.promise
    await client.api.machine.typeText({ id, text: 'x' })
    await next
    expect(frames[1]).toMatchObject({ whole: false, left: 0, top: 1, widthPx: 1, heightPx: 1 })
    expect([...(frames[1]?.pixels ?? [])]).toEqual([0, 255, 0, 255])
    await client.api.console.sendSerial({ id, port: 1, data: 'grüß' })
    await client.api.console.sendSerial({ id, port: 1, data: '\xff', binary: true })
    await expect.poll(() => serial.join('')).toContain('READY\nx')
    await client.api.machine.powerOff({ id })
    const before = frames.length
    await client.api.machine.start({ id })
    await expect.poll(() => frames.length).toBeGreaterThan(before)
    expect(frames[before]?.whole).toBe(true)
    console.close()
  })

  test('opened late see the recent past of the serial line', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const { id } = await client.api.library.create({ settings: { name: 'One' } })
    await client.api.machine.start({ id })
    await client.api.machine.typeText({ id, text: 'before' })
    let serial = ''
    await client.openConsole({
      id,
      maxFramesPerSecond: 0,
      serialPorts: [1],
      onFrame: () => {},
      onSerial: (_, bytes) => {
        serial += Buffer.from(bytes).toString()
      },
    })
    await expect.poll(() => serial).toBe('READY\nbefore')
  })

  test('get no more than two frames that they have not drawn', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const { id } = await client.api.library.create({ settings: { name: 'One' } })
    await client.api.machine.start({ id })
    const frames: ScreenFrame[] = []
    const console = await client.openConsole({
      id,
      maxFramesPerSecond: 120,
      serialPorts: [],
      onFrame: (frame) => frames.push(frame),
      onSerial: () => {},
    })
    await client.api.machine.typeText({ id, text: 'a\nb\nc\nd\ne\nf\n' })
    await expect.poll(() => frames.length).toBe(2)
    await client.api.machine.screenshot({ id })
    expect(frames).toHaveLength(2)
    // The third one has everything that has changed since.
    console.drawn(frames[1] as ScreenFrame)
    await expect.poll(() => frames.length).toBe(3)
    await expect(client.api.console.open({ id: '11111111-2222-4333-8444-555555555555' })).rejects.toMatchObject({
      code: 'vm/not-found',
    })
  })
})

describe('a host', () => {
  test('owns its library alone', async () => {
    const host = await openFakeHost()
    await expect(openFakeHost({ libraryFolder: host.libraryFolder })).rejects.toMatchObject({ code: 'library/locked' })
    await host.dispose()
    await openFakeHost({ libraryFolder: host.libraryFolder })
  })

  test('switches its machines off at the end', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const { id } = await client.api.library.create({ settings: { name: 'One' } })
    await client.api.machine.start({ id })
    const closed = Promise.withResolvers<void>()
    client.onClose = closed.resolve
    await host.dispose()
    await closed.promise
    await expect(client.api.library.list({})).rejects.toMatchObject({ code: 'ipc/closed' })
    expect(readFileSync(join(host.libraryFolder, 'One/logs/machine.log'), 'utf8')).toContain('Power off by the host')
  })

  test('answers every method of the contract with what its schema says', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const { id } = await client.api.library.create({
      settings: { name: 'One', drives: [{ slot: 'fda', kind: 'floppy' }] },
    })
    await client.api.machine.start({ id })
    const check = (area: 'app' | 'library' | 'machine', method: string, result: unknown) => {
      const methods = api[area] as Record<string, { result: { parse(value: unknown): unknown } }>
      expect(methods[method]?.result.parse(result), `${area}.${method}`).toEqual(result)
    }
    check('app', 'info', await client.api.app.info({}))
    check('library', 'list', await client.api.library.list({}))
    check('library', 'get', await client.api.library.get({ id }))
    check('library', 'logs', await client.api.library.logs({ id }))
    check('machine', 'stats', await client.api.machine.stats({ id }))
    check('machine', 'profile', await client.api.machine.profile({ id, seconds: 0.1 }))
    check('machine', 'screenText', await client.api.machine.screenText({ id }))
    check('machine', 'screenshot', await client.api.machine.screenshot({ id }))
    check('machine', 'reset', await client.api.machine.reset({ id }))
  })
})
