import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { FLOPPY_FORMATS, floppyFormatFor, floppySectors } from '../../../core/disk/floppy-formats.ts'
import { mediumKindOf, openMedium } from '../../../core/disk/open.ts'
import { MemoryByteStore } from '../../support/memory-byte-store.ts'
import { describeWith, pathOf } from '../../support/needs.ts'
import { shared } from '../../support/shared.ts'
import { tool } from '../../support/tools.ts'

const iso = (): MemoryByteStore => {
  const bytes = new Uint8Array(20 * 2048)
  bytes.set(new TextEncoder().encode('CD001'), 0x8001)
  return new MemoryByteStore(bytes)
}

describe('mediumKindOf', () => {
  it.each([160, 180, 320, 360, 720, 1200, 1440, 1680, 2880])('takes %i KiB for a floppy disk', (kib) => {
    expect(mediumKindOf(new MemoryByteStore(kib * 1024))).toBe('floppy')
  })

  it('takes a CD file system for a CD, even in an image of floppy size', () => {
    expect(mediumKindOf(iso())).toBe('cdrom')
    const small = new MemoryByteStore(1440 * 1024)
    small.write(0x8001, new TextEncoder().encode('CD001'))
    expect(mediumKindOf(small)).toBe('cdrom')
  })

  it.each([1, 512, 1441 * 1024, 1440 * 1024 + 1, 10 * 2 ** 20])(
    'takes %i bytes of anything else for a hard disk',
    (size) => {
      expect(mediumKindOf(new MemoryByteStore(size))).toBe('disk')
    },
  )
})

describe('openMedium', () => {
  it('opens each kind with its sectors', () => {
    const open = (kind: 'floppy' | 'disk' | 'cdrom', size: number) => openMedium(new MemoryByteStore(size), { kind })
    expect(open('floppy', 737_280)).toMatchObject({ sectors: 1440, sectorBytes: 512, readOnly: false })
    expect(open('disk', 1025)).toMatchObject({ sectors: 3, sectorBytes: 512, readOnly: false })
    expect(open('cdrom', 4096)).toMatchObject({ sectors: 2, sectorBytes: 2048, readOnly: true })
  })

  it('completes the image of an odd size to the next floppy format', () => {
    const store = new MemoryByteStore(1_000_000)
    const floppy = openMedium(store, { kind: 'floppy' })
    expect(floppy.sectors).toBe(2400)
    floppy.writeSectors(2399, 1, new Uint8Array(512).fill(1))
    expect(store.sizeBytes).toBe(2400 * 512)
  })

  it('keeps discarded writes out of the file, and refuses writes to a protected medium', () => {
    const store = new MemoryByteStore(1024, { readOnly: true })
    const disk = openMedium(store, { kind: 'disk', discardWrites: true })
    disk.writeSectors(0, 1, new Uint8Array(512).fill(1))
    expect([disk.readOnly, store.bytes[0]]).toEqual([false, 0])
    const both = openMedium(new MemoryByteStore(1024), { kind: 'disk', discardWrites: true, writeProtected: true })
    expect(both.readOnly).toBe(true)
    expect(() => both.writeSectors(0, 1, new Uint8Array(512))).toThrow(
      expect.objectContaining({ code: 'disk/read-only' }),
    )
  })

  it.each(['floppy', 'disk', 'cdrom'] as const)('refuses an empty file as %s', (kind) => {
    expect(() => openMedium(new MemoryByteStore(0), { kind, name: 'a.img' })).toThrow(
      expect.objectContaining({ code: 'disk/corrupt-image', message: 'a.img is empty' }),
    )
  })

  it('refuses a floppy of more than 2880 KiB', () => {
    expect(openMedium(new MemoryByteStore(2_949_120), { kind: 'floppy' }).sectors).toBe(5760)
    expect(() => openMedium(new MemoryByteStore(2_949_121), { kind: 'floppy' })).toThrow(
      expect.objectContaining({ code: 'disk/too-large' }),
    )
  })

  it('says that a packed file must be unpacked', () => {
    const store = new MemoryByteStore(new Uint8Array(gzipSync(new Uint8Array(100_000))))
    expect(() => openMedium(store, { kind: 'disk' })).toThrow(/gzip file.*unpack it first/)
    expect(store.closed).toBe(false)
  })
})

describe('floppyFormatFor', () => {
  it('knows every format by its size, but for those that share one', () => {
    for (const format of FLOPPY_FORMATS)
      expect(floppySectors(floppyFormatFor(floppySectors(format)) ?? format)).toBe(floppySectors(format))
    expect(floppyFormatFor(3360)).toMatchObject({ cylinders: 80, heads: 2, sectorsPerTrack: 21 })
    expect(floppyFormatFor(5761)).toBeUndefined()
  })
})

const qemuImg = tool('qemu-img')
describeWith([qemuImg], 'images made by qemu-img', () => {
  it.each(['qcow2', 'qed', 'vdi', 'vmdk', 'vhdx', 'vpc', 'parallels'])(
    'recognises %s and names the way out',
    (format) => {
      const folder = mkdtempSync(join(tmpdir(), 'vitrine-open-'))
      try {
        const path = join(folder, 'image')
        const made = spawnSync(pathOf(qemuImg), ['create', '-q', '-f', format, path, '8M'])
        if (made.status !== 0) throw new Error(`qemu-img cannot make ${format}: ${made.stderr}`)
        const store = new MemoryByteStore(new Uint8Array(readFileSync(path)))
        expect(() => openMedium(store, { kind: 'disk' })).toThrow(
          expect.objectContaining({
            code: 'disk/unsupported-format',
            message: expect.stringContaining('qemu-img convert -O qcow2'),
          }),
        )
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
  )

  it('recognises a fixed VHD by its footer', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vitrine-open-'))
    try {
      const path = join(folder, 'image')
      spawnSync(pathOf(qemuImg), ['create', '-q', '-f', 'vpc', '-o', 'subformat=fixed,force_size', path, '4M'])
      const store = new MemoryByteStore(new Uint8Array(readFileSync(path)))
      expect(() => openMedium(store, { kind: 'disk' })).toThrow(/VHD file/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

const cd = shared('guests/linux-686.iso')
const floppy = shared('guests/freedos722.img')
describeWith([cd, floppy], 'images of the outside data', () => {
  it('are what they are', () => {
    const kind = (path: string) => mediumKindOf(new MemoryByteStore(new Uint8Array(readFileSync(path))))
    expect([kind(pathOf(cd)), kind(pathOf(floppy))]).toEqual(['cdrom', 'floppy'])
  })
})

const mtools = tool('mformat')
describeWith([mtools], 'floppies formatted by mtools', () => {
  it.each(FLOPPY_FORMATS.map((format) => [format.cylinders, format.heads, format.sectorsPerTrack] as const))(
    'agrees on %i tracks, %i sides, %i sectors',
    (cylinders, heads, sectors) => {
      const folder = mkdtempSync(join(tmpdir(), 'vitrine-floppy-'))
      try {
        const path = join(folder, 'floppy')
        const shape = ['-t', cylinders, '-h', heads, '-s', sectors].map(String)
        writeFileSync(path, '')
        const made = spawnSync(pathOf(mtools), ['-C', '-i', path, ...shape, '::'])
        if (made.status !== 0) throw new Error(String(made.stderr))
        const boot = new DataView(readFileSync(path).buffer)
        const format = floppyFormatFor(boot.getUint16(19, true))
        expect(format && floppySectors(format)).toBe(boot.getUint16(19, true))
        expect(mediumKindOf(new MemoryByteStore(cylinders * heads * sectors * 512))).toBe('floppy')
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
  )
})
