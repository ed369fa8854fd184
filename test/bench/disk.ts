/**
 * Seconds per kernel of the benchmark disk (`shared/bench/bench.img`), taken from the guest's serial line, so that every
 * emulator is timed in the same way:
 *
 *     npm run bench -- disk [--engine auto|interpreter|compiler] [--rounds N] [--against 'COMMAND'] [--json] [-- FLAG...]
 *
 * The least of N rounds counts. `--against` times another emulator in the same rounds, in turns: a command that has the
 * guest's COM1 on its standard output (`{disk}` stands for the image), such as
 *
 *     --against 'qemu-system-i386 -accel tcg -m 256 -drive format=raw,file={disk},if=ide,snapshot=on -serial stdio -display none'
 *
 * Further flags go to `vitrine run`, such as `-- --bios FILE --vga-bios FILE`.
 *
 * Times on a busy computer say little; ratios of one run are what to compare.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pathOf } from '../support/needs.ts'
import { shared } from '../support/shared.ts'

/** Kernels and what each took. */
type Seconds = Map<string, number>

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string', default: 'auto' },
    rounds: { type: 'string', default: '1' },
    against: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})

/** Runs an emulator until the guest says DONE; `B name` and `E name checksum` frame each kernel. */
function time(command: string, argv: readonly string[]): Promise<Seconds> {
  const { promise, resolve, reject } = Promise.withResolvers<Seconds>()
  const seconds: Seconds = new Map()
  const child = spawn(command, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  let beginMs = 0
  let done = false
  let starts = 0
  child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
    const nowMs = performance.now()
    const lines = (text + chunk).split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) {
      const [tag, name = ''] = line.trim().split(' ')
      if (tag === 'BENCH' && ++starts > 1) child.kill('SIGKILL')
      else if (tag === 'B') beginMs = nowMs
      else if (tag === 'E') seconds.set(name, (nowMs - beginMs) / 1000)
      else if (tag === 'DONE') {
        done = true
        child.kill('SIGKILL')
      }
    }
  })
  child.on('error', reject)
  child.on('close', () =>
    done ? resolve(seconds) : reject(new Error(starts > 1 ? 'The guest restarted' : `${command} ended before DONE`)),
  )
  return promise
}

function least(rounds: readonly Seconds[]): Seconds {
  const names = [...(rounds[0]?.keys() ?? [])]
  return new Map(names.map((name) => [name, Math.min(...rounds.map((round) => round.get(name) ?? Number.NaN))]))
}

const geometricMean = (numbers: readonly number[]): number =>
  Math.exp(numbers.reduce((sum, x) => sum + Math.log(x), 0) / numbers.length)

const disk = pathOf(shared('bench/bench.img'))
const vitrine = join(import.meta.dirname, '../../main/cli/vitrine.mjs')
const ours = [
  vitrine,
  'run',
  '--memory',
  '256',
  '--hda',
  disk,
  '--snapshot',
  '--display',
  'none',
  '--serial',
  'stdio',
  ...positionals,
]
const [other, ...otherArgv] = (values.against ?? '').split(' ').map((word) => word.replace('{disk}', disk))

const ourRounds: Seconds[] = []
const otherRounds: Seconds[] = []
for (let round = 0; round < Number(values.rounds); round++) {
  ourRounds.push(await time(process.execPath, [...ours, '--engine', values.engine]))
  if (other) otherRounds.push(await time(other, otherArgv))
}

const mine = least(ourRounds)
const theirs = other ? least(otherRounds) : undefined
if (values.json) {
  console.log(JSON.stringify({ ours: Object.fromEntries(mine), ...(theirs && { other: Object.fromEntries(theirs) }) }))
} else {
  const column = (number: number) => number.toFixed(3).padStart(9)
  console.log(`${'kernel'.padEnd(10)}  seconds${theirs ? '    other    ratio' : ''}`)
  for (const [name, seconds] of mine) {
    const reference = theirs?.get(name)
    const tail = reference === undefined ? '' : column(reference) + column(seconds / reference)
    console.log(name.padEnd(10) + column(seconds) + tail)
  }
  const ratios = theirs && Array.from(mine, ([name, seconds]) => seconds / (theirs.get(name) ?? Number.NaN))
  console.log(
    'mean'.padEnd(10) +
      column(geometricMean([...mine.values()])) +
      (ratios ? `${column(geometricMean([...(theirs?.values() ?? [])]))}${column(geometricMean(ratios))}` : ''),
  )
}
