/**
 * Damaged exports imported: an error that says so, or a machine; never a hang, a crash, or a file outside of the machine's folder.
 *
 *     node test/fuzz/machine-archives.ts [--rounds 100000] [--seed N] [--first ROUND]
 *
 * Some rounds damage the file, which its checksum finds; the others what is in it, compressed anew with the right checksum.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { AppError } from '../../core/base/errors.ts'
import { encodeMachineFile, parseMachineFile } from '../../core/contract/machine-file.ts'
import { readArchive, writeArchive } from '../../main/snapshots/machine-archive.ts'
import { mutate, roundRandom } from './mutate.ts'

const LONGEST_MS = 120_000
const MOST_BYTES = 1 << 30

/** Whether everything in `folder` is a file or a folder of a sane size. */
function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true }).length
}

/** Runs the rounds; throws for the first one that goes wrong. */
export async function fuzzMachineArchives(rounds: number, seed: number, first = 0): Promise<Record<string, number>> {
  const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'vitrine-archives-'))
  const told: Record<string, number> = {}
  try {
    const whole = await wholeArchive(root)
    const plain = zstdDecompressSync(whole)
    const file = join(root, 'file.vitrine')
    const sandbox = join(root, 'sandbox')
    for (let round = first; round < first + rounds; round++) {
      if (round > 0 && round % 5000 === 0)
        process.stdout.write(`${round} rounds of seed ${seed}: ${JSON.stringify(told)}\n`)
      const random = roundRandom(seed, round)
      const bytes = random.below(3) === 0 ? mutate(whole, random) : compress(mutate(plain, random))
      writeFileSync(file, bytes)
      const folder = join(sandbox, 'library', 'machine')
      mkdirSync(folder, { recursive: true })
      const startMs = performance.now()
      const outcome = await readArchive(file, folder, () => {}).then(
        () => 'taken',
        (error: unknown) => (error instanceof AppError ? error.code : Promise.reject(error)),
      )
      told[outcome] = (told[outcome] ?? 0) + 1
      const problem =
        performance.now() - startMs > LONGEST_MS
          ? 'it took too long'
          : process.memoryUsage.rss() > MOST_BYTES
            ? 'it took too much memory'
            : readdirSync(sandbox).length + sizeOf(join(sandbox, 'library')) - sizeOf(folder) !== 2 ||
                readdirSync(root).length !== 4
              ? 'it wrote outside of the folder'
              : undefined
      if (problem) throw new Error(`Round ${round} of seed ${seed}: ${problem}`)
      rmSync(sandbox, { recursive: true })
    }
    return told
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

const compress = (bytes: Uint8Array): Buffer =>
  zstdCompressSync(bytes, {
    params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 },
  })

/** A small machine with a disk of its own, one from elsewhere, and a file as snapshots have them. */
async function wholeArchive(root: string): Promise<Buffer> {
  const folder = join(root, 'original')
  const elsewhere = join(root, 'elsewhere.img')
  mkdirSync(join(folder, 'disks'), { recursive: true })
  mkdirSync(join(folder, 'snapshots', 'pages'), { recursive: true })
  writeFileSync(elsewhere, new Uint8Array(1024).fill(7))
  writeFileSync(join(folder, 'disks', 'own.img'), new Uint8Array(2048).fill(8))
  writeFileSync(join(folder, 'snapshots', 'pages', 'one.pages'), new Uint8Array(300).fill(9))
  const spec = parseMachineFile(
    JSON.stringify({
      schemaVersion: 1,
      id: '6d0f1a52-3c0e-4b57-9a6e-0d6a3a5b7c11',
      name: 'Fuzzed',
      drives: [
        { slot: 'hda', kind: 'disk', file: 'disks/own.img' },
        { slot: 'hdb', kind: 'disk', file: elsewhere },
      ],
    }),
  )
  writeFileSync(join(folder, 'machine.json'), encodeMachineFile(spec))
  const file = join(root, 'file.vitrine')
  await writeArchive({ folder, spec, specs: [spec], chains: [elsewhere], file }, () => {})
  return readFileSync(file)
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      first: { type: 'string', default: '0' },
    },
  })
  console.log(
    JSON.stringify({
      ...values,
      ...(await fuzzMachineArchives(Number(values.rounds), Number(values.seed), Number(values.first))),
    }),
  )
}
