import { describe, expect, test } from 'vitest'
import type { DriveSpec } from '../../../core/contract/machine-spec.ts'
import { Notices } from '../../../renderer/app/notices.svelte.ts'
import { driveForFiles } from '../../../renderer/panels/console/drop-target.ts'
import { isImage, partsOf, readParts } from '../../../renderer/panels/console/dropped-contents.ts'
import { insertDropped } from '../../../renderer/panels/console/insert-dropped.ts'
import { FileSender } from '../../../renderer/panels/library/dropped-files.ts'
import { createFakeClient } from '../fake-client.ts'

/** A folder as a browser shows it: entries come `some` at a time. */
function folder(
  name: string,
  children: readonly (File | FileSystemDirectoryEntry)[],
  some = 2,
): FileSystemDirectoryEntry {
  const entries = children.map((child) =>
    child instanceof File
      ? { isDirectory: false, name: child.name, file: (use: (file: File) => void) => use(child) }
      : child,
  )
  const createReader = () => {
    const left = [...entries]
    return { readEntries: (use: (some: unknown[]) => void) => use(left.splice(0, some)) }
  }
  return { isDirectory: true, name, createReader } as unknown as FileSystemDirectoryEntry
}

const file = (name: string, text = name) => new File([text], name)
const drive = (slot: DriveSpec['slot'], kind: DriveSpec['kind'], inside: string | null): DriveSpec => ({
  slot,
  kind,
  file: inside,
  writeProtected: false,
  discardWrites: false,
})
const drives = [drive('fda', 'floppy', null), drive('hdc', 'cdrom', null)]

describe('what is dropped on a console', () => {
  test('images are told from ordinary files', async () => {
    const cd = new File([new Uint8Array(0x8001), 'CD001'], 'data.bin')
    const floppy = new File([new Uint8Array(720 * 1024)], 'disk')
    const found = await Promise.all(
      [file('a.ISO'), file('a.img'), cd, floppy, file('a.txt'), file('a.zip')].map(isImage),
    )
    expect(found).toEqual([true, true, true, true, false, false])
  })

  test('folders are walked to their end, and read as one file behind the other', async () => {
    const inner = folder('inner', [file('c', 'CC'), file('d', 'DDD')])
    const parts = await partsOf([file('a', 'A')], [folder('top', [file('b', 'BB'), inner, file('e', '')])])
    expect(parts.map(({ entry }) => [entry.path, entry.isFolder, entry.sizeBytes])).toEqual([
      ['a', false, 1],
      ['top', true, 0],
      ['top/b', false, 2],
      ['top/inner', true, 0],
      ['top/inner/c', false, 2],
      ['top/inner/d', false, 3],
      ['top/e', false, 0],
    ])
    const text = async (position: number, length: number) =>
      new TextDecoder().decode(await readParts(parts, position, length))
    expect(await text(0, 8)).toBe('ABBCCDDD')
    expect(await text(2, 4)).toBe('BCCD')
  })

  test('small files go onto a floppy where its drive is empty, others onto a CD', async () => {
    const small = await partsOf([file('a')], [])
    const large = await partsOf([new File([new Uint8Array(2 << 20)], 'b')], [])
    expect(driveForFiles(drives, small)?.slot).toBe('fda')
    expect(driveForFiles(drives, large)?.slot).toBe('hdc')
    expect(driveForFiles([drive('fda', 'floppy', 'x'), drive('hdc', 'cdrom', null)], small)?.slot).toBe('hdc')
    expect(driveForFiles([drive('fda', 'floppy', null)], large)).toBeUndefined()
  })

  test('a folder of 100,000 files and a file of 20 GB are told before a byte travels', async () => {
    const { client, calls } = createFakeClient()
    const notices = new Notices()
    const into = {
      model: { machineId: 'm', insert: async () => {} },
      sender: new FileSender(client, () => ''),
      notices,
    }
    const many = folder(
      'many',
      Array.from({ length: 100_000 }, (_, i) => file(String(i), '')),
      1000,
    )
    await insertDropped({ files: [], folders: [many], refused: [] }, drives, into)
    const huge = file('film.mkv')
    Object.defineProperty(huge, 'size', { value: 20 * 2 ** 30 })
    await insertDropped({ files: [huge], folders: [], refused: [] }, drives, into)
    expect(notices.list.map(({ title, detail }) => `${title}: ${detail}`)).toEqual([
      'many was not inserted: These are more than 20000 files, the most that one CD takes. Drop some of them, or a zip.',
      'film.mkv was not inserted: film.mkv has 20 GiB: a file on a CD has less than 4 GiB.',
    ])
    expect(calls).toEqual([])
  })

  test('images and files of one drop go to their own drives', async () => {
    const { client, calls } = createFakeClient()
    const inserted: unknown[] = []
    const sender = new FileSender(client, () => '')
    const insert = async (slot: string) => void inserted.push(slot)
    const dropped = { files: [file('game.iso'), file('read.me', 'hi')], folders: [], refused: [] }
    await insertDropped(dropped, drives, { model: { machineId: 'm', insert }, sender, notices: new Notices() })
    expect(inserted).toEqual(['hdc'])
    expect(calls.at(-1)).toMatchObject([
      'medium.insertFiles',
      {
        id: 'm',
        slot: 'fda',
        label: 'read.me',
        files: { kind: 'upload', uploadId: 7, entries: [{ path: 'read.me' }] },
      },
    ])
  })
})
