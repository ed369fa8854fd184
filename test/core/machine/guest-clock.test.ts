import { describe, expect, test } from 'vitest'
import { HostClock } from '../../../core/machine/guest-clock.ts'
import { Random } from '../../support/random.ts'

/** A host and a guest on it, of which every query takes some time. */
function bench(seed: number) {
  const random = new Random(seed)
  const host = { ns: 1e9, instructions: 0 }
  const clock = new HostClock(
    () => host.ns,
    () => host.instructions,
  )
  /** The guest executes, for `ns` of the host's time, and asks. */
  const ask = (instructions: number, ns: number) => {
    host.instructions += instructions
    host.ns += ns
    return clock.nowNs()
  }
  return { random, host, clock, ask }
}

describe('the clock of the host, as a guest sees it', () => {
  test.each([100, 400, 3000])('goes evenly in a loop that waits, whose turn takes %i ns', (turnNs) => {
    const { random, host, clock, ask } = bench(turnNs)
    clock.executing = true
    ask(1_000_000, 5e6)
    // What a query costs is found out in the first of them.
    for (let i = 0; i < 500; i++) ask(12, turnNs)
    let last = clock.nowNs()
    const steps: number[] = []
    for (let i = 0; i < 40_000; i++) {
      // Between slices the run loop asks, too.
      if (i % 1000 === 999) {
        clock.executing = false
        expect(clock.nowNs()).toBeGreaterThanOrEqual(last)
        clock.executing = true
      }
      const now = ask(12, turnNs * (0.7 + random.below(60) / 100))
      steps.push(now - last)
      last = now
    }
    // As Linux wants of what it calibrates its time-stamp counter with (pit_calibrate_tsc): no step ten times the smallest.
    expect(Math.min(...steps)).toBeGreaterThan(0)
    expect(Math.max(...steps) / Math.min(...steps)).toBeLessThan(10)
    expect(Math.abs(host.ns - 1e9 - last)).toBeLessThan(20_000)
  })

  test("is the host's after a stretch of other code, at rest, and when it was held up for long", () => {
    const { host, clock, ask } = bench(1)
    const origin = 1e9
    clock.executing = true
    expect(ask(50_000, 3e6)).toBe(host.ns - origin)
    for (let i = 0; i < 100; i++) ask(10, 300)
    clock.executing = false
    host.ns += 1e6
    expect(clock.nowNs()).toBe(host.ns - origin)
    host.ns += 1000
    expect(clock.nowNs()).toBe(host.ns - origin)
    clock.executing = true
    for (let i = 0; i < 100; i++) ask(10, 300)
    for (let i = 0; i < 20; i++) ask(10, 6e6)
    expect(host.ns - origin - clock.nowNs()).toBeLessThan(16 * 6e6)
  })

  test('never goes backwards', () => {
    const { random, host, clock } = bench(7)
    let last = 0
    for (let i = 0; i < 50_000; i++) {
      host.instructions += random.below(4) ? random.below(40) : random.below(5000)
      host.ns += random.below(200) ? random.below(900) : random.below(20_000_000)
      clock.executing = random.below(20) > 0
      const now = clock.nowNs()
      expect(now).toBeGreaterThanOrEqual(last)
      last = now
    }
    expect(host.ns - 1e9 - last).toBeLessThan(20_000_000)
  })
})
