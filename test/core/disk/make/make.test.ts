/** CDs and floppies made of ordinary files, read by other programs: isoinfo, xorriso, the host's kernel, mtools. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeFatFloppy } from '../../../../core/disk/make/fat-floppy.ts'
import type { FileListEntry } from '../../../../core/disk/make/file-tree.ts'
import { planIso } from '../../../../core/disk/make/iso-image.ts'
import { shortNames, textOf } from '../../../../core/disk/make/short-names.ts'
import { describeWith } from '../../../support/needs.ts'
import { Random } from '../../../support/random.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'
import { tool } from '../../../support/tools.ts'

const MODIFIED_MS = Date.UTC(1999, 11, 31, 23, 58, 40)

interface Sample {
  readonly entries: FileListEntry[]
  readonly contents: Map<number, Uint8Array>
}

/** Entries with contents that their path decides. */
function sample(files: Readonly<Record<string, number>>, folders: readonly string[] = []): Sample {
  const contents = new Map<number, Uint8Array>()
  const entries: FileListEntry[] = Object.entries(files).map(([path, sizeBytes], index) => {
    const random = new Random(sizeBytes + path.length)
    contents.set(
      index,
      Uint8Array.from({ length: sizeBytes }, () => random.below(256)),
    )
    return { path, isFolder: false, sizeBytes, modifiedMs: MODIFIED_MS }
  })
  for (const path of folders) entries.push({ path, isFolder: true, sizeBytes: 0, modifiedMs: MODIFIED_MS })
  return { entries, contents }
}

const FILES = {
  'README.TXT': 1000,
  'a file with a long name.html': 5000,
  'a file with a long name too.html': 1,
  'Übergröße.txt': 2049,
  empty: 0,
  '.hidden': 3,
  'DEEP/ER/AND/DEEPER/LEAF.BIN': 70_000,
  'DEEP/mixed Case.Name.tar.gz': 12,
  'con/two.dots.c': 512,
} as const

function isoFile({ entries, contents }: Sample): string {
  const plan = planIso(entries, { label: 'My files', createdMs: MODIFIED_MS })
  const image = new Uint8Array(plan.sectors * 2048)
  image.set(plan.head)
  let at = plan.head.length
  for (const { index, sizeBytes } of plan.files) {
    image.set(contents.get(index) ?? [], at)
    at += Math.ceil(sizeBytes / 2048) * 2048
  }
  const path = join(temporaryFolder(), 'cd.iso')
  writeFileSync(path, image)
  return path
}

function floppyFile({ entries, contents }: Sample): string {
  const image = makeFatFloppy(entries, (index, into) => into.set(contents.get(index) ?? []), {
    label: 'My files',
    serialNumber: 0x1234_5678,
    timeZoneMinutes: 0,
  })
  const path = join(temporaryFolder(), 'floppy.img')
  writeFileSync(path, image)
  return path
}

/** Names and contents of everything below `folder`. */
function expectFiles(folder: string, contents: Map<number, Uint8Array>): void {
  for (const [index, path] of Object.keys(FILES).entries())
    expect([path, readFileSync(join(folder, path)).equals(contents.get(index) ?? Buffer.alloc(0))]).toEqual([
      path,
      true,
    ])
}

describe('short names', () => {
  const short = (names: string[], mark: '~' | '_' = '~') => shortNames(names, mark).map(textOf)

  test('keep what fits, shorten what does not, and differ', () => {
    expect(short(['README.TXT', 'readme.txt', 'a long name.html', 'a long name.htm', 'x.tar.gz', '.profile'])).toEqual([
      'README.TXT',
      'README~1.TXT',
      'A_LONG~1.HTM',
      'A_LONG~2.HTM',
      'X_TAR~1.GZ',
      'PROFIL~1',
    ])
    expect(short(['Größe.dat', '日本語.txt', '...'], '_')).toEqual(['GROSSE_1.DAT', '____1.TXT', '___1'])
  })

  test('of 20,000 files with one beginning are 20,000', () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `photograph number ${i}.jpeg`)
    const shorts = short(names)
    expect(new Set(shorts).size).toBe(20_000)
    expect(shorts.every((name) => /^[A-Z0-9_~]{1,8}\.JPE$/.test(name))).toBe(true)
  })
})

describeWith([tool('isoinfo'), tool('xorriso')], 'a CD made of files', () => {
  const made = sample(FILES, ['nothing in here'])

  test('has names of 8.3, Joliet and Rock Ridge, with the same contents', () => {
    const iso = isoFile(made)
    const list = (...options: string[]) =>
      execFileSync('isoinfo', ['-i', iso, '-f', ...options], {
        encoding: options.includes('-J') ? 'latin1' : 'utf8',
      })
        .trim()
        .split('\n')
    const withoutVersion = (path: string) => path.replace(/;1$/, '')
    const plain = list()
    expect(plain).toContain('/README.TXT;1')
    expect(plain).toContain('/DEEP/ER/AND/DEEPER/LEAF.BIN;1')
    for (const path of plain)
      for (const name of path.slice(1).split('/')) expect(name).toMatch(/^[A-Z0-9_]{1,8}(?:\.[A-Z0-9_]{0,3}(?:;1)?)?$/)
    for (const options of [['-R'], ['-J']])
      for (const path of [...Object.keys(FILES), 'nothing in here'])
        expect(list(...options).map(withoutVersion)).toContain(`/${path}`)
    const bytes = (...options: string[]) => execFileSync('isoinfo', ['-i', iso, ...options], { maxBuffer: 1 << 20 })
    const leaf = Buffer.from(made.contents.get(6) ?? [])
    expect(bytes('-x', '/DEEP/ER/AND/DEEPER/LEAF.BIN;1').equals(leaf)).toBe(true)
    expect(bytes('-J', '-x', '/DEEP/ER/AND/DEEPER/LEAF.BIN;1').equals(leaf)).toBe(true)
    const long = Buffer.from(made.contents.get(1) ?? [])
    expect(bytes('-R', '-x', '/a file with a long name.html').equals(long)).toBe(true)
    expect(bytes('-d').toString()).toContain('Volume id: MY_FILES')
    expect(bytes('-l').toString()).toContain('Dec 31 1999')
  })

  test('is taken apart by xorriso without a complaint', () => {
    const iso = isoFile(made)
    const target = join(temporaryFolder(), 'out')
    mkdirSync(target)
    const report = execFileSync(
      'sh',
      ['-c', 'xorriso -abort_on WARNING -osirrox on -indev "$0" -extract / "$1" 2>&1', iso, join(target, 'all')],
      { encoding: 'utf8' },
    )
    expect(report).not.toMatch(/FAILURE|FATAL|SORRY|WARNING/)
    expectFiles(join(target, 'all'), made.contents)
    execFileSync('chmod', ['-R', 'u+w', target])
  })

  test('holds 5,000 files in one folder and a tree of 40 levels', () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`folder/file number ${i}.txt`, i % 3]))
    const deep = Array.from({ length: 40 }, (_, i) => `level${i}`).join('/')
    const iso = isoFile(sample({ ...many, [`${deep}/end.txt`]: 5 }))
    const paths = execFileSync('isoinfo', ['-i', iso, '-f', '-R'], { encoding: 'utf8', maxBuffer: 1 << 24 }).split('\n')
    expect(paths.filter((path) => path.startsWith('/folder/'))).toHaveLength(5000)
    expect(paths).toContain(`/${deep}/end.txt`)
  })
})

describeWith([tool('mdir'), tool('mcopy'), tool('minfo')], 'a floppy made of files', () => {
  const made = sample(FILES, ['nothing in here'])

  test('is read by mtools, with short names, long names and dates', () => {
    const image = floppyFile(made)
    const target = join(temporaryFolder(), 'out')
    mkdirSync(target)
    execFileSync('mcopy', ['-s', '-i', image, '::*', target])
    expectFiles(target, made.contents)
    const listing = execFileSync('mdir', ['-i', image, '::'], { encoding: 'utf8' })
    expect(listing).toMatch(/Volume in drive : is MY FILES/)
    expect(listing).toMatch(/README {3}TXT {6}1000 1999-12-31 {2}23:58/)
    expect(listing).toMatch(/AFILEW|A_FILE~1 HTM/)
    expect(execFileSync('minfo', ['-i', image, '::'], { encoding: 'utf8' })).toMatch(/mformat command line/)
  })

  test('that is full to the last cluster is, and one byte more is told', () => {
    const room = 2847 * 512
    const image = floppyFile(sample({ 'FULL.BIN': room }))
    const target = join(temporaryFolder(), 'full.bin')
    execFileSync('mcopy', ['-i', image, '::FULL.BIN', target])
    expect(readFileSync(target)).toHaveLength(room)
    expect(() => floppyFile(sample({ 'FULL.BIN': room + 1 }))).toThrow(/do not fit on a floppy/)
    const many = Object.fromEntries(Array.from({ length: 225 }, (_, i) => [`F${i}`, 1]))
    expect(() => floppyFile(sample(many))).toThrow(/put the files into a folder/)
    expect(() =>
      floppyFile(sample(Object.fromEntries(Object.keys(many).map((name) => [`DIR/${name}`, 1])))),
    ).not.toThrow()
  })
})

describe('a file that no CD can hold', () => {
  test('is told by its name', () => {
    const entry = { path: 'film.mkv', isFolder: false, sizeBytes: 20 * 2 ** 30, modifiedMs: 0 }
    expect(() => planIso([entry], { label: '', createdMs: 0 })).toThrow(/^film.mkv has 4 GiB or more/)
  })
})
