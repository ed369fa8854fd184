/**
 * The benchmark disk (`shared/bench/bench.img`, 18 kernels) on Vitrine and its peers:
 *
 *     npm run bench -- [--rounds N] [--kernels alu,sieve] [--engine auto|interpreter|compiler] [--peers v86,qemu,native]
 *                      [--against REVISION] [--keep NAME] [--json] [-- FLAG...]
 *
 * Rounds alternate between the contenders, and medians count, so that a computer that is busy at times is fair to all. Times of
 * different runs are not comparable; ratios of one run are. `--against` measures another revision of Vitrine instead of the peers
 * (both, with `--peers`). `--keep` writes docs/bench/NAME.json and its chart NAME.svg. Further flags go to `vitrine run`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { shared } from '../support/shared.ts'
import { drawChart } from './chart.ts'
import type { Contender } from './contenders.ts'
import { findPeer, PEERS, root, vitrine } from './contenders.ts'
import type { Measurement } from './measurement.ts'
import { describeComputer, loadNow, summarise, table } from './measurement.ts'
import { checkOut } from './revision.ts'
import type { SerialRun } from './serial-run.ts'
import { runOnSerial } from './serial-run.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '1' },
    kernels: { type: 'string' },
    engine: { type: 'string', default: 'auto' },
    peers: { type: 'string' },
    against: { type: 'string' },
    keep: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}

/** Everything to be measured, the subject first. */
function contenders(disk: string, folder: string, undo: (() => void)[]): Contender[] {
  const flags = ['--engine', values.engine, ...positionals]
  const found = [vitrine('vitrine', root, ['--hda', disk], flags)]
  if (values.against !== undefined) {
    const copy = join(folder, 'revision')
    try {
      undo.push(checkOut(values.against, copy))
    } catch (error) {
      fail((error as Error).message)
    }
    found.push(vitrine(values.against, copy, ['--hda', disk], flags))
  }
  const names = values.peers?.split(',').filter(Boolean) ?? (values.against === undefined ? PEERS : [])
  for (const name of names) {
    const peer =
      PEERS.find((known) => known === name) ?? fail(`There is no peer ${name}. There are: ${PEERS.join(', ')}`)
    const result = findPeer(peer, disk, folder)
    if ('missing' in result) console.error(`Without ${name}: ${result.missing} is missing.`)
    else found.push(result)
  }
  return found
}

async function measure(list: readonly Contender[]): Promise<Measurement> {
  const rounds = Number(values.rounds)
  const before = loadNow()
  const runs: SerialRun[][] = list.map(() => [])
  const kernels = values.kernels?.split(',')
  for (let round = 0; round < rounds; round++) {
    // There and back, so that nobody is always first.
    const order = [...list.entries()]
    if (round & 1) order.reverse()
    for (const [i, { argv, cwd, name }] of order) {
      if (!values.json) process.stderr.write(`round ${round + 1} of ${rounds}: ${name}\u001b[K\r`)
      runs[i]!.push(await runOnSerial(argv, { ...(cwd && { cwd }), ...(kernels && { kernels }) }))
    }
  }
  if (!values.json) process.stderr.write('\u001b[K')
  return {
    date: new Date().toISOString().slice(0, 16),
    ...describeComputer(),
    load: [before, loadNow()],
    rounds,
    contenders: list.map(({ name, version }, i) => summarise(name, version, runs[i]!)),
  }
}

const disk = shared('bench/bench.img')
if (disk.path === undefined) {
  console.error(
    `Nothing to measure: ${disk.what} is missing (a folder \`shared\` beside the checkout, or VITRINE_SHARED).`,
  )
  process.exit(0)
}
const folder = mkdtempSync(join(tmpdir(), 'vitrine-bench-'))
const undo: (() => void)[] = []
process.once('SIGINT', () => {
  for (const step of undo) step()
  process.exit(130)
})
try {
  const measurement = await measure(contenders(disk.path, folder, undo))
  console.log(values.json ? JSON.stringify(measurement) : table(measurement).join('\n'))
  if (values.keep !== undefined) {
    const kept = join(root, 'docs/bench')
    mkdirSync(kept, { recursive: true })
    writeFileSync(join(kept, `${values.keep}.json`), `${JSON.stringify(measurement, undefined, 2)}\n`)
    writeFileSync(join(kept, `${values.keep}.svg`), `${await drawChart(measurement)}\n`)
  }
  if (measurement.contenders.some((c) => c.rounds < measurement.rounds)) process.exitCode = 1
} finally {
  for (const step of undo) step()
  rmSync(folder, { recursive: true, force: true })
}
