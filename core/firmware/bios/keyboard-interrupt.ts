/**
 * IRQ 1: scan codes to flags, keys in the buffer at 0040:001E, and actions (IBM PS/2 and PC BIOS Interface Technical Reference,
 * "Keyboard"; the flag bytes are those of the BIOS data area).
 */
import type { Call, Steps } from '../call.ts'
import { BDA } from './bda.ts'
import { EXTENDED_KEYS, KEYPAD_DIGITS, KEYS } from './key-tables.ts'
import { keyboardAnswered, RESPONSE_ACK, RESPONSE_RESEND, updateLeds } from './keyboard-leds.ts'

/** What ROM code does after the acknowledge: its value in BL. */
const KEY_ACTION = { none: 0, ctrlBreak: 1, printScreen: 2, pause: 3, sysRequest: 4, sysRelease: 5, stored: 6 }

/** 0040:0017. */
const RIGHT_SHIFT = 0x01
const LEFT_SHIFT = 0x02
const CTRL = 0x04
const ALT = 0x08
const SCROLL_LOCK = 0x10
const NUM_LOCK = 0x20
const CAPS_LOCK = 0x40
const INSERT = 0x80
/** 0040:0018. */
const LEFT_CTRL = 0x01
const LEFT_ALT = 0x02
const SYS_REQUEST = 0x04
const PAUSED = 0x08
/** 0040:0096. */
const LAST_E1 = 0x01
const LAST_E0 = 0x02
const RIGHT_CTRL = 0x04
const RIGHT_ALT = 0x08

/** Keys that toggle: bit in 0040:0017; while it is held, the same bit in 0040:0018. */
const TOGGLES: Readonly<Record<number, number>> = { 58: CAPS_LOCK, 69: NUM_LOCK, 70: SCROLL_LOCK, 82: INSERT }
const DELETE = 0x53

/** AL is the scan code that INT 15h AH=4Fh let through. Returns the action in BL. */
export function* keyInterrupt(call: Call): Steps {
  const { machine } = call
  const code = call.al
  call.bl = KEY_ACTION.none
  if (code === RESPONSE_ACK || code === RESPONSE_RESEND) return yield* keyboardAnswered(call, code)
  const flags3 = machine.readLinear8(BDA.keyFlags3)
  if (code === 0xe0 || code === 0xe1) {
    machine.writeLinear8(BDA.keyFlags3, flags3 | (code === 0xe0 ? LAST_E0 : LAST_E1))
    return
  }
  const extended = (flags3 & LAST_E0) !== 0
  if (flags3 & LAST_E1) {
    // Pause is E1 1D 45: its prefix lasts for two codes.
    if ((code & 0x7f) === 0x1d) return
    machine.writeLinear8(BDA.keyFlags3, flags3 & ~(LAST_E0 | LAST_E1))
    if (code === 0x45) call.bl = pause(call)
    return
  }
  machine.writeLinear8(BDA.keyFlags3, flags3 & ~(LAST_E0 | LAST_E1))
  if (code & 0x80) call.bl = release(call, code & 0x7f, extended)
  else call.bl = press(call, code, extended)
  yield* updateLeds(call)
}

function press(call: Call, scan: number, extended: boolean): number {
  const { machine } = call
  if (modifier(call, scan, extended, true)) return KEY_ACTION.none
  const flags = machine.readLinear8(BDA.keyFlags)
  const flags2 = machine.readLinear8(BDA.keyFlags2)
  const held = flags & (CTRL | ALT)
  if (scan === DELETE && held === (CTRL | ALT)) {
    machine.writeLinear16(BDA.resetFlag, 0x1234)
    machine.request({ kind: 'reset' })
    return KEY_ACTION.none
  }
  if (extended && scan === 0x46 && flags & CTRL) return ctrlBreak(call)
  if (scan === 0x54 && !extended) {
    if (flags2 & SYS_REQUEST) return KEY_ACTION.none
    machine.writeLinear8(BDA.keyFlags2, flags2 | SYS_REQUEST)
    return KEY_ACTION.sysRequest
  }
  if (flags2 & PAUSED) {
    machine.writeLinear8(BDA.keyFlags2, flags2 & ~PAUSED)
    return KEY_ACTION.none
  }
  if (scan === 0x45 && !extended && flags & CTRL && !(flags & ALT)) return pause(call)
  if (scan === 0x46 && !extended && flags & CTRL && !(flags & ALT)) return ctrlBreak(call)
  if (extended && scan === 0x37) return printScreen(call, flags)
  if (toggle(call, scan, extended, flags, flags2)) return KEY_ACTION.none
  if (flags & ALT && !extended && altDigit(call, scan)) return KEY_ACTION.none
  const key = translate(scan, extended, machine.readLinear8(BDA.keyFlags))
  return key >= 0 && storeKey(call, key) ? KEY_ACTION.stored : KEY_ACTION.none
}

function release(call: Call, scan: number, extended: boolean): number {
  const { machine } = call
  if (modifier(call, scan, extended, false)) {
    const digits = machine.readLinear8(BDA.altDigits)
    if (scan === 0x38 && digits !== 0 && !(machine.readLinear8(BDA.keyFlags) & ALT)) {
      machine.writeLinear8(BDA.altDigits, 0)
      return storeKey(call, digits) ? KEY_ACTION.stored : KEY_ACTION.none
    }
    return KEY_ACTION.none
  }
  const flags2 = machine.readLinear8(BDA.keyFlags2)
  if (scan === 0x54) {
    machine.writeLinear8(BDA.keyFlags2, flags2 & ~SYS_REQUEST)
    return KEY_ACTION.sysRelease
  }
  const bit = TOGGLES[scan]
  if (bit !== undefined) machine.writeLinear8(BDA.keyFlags2, flags2 & ~bit)
  return KEY_ACTION.none
}

/** Shift, Ctrl and Alt. Returns whether the key was one (the E0 2A and E0 36 around cursor keys count as such and do nothing). */
function modifier({ machine }: Call, scan: number, extended: boolean, down: boolean): boolean {
  const change = (address: number, bit: number) => {
    const value = machine.readLinear8(address)
    machine.writeLinear8(address, down ? value | bit : value & ~bit)
  }
  /** Ctrl and Alt exist twice: the common flag is on while either is held. */
  const either = (left: number, right: number, common: number) => {
    if (extended) change(BDA.keyFlags3, right)
    else change(BDA.keyFlags2, left)
    const held = machine.readLinear8(BDA.keyFlags2) & left || machine.readLinear8(BDA.keyFlags3) & right
    const value = machine.readLinear8(BDA.keyFlags)
    machine.writeLinear8(BDA.keyFlags, held ? value | common : value & ~common)
  }
  if (scan === 0x2a || scan === 0x36) {
    if (!extended) change(BDA.keyFlags, scan === 0x2a ? LEFT_SHIFT : RIGHT_SHIFT)
  } else if (scan === 0x1d) either(LEFT_CTRL, RIGHT_CTRL, CTRL)
  else if (scan === 0x38) either(LEFT_ALT, RIGHT_ALT, ALT)
  else return false
  return true
}

/** Caps Lock, Num Lock, Scroll Lock; Insert toggles too, but is also a key. Returns whether nothing else is to be done. */
function toggle({ machine }: Call, scan: number, extended: boolean, flags: number, flags2: number): boolean {
  const bit = TOGGLES[scan]
  if (bit === undefined) return false
  if (scan === 0x52) {
    const digit = !extended && ((flags & NUM_LOCK) !== 0) !== ((flags & (LEFT_SHIFT | RIGHT_SHIFT)) !== 0)
    if (digit || flags & (CTRL | ALT)) return false
  }
  if (!(flags2 & bit)) {
    machine.writeLinear8(BDA.keyFlags2, flags2 | bit)
    machine.writeLinear8(BDA.keyFlags, flags ^ bit)
  }
  return scan !== 0x52
}

/** Alt with keypad digits makes a character of any code. */
function altDigit({ machine }: Call, scan: number): boolean {
  const digit = KEYPAD_DIGITS.get(scan)
  if (digit === undefined) {
    machine.writeLinear8(BDA.altDigits, 0)
    return false
  }
  machine.writeLinear8(BDA.altDigits, (machine.readLinear8(BDA.altDigits) * 10 + digit) & 0xff)
  return true
}

function printScreen(call: Call, flags: number): number {
  if (flags & CTRL) return storeKey(call, 0x7200) ? KEY_ACTION.stored : KEY_ACTION.none
  return KEY_ACTION.printScreen
}

function pause({ machine }: Call): number {
  machine.writeLinear8(BDA.keyFlags2, machine.readLinear8(BDA.keyFlags2) | PAUSED)
  return KEY_ACTION.pause
}

/** Empties the buffer, leaves a zero key in it; ROM code calls INT 1Bh. */
function ctrlBreak(call: Call): number {
  const { machine } = call
  const start = machine.readLinear16(BDA.keyBufferStart)
  machine.writeLinear16(BDA.keyHead, start)
  machine.writeLinear16(BDA.keyTail, start)
  machine.writeLinear8(BDA.breakFlag, 0x80)
  storeKey(call, 0)
  return KEY_ACTION.ctrlBreak
}

/** What the key means with these flags, or -1. */
function translate(scan: number, extended: boolean, flags: number): number {
  const row = (extended ? EXTENDED_KEYS : KEYS).get(scan)
  if (!row) return -1
  if (flags & ALT) return row[3]
  if (flags & CTRL) return row[2]
  const shift = (flags & (LEFT_SHIFT | RIGHT_SHIFT)) !== 0
  if (extended) return row[shift ? 1 : 0]
  const keypad = scan >= 0x47 && scan <= 0x53
  const isLetter = (row[0] & 0xff) >= 0x61 && (row[0] & 0xff) <= 0x7a
  const lock = keypad ? (flags & NUM_LOCK) !== 0 : isLetter ? (flags & CAPS_LOCK) !== 0 : false
  return row[shift !== lock ? 1 : 0]
}

/** Puts a key at the end of the buffer; false when it is full. */
export function storeKey({ machine }: Call, key: number): boolean {
  const tail = machine.readLinear16(BDA.keyTail)
  const end = machine.readLinear16(BDA.keyBufferEnd)
  const next = tail + 2 >= end ? machine.readLinear16(BDA.keyBufferStart) : tail + 2
  if (next === machine.readLinear16(BDA.keyHead)) return false
  machine.writeLinear16(0x400 + tail, key)
  machine.writeLinear16(BDA.keyTail, next)
  return true
}

/** The first key of the buffer, or -1; `remove` takes it out. */
export function takeKey({ machine }: Call, remove: boolean): number {
  const head = machine.readLinear16(BDA.keyHead)
  if (head === machine.readLinear16(BDA.keyTail)) return -1
  const key = machine.readLinear16(0x400 + head)
  if (remove) {
    const next =
      head + 2 >= machine.readLinear16(BDA.keyBufferEnd) ? machine.readLinear16(BDA.keyBufferStart) : head + 2
    machine.writeLinear16(BDA.keyHead, next)
  }
  return key
}
