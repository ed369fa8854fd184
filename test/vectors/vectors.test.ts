/** Every recorded instruction gives on our processor what it gave on a real one. */
import { expect, it } from 'vitest'
import { describeWith, pathOf } from '../support/needs.ts'
import { shared } from '../support/shared.ts'
import { VectorRunner } from './runner.ts'
import { readVectors } from './vector.ts'

const file = shared('vectors/i386-user.jsonl.gz')

describeWith([file], 'Instruction vectors', () => {
  it.each(['interpreter', 'compiler'] as const)('all pass on the %s', (engine) => {
    const runner = new VectorRunner(engine)
    const wrong = readVectors(pathOf(file)).flatMap((vector) => {
      const difference = runner.run(vector)
      return difference === undefined ? [] : [`${vector.op} ${vector.code}: ${difference}`]
    })
    expect(wrong).toEqual([])
  })
})
