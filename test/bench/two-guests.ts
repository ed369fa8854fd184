/**
 * Two guests at once, each against itself alone, and a guest under a cap of the processor. Linux only.
 *
 *     npm run bench -- two-guests [--rounds N] [--kernels alu,sieve] [--cap PERCENT] [--engine E]
 *
 * The kernels of the benchmark disk are timed in one machine alone and then in two at the same time, in turns. For the cap, a
 * machine that never rests runs for some seconds with `--cap`, and its share of a core is taken from the host.
 */
import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { shared } from '../support/shared.ts'
import { root, vitrine } from './contenders.ts'
import { cpuSeconds } from './host-process.ts'
import { geometricMean, loadNow, summarise } from './measurement.ts'
import type { SerialRun } from './serial-run.ts'
import { runOnSerial } from './serial-run.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    kernels: { type: 'string', default: 'alu,sieve,crc32,sha256,qsort' },
    cap: { type: 'string', default: '50' },
    engine: { type: 'string', default: 'auto' },
  },
})

/** How long the share of a core is watched. */
const CAP_SECONDS = 8

const disk = shared('bench/bench.img')
if (disk.path === undefined) {
  console.error(`Nothing to measure: ${disk.what} is missing.`)
  process.exit(0)
}
const machine = ['--hda', disk.path, '--engine', values.engine]
const { argv } = vitrine('vitrine', root, machine)
const kernels = values.kernels.split(',')

const alone: SerialRun[] = []
const together: SerialRun[] = []
const before = loadNow()
for (let round = 0; round < Number(values.rounds); round++) {
  alone.push(await runOnSerial(argv, { kernels }))
  together.push(...(await Promise.all([0, 1].map(() => runOnSerial(argv, { kernels })))))
}
const [one, two] = [summarise('alone', '', alone), summarise('together', '', together)]
console.log(`${'kernel'.padEnd(9)}${'alone'.padStart(10)}${'together'.padStart(10)}${'speed'.padStart(8)}`)
for (const [kernel, seconds] of Object.entries(one.seconds)) {
  const other = two.seconds[kernel] ?? Number.NaN
  console.log(
    kernel.padEnd(9) +
      seconds.toFixed(4).padStart(10) +
      other.toFixed(4).padStart(10) +
      (seconds / other).toFixed(2).padStart(8),
  )
}
const speeds = Object.entries(one.seconds).map(([kernel, seconds]) => seconds / (two.seconds[kernel] ?? Number.NaN))
console.log(`Each of two guests keeps ${geometricMean(speeds).toFixed(2)} of its speed alone (load ${before} before).`)

// The kernels take longer than this is watched: the guest never rests.
const [command = '', ...flags] = vitrine('vitrine', root, [...machine, '--cap', values.cap]).argv
const child = spawn(command, flags, { stdio: 'ignore' })
await delay(2000)
const [ticks, began] = [cpuSeconds(child.pid!), performance.now()]
await delay(CAP_SECONDS * 1000)
const share = (cpuSeconds(child.pid!) - ticks) / ((performance.now() - began) / 1000)
child.kill('SIGKILL')
console.log(
  `With a cap of ${values.cap} % the machine uses ${(share * 100).toFixed(1)} % of a core (load ${loadNow()}).`,
)
