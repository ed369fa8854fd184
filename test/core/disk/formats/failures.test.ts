/**
 * Every format while things fail: each write in turn is refused, or is the last that reaches the file before the process is
 * killed. The image must stay right, and must hold what was flushed.
 */
import { expect, it } from 'vitest'
import { AppError } from '../../../../core/base/errors.ts'
import type { ByteStore } from '../../../../core/disk/block-device.ts'
import { imageFormat } from '../../../../core/disk/formats/catalogue.ts'
import type { LayeredDisk } from '../../../../core/disk/layered-disk.ts'
import { openImage } from '../../../../core/disk/open-image.ts'
import { entropy, MemoryImageHost, SectorModel } from '../../../support/disk-images.ts'
import { FaultyStore } from '../../../support/faulty-store.ts'
import { MemoryByteStore } from '../../../support/memory-byte-store.ts'
import { Random } from '../../../support/random.ts'

const SECTORS = 6000

interface Case {
  readonly name: string
  readonly format: 'raw' | 'qcow2' | 'vdi' | 'vmdk' | 'vhd'
  readonly options: Readonly<Record<string, string | number | boolean>>
  readonly backing?: boolean
}

const CASES: readonly Case[] = [
  { name: 'qcow2, clusters of 64 KiB', format: 'qcow2', options: {} },
  { name: 'qcow2, clusters of 512 bytes', format: 'qcow2', options: { clusterBytes: 512 } },
  { name: 'qcow2, version 2', format: 'qcow2', options: { version: 2, clusterBytes: 4096 } },
  { name: 'qcow2, refcounts of 1 bit', format: 'qcow2', options: { refcountBits: 1, clusterBytes: 1024 } },
  { name: 'VDI', format: 'vdi', options: {} },
  { name: 'VMDK', format: 'vmdk', options: {} },
  { name: 'VHD', format: 'vhd', options: {} },
  { name: 'VHD over a parent', format: 'vhd', options: {}, backing: true },
  { name: 'qcow2 over a backing file', format: 'qcow2', options: { clusterBytes: 8192 }, backing: true },
]

const backing = new SectorModel(SECTORS)

/** A qcow2 image stands on a raw one here, a VHD image on its like. */
function createBacking(format: Case['format'], host: MemoryImageHost, model: SectorModel) {
  const base = new MemoryByteStore(0)
  const baseFormat = format === 'vhd' ? 'vhd' : 'raw'
  imageFormat(baseFormat).create(base, { sizeBytes: SECTORS * 512, entropy, nowSeconds: 1 })
  const disk = openImage(base, host, { path: 'base', readOnly: false, format: baseFormat })
  for (let lba = 0; lba < SECTORS; lba += 700) model.write(disk, lba, 300, 9)
  disk.settle()
  host.files.set('base', base)
  return { file: 'base', format: baseFormat, identity: disk.chain[0]?.identity } as const
}

/** An empty image, and the host that has what it stands on. */
function create({ format, options, backing: hasBacking }: Case) {
  const host = new MemoryImageHost()
  const store = new MemoryByteStore(0)
  const model = hasBacking ? backing.clone() : new SectorModel(SECTORS)
  const below = hasBacking ? { backing: createBacking(format, host, model) } : {}
  imageFormat(format).create(store, { sizeBytes: SECTORS * 512, options, entropy, nowSeconds: 1, ...below })
  return { store, host, model }
}

/** The same writes each time: single sectors, runs over several clusters, and flushes between. */
function* steps(model: SectorModel): Generator<(disk: LayeredDisk) => void> {
  const random = new Random(7)
  for (let i = 0; i < 40; i++) {
    const lba = random.below(SECTORS)
    const count = Math.min(1 + random.below(i % 3 === 0 ? 400 : 4), SECTORS - lba)
    const value = 1 + random.below(200)
    yield (disk) => model.write(disk, lba, count, value)
    if (i % 5 === 4) yield (disk) => disk.flush()
  }
}

function problems(format: Case['format'], store: ByteStore): { errors: number; leaks: number } {
  const check = imageFormat(format).check
  if (!check) return { errors: 0, leaks: 0 }
  const { errors, leaks } = check({ store, host: new MemoryImageHost(), path: 'image', readOnly: true }, false)
  return { errors, leaks }
}

const open = (store: ByteStore, host: MemoryImageHost): LayeredDisk =>
  openImage(store, host, { path: 'image', readOnly: false })

for (const subject of CASES) {
  it(`${subject.name}: a refused write loses nothing, and succeeds when it is tried again`, () => {
    for (let at = 0, isOver = false; !isOver; at += at < 80 ? 1 : 11) {
      const { store, host, model } = create(subject)
      const faulty = new FaultyStore(store, { at, count: 1 + (at % 3), code: at % 2 ? 'disk/full' : 'disk/io' })
      const disk = open(faulty, host)
      let failed = 0
      for (const step of steps(model)) {
        for (let isDone = false; !isDone; ) {
          try {
            step(disk)
            isDone = true
          } catch (error) {
            expect(error).toBeInstanceOf(AppError)
            failed++
            faulty.fault = failed > 5 ? undefined : faulty.fault
          }
        }
      }
      isOver = failed === 0
      faulty.fault = undefined
      expect(model.difference(disk)).toBe(-1)
      disk.close()
      expect([at, problems(subject.format, store).errors]).toEqual([at, 0])
      const again = open(store, host)
      expect(model.difference(again)).toBe(-1)
      again.close()
      expect(problems(subject.format, store)).toEqual({ errors: 0, leaks: 0 })
    }
  })

  it(`${subject.name}: a kill between any two writes leaves an image with all that was flushed`, () => {
    const { store, host, model } = create(subject)
    let flushed = model.clone()
    let number = 0
    const faulty = new FaultyStore(store, undefined, () => {
      if (number++ % 3 !== 0 && number > 60) return
      const left = new MemoryByteStore(store.bytes.slice())
      const before = problems(subject.format, left)
      expect([number, before.errors]).toEqual([number, 0])
      const disk = open(left, host)
      // What was written since may be there or not, in part; all else is as it was flushed.
      const expected = flushed
      const bytes = new Uint8Array(SECTORS * 512)
      disk.readSectors(0, SECTORS, bytes)
      const wanted = expected.expected(0, SECTORS)
      for (let lba = 0; lba < SECTORS; lba++) {
        if (touched.has(lba)) continue
        if (
          Buffer.compare(bytes.subarray(lba * 512, lba * 512 + 512), wanted.subarray(lba * 512, lba * 512 + 512)) !== 0
        )
          expect.fail(`sector ${lba} was flushed, and is lost after a kill before write ${number}`)
      }
      disk.close()
      expect(problems(subject.format, left).errors).toBe(0)
      if (subject.options['version'] !== 2) expect(problems(subject.format, left).leaks).toBe(0)
    })
    const touched = new Set<number>()
    const disk = open(faulty, host)
    const random = new Random(7)
    for (let i = 0; i < 40; i++) {
      const lba = random.below(SECTORS)
      const count = Math.min(1 + random.below(i % 3 === 0 ? 400 : 4), SECTORS - lba)
      for (let s = lba; s < lba + count; s++) touched.add(s)
      model.write(disk, lba, count, 1 + random.below(200))
      if (i % 5 !== 4) continue
      disk.flush()
      flushed = model.clone()
      touched.clear()
    }
    disk.close()
    expect(problems(subject.format, store)).toEqual({ errors: 0, leaks: 0 })
  })
}
