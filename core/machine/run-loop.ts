/**
 * Runs the processor in slices that end at the next timer deadline, fires timers, and carries out what devices ask of the
 * whole machine. Everything that decides when guest code runs is here.
 */
import { parseWith, z } from '../base/schema.ts'
import type { Cpu } from '../cpu/exec/cpu.ts'
import type { MachineAction } from '../devices/device.ts'
import type { StateRecord } from '../state/state-value.ts'
import type { TimerQueue } from '../time/timer-queue.ts'
import type { GuestClock } from './guest-clock.ts'
import type { SliceEnd } from './machine.ts'

/** Longest run of guest code without a look at the host clock, in nanoseconds of the guest's time. */
const LONGEST_RUN_NS = 500_000
const LEAST_INSTRUCTIONS = 64
/** A guest that has executed less between two rests has only looked at its clock. */
const LOOK_INSTRUCTIONS = 20_000
/** Looks after which it idles, how many it may have saved up, and what one that did more costs. */
const IDLE_LOOKS = 100
const MOST_LOOKS = 250
const WORK_LOOKS = 10
/** How long an idle guest rests although a patient timer is due: 250 looks a second cost the host more than they tell the guest. */
const IDLE_REST_NS = 25_000_000
/** What they take at most. */
const LEAST_NS = 1000

const stateSchema = z.strictObject({
  actions: z.array(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.enum(['reset', 'power-off', 'cpu-reset']) }),
      z.strictObject({ kind: z.literal('exit'), value: z.int() }),
    ]),
  ),
  idleUntilNs: z.number(),
  haltedNs: z.number(),
  /** Infinity where nothing is armed. */
  nextDeadlineNs: z.union([z.number(), z.literal(Number.POSITIVE_INFINITY)]),
})

export interface RunLoopParts {
  readonly cpu: Cpu
  readonly timers: TimerQueue
  readonly clock: GuestClock
  hostNowNs(): number
  /** RESET# to every device and the processor. */
  resetAll(): void
  /** The processor alone. */
  resetCpu(): void
}

export class RunLoop {
  readonly #parts: RunLoopParts
  readonly #end: SliceEnd = { reason: 'ran', wakeNs: 0, exitValue: 0 }
  readonly #actions: MachineAction[] = []
  #running = false
  /** When the present run of guest code ends at the latest. */
  #limitNs = 0
  /** The guest is known to wait until then (or an interrupt): a hint of the firmware. */
  #idleUntilNs = 0
  haltedNs = 0
  /** Instructions executed since the last rest, and how many of the last rests ended for a look only. */
  #sinceRest = 0
  #looks = 0
  /** When the last slice ended at rest; -1 when it did not. */
  #restingSinceNs = -1
  slices = 0

  constructor(parts: RunLoopParts) {
    this.#parts = parts
    parts.timers.onEarlierDeadline = () => {
      // One behind the end of this run is seen in time.
      if (this.#running && parts.timers.nextDeadlineNs() < this.#limitNs) parts.cpu.stopSlice()
    }
  }

  /** Carries out `action` at the end of the current instruction. */
  request(action: MachineAction): void {
    this.#actions.push(action)
    if (this.#running) this.#parts.cpu.stopSlice()
  }

  /** The guest does nothing but wait: it may rest for `ns`, or until an interrupt comes. */
  idle(ns: number): void {
    this.#idleUntilNs = this.#parts.clock.nowNs() + ns
    if (this.#running) this.#parts.cpu.stopSlice()
  }

  /** See Machine.runSlice. */
  runSlice(budgetNs: number): SliceEnd {
    const { clock, timers, cpu, hostNowNs } = this.#parts
    const end = this.#end
    end.reason = 'ran'
    this.#countRest(clock.nowNs())
    const untilNs = clock.nowNs() + budgetNs
    const hostUntilNs = hostNowNs() + budgetNs
    do {
      timers.poll()
      if (this.#obey()) return end
      const nowNs = clock.nowNs()
      if (this.#waits(nowNs)) {
        if (this.#rest(nowNs, untilNs)) return end
        continue
      }
      this.#idleUntilNs = 0
      const limitNs = Math.min(
        timers.nextDeadlineNs(),
        nowNs + LONGEST_RUN_NS,
        clock.virtual ? untilNs : Number.POSITIVE_INFINITY,
      )
      this.#execute(cpu, clock, nowNs, limitNs)
    } while (clock.virtual ? clock.nowNs() < untilNs : hostNowNs() < hostUntilNs)
    this.#obey()
    return end
  }

  save(): StateRecord {
    return {
      actions: this.#actions.map((action) => ({ ...action })),
      idleUntilNs: this.#idleUntilNs,
      haltedNs: this.haltedNs,
      nextDeadlineNs: this.#parts.timers.nextDeadlineNs(),
    }
  }

  /** After every device has armed its timers. */
  restore(record: StateRecord): void {
    const state = parseWith(stateSchema, record, 'State of the run loop', 'state/corrupt')
    this.#actions.splice(0, this.#actions.length, ...state.actions)
    this.#idleUntilNs = state.idleUntilNs
    this.haltedNs = state.haltedNs
    this.#restingSinceNs = -1
    this.#parts.timers.restoreNextDeadline(state.nextDeadlineNs)
  }

  /** With the host's clock the time at rest passes between slices. */
  #countRest(nowNs: number): void {
    if (this.#restingSinceNs < 0) return
    this.haltedNs += Math.max(0, nowNs - this.#restingSinceNs)
    this.#restingSinceNs = -1
  }

  /** Whether no guest code can run: halted, or resting by the firmware's hint, with nothing to wake it. */
  #waits(nowNs: number): boolean {
    const { cpu } = this.#parts
    return (cpu.halted || this.#idleUntilNs > nowNs) && !cpu.interruptDeliverable
  }

  /** Lets a waiting guest's time pass. Returns true when the slice is over. */
  #rest(nowNs: number, untilNs: number): boolean {
    const { clock, timers, cpu } = this.#parts
    const wakeNs = Math.min(timers.nextDeadlineNs(), cpu.halted ? Number.POSITIVE_INFINITY : this.#idleUntilNs)
    const end = this.#end
    if (clock.virtual && wakeNs !== Number.POSITIVE_INFINITY) {
      const toNs = Math.min(wakeNs, untilNs)
      this.haltedNs += Math.max(0, toNs - nowNs)
      clock.skipTo(toNs)
      return wakeNs >= untilNs
    }
    if (wakeNs <= nowNs) return false
    end.reason = 'halted'
    end.wakeNs = Math.max(wakeNs, this.#idleWakeNs(nowNs))
    this.#restingSinceNs = nowNs
    return true
  }

  /** Until when a guest may rest that does nothing but look at its clock; 0 for one that does more. */
  #idleWakeNs(nowNs: number): number {
    const { timers, cpu } = this.#parts
    const looked = this.#sinceRest <= LOOK_INSTRUCTIONS
    this.#looks = looked ? Math.min(this.#looks + 1, MOST_LOOKS) : Math.max(0, this.#looks - WORK_LOOKS)
    this.#sinceRest = 0
    cpu.idles = this.#looks >= IDLE_LOOKS
    if (!cpu.halted || this.#looks < IDLE_LOOKS) return 0
    return Math.min(nowNs + IDLE_REST_NS, timers.nextImpatientNs())
  }

  #execute(cpu: Cpu, clock: GuestClock, nowNs: number, limitNs: number): void {
    const budget = Math.max(LEAST_INSTRUCTIONS, clock.instructionsIn(limitNs - nowNs))
    const before = cpu.instructions
    this.#running = true
    this.#limitNs = Math.max(limitNs, nowNs + LEAST_NS)
    clock.executing = true
    try {
      cpu.run(budget)
    } finally {
      this.#running = false
      clock.executing = false
    }
    this.slices++
    this.#sinceRest += cpu.instructions - before
    if (!clock.virtual) clock.observe(cpu.instructions - before, clock.nowNs() - nowNs)
  }

  /** Carries out requested actions; true when the machine ends. */
  #obey(): boolean {
    for (let action = this.#actions.shift(); action; action = this.#actions.shift()) {
      if (action.kind === 'reset') this.#parts.resetAll()
      else if (action.kind === 'cpu-reset') this.#parts.resetCpu()
      else if (action.kind === 'power-off') this.#end.reason = 'power-off'
      else {
        this.#end.reason = 'exit'
        this.#end.exitValue = action.value
      }
      if (this.#end.reason !== 'ran') return true
    }
    return false
  }
}
