/** Clones, pins, exports, and what users of other hypervisors lost snapshots by. */
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openSnapshotHost, type SnapshotHost } from '../../support/snapshot-host.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const SECTOR = 512
const MINUTES = 300_000

/** The disk of hda as it is now, flattened by QEMU. */
function diskOf(on: SnapshotHost, id: string): Buffer {
  const { spec, path } = on.host.machines.library.machine(id)
  const file = join(path, spec.drives.find(({ slot }) => slot === 'hda')?.file ?? '')
  const raw = join(temporaryFolder(), 'raw.img')
  execFileSync('qemu-img', ['convert', '-O', 'raw', file, raw])
  return readFileSync(raw)
}

/** Writes sectors as a guest would, by QEMU. */
function writeDisk(on: SnapshotHost, id: string, sector: number, count: number, pattern: number): void {
  const { spec, path } = on.host.machines.library.machine(id)
  const file = join(path, spec.drives.find(({ slot }) => slot === 'hda')?.file ?? '')
  const format = file.endsWith('.qcow2') ? 'qcow2' : 'raw'
  const command = `write -P ${pattern} ${sector * SECTOR} ${count * SECTOR}`
  execFileSync('qemu-io', ['-f', format, '-c', command, file])
}

const bytes = (disk: Buffer, sector: number, count = 1) => [
  ...new Set(disk.subarray(sector * SECTOR, (sector + count) * SECTOR)),
]

describe('disks under snapshots', () => {
  it(
    'keep blocks of zeros that were written over data, through merges (VirtualBox 850)',
    async () => {
      const on = await openSnapshotHost()
      const { api } = on
      const id = await on.machine()
      writeDisk(on, id, 1024, 256, 0xaa)
      const one = await api.snapshot.take({ id, name: 'Data' })
      writeDisk(on, id, 1024, 256, 0)
      const two = await api.snapshot.take({ id, name: 'Zeros' })
      writeDisk(on, id, 1100, 8, 0x55)
      await api.snapshot.delete({ id, snapshot: two.id })
      await on.host.snapshots.work.idle()
      const expectPresent = () => {
        const disk = diskOf(on, id)
        expect(bytes(disk, 1024, 76)).toEqual([0])
        expect(bytes(disk, 1100, 8)).toEqual([0x55])
        expect(bytes(disk, 1108, 172)).toEqual([0])
      }
      expectPresent()
      await api.snapshot.delete({ id, snapshot: one.id })
      await on.host.snapshots.work.idle()
      expectPresent()
      expect(readdirSync(join(on.path(id), 'disks'))).toEqual(['demo.img'])
    },
    MINUTES,
  )

  it(
    'go when their snapshot is deleted, and children of deleted snapshots stay whole (VirtualBox 75, 486)',
    async () => {
      const on = await openSnapshotHost()
      const { api } = on
      const id = await on.machine()
      const one = await api.snapshot.take({ id, name: 'One' })
      writeDisk(on, id, 1024, 8, 1)
      const two = await api.snapshot.take({ id, name: 'Two' })
      await api.snapshot.restore({ id, snapshot: one.id, keepPresent: false })
      writeDisk(on, id, 1024, 8, 2)
      const branch = await api.snapshot.take({ id, name: 'Branch' })
      await api.snapshot.delete({ id, snapshot: one.id })
      await on.host.snapshots.work.idle()
      const tree = await api.snapshot.tree({ id })
      expect(tree.snapshots.map(({ name, parent }) => ({ name, parent }))).toEqual([
        { name: 'Two', parent: null },
        { name: 'Branch', parent: null },
      ])
      await api.snapshot.restore({ id, snapshot: two.id, keepPresent: false })
      expect(bytes(diskOf(on, id), 1024, 8)).toEqual([1])
      await api.snapshot.restore({ id, snapshot: branch.id, keepPresent: false })
      expect(bytes(diskOf(on, id), 1024, 8)).toEqual([2])
      expect(
        readdirSync(join(on.path(id), 'snapshots'))
          .filter((name) => !name.startsWith('.'))
          .sort(),
      ).toEqual([two.id, branch.id].sort())
    },
    MINUTES,
  )

  it(
    'are one after another when restores, takes and starts are asked for at once (VirtualBox 544)',
    async () => {
      const on = await openSnapshotHost()
      const { api } = on
      const id = await on.machine()
      const one = await api.snapshot.take({ id, name: 'One' })
      const results = await Promise.allSettled([
        api.snapshot.restore({ id, snapshot: one.id }),
        api.snapshot.take({ id, name: 'Two' }),
        api.snapshot.restore({ id, snapshot: one.id }),
        api.machine.start({ id }),
        api.snapshot.delete({ id, snapshot: one.id }),
      ])
      expect(results.map(({ status }) => status)).toEqual(results.map(() => 'fulfilled'))
      await api.machine.powerOff({ id })
      await on.host.snapshots.work.idle()
      const { spec } = on.host.machines.library.machine(id)
      const file = join(on.path(id), spec.drives.find(({ slot }) => slot === 'hda')?.file ?? '')
      execFileSync('qemu-img', ['info', '--backing-chain', file])
      expect(spec.present.pending).toBeNull()
    },
    MINUTES,
  )
})

it(
  'shows a tree of 300 snapshots (VirtualBox 119)',
  async () => {
    const on = await openSnapshotHost()
    const { api } = on
    const id = await on.machine()
    const first = await api.snapshot.take({ id, name: 'First' })
    const folder = join(on.path(id), 'snapshots')
    let parent = first.id
    for (let i = 0; i < 299; i++) {
      const copy = randomUUID()
      cpSync(join(folder, first.id), join(folder, copy), { recursive: true })
      const record = JSON.parse(readFileSync(join(folder, copy, 'record.json'), 'utf8'))
      writeFileSync(
        join(folder, copy, 'record.json'),
        JSON.stringify({ ...record, id: copy, parent, name: `Copy ${i}` }),
      )
      parent = copy
    }
    expect((await api.snapshot.tree({ id })).snapshots).toHaveLength(300)
  },
  MINUTES,
)

describe('clones', () => {
  it(
    'full and linked ones hold the disk of the snapshot; the base of a linked one stays',
    async () => {
      const on = await openSnapshotHost()
      const { api } = on
      const id = await on.machine()
      writeDisk(on, id, 1024, 8, 7)
      const one = await api.snapshot.take({ id, name: 'One' })
      writeDisk(on, id, 1024, 8, 8)
      const full = await api.snapshot.clone({ id, snapshot: one.id, name: 'Full' })
      const linked = await api.snapshot.clone({ id, snapshot: one.id, name: 'Linked', linked: true })
      expect(bytes(diskOf(on, full.id), 1024, 8)).toEqual([7])
      expect(bytes(diskOf(on, linked.id), 1024, 8)).toEqual([7])
      expect(new Set([id, full.id, linked.id]).size).toBe(3)
      expect((await api.snapshot.tree({ id })).snapshots[0]?.linkedClones).toEqual([linked.id])
      await expect(api.snapshot.delete({ id, snapshot: one.id })).rejects.toThrow('base of the linked clone "Linked"')
      await expect(api.library.delete({ id })).rejects.toThrow('base of the linked clone "Linked"')
      writeDisk(on, linked.id, 1024, 8, 9)
      await api.snapshot.restore({ id, snapshot: one.id, keepPresent: false })
      expect(bytes(diskOf(on, id), 1024, 8)).toEqual([7])
      await api.library.delete({ id: linked.id })
      await api.snapshot.delete({ id, snapshot: one.id })
    },
    MINUTES,
  )
})

describe('pins, names and refusals', () => {
  it(
    'are told by name',
    async () => {
      const on = await openSnapshotHost()
      const { api } = on
      const id = await on.machine()
      const one = await api.snapshot.take({ id, name: 'One' })
      await api.snapshot.update({ id, snapshot: one.id, name: 'First', description: 'Good', pinned: true })
      expect((await api.snapshot.tree({ id })).snapshots[0]).toMatchObject({
        name: 'First',
        description: 'Good',
        pinned: true,
      })
      await expect(api.snapshot.delete({ id, snapshot: one.id })).rejects.toThrow('The snapshot "First" is pinned')
      await expect(api.snapshot.restore({ id, snapshot: randomUUID() })).rejects.toThrow('has no snapshot')
      await expect(api.snapshot.discardState({ id })).rejects.toThrow('has no saved state')
      const { drives } = (await api.library.get({ id })).spec
      const demo = drives.map((drive) => (drive.slot === 'hda' ? { ...drive, file: 'disks/demo.img' } : drive))
      await api.library.update({ id, patch: { drives: demo } })
      await expect(api.machine.start({ id })).rejects.toThrow('belongs to the snapshot "First"')
    },
    MINUTES,
  )
})

describe('a machine as one file', () => {
  it(
    'comes back with its snapshots, and with another identity where its own is taken',
    async () => {
      const on = await openSnapshotHost()
      const { api } = on
      const id = await on.machine()
      writeDisk(on, id, 1024, 8, 5)
      const one = await api.snapshot.take({ id, name: 'One' })
      writeDisk(on, id, 1024, 8, 6)
      const file = join(temporaryFolder(), 'demo.vitrine')
      const { bytes: size } = await api.snapshot.exportMachine({ id, file })
      expect(readFileSync(file)).toHaveLength(size)
      const copy = await api.snapshot.importMachine({ file })
      expect(copy.id).not.toBe(id)
      expect(copy.spec.name).not.toBe('Demo')
      const elsewhere = await openSnapshotHost()
      const there = await elsewhere.api.snapshot.importMachine({ file, name: 'There' })
      expect(there).toMatchObject({ id, spec: { name: 'There' } })
      expect(bytes(diskOf(elsewhere, id), 1024, 8)).toEqual([6])
      await elsewhere.api.snapshot.restore({ id, snapshot: one.id })
      expect(bytes(diskOf(elsewhere, id), 1024, 8)).toEqual([5])
    },
    MINUTES,
  )

  it(
    'is refused when it is damaged, cut off, or something else; nothing is left of it',
    async () => {
      const on = await openSnapshotHost()
      const { api } = on
      const id = await on.machine()
      const folder = temporaryFolder()
      const file = join(folder, 'demo.vitrine')
      await api.snapshot.exportMachine({ id, file })
      const whole = readFileSync(file)
      const other = join(folder, 'other.vitrine')
      for (const damaged of [whole.subarray(0, whole.length - 5), Buffer.from('no archive at all'), flipped(whole)]) {
        writeFileSync(other, damaged)
        await expect(api.snapshot.importMachine({ file: other })).rejects.toThrow(/damaged|no machine/)
      }
      await expect(api.snapshot.importMachine({ file: join(folder, 'none.vitrine') })).rejects.toThrow('no such file')
      expect(readdirSync(on.folder).filter((name) => !name.startsWith('.vitrine'))).toEqual(['Demo'])
    },
    MINUTES,
  )
})

function flipped(whole: Buffer): Buffer {
  const changed = Buffer.from(whole)
  const at = changed.length >> 1
  changed[at] = (changed[at] ?? 0) ^ 0x10
  return changed
}
