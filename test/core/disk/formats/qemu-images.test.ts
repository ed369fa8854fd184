/** Every format both ways against qemu-img: made and written here and read there, made there and read and written here. */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, it } from 'vitest'
import type { ImageFormatId } from '../../../../core/disk/disk-image.ts'
import { createImageFile, openImageFile, SectorModel, writeRandomly } from '../../../support/disk-images.ts'
import { describeWith } from '../../../support/needs.ts'
import { checkWithQemu, qemuImg, runQemuImg } from '../../../support/qemu-img.ts'
import { Random } from '../../../support/random.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

const SECTORS = 40_960

type Options = Readonly<Record<string, string | number | boolean>>

/** Names that QEMU has for formats. */
const qemuName = (format: ImageFormatId): string => (format === 'vhd' ? 'vpc' : format)
const isChecked = (format: ImageFormatId): boolean => ['qcow2', 'vdi', 'vmdk'].includes(format)

const OURS: readonly (readonly [string, ImageFormatId, Options])[] = [
  ['raw', 'raw', {}],
  ...Array.from({ length: 13 }, (_, i) => i + 9).flatMap((bits) =>
    [2, 3].map(
      (version) =>
        [
          `qcow2 of version ${version} with clusters of 2^${bits} bytes`,
          'qcow2' as const,
          { version, clusterBytes: 2 ** bits },
        ] as const,
    ),
  ),
  ...[1, 2, 4, 8, 32, 64].map(
    (refcountBits) =>
      [`qcow2 with refcounts of ${refcountBits} bits`, 'qcow2' as const, { refcountBits, clusterBytes: 1024 }] as const,
  ),
  ['qcow2 with lazy refcounts', 'qcow2', { lazyRefcounts: true }],
  ['VDI, dynamic', 'vdi', {}],
  ['VDI, fixed', 'vdi', { type: 'fixed' }],
  ['VMDK, sparse', 'vmdk', {}],
  ['VMDK, flat', 'vmdk', { type: 'monolithicFlat' }],
  ['VHD, dynamic', 'vhd', {}],
  ['VHD, fixed', 'vhd', { type: 'fixed' }],
]

const THEIRS: readonly (readonly [string, ImageFormatId, string, boolean])[] = [
  ...[512, 4096, 65_536, 2 << 20].flatMap((cluster) => [
    [`qcow2 with clusters of ${cluster}`, 'qcow2', `cluster_size=${cluster}`, true] as const,
  ]),
  ['qcow2 of version 2', 'qcow2', 'compat=0.10', true],
  ['qcow2 with lazy refcounts', 'qcow2', 'lazy_refcounts=on', true],
  ['qcow2 with preallocated tables', 'qcow2', 'preallocation=metadata', true],
  ['qcow2 with refcounts of 1 bit', 'qcow2', 'refcount_bits=1', true],
  ['VDI, dynamic', 'vdi', '', true],
  ['VDI, fixed', 'vdi', 'static=on', true],
  ['VMDK, monolithicSparse', 'vmdk', 'subformat=monolithicSparse', true],
  ['VMDK, monolithicFlat', 'vmdk', 'subformat=monolithicFlat', true],
  ['VMDK, twoGbMaxExtentSparse', 'vmdk', 'subformat=twoGbMaxExtentSparse', true],
  ['VMDK, twoGbMaxExtentFlat', 'vmdk', 'subformat=twoGbMaxExtentFlat', true],
  ['VMDK, streamOptimized', 'vmdk', 'subformat=streamOptimized', false],
  ['VHD, dynamic', 'vhd', 'subformat=dynamic,force_size=on', true],
  ['VHD, fixed', 'vhd', 'subformat=fixed,force_size=on', true],
]

/** A raw file with random content, and its model. */
function rawFile(folder: string, seed: number): { path: string; model: SectorModel } {
  const path = join(folder, 'source.raw')
  writeFileSync(path, new Uint8Array(SECTORS * 512))
  const model = new SectorModel(SECTORS)
  const disk = openImageFile(path, false, 'raw')
  writeRandomly(disk, model, new Random(seed), 60)
  disk.close()
  return { path, model }
}

/** Fails unless QEMU reads from the image what the model has. */
function expectAgreement(format: ImageFormatId, path: string, model: SectorModel, folder: string): void {
  if (isChecked(format)) expect(checkWithQemu(qemuName(format), path)).toEqual({ corruptions: 0, leaks: 0 })
  const raw = join(folder, 'read-back.raw')
  runQemuImg('convert', '-f', qemuName(format), '-O', 'raw', path, raw)
  expect(readFileSync(raw).length).toBe(model.sectors * 512)
  expect(model.differenceOfFile(raw)).toBe(-1)
}

describeWith([qemuImg], 'disk formats and qemu-img', () => {
  it.each(OURS)('agree on an image made here: %s', (_name, format, options) => {
    const folder = temporaryFolder()
    const path = join(folder, 'a.image')
    createImageFile(path, format, SECTORS * 512, options)
    const model = new SectorModel(SECTORS)
    const random = new Random(5)
    for (let round = 0; round < 2; round++) {
      const disk = openImageFile(path)
      expect(disk.format).toBe(format)
      writeRandomly(disk, model, random, 60)
      expect(model.difference(disk)).toBe(-1)
      disk.close()
      expectAgreement(format, path, model, folder)
    }
  })

  it.each(THEIRS)('agree on an image made there: %s', (_name, format, options, isWritten) => {
    const folder = temporaryFolder()
    const path = join(folder, 'a.image')
    const { path: source, model } = rawFile(folder, 11)
    runQemuImg('convert', '-f', 'raw', '-O', qemuName(format), ...(options ? ['-o', options] : []), source, path)
    const disk = openImageFile(path, !isWritten)
    expect([disk.format, disk.sectors]).toEqual([format, SECTORS])
    expect(model.difference(disk)).toBe(-1)
    if (isWritten) {
      writeRandomly(disk, model, new Random(12), 60)
      disk.close()
      expectAgreement(format, path, model, folder)
    } else disk.close()
  })

  it.each(['zlib', 'zstd'])('agree on clusters compressed by %s, read and written over', (compression) => {
    const folder = temporaryFolder()
    const path = join(folder, 'a.qcow2')
    const { path: source, model } = rawFile(folder, 21)
    runQemuImg('convert', '-c', '-f', 'raw', '-O', 'qcow2', '-o', `compression_type=${compression}`, source, path)
    const disk = openImageFile(path)
    expect(model.difference(disk)).toBe(-1)
    writeRandomly(disk, model, new Random(22), 60)
    expect(model.difference(disk)).toBe(-1)
    disk.close()
    expectAgreement('qcow2', path, model, folder)
  })

  it.each(Array.from({ length: 13 }, (_, i) => 2 ** (i + 9)))(
    'agree on compressed clusters of %d bytes, by either method and in either version',
    (clusterBytes) => {
      const folder = temporaryFolder()
      const { path: source, model } = rawFile(folder, 23)
      for (const options of ['compat=0.10', 'compression_type=zlib', 'compression_type=zstd']) {
        const path = join(folder, 'a.qcow2')
        const given = `${options},cluster_size=${clusterBytes}`
        runQemuImg('convert', '-c', '-f', 'raw', '-O', 'qcow2', '-o', given, source, path)
        const written = model.clone()
        const disk = openImageFile(path)
        expect([given, model.difference(disk)]).toEqual([given, -1])
        writeRandomly(disk, written, new Random(24), 10)
        disk.close()
        expectAgreement('qcow2', path, written, folder)
      }
    },
  )

  it.each(['raw', 'vdi', 'vmdk', 'vhd'] as const)('agree on overlays, made here and there, on %s', (format) => {
    const folder = temporaryFolder()
    const base = join(folder, 'base')
    createImageFile(base, format, SECTORS * 512)
    const model = new SectorModel(SECTORS)
    const below = openImageFile(base, false, format)
    writeRandomly(below, model, new Random(33), 40)
    below.close()
    const [here, there] = [join(folder, 'here.qcow2'), join(folder, 'there.qcow2')]
    createImageFile(here, 'qcow2', SECTORS * 512, {}, { file: 'base', format })
    runQemuImg('create', '-q', '-f', 'qcow2', '-b', 'base', '-F', qemuName(format), there)
    for (const path of [here, there]) {
      const written = model.clone()
      const disk = openImageFile(path)
      expect(disk.chain.map((layer) => layer.format)).toEqual(['qcow2', format])
      writeRandomly(disk, written, new Random(34), 20)
      expect(written.difference(disk)).toBe(-1)
      disk.close()
      expectAgreement('qcow2', path, written, folder)
    }
  })

  it('agree on a chain of ten overlays, each written, made here and there in turn', () => {
    const folder = temporaryFolder()
    const { path: source, model } = rawFile(folder, 31)
    let backing: { path: string; format: ImageFormatId } = { path: source, format: 'raw' }
    const random = new Random(32)
    for (let depth = 0; depth < 10; depth++) {
      const path = join(folder, `overlay-${depth}.qcow2`)
      const name = basename(backing.path)
      const clusterBytes = 2 ** (9 + ((depth * 5) % 12))
      if (depth % 2 === 0)
        createImageFile(path, 'qcow2', SECTORS * 512, { clusterBytes }, { file: name, format: backing.format })
      else
        runQemuImg(
          ...['create', '-q', '-f', 'qcow2', '-b', name, '-F', backing.format],
          ...['-o', `cluster_size=${clusterBytes}`, path],
        )
      const disk = openImageFile(path)
      expect(disk.chain.length).toBe(depth + 2)
      writeRandomly(disk, model, random, 30)
      expect(model.difference(disk)).toBe(-1)
      disk.close()
      backing = { path, format: 'qcow2' }
      if (depth % 3 === 0 || depth === 9) expectAgreement('qcow2', path, model, folder)
    }
  })

  it.each(['qcow2', 'vmdk', 'vdi', 'vhd'] as const)('agree on a disk of 2 TiB as %s', (format) => {
    const folder = temporaryFolder()
    const path = join(folder, 'large')
    // VHD ends at 2040 GiB.
    const sectors = format === 'vhd' ? 2040 * 2 ** 21 : 2 ** 32
    createImageFile(path, format, sectors * 512)
    const model = new SectorModel(sectors)
    const disk = openImageFile(path)
    expect(disk.sectors).toBe(sectors)
    for (const lba of [0, 2 ** 31 - 3, 2 ** 31 + 5, sectors - 9]) model.write(disk, lba, 9, 77)
    for (const lba of [0, 2 ** 31 - 3, 2 ** 31 + 5, sectors - 9]) expect(model.difference(disk, lba, 9)).toBe(-1)
    disk.close()
    if (isChecked(format)) expect(checkWithQemu(qemuName(format), path)).toEqual({ corruptions: 0, leaks: 0 })
    const info = JSON.parse(runQemuImg('info', '--output=json', '-f', qemuName(format), path))
    expect(info['virtual-size']).toBe(sectors * 512)
    const end = join(folder, 'end.raw')
    runQemuImg('dd', '-f', qemuName(format), '-O', 'raw', 'bs=512', `skip=${sectors - 9}`, `if=${path}`, `of=${end}`)
    expect(readFileSync(end)).toEqual(Buffer.from(model.expected(sectors - 9, 9)))
  })

  it('keep the internal snapshots of a qcow2 image that is written', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'a.qcow2')
    const { path: source, model } = rawFile(folder, 41)
    runQemuImg('convert', '-f', 'raw', '-O', 'qcow2', source, path)
    runQemuImg('snapshot', '-c', 'one', path)
    const before = model.clone()
    const disk = openImageFile(path)
    expect(disk.chain[0]?.details).toMatchObject({ internalSnapshots: 1 })
    writeRandomly(disk, model, new Random(42), 80)
    expect(model.difference(disk)).toBe(-1)
    disk.close()
    expectAgreement('qcow2', path, model, folder)
    runQemuImg('snapshot', '-a', 'one', path)
    expectAgreement('qcow2', path, before, folder)
  })

  it.each([
    ['external data file', 'data_file=data.raw,data_file_raw=on', 'an external data file'],
    ['subclusters', 'extended_l2=on', 'extended L2 entries'],
    ['encryption', 'encrypt.format=aes,encrypt.key-secret=key', 'encryption'],
  ])('refuse by name a qcow2 image with %s', (_name, options, what) => {
    const folder = temporaryFolder()
    const path = join(folder, 'a.qcow2')
    const key = join(folder, 'key')
    writeFileSync(key, 'secret')
    const secret = options.includes('encrypt') ? ['--object', `secret,id=key,file=${key}`] : []
    const placed = options.replace('data.raw', join(folder, 'data.raw'))
    runQemuImg('create', '-q', '-f', 'qcow2', ...secret, '-o', placed, path, '4M')
    expect(() => openImageFile(path)).toThrow(
      expect.objectContaining({ code: 'disk/unsupported-format', message: expect.stringContaining(what) }),
    )
  })

  it('refuse by name a backing file that is no file', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'a.qcow2')
    runQemuImg('create', '-q', '-u', '-f', 'qcow2', '-F', 'raw', '-b', 'nbd://localhost/x', path, '4M')
    expect(() => openImageFile(path)).toThrow(
      expect.objectContaining({
        code: 'disk/unsupported-format',
        message: expect.stringContaining('nbd://localhost/x'),
      }),
    )
  })

  it('do not overwrite the tables of an image whose refcounts are wrong', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'a.qcow2')
    const { path: source, model } = rawFile(folder, 51)
    runQemuImg('convert', '-f', 'raw', '-O', 'qcow2', source, path)
    const bytes = readFileSync(path)
    const [l1, block] = [bytes.readUInt32BE(44), bytes.readUInt32BE(bytes.readUInt32BE(52) + 4)]
    const l2 = bytes.readUInt32BE(l1 + 4)
    bytes.writeUInt16BE(0, block + 2 * (l2 / 65_536))
    writeFileSync(path, bytes)
    const disk = openImageFile(path)
    const blank = Array.from({ length: SECTORS / 128 }, (_, i) => i * 128).find((lba) =>
      model.expected(lba, 128).every((byte) => byte === 0),
    )
    expect(() => disk.writeSectors(blank ?? 0, 1, new Uint8Array(512).fill(1))).toThrow(
      expect.objectContaining({ code: 'disk/corrupt-image', message: expect.stringContaining('--repair') }),
    )
    expect(model.difference(disk)).toBe(-1)
    disk.close()
    expect(model.differenceOfFile(source)).toBe(-1)
  })
})
