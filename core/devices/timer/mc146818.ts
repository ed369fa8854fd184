/**
 * The MC146818 real-time clock and its 128 bytes of CMOS RAM at ports 70h and 71h. The calendar is brought up to date when
 * somebody looks, so that a clock nobody reads costs nothing; a timer runs only while an interrupt is enabled and not yet
 * given. Bit 7 of port 70h masks NMI. Source: Motorola MC146818A data sheet; IBM PC/AT Technical Reference for the RAM.
 *
 * Deliberately unlike the data sheet: setting SET does not clear UIE, because OS/2 loses its clock otherwise.
 * Unsupported: daylight saving (DSE is kept without effect), crystals other than 32.768 kHz (the clock stands), the SQW pin.
 */
import { parseWith, z } from '../../base/schema.ts'
import type { InterruptLine } from '../../bus/interrupt-line.ts'
import { TickScale } from '../../time/tick-scale.ts'
import type { Timer } from '../../time/timer-queue.ts'
import { type Device, type DeviceContext, defineDevice, type StateRecord } from '../device.ts'
import { advanceCalendar, readCalendar, TIME, type TimeFormat, writeCalendar } from './rtc-calendar.ts'

const RAM_BYTES = 128
const REGISTER = { A: 0x0a, B: 0x0b, C: 0x0c, D: 0x0d } as const
const A = { RATE: 0x0f, DIVIDER: 0x70, RUNNING: 0x20, UPDATE_IN_PROGRESS: 0x80 } as const
const B = {
  HOURS_24: 0x02,
  BINARY: 0x04,
  SQUARE_WAVE: 0x08,
  UPDATE: 0x10,
  ALARM: 0x20,
  PERIODIC: 0x40,
  SET: 0x80,
} as const
/** Flags have the places of their enables in B; bit 7 is the sum. */
const C = { UPDATE: 0x10, ALARM: 0x20, PERIODIC: 0x40, INTERRUPT: 0x80 } as const
/** The battery is good. */
const D_VALID = 0x80

const SECOND_NS = 1_000_000_000
/** UIP rises 244 µs before an update, which takes 1984 µs with a 32.768 kHz crystal. */
const UPDATE_WARNING_NS = 2_228_000
const CRYSTAL_HZ = 32_768
const MINUTE_MS = 60_000

const options = z.strictObject({
  startEpochMs: z.int().default(946_684_800_000).meta({
    title: 'Time at power-on',
    description:
      'Milliseconds since 1970-01-01 UTC. The machine passes the present time unless the user fixed another.',
  }),
  offsetMinutes: z.int().min(-1440).max(1440).default(0).meta({
    title: 'Offset from UTC in minutes',
    description: 'DOS, Windows and OS/2 keep local time in this clock; 0 suits Unix systems, which keep UTC.',
  }),
})
/** Where the clock begins. */
export type Mc146818Options = z.infer<typeof options>

const stateSchema = z.strictObject({
  index: z.int().min(0).max(0xff),
  ram: z.instanceof(Uint8Array),
  chainStartNs: z.number(),
  updates: z.number(),
  periods: z.number(),
  deadlineNs: z.number().nullable(),
})

/** The machine's clock and CMOS RAM. */
export class Mc146818 implements Device {
  /** Called when bit 7 of port 70h changes: whether non-maskable interrupts are held off. */
  onNmiMask: (masked: boolean) => void = () => {}
  readonly #context: DeviceContext
  readonly #irq: InterruptLine
  readonly #timer: Timer
  readonly #scale = new TickScale(CRYSTAL_HZ)
  readonly #ram = new Uint8Array(RAM_BYTES)
  readonly #release: () => void
  #index = 0
  /** When the divider chain left its reset; the first update is half a second later. */
  #chainStartNs = 0
  /** Updates and periodic ticks of the chain that the registers have seen. */
  #updates = 0
  #periods = 0

  constructor(context: DeviceContext, settings: Mc146818Options) {
    this.#context = context
    this.#irq = context.irq(8)
    this.#timer = context.timers.create('mc146818', () => this.#settle())
    this.#ram[REGISTER.A] = 0x26
    this.#ram[REGISTER.B] = B.HOURS_24
    this.#ram[REGISTER.D] = D_VALID
    this.setClock(settings.startEpochMs + settings.offsetMinutes * MINUTE_MS)
    this.#release = context.ports.register(0x70, 2, {
      read8: (port) => (port === 0x71 ? this.#read(this.#index & 0x7f) : 0xff),
      write8: (port, value) => (port === 0x71 ? this.#write(this.#index & 0x7f, value) : this.#select(value)),
    })
  }

  /** Whether the guest holds off non-maskable interrupts. */
  get nmiMasked(): boolean {
    return (this.#index & 0x80) !== 0
  }

  /** What the calendar shows: milliseconds since 1970-01-01T00:00 in the guest's own zone. */
  get clockMs(): number {
    this.#catchUp()
    return readCalendar(this.#ram, this.#format)
  }

  /** Sets the calendar, also between seconds, as after a machine was paused or restored. */
  setClock(ms: number): void {
    writeCalendar(this.#ram, ms, this.#format)
    const fractionNs = (ms - Math.floor(ms / 1000) * 1000) * 1_000_000
    this.#startChain(this.#context.clock.nowNs() - fractionNs - SECOND_NS / 2)
    this.#settle()
  }

  /** A byte of CMOS RAM, without the effects of a guest's read. `address` is 0 to 127. */
  readRam(address: number): number {
    return this.#ram[address & 0x7f]
  }

  /** Fills a byte of CMOS RAM before power-on (cmos-layout.ts says with what). The clock's own registers are left alone. */
  writeRam(address: number, value: number): void {
    const place = address & 0x7f
    if (place > REGISTER.D && place !== TIME.CENTURY) this.#ram[place] = value
  }

  /** The RESET pin: interrupts off and forgotten; time and RAM go on. */
  reset(): void {
    this.#catchUp()
    this.#ram[REGISTER.B] &= ~(B.PERIODIC | B.ALARM | B.UPDATE | B.SQUARE_WAVE)
    this.#ram[REGISTER.C] = 0
    this.#select(0)
    this.#settle()
  }

  save(): StateRecord {
    return {
      index: this.#index,
      ram: this.#ram.slice(),
      chainStartNs: this.#chainStartNs,
      updates: this.#updates,
      periods: this.#periods,
      deadlineNs: this.#timer.armed ? this.#timer.deadlineNs : null,
    }
  }

  restore(record: StateRecord): void {
    const state = parseWith(stateSchema, record, 'State of the real-time clock', 'state/corrupt')
    this.#ram.set(state.ram.subarray(0, RAM_BYTES))
    this.#chainStartNs = state.chainStartNs
    this.#updates = state.updates
    this.#periods = state.periods
    this.#timer.cancel()
    if (state.deadlineNs !== null) this.#timer.arm(state.deadlineNs)
    this.#irq.set((this.#ram[REGISTER.C] & C.INTERRUPT) !== 0)
    this.#select(state.index)
  }

  dispose(): void {
    this.#timer.cancel()
    this.#release()
  }

  get #format(): TimeFormat {
    const b = this.#ram[REGISTER.B]
    return { binary: (b & B.BINARY) !== 0, hours24: (b & B.HOURS_24) !== 0 }
  }

  get #running(): boolean {
    return (this.#ram[REGISTER.A] & A.DIVIDER) === A.RUNNING
  }

  #select(value: number): void {
    const changed = (this.#index ^ value) & 0x80
    this.#index = value
    if (changed) this.onNmiMask(this.nmiMasked)
  }

  #read(register: number): number {
    if (register > REGISTER.C && register !== TIME.CENTURY) return this.#ram[register]
    this.#settle()
    const value = this.#ram[register]
    if (register === REGISTER.A) return value | (this.#updateInProgress() ? A.UPDATE_IN_PROGRESS : 0)
    if (register === REGISTER.C) {
      this.#ram[REGISTER.C] = 0
      this.#settle()
    }
    return value
  }

  #write(register: number, value: number): void {
    this.#catchUp()
    switch (register) {
      case TIME.SECONDS:
        this.#ram[register] = value & 0x7f
        break
      case REGISTER.A:
        this.#writeA(value & 0x7f)
        break
      case REGISTER.C:
      case REGISTER.D:
        return
      default:
        this.#ram[register] = value
    }
    if (register < REGISTER.C) this.#settle()
  }

  #writeA(value: number): void {
    const wasRunning = this.#running
    this.#ram[REGISTER.A] = value
    if (this.#running && !wasRunning) this.#startChain(this.#context.clock.nowNs())
    else this.#periods = this.#countPeriods()
  }

  #startChain(atNs: number): void {
    this.#chainStartNs = atNs
    this.#updates = this.#countUpdates()
    this.#periods = this.#countPeriods()
  }

  #updateInProgress(): boolean {
    if (!this.#running || this.#ram[REGISTER.B] & B.SET) return false
    return this.#updateNs(this.#updates + 1) - this.#context.clock.nowNs() <= UPDATE_WARNING_NS
  }

  /** When update number `update` of the chain is complete. */
  #updateNs(update: number): number {
    return this.#chainStartNs + SECOND_NS / 2 + update * SECOND_NS
  }

  #countUpdates(): number {
    return Math.floor((this.#context.clock.nowNs() - this.#chainStartNs - SECOND_NS / 2) / SECOND_NS)
  }

  /** Crystal periods between two periodic interrupts, or 0 for none (data sheet, table 3: rates 1 and 2 repeat 8 and 9). */
  #periodTicks(): number {
    const rate = this.#ram[REGISTER.A] & A.RATE
    if (rate === 0) return 0
    return 1 << ((rate < 3 ? rate + 7 : rate) - 1)
  }

  #countPeriods(): number {
    const period = this.#periodTicks()
    if (period === 0) return 0
    return Math.floor(this.#scale.ticksAt(this.#context.clock.nowNs() - this.#chainStartNs) / period)
  }

  /** Brings calendar and flags to the present. */
  #catchUp(): void {
    if (!this.#running) return
    const ram = this.#ram
    const periods = this.#countPeriods()
    if (periods !== this.#periods) ram[REGISTER.C] |= C.PERIODIC
    this.#periods = periods
    const updates = this.#countUpdates()
    const seconds = updates - this.#updates
    this.#updates = updates
    if (seconds <= 0 || ram[REGISTER.B] & B.SET) return
    const alarm = advanceCalendar(ram, seconds, this.#format)
    ram[REGISTER.C] |= C.UPDATE | (alarm ? C.ALARM : 0)
  }

  /** Brings everything to the present, drives IRQ8 and arms the timer for the next flag that would interrupt. */
  #settle(): void {
    this.#catchUp()
    const ram = this.#ram
    const enabled = ram[REGISTER.B] & (B.UPDATE | B.ALARM | B.PERIODIC)
    if (ram[REGISTER.C] & enabled) ram[REGISTER.C] |= C.INTERRUPT
    else ram[REGISTER.C] &= ~C.INTERRUPT
    this.#irq.set((ram[REGISTER.C] & C.INTERRUPT) !== 0)
    const deadlineNs = this.#nextInterruptNs(enabled & ~ram[REGISTER.C])
    if (deadlineNs === Number.POSITIVE_INFINITY) this.#timer.cancel()
    else this.#timer.arm(deadlineNs)
  }

  /** When the first of `wanted` flags may rise next. */
  #nextInterruptNs(wanted: number): number {
    let deadlineNs = Number.POSITIVE_INFINITY
    if (!this.#running) return deadlineNs
    const period = this.#periodTicks()
    if (wanted & C.PERIODIC && period > 0)
      deadlineNs = this.#chainStartNs + this.#scale.nsAt((this.#periods + 1) * period)
    if (wanted & (C.UPDATE | C.ALARM) && !(this.#ram[REGISTER.B] & B.SET))
      deadlineNs = Math.min(deadlineNs, this.#updateNs(this.#updates + 1))
    return deadlineNs
  }
}

export const mc146818 = defineDevice({
  id: 'mc146818',
  label: 'Motorola MC146818 clock and CMOS RAM',
  role: 'timer',
  version: 1,
  options,
  create: (context, settings) => new Mc146818(context, settings),
})
