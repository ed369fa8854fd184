/**
 * The PC/AT keyboard controller with an auxiliary (mouse) port: ports 60h and 64h, and port 92h, through which later boards
 * reach the same A20 gate and reset line. Keyboard scan codes of set 2 are translated to set 1 unless a guest turns that off.
 * Source: IBM PS/2 Hardware Interface Technical Reference, Keyboard and Auxiliary Device Controller; 82371AB 4.1 for port 92h.
 */
import { parseWith, z } from '../../base/schema.ts'
import type { InterruptLine } from '../../bus/interrupt-line.ts'
import type { Timer } from '../../time/timer-queue.ts'
import { type Device, type DeviceContext, defineDevice, type StateRecord } from '../device.ts'
import { keyboardState, Ps2Keyboard } from './ps2-keyboard.ts'
import { mouseState, Ps2Mouse } from './ps2-mouse.ts'
import { translateToSet1 } from './scan-codes.ts'

/** Status register. Commands take no time, so the input buffer (bit 1) is never seen full. */
const OBF = 0x01
const SYSTEM = 0x04
const COMMAND_DATA = 0x08
const UNLOCKED = 0x10
const AUX = 0x20
const TIMEOUT = 0x40

/** Command byte (internal RAM location 0). */
const KEYBOARD_INTERRUPT = 0x01
const AUX_INTERRUPT = 0x02
const SYSTEM_FLAG = 0x04
const KEYBOARD_DISABLED = 0x10
const AUX_DISABLED = 0x20
const TRANSLATE = 0x40

/**
 * Time a byte takes from a device to the output buffer. The real wire needs 0.7 to 1.1 ms; programs that hook the keyboard
 * interrupt read port 60h and then call the old handler, which reads the same byte again, and so need some of it.
 */
const TRANSFER_NS = 500_000
/** Time until the controller's next answer, when it has several. */
const ANSWER_NS = 20_000
/** Answers that nobody reads are kept up to this number. */
const ANSWERS = 16
/** The input port: keyboard not inhibited, no manufacturing jumper, second bank of RAM. */
const INPUT_PORT = 0xa4

const options = z.strictObject({
  mouse: z
    .boolean()
    .default(true)
    .meta({ title: 'PS/2 mouse', description: 'A mouse with a wheel on the auxiliary port.' }),
  fastMouse: z.boolean().default(true).meta({
    title: 'Fast mouse reports',
    description:
      'Reports movement 200 times a second even when the guest asks for fewer: Windows 95 and 98 ask for 40.',
  }),
})
/** What hangs on the controller. */
export type I8042Options = z.infer<typeof options>

const stateSchema = z.strictObject({
  ram: z.instanceof(Uint8Array),
  output: z.int(),
  status: z.int(),
  pendingCommand: z.int(),
  outputPort: z.int(),
  a20: z.boolean(),
  own: z.array(z.strictObject({ byte: z.int(), flags: z.int() })),
  polled: z.int(),
  released: z.boolean(),
  fetchAtNs: z.number().nullable(),
  keyboard: keyboardState,
  mouse: mouseState,
})

/** The controller with its keyboard and mouse. */
export class I8042 implements Device {
  readonly keyboard: Ps2Keyboard
  readonly mouse: Ps2Mouse
  readonly #context: DeviceContext
  readonly #irq1: InterruptLine
  readonly #irq12: InterruptLine
  readonly #fetch: Timer
  readonly #hasMouse: boolean
  readonly #releases: (() => void)[]
  readonly #ram = new Uint8Array(32)
  #output = 0
  #status = 0
  /** Command that waits for a byte at port 60h, or 0. */
  #pendingCommand = 0
  #outputPort = 0
  /** Answers of the controller itself, which go out before the devices'. */
  #own: { byte: number; flags: number }[] = []
  /** Command C1 or C2 while it shows half of the input port in the status register, or 0. */
  #polled = 0
  /** F0 seen in the keyboard's stream: the next byte is a break code. */
  #released = false

  constructor(context: DeviceContext, settings: I8042Options) {
    this.#context = context
    this.#hasMouse = settings.mouse
    this.#irq1 = context.irq(1)
    this.#irq12 = context.irq(12)
    this.keyboard = new Ps2Keyboard(context.timers)
    this.mouse = new Ps2Mouse(context.timers, settings.fastMouse)
    this.#fetch = context.timers.create('8042 transfer', () => this.#fill())
    this.keyboard.onData = () => this.#schedule()
    this.mouse.onData = () => this.#schedule()
    this.#releases = [
      context.ports.register(0x60, 1, {
        read8: () => this.#readData(),
        write8: (_port, value) => this.#writeData(value),
      }),
      context.ports.register(0x64, 1, {
        read8: () => this.#readStatus(),
        write8: (_port, value) => this.#writeCommand(value),
      }),
      context.ports.register(0x92, 1, {
        read8: () => (context.memory.a20 ? 2 : 0),
        write8: (_port, value) => this.#writePort92(value),
      }),
    ]
    this.reset()
  }

  reset(): void {
    this.#ram.fill(0)
    this.#ram[0] = KEYBOARD_INTERRUPT | AUX_INTERRUPT | TRANSLATE
    this.#output = 0
    this.#status = UNLOCKED
    this.#pendingCommand = 0
    this.#outputPort = 0xcf
    this.#own = []
    this.#polled = 0
    this.#released = false
    this.#fetch.cancel()
    this.keyboard.reset()
    this.mouse.reset()
    this.#drive()
    this.#context.memory.a20 = true
  }

  #writePort92(value: number): void {
    this.#context.memory.a20 = (value & 2) !== 0
    if (value & 1) this.#context.request({ kind: 'cpu-reset' })
  }

  // Output buffer

  #schedule(): void {
    if (this.#fetch.armed || this.#status & OBF) return
    this.#fetch.armAfter(this.#own.length > 0 ? ANSWER_NS : TRANSFER_NS)
  }

  /** Moves the next byte into the output buffer. */
  #fill(): void {
    if (this.#status & OBF) return
    const own = this.#own.shift()
    if (own) return this.#place(own.byte, own.flags)
    if (!(this.#ram[0] & KEYBOARD_DISABLED)) {
      for (let byte = this.keyboard.take(); byte >= 0; byte = this.keyboard.take()) {
        const translated = this.#translate(byte)
        if (translated >= 0) return this.#place(translated, 0)
      }
    }
    if (!(this.#ram[0] & AUX_DISABLED)) {
      const byte = this.mouse.take()
      if (byte >= 0) this.#place(byte, AUX)
    }
  }

  /** Set 2 to set 1; -1 for the F0 that announces a break code. */
  #translate(byte: number): number {
    if (!(this.#ram[0] & TRANSLATE)) return byte
    if (byte === 0xf0) {
      this.#released = true
      return -1
    }
    const code = translateToSet1(byte)
    const result = this.#released && byte < 0xe0 ? code | 0x80 : code
    if (byte !== 0xe0 && byte !== 0xe1) this.#released = false
    return result
  }

  #place(byte: number, flags: number): void {
    this.#output = byte
    this.#status = (this.#status & ~(AUX | TIMEOUT)) | OBF | flags
    this.#outputPort = (this.#outputPort & ~0x30) | (flags & AUX ? 0x20 : 0x10)
    this.#drive()
  }

  /** IRQ1 and IRQ12 follow the output buffer as the command byte says. */
  #drive(): void {
    const isFull = (this.#status & OBF) !== 0
    const isAux = (this.#status & AUX) !== 0
    this.#irq1.set(isFull && !isAux && (this.#ram[0] & KEYBOARD_INTERRUPT) !== 0)
    this.#irq12.set(isFull && isAux && (this.#ram[0] & AUX_INTERRUPT) !== 0)
  }

  #readData(): number {
    if (this.#status & OBF) {
      this.#status &= ~(OBF | AUX | TIMEOUT)
      this.#outputPort &= ~0x30
      this.#drive()
      this.#schedule()
    }
    return this.#output
  }

  #readStatus(): number {
    const status = this.#status | (this.#ram[0] & SYSTEM_FLAG ? SYSTEM : 0)
    if (this.#polled === 0) return status
    return (status & 0x0f) | (this.#polled === 0xc1 ? (INPUT_PORT & 0x0f) << 4 : INPUT_PORT & 0xf0)
  }

  #answer(byte: number, flags = 0): void {
    if (this.#own.length < ANSWERS) this.#own.push({ byte, flags })
    // Answers of the controller come at once: POST code polls for them with short time-outs.
    if (!(this.#status & OBF)) this.#fill()
  }

  // Commands

  #writeCommand(command: number): void {
    this.#status |= COMMAND_DATA
    this.#pendingCommand = 0
    this.#polled = 0
    if (command >= 0x20 && command <= 0x3f) return this.#answer(this.#ram[command & 0x1f])
    if (command >= 0x60 && command <= 0x7f) {
      this.#pendingCommand = command
      return
    }
    switch (command) {
      case 0xa4: // password installed? none
        return this.#answer(0xf1)
      case 0xa5: // load password: taken up to its terminating zero, without effect
        this.#pendingCommand = command
        return
      case 0xa7:
        this.#ram[0] |= AUX_DISABLED
        return
      case 0xa8:
        this.#ram[0] &= ~AUX_DISABLED
        return this.#schedule()
      case 0xa9: // test the auxiliary wire
        return this.#answer(this.#hasMouse ? 0 : 2)
      case 0xaa:
        this.#ram[0] |= SYSTEM_FLAG
        return this.#answer(0x55)
      case 0xab:
        return this.#answer(0)
      case 0xad:
        this.#ram[0] |= KEYBOARD_DISABLED
        return
      case 0xae:
        this.#ram[0] &= ~KEYBOARD_DISABLED
        return this.#schedule()
      case 0xc0:
        return this.#answer(INPUT_PORT)
      case 0xc1:
      case 0xc2:
        this.#polled = command
        return
      case 0xca:
        return this.#answer(1) // PS/2 type controller
      case 0xd0:
        return this.#answer((this.#outputPort & ~2) | (this.#context.memory.a20 ? 2 : 0))
      case 0xd1:
      case 0xd2:
      case 0xd3:
      case 0xd4:
        this.#pendingCommand = command
        return
      case 0xdd:
      case 0xdf:
        this.#context.memory.a20 = command === 0xdf
        return
      case 0xe0: // test inputs: clock lines low, data high
        return this.#answer(0)
      default:
        // F0 to FF pulse output lines that are zero in the low nibble; line 0 resets the processor.
        if (command >= 0xf0 && !(command & 1)) this.#context.request({ kind: 'cpu-reset' })
    }
  }

  #writeData(value: number): void {
    const command = this.#pendingCommand
    this.#pendingCommand = 0
    this.#polled = 0
    this.#status &= ~COMMAND_DATA
    if (command >= 0x60 && command <= 0x7f) {
      this.#ram[command & 0x1f] = value
      if (command === 0x60) {
        this.#drive()
        this.#schedule()
      }
      return
    }
    switch (command) {
      case 0xa5:
        if (value !== 0) this.#pendingCommand = command
        return
      case 0xd1:
        this.#outputPort = value
        this.#context.memory.a20 = (value & 2) !== 0
        if (!(value & 1)) this.#context.request({ kind: 'cpu-reset' })
        return
      case 0xd2:
        return this.#answer(value)
      case 0xd3:
        return this.#answer(value, AUX)
      case 0xd4:
        if (this.#hasMouse) this.mouse.receive(value)
        else this.#answer(0xfe, AUX | TIMEOUT)
        return
      default:
        // A byte for the keyboard enables its port again.
        this.#ram[0] &= ~KEYBOARD_DISABLED
        this.#released = false
        this.keyboard.receive(value)
    }
  }

  save(): StateRecord {
    return {
      ram: this.#ram.slice(),
      output: this.#output,
      status: this.#status,
      pendingCommand: this.#pendingCommand,
      outputPort: this.#outputPort,
      a20: this.#context.memory.a20,
      own: this.#own.map((entry) => ({ ...entry })),
      polled: this.#polled,
      released: this.#released,
      fetchAtNs: this.#fetch.armed ? this.#fetch.deadlineNs : null,
      keyboard: this.keyboard.save(),
      mouse: this.mouse.save(),
    }
  }

  restore(record: StateRecord): void {
    const state = parseWith(stateSchema, record, 'Saved 8042 state', 'state/corrupt')
    this.#ram.set(state.ram)
    this.#output = state.output
    this.#pendingCommand = state.pendingCommand
    this.#outputPort = state.outputPort
    this.#own = state.own
    this.#polled = state.polled
    this.#released = state.released
    this.keyboard.restore(state.keyboard)
    this.mouse.restore(state.mouse)
    this.#status = state.status
    if (state.fetchAtNs === null) this.#fetch.cancel()
    else this.#fetch.arm(state.fetchAtNs)
    this.#drive()
    this.#context.memory.a20 = state.a20
  }

  dispose(): void {
    this.#fetch.cancel()
    for (const release of this.#releases) release()
  }
}

export const i8042 = defineDevice({
  id: 'i8042',
  label: 'Intel 8042 keyboard controller',
  role: 'input',
  version: 1,
  options,
  create: (context, settings) => new I8042(context, settings),
})
