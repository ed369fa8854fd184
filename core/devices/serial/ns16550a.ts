/**
 * National Semiconductor 16550A UART (data sheet PC16550D): FIFOs with trigger levels and time-out, loopback, modem status
 * deltas. Transmission can take the time that the divisor says, or be immediate, which is what consoles want; interrupts come
 * in order either way. The host hands in bytes as the receiver has room for them.
 */
import { parseWith, z } from '../../base/schema.ts'
import type { InterruptLine } from '../../bus/interrupt-line.ts'
import type { Timer } from '../../time/timer-queue.ts'
import { type Device, type DeviceContext, defineDevice, type StateRecord } from '../device.ts'

const FIFO_BYTES = 16
const CLOCK_HZ = 115_200
/** Where COM1 to COM4 are. */
const PLACES = [
  { base: 0x3f8, irq: 4 },
  { base: 0x2f8, irq: 3 },
  { base: 0x3e8, irq: 4 },
  { base: 0x2e8, irq: 3 },
] as const

/** Interrupt enable bits. */
const IER_DATA = 1
const IER_THRE = 2
const IER_LINE = 4
const IER_MODEM = 8
/** Line status bits. */
const DR = 0x01
const OE = 0x02
const BI = 0x10
const THRE = 0x20
const TEMT = 0x40
const LCR_DLAB = 0x80
const LCR_BREAK = 0x40
const MCR_DTR = 1
const MCR_RTS = 2
const MCR_OUT1 = 4
const MCR_OUT2 = 8
const MCR_LOOP = 0x10
/** Modem status of a connected terminal: carrier, data set ready, clear to send. */
const MSR_CONNECTED = 0xb0

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
export type Ns16550aOptions = z.infer<typeof options>

const stateSchema = z.strictObject({
  ier: z.int(),
  fcr: z.int(),
  lcr: z.int(),
  mcr: z.int(),
  lsr: z.int(),
  msr: z.int(),
  scratch: z.int(),
  divisor: z.int(),
  receive: z.array(z.int()),
  transmit: z.array(z.int()),
  shifting: z.int(),
  threPending: z.boolean(),
  timeout: z.boolean(),
  rbr: z.int(),
  transmitAtNs: z.number().nullable(),
  timeoutAtNs: z.number().nullable(),
})

export class Ns16550a implements Device {
  /** A byte leaves the transmitter. */
  onTransmit: (byte: number) => void = () => {}
  /** The receiver has room again. */
  onRoom: () => void = () => {}
  readonly com: number
  readonly #pace: boolean
  readonly #irq: InterruptLine
  readonly #sent: Timer
  readonly #idle: Timer
  readonly #release: () => void
  #ier = 0
  #fcr = 0
  #lcr = 0
  #mcr = 0
  #lsr = THRE | TEMT
  #msr = MSR_CONNECTED
  #scratch = 0
  #divisor = 12
  #receive: number[] = []
  #transmit: number[] = []
  /** Byte in the shift register, or -1. */
  #shifting = -1
  #threPending = false
  #timeout = false
  #rbr = 0

  constructor(context: DeviceContext, settings: Ns16550aOptions) {
    const place = PLACES[settings.com - 1] ?? PLACES[0]
    this.com = settings.com
    this.#pace = settings.pace
    this.#irq = context.irq(place.irq)
    this.#sent = context.timers.create(`COM${settings.com} transmit`, () => this.#shiftDone())
    this.#idle = context.timers.create(`COM${settings.com} receive time-out`, () => this.#receiveTimeout())
    this.#release = context.ports.register(place.base, 8, {
      read8: (port) => this.#read(port - place.base),
      write8: (port, value) => this.#write(port - place.base, value),
    })
  }

  reset(): void {
    this.#ier = 0
    this.#fcr = 0
    this.#lcr = 0
    this.#mcr = 0
    this.#lsr = THRE | TEMT
    this.#msr = MSR_CONNECTED
    this.#receive = []
    this.#transmit = []
    this.#shifting = -1
    this.#threPending = false
    this.#timeout = false
    this.#sent.cancel()
    this.#idle.cancel()
    this.#update()
  }

  get #fifo(): boolean {
    return (this.#fcr & 1) !== 0
  }

  /** Duration of one character: start bit, data, parity, stop bits. */
  get #characterNs(): number {
    const bits = 1 + 5 + (this.#lcr & 3) + (this.#lcr & 8 ? 1 : 0) + (this.#lcr & 4 ? 2 : 1)
    return (bits * (this.#divisor || 0x1_0000) * 1e9) / CLOCK_HZ
  }

  // The host's side

  /** Whether `receive` would not lose a byte. */
  get canReceive(): boolean {
    return !(this.#mcr & MCR_LOOP) && this.#receive.length < (this.#fifo ? FIFO_BYTES : 1)
  }

  /** A byte arrives on the line. */
  receive(byte: number): void {
    if (!(this.#mcr & MCR_LOOP)) this.#arrive(byte)
  }

  #arrive(byte: number): void {
    const capacity = this.#fifo ? FIFO_BYTES : 1
    if (this.#receive.length >= capacity) {
      this.#lsr |= OE
      // The shift register's byte is lost with a FIFO; without one it replaces the unread byte.
      if (!this.#fifo) this.#receive[0] = byte
    } else this.#receive.push(byte)
    this.#lsr |= DR
    this.#timeout = false
    if (this.#fifo) this.#idle.armAfter(4 * this.#characterNs)
    this.#update()
  }

  #receiveTimeout(): void {
    if (!this.#receive.length) return
    this.#timeout = true
    this.#update()
  }

  // Transmitter

  #startShift(): void {
    if (this.#shifting >= 0 || !this.#transmit.length) return
    this.#shifting = this.#transmit.shift() as number
    if (!this.#transmit.length) {
      this.#lsr |= THRE
      this.#threPending = true
    }
    if (this.#pace) this.#sent.armAfter(this.#characterNs)
    else this.#shiftDone()
  }

  #shiftDone(): void {
    const byte = this.#shifting
    this.#shifting = -1
    if (byte >= 0) {
      if (this.#mcr & MCR_LOOP) this.#arrive(byte)
      else this.onTransmit(byte)
    }
    this.#startShift()
    if (this.#shifting < 0 && !this.#transmit.length) this.#lsr |= TEMT
    this.#update()
  }

  // Interrupts

  /** Identification of the highest pending interrupt (data sheet, table 4), 1 for none. */
  #identify(): number {
    if (this.#ier & IER_LINE && this.#lsr & (OE | 4 | 8 | BI)) return 6
    if (this.#ier & IER_DATA && this.#receive.length >= this.#trigger()) return 4
    if (this.#ier & IER_DATA && this.#timeout) return 0xc
    if (this.#ier & IER_THRE && this.#threPending) return 2
    if (this.#ier & IER_MODEM && this.#msr & 0x0f) return 0
    return 1
  }

  #trigger(): number {
    return this.#fifo ? ([1, 4, 8, 14][this.#fcr >> 6] as number) : 1
  }

  /** OUT2 gates the interrupt on the PC's board; in loopback it is disconnected. */
  #update(): void {
    this.#irq.set((this.#mcr & (MCR_OUT2 | MCR_LOOP)) === MCR_OUT2 && this.#identify() !== 1)
  }

  // Registers

  #read(register: number): number {
    const dlab = (this.#lcr & LCR_DLAB) !== 0
    switch (register) {
      case 0:
        return dlab ? this.#divisor & 0xff : this.#readData()
      case 1:
        return dlab ? this.#divisor >> 8 : this.#ier
      case 2:
        return this.#readIdentification()
      case 3:
        return this.#lcr
      case 4:
        return this.#mcr
      case 5: {
        const status = this.#lsr
        this.#lsr &= ~(OE | 4 | 8 | BI)
        this.#update()
        return status
      }
      case 6: {
        const status = this.#msr
        this.#msr &= 0xf0
        this.#update()
        return status
      }
      default:
        return this.#scratch
    }
  }

  #readData(): number {
    if (this.#receive.length) this.#rbr = this.#receive.shift() as number
    this.#timeout = false
    if (!this.#receive.length) {
      this.#lsr &= ~DR
      this.#idle.cancel()
    } else if (this.#fifo) this.#idle.armAfter(4 * this.#characterNs)
    this.#update()
    this.onRoom()
    return this.#rbr
  }

  #readIdentification(): number {
    const id = this.#identify()
    // Reading the identification acknowledges the transmitter's interrupt.
    if (id === 2) {
      this.#threPending = false
      this.#update()
    }
    return id | (this.#fifo ? 0xc0 : 0)
  }

  #write(register: number, value: number): void {
    const dlab = (this.#lcr & LCR_DLAB) !== 0
    switch (register) {
      case 0:
        if (dlab) this.#divisor = (this.#divisor & 0xff00) | value
        else this.#writeData(value)
        break
      case 1:
        if (dlab) this.#divisor = (this.#divisor & 0xff) | (value << 8)
        else {
          // Enabling the transmitter's interrupt while it is empty raises one at once; drivers count on it.
          if (value & IER_THRE && !(this.#ier & IER_THRE) && this.#lsr & THRE) this.#threPending = true
          this.#ier = value & 0x0f
        }
        break
      case 2:
        this.#writeFifoControl(value)
        break
      case 3:
        if (this.#mcr & MCR_LOOP && value & LCR_BREAK && !(this.#lcr & LCR_BREAK)) {
          this.#arrive(0)
          this.#lsr |= BI
        }
        this.#lcr = value
        break
      case 4:
        this.#writeModemControl(value)
        break
      case 7:
        this.#scratch = value
        break
      default: // line and modem status are read only
    }
    this.#update()
  }

  #writeData(value: number): void {
    // A full FIFO loses what is written last.
    if (this.#transmit.length < (this.#fifo ? FIFO_BYTES : 1)) this.#transmit.push(value)
    else if (!this.#fifo) this.#transmit[0] = value
    this.#lsr &= ~(THRE | TEMT)
    this.#threPending = false
    this.#startShift()
  }

  #writeFifoControl(value: number): void {
    const toggled = ((value ^ this.#fcr) & 1) !== 0
    if (toggled || (value & 1 && value & 2)) {
      this.#receive = []
      this.#lsr &= ~DR
      this.#timeout = false
      this.#idle.cancel()
    }
    if (toggled || (value & 1 && value & 4)) {
      this.#transmit = []
      this.#lsr |= THRE
      this.#threPending = true
    }
    this.#fcr = value & 1 ? value & 0xc9 : 0
  }

  #writeModemControl(value: number): void {
    this.#mcr = value & 0x1f
    const status = this.#mcr & MCR_LOOP ? loopStatus(this.#mcr) : MSR_CONNECTED
    const changed = (status ^ this.#msr) & 0xf0
    let delta = this.#msr & 0x0f
    if (changed & 0x10) delta |= 1
    if (changed & 0x20) delta |= 2
    // Ring tells only its trailing edge.
    if (changed & 0x40 && !(status & 0x40)) delta |= 4
    if (changed & 0x80) delta |= 8
    this.#msr = status | delta
  }

  save(): StateRecord {
    return {
      ier: this.#ier,
      fcr: this.#fcr,
      lcr: this.#lcr,
      mcr: this.#mcr,
      lsr: this.#lsr,
      msr: this.#msr,
      scratch: this.#scratch,
      divisor: this.#divisor,
      receive: [...this.#receive],
      transmit: [...this.#transmit],
      shifting: this.#shifting,
      threPending: this.#threPending,
      timeout: this.#timeout,
      rbr: this.#rbr,
      transmitAtNs: this.#sent.armed ? this.#sent.deadlineNs : null,
      timeoutAtNs: this.#idle.armed ? this.#idle.deadlineNs : null,
    }
  }

  restore(record: StateRecord): void {
    const state = parseWith(stateSchema, record, 'Saved 16550 state', 'state/corrupt')
    this.#ier = state.ier
    this.#fcr = state.fcr
    this.#lcr = state.lcr
    this.#mcr = state.mcr
    this.#lsr = state.lsr
    this.#msr = state.msr
    this.#scratch = state.scratch
    this.#divisor = state.divisor
    this.#receive = state.receive
    this.#transmit = state.transmit
    this.#shifting = state.shifting
    this.#threPending = state.threPending
    this.#timeout = state.timeout
    this.#rbr = state.rbr
    if (state.transmitAtNs === null) this.#sent.cancel()
    else this.#sent.arm(state.transmitAtNs)
    if (state.timeoutAtNs === null) this.#idle.cancel()
    else this.#idle.arm(state.timeoutAtNs)
    this.#update()
  }

  dispose(): void {
    this.#release()
  }
}

/** Modem status in loopback: RTS, DTR, OUT1 and OUT2 come back as CTS, DSR, RI and DCD. */
function loopStatus(mcr: number): number {
  return (
    (mcr & MCR_RTS ? 0x10 : 0) | (mcr & MCR_DTR ? 0x20 : 0) | (mcr & MCR_OUT1 ? 0x40 : 0) | (mcr & MCR_OUT2 ? 0x80 : 0)
  )
}

export const ns16550a = defineDevice({
  id: 'ns16550a',
  label: 'NS16550A serial port',
  role: 'serial',
  version: 1,
  options,
  create: (context, settings) => new Ns16550a(context, settings),
})
