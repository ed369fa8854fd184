/** `vitrine snapshot` and its relatives, from outside. */
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { demoImage } from '../../../assets/demo/build.ts'
import { runCli } from '../../support/cli.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

it('takes, restores, pins, deletes, clones, exports and imports', async () => {
  const folder = temporaryFolder()
  const home = join(folder, 'library')
  mkdirSync(home)
  const vitrine = async (...args: string[]) => {
    const { status, stdout, stderr } = await runCli(args, { home })
    return { status, out: Buffer.from(stdout, 'latin1').toString().trim(), error: stderr.trim() }
  }
  const fine = (out: unknown) => ({ status: 0, out, error: '' })
  expect(await vitrine('import', demoImage, '--name', 'Demo')).toEqual(fine('Created Demo'))
  expect(await vitrine('snapshot', 'take', 'demo', '--name', 'One')).toEqual(fine('Took One'))
  expect(await vitrine('snapshot', 'take', 'demo', '--description', 'later')).toEqual(fine('Took Snapshot 2'))
  expect(await vitrine('snapshot', 'restore', 'demo', 'one')).toEqual(fine('Restored One'))
  expect(
    (await vitrine('snapshot', 'tree', 'demo')).out.split('\n').map((line) => line.replace(/ {2}20.*/, '')),
  ).toEqual(['└─ One', '   ├─ Snapshot 2', '   └─ (present)'])
  expect(await vitrine('snapshot', 'rename', 'demo', 'one', 'First')).toEqual(fine(''))
  expect(await vitrine('snapshot', 'pin', 'demo', 'First')).toEqual(fine(''))
  expect(await vitrine('snapshot', 'delete', 'demo', 'First')).toEqual({
    status: 1,
    out: '',
    error: 'vitrine: The snapshot "First" is pinned; unpin it first',
  })
  const file = join(folder, 'demo.vitrine')
  expect((await vitrine('export', 'demo', file)).out).toMatch(/^Exported Demo: [\d.]+ MiB$/)
  expect(statSync(file).size).toBeGreaterThan(10_000)
  expect(await vitrine('import', file, '--name', 'Copy')).toEqual(fine('Created Copy'))
  const listed = JSON.parse((await vitrine('snapshot', 'list', 'copy', '--json')).out)
  expect(listed.snapshots).toMatchObject([{ name: 'First', pinned: true }, { name: 'Snapshot 2' }])
  expect(await vitrine('clone', 'demo', '--linked', '--name', 'Linked')).toEqual(fine('Created Linked'))
  const disk = join(home, 'Demo', 'disks', 'demo.img')
  expect((await vitrine('disk', 'resize', disk, '2M')).error).toContain('"Demo" has snapshots, so its files are not')
}, 300_000)
