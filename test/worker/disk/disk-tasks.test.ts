import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { DiskFormat } from '../../../core/contract/disk-info.ts'
import type { DiskTask, DiskTaskResults } from '../../../core/contract/disk-task.ts'
import { DISK_TASK_CONTROL_BYTES } from '../../../core/contract/disk-task.ts'
import { runDiskTask } from '../../../worker/disk-task.ts'
import { createImageFile, openImageFile, SectorModel, writeRandomly } from '../../support/disk-images.ts'
import { describeWith } from '../../support/needs.ts'
import { checkWithQemu, qemuImg, runQemuImg } from '../../support/qemu-img.ts'
import { Random } from '../../support/random.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const SECTORS = 24_000
const FORMATS = ['raw', 'qcow2', 'vdi', 'vmdk', 'vhd'] as const

/** Runs a task to its end; throws the record of its failure. */
function run<T extends DiskTask>(task: T, control = new SharedArrayBuffer(DISK_TASK_CONTROL_BYTES)) {
  const result = runDiskTask({ task, control })
  if ('error' in result) throw result.error
  return result.ok as DiskTaskResults[T['type']]
}

/** An image with random content. */
function image(path: string, format: DiskFormat, options = {}, backing?: { file: string; format: DiskFormat }) {
  createImageFile(path, format, SECTORS * 512, options, backing)
  const model = new SectorModel(SECTORS)
  const disk = openImageFile(path, false, format)
  writeRandomly(disk, model, new Random(3), 60)
  disk.close()
  return model
}

function difference(path: string, model: SectorModel): number {
  const disk = openImageFile(path, true)
  try {
    return model.difference(disk, 0, Math.min(model.sectors, disk.sectors))
  } finally {
    disk.close()
  }
}

const convert = (file: string, target: string, format: DiskFormat, options = {}) =>
  ({ type: 'convert', file, target, format, options, overwrite: false }) as const

describe('tasks on disk images', () => {
  it.each(FORMATS.flatMap((from) => FORMATS.map((to) => [from, to] as const)))('convert %s to %s', (from, to) => {
    const folder = temporaryFolder()
    const model = image(join(folder, 'a'), from)
    const control = new SharedArrayBuffer(DISK_TASK_CONTROL_BYTES)
    const info = run(convert(join(folder, 'a'), join(folder, 'b'), to), control)
    expect(info).toMatchObject({ format: to, sizeBytes: SECTORS * 512, backing: [] })
    expect(difference(join(folder, 'b'), model)).toBe(-1)
    expect([...new Float64Array(control, 8, 2)]).toEqual([SECTORS * 512, SECTORS * 512])
    expect(readdirSync(folder).toSorted()).toEqual(['a', 'b'])
  })

  it.each([
    ['vdi', { type: 'fixed' }],
    ['vhd', { type: 'fixed' }],
    ['vmdk', { type: 'monolithicFlat' }],
    ['qcow2', { version: 2, clusterBytes: 512 }],
  ] as const)('convert to %s with options %o', (format, options) => {
    const folder = temporaryFolder()
    const model = image(join(folder, 'a'), 'raw')
    expect(run(convert(join(folder, 'a'), join(folder, `b.${format}`), format, options)).details).toMatchObject(options)
    expect(difference(join(folder, `b.${format}`), model)).toBe(-1)
  })

  it('end at once when they are cancelled, and leave nothing behind', () => {
    const folder = temporaryFolder()
    image(join(folder, 'a'), 'raw')
    const control = new SharedArrayBuffer(DISK_TASK_CONTROL_BYTES)
    new Int32Array(control)[0] = 1
    expect(() => run(convert(join(folder, 'a'), join(folder, 'b'), 'qcow2'), control)).toThrow(
      expect.objectContaining({ message: 'Cancelled' }),
    )
    expect(readdirSync(folder)).toEqual(['a'])
    image(join(folder, 'c'), 'qcow2')
    const check = { type: 'check', file: join(folder, 'c'), repair: false } as const
    expect(() => run(check, control)).toThrow(expect.objectContaining({ code: 'task/cancelled' }))
    const calm = new SharedArrayBuffer(DISK_TASK_CONTROL_BYTES)
    expect(run(check, calm)).toMatchObject({ errors: 0, leaks: 0 })
    expect(new Float64Array(calm, 8, 2)[0]).toBeGreaterThan(0)
  })

  it('write over a file only when they are told to, and never onto their own source', () => {
    const folder = temporaryFolder()
    const file = join(folder, 'a')
    const model = image(file, 'raw')
    writeFileSync(join(folder, 'b'), 'mine')
    const task = convert(file, join(folder, 'b'), 'qcow2')
    expect(() => run(task)).toThrow(expect.objectContaining({ code: 'usage/invalid' }))
    expect(readFileSync(join(folder, 'b'), 'utf8')).toBe('mine')
    run({ ...task, overwrite: true })
    expect(difference(join(folder, 'b'), model)).toBe(-1)
    expect(() => run({ ...task, target: file, overwrite: true })).toThrow(
      expect.objectContaining({ message: 'An image cannot be converted onto itself' }),
    )
  })

  it.each(['qcow2', 'vdi', 'vmdk', 'vhd', 'raw'] as const)('compact %s, giving back what holds zeros', (format) => {
    const folder = temporaryFolder()
    const file = join(folder, 'a')
    createImageFile(file, format, 64 << 20)
    const model = new SectorModel(131_072)
    const disk = openImageFile(file, false, format)
    for (let lba = 0; lba < 65_536; lba += 2048) model.write(disk, lba, 2048, 5)
    for (let lba = 4096; lba < 65_536; lba += 2048) model.write(disk, lba, 2048, 0)
    disk.close()
    const { beforeBytes, afterBytes } = run({ type: 'compact', file })
    expect(beforeBytes).toBeGreaterThan(30 << 20)
    expect(afterBytes).toBeLessThan(8 << 20)
    expect(difference(file, model)).toBe(-1)
    expect(openImageFile(file, true).chain[0]?.details).toBeDefined()
  })

  it('compact an overlay without what is below it, and keep zeros over its backing file', () => {
    const folder = temporaryFolder()
    const base = image(join(folder, 'base'), 'raw')
    const file = join(folder, 'a.qcow2')
    createImageFile(file, 'qcow2', SECTORS * 512, {}, { file: 'base', format: 'raw' })
    const model = base.clone()
    const disk = openImageFile(file)
    model.write(disk, 0, SECTORS / 2, 0)
    model.write(disk, SECTORS - 500, 100, 7)
    disk.close()
    const before = statSync(file).size
    run({ type: 'compact', file })
    expect(statSync(file).size).toBeLessThan(before / 4)
    expect(run({ type: 'info', file }).backing).toMatchObject([{ format: 'raw', file: join(folder, 'base') }])
    expect(difference(file, model)).toBe(-1)
  })

  it.each(FORMATS)('resize %s: grow it, refuse to cut it, cut it when told to', (format) => {
    const folder = temporaryFolder()
    const file = join(folder, 'a')
    const model = image(file, format)
    const resize = (sectors: number, shrink = false) => run({ type: 'resize', file, sizeBytes: sectors * 512, shrink })
    expect(resize(SECTORS * 3)).toEqual({ beforeBytes: SECTORS * 512, afterBytes: SECTORS * 3 * 512 })
    const grown = openImageFile(file, false, format)
    expect(grown.sectors).toBe(SECTORS * 3)
    const larger = new SectorModel(SECTORS * 3)
    larger.write(grown, SECTORS * 3 - 100, 100, 9)
    expect(larger.difference(grown, SECTORS, SECTORS * 2)).toBe(-1)
    grown.close()
    expect(difference(file, model)).toBe(-1)
    expect(() => resize(SECTORS / 2)).toThrow(expect.objectContaining({ code: 'usage/invalid' }))
    resize(SECTORS / 2, true)
    expect(run({ type: 'info', file }).sizeBytes).toBe((SECTORS / 2) * 512)
    expect(difference(file, model)).toBe(-1)
  })

  it('make overlays that know their size and format from what they stand on', () => {
    const folder = temporaryFolder()
    const model = image(join(folder, 'a.vhd'), 'vhd')
    for (const format of ['qcow2', 'vhd'] as const) {
      const file = join(folder, `b.${format}`)
      const options = { options: {}, overwrite: false, sizeBytes: null, backing: 'a.vhd' }
      const info = run({ type: 'create', file, format, ...options })
      expect(info).toMatchObject({ sizeBytes: SECTORS * 512, backing: [{ format: 'vhd' }] })
      expect(difference(file, model)).toBe(-1)
    }
    const other = { type: 'create', format: 'vhd', options: {}, overwrite: true, backing: null } as const
    run({ ...other, file: join(folder, 'a.vhd'), sizeBytes: SECTORS * 512 })
    expect(() => run({ type: 'info', file: join(folder, 'b.vhd') })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('made for another backing file') }),
    )
  })

  it('say which backing file is missing', () => {
    const folder = temporaryFolder()
    const file = join(folder, 'a.qcow2')
    createImageFile(file, 'qcow2', 1 << 20, {}, { file: 'gone.raw', format: 'raw' })
    expect(() => run({ type: 'info', file })).toThrow(
      expect.objectContaining({ code: 'disk/not-found', message: expect.stringContaining(join(folder, 'gone.raw')) }),
    )
  })

  it('refuse options that the format does not have, before there is a file', () => {
    const folder = temporaryFolder()
    const task = {
      type: 'create',
      file: join(folder, 'a'),
      sizeBytes: 1 << 20,
      backing: null,
      overwrite: false,
    } as const
    for (const [format, options] of [
      ['qcow2', { clusterBytes: 100 }],
      ['qcow2', { nonsense: 1 }],
      ['vdi', { type: 'round' }],
      ['raw', { clusterBytes: 512 }],
    ] as const)
      expect(() => run({ ...task, format, options })).toThrow(expect.objectContaining({ code: 'usage/invalid' }))
    expect(readdirSync(folder)).toEqual([])
  })
})

/** Damage to an image of QEMU: where, relative to its tables, and what. */
const DAMAGES: readonly (readonly [string, (bytes: Buffer) => void])[] = [
  ['a refcount that is too low', (bytes) => bytes.writeUInt16BE(0, block(bytes) + 2 * 5)],
  ['a refcount that is too high', (bytes) => bytes.writeUInt16BE(7, block(bytes) + 2 * 5)],
  ['an L1 entry past the end', (bytes) => bytes.writeUInt32BE(0x7fff_0000, l1(bytes) + 4)],
  ['an L1 entry askew', (bytes) => bytes.writeUInt32BE(bytes.readUInt32BE(l1(bytes) + 4) + 512, l1(bytes) + 4)],
  ['an L2 entry askew', (bytes) => bytes.writeUInt32BE(bytes.readUInt32BE(l2(bytes) + 4) + 512, l2(bytes) + 4)],
  ['two L2 entries for one cluster', (bytes) => void bytes.copy(bytes, l2(bytes) + 8, l2(bytes), l2(bytes) + 8)],
  ['a missing flag', (bytes) => bytes.writeUInt8(0, l2(bytes))],
  ['a lost L2 entry', (bytes) => bytes.fill(0, l2(bytes), l2(bytes) + 8)],
  ['a lost refcount block', (bytes) => bytes.fill(0, table(bytes), table(bytes) + 8)],
  ['a refcount block askew', (bytes) => bytes.writeUInt32BE(block(bytes) + 512, table(bytes) + 4)],
  ['a lost L1 table', (bytes) => bytes.fill(0, l1(bytes), l1(bytes) + 8)],
]
const low = (bytes: Buffer, at: number): number => bytes.readUInt32BE(at + 4)
const table = (bytes: Buffer): number => low(bytes, 48)
const block = (bytes: Buffer): number => low(bytes, table(bytes))
const l1 = (bytes: Buffer): number => low(bytes, 40)
const l2 = (bytes: Buffer): number => low(bytes, l1(bytes))

describeWith([qemuImg], 'checks of damaged qcow2 images', () => {
  it.each(DAMAGES)('find what qemu-img finds, and repair it: %s', (_name, damage) => {
    const folder = temporaryFolder()
    const raw = join(folder, 'a.raw')
    const file = join(folder, 'a.qcow2')
    image(raw, 'raw')
    runQemuImg('convert', '-f', 'raw', '-O', 'qcow2', raw, file)
    const bytes = readFileSync(file)
    damage(bytes)
    writeFileSync(file, bytes)
    const theirs = checkWithQemu('qcow2', file)
    const ours = run({ type: 'check', file, repair: false })
    expect([ours.errors > 0, ours.leaks > 0]).toEqual([theirs.corruptions > 0, theirs.leaks > 0])
    expect(theirs.corruptions + theirs.leaks).toBeGreaterThan(0)
    const repaired = run({ type: 'check', file, repair: true })
    const after = checkWithQemu('qcow2', file)
    expect([repaired.remainingErrors > 0, repaired.remainingLeaks > 0]).toEqual([
      after.corruptions > 0,
      after.leaks > 0,
    ])
    expect(repaired.remainingErrors === 0 || /askew|past the end/.test(repaired.messages.join())).toBe(true)
  })
})
