/** States and snapshots that go elsewhere, and what is missing there. */
import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openSnapshotHost, type SnapshotHost, screenOf, waitForText } from '../../support/snapshot-host.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const MINUTES = 300_000

const press = ({ api }: SnapshotHost, id: string, code: 'Digit2') =>
  api.machine.keys({
    id,
    events: [
      { code, down: true },
      { code, down: false },
    ],
  })

/** A demo machine at its menu; what its screen shows. */
async function atMenu(on: SnapshotHost, id: string): Promise<string> {
  await on.api.machine.start({ id })
  await waitForText(on, id, '1 to 7 at once')
  return screenOf(on, id)
}

it(
  'a state whose CD and floppy are gone goes on with empty drives, and says so',
  async () => {
    const on = await openSnapshotHost()
    const { api } = on
    const media = temporaryFolder()
    const [cd, floppy] = [join(media, 'disc.iso'), join(media, 'floppy.img')]
    writeFileSync(cd, new Uint8Array(2048 * 100))
    writeFileSync(floppy, new Uint8Array(1440 * 1024))
    const id = await on.machine()
    const { spec } = await api.library.get({ id })
    const drives = [
      ...spec.drives.filter(({ kind }) => kind === 'disk'),
      { slot: 'hdc' as const, kind: 'cdrom' as const, file: cd },
      { slot: 'fda' as const, kind: 'floppy' as const, file: floppy, writeProtected: true },
    ]
    await api.library.update({ id, patch: { drives, boot: { order: ['disk'] } } })
    const before = await atMenu(on, id)
    const { id: snapshot } = await api.snapshot.take({ id })
    await api.machine.powerOff({ id })
    rmSync(media, { recursive: true })
    await api.snapshot.restore({ id, snapshot, keepPresent: false })
    const problems: string[] = []
    on.client.on('notification', ({ level, error }) => problems.push(`${level}: ${error.message}`))
    await api.machine.start({ id })
    expect(await screenOf(on, id)).toBe(before)
    expect(problems).toEqual([
      expect.stringContaining(
        `warning: The CD in the drive hdc is not there any more, so the drive is empty now: ${cd}`,
      ),
      expect.stringContaining(`warning: The floppy in the drive fda is not there any more`),
    ])
    const files = (await api.library.get({ id })).spec.drives.map(({ slot, file }) => [slot, file === null])
    expect(files).toEqual([
      ['hda', false],
      ['hdc', true],
      ['fda', true],
    ])
    // The guest goes on.
    await press(on, id, 'Digit2')
    await expect.poll(() => screenOf(on, id)).not.toBe(before)
    await api.machine.powerOff({ id })
  },
  MINUTES,
)

it.each([true, false])(
  'a clone of a snapshot of a running machine goes on from its memory (linked: %s)',
  async (linked) => {
    const on = await openSnapshotHost()
    const { api } = on
    const id = await on.machine()
    const before = await atMenu(on, id)
    const { id: snapshot } = await api.snapshot.take({ id })
    await press(on, id, 'Digit2')
    await expect.poll(() => screenOf(on, id)).not.toBe(before)
    const clone = await api.snapshot.clone({ id, snapshot, name: 'Twin', linked })
    expect(clone.state).toBe('off')
    expect(clone.spec.present.resume).not.toBeNull()
    // Both at once.
    await api.machine.start({ id: clone.id })
    expect(await screenOf(on, clone.id)).toBe(before)
    expect(await screenOf(on, id)).not.toBe(before)
    const after = await api.library.get({ id: clone.id })
    expect(after.spec.present).toEqual({ parent: null, pending: null, resume: null })
    expect((await api.snapshot.tree({ id: clone.id })).snapshots).toEqual([])
    // Its memory is its own: it can be saved and snapshot again.
    await api.snapshot.take({ id: clone.id, name: 'Of the twin' })
    await api.snapshot.save({ id: clone.id })
    await api.machine.start({ id: clone.id })
    expect(await screenOf(on, clone.id)).toBe(before)
    await api.machine.powerOff({ id: clone.id })
    await api.machine.powerOff({ id })
  },
  MINUTES,
)

it(
  'a folder that was moved to another computer has its saved state and its snapshots',
  async () => {
    const here = await openSnapshotHost()
    const id = await here.machine()
    const before = await atMenu(here, id)
    const { id: snapshot } = await here.api.snapshot.take({ id, name: 'Menu' })
    await press(here, id, 'Digit2')
    await expect.poll(() => screenOf(here, id)).not.toBe(before)
    const later = await screenOf(here, id)
    await here.api.snapshot.save({ id })
    await here.host.dispose()
    const elsewhere = join(temporaryFolder(), 'another', 'place')
    mkdirSync(elsewhere, { recursive: true })
    cpSync(join(here.folder, 'Demo'), join(elsewhere, 'Demo'), { recursive: true })
    // Nothing refers to where it was.
    renameSync(here.folder, `${here.folder}-gone`)
    const there = await openSnapshotHost(elsewhere)
    await there.api.machine.start({ id })
    expect(await screenOf(there, id)).toBe(later)
    await there.api.machine.powerOff({ id })
    await there.api.snapshot.restore({ id, snapshot, keepPresent: false })
    await there.api.machine.start({ id })
    expect(await screenOf(there, id)).toBe(before)
    await there.api.machine.powerOff({ id })
    rmSync(`${here.folder}-gone`, { recursive: true })
  },
  MINUTES,
)

it(
  'snapshots show the screen of their moment',
  async () => {
    const on = await openSnapshotHost()
    const { api } = on
    const id = await on.machine()
    const before = await atMenu(on, id)
    const one = await api.snapshot.take({ id })
    await press(on, id, 'Digit2')
    await expect.poll(() => screenOf(on, id)).not.toBe(before)
    const two = await api.snapshot.take({ id })
    expect(one.thumbnail?.widthPx).toBeGreaterThan(100)
    expect(Buffer.from(one.thumbnail?.pngBase64 ?? '', 'base64').toString('latin1', 1, 4)).toBe('PNG')
    expect(two.thumbnail?.pngBase64).not.toBe(one.thumbnail?.pngBase64)
    await api.machine.powerOff({ id })
  },
  MINUTES,
)

it('what was half-written when a host ended goes when the library is opened', async () => {
  const on = await openSnapshotHost()
  const id = await on.machine()
  const uuid = '0b5c0f0e-6ad2-4f0e-9f37-3f2f2d1f6a55'
  const half = [`.machine.json.${uuid}.tmp`, `disks/.disk.qcow2.${uuid}.tmp`]
  for (const name of [...half, 'disks/.kept', 'disks/mine.tmp']) writeFileSync(join(on.path(id), name), 'x')
  await on.host.dispose()
  const again = await openSnapshotHost(on.folder)
  await again.host.snapshots.work.idle()
  const names = readdirSync(again.path(id), { recursive: true })
  for (const name of half) expect(names).not.toContain(name)
  expect(names).toEqual(expect.arrayContaining(['disks/.kept', 'disks/mine.tmp']))
})
