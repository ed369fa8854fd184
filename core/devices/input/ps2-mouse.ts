/**
 * A PS/2 mouse with three buttons and, once a driver has knocked with sample rates, a wheel (IntelliMouse, id 3) and two more
 * buttons (id 4). Movement adds up until it can be sent (IBM PS/2 Hardware Interface Technical Reference, mouse).
 */
import { z } from '../../base/schema.ts'
import type { Timer, TimerQueue } from '../../time/timer-queue.ts'
import { MouseMotion, motionState } from './mouse-motion.ts'
import type { Ps2Device } from './ps2-port.ts'
import { Ps2Queue } from './ps2-port.ts'

const ACK = 0xfa
const RESEND = 0xfe
const NACK = 0xfc
const SELF_TEST_PASSED = 0xaa
const CAPACITY = 16
/** Period of reports when the mouse may be faster than the guest asks for. */
const FAST_PERIOD_NS = 5_000_000

/** The record of a mouse. */
export const mouseState = z.strictObject({
  queue: z.strictObject({ answers: z.array(z.int()), events: z.array(z.int()) }),
  command: z.int(),
  id: z.int(),
  rates: z.array(z.int()),
  sampleRate: z.int(),
  resolution: z.int(),
  scaling: z.boolean(),
  remote: z.boolean(),
  wrap: z.boolean(),
  reporting: z.boolean(),
  buttons: z.int(),
  motion: motionState,
  nextReportNs: z.number(),
  reportAtNs: z.number().nullable(),
  last: z.int(),
})
export type MouseState = z.infer<typeof mouseState>

/**
 * A mouse on a PS/2 port. The host's movements are counts whatever resolution the guest sets, because they follow the host's
 * pointer and not a table; the resolution is only reported.
 */
export class Ps2Mouse implements Ps2Device {
  onData: () => void = () => {}
  readonly #queue = new Ps2Queue(CAPACITY)
  readonly #report: Timer
  #command = 0
  #id = 0
  /** The last three sample rates set: 200 100 80 turns the wheel on, 200 200 80 the extra buttons. */
  #rates: number[] = []
  #sampleRate = 100
  #resolution = 2
  #scaling = false
  #remote = false
  #wrap = false
  #reporting = false
  #buttons = 0
  readonly #motion = new MouseMotion()
  /** Before this instant no report is sent. */
  #nextReportNs = 0
  #last = 0
  readonly #fast: boolean
  readonly #timers: TimerQueue

  constructor(timers: TimerQueue, fast: boolean) {
    this.#timers = timers
    this.#fast = fast
    this.#report = timers.create('mouse report', () => this.#sendReport())
  }

  reset(): void {
    this.#queue.clear()
    this.#command = 0
    this.#id = 0
    this.#rates = []
    this.#wrap = false
    this.#defaults()
  }

  #defaults(): void {
    this.#sampleRate = 100
    this.#resolution = 2
    this.#scaling = false
    this.#remote = false
    this.#reporting = false
    this.#motion.clear(this.#buttons)
    this.#report.cancel()
  }

  /** Movement and changes that the guest has not been told, as a count (0: none). */
  get pending(): number {
    return this.#queue.events + (this.#motion.hasChange ? 1 : 0)
  }

  /** Whether the guest wants to hear of movements. */
  get listening(): boolean {
    return this.#reporting || this.#remote
  }

  // The user's side

  /** Movement in counts; y grows downwards. */
  move(dx: number, dy: number): void {
    if (!this.listening) return
    this.#motion.move(dx, -dy)
    this.#schedule()
  }

  /** Wheel detents; positive towards the user. */
  wheel(detents: number): void {
    if (!this.listening || this.#id === 0) return
    this.#motion.wheel(detents)
    this.#schedule()
  }

  /** Button bits: 1 left, 2 right, 4 middle, 8 and 16 the extra ones. */
  setButtons(buttons: number): void {
    this.#buttons = buttons & (this.#id === 4 ? 0x1f : 7)
    if (!this.listening) return
    this.#motion.setButtons(this.#buttons)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#remote || !this.#reporting || this.#report.armed || !this.#motion.hasChange) return
    this.#report.arm(Math.max(this.#timers.clock.nowNs(), this.#nextReportNs))
  }

  #sendReport(): void {
    // A report that the guest has not read yet delays the next; its last byte asks again.
    if (!this.#reporting || this.#remote || !this.#motion.hasChange || this.#queue.events > 0) return
    const periodNs = 1e9 / this.#sampleRate
    this.#nextReportNs = this.#timers.clock.nowNs() + (this.#fast ? Math.min(periodNs, FAST_PERIOD_NS) : periodNs)
    this.#queue.event(this.#packet())
    this.onData()
  }

  /** Takes as much of the movement as one packet holds. */
  #packet(): number[] {
    const isDoubled = this.#scaling && !this.#remote
    const { x, y, z, buttons, overflow } = this.#motion.take(isDoubled ? 127 : 255, this.#id === 4 ? 7 : 127)
    const dx = isDoubled ? double(x) : x
    const dy = isDoubled ? double(y) : y
    const signs = (dx < 0 ? 0x10 : 0) | (dy < 0 ? 0x20 : 0)
    const packet = [8 | (buttons & 7) | signs | overflow, dx & 0xff, dy & 0xff]
    if (this.#id === 3) packet.push(z & 0xff)
    if (this.#id === 4) packet.push((z & 15) | ((buttons & 0x18) << 1))
    return packet
  }

  // The controller's side

  take(): number {
    const byte = this.#queue.take()
    if (byte < 0) return byte
    this.#last = byte
    if (this.#queue.empty) this.#schedule()
    return byte
  }

  receive(byte: number): void {
    if (this.#wrap && byte !== 0xff && byte !== 0xec) this.#queue.answer(byte)
    else if (this.#command) this.#parameter(byte)
    else this.#start(byte)
    if (!this.#queue.empty) this.onData()
  }

  #start(command: number): void {
    const queue = this.#queue
    // A command ends a report that is under way.
    queue.clearEvents()
    switch (command) {
      case 0xe6:
      case 0xe7:
        this.#scaling = command === 0xe7
        return queue.answer(ACK)
      case 0xe8:
      case 0xf3:
        this.#command = command
        return queue.answer(ACK)
      case 0xe9: {
        const buttons = (this.#buttons & 1 ? 4 : 0) | (this.#buttons & 2 ? 1 : 0) | (this.#buttons & 4 ? 2 : 0)
        const mode = (this.#remote ? 0x40 : 0) | (this.#reporting ? 0x20 : 0) | (this.#scaling ? 0x10 : 0)
        return queue.answer(ACK, mode | buttons, this.#resolution, this.#sampleRate)
      }
      case 0xea:
        this.#remote = false
        this.#motion.clear(this.#buttons)
        return queue.answer(ACK)
      case 0xeb:
        return queue.answer(ACK, ...this.#packet())
      case 0xec:
        this.#wrap = false
        return queue.answer(ACK)
      case 0xee:
        this.#wrap = true
        return queue.answer(ACK)
      case 0xf0:
        this.#remote = true
        this.#motion.clear(this.#buttons)
        return queue.answer(ACK)
      case 0xf2:
        return queue.answer(ACK, this.#id)
      case 0xf4:
        this.#reporting = true
        this.#motion.clear(this.#buttons)
        return queue.answer(ACK)
      case 0xf5:
        this.#reporting = false
        this.#report.cancel()
        return queue.answer(ACK)
      case 0xf6:
        this.#defaults()
        return queue.answer(ACK)
      case 0xfe:
        return queue.answer(this.#last)
      case 0xff:
        this.reset()
        return queue.answer(ACK, SELF_TEST_PASSED, 0)
      default:
        return queue.answer(RESEND)
    }
  }

  #parameter(byte: number): void {
    const command = this.#command
    this.#command = 0
    if (command === 0xe8) {
      if (byte > 3) return this.#queue.answer(NACK)
      this.#resolution = byte
    } else {
      if (byte === 0) return this.#queue.answer(NACK)
      this.#sampleRate = byte
      this.#rates = [...this.#rates, byte].slice(-3)
      const knock = this.#rates.join()
      if (knock === '200,100,80') this.#id = 3
      else if (knock === '200,200,80' && this.#id === 3) this.#id = 4
    }
    this.#queue.answer(ACK)
  }

  save(): MouseState {
    return {
      queue: this.#queue.save(),
      command: this.#command,
      id: this.#id,
      rates: [...this.#rates],
      sampleRate: this.#sampleRate,
      resolution: this.#resolution,
      scaling: this.#scaling,
      remote: this.#remote,
      wrap: this.#wrap,
      reporting: this.#reporting,
      buttons: this.#buttons,
      motion: this.#motion.save(),
      nextReportNs: this.#nextReportNs,
      reportAtNs: this.#report.armed ? this.#report.deadlineNs : null,
      last: this.#last,
    }
  }

  restore(state: MouseState): void {
    this.#queue.restore(state.queue)
    this.#command = state.command
    this.#id = state.id
    this.#rates = [...state.rates]
    this.#sampleRate = state.sampleRate
    this.#resolution = state.resolution
    this.#scaling = state.scaling
    this.#remote = state.remote
    this.#wrap = state.wrap
    this.#reporting = state.reporting
    this.#buttons = state.buttons
    this.#motion.restore(state.motion)
    this.#nextReportNs = state.nextReportNs
    this.#last = state.last
    if (state.reportAtNs === null) this.#report.cancel()
    else this.#report.arm(state.reportAtNs)
  }
}

/** Scaling 2:1 (data sheet of the mouse, "Set Scaling 2:1"). */
function double(counts: number): number {
  return Math.sign(counts) * ([0, 1, 1, 3, 6, 9][Math.abs(counts)] ?? 2 * Math.abs(counts))
}
