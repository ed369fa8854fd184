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

const OBF = 0x01
const IBF_SYSTEM = 0x04
const COMMAND_DATA = 0x08
const UNLOCKED = 0x10
const AUX = 0x20

/** Command byte (internal RAM location 0). */
const KEYBOARD_INTERRUPT = 0x01
const AUX_INTERRUPT = 0x02
const SYSTEM_FLAG = 0x04
const KEYBOARD_DISABLED = 0x10
const AUX_DISABLED = 0x20
const TRANSLATE = 0x40

/** Time a byte takes from a device to the output buffer: the real wire needs a millisecond, drivers only that it is not zero. */
const TRANSFER_NS = 20_000

const options = z.strictObject({
  mouse: z
    .boolean()
    .default(true)
    .meta({ title: 'PS/2 mouse', description: 'A mouse with a wheel on the auxiliary port.' }),
})
export type I8042Options = z.infer<typeof options>

const stateSchema = z.strictObject({
  ram: z.instanceof(Uint8Array),
  output: z.int(),
  status: z.int(),
  pendingCommand: z.int(),
  outputPort: z.int(),
  own: z.array(z.strictObject({ byte: z.int(), aux: z.boolean() })),
  released: z.boolean(),
  fetchAtNs: z.number().nullable(),
  keyboard: keyboardState,
  mouse: mouseState,
})

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
  #own: { byte: number; aux: boolean }[] = []
  /** F0 seen in the keyboard's stream: the next byte is a break code. */
  #released = false

  constructor(context: DeviceContext, settings: I8042Options) {
    this.#context = context
    this.#hasMouse = settings.mouse
    this.#irq1 = context.irq(1)
    this.#irq12 = context.irq(12)
    this.keyboard = new Ps2Keyboard(context.timers)
    this.mouse = new Ps2Mouse(context.timers)
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
    this.#ram[0] = KEYBOARD_INTERRUPT | AUX_INTERRUPT | SYSTEM_FLAG | TRANSLATE
    this.#output = 0
    this.#status = UNLOCKED
    this.#pendingCommand = 0
    this.#outputPort = 0xcf
    this.#own = []
    this.#released = false
    this.#fetch.cancel()
    this.keyboard.reset()
    this.mouse.reset()
    this.#irq1.set(false)
    this.#irq12.set(false)
    this.#context.memory.a20 = true
  }

  #writePort92(value: number): void {
    this.#context.memory.a20 = (value & 2) !== 0
    if (value & 1) this.#context.request({ kind: 'cpu-reset' })
  }

  // Output buffer

  #schedule(): void {
    if (!this.#fetch.armed && !(this.#status & OBF)) this.#fetch.armAfter(TRANSFER_NS)
  }

  /** Moves the next byte into the output buffer. */
  #fill(): void {
    if (this.#status & OBF) return
    const own = this.#own.shift()
    if (own) return this.#place(own.byte, own.aux)
    if (!(this.#ram[0] & KEYBOARD_DISABLED)) {
      for (let byte = this.keyboard.take(); byte >= 0; byte = this.keyboard.take()) {
        const translated = this.#translate(byte)
        if (translated >= 0) return this.#place(translated, false)
      }
    }
    if (!(this.#ram[0] & AUX_DISABLED)) {
      const byte = this.mouse.take()
      if (byte >= 0) this.#place(byte, true)
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

  #place(byte: number, aux: boolean): void {
    this.#output = byte
    this.#status = (this.#status & ~AUX) | OBF | (aux ? AUX : 0)
    this.#outputPort = (this.#outputPort & ~0x30) | (aux ? 0x20 : 0x10)
    if (aux) {
      if (this.#ram[0] & AUX_INTERRUPT) this.#irq12.set(true)
    } else if (this.#ram[0] & KEYBOARD_INTERRUPT) this.#irq1.set(true)
  }

  #readData(): number {
    if (this.#status & OBF) {
      this.#status &= ~(OBF | AUX)
      this.#outputPort &= ~0x30
      this.#irq1.set(false)
      this.#irq12.set(false)
      this.#schedule()
    }
    return this.#output
  }

  #readStatus(): number {
    return this.#status | (this.#ram[0] & SYSTEM_FLAG ? IBF_SYSTEM : 0)
  }

  #answer(byte: number, aux = false): void {
    this.#own.push({ byte, aux })
    // Answers of the controller come at once: POST code polls for them with short time-outs.
    if (!(this.#status & OBF)) this.#fill()
  }

  // Commands

  #writeCommand(command: number): void {
    this.#status |= COMMAND_DATA
    this.#pendingCommand = 0
    if (command >= 0x20 && command <= 0x3f) return this.#answer(this.#ram[command & 0x1f])
    if (command >= 0x60 && command <= 0x7f) {
      this.#pendingCommand = command
      return
    }
    switch (command) {
      case 0xa4: // password installed? none
        return this.#answer(0xf1)
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
      case 0xc0: // input port: keyboard not inhibited, no manufacturing jumper
        return this.#answer(0xa4)
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
    this.#status &= ~COMMAND_DATA
    if (command >= 0x60 && command <= 0x7f) {
      this.#ram[command & 0x1f] = value
      if (command === 0x60) this.#schedule()
      return
    }
    switch (command) {
      case 0xd1:
        this.#outputPort = value
        this.#context.memory.a20 = (value & 2) !== 0
        if (!(value & 1)) this.#context.request({ kind: 'cpu-reset' })
        return
      case 0xd2:
        return this.#answer(value)
      case 0xd3:
        return this.#answer(value, true)
      case 0xd4:
        if (this.#hasMouse) this.mouse.receive(value)
        else this.#answer(0xfe, true)
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
      own: this.#own.map((entry) => ({ ...entry })),
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
    this.#released = state.released
    this.keyboard.restore(state.keyboard)
    this.mouse.restore(state.mouse)
    this.#status = state.status
    if (state.fetchAtNs === null) this.#fetch.cancel()
    else this.#fetch.arm(state.fetchAtNs)
    const waiting = (state.status & OBF) !== 0
    const aux = (state.status & AUX) !== 0
    this.#irq1.set(waiting && !aux && (this.#ram[0] & KEYBOARD_INTERRUPT) !== 0)
    this.#irq12.set(waiting && aux && (this.#ram[0] & AUX_INTERRUPT) !== 0)
  }

  dispose(): void {
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
