/** What a profile says of code whose behaviour is known. */
import { describe, expect, it } from 'vitest'
import { buildInterpreterImage } from '../../../core/cpu/exec/image.ts'
import { CodeProfile } from '../../../core/machine/code-profile.ts'
import { BareProcessor } from '../cpu/bare-processor.ts'

const { tables } = buildInterpreterImage()

/** A loop at 1000h that calls a subroutine in the next page, for ever. */
const LOOP = '40 e8 fc 0f eb fa'
const SUBROUTINE = '43 c3'

function machine(engine: 'interpreter' | 'compiler') {
  const processor = new BareProcessor(engine)
  processor.put(0x1000, LOOP)
  processor.put(0x2000, SUBROUTINE)
  return { processor, profile: new CodeProfile(processor.cpu, tables) }
}

describe('a profile of compiled code', () => {
  it('lists regions with their code, and the reasons they were left for', () => {
    const { processor, profile } = machine('compiler')
    profile.start()
    processor.cpu.run(4000)
    const figures = profile.stop((serial) => (serial === 0 ? 2 : 1))
    expect(figures).toMatchObject({ instructionsInterpreted: 0, regionsLive: figures.regionsCompiled })
    expect(figures.instructionsCompiled).toBeGreaterThanOrEqual(4000)
    expect(figures.codeBytes).toBeGreaterThan(100)
    expect(figures.regions[0]).toMatchObject({ address: 0x1000, mode: '16-bit real', seconds: 2 })
    expect(figures.regions[0]!.code).toEqual([
      { address: 0x1000, text: 'inc ax' },
      { address: 0x1001, text: 'call 2000h' },
    ])
    const subroutine = figures.regions.find(({ address }) => address === 0x2000)
    expect(subroutine?.code.map(({ text }) => text)).toEqual(['inc bx', 'ret'])
    // Every round calls into the other page and returns from it.
    const rounds = Math.floor(4000 / 5)
    expect(figures.exits['page']).toBeGreaterThan(rounds / 2)
    expect(figures.exits['dispatch']).toBeGreaterThan(rounds / 2)
    expect(figures.exits['fault']).toBe(0)
  })

  it('counts from its own beginning, and leaves nothing behind', () => {
    const { processor, profile } = machine('compiler')
    processor.cpu.run(4000)
    profile.start()
    const figures = profile.stop(() => 0)
    expect(figures).toMatchObject({ instructionsCompiled: 0, regionsCompiled: 0, codeBytes: 0 })
    expect(Object.values(figures.exits).every((count) => count === 0)).toBe(true)
    processor.cpu.run(4000)
    profile.start()
    expect(profile.stop(() => 0).exits['dispatch']).toBe(0)
  })
})

it('a profile without a compiler tells the instructions', () => {
  const { processor, profile } = machine('interpreter')
  profile.start()
  processor.cpu.run(1000)
  const figures = profile.stop(() => 0)
  expect(figures.instructionsInterpreted).toBeGreaterThanOrEqual(1000)
  expect(figures).toMatchObject({ instructionsCompiled: 0, regions: [] })
})
