/** Random programs end in the same state under the compiler as under the interpreter, slice by slice. `engines.ts` runs any number of them. */
import { describe, expect, it } from 'vitest'
import { createCase, describeFailure, minimise, runCase } from './compare.ts'
import { FuzzMachine } from './machine.ts'
import { MODES } from './program.ts'

const SEQUENCES = Number(process.env['VITRINE_FUZZ_SEQUENCES'] ?? 1200)
const HOT = [1, 2, 3, 16]

describe('random programs', () => {
  const reference = new FuzzMachine(0)
  for (const [i, hot] of HOT.entries())
    it(`end alike, compiled after ${hot} executions`, { timeout: 300_000 }, () => {
      const subject = new FuzzMachine(hot)
      // Once with the counters of a profile in the code.
      if (hot === 2 && subject.cpu.compiler) subject.cpu.compiler.profiling = true
      for (let n = 0; n < SEQUENCES / HOT.length; n++) {
        const test = createCase(1 + i * SEQUENCES + n)
        if (!runCase({ subject, reference }, test)) continue
        const least = minimise({ subject, reference }, test)
        expect.fail(describeFailure(least.test, least.removed, least.difference))
      }
      expect(subject.cpu.compiler?.instructions).toBeGreaterThan(SEQUENCES * 100)
    })
})

describe('the generator', () => {
  it('makes programs of every mode that run for a while', () => {
    const pair = { subject: new FuzzMachine(2), reference: new FuzzMachine(0) }
    for (const mode of MODES) {
      let instructions = 0
      for (let seed = 0; seed < 20; seed++) {
        expect(runCase(pair, createCase(seed, mode))).toBeUndefined()
        instructions += pair.reference.instructions
      }
      expect(instructions, mode).toBeGreaterThan(10_000)
    }
  })

  it('finds a difference, and takes away what does not make it', () => {
    const pair = { subject: new FuzzMachine(2), reference: new FuzzMachine(0) }
    const test = createCase(3, 'flat')
    // The first PUSH of the program leaves something else behind on the subject.
    const push = test.program.items.find((item) => item.text.startsWith('push'))!
    const { load } = pair.subject
    pair.subject.load = (program, seed, removed) => {
      load.call(pair.subject, program, seed, removed)
      if (!removed?.has(push)) pair.subject.memory.ram[0x10]! ^= 1
    }
    const { difference, removed } = minimise(pair, test)
    expect(difference.parts).toEqual([['memory 10', '3b', '3a']])
    expect(test.program.items.filter((item) => !removed.has(item))).toEqual([push])
    expect(describeFailure(test, removed, difference)).toContain(`${push.at.toString(16)}: `)
  })
})
