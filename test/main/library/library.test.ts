import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { machineSettingsSchema } from '../../../core/contract/machine-spec.ts'
import { isFirstStart, Library } from '../../../main/library/library.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const settings = (name: string) => machineSettingsSchema.parse({ name })
const add = (library: Library, name: string) => library.add(() => Promise.resolve(settings(name)))
const names = (library: Library) => library.entries().map((entry) => `${entry.kind} ${entry.folder}`)

describe('the library', () => {
  test('keeps each machine in a folder named after it', async () => {
    const root = temporaryFolder()
    const library = await Library.open(root)
    const a = await add(library, 'Windows 98')
    await add(library, 'windows 98')
    await add(library, 'what/ever: <C:>..')
    await add(library, 'CON')
    expect(names(library)).toEqual([
      'machine Windows 98',
      'machine _CON',
      'machine what-ever- -C--',
      'machine windows 98 2',
    ])
    const again = await Library.open(root)
    expect(names(again)).toEqual(names(library))
    expect(again.machine(a.spec.id).spec).toEqual(a.spec)
    expect(() => again.machine('11111111-2222-4333-8444-555555555555')).toThrow('No machine has the identity')
  })

  test('leaves nothing of a machine that could not be made', async () => {
    const root = temporaryFolder()
    const library = await Library.open(root)
    await expect(
      library.add((folder) => {
        writeFileSync(join(folder, 'half.img'), 'x')
        return Promise.reject(new Error('no'))
      }),
    ).rejects.toMatchObject({ code: 'library/io' })
    expect(readdirSync(root)).toEqual([])
    await add(library, 'Next')
    expect(readdirSync(root)).toEqual(['Next'])
  })

  test('sweeps away what a crash left half-made and half-deleted', async () => {
    const root = temporaryFolder()
    for (const folder of ['.new-1', '.deleted-2', 'Machine']) mkdirSync(join(root, folder))
    writeFileSync(join(root, '.new-1/machine.json'), '{}')
    expect(names(await Library.open(root))).toEqual([])
    // A folder without a machine file is none of its business.
    expect(readdirSync(root)).toEqual(['Machine'])
  })

  test('shows broken machines with the reason and leaves them alone', async () => {
    const root = temporaryFolder()
    const library = await Library.open(root)
    const { path } = await add(library, 'Good')
    const good = JSON.parse(readFileSync(join(path, 'machine.json'), 'utf8'))
    const broken: Record<string, [string, string]> = {
      A: ['not json', 'spec/invalid'],
      B: [JSON.stringify({ ...good, schemaVersion: 999 }), 'spec/newer-version'],
      C: [JSON.stringify({ ...good, schemaVersion: 0 }), 'spec/older-version'],
      D: [JSON.stringify({ ...good, memory: 3 }), 'spec/invalid'],
      E: ['', 'spec/invalid'],
    }
    for (const [folder, [text]] of Object.entries(broken)) {
      mkdirSync(join(root, folder))
      writeFileSync(join(root, folder, 'machine.json'), text)
    }
    await library.refresh()
    const reasons = library.entries().map((entry) => (entry.kind === 'broken' ? entry.error.code : 'good'))
    expect(reasons).toEqual([...Object.values(broken).map(([, code]) => code), 'good'])
    for (const [folder, [text]] of Object.entries(broken))
      expect(readFileSync(join(root, folder, 'machine.json'), 'utf8')).toBe(text)
    // Mended by hand, it is there.
    writeFileSync(join(root, 'A/machine.json'), JSON.stringify({ ...good, id: '11111111-2222-4333-8444-555555555555' }))
    await library.refresh()
    expect(names(library)[0]).toBe('machine A')
  })

  test('notices folders that come and go', async () => {
    const root = temporaryFolder()
    const library = await Library.open(root)
    const { path } = await add(library, 'One')
    renameSync(path, join(root, 'Moved'))
    await library.refresh()
    expect(names(library)).toEqual(['machine Moved'])
    rmSync(join(root, 'Moved'), { recursive: true })
    await library.refresh()
    expect(names(library)).toEqual([])
  })

  test('takes a copy that was made by hand for one, until it gets its own identity', async () => {
    const root = temporaryFolder()
    const library = await Library.open(root)
    const { path, spec } = await add(library, 'Original')
    cpSync(path, join(root, 'A copy'), { recursive: true })
    await library.refresh()
    expect(names(library)).toEqual(['broken A copy', 'machine Original'])
    expect(library.entries()[0]).toMatchObject({ error: { code: 'library/duplicate-identity' } })
    await expect(library.renewIdentity('Original')).rejects.toMatchObject({ code: 'vm/invalid-state' })
    const renewed = await library.renewIdentity('A copy')
    expect(renewed.spec.id).not.toBe(spec.id)
    expect(names(await Library.open(root))).toEqual(['machine A copy', 'machine Original'])
    // A copy whose original goes away is the machine.
    cpSync(path, join(root, 'Second'), { recursive: true })
    await library.refresh()
    rmSync(path, { recursive: true })
    await library.refresh()
    expect(names(library)).toEqual(['machine A copy', 'machine Second'])
  })

  test('renames the folder with the machine when it may', async () => {
    const root = temporaryFolder()
    const library = await Library.open(root)
    const { spec } = await add(library, 'Old')
    await library.save(spec.id, settings('New'), true)
    expect(readdirSync(root)).toEqual(['New'])
    await library.save(spec.id, settings('Newer'), false)
    expect(readdirSync(root)).toEqual(['New'])
    expect(library.machine(spec.id)).toMatchObject({ folder: 'New', spec: { name: 'Newer', id: spec.id } })
  })

  test('duplicates with everything but the logs, and deletes', async () => {
    const root = temporaryFolder()
    const library = await Library.open(root)
    const { spec, path } = await add(library, 'One')
    mkdirSync(join(path, 'disks'))
    mkdirSync(join(path, 'logs'))
    writeFileSync(join(path, 'disks/a.img'), 'disk')
    writeFileSync(join(path, 'logs/machine.log'), 'log')
    const copy = await library.duplicate(spec.id, undefined)
    expect(copy.spec).toEqual({ ...spec, id: copy.spec.id, name: 'One 2' })
    expect(readFileSync(join(copy.path, 'disks/a.img'), 'utf8')).toBe('disk')
    expect(existsSync(join(copy.path, 'logs'))).toBe(false)
    await library.remove(spec.id)
    expect(readdirSync(root)).toEqual(['One 2'])
  })

  test('knows its first start', async () => {
    const root = temporaryFolder()
    expect(await isFirstStart(join(root, 'none'))).toBe(true)
    expect(await isFirstStart(root)).toBe(true)
    await add(await Library.open(root), 'One')
    expect(await isFirstStart(root)).toBe(false)
  })
})
