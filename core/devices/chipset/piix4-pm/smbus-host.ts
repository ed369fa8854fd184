/**
 * The SMBus host of the PIIX4 power management function (82371AB data sheet 290562-001, 7.3), with nothing on its bus: every
 * transaction ends with a device error, as addresses without a device answer, so that drivers probe it and go on.
 */
import type { InterruptLine } from '../../../bus/interrupt-line.ts'
import type { PortHandler } from '../../../bus/port-bus.ts'
import type { Timer, TimerQueue } from '../../../time/timer-queue.ts'

/** Register offsets (7.3.1 to 7.3.10). */
const HOST_STATUS = 0x00
const SLAVE_STATUS = 0x01
const HOST_CONTROL = 0x02
const BLOCK_DATA = 0x07
const BLOCK_BYTES = 32

const BUSY = 0x01
const DEVICE_ERROR = 0x04
const FAILED = 0x10
/** Interrupt, device error, bus error, failed: cleared by writing ones. */
const STATUS_EVENTS = 0x1e
const CONTROL_INTERRUPT = 0x01
const CONTROL_KILL = 0x02
const CONTROL_START = 0x40

/** Start condition, address and the missing acknowledge: ten clocks at 10 kHz, the slowest that the bus allows. */
const PROBE_NS = 1_000_000

/** Saved form of the host. */
export type SmbusHostState = {
  readonly registers: Uint8Array
  readonly block: Uint8Array
  readonly blockIndex: number
  readonly deadlineNs: number
}

/** The sixteen registers at SMBBA. */
export class SmbusHost implements PortHandler {
  readonly #registers = new Uint8Array(16)
  readonly #block = new Uint8Array(BLOCK_BYTES)
  #blockIndex = 0
  readonly #timer: Timer
  readonly #line: InterruptLine

  /** `line` is driven while an event waits and its interrupt is enabled. */
  constructor(timers: TimerQueue, line: InterruptLine) {
    this.#line = line
    this.#timer = timers.create('smbus', () => this.#finish(DEVICE_ERROR))
  }

  read8(port: number): number {
    const register = port & 0x0f
    if (register === HOST_CONTROL) this.#blockIndex = 0
    if (register === BLOCK_DATA) return this.#block[this.#blockIndex++ % BLOCK_BYTES]
    return this.#registers[register]
  }

  write8(port: number, value: number): void {
    const register = port & 0x0f
    if (register === HOST_STATUS) this.#registers[HOST_STATUS] &= ~(value & STATUS_EVENTS)
    else if (register === SLAVE_STATUS) this.#registers[SLAVE_STATUS] &= ~value
    else if (register === BLOCK_DATA) this.#block[this.#blockIndex++ % BLOCK_BYTES] = value
    else if (register === HOST_CONTROL) this.#control(value)
    else this.#registers[register] = value
    this.#drive()
  }

  reset(): void {
    this.#registers.fill(0)
    this.#block.fill(0)
    this.#blockIndex = 0
    this.#timer.cancel()
    this.#drive()
  }

  save(): SmbusHostState {
    return {
      registers: this.#registers.slice(),
      block: this.#block.slice(),
      blockIndex: this.#blockIndex,
      deadlineNs: this.#timer.armed ? this.#timer.deadlineNs : -1,
    }
  }

  restore(state: SmbusHostState): void {
    this.#registers.set(state.registers)
    this.#block.set(state.block)
    this.#blockIndex = state.blockIndex
    if (state.deadlineNs >= 0) this.#timer.arm(state.deadlineNs)
    else this.#timer.cancel()
    this.#drive()
  }

  #control(value: number): void {
    this.#registers[HOST_CONTROL] = value & ~(CONTROL_START | CONTROL_KILL)
    this.#blockIndex = 0
    const busy = this.#registers[HOST_STATUS] & BUSY
    if (value & CONTROL_KILL && busy) {
      this.#timer.cancel()
      this.#finish(FAILED)
    } else if (value & CONTROL_START && !busy) {
      this.#registers[HOST_STATUS] |= BUSY
      this.#timer.armAfter(PROBE_NS)
    }
  }

  #finish(event: number): void {
    this.#registers[HOST_STATUS] = (this.#registers[HOST_STATUS] & ~BUSY) | event
    this.#drive()
  }

  #drive(): void {
    const enabled = this.#registers[HOST_CONTROL] & CONTROL_INTERRUPT
    this.#line.set(enabled !== 0 && (this.#registers[HOST_STATUS] & STATUS_EVENTS) !== 0)
  }
}
