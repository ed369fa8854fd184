/**
 * A PS/2 keyboard: scan code sets 1 to 3, all commands, typematic repeat, lights (IBM PS/2 Hardware Interface Technical
 * Reference, Keyboard and Auxiliary Device Controller). Keys come in by place (KeyboardEvent.code).
 */
import { z } from '../../base/schema.ts'
import type { Timer, TimerQueue } from '../../time/timer-queue.ts'
import type { Ps2Device } from './ps2-port.ts'
import { Ps2Queue } from './ps2-port.ts'
import { CURSOR_BLOCK, SET2, SET3, translateToSet1 } from './scan-codes.ts'
import { KEY_TYPE, keyTypesState, Set3KeyTypes } from './set3-key-types.ts'

const ACK = 0xfa
const RESEND = 0xfe
const SELF_TEST_PASSED = 0xaa
const MS = 1e6
/** A real keyboard holds 16 bytes; pasted text profits from more. */
const CAPACITY = 64
/** What the keyboard sends when its buffer is full: FF in set 1, 00 in sets 2 and 3. */
const OVERRUN = [0, 0xff, 0, 0] as const
/** The types that commands F7 to FA give to all keys, and FB to FD to single ones. */
const ALL_KEY_TYPES = [KEY_TYPE.TYPEMATIC, KEY_TYPE.BREAK, 0, KEY_TYPE.TYPEMATIC | KEY_TYPE.BREAK] as const

/** The record of a keyboard. */
export const keyboardState = z.strictObject({
  queue: z.strictObject({ answers: z.array(z.int()), events: z.array(z.int()) }),
  command: z.int(),
  set: z.int(),
  scanning: z.boolean(),
  leds: z.int(),
  rate: z.int(),
  held: z.array(z.string()),
  repeating: z.string(),
  repeatAtNs: z.number().nullable(),
  types: keyTypesState,
  last: z.int(),
})
export type KeyboardState = z.infer<typeof keyboardState>

/** A keyboard on a PS/2 port. */
export class Ps2Keyboard implements Ps2Device {
  onData: () => void = () => {}
  /** Lights changed: bit 0 Scroll Lock, bit 1 Num Lock, bit 2 Caps Lock. */
  onLeds: (leds: number) => void = () => {}
  readonly #queue = new Ps2Queue(CAPACITY)
  readonly #repeat: Timer
  readonly #held = new Set<string>()
  readonly #types = new Set3KeyTypes()
  /** Command whose parameter is expected, or 0. */
  #command = 0
  #set = 2
  #scanning = true
  #leds = 0
  /** Typematic byte: bits 0-4 rate, 5-6 delay. */
  #rate = 0x2b
  #repeating = ''
  #last = 0

  constructor(timers: TimerQueue) {
    this.#repeat = timers.create('keyboard repeat', (deadlineNs) => this.#repeatKey(deadlineNs))
  }

  /** Power-on. */
  reset(): void {
    this.#queue.clear()
    this.#held.clear()
    this.#defaults()
    this.#scanning = true
    this.#command = 0
    this.#setLeds(0)
  }

  #defaults(): void {
    this.#set = 2
    this.#rate = 0x2b
    this.#types.reset()
    this.#stopRepeat()
  }

  #setLeds(leds: number): void {
    if (leds === this.#leds) return
    this.#leds = leds
    this.onLeds(leds)
  }

  /** Scan codes waiting to be fetched. */
  get pending(): number {
    return this.#queue.events
  }

  /** Lights that are on: bit 0 Scroll Lock, bit 1 Num Lock, bit 2 Caps Lock. */
  get leds(): number {
    return this.#leds
  }

  // The user's side

  /**
   * A key goes down or up. Codes that no PS/2 keyboard has are ignored, and so are repetitions, which the keyboard makes itself.
   * What is held is remembered also while the guest has switched the keyboard off.
   */
  key(code: string, down: boolean): void {
    if (!(code in SET2) && code !== 'Pause' && code !== 'PrintScreen') return
    if (down === this.#held.has(code)) return
    if (down) this.#held.add(code)
    else this.#held.delete(code)
    if (!down && this.#repeating === code) this.#stopRepeat()
    if (!this.#scanning) return
    this.#send(this.#codes(code, down))
    if (down) this.#startRepeat(code)
  }

  #send(bytes: readonly number[]): void {
    if (bytes.length === 0) return
    if (!this.#queue.event(bytes)) this.#queue.overflow(OVERRUN[this.#set as 1 | 2 | 3])
    this.onData()
  }

  /** The byte sequence of a key in the active set. */
  #codes(code: string, down: boolean): number[] {
    if (this.#set !== 3) {
      const set2 = this.#set2(code, down)
      return this.#set === 1 ? toSet1(set2) : set2
    }
    const make = SET3[code]
    if (make === undefined) return []
    if (down) return [make]
    return this.#types.type(make) & KEY_TYPE.BREAK ? [0xf0, make] : []
  }

  #set2(code: string, down: boolean): number[] {
    const control = this.#held.has('ControlLeft') || this.#held.has('ControlRight')
    const alt = this.#held.has('AltLeft') || this.#held.has('AltRight')
    const shift = this.#held.has('ShiftLeft') || this.#held.has('ShiftRight')
    if (code === 'Pause') {
      if (!down) return []
      return control ? [0xe0, 0x7e, 0xe0, 0xf0, 0x7e] : [0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77]
    }
    if (code === 'PrintScreen') {
      if (alt) return down ? [0x84] : [0xf0, 0x84]
      if (control || shift) return down ? [0xe0, 0x7c] : [0xe0, 0xf0, 0x7c]
      return down ? [0xe0, 0x12, 0xe0, 0x7c] : [0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12]
    }
    const make = SET2[code] as number
    const body = make > 0xff ? (down ? [0xe0, make & 0xff] : [0xe0, 0xf0, make & 0xff]) : down ? [make] : [0xf0, make]
    if (code === 'NumpadDivide' ? !shift : !CURSOR_BLOCK.has(code)) return body
    // With Num Lock the grey keys pretend Shift, without it they hide a held Shift, so that old programs see cursor keys.
    if (this.#leds & 2 && !shift) return down ? [0xe0, 0x12, ...body] : [...body, 0xe0, 0xf0, 0x12]
    if (shift && (code === 'NumpadDivide' || !(this.#leds & 2))) {
      const keys = ['ShiftLeft', 'ShiftRight'].filter((key) => this.#held.has(key)).map((key) => SET2[key] as number)
      const release = keys.flatMap((key) => [0xe0, 0xf0, key])
      const press = keys.flatMap((key) => [0xe0, key])
      return down ? [...release, ...body] : [...body, ...press]
    }
    return body
  }

  // Typematic

  /** Delay before the first repetition, in nanoseconds. */
  #delayNs(): number {
    return (((this.#rate >> 5) & 3) + 1) * 250 * MS
  }

  /** Period of repetition: (8 + A) × 2^B × 4.17 ms. */
  #periodNs(): number {
    return (8 + (this.#rate & 7)) * (1 << ((this.#rate >> 3) & 3)) * (MS / 0.24)
  }

  #startRepeat(code: string): void {
    const repeats = this.#set === 3 ? this.#types.type(SET3[code] ?? 0) & KEY_TYPE.TYPEMATIC : code !== 'Pause'
    if (!repeats) return this.#stopRepeat()
    this.#repeating = code
    this.#repeat.armAfter(this.#delayNs())
  }

  #stopRepeat(): void {
    this.#repeating = ''
    this.#repeat.cancel()
  }

  #repeatKey(deadlineNs: number): void {
    if (!this.#repeating) return
    // A guest that does not listen gets no backlog.
    if (this.#queue.events === 0) this.#send(this.#codes(this.#repeating, true))
    this.#repeat.arm(deadlineNs + this.#periodNs())
  }

  // The controller's side

  take(): number {
    const byte = this.#queue.take()
    if (byte >= 0) this.#last = byte
    return byte
  }

  receive(byte: number): void {
    if (this.#command && byte < 0xed) this.#parameter(byte)
    else this.#start(byte)
    if (!this.#queue.empty) this.onData()
  }

  #start(command: number): void {
    const queue = this.#queue
    this.#command = 0
    switch (command) {
      case 0xed: // lights
      case 0xf0: // scan code set
      case 0xf3: // typematic
      case 0xfb: // set 3 key types, for keys that follow
      case 0xfc:
      case 0xfd:
        this.#command = command
        return queue.answer(ACK)
      case 0xee:
        return queue.answer(0xee)
      case 0xf2:
        return queue.answer(ACK, 0xab, 0x83)
      case 0xf4:
        queue.clearEvents()
        this.#scanning = true
        return queue.answer(ACK)
      case 0xf5:
      case 0xf6:
        queue.clearEvents()
        this.#defaults()
        this.#scanning = command === 0xf6
        return queue.answer(ACK)
      case 0xf7:
      case 0xf8:
      case 0xf9:
      case 0xfa:
        this.#types.setAll(ALL_KEY_TYPES[command - 0xf7])
        return queue.answer(ACK)
      case 0xfe:
        return queue.answer(this.#last)
      case 0xff:
        this.reset()
        return queue.answer(ACK, SELF_TEST_PASSED)
      default:
        return queue.answer(RESEND)
    }
  }

  #parameter(byte: number): void {
    const command = this.#command
    this.#command = 0
    if (command === 0xed) this.#setLeds(byte & 7)
    else if (command === 0xf3) this.#rate = byte & 0x7f
    else if (command === 0xf0) {
      if (byte === 0) return this.#queue.answer(ACK, this.#set)
      if (byte > 3) return this.#queue.answer(RESEND)
      this.#set = byte
      this.#queue.clearEvents()
    } else {
      // FB to FD take any number of keys, ended by the next command.
      this.#types.set(byte, ALL_KEY_TYPES[command - 0xfb])
      this.#command = command
    }
    this.#queue.answer(ACK)
  }

  save(): KeyboardState {
    return {
      queue: this.#queue.save(),
      command: this.#command,
      set: this.#set,
      scanning: this.#scanning,
      leds: this.#leds,
      rate: this.#rate,
      held: [...this.#held],
      repeating: this.#repeating,
      repeatAtNs: this.#repeat.armed ? this.#repeat.deadlineNs : null,
      types: this.#types.save(),
      last: this.#last,
    }
  }

  restore(state: KeyboardState): void {
    this.#queue.restore(state.queue)
    this.#command = state.command
    this.#set = state.set
    this.#scanning = state.scanning
    this.#rate = state.rate
    this.#held.clear()
    for (const code of state.held) this.#held.add(code)
    this.#repeating = state.repeating
    this.#types.restore(state.types)
    this.#last = state.last
    if (state.repeatAtNs === null) this.#repeat.cancel()
    else this.#repeat.arm(state.repeatAtNs)
    this.#setLeds(state.leds)
  }
}

/** A set 2 sequence in set 1: translated bytes, and F0 as bit 7 of the byte behind it. */
function toSet1(bytes: readonly number[]): number[] {
  const out: number[] = []
  let released = 0
  for (const byte of bytes)
    if (byte === 0xf0) released = 0x80
    else {
      out.push(byte === 0xe0 || byte === 0xe1 ? byte : translateToSet1(byte) | released)
      if (byte !== 0xe0 && byte !== 0xe1) released = 0
    }
  return out
}
