import { describe, expect, it } from 'vitest'
import { TickScale } from '../../../core/time/tick-scale.ts'
import { Random } from '../../support/random.ts'

describe('TickScale', () => {
  it('counts exactly as many ticks a second as the frequency says, even after a hundred days', () => {
    const scale = new TickScale(1_193_182)
    expect(scale.ticksAt(999_999_999)).toBe(1_193_181)
    expect(scale.ticksAt(1_000_000_000)).toBe(1_193_182)
    expect(scale.ticksAt(8_640_000_000_000_000)).toBe(1_193_182 * 8_640_000)
  })

  it('gives for each tick the first nanosecond at which it has passed', () => {
    const random = new Random(3)
    for (const hz of [1_193_182, 32_768, 3_579_545, 115_200]) {
      const scale = new TickScale(hz)
      for (let i = 0; i < 5000; i++) {
        const tick = random.below(hz * 1000) * (i % 2 === 0 ? 1 : 8000) + i
        const ns = scale.nsAt(tick)
        expect(scale.ticksAt(ns)).toBe(tick)
        if (ns > 0) expect(scale.ticksAt(ns - 1)).toBe(tick - 1)
      }
    }
  })
})
