/** The fuzzers of saved states and exports, in short; CI and developers run them for longer. */
import { expect, it } from 'vitest'
import { fuzzMachineArchives } from './machine-archives.ts'
import { fuzzSavedStates } from './saved-states.ts'

const MINUTES = 300_000

it(
  'damaged states are refused or taken',
  () => {
    const told = fuzzSavedStates(600, 3)
    expect(told['state/corrupt']).toBeGreaterThan(100)
    expect(told['taken']).toBeGreaterThan(5)
  },
  MINUTES,
)

it(
  'damaged exports are refused or taken',
  async () => {
    const told = await fuzzMachineArchives(150, 3)
    expect(told['state/corrupt']).toBeGreaterThan(50)
  },
  MINUTES,
)
