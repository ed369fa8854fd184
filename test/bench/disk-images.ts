/**
 * MB/s and requests per second of disk images through the interface that drives use, for each format, and for chains of
 * overlays:
 *
 *     npm run bench -- disk-images [--size MIB] [--rounds N] [--json]
 *
 * The best of N rounds counts, formats in turns. Files lie in a temporary folder and in the host's cache, and seconds are those
 * of the processor: what is compared is the work of the formats. Ratios to raw (and of chains to one overlay) are what to look
 * at.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import type { ImageFormatId } from '../../core/disk/disk-image.ts'
import type { LayeredDisk } from '../../core/disk/layered-disk.ts'
import { createImageFile, openImageFile } from '../support/disk-images.ts'
import { Random } from '../support/random.ts'

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '256' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
})
const sizeBytes = Number(values.size) << 20
const RANDOM_REQUESTS = 20_000
const CHUNK_SECTORS = 256

/** Each kind of work by its name: what it does and the unit of its rate. */
const works: Readonly<Record<string, (disk: LayeredDisk, buffer: Uint8Array) => number>> = {
  'first write, 128 KiB in order (MB/s)': writeInOrder,
  'write again, 128 KiB in order (MB/s)': writeInOrder,
  'read, 128 KiB in order (MB/s)': (disk, buffer) => {
    for (let lba = 0; lba < disk.sectors; lba += CHUNK_SECTORS) disk.readSectors(lba, CHUNK_SECTORS, buffer)
    return sizeBytes / 1e6
  },
  'write, 4 KiB at random (1000/s)': (disk, buffer) => {
    const random = new Random(1)
    for (let i = 0; i < RANDOM_REQUESTS; i++) disk.writeSectors(random.below(disk.sectors / 8) * 8, 8, buffer)
    return RANDOM_REQUESTS / 1e3
  },
  'read, 4 KiB at random (1000/s)': readAtRandom,
}

function writeInOrder(disk: LayeredDisk, buffer: Uint8Array): number {
  for (let lba = 0; lba < disk.sectors; lba += CHUNK_SECTORS) disk.writeSectors(lba, CHUNK_SECTORS, buffer)
  return sizeBytes / 1e6
}

function readAtRandom(disk: LayeredDisk, buffer: Uint8Array): number {
  const random = new Random(2)
  for (let i = 0; i < RANDOM_REQUESTS; i++) disk.readSectors(random.below(disk.sectors / 8) * 8, 8, buffer)
  return RANDOM_REQUESTS / 1e3
}

/** Writes 4 KiB into clusters that were never written, at random. */
function firstWritesAtRandom(disk: LayeredDisk, buffer: Uint8Array): number {
  const random = new Random(3)
  const requests = Math.min(RANDOM_REQUESTS, disk.sectors / 256)
  for (let i = 0; i < requests; i++) disk.writeSectors(random.below(disk.sectors / 8) * 8, 8, buffer)
  return requests / 1e3
}

const rates = new Map<string, Map<string, number>>()

/** Does `work` on a disk and keeps its best rate. */
function measure(
  name: string,
  subject: string,
  disk: LayeredDisk,
  work: (disk: LayeredDisk, buffer: Uint8Array) => number,
) {
  const buffer = new Uint8Array(CHUNK_SECTORS * 512).fill(0x5a)
  const begin = process.cpuUsage()
  const amount = work(disk, buffer)
  const { user, system } = process.cpuUsage(begin)
  const rate = amount / ((user + system) / 1e6)
  const row = rates.get(name) ?? new Map<string, number>()
  rates.set(name, row.set(subject, Math.max(rate, row.get(subject) ?? 0)))
}

const folder = mkdtempSync(join(tmpdir(), 'vitrine-bench-'))
const formats: readonly ImageFormatId[] = ['raw', 'qcow2', 'vdi', 'vmdk', 'vhd']
const depths = [1, 5, 20]

/** A chain of overlays, each with some of the disk, as snapshots leave them. */
function chain(depth: number): string {
  const base = join(folder, `base-${depth}`)
  createImageFile(base, 'qcow2', sizeBytes)
  const fill = openImageFile(base)
  writeInOrder(fill, new Uint8Array(CHUNK_SECTORS * 512).fill(1))
  fill.close()
  let below = base
  const random = new Random(depth)
  for (let i = 1; i <= depth; i++) {
    const path = join(folder, `chain-${depth}-${i}`)
    createImageFile(path, 'qcow2', sizeBytes, {}, { file: basename(below), format: 'qcow2' })
    const disk = openImageFile(path)
    const writes = Math.floor(200 / depth)
    for (let n = 0; n < writes; n++)
      disk.writeSectors(random.below(disk.sectors / 256) * 256, 128, new Uint8Array(65_536).fill(i))
    disk.close()
    below = path
  }
  return below
}

try {
  const chains = depths.map((depth) => [`depth ${depth}`, chain(depth)] as const)
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const format of formats) {
      const path = join(folder, format)
      createImageFile(path, format, sizeBytes)
      const disk = openImageFile(path, false, format)
      for (const [name, work] of Object.entries(works)) measure(name, format, disk, work)
      disk.close()
      rmSync(path)
      createImageFile(path, format, sizeBytes)
      const blank = openImageFile(path, false, format)
      measure('first write, 4 KiB at random (1000/s)', format, blank, firstWritesAtRandom)
      blank.close()
      rmSync(path)
    }
    for (const [name, path] of chains) {
      const disk = openImageFile(path)
      const [, , inOrder] = Object.entries(works)
      if (inOrder) measure('chain: read, 128 KiB in order (MB/s)', name, disk, inOrder[1])
      measure('chain: read, 4 KiB at random (1000/s)', name, disk, readAtRandom)
      disk.close()
    }
  }
} finally {
  rmSync(folder, { recursive: true })
}

if (values.json)
  console.log(JSON.stringify(Object.fromEntries([...rates].map(([name, row]) => [name, Object.fromEntries(row)]))))
else
  for (const [name, row] of rates) {
    const [reference = Number.NaN] = row.values()
    const cells = [...row].map(([subject, rate]) => `${subject} ${rate.toFixed(0)} (${(rate / reference).toFixed(2)})`)
    console.log(`${name.padEnd(42)} ${cells.join('  ')}`)
  }
