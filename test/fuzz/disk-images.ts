/**
 * Damaged disk images of every format: an error or a read, never a hang, a crash, much memory, or a write far away.
 *
 *     node test/fuzz/disk-images.ts [--rounds 100000] [--seed N] [--format qcow2]
 *
 * Each round damages one of some small images, by a seed of its own that is told when something is found, opens it, reads,
 * checks, and in some rounds repairs and writes it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AppError } from '../../core/base/errors.ts'
import type { ByteStore } from '../../core/disk/block-device.ts'
import { imageFormat, probeFormat } from '../../core/disk/formats/catalogue.ts'
import { openImage } from '../../core/disk/open-image.ts'
import { entropy, MemoryImageHost, SectorModel, writeRandomly } from '../support/disk-images.ts'
import { MemoryByteStore } from '../support/memory-byte-store.ts'
import { qemuImg, runQemuImg } from '../support/qemu-img.ts'
import { Random } from '../support/random.ts'

const SECTORS = 4000
/** What one round may ask of a file: calls, bytes read at once, growth. A sound image of this size needs far less. */
const MAX_CALLS = 400_000
const MAX_READ_BYTES = 64 << 20
const MAX_GROWTH_BYTES = 64 << 20

interface Specimen {
  readonly name: string
  readonly bytes: Uint8Array
  /** Other files, by their names. */
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly model: SectorModel
}

/** Passes calls on and fails, not with an AppError, when they are not such as a file of this size can need. */
class GuardedStore implements ByteStore {
  readonly readOnly: boolean
  readonly #store: ByteStore
  readonly #maxBytes: number
  #calls = 0

  constructor(store: ByteStore, readOnly: boolean) {
    this.#store = store
    this.readOnly = readOnly
    this.#maxBytes = store.sizeBytes + MAX_GROWTH_BYTES
  }

  get sizeBytes(): number {
    return this.#store.sizeBytes
  }

  read(position: number, into: Uint8Array, offset = 0, length = into.length - offset): void {
    this.#guard(position, length)
    if (length > MAX_READ_BYTES) throw new Error(`A read of ${length} bytes`)
    this.#store.read(position, into, offset, length)
  }

  write(position: number, from: Uint8Array, offset = 0, length = from.length - offset): void {
    this.#guard(position, length)
    if (this.readOnly) throw new Error('A write to a file that was opened for reading')
    if (position + length > this.#maxBytes) throw new Error(`A write at ${position}, far behind the end`)
    this.#store.write(position, from, offset, length)
  }

  truncate(sizeBytes: number): void {
    this.#guard(sizeBytes, 0)
    if (this.readOnly || sizeBytes > this.#maxBytes) throw new Error(`A new size of ${sizeBytes}`)
    this.#store.truncate(sizeBytes)
  }

  flush(): void {}

  close(): void {}

  #guard(position: number, length: number): void {
    if (++this.#calls > MAX_CALLS) throw new Error('More calls than a file of this size can need')
    if (!Number.isSafeInteger(position) || position < 0 || !Number.isSafeInteger(length) || length < 0)
      throw new Error(`An access at ${position} of ${length}`)
  }
}

/** Small images of every format, made here; and by QEMU those that are only read here, where it is installed. */
function makeSpecimens(): Specimen[] {
  const made = [
    make('qcow2', 'qcow2', { clusterBytes: 4096 }),
    make('qcow2 with small clusters', 'qcow2', { clusterBytes: 512, refcountBits: 64 }),
    make('qcow2 of version 2', 'qcow2', { version: 2 }),
    make('qcow2 over a backing file', 'qcow2', { clusterBytes: 2048 }, true),
    make('VDI', 'vdi', {}),
    make('VMDK', 'vmdk', {}),
    make('VHD', 'vhd', {}),
    make('VHD, fixed', 'vhd', { type: 'fixed' }),
    make('VHD over a parent', 'vhd', {}, true),
    flatVmdk(),
  ]
  return qemuImg.path === undefined ? made : [...made, ...fromQemu()]
}

function make(
  name: string,
  format: 'qcow2' | 'vdi' | 'vmdk' | 'vhd',
  options: Readonly<Record<string, string | number>>,
  hasBase = false,
): Specimen {
  const host = new MemoryImageHost()
  const model = new SectorModel(SECTORS)
  const request = { sizeBytes: SECTORS * 512, entropy, nowSeconds: 1 }
  const base = new MemoryByteStore(0)
  let backing: { file: string; format: 'raw' | 'vhd'; identity?: string | undefined } | undefined
  if (hasBase) {
    const baseFormat = format === 'vhd' ? 'vhd' : 'raw'
    imageFormat(baseFormat).create(base, request)
    const disk = openImage(base, host, { path: 'base', readOnly: false, format: baseFormat })
    writeRandomly(disk, model, new Random(9), 10)
    disk.settle()
    backing = { file: 'base', format: baseFormat, identity: disk.chain[0]?.identity }
    host.files.set('base', base)
  }
  const store = new MemoryByteStore(0)
  imageFormat(format).create(store, { ...request, options, ...(backing ? { backing } : {}) })
  const disk = openImage(store, host, { path: 'image', readOnly: false })
  writeRandomly(disk, model, new Random(10), 12, 60)
  disk.close()
  return { name, bytes: store.bytes.slice(), files: new Map(hasBase ? [['base', base.bytes.slice()]] : []), model }
}

function flatVmdk(): Specimen {
  const part = new MemoryByteStore(0)
  const store = new MemoryByteStore(0)
  const createPart = () => ({ store: part, name: 'part' })
  const options = { type: 'monolithicFlat' }
  imageFormat('vmdk').create(store, { sizeBytes: SECTORS * 512, options, entropy, nowSeconds: 1, createPart })
  const files = new Map([['part', part.bytes.slice()]])
  return { name: 'VMDK, flat', bytes: store.bytes.slice(), files, model: new SectorModel(SECTORS) }
}

function fromQemu(): Specimen[] {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-fuzz-'))
  try {
    const source = new MemoryByteStore(SECTORS * 512)
    const model = new SectorModel(SECTORS)
    const disk = openImage(source, new MemoryImageHost(), { path: 'raw', readOnly: false, format: 'raw' })
    writeRandomly(disk, model, new Random(11), 12, 60)
    const raw = join(folder, 'raw')
    writeFileSync(raw, source.bytes)
    const convert = (name: string, ...argv: readonly string[]): Specimen => {
      const path = join(folder, 'image')
      runQemuImg('convert', ...argv, '-f', 'raw', raw, path)
      if (name.includes('snapshot')) runQemuImg('snapshot', '-c', 'one', path)
      return { name, bytes: new Uint8Array(readFileSync(path)), files: new Map(), model }
    }
    return [
      convert('qcow2 with zlib', '-c', '-O', 'qcow2', '-o', 'cluster_size=4096'),
      convert('qcow2 with zstd', '-c', '-O', 'qcow2', '-o', 'cluster_size=4096,compression_type=zstd'),
      convert('qcow2 with a snapshot', '-O', 'qcow2', '-o', 'cluster_size=4096'),
      convert('VMDK, streamOptimized', '-O', 'vmdk', '-o', 'subformat=streamOptimized'),
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Numbers that are likely to be mistaken for something. */
const NASTY = [0, 1, 0x7f, 0x80, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_fe00, 0x4000_0000, 0x0100_0000]

/** A damaged copy: some bits, bytes and words changed, mostly near the beginning and the end, sometimes cut off. */
function damage(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = random.below(16) === 0 ? bytes.slice(0, random.below(bytes.length)) : bytes.slice()
  if (copy.length < 16) return copy
  const view = new DataView(copy.buffer)
  for (let left = 1 + random.below(6); left > 0; left--) {
    const near = [512, 4096, 65_536, copy.length][random.below(4)] as number
    const place = random.below(Math.min(near, copy.length - 8))
    const at = random.below(8) === 0 ? copy.length - 8 - random.below(Math.min(1536, copy.length - 8)) : place
    const kind = random.below(5)
    if (kind === 0) view.setUint8(at, view.getUint8(at) ^ (1 << random.below(8)))
    else if (kind === 1) view.setUint8(at, random.below(256))
    else if (kind === 2) view.setUint32(at & ~3, random.pick(NASTY), random.below(2) === 0)
    else if (kind === 3) view.setUint32(at & ~3, view.getUint32(at & ~3) + random.below(17) - 8)
    else copy.copyWithin(at, random.below(copy.length - 8), random.below(copy.length - 8))
  }
  return copy
}

/** What a round came to: an error of the image, or a read. Throws for anything else. */
function attempt(specimen: Specimen, bytes: Uint8Array, random: Random): 'refused' | 'read' {
  const isWritten = random.below(4) === 0
  const host = new MemoryImageHost()
  for (const [name, content] of specimen.files)
    host.files.set(name, new GuardedStore(new MemoryByteStore(content), !isWritten))
  const store = new GuardedStore(new MemoryByteStore(bytes), !isWritten)
  try {
    const format = probeFormat(store)
    if (random.below(4) === 0)
      format.check?.({ store, host, path: 'image', readOnly: !isWritten }, isWritten && random.below(2) === 0)
    const disk = openImage(store, host, { path: 'image', readOnly: !isWritten })
    const buffer = new Uint8Array(64 * 512)
    for (let i = 0; i < 12; i++) {
      const count = Math.min(64, disk.sectors)
      const lba = random.below(Math.min(disk.sectors - count + 1, i % 2 === 0 ? SECTORS : 2 ** 31))
      if (isWritten && i % 3 === 0) disk.writeSectors(lba, count, buffer)
      else disk.readSectors(lba, count, buffer)
    }
    disk.close()
    return 'read'
  } catch (error) {
    if (error instanceof AppError && error.code !== 'internal/bug') return 'refused'
    throw error
  }
}

/** Runs the rounds. Throws, with the seed of its round, the first thing that must not happen. */
export function fuzzDiskImages(rounds: number, seed: number, format = ''): { refused: number; read: number } {
  const specimens = makeSpecimens().filter(({ name }) => name.toLowerCase().startsWith(format.toLowerCase()))
  const counts = { refused: 0, read: 0 }
  for (const specimen of specimens) {
    const host = new MemoryImageHost()
    for (const [name, content] of specimen.files) host.files.set(name, new MemoryByteStore(content))
    const disk = openImage(new MemoryByteStore(specimen.bytes), host, { path: 'image', readOnly: true })
    if (specimen.model.difference(disk) !== -1) throw new Error(`${specimen.name} is wrong without any damage`)
  }
  for (let round = 0; round < rounds; round++) {
    const roundSeed = (Math.imul(seed, 0x9e37_79b1) + round) | 0
    const random = new Random(Math.imul(roundSeed, 0x85eb_ca6b) ^ (roundSeed >>> 13))
    const specimen = specimens[round % specimens.length] as Specimen
    try {
      counts[attempt(specimen, damage(specimen.bytes, random), random)]++
    } catch (cause) {
      throw new Error(`Round ${round} of seed ${seed} (${specimen.name}): ${cause}`, { cause })
    }
  }
  return counts
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      format: { type: 'string', default: '' },
    },
  })
  const { rounds, seed, format } = values
  const counts = fuzzDiskImages(Number(rounds), Number(seed), format)
  const peakMib = Math.round(process.resourceUsage().maxRSS / 1024)
  console.log(JSON.stringify({ ...values, ...counts, peakMib, cpuSeconds: Math.round(process.cpuUsage().user / 1e6) }))
}
