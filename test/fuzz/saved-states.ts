/**
 * Damaged state files put into machines: an error that names what is wrong, or a machine that runs; never a hang, a crash, or
 * memory beyond all measure.
 *
 *     node test/fuzz/saved-states.ts [--rounds 100000] [--seed N]
 *
 * Half of the rounds damage the file; the others damage a record and give it the right checksum, so that the chips see it.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { AppError } from '../../core/base/errors.ts'
import { decodeStateFile, encodeStateFile } from '../../core/state/state-file.ts'
import type { Random } from '../support/random.ts'
import { powerOn, type SavedMachine, type SavedMachineOptions } from '../support/saved-machine.ts'
import { mutate, roundRandom } from './mutate.ts'

const FOLDER = join(import.meta.dirname, '../golden/state')
const REFUSED = /^(state\/corrupt|state\/newer-version|vm\/invalid-state)$/
/** Far more than a sound state of this size takes; the host's other work counts, too. */
const LONGEST_MS = 120_000
const MOST_BYTES = 1 << 30
/** A machine that has refused a state is of no use for running, but takes the next one. */
const ROUNDS_A_MACHINE = 200

const SUBJECTS: readonly (readonly [string, SavedMachineOptions])[] = [
  ['disk-1', { images: { hda: new Uint8Array(1 << 20) } }],
  [
    'every-drive-1',
    {
      images: {
        fda: new Uint8Array(1_474_560),
        fdb: new Uint8Array(737_280),
        hda: new Uint8Array(1 << 20),
        hdb: new Uint8Array(1 << 20),
        hdc: new Uint8Array(2048 * 300),
      },
      bootOrder: ['disk'],
      serialPorts: [1, 2, 3, 4],
      debugExit: true,
      cpuProfile: 'pentium',
    },
  ],
]

/** The file with one record damaged and its checksum right. */
function mutateRecord(state: Uint8Array, random: Random): Uint8Array {
  const sections = decodeStateFile(state)
  const victim = random.below(sections.length)
  return encodeStateFile(
    sections.map((section, i) => (i === victim ? { ...section, bytes: mutate(section.bytes, random) } : section)),
  )
}

function refusal(work: () => void): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof AppError && REFUSED.test(error.code)) return error.code
    throw error
  }
}

/** Runs the rounds; throws for the first one that goes wrong. Says how many states were taken and how many were refused. */
export function fuzzSavedStates(rounds: number, seed: number): Record<string, number> {
  const files = SUBJECTS.map(([name]) => new Uint8Array(gunzipSync(readFileSync(join(FOLDER, `${name}.state.gz`)))))
  const told: Record<string, number> = {}
  let on: SavedMachine | undefined
  for (let round = 0; round < rounds; round++) {
    if (round > 0 && round % 5000 === 0)
      process.stdout.write(`${round} rounds of seed ${seed}: ${JSON.stringify(told)}\n`)
    const subject = Math.floor(round / ROUNDS_A_MACHINE) % SUBJECTS.length
    if (round % ROUNDS_A_MACHINE === 0) {
      on?.machine.dispose()
      on = powerOn((SUBJECTS[subject] as (typeof SUBJECTS)[number])[1])
    }
    const { machine } = on as SavedMachine
    const random = roundRandom(seed, round)
    const file = files[subject] as Uint8Array
    const startMs = performance.now()
    try {
      const state = random.below(2) === 0 ? mutate(file, random) : mutateRecord(file, random)
      const outcome = refusal(() => machine.restoreState(state)) ?? 'taken'
      told[outcome] = (told[outcome] ?? 0) + 1
      if (performance.now() - startMs > LONGEST_MS) throw new Error('It took too long')
      if (process.memoryUsage.rss() > MOST_BYTES) throw new Error('It took too much memory')
    } catch (cause) {
      throw new Error(`Round ${round} of seed ${seed} (${SUBJECTS[subject]?.[0]})`, { cause })
    }
  }
  on?.machine.dispose()
  return told
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
  })
  console.log(JSON.stringify({ ...values, ...fuzzSavedStates(Number(values.rounds), Number(values.seed)) }))
}
