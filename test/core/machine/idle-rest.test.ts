/** How long an idle guest rests with the host's clock. */
import { describe, expect, it } from 'vitest'
import type { Cpu } from '../../../core/cpu/exec/cpu.ts'
import { HostClock } from '../../../core/machine/guest-clock.ts'
import { RunLoop } from '../../../core/machine/run-loop.ts'
import { TimerQueue } from '../../../core/time/timer-queue.ts'

const TICK_NS = 4_000_000

/** A guest that arms a timer of 4 ms, halts, and executes `work` instructions each time it is woken. */
function createGuest(patient: boolean) {
  let nowNs = 0
  const guest = { work: 4000, pending: false }
  const cpu = {
    instructions: 0,
    halted: false,
    get interruptDeliverable() {
      return guest.pending
    },
    run() {
      cpu.instructions += guest.work
      cpu.halted = true
      guest.pending = false
      tick.arm(nowNs + TICK_NS)
    },
    stopSlice() {},
  }
  const clock = new HostClock(
    () => nowNs,
    () => cpu.instructions,
  )
  const timers = new TimerQueue(clock)
  const tick = timers.create('tick', () => {
    guest.pending = true
  })
  tick.patient = patient
  const loop = new RunLoop({
    cpu: cpu as unknown as Cpu,
    timers,
    clock,
    hostNowNs: () => nowNs,
    resetAll() {},
    resetCpu() {},
  })
  const other = timers.create('other', () => {})
  return {
    guest,
    other,
    /** Runs until the guest rests, sleeps, and returns for how long. */
    rest(): number {
      const end = loop.runSlice(2_000_000)
      expect(end.reason).toBe('halted')
      const sleptNs = end.wakeNs - nowNs
      nowNs = end.wakeNs
      return sleptNs
    },
  }
}

describe('An idle guest', () => {
  it('that only looks at its clock is woken less often after a while', () => {
    const { rest } = createGuest(true)
    const rests = Array.from({ length: 120 }, rest)
    expect(rests.slice(0, 99)).toEqual(new Array(99).fill(TICK_NS))
    expect(rests.slice(100)).toEqual(new Array(20).fill(25_000_000))
  })

  it('is woken in time when its ticks would be lost', () => {
    const { rest } = createGuest(false)
    expect(Array.from({ length: 150 }, rest)).toEqual(new Array(150).fill(TICK_NS))
  })

  it('is woken for every other timer', () => {
    const { rest, other } = createGuest(true)
    for (let i = 0; i < 120; i++) rest()
    other.armAfter(5_000_000)
    expect(rest()).toBe(5_000_000)
  })

  it('that works is woken in time again', () => {
    const { rest, guest } = createGuest(true)
    for (let i = 0; i < 120; i++) rest()
    guest.work = 50_000
    const rests = Array.from({ length: 10 }, rest)
    expect(rests.slice(4)).toEqual(new Array(6).fill(TICK_NS))
  })
})
