/**
 * Compares the compiler with the interpreter on random programs.
 *
 *   node test/fuzz/engines.ts [--sequences N] [--seed S] [--mode MODE] [--hot N] [--seconds T]
 *
 * Ends with status 1 and the first difference, as a program made as small as it can be.
 */
import { parseArgs } from 'node:util'
import { createCase, describeFailure, minimise, runCase } from './compare.ts'
import { FuzzMachine } from './machine.ts'
import type { Mode } from './program.ts'

const { values } = parseArgs({
  options: {
    sequences: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    mode: { type: 'string' },
    hot: { type: 'string' },
    seconds: { type: 'string' },
    keep: { type: 'string', default: '1' },
  },
})

const HOT = values.hot ? [Number(values.hot)] : [1, 2, 3, 16]
const reference = new FuzzMachine(0)
/** With code that is compiled at once, and with code that comes later. */
const pairs = [false, true].flatMap((late) =>
  HOT.map((hot) => ({ hot, late, subject: new FuzzMachine(hot, late), reference })),
)
const first = Number(values.seed)
const count = Number(values.sequences)
const began = Date.now()
let failures = 0
let done = 0
let shutdowns = 0
let instructions = 0
for (let n = 0; n < count; n++) {
  if (values.seconds && Date.now() - began > Number(values.seconds) * 1000) break
  const seed = first + n
  const pair = pairs[n % pairs.length]!
  const test = createCase(seed, values.mode as Mode | undefined)
  const difference = runCase(pair, test)
  done++
  if (reference.shutdowns) shutdowns++
  if (done % 10_000 === 0)
    console.error(`${done} sequences, ${Math.round(done / ((Date.now() - began) / 1000))} a second`)
  if (!difference) continue
  const least = minimise(pair, test)
  console.log(
    `compiled after ${pair.hot} executions${pair.late ? ' by another thread' : ''}; ${describeFailure(least.test, least.removed, least.difference)}\n`,
  )
  if (++failures >= Number(values.keep)) break
}
instructions = pairs.reduce((sum, { subject }) => sum + (subject.cpu.compiler?.instructions ?? 0), 0)
const regions = pairs.reduce((sum, { subject }) => sum + (subject.cpu.compiler?.compiled ?? 0), 0)
console.log(
  `${done} sequences in ${((Date.now() - began) / 1000).toFixed(1)} s: ${failures} differences, ${shutdowns} ended in a shutdown, ` +
    `${regions} regions compiled, ${instructions} instructions compiled of ${reference.cpu.instructions}`,
)
process.exitCode = failures ? 1 : 0
