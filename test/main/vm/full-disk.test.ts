/** A running machine whose disk fills up on the host: it stands still with a message, and goes on where it stood when there is room. */
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { machineSettingsSchema } from '../../../core/contract/machine-spec.ts'
import { openImage } from '../../../core/disk/open-image.ts'
import { openFileByteStore } from '../../../worker/files/file-byte-store.ts'
import { fileImageHost } from '../../../worker/files/image-host.ts'
import { countingDisk, countOf } from '../../support/counting-guest.ts'
import { describeWith, pathOf } from '../../support/needs.ts'
import { smallDisk } from '../../support/small-disk.ts'
import { openSnapshotHost, type SnapshotHost } from '../../support/snapshot-host.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { tool } from '../../support/tools.ts'

const NASM = tool('nasm')
const MINUTES = 300_000
const PAGES = 64
const MEMORY_MIB = 16

/** The library lies on a file system of 8 MiB; the machine's disk is an overlay in it, on an image elsewhere. */
async function machineOnSmallDisk(on: SnapshotHost): Promise<string> {
  const base = join(temporaryFolder(), 'counting.img')
  writeFileSync(base, countingDisk(pathOf(NASM), PAGES, 'ports', 4096))
  const settings = machineSettingsSchema.parse({
    name: 'Counting',
    memoryMib: MEMORY_MIB,
    display: { videoMemoryMib: 1 },
    drives: [{ slot: 'hda', kind: 'disk', file: base }],
    boot: { order: ['disk'] },
  })
  const { id } = await on.api.library.create({ settings })
  await on.api.snapshot.take({ id })
  return id
}

/** Leaves no room. */
function fill(folder: string): string {
  const path = join(folder, '.filler')
  const fd = openSync(path, 'w')
  try {
    for (;;) writeSync(fd, new Uint8Array(4096))
  } catch {
    // Full is what it is to be.
  } finally {
    closeSync(fd)
  }
  return path
}

const state = async ({ api }: SnapshotHost, id: string) => (await api.library.get({ id })).state

async function countOfRunning({ host, path }: SnapshotHost, id: string): Promise<number> {
  const vm = host.machines.running(id)
  const moment = await vm.beginSnapshot([], null)
  const memory = Uint8Array.from(new Uint8Array(moment.memory, moment.savedOffset, moment.pages * 4096))
  await vm.endSnapshot(null)
  const file = host.machines.library.machine(id).spec.drives[0]?.file ?? ''
  const image = join(path(id), file)
  const disk = openImage(openFileByteStore(image, true), fileImageHost, { path: image, readOnly: true })
  const sector = new Uint8Array(512)
  try {
    return countOf(
      memory.subarray(memory.length - (MEMORY_MIB << 20)),
      (lba) => {
        disk.readSectors(lba, 1, sector)
        return sector
      },
      PAGES,
      4096,
    )
  } finally {
    disk.close()
  }
}

describeWith([NASM], 'A running machine on a disk that is full', () => {
  let on: SnapshotHost
  let id: string
  let filler: string
  const problems: string[] = []

  beforeEach(async ({ skip }) => {
    const folder = smallDisk(8)
    if (folder === undefined) return skip('mounting a file system is not allowed here')
    on = await openSnapshotHost(folder)
    id = await machineOnSmallDisk(on)
    problems.length = 0
    onTestFinished(on.client.on('notification', ({ error }) => problems.push(`${error.code}: ${error.message}`)))
    await on.api.machine.start({ id })
    filler = fill(folder)
    await expect.poll(() => state(on, id), { timeout: 60_000 }).toBe('paused')
  }, MINUTES)

  it(
    'stands still, says why, stands still again without room, and goes on with it',
    async () => {
      const { api } = on
      expect(problems[0]).toContain('disk/full: No space is left for')
      await expect(api.snapshot.take({ id })).rejects.toThrow()
      await expect(api.snapshot.save({ id })).rejects.toThrow('waits for its disk')
      await api.machine.resume({ id })
      await expect.poll(() => problems.length).toBeGreaterThan(1)
      expect(await state(on, id)).toBe('paused')
      rmSync(filler)
      await api.machine.resume({ id })
      const text = '.'.repeat(40)
      const vm = on.host.machines.running(id)
      const { seen } = await vm.call({ type: 'wait-text', text, timeoutSeconds: 100, background: true })
      expect(seen).toBe('serial')
      await api.machine.pause({ id })
      expect(await countOfRunning(on, id)).toBeGreaterThan(40)
      await api.machine.powerOff({ id })
    },
    MINUTES,
  )

  it(
    'can be switched off, or reset, where it stands',
    async () => {
      const { api } = on
      await api.machine.reset({ id })
      expect(await state(on, id)).toBe('paused')
      rmSync(filler)
      await api.machine.resume({ id })
      const vm = on.host.machines.running(id)
      const { seen } = await vm.call({ type: 'wait-text', text: '...', timeoutSeconds: 100, background: true })
      expect(seen).toBe('serial')
      filler = fill(on.folder)
      await expect.poll(() => state(on, id), { timeout: 60_000 }).toBe('paused')
      await api.machine.powerOff({ id })
      expect(await state(on, id)).toBe('off')
    },
    MINUTES,
  )
})
