/**
 * One channel of the 8254. Nothing ticks: count and output are functions of the tick number, so an idle channel costs
 * nothing and cannot drift. Ticks are those of the 1.193182 MHz input clock since power-on; a count written during tick t is
 * loaded at tick t + 1. Source: Intel 82C54 data sheet (231244), "Mode Definitions" and "Operation Common to All Modes".
 */
import { z } from '../../base/schema.ts'

const word = z.int().min(0).max(0xffff)
const tick = z.number()

/** The record of one channel. */
export const channelState = z.strictObject({
  mode: z.int().min(0).max(5),
  /** 1 low byte only, 2 high byte only, 3 low byte then high byte. */
  access: z.int().min(1).max(3),
  bcd: z.boolean(),
  gate: z.boolean(),
  countRegister: word,
  /** The low byte of a count whose high byte is still to come. */
  lowByte: z.int().min(0).max(0xff).nullable(),
  readsHigh: z.boolean(),
  latch: word.nullable(),
  statusLatch: z.int().min(0).max(0xff).nullable(),
  /** Whether the counting element was loaded since the last control word. */
  loaded: z.boolean(),
  /** Whether the count register waits to be loaded. */
  waiting: z.boolean(),
  /** What the counting element shows until it is loaded. */
  idleCount: word,
  /** Tick at which `period` was loaded. */
  startTick: tick,
  period: z.int().min(1).max(0x2_0000),
  /** Ticks counted when counting stopped; null while it goes on. */
  heldTicks: tick.nullable(),
  /** Tick at which a periodic mode takes over a new count; null when none waits for that. */
  switchTick: tick.nullable(),
})
export type ChannelState = z.infer<typeof channelState>

function powerOn(gate: boolean): ChannelState {
  return {
    mode: 0,
    access: 3,
    bcd: false,
    gate,
    countRegister: 0,
    lowByte: null,
    readsHigh: false,
    latch: null,
    statusLatch: null,
    loaded: false,
    waiting: true,
    idleCount: 0,
    startTick: 0,
    period: 0x1_0000,
    heldTicks: null,
    switchTick: null,
  }
}

/** What the output does after a tick: see `I8254Channel.wave`. */
export type TickWave =
  | { readonly kind: 'steady'; readonly high: boolean }
  | { readonly kind: 'step'; readonly high: boolean; readonly atTick: number }
  | { readonly kind: 'square'; readonly startTick: number; readonly period: number; readonly highTicks: number }

/** A counter with its latches. Every method takes the present tick. */
export class I8254Channel {
  readonly #initialGate: boolean
  #state: ChannelState

  constructor(initialGate: boolean) {
    this.#initialGate = initialGate
    this.#state = powerOn(initialGate)
  }

  get mode(): number {
    return this.#state.mode
  }

  reset(): void {
    this.#state = powerOn(this.#initialGate)
  }

  save(): ChannelState {
    return { ...this.#state }
  }

  restore(state: ChannelState): void {
    this.#state = { ...state }
  }

  /** A control word other than latch and read-back commands: bits 5-4 access, 3-1 mode, 0 BCD. */
  program(control: number, now: number): void {
    const state = this.#state
    state.idleCount = this.count(now)
    const mode = (control >> 1) & 7
    state.mode = mode > 5 ? mode - 4 : mode
    state.access = (control >> 4) & 3
    state.bcd = (control & 1) !== 0
    state.lowByte = null
    state.readsHigh = false
    state.latch = null
    state.statusLatch = null
    state.loaded = false
    state.waiting = true
    state.heldTicks = null
    state.switchTick = null
  }

  /** A write to the channel's port. */
  write(value: number, now: number): void {
    const state = this.#state
    if (state.access === 3 && state.lowByte === null) {
      state.lowByte = value
      // In mode 0 the first byte stops counting and takes the output low.
      if (state.mode === 0 && state.loaded) {
        state.idleCount = this.count(now)
        state.loaded = false
      }
      return
    }
    state.countRegister =
      state.access === 1 ? value : state.access === 2 ? value << 8 : (value << 8) | (state.lowByte ?? 0)
    state.lowByte = null
    this.#accept(now)
  }

  /** A read of the channel's port: latched status, latched count or the count itself. */
  read(now: number): number {
    const state = this.#state
    if (state.statusLatch !== null) {
      const status = state.statusLatch
      state.statusLatch = null
      return status
    }
    const value = state.latch ?? this.count(now)
    const high = state.access === 2 || (state.access === 3 && state.readsHigh)
    if (state.access === 3) state.readsHigh = !state.readsHigh
    if (high || state.access === 1) state.latch = null
    return high ? value >> 8 : value & 0xff
  }

  /** Freezes the count for reading; a count that is latched already stays. */
  latchCount(now: number): void {
    this.#state.latch ??= this.count(now)
  }

  /** Freezes the status byte (read-back command): OUT, null count, access, mode, BCD. */
  latchStatus(now: number): void {
    const state = this.#state
    if (state.statusLatch !== null) return
    const output = this.output(now)
    const isNull = state.waiting || now < state.startTick
    state.statusLatch =
      (output ? 0x80 : 0) | (isNull ? 0x40 : 0) | (state.access << 4) | (state.mode << 1) | (state.bcd ? 1 : 0)
  }

  /** Drives GATE. */
  setGate(level: boolean, now: number): void {
    const state = this.#state
    if (level === state.gate) return
    this.#sync(now)
    state.gate = level
    switch (state.mode) {
      case 0:
      case 4:
        if (!state.loaded) break
        if (level) {
          state.startTick = now - (state.heldTicks ?? 0)
          state.heldTicks = null
        } else state.heldTicks = Math.max(now - state.startTick, 0)
        break
      case 2:
      case 3:
        if (level) {
          if (state.loaded) this.#load(now)
        } else if (state.loaded) {
          state.heldTicks = Math.max(now - state.startTick, 0)
          if (state.switchTick !== null) state.switchTick = null
        }
        break
      default:
        if (level && (state.loaded || state.waiting)) this.#load(now)
    }
  }

  /** What the counting element shows, in the chosen code. */
  count(now: number): number {
    this.#sync(now)
    const { loaded, mode, period, bcd, idleCount } = this.#state
    const elapsed = this.#elapsed(now)
    if (!loaded || elapsed < 0) return idleCount
    let value: number
    if (mode === 2) value = period - (elapsed % period)
    else if (mode === 3) {
      const position = elapsed % period
      const high = (period + 1) >> 1
      value = (period & ~1) - 2 * (position < high ? position : position - high)
    } else value = period - elapsed
    return encode(value, bcd)
  }

  /** The OUT pin. */
  output(now: number): boolean {
    this.#sync(now)
    const { loaded, mode, period, gate } = this.#state
    if (!loaded) return mode !== 0
    const elapsed = this.#elapsed(now)
    switch (mode) {
      case 0:
        return elapsed >= period
      case 1:
        return elapsed < 0 || elapsed >= period
      case 2:
        return !gate || elapsed < 0 || elapsed % period !== period - 1
      case 3:
        return !gate || elapsed < 0 || elapsed % period < (period + 1) >> 1
      default:
        return elapsed !== period
    }
  }

  /**
   * The first tick after `after` at which OUT rises, or Infinity. Periodic modes skip rises that come sooner than
   * `leastDistance` ticks, so that a period of two ticks cannot occupy the host.
   */
  nextRise(after: number, leastDistance: number): number {
    this.#sync(after)
    const { loaded, mode, period, heldTicks, startTick, switchTick } = this.#state
    if (!loaded || heldTicks !== null) return Number.POSITIVE_INFINITY
    if (mode !== 2 && mode !== 3) {
      const rise = startTick + period + (mode >= 4 ? 1 : 0)
      return rise > after ? rise : Number.POSITIVE_INFINITY
    }
    if (period === 1 && switchTick === null) return Number.POSITIVE_INFINITY
    const rise = startTick + (Math.max(Math.floor((after - startTick) / period), 0) + 1) * period
    if (switchTick !== null) {
      if (rise <= switchTick) return rise
      const next = this.#effective()
      return switchTick + next - ((next + 1) >> 1)
    }
    const skipped = Math.ceil((leastDistance - (rise - after)) / period)
    return skipped > 0 ? rise + skipped * period : rise
  }

  /** What OUT does after `now` if nobody touches the channel. The one-tick strobes of modes 4 and 5 are left out. */
  wave(now: number): TickWave {
    this.#sync(now)
    const { loaded, mode, heldTicks, startTick, switchTick, period, gate } = this.#state
    const high = this.output(now)
    if (mode === 2 || mode === 3) {
      const cycle = switchTick === null ? period : this.#effective()
      if (!loaded || !gate || heldTicks !== null || cycle === 1) return { kind: 'steady', high }
      const highTicks = mode === 2 ? cycle - 1 : (cycle + 1) >> 1
      return {
        kind: 'square',
        startTick: switchTick === null ? startTick : this.#switchStart(switchTick),
        period: cycle,
        highTicks,
      }
    }
    if (mode >= 4) return { kind: 'steady', high: true }
    const end = startTick + period
    if (!loaded || heldTicks !== null || now >= end) return { kind: 'steady', high }
    return { kind: 'step', high: false, atTick: end }
  }

  /** A complete count has arrived. */
  #accept(now: number): void {
    const state = this.#state
    this.#sync(now)
    state.waiting = true
    switch (state.mode) {
      case 0:
      case 4:
        this.#load(now)
        break
      case 2:
      case 3:
        if (!state.loaded || this.#elapsed(now) < 0) this.#load(now)
        else if (state.heldTicks === null) state.switchTick = this.#nextBoundary(now)
        break
      // Modes 1 and 5 wait for the gate.
    }
  }

  /** Loads the count register at the next tick. */
  #load(now: number): void {
    const state = this.#state
    state.idleCount = this.count(now)
    state.startTick = now + 1
    state.period = this.#effective()
    state.loaded = true
    state.waiting = false
    state.switchTick = null
    const stops = state.mode === 1 || state.mode === 5 ? false : !state.gate
    state.heldTicks = stops ? 0 : null
  }

  /** The end of the present cycle (mode 2) or half cycle (mode 3). */
  #nextBoundary(now: number): number {
    const { mode, period, startTick } = this.#state
    const position = (now - startTick) % period
    const cycleStart = now - position
    const high = (period + 1) >> 1
    return mode === 3 && position < high ? cycleStart + high : cycleStart + period
  }

  /** Where the cycle of the new count (as if it had always run) begins, when it takes over at `switchTick`. */
  #switchStart(switchTick: number): number {
    const { mode, period, startTick } = this.#state
    if (mode === 2 || (switchTick - startTick) % period === 0) return switchTick
    return switchTick - ((this.#effective() + 1) >> 1) // the high half has ended: the low half follows
  }

  /** Lets a waiting count take over when its time has come. */
  #sync(now: number): void {
    const state = this.#state
    if (state.switchTick === null || state.switchTick > now) return
    state.startTick = this.#switchStart(state.switchTick)
    state.period = this.#effective()
    state.waiting = false
    state.switchTick = null
  }

  #elapsed(now: number): number {
    return this.#state.heldTicks ?? now - this.#state.startTick
  }

  /** The count register as a number of ticks: 0 stands for the largest count. */
  #effective(): number {
    const { countRegister, bcd } = this.#state
    if (!bcd) return countRegister || 0x1_0000
    const digits = (countRegister >> 12) * 1000 + ((countRegister >> 8) & 15) * 100 + ((countRegister >> 4) & 15) * 10
    return digits + (countRegister & 15) || 10_000
  }
}

function encode(value: number, bcd: boolean): number {
  if (!bcd) return value & 0xffff
  let rest = ((value % 10_000) + 10_000) % 10_000
  let digits = 0
  for (let shift = 0; shift < 16; shift += 4) {
    digits |= (rest % 10) << shift
    rest = Math.floor(rest / 10)
  }
  return digits
}
