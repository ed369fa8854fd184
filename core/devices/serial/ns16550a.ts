/**
 * National Semiconductor 16550A UART: FIFOs with trigger levels and time-out, loopback, modem status deltas, breaks. Characters
 * can take the time that the divisor says, or be immediate, which is what consoles want. Source: PC16550D data sheet (May 1995).
 */
import { parseWith, z } from '../../base/schema.ts'
import type { InterruptLine } from '../../bus/interrupt-line.ts'
import type { Timer } from '../../time/timer-queue.ts'
import { type Device, type DeviceContext, defineDevice, type StateRecord } from '../device.ts'
import { type ModemLines, ModemStatus, modemState } from './modem-status.ts'
import { FIFO_BYTES, ReceiveFifo } from './receive-fifo.ts'
import { Transmitter, transmitterState } from './transmitter.ts'
import { FCR, IER, IIR, LCR, LSR, MCR } from './uart-registers.ts'

/** The crystal of 1.8432 MHz by sixteen. */
const BAUD_BASE_HZ = 115_200
const POWER_ON_DIVISOR = 12
/** Where COM1 to COM4 are. */
const PLACES = [
  { base: 0x3f8, irq: 4 },
  { base: 0x2f8, irq: 3 },
  { base: 0x3e8, irq: 4 },
  { base: 0x2e8, irq: 3 },
] as const
const TRIGGERS = [1, 4, 8, 14] as const

const options = z.strictObject({
  com: z
    .int()
    .min(1)
    .max(4)
    .default(1)
    .meta({ title: 'Port', description: 'COM1 to COM4: decides I/O address and interrupt.' }),
  pace: z
    .boolean()
    .default(false)
    .meta({ title: 'Real speed', description: 'Bytes take as long as at the programmed baud rate.' }),
})
/** Which port it is, and whether time passes on the line. */
export type Ns16550aOptions = z.infer<typeof options>

const byte = z.int().min(0).max(0xff)
const stateSchema = z.strictObject({
  ier: byte,
  fcr: byte,
  lcr: byte,
  mcr: byte,
  scratch: byte,
  divisor: z.int().min(0).max(0xffff),
  overrun: z.boolean(),
  timedOut: z.boolean(),
  received: z.array(z.strictObject({ byte, errors: byte })),
  lastRead: byte,
  busyUntilNs: z.number(),
  idleAtNs: z.number().nullable(),
  roomAtNs: z.number().nullable(),
  transmitter: transmitterState,
  modem: modemState,
})

/** One serial port. */
export class Ns16550a implements Device {
  /** A byte leaves the transmitter. */
  onTransmit: (byte: number) => void = () => {}
  /** The guest begins (true) or ends a break. */
  onBreak: (active: boolean) => void = () => {}
  /** DTR or RTS changed. */
  onModemControl: (dataTerminalReady: boolean, requestToSend: boolean) => void = () => {}
  /** The receiver may have room again. */
  onRoom: () => void = () => {}
  readonly com: number
  readonly #pace: boolean
  readonly #context: DeviceContext
  readonly #irq: InterruptLine
  readonly #idle: Timer
  readonly #room: Timer
  readonly #release: () => void
  readonly #received = new ReceiveFifo()
  readonly #modem = new ModemStatus()
  readonly #transmitter: Transmitter
  #ier = 0
  #fcr = 0
  #lcr = 0
  #mcr = 0
  #scratch = 0
  #divisor = POWER_ON_DIVISOR
  #overrun = false
  #timedOut = false
  #lastRead = 0
  /** Until when the line carries the character that came last, when characters take time. */
  #busyUntilNs = 0

  constructor(context: DeviceContext, settings: Ns16550aOptions) {
    const place = PLACES[settings.com - 1] ?? PLACES[0]
    this.com = settings.com
    this.#pace = settings.pace
    this.#context = context
    this.#irq = context.irq(place.irq)
    this.#idle = context.timers.create(`COM${settings.com} time-out`, () => this.#timeOut())
    this.#room = context.timers.create(`COM${settings.com} receiver`, () => this.onRoom())
    this.#transmitter = new Transmitter(context.timers, `COM${settings.com} transmitter`, {
      pace: settings.pace,
      hasFifos: () => this.#hasFifos,
      characterNs: () => this.#characterNs,
      wantsInterrupt: () => (this.#ier & IER.THRE) !== 0,
      emit: (value) => this.#emit(value),
      changed: () => this.#update(),
    })
    this.#release = context.ports.register(place.base, 8, {
      read8: (port) => this.#read(port & 7),
      write8: (port, value) => this.#write(port & 7, value),
    })
  }

  reset(): void {
    this.#ier = 0
    this.#lcr = 0
    this.#scratch = 0
    this.#divisor = POWER_ON_DIVISOR
    this.#overrun = false
    this.#lastRead = 0
    this.#busyUntilNs = 0
    this.#setFifoControl(0)
    this.#clearReceiver()
    this.#room.cancel()
    this.#transmitter.reset()
    this.#setModemControl(0)
    this.#modem.reset()
    this.#update()
  }

  // The host's side

  /** Whether `receive` would not lose a byte. */
  get canReceive(): boolean {
    if (this.#isLooped || this.#received.isFull) return false
    return !this.#pace || this.#context.clock.nowNs() >= this.#busyUntilNs
  }

  /** A byte arrives on the line. */
  receive(value: number): void {
    if (!this.#isLooped) this.#arrive(value & this.#wordMask, 0)
  }

  /** The other end holds the line low for longer than a character. */
  receiveBreak(): void {
    if (!this.#isLooped) this.#arrive(0, LSR.BI)
  }

  /** The modem, or whatever is at the other end, changes its lines. */
  setModemLines(lines: ModemLines): void {
    this.#modem.setLines(lines, this.#mcr)
    this.#update()
  }

  save(): StateRecord {
    return {
      ier: this.#ier,
      fcr: this.#fcr,
      lcr: this.#lcr,
      mcr: this.#mcr,
      scratch: this.#scratch,
      divisor: this.#divisor,
      overrun: this.#overrun,
      timedOut: this.#timedOut,
      received: this.#received.save(),
      lastRead: this.#lastRead,
      busyUntilNs: this.#busyUntilNs,
      idleAtNs: this.#idle.armed ? this.#idle.deadlineNs : null,
      roomAtNs: this.#room.armed ? this.#room.deadlineNs : null,
      transmitter: this.#transmitter.save(),
      modem: this.#modem.save(),
    }
  }

  restore(record: StateRecord): void {
    const state = parseWith(stateSchema, record, `State of COM${this.com}`, 'state/corrupt')
    this.#ier = state.ier
    this.#lcr = state.lcr
    this.#mcr = state.mcr
    this.#scratch = state.scratch
    this.#divisor = state.divisor
    this.#overrun = state.overrun
    this.#timedOut = state.timedOut
    this.#setFifoControl(state.fcr)
    this.#received.restore(state.received)
    this.#lastRead = state.lastRead
    this.#busyUntilNs = state.busyUntilNs
    this.#idle.cancel()
    this.#room.cancel()
    if (state.idleAtNs !== null) this.#idle.arm(state.idleAtNs)
    if (state.roomAtNs !== null) this.#room.arm(state.roomAtNs)
    this.#transmitter.restore(state.transmitter)
    this.#modem.restore(state.modem)
    this.#update()
  }

  dispose(): void {
    this.#idle.cancel()
    this.#room.cancel()
    this.#transmitter.dispose()
    this.#release()
  }

  get #hasFifos(): boolean {
    return (this.#fcr & FCR.ENABLE) !== 0
  }

  get #isLooped(): boolean {
    return (this.#mcr & MCR.LOOP) !== 0
  }

  /** Five to eight bits. Without pace always eight: kernels write to a console without having set it up. */
  get #wordMask(): number {
    return this.#pace ? (0x20 << (this.#lcr & LCR.WORD)) - 1 : 0xff
  }

  /** Duration of one character: start bit, data, parity, stop bits. A divisor of 0 counts as the largest one. */
  get #characterNs(): number {
    const lcr = this.#lcr
    const bits = 6 + (lcr & LCR.WORD) + (lcr & LCR.PARITY ? 1 : 0) + (lcr & LCR.STOP ? 2 : 1)
    return (bits * (this.#divisor || 0x1_0000) * 1e9) / BAUD_BASE_HZ
  }

  #emit(value: number): void {
    const word = value & this.#wordMask
    if (this.#isLooped) this.#arrive(word, 0)
    else this.onTransmit(word)
  }

  // Receiver

  #arrive(value: number, errors: number): void {
    if (!this.#received.push(value, errors)) this.#overrun = true
    this.#timedOut = false
    this.#watchIdle()
    if (this.#pace) {
      this.#busyUntilNs = this.#context.clock.nowNs() + this.#characterNs
      this.#room.arm(this.#busyUntilNs)
    }
    this.#update()
  }

  /** The time-out of data sheet 8.10: four characters without an arrival or a read while something waits. */
  #watchIdle(): void {
    if (this.#hasFifos && this.#received.length > 0) this.#idle.armAfter(4 * this.#characterNs)
    else this.#idle.cancel()
  }

  #timeOut(): void {
    this.#timedOut = this.#received.length > 0
    this.#update()
  }

  #clearReceiver(): void {
    this.#received.clear()
    this.#timedOut = false
    this.#idle.cancel()
  }

  #readReceiver(): number {
    const value = this.#received.shift() ?? this.#lastRead
    this.#lastRead = value
    this.#timedOut = false
    this.#watchIdle()
    this.#update()
    this.onRoom()
    return value
  }

  // Interrupts

  /** Identification of the highest pending interrupt (data sheet, table 4). */
  #identify(): number {
    const ier = this.#ier
    if (ier & IER.LINE && (this.#overrun || this.#received.errors)) return IIR.LINE
    if (ier & IER.DATA && this.#received.length >= this.#trigger) return IIR.DATA
    if (ier & IER.DATA && this.#timedOut) return IIR.TIMEOUT
    if (ier & IER.THRE && this.#transmitter.asks) return IIR.THRE
    return ier & IER.MODEM && this.#modem.hasChanged ? IIR.MODEM : IIR.NONE
  }

  get #trigger(): number {
    return this.#hasFifos ? TRIGGERS[(this.#fcr >> 6) & 3] : 1
  }

  /** OUT2 gates the interrupt on the PC's board; in loopback it is disconnected. */
  #update(): void {
    const isGated = (this.#mcr & (MCR.OUT2 | MCR.LOOP)) === MCR.OUT2
    this.#irq.set(isGated && this.#identify() !== IIR.NONE)
  }

  // Registers

  #read(register: number): number {
    const isDivisor = (this.#lcr & LCR.DLAB) !== 0
    switch (register) {
      case 0:
        return isDivisor ? this.#divisor & 0xff : this.#readReceiver()
      case 1:
        return isDivisor ? this.#divisor >> 8 : this.#ier
      case 2:
        return this.#readIdentification()
      case 3:
        return this.#lcr
      case 4:
        return this.#mcr
      case 5:
        return this.#readLineStatus()
      case 6: {
        const status = this.#modem.read()
        this.#update()
        return status
      }
      default:
        return this.#scratch
    }
  }

  #readIdentification(): number {
    const identification = this.#identify()
    // Reading it acknowledges the transmitter's interrupt.
    if (identification === IIR.THRE) this.#transmitter.acknowledge()
    this.#update()
    return identification | (this.#hasFifos ? IIR.FIFOS : 0)
  }

  #readLineStatus(): number {
    const status =
      (this.#received.length > 0 ? LSR.DR : 0) |
      (this.#overrun ? LSR.OE : 0) |
      this.#received.errors |
      (this.#transmitter.isHoldingEmpty ? LSR.THRE : 0) |
      (this.#transmitter.isEmpty ? LSR.TEMT : 0) |
      (this.#hasFifos && this.#received.hasErrors ? LSR.FIFO_ERROR : 0)
    this.#overrun = false
    this.#received.clearErrors()
    this.#update()
    return status
  }

  #write(register: number, value: number): void {
    const isDivisor = (this.#lcr & LCR.DLAB) !== 0
    switch (register) {
      case 0:
        if (isDivisor) this.#divisor = (this.#divisor & 0xff00) | value
        else this.#transmitter.write(value)
        break
      case 1:
        if (isDivisor) this.#divisor = (this.#divisor & 0xff) | (value << 8)
        else this.#writeInterruptEnable(value)
        break
      case 2:
        this.#writeFifoControl(value)
        break
      case 3:
        this.#writeLineControl(value)
        break
      case 4:
        this.#setModemControl(value & MCR.ALL)
        break
      case 7:
        this.#scratch = value
        break
      // Line and modem status are written in factory tests only.
    }
    this.#update()
  }

  #writeInterruptEnable(value: number): void {
    // Enabling the transmitter's interrupt while it is empty raises one at once; drivers count on it.
    if (value & IER.THRE && !(this.#ier & IER.THRE)) this.#transmitter.ask()
    this.#ier = value & IER.ALL
  }

  #writeFifoControl(value: number): void {
    const isToggled = ((value ^ this.#fcr) & FCR.ENABLE) !== 0
    const isEnabled = (value & FCR.ENABLE) !== 0
    if (isToggled || (isEnabled && value & FCR.CLEAR_RECEIVER)) this.#clearReceiver()
    if (isToggled || (isEnabled && value & FCR.CLEAR_TRANSMITTER)) this.#transmitter.clear()
    this.#setFifoControl(isEnabled ? value & FCR.KEPT : 0)
    this.onRoom()
  }

  #setFifoControl(value: number): void {
    this.#fcr = value
    this.#received.capacity = this.#hasFifos ? FIFO_BYTES : 1
  }

  #writeLineControl(value: number): void {
    const changed = this.#lcr ^ value
    this.#lcr = value
    if (!(changed & LCR.BREAK)) return
    const isActive = (value & LCR.BREAK) !== 0
    if (!this.#isLooped) this.onBreak(isActive)
    else if (isActive) this.#arrive(0, LSR.BI)
  }

  #setModemControl(value: number): void {
    const changed = this.#mcr ^ value
    this.#mcr = value
    if (changed & (MCR.DTR | MCR.RTS)) this.onModemControl((value & MCR.DTR) !== 0, (value & MCR.RTS) !== 0)
    this.#modem.update(value)
  }
}

export const ns16550a = defineDevice({
  id: 'ns16550a',
  label: 'NS16550A serial port',
  role: 'serial',
  version: 1,
  options,
  create: (context, settings) => new Ns16550a(context, settings),
})
