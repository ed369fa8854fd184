/** INT 16h: keys from the buffer, flags, typematic rate (IBM PS/2 and PC BIOS Interface Technical Reference, INT 16h). */
import { type Call, DS, ES, SS, type Steps } from '../call.ts'
import { BDA, EBDA, ebdaAddress, readTime, writeTime } from './bda.ts'
import { storeKey, takeKey } from './keyboard-interrupt.ts'
import { updateLeds } from './keyboard-leds.ts'

/** AH=09h: AH=10h to 12h, AH=0Ah and AX=0305h exist. */
const FUNCTIONALITY = 0x34
/** ID of an enhanced keyboard behind a translating controller. */
const KEYBOARD_ID = 0x41ab
const SET_TYPEMATIC = 0xf3

export function* keyboardService(call: Call): Steps {
  const { machine } = call
  switch (call.ah) {
    case 0x00:
    case 0x10:
      yield* updateLeds(call)
      return read(call, call.ah === 0x10)
    case 0x01:
    case 0x11:
      yield* updateLeds(call)
      return peek(call, call.ah === 0x11)
    case 0x02:
      call.al = machine.readLinear8(BDA.keyFlags)
      return
    case 0x03:
      return yield* typematic(call)
    case 0x05:
      call.al = storeKey(call, call.cx) ? 0 : 1
      return
    case 0x09:
      call.al = FUNCTIONALITY
      return
    case 0x0a:
      call.bx = KEYBOARD_ID
      return
    case 0x12:
      call.al = machine.readLinear8(BDA.keyFlags)
      call.ah = extendedFlags(call)
      return
  }
}

/** Waits for a key; ROM code halts between. */
function read(call: Call, enhanced: boolean): void {
  for (;;) {
    const raw = takeKey(call, true)
    if (raw < 0) return call.wait()
    const key = forCaller(raw, enhanced)
    if (key >= 0) {
      call.ax = key
      return
    }
  }
}

/** ZF: no key. Keys that the caller's function does not know are taken out of its way. */
function peek(call: Call, enhanced: boolean): void {
  for (;;) {
    const raw = takeKey(call, false)
    const key = raw < 0 ? -1 : forCaller(raw, enhanced)
    call.zero = raw < 0
    if (raw < 0) return rest(call)
    if (key >= 0) {
      call.ax = key
      return
    }
    takeKey(call, true)
  }
}

/** What AH=00h and 01h make of a key: the keys of the 83-key keyboard, or -1. The enhanced functions return all keys as they are. */
function forCaller(key: number, enhanced: boolean): number {
  const [scan, character] = [key >>> 8, key & 0xff]
  if (enhanced) return character === 0xf0 && scan !== 0 ? scan << 8 : key
  if (scan === 0xe0) return character === 0x2f ? 0x352f : 0x1c00 | character
  if (scan > 0x84) return -1
  return character === 0xe0 && scan !== 0 ? scan << 8 : key
}

/** How often the very same poll repeats before it counts as waiting, how soon after another, and how long it may rest then. */
const SAME_POLLS = 64
const POLL_GAP_NS = 200_000
const REST_NS = 2_000_000
/** One that goes on for about half a second is a prompt, and rests longer. An interrupt ends any rest. */
const PROMPT_POLLS = 255
const PROMPT_REST_NS = 20_000_000

/**
 * Programs that wait for a key by polling would keep the host busy. One that polls again and again with the same registers
 * and the same top of its stack computes nothing in between, so it may rest until the next interrupt.
 */
function rest(call: Call): void {
  const { machine } = call
  const nowNs = machine.clock.nowNs()
  const hashAt = ebdaAddress(machine, EBDA.pollHash)
  const timeAt = ebdaAddress(machine, EBDA.pollTime)
  const countAt = ebdaAddress(machine, EBDA.pollCount)
  const hash = fingerprint(call)
  const sinceNs = nowNs - readTime(machine, timeAt)
  // DOS polls from two places in turn.
  const last = machine.readLinear32(hashAt)
  const same = last === hash || machine.readLinear32(hashAt + 4) === hash
  const before = machine.readLinear8(countAt)
  // The host may wake late from a rest.
  const soon = sinceNs >= 0 && sinceNs < POLL_GAP_NS + (before < SAME_POLLS ? 0 : 2 * PROMPT_REST_NS)
  const count = same && soon ? Math.min(before + 1, PROMPT_POLLS) : 0
  machine.writeLinear32(hashAt + 4, last)
  machine.writeLinear32(hashAt, hash)
  machine.writeLinear8(countAt, count)
  if (count >= SAME_POLLS) machine.idle(count === PROMPT_POLLS ? PROMPT_REST_NS : REST_NS)
  writeTime(machine, timeAt, nowNs)
}

function fingerprint(call: Call): number {
  const { machine } = call
  const stack = call.linear(SS, machine.cpu.reg16(4))
  const values = [call.eax, call.ebx, call.ecx, call.edx, call.esi, call.edi, call.ebp, stack]
  for (const segment of [DS, ES]) values.push(call.selector(segment))
  for (let i = 0; i < 48; i += 4) values.push(machine.readLinear32(stack + i))
  return values.reduce((hash, value) => Math.imul(hash ^ value, 0x0100_0193) >>> 0, 0x811c_9dc5)
}

/** 0040:0018 and 0096 in the order of AH=12h: left and right Ctrl and Alt, then the locks being held, then SysRq. */
function extendedFlags({ machine }: Call): number {
  const flags2 = machine.readLinear8(BDA.keyFlags2)
  const right = machine.readLinear8(BDA.keyFlags3) & 0x0c
  return (flags2 & 0x73) | right | (flags2 & 0x04 ? 0x80 : 0)
}

/** AX=0305h: BH the delay (0 to 3), BL the rate (0 to 31). */
function* typematic(call: Call): Steps {
  if (call.al !== 0x05) return
  yield* sendToKeyboard(call, [SET_TYPEMATIC, ((call.bh & 3) << 5) | (call.bl & 0x1f)])
}

/** Sends bytes with IRQ 1 masked and reads the acknowledge of each. */
function* sendToKeyboard(call: Call, bytes: readonly number[]): Steps {
  const mask = yield* call.in8(0x21)
  yield* call.out8(0x21, mask | 2)
  for (const byte of bytes) {
    yield* call.out8(0x60, byte)
    const answered = yield* call.until(function* () {
      return ((yield* call.in8(0x64)) & 1) !== 0
    }, 20_000_000)
    if (!answered) break
    yield* call.in8(0x60)
  }
  yield* call.out8(0x21, mask)
}
