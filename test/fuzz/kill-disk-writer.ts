/**
 * Kills processes that write disk images, at random moments, and looks at what is left:
 *
 *     node test/fuzz/kill-disk-writer.ts [--rounds 200] [--seed N]
 *
 * The writer (this file with --write) says on its output when writes have been flushed. After the kill the image must open,
 * hold everything that was said to be flushed, and be without errors and leaks once it was opened; `qemu-img check` finds no
 * error in it before, where it is installed.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { ImageFormatId } from '../../core/disk/disk-image.ts'
import { createImageFile, openImageFile, SectorModel } from '../support/disk-images.ts'
import { checkWithQemu, qemuImg } from '../support/qemu-img.ts'
import { Random } from '../support/random.ts'

const SECTORS = 60_000
const FLUSH_EVERY = 8

const SUBJECTS: readonly (readonly [ImageFormatId, Readonly<Record<string, number>>])[] = [
  ['qcow2', {}],
  ['qcow2', { clusterBytes: 512 }],
  ['qcow2', { clusterBytes: 4096, version: 2 }],
  ['vdi', {}],
  ['vmdk', {}],
  ['vhd', {}],
]

/** Write number `n` of a run: the same in the writer and in who looks at what it left. */
function writeNumber(n: number, seed: number): { lba: number; count: number; value: number } {
  const random = new Random(Math.imul(seed, 7919) + n)
  random.next()
  const lba = random.below(SECTORS - 400)
  return { lba, count: 1 + random.below(n % 4 === 0 ? 400 : 12), value: 1 + random.below(1 << 20) }
}

/** Writes until it is killed, and says after each flush how many writes are safe. */
function writeForEver(path: string, format: ImageFormatId, seed: number): void {
  const disk = openImageFile(path, false, format)
  const model = new SectorModel(SECTORS)
  process.stdout.write('open\n')
  for (let n = 0; ; n++) {
    const { lba, count, value } = writeNumber(n, seed)
    model.write(disk, lba, count, value)
    if (n % 5 === 0) disk.settle()
    if (n % FLUSH_EVERY !== FLUSH_EVERY - 1) continue
    disk.flush()
    process.stdout.write(`${n + 1}\n`)
  }
}

/** Runs a writer and kills it after it has said `lines` lines and `delayMs` have passed; returns how many writes are safe. */
function runAndKill(
  path: string,
  format: ImageFormatId,
  seed: number,
  lines: number,
  delayMs: number,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const argv = [import.meta.filename, '--write', path, '--format', format, '--seed', String(seed)]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let complaints = ''
  let isWaiting = false
  child.stderr.on('data', (chunk) => {
    complaints += chunk
  })
  child.stdout.on('data', (chunk) => {
    output += chunk
    if (isWaiting || output.split('\n').length <= lines) return
    isWaiting = true
    setTimeout(() => child.kill('SIGKILL'), delayMs)
  })
  child.on('close', (_code, signal) => {
    if (signal !== 'SIGKILL') return reject(new Error(`The writer ended by itself: ${complaints}`))
    // The last line may be cut off.
    const numbers = output.split('\n').slice(0, -1).map(Number).filter(Number.isInteger)
    resolve(numbers.at(-1) ?? 0)
  })
  return promise
}

/** Throws when something that was flushed is not there. What was written after may be there in part. */
function requireFlushed(path: string, safe: number, seed: number, name: string): void {
  const model = new SectorModel(SECTORS)
  const open = new Set<number>()
  for (let n = 0; n < safe; n++) {
    const { lba, count, value } = writeNumber(n, seed)
    model.note(lba, count, value)
  }
  // More writes than the writer can have done since.
  for (let n = safe; n < safe + 2 * FLUSH_EVERY; n++) {
    const { lba, count } = writeNumber(n, seed)
    for (let i = lba; i < lba + count; i++) open.add(i)
  }
  const disk = openImageFile(path)
  const bytes = new Uint8Array(512)
  for (let lba = 0; lba < SECTORS; lba++) {
    if (open.has(lba)) continue
    disk.readSectors(lba, 1, bytes)
    if (Buffer.compare(bytes, model.expected(lba, 1)) !== 0)
      throw new Error(`${name}: sector ${lba} was flushed and is lost`)
  }
  disk.close()
}

/** Runs the rounds. Throws for the first image that is not as it must be. Returns how many writes were found safe. */
export async function killDiskWriters(rounds: number, seed: number): Promise<number> {
  const random = new Random(seed)
  let found = 0
  for (let round = 0; round < rounds; round++) {
    const [format, options] = SUBJECTS[round % SUBJECTS.length] as (typeof SUBJECTS)[number]
    const folder = mkdtempSync(join(tmpdir(), 'vitrine-kill-'))
    const name = `Round ${round} of seed ${seed} (${format} ${JSON.stringify(options)})`
    try {
      const path = join(folder, 'image')
      createImageFile(path, format, SECTORS * 512, options)
      const safe = await runAndKill(path, format, round, 1 + random.below(12), random.below(8))
      found += safe
      // VDI counts a block and names it in two writes; what is counted and not named loses nothing.
      if (qemuImg.path !== undefined && (format === 'qcow2' || format === 'vmdk')) {
        const { corruptions } = checkWithQemu(format, path)
        if (corruptions > 0) throw new Error(`${name}: qemu-img finds ${corruptions} errors`)
      }
      requireFlushed(path, safe, round, name)
      if (qemuImg.path !== undefined && format !== 'vhd') {
        const { corruptions, leaks } = checkWithQemu(format, path)
        const mayLeak = options['version'] === 2
        if (corruptions > 0 || (leaks > 0 && !mayLeak))
          throw new Error(`${name}: after it was opened qemu-img finds ${corruptions} errors and ${leaks} leaks`)
      }
      if (readdirSync(folder).length !== 1) throw new Error(`${name}: other files are left`)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  return found
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '200' },
      seed: { type: 'string', default: '1' },
      write: { type: 'string' },
      format: { type: 'string', default: 'qcow2' },
    },
  })
  if (values.write !== undefined) writeForEver(values.write, values.format as ImageFormatId, Number(values.seed))
  else
    console.log(
      `${await killDiskWriters(Number(values.rounds), Number(values.seed))} writes were flushed, and are there`,
    )
}
