import { describe, expect, test } from 'vitest'
import { FREE_SLICE_NS, SpeedGovernor } from '../../../worker/vm/speed-governor.ts'

const MS = 1_000_000

/** Runs for `hostMs`, executing `mips` million instructions a second while it runs. Returns the busy time and the instructions. */
function simulate(governor: SpeedGovernor, hostMs: number, mips: number): { busyMs: number; instructions: number } {
  let nowNs = 0
  let busyNs = 0
  let instructions = 0
  while (nowNs < hostMs * MS) {
    const sliceNs = governor.budgetNs
    const executed = (sliceNs * mips) / 1000
    nowNs += sliceNs
    busyNs += sliceNs
    instructions += executed
    const sleepNs = governor.afterSlice(sliceNs, executed)
    // A host oversleeps a little.
    if (sleepNs > 0) {
      nowNs += sleepNs + 0.1 * MS
      governor.slept(sleepNs + 0.1 * MS)
    }
  }
  return { busyMs: busyNs / MS, instructions }
}

describe('the governor', () => {
  test('lets a free machine run', () => {
    const governor = new SpeedGovernor(null, 100)
    expect(governor.active).toBe(false)
    expect(governor.budgetNs).toBe(FREE_SLICE_NS)
    expect(governor.afterSlice(10 * MS, 1e9)).toBe(0)
  })

  test.each([5, 25, 50, 90])('keeps a cap of %i % of a core', (percent) => {
    const { busyMs } = simulate(new SpeedGovernor(null, percent), 2000, 100)
    expect(busyMs / 20).toBeGreaterThan(percent * 0.93)
    expect(busyMs / 20).toBeLessThan(percent * 1.07)
  })

  test.each([1, 5, 60])('keeps a limit of %i MIPS, in short slices', (mips) => {
    const governor = new SpeedGovernor(mips, 100)
    const { instructions } = simulate(governor, 2000, 100)
    expect(instructions / 2e6).toBeGreaterThan(mips * 0.93)
    expect(instructions / 2e6).toBeLessThan(mips * 1.07)
    expect(governor.budgetNs).toBeLessThan(FREE_SLICE_NS)
  })

  test.each([
    [1.25, 50],
    [3, 33],
  ])('counts what it waits for a core as sleep: a slice takes %f times its share', (factor, percent) => {
    const governor = new SpeedGovernor(null, 50)
    let [nowNs, coreNs] = [0, 0]
    while (nowNs < 2000 * MS) {
      const share = governor.budgetNs / factor
      const sleepNs = governor.afterSlice(governor.budgetNs, 1000, share)
      nowNs += share * factor + sleepNs
      coreNs += share
      governor.slept(sleepNs)
    }
    expect((coreNs / nowNs) * 100).toBeGreaterThan(percent * 0.93)
    expect((coreNs / nowNs) * 100).toBeLessThan(percent * 1.07)
  })

  test('does not let an idle machine catch up later', () => {
    const governor = new SpeedGovernor(10, 100)
    governor.slept(10_000 * MS)
    expect(governor.afterSlice(1 * MS, 1_000_000)).toBeGreaterThan(90 * MS)
  })
})
