/**
 * INT 10h AH=1Ch and AX=4F04h: saves and restores the display. CX bit 0 is the hardware, bit 1 the BIOS data, bit 2 the colours; a
 * VBE state (bit 3) follows them. The buffer's layout is our own business.
 */
import { BDA } from '../bios/bda.ts'
import type { Call, Steps } from '../call.ts'
import {
  crtcPort,
  DAC_MASK,
  DISPI,
  GRAPHICS,
  getAttribute,
  getDac,
  getDispi,
  getIndexed,
  hasDispi,
  MISC_READ,
  MISC_WRITE,
  SEQUENCER,
  setAttributes,
  setDac,
  setDispi,
  setIndexed,
} from './registers.ts'

const SAVE_HARDWARE = 1
const SAVE_BIOS = 2
const SAVE_COLOURS = 4
const SAVE_VBE = 8

/** Indices (4), sequencer 5, CRT controller 25, graphics 9, attributes 21, misc, feature. */
const HARDWARE_BYTES = 0x46
/** 0040:0049 to 66, 84 to 8A, A8 to AB, vectors 1Fh and 43h. */
const BIOS_PARTS: readonly (readonly [address: number, bytes: number])[] = [
  [BDA.videoMode, 0x1e],
  [BDA.rows, 7],
  [BDA.savePointer, 4],
  [BDA.vbeMode, 2],
  [0x1f * 4, 4],
  [0x43 * 4, 4],
  [0x10 * 4, 4],
]
const COLOUR_BYTES = 4 + 768
const VBE_REGISTERS = [
  DISPI.xres,
  DISPI.yres,
  DISPI.bpp,
  DISPI.enable,
  DISPI.bank,
  DISPI.virtualWidth,
  DISPI.xOffset,
  DISPI.yOffset,
]
const ENABLED = 1
/** Keeps video memory when the mode comes back. */
const NO_CLEAR = 0x80

/** Bytes that the states in `mask` take. */
export function stateBytes(mask: number): number {
  const bios = BIOS_PARTS.reduce((sum, [, bytes]) => sum + bytes, 0)
  return (
    (mask & SAVE_HARDWARE ? HARDWARE_BYTES : 0) +
    (mask & SAVE_BIOS ? bios : 0) +
    (mask & SAVE_COLOURS ? COLOUR_BYTES : 0) +
    (mask & SAVE_VBE ? VBE_REGISTERS.length * 2 : 0)
  )
}

/** Writes the states in `mask` to linear address `address`. */
export function* saveState(call: Call, mask: number, address: number): Steps {
  yield* call.touch(address, stateBytes(mask), true)
  const { machine } = call
  const bytes: number[] = []
  if (mask & SAVE_HARDWARE) yield* saveHardware(call, bytes)
  if (mask & SAVE_BIOS) {
    for (const [from, length] of BIOS_PARTS) for (let i = 0; i < length; i++) bytes.push(machine.readLinear8(from + i))
  }
  if (mask & SAVE_COLOURS) {
    bytes.push(yield* call.in8(DAC_MASK), yield* getAttribute(call, 0x14), 0, 0)
    for (const byte of yield* getDac(call, 0, 256)) bytes.push(byte)
  }
  if (mask & SAVE_VBE) {
    for (const register of VBE_REGISTERS) {
      const value = yield* getDispi(call, register)
      bytes.push(value & 0xff, value >>> 8)
    }
  }
  machine.writeLinearBytes(address, Uint8Array.from(bytes))
}

function* saveHardware(call: Call, bytes: number[]): Steps {
  const crtc = crtcPort(call)
  bytes.push(yield* call.in8(SEQUENCER), yield* call.in8(crtc), yield* call.in8(GRAPHICS), 0)
  for (let i = 0; i < 5; i++) bytes.push(yield* getIndexed(call, SEQUENCER, i))
  for (let i = 0; i < 25; i++) bytes.push(yield* getIndexed(call, crtc, i))
  for (let i = 0; i < 9; i++) bytes.push(yield* getIndexed(call, GRAPHICS, i))
  for (let i = 0; i < 21; i++) bytes.push(yield* getAttribute(call, i))
  bytes.push(yield* call.in8(MISC_READ))
  while (bytes.length < HARDWARE_BYTES) bytes.push(0)
}

/** Restores what `saveState` wrote with the same mask. */
export function* restoreState(call: Call, mask: number, address: number): Steps {
  const { machine } = call
  const bytes = new Uint8Array(stateBytes(mask))
  yield* call.touch(address, bytes.length, false)
  machine.readLinearBytes(address, bytes)
  let at = 0
  const take = (count: number) => {
    at += count
    return bytes.subarray(at - count, at)
  }
  const hardware = mask & SAVE_HARDWARE ? take(HARDWARE_BYTES) : undefined
  const bios = mask & SAVE_BIOS ? BIOS_PARTS.map(([to, length]) => ({ to, data: take(length) })) : []
  const colours = mask & SAVE_COLOURS ? take(COLOUR_BYTES) : undefined
  const vbe = mask & SAVE_VBE ? take(VBE_REGISTERS.length * 2) : undefined
  if (vbe && (yield* hasDispi(call))) yield* restoreVbe(call, vbe)
  for (const { to, data } of bios) machine.writeLinearBytes(to, data)
  if (hardware) yield* restoreHardware(call, hardware)
  if (colours) {
    yield* call.out8(DAC_MASK, colours[0])
    yield* setAttributes(call, 0x14, [colours[1]])
    yield* setDac(call, 0, colours.subarray(4))
  }
}

function* restoreHardware(call: Call, bytes: Uint8Array): Steps {
  const misc = bytes[64]
  const crtc = misc & 1 ? 0x3d4 : 0x3b4
  yield* setIndexed(call, SEQUENCER, 0, 1)
  for (let i = 1; i < 5; i++) yield* setIndexed(call, SEQUENCER, i, bytes[4 + i])
  yield* call.out8(MISC_WRITE, misc)
  yield* setIndexed(call, SEQUENCER, 0, bytes[4])
  yield* setIndexed(call, crtc, 0x11, 0)
  for (let i = 0; i < 25; i++) yield* setIndexed(call, crtc, i, bytes[9 + i])
  for (let i = 0; i < 9; i++) yield* setIndexed(call, GRAPHICS, i, bytes[34 + i])
  yield* setAttributes(call, 0, bytes.subarray(43, 64))
  yield* call.out8(SEQUENCER, bytes[0])
  yield* call.out8(crtc, bytes[1])
  yield* call.out8(GRAPHICS, bytes[2])
}

function* restoreVbe(call: Call, bytes: Uint8Array): Steps {
  const values = new Map(VBE_REGISTERS.map((register, i) => [register, bytes[2 * i] | (bytes[2 * i + 1] << 8)]))
  const enable = values.get(DISPI.enable) ?? 0
  yield* setDispi(call, DISPI.enable, 0)
  if (!(enable & ENABLED)) return
  for (const register of [DISPI.xres, DISPI.yres, DISPI.bpp]) yield* setDispi(call, register, values.get(register) ?? 0)
  yield* setDispi(call, DISPI.enable, enable | NO_CLEAR)
  for (const register of [DISPI.virtualWidth, DISPI.xOffset, DISPI.yOffset, DISPI.bank])
    yield* setDispi(call, register, values.get(register) ?? 0)
}

/** AH=1Ch: AL 0 asks for the size in blocks of 64 bytes, 1 saves to ES:BX, 2 restores. */
export function* saveRestoreService(call: Call, buffer: number): Steps {
  const mask = call.cx & 7
  if (mask === 0 || call.al > 2) return
  if (call.al === 0) call.bx = Math.ceil(stateBytes(mask) / 64)
  else if (call.al === 1) yield* saveState(call, mask, buffer)
  else yield* restoreState(call, mask, buffer)
  call.al = 0x1c
}
