import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../../core/base/errors.ts'
import { openFileByteStore } from '../../../worker/files/file-byte-store.ts'
import { openMediumFile } from '../../../worker/files/open-medium.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'no error'
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return error.code
  }
}

describe('a file as a store', () => {
  test('is read and written at any place, zeros past its end', () => {
    const path = join(temporaryFolder(), 'x.img')
    writeFileSync(path, 'abcdef')
    const store = openFileByteStore(path, false)
    const bytes = new Uint8Array(4).fill(9)
    store.read(4, bytes)
    expect(bytes).toEqual(Uint8Array.from([0x65, 0x66, 0, 0]))
    store.write(8, Uint8Array.of(1, 2))
    expect(store.sizeBytes).toBe(10)
    store.truncate(9)
    store.flush()
    store.close()
    store.close()
    expect(readFileSync(path, 'latin1')).toBe('abcdef\0\0\x01')
  })

  test('that is read-only is not written', () => {
    const path = join(temporaryFolder(), 'x.img')
    writeFileSync(path, 'abc')
    const store = openFileByteStore(path, true)
    expect(store.readOnly).toBe(true)
    expect(codeOf(() => store.write(0, new Uint8Array(1)))).toBe('disk/read-only')
    expect(codeOf(() => store.truncate(0))).toBe('disk/read-only')
    store.close()
    expect(readFileSync(path, 'utf8')).toBe('abc')
  })

  test('says what cannot be opened, and why', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'dir'))
    symlinkSync('loop', join(folder, 'loop'))
    expect(codeOf(() => openFileByteStore(join(folder, 'none'), true))).toBe('disk/not-found')
    expect(codeOf(() => openFileByteStore(join(folder, 'dir'), true))).toBe('disk/unsupported-format')
    expect(codeOf(() => openFileByteStore(join(folder, 'dir'), false))).toBe('disk/unsupported-format')
    expect(codeOf(() => openFileByteStore('/dev/null', true))).toBe('disk/unsupported-format')
    expect(codeOf(() => openFileByteStore(join(folder, 'loop'), true))).toBe('disk/io')
  })

  test('tells a full disk as that', () => {
    const path = join(temporaryFolder(), 'x')
    writeFileSync(path, '')
    const store = openFileByteStore(path, false)
    // Beyond what any file system holds, which is told as a full disk is.
    expect(codeOf(() => store.write(2 ** 53 - 2, new Uint8Array(1)))).toBe('disk/full')
    store.close()
  })
})

describe('a medium', () => {
  test('keeps its file unchanged when writes are discarded', () => {
    const file = join(temporaryFolder(), 'x.img')
    writeFileSync(file, new Uint8Array(1024))
    const medium = openMediumFile({ file, kind: 'disk', writeProtected: false, discardWrites: true })
    medium.writeSectors(1, 1, new Uint8Array(512).fill(5))
    const sector = new Uint8Array(512)
    medium.readSectors(1, 1, sector)
    medium.close()
    expect([sector[0], sector[511]]).toEqual([5, 5])
    expect(readFileSync(file).every((byte) => byte === 0)).toBe(true)
  })

  test('is refused when it is none, and the file is closed', () => {
    const file = join(temporaryFolder(), 'x.img')
    writeFileSync(file, '')
    expect(codeOf(() => openMediumFile({ file, kind: 'disk', writeProtected: false, discardWrites: false }))).toBe(
      'disk/corrupt-image',
    )
    expect(
      codeOf(() => openMediumFile({ file: `${file}x`, kind: 'cdrom', writeProtected: false, discardWrites: false })),
    ).toBe('disk/not-found')
  })
})
