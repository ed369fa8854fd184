/**
 * Randomly damaged images: what `qemu-img check` finds, `vitrine disk check` finds as well.
 *
 *     node test/fuzz/check-damage.ts [--rounds 1000] [--seed N]
 *
 * Each round changes some bytes of the tables of an image with content, and asks both. What QEMU refuses to open must be refused
 * or found here; where it finds errors or leaks, so must we.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AppError } from '../../core/base/errors.ts'
import type { ImageFormatId } from '../../core/disk/disk-image.ts'
import { imageFormat } from '../../core/disk/formats/catalogue.ts'
import { openFileByteStore } from '../../worker/files/file-byte-store.ts'
import { fileImageHost } from '../../worker/files/image-host.ts'
import { createImageFile, openImageFile, SectorModel, writeRandomly } from '../support/disk-images.ts'
import { verdictOfQemu } from '../support/qemu-img.ts'
import { Random } from '../support/random.ts'

const SECTORS = 20_480

/** Worse comes later. */
const VERDICTS = ['clean', 'leaks', 'errors', 'refused'] as const
type Verdict = (typeof VERDICTS)[number]

interface Subject {
  readonly name: string
  readonly format: ImageFormatId
  readonly bytes: Uint8Array
  /** Where tables are: ranges of the file. */
  readonly tables: readonly (readonly [number, number])[]
}

function make(
  folder: string,
  name: string,
  format: ImageFormatId,
  options: Readonly<Record<string, string | number>>,
  tablesOf: (bytes: Buffer) => Subject['tables'],
): Subject {
  const path = join(folder, 'made')
  createImageFile(path, format, SECTORS * 512, options)
  const disk = openImageFile(path)
  writeRandomly(disk, new SectorModel(SECTORS), new Random(4), 60)
  disk.close()
  const bytes = readFileSync(path)
  return { name, format, bytes, tables: tablesOf(bytes) }
}

/** Header, L1 and L2 tables, refcount table and blocks. */
function qcow2Tables(bytes: Buffer): Subject['tables'] {
  const cluster = 2 ** bytes.readUInt32BE(20)
  const [l1Entries, l1, refcounts] = [bytes.readUInt32BE(36), bytes.readUInt32BE(44), bytes.readUInt32BE(52)]
  const tables: (readonly [number, number])[] = [
    [0, 112],
    [l1, l1Entries * 8],
    [refcounts, 64],
  ]
  for (let i = 0; i < l1Entries; i++) {
    const l2 = bytes.readUInt32BE(l1 + 8 * i + 4)
    if (l2 !== 0) tables.push([l2, cluster])
  }
  for (let i = 0; i < 8; i++) {
    const block = bytes.readUInt32BE(refcounts + 8 * i + 4)
    if (block !== 0) tables.push([block, Math.min(cluster, (2 * bytes.length) / cluster + 16)])
  }
  return tables
}

function vdiTables(bytes: Buffer): Subject['tables'] {
  return [
    [64, 400],
    [bytes.readUInt32LE(340), bytes.readUInt32LE(384) * 4],
  ]
}

/** Header and the tables of the first directory. */
function vmdkTables(bytes: Buffer): Subject['tables'] {
  const directory = Number(bytes.readBigUInt64LE(56)) * 512
  const tables: (readonly [number, number])[] = [
    [0, 80],
    [directory, 4],
  ]
  const table = bytes.readUInt32LE(directory) * 512
  tables.push([table, 600], [table, 600])
  return tables
}

const NASTY = [0, 1, 0x7f, 0x80, 0xff, 0x8000_0000, 0xffff_ffff, 0xffff_fe00, 0x4000_0000]

function damage({ bytes, tables }: Subject, random: Random): Uint8Array {
  const copy = Buffer.from(bytes)
  for (let left = 1 + random.below(3); left > 0; left--) {
    const [start, length] = random.pick(tables)
    const at = start + random.below(Math.max(1, length - 4))
    const word = at & ~3
    const kind = random.below(5)
    if (kind === 0) copy.writeUInt8(copy.readUInt8(at) ^ (1 << random.below(8)), at)
    else if (kind === 1) copy.writeUInt8(random.below(256), at)
    else if (kind === 2) copy.writeUInt32BE(random.pick(NASTY), word)
    else if (kind === 3) copy.writeUInt32LE(random.below(2 ** 20), word)
    else copy.copyWithin(word, start + (random.below(Math.max(1, length - 8)) & ~7), start + length)
  }
  return random.below(12) === 0 ? copy.subarray(0, 512 + random.below(copy.length - 512)) : copy
}

function verdictHere(format: ImageFormatId, path: string): Verdict {
  const store = openFileByteStore(path, true)
  try {
    const known = imageFormat(format)
    if (!known.probe(store)) return 'refused'
    const report = known.check?.({ store, host: fileImageHost, path, readOnly: true }, false)
    if (report && report.errors > 0) return 'errors'
    known.open({ store, host: fileImageHost, path, readOnly: true })
    return report && report.leaks > 0 ? 'leaks' : 'clean'
  } catch (error) {
    if (error instanceof AppError) return 'refused'
    throw error
  } finally {
    store.close()
  }
}

export interface DamageResult {
  /** Rounds by what QEMU and we said: "errors/errors". */
  readonly verdicts: Readonly<Record<string, number>>
  /** Rounds in which we found less than QEMU. */
  readonly missed: readonly string[]
}

/** Compares the verdicts on `rounds` damaged images. */
export function compareChecks(rounds: number, seed: number, keep?: string): DamageResult {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-damage-'))
  const verdicts: Record<string, number> = {}
  const missed: string[] = []
  try {
    const subjects = [
      make(folder, 'qcow2', 'qcow2', {}, qcow2Tables),
      make(folder, 'qcow2, small clusters', 'qcow2', { clusterBytes: 4096 }, qcow2Tables),
      make(folder, 'qcow2, version 2', 'qcow2', { version: 2, clusterBytes: 16_384 }, qcow2Tables),
      make(folder, 'VDI', 'vdi', {}, vdiTables),
      make(folder, 'VMDK', 'vmdk', {}, vmdkTables),
    ]
    const path = join(folder, 'damaged')
    for (let round = 0; round < rounds; round++) {
      const subject = subjects[round % subjects.length] as Subject
      writeFileSync(path, damage(subject, new Random(Math.imul(seed, 0x9e37_79b1) + Math.imul(round, 0x85eb_ca6b))))
      const theirs = verdictOfQemu(subject.format, path)
      const ours = verdictHere(subject.format, path)
      const both = `${theirs}/${ours}`
      verdicts[both] = (verdicts[both] ?? 0) + 1
      // An image that cannot be opened and one that is known to be damaged are the same to its user. A VDI image that counts
      // too many blocks has an error to QEMU, and here lost space.
      const rank = (verdict: Verdict) => Math.min(VERDICTS.indexOf(verdict), subject.format === 'vdi' ? 1 : 2)
      if (rank(ours) >= rank(theirs)) continue
      missed.push(`round ${round} of seed ${seed}: ${subject.name}, ${both}`)
      if (keep) writeFileSync(`${keep}-${round}`, readFileSync(path))
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return { verdicts, missed }
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '1000' },
      seed: { type: 'string', default: '1' },
      keep: { type: 'string' },
    },
  })
  console.log(compareChecks(Number(values.rounds), Number(values.seed), values.keep))
}
