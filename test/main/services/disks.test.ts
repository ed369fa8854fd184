import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Client } from '../../../core/contract/client.ts'
import { DISK_FORMAT_FACTS, DISK_FORMATS } from '../../../core/contract/disk-info.ts'
import type { EventData } from '../../../core/contract/events.ts'
import { imageFormat } from '../../../core/disk/formats/catalogue.ts'
import type { Host } from '../../../main/host.ts'
import { createImageFile, openImageFile, SectorModel, writeRandomly } from '../../support/disk-images.ts'
import { connect, openFakeHost } from '../../support/fake-host.ts'
import { Random } from '../../support/random.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const MIB = 2 ** 20

/** A host with a machine that has one disk of 16 MiB. */
async function machineWithDisk(format: (typeof DISK_FORMATS)[number] = 'qcow2') {
  const host = await openFakeHost()
  const client = connect(host)
  const { id } = await client.api.library.create({
    settings: { name: 'One' },
    newDisks: [{ slot: 'hda', sizeBytes: 16 * MIB, format }],
  })
  return { host, client, id, disk: { kind: 'drive', id, slot: 'hda' } as const }
}

function present(host: Host, id: string): string {
  const { path, spec } = host.machines.library.machine(id)
  return join(path, spec.drives[0]?.file ?? '')
}

/** Writes to the present disk as a guest would. */
function write(host: Host, id: string, model: SectorModel, seed: number): void {
  const disk = openImageFile(present(host, id))
  writeRandomly(disk, model, new Random(seed), 60)
  disk.flush()
  disk.close()
}

function differenceOf(host: Host, id: string, model: SectorModel): number {
  const disk = openImageFile(present(host, id), true)
  try {
    expect(disk.sectors).toBe(model.sectors)
    return model.difference(disk)
  } finally {
    disk.close()
  }
}

function progressOf(client: Client): EventData<'disk-progress'>[] {
  const events: EventData<'disk-progress'>[] = []
  client.on('disk-progress', (event) => events.push(event))
  return events
}

describe('the formats of the contract', () => {
  test('are those of the catalogue, and every choice is one that it takes', () => {
    for (const format of DISK_FORMATS) {
      const { extension, options } = DISK_FORMAT_FACTS[format]
      const known = imageFormat(format)
      expect(known.extensions[0]).toBe(extension)
      const defaults = known.options.parse({}) as Record<string, unknown>
      for (const [key, [usual, ...others]] of Object.entries(options)) {
        expect([format, key, usual]).toEqual([format, key, defaults[key]])
        for (const value of others) expect(known.options.safeParse({ [key]: value }).success).toBe(true)
      }
    }
  })
})

describe('new disks', () => {
  test('are made with a machine, in every format, and for a machine that is there', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const slots = ['hda', 'hdb', 'hdc'] as const
    const { id, spec } = await client.api.library.create({
      settings: { name: 'One', drives: [{ slot: 'hdd', kind: 'cdrom' }] },
      newDisks: slots.map((slot, i) => ({ slot, sizeBytes: (i + 1) * MIB, format: DISK_FORMATS[i] ?? 'raw' })),
    })
    expect(spec.drives.map(({ slot, kind, file }) => [slot, kind, file])).toEqual([
      ['hdd', 'cdrom', null],
      ['hda', 'disk', 'disks/One.img'],
      ['hdb', 'disk', 'disks/One.qcow2'],
      ['hdc', 'disk', 'disks/One.vdi'],
    ])
    expect(
      (await client.api.disk.ofMachine({ id })).map(({ slot, info }) => [slot, info?.format, info?.sizeBytes]),
    ).toEqual(slots.map((slot, i) => [slot, DISK_FORMATS[i], (i + 1) * MIB]))
    const two = await client.api.library.create({ settings: { name: 'Two' } })
    for (const [slot, file] of [
      ['hda', 'disks/Two.qcow2'],
      ['hdb', 'disks/Two 2.qcow2'],
    ]) {
      const card = await client.api.disk.add({ id: two.id, disk: { sizeBytes: 2 ** 40 } })
      expect(card.spec.drives.at(-1)).toMatchObject({ slot, kind: 'disk', file })
    }
    const named = await client.api.disk.add({
      id: two.id,
      slot: 'hdd',
      disk: { sizeBytes: MIB, format: 'vhd', options: { type: 'fixed' }, name: 'a/b' },
    })
    expect(named.spec.drives.at(-1)).toMatchObject({ slot: 'hdd', file: 'disks/b.vhd' })
    expect(await client.api.disk.info({ disk: { kind: 'drive', id: two.id, slot: 'hdd' } })).toMatchObject({
      format: 'vhd',
      details: { type: 'fixed' },
    })
  })

  test('are refused with nothing left behind', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const create = (newDisks: object[], drives: object[] = []) =>
      client.api.library.create({ settings: { name: 'A', drives }, newDisks } as never)
    const refused = { code: expect.stringMatching(/^(ipc\/invalid-argument|usage\/invalid|spec\/invalid)$/) }
    await expect(create([{ slot: 'hda', sizeBytes: 1000 }])).rejects.toMatchObject(refused)
    await expect(create([{ slot: 'fda', sizeBytes: MIB }])).rejects.toMatchObject(refused)
    await expect(create([{ slot: 'hda', sizeBytes: MIB, options: { speed: 11 } }])).rejects.toMatchObject(refused)
    await expect(create([{ slot: 'hdc', sizeBytes: MIB }], [{ slot: 'hdc', kind: 'cdrom' }])).rejects.toMatchObject(
      refused,
    )
    expect(readdirSync(host.libraryFolder)).toEqual(['.vitrine'])
    const { id } = await client.api.library.create({ settings: { name: 'A' } })
    await client.api.disk.add({ id, slot: 'hda', disk: { sizeBytes: MIB } })
    for (const slot of ['hda', 'fda'] as const)
      await expect(client.api.disk.add({ id, slot, disk: { sizeBytes: MIB } })).rejects.toMatchObject({
        code: 'vm/invalid-state',
      })
    await client.api.machine.start({ id })
    await expect(client.api.disk.add({ id, disk: { sizeBytes: MIB } })).rejects.toMatchObject({
      code: 'vm/invalid-state',
    })
  })
})

describe('the disk of a machine', () => {
  test('is checked, compacted, resized and converted with all that it holds, and tells how far that is', async () => {
    const { host, client, id, disk } = await machineWithDisk('vdi')
    const model = new SectorModel(32 * 1024)
    write(host, id, model, 1)
    const events = progressOf(client)
    const task = randomUUID()
    expect(await client.api.disk.check({ disk, repair: true })).toMatchObject({ errors: 0, isCheckable: true })
    const compacted = await client.api.disk.compact({ disk, task })
    expect(compacted.afterBytes).toBeLessThanOrEqual(compacted.beforeBytes)
    expect(differenceOf(host, id, model)).toBe(-1)
    await expect(client.api.disk.resize({ disk, sizeBytes: 8 * MIB })).rejects.toMatchObject({ code: 'usage/invalid' })
    expect(await client.api.disk.resize({ disk, sizeBytes: 32 * MIB })).toEqual({
      beforeBytes: 16 * MIB,
      afterBytes: 32 * MIB,
    })
    const larger = new SectorModel(64 * 1024)
    write(host, id, larger, 2)
    const old = present(host, id)
    expect(await client.api.disk.convert({ disk, format: 'vhd', options: { type: 'dynamic' } })).toMatchObject({
      format: 'vhd',
    })
    expect(present(host, id)).toMatch(/disks\/One\.vhd$/)
    expect(existsSync(old)).toBe(false)
    const kept = openImageFile(present(host, id), true)
    expect(larger.difference(kept, 0, 1)).toBe(-1)
    kept.close()
    expect(events.filter(({ isDone }) => isDone).map(({ work, machineId }) => [work, machineId])).toEqual([
      ['check', id],
      ['compact', id],
      ['resize', id],
      ['resize', id],
      ['convert', id],
    ])
    expect(events.find((event) => event.task === task)).toMatchObject({ work: 'compact' })
  })

  test('is left alone while the machine runs, and the list says so', async () => {
    const { client, id, disk } = await machineWithDisk()
    const refusals = async () => (await client.api.disk.ofMachine({ id }))[0]?.refusals
    expect(await refusals()).toEqual({ check: null, compact: null, resize: null, convert: null })
    await client.api.machine.start({ id })
    const running = 'The machine is running; switch it off first'
    expect(await refusals()).toEqual({ check: running, compact: running, resize: running, convert: running })
    const refused = { code: 'vm/invalid-state', message: running }
    await expect(client.api.disk.check({ disk })).rejects.toMatchObject(refused)
    await expect(client.api.disk.compact({ disk })).rejects.toMatchObject(refused)
    await expect(client.api.disk.resize({ disk, sizeBytes: 32 * MIB })).rejects.toMatchObject(refused)
    await expect(client.api.disk.convert({ disk, format: 'raw' })).rejects.toMatchObject(refused)
    expect(await client.api.disk.info({ disk })).toMatchObject({ format: 'qcow2' })
  })

  test('that cannot be read is told with its reason', async () => {
    const { host, client, id, disk } = await machineWithDisk()
    writeFileSync(present(host, id), 'QFI\xfb\0\0\0\x03cut off', { encoding: 'latin1' })
    expect((await client.api.disk.ofMachine({ id }))[0]).toMatchObject({
      info: null,
      problem: { code: 'disk/corrupt-image' },
    })
    await expect(client.api.disk.info({ disk })).rejects.toMatchObject({ code: 'disk/corrupt-image' })
    await expect(client.api.disk.info({ disk: { ...disk, slot: 'hdb' } })).rejects.toMatchObject({
      code: 'vm/invalid-state',
    })
  })
})

describe('the disk of a machine with snapshots', () => {
  test('is compacted, made larger and smaller, and every snapshot stays what it was', async () => {
    const { host, client, id, disk } = await machineWithDisk()
    const first = new SectorModel(32 * 1024)
    write(host, id, first, 1)
    const one = await client.api.snapshot.take({ id, name: 'One' })
    const second = first.clone()
    write(host, id, second, 2)
    await client.api.disk.compact({ disk })
    expect(differenceOf(host, id, second)).toBe(-1)

    await client.api.disk.resize({ disk, sizeBytes: 32 * MIB })
    const added = openImageFile(present(host, id))
    expect(added.sectors).toBe(64 * 1024)
    added.close()
    const two = await client.api.snapshot.take({ id, name: 'Two' })
    await expect(client.api.disk.resize({ disk, sizeBytes: 8 * MIB })).rejects.toMatchObject({ code: 'usage/invalid' })
    await client.api.disk.resize({ disk, sizeBytes: 8 * MIB, shrink: true })
    const three = await client.api.snapshot.take({ id, name: 'Three' })
    // Larger again: what was cut off must not come back.
    await client.api.disk.resize({ disk, sizeBytes: 32 * MIB })
    const again = openImageFile(present(host, id), true)
    const bytes = new Uint8Array(24 * MIB)
    again.readSectors(16 * 1024, 48 * 1024, bytes)
    again.close()
    expect(bytes.every((byte) => byte === 0)).toBe(true)

    // Layers of different sizes become one.
    for (const snapshot of [three, two]) await client.api.snapshot.delete({ id, snapshot: snapshot.id })
    await host.snapshots.work.idle()
    const merged = openImageFile(present(host, id), true)
    expect(merged.sectors).toBe(64 * 1024)
    expect(second.difference(merged, 0, 16 * 1024)).toBe(-1)
    merged.readSectors(16 * 1024, 48 * 1024, bytes)
    expect(bytes.every((byte) => byte === 0)).toBe(true)
    merged.close()

    await client.api.snapshot.restore({ id, snapshot: one.id, keepPresent: false })
    expect(differenceOf(host, id, first)).toBe(-1)
  })

  test('grows down into the image of the user when the last snapshot goes', async () => {
    const { host, client, id, disk } = await machineWithDisk()
    const snapshot = await client.api.snapshot.take({ id })
    await client.api.disk.resize({ disk, sizeBytes: 32 * MIB })
    const model = new SectorModel(64 * 1024)
    write(host, id, model, 3)
    await client.api.snapshot.delete({ id, snapshot: snapshot.id })
    await host.snapshots.work.idle()
    expect(present(host, id)).toMatch(/One\.qcow2$/)
    expect(differenceOf(host, id, model)).toBe(-1)
  })

  test('is converted into an image of its own, and the snapshots keep theirs', async () => {
    const { host, client, id, disk } = await machineWithDisk()
    const first = new SectorModel(32 * 1024)
    write(host, id, first, 1)
    const { id: snapshot } = await client.api.snapshot.take({ id, name: 'One' })
    const second = first.clone()
    write(host, id, second, 2)
    const overlay = present(host, id)
    await client.api.disk.convert({ disk, format: 'vdi' })
    await host.snapshots.work.idle()
    expect(existsSync(overlay)).toBe(false)
    expect(present(host, id)).toMatch(/One\.vdi$/)
    expect(differenceOf(host, id, second)).toBe(-1)
    await client.api.snapshot.restore({ id, snapshot })
    expect(differenceOf(host, id, first)).toBe(-1)
  })

  test('is not touched by its file, and the message says how else', async () => {
    const { host, client, id } = await machineWithDisk()
    await client.api.snapshot.take({ id })
    const file = { kind: 'file', path: present(host, id) } as const
    await expect(client.api.disk.compact({ disk: file })).rejects.toMatchObject({
      code: 'vm/invalid-state',
      message: expect.stringContaining('such as "One:hda"'),
    })
  })

  test('that a linked clone stands on is not changed', async () => {
    const { host, client, id } = await machineWithDisk()
    const clone = await client.api.snapshot.clone({ id, linked: true, name: 'Clone' })
    const [own] = await client.api.disk.ofMachine({ id })
    expect(own?.refusals.compact).toBeNull()
    await client.api.disk.compact({ disk: { kind: 'drive', id: clone.id, slot: 'hda' } })
    // By hand back onto the disk of the snapshot.
    const { path } = host.machines.library.machine(id)
    await client.api.library.update({
      id,
      patch: { drives: [{ slot: 'hda', kind: 'disk', file: join(path, 'disks/One.qcow2') }] },
    })
    await expect(
      client.api.disk.resize({ disk: { kind: 'drive', id, slot: 'hda' }, sizeBytes: 32 * MIB }),
    ).rejects.toMatchObject({ message: expect.stringContaining('The disk belongs to the machine "Clone"') })
  })
})

describe('a disk that was being written when the host was killed', () => {
  test('is in order once the library is open again', async () => {
    const { host, id } = await machineWithDisk('vdi')
    const model = new SectorModel(32 * 1024)
    write(host, id, model, 1)
    const file = present(host, id)
    await host.dispose()
    // The count of blocks has been written, and the map has not.
    const bytes = readFileSync(file)
    bytes.writeUInt32LE(bytes.readUInt32LE(388) + 1, 388)
    writeFileSync(file, bytes)
    writeFileSync(
      join(dirname(file), `.${basename(file)}.vitrine-lock`),
      JSON.stringify({ pid: 2 ** 22 + 1, started: '1', note: {} }),
    )
    const { libraryFolder } = host
    const again = await openFakeHost({ libraryFolder })
    const [disk] = await connect(again).api.disk.ofMachine({ id })
    expect(disk?.info?.details['allocatedBlocks']).toBe(bytes.readUInt32LE(388) - 1)
    expect(readdirSync(dirname(file))).toEqual([basename(file)])
    expect(differenceOf(again, id, model)).toBe(-1)
  })
})

describe('images by their files', () => {
  test('are made, described, converted, and nothing is overwritten unasked', async () => {
    const client = connect(await openFakeHost())
    const folder = temporaryFolder()
    const file = join(folder, 'a.qcow2')
    expect(await client.api.disk.create({ file, sizeBytes: MIB })).toMatchObject({ file, format: 'qcow2' })
    await expect(client.api.disk.create({ file, sizeBytes: MIB })).rejects.toMatchObject({ code: 'usage/invalid' })
    const overlay = join(folder, 'b.qcow2')
    expect(await client.api.disk.create({ file: overlay, backing: 'a.qcow2' })).toMatchObject({
      sizeBytes: MIB,
      backing: [{ file }],
    })
    const target = join(folder, 'c.vmdk')
    const disk = { kind: 'file', path: overlay } as const
    expect(await client.api.disk.convert({ disk, target, format: 'vmdk' })).toMatchObject({ format: 'vmdk' })
    await expect(client.api.disk.convert({ disk, format: 'vmdk' })).rejects.toMatchObject({
      code: 'ipc/invalid-argument',
    })
    await expect(client.api.disk.info({ disk: { kind: 'file', path: 'a.qcow2' } })).rejects.toMatchObject({
      code: 'ipc/invalid-argument',
    })
  })

  test('work that is cancelled leaves nothing', async () => {
    const host = await openFakeHost()
    const client = connect(host)
    const folder = temporaryFolder()
    const path = join(folder, 'a.img')
    writeFileSync(path, Buffer.alloc(64 * MIB, 0x5a))
    const task = randomUUID()
    const target = join(folder, 'b.qcow2')
    const work = client.api.disk.convert({ disk: { kind: 'file', path }, target, format: 'qcow2', task })
    const ended = expect(work).rejects.toMatchObject({ code: 'task/cancelled' })
    await client.api.disk.cancel({ task })
    await ended
    expect(readdirSync(folder)).toEqual(['a.img'])
    expect(await client.api.disk.cancel({ task })).toBeNull()
  })

  test('outside the opened folders, or naming files there, are refused to a browser', async () => {
    const host = await openFakeHost()
    const [open, closed] = [temporaryFolder(), temporaryFolder()]
    const client = connect(host, { shell: 'browser', hostPaths: false, folders: [open] })
    const secret = join(closed, 'secret.img')
    writeFileSync(secret, new Uint8Array(MIB))
    const [own, naming] = [join(open, 'own.qcow2'), join(open, 'naming.qcow2')]
    createImageFile(own, 'qcow2', MIB)
    createImageFile(naming, 'qcow2', MIB, {}, { file: secret, format: 'raw' })
    const info = (path: string) => client.api.disk.info({ disk: { kind: 'file', path } })
    expect(await info(own)).toMatchObject({ format: 'qcow2' })
    await expect(info(secret)).rejects.toMatchObject({ code: 'ipc/forbidden' })
    await expect(info(naming)).rejects.toMatchObject({ code: 'disk/unsupported-format' })
    const convert = (path: string, target: string) =>
      client.api.disk.convert({ disk: { kind: 'file', path }, target, format: 'raw' })
    await expect(convert(naming, join(open, 'x.img'))).rejects.toMatchObject({ code: 'disk/unsupported-format' })
    await expect(convert(own, join(closed, 'x.img'))).rejects.toMatchObject({ code: 'ipc/forbidden' })
    await expect(client.api.disk.create({ file: join(open, 'y.qcow2'), backing: secret })).rejects.toMatchObject({
      code: 'ipc/forbidden',
    })
    expect(readdirSync(open).toSorted()).toEqual(['naming.qcow2', 'own.qcow2'])
    expect(readFileSync(secret).length).toBe(statSync(secret).size)
  })
})
