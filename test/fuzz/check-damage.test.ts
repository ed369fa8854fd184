import { expect, it } from 'vitest'
import { describeWith } from '../support/needs.ts'
import { qemuImg } from '../support/qemu-img.ts'
import { compareChecks } from './check-damage.ts'

describeWith([qemuImg], 'checks of randomly damaged images', () => {
  it('find what qemu-img finds', () => {
    const { verdicts, missed } = compareChecks(60, 1)
    expect(missed).toEqual([])
    // The damage hits what both look at, and leaves something to open.
    expect(verdicts['errors/errors']).toBeGreaterThan(10)
    expect(verdicts['clean/clean']).toBeGreaterThan(2)
  })
})
