/** `npm run vectors -- FILE [--engine interpreter|compiler] [--op TEXT] [--show N]`: ends with `N passed, N failed`. */
import { parseArgs } from 'node:util'
import { VectorRunner } from './runner.ts'
import { readVectors } from './vector.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string', default: 'interpreter' },
    op: { type: 'string' },
    show: { type: 'string', default: '20' },
  },
})
const [file] = positionals
if (!file || positionals.length > 1) {
  console.error('Usage: npm run vectors -- FILE [--engine interpreter|compiler] [--op TEXT] [--show N]')
  process.exit(2)
}
const { engine } = values
if (engine !== 'interpreter' && engine !== 'compiler') {
  console.error(`Engine '${engine}' does not exist; use interpreter or compiler`)
  process.exit(2)
}
const runner = new VectorRunner(engine)
let passed = 0
let failed = 0
const byOp = new Map<string, { count: number; sample: string }>()
for (const vector of readVectors(file)) {
  if (values.op && !vector.op.includes(values.op)) continue
  const wrong = runner.run(vector)
  if (wrong === undefined) passed++
  else {
    failed++
    const entry = byOp.get(vector.op)
    if (entry) entry.count++
    else byOp.set(vector.op, { count: 1, sample: `${vector.code}: ${wrong}` })
  }
}
const worst = [...byOp].sort((a, b) => b[1].count - a[1].count)
for (const [op, { count, sample }] of worst.slice(0, Number(values.show)))
  console.log(`${String(count).padStart(4)} ${op}\n       ${sample}`)
if (worst.length > Number(values.show)) console.log(`... and ${worst.length - Number(values.show)} more instructions`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed ? 1 : 0
