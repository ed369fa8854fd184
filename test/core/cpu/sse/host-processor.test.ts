import { expect, it } from 'vitest'
import { ROWS } from '../../../../core/cpu/isa/index.ts'
import { hostProcessor, runOnHost } from '../../../support/host-processor.ts'
import { describeWith } from '../../../support/needs.ts'
import { Random } from '../../../support/random.ts'
import { VectorRunner } from '../../../vectors/runner.ts'
import { randomCase } from './random-operands.ts'

/** More of them for a long run: VITRINE_CASES=100 VITRINE_SEED=7. */
const CASES = Number(process.env['VITRINE_CASES'] ?? 12)
const SEED = Number(process.env['VITRINE_SEED'] ?? 1)

const FEATURES = /^(mmx|sse|sse2|sse3|ssse3|sse41|sse42|popcnt|movbe|clflush)$/
const APPROXIMATE = /^R(CP|SQRT)/

const rows = ROWS.filter(({ feature }) => feature !== undefined && FEATURES.test(feature))

describeWith([hostProcessor()], 'MMX and SSE instructions', () => {
  it(`do what the processor of this computer does (seed ${SEED})`, { timeout: 600_000 }, () => {
    const random = new Random(SEED)
    const cases = rows.flatMap((row) => Array.from({ length: CASES }, () => randomCase(row, random)))
    const runner = new VectorRunner()
    const wrong: string[] = []
    for (const vector of runOnHost(cases)) {
      const tol = APPROXIMATE.test(vector.op) ? { tol: -12 } : {}
      const difference = runner.run({ ...vector, ...tol })
      if (difference)
        wrong.push(`${vector.op} ${vector.code} mxcsr ${vector.in.fx?.mxcsr?.toString(16)}: ${difference}`)
    }
    expect(wrong).toEqual([])
  })
})
