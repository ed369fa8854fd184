/** Access to the VGA's registers through ports, and to Bochs' display interface. */
import { BDA } from '../bios/bda.ts'
import type { Call, Steps } from '../call.ts'

export const SEQUENCER = 0x3c4
export const GRAPHICS = 0x3ce
const ATTRIBUTE = 0x3c0
const ATTRIBUTE_READ = 0x3c1
/** Bit of the attribute index that gives the palette to the picture. */
const SHOW_PICTURE = 0x20
export const MISC_WRITE = 0x3c2
export const MISC_READ = 0x3cc
export const DAC_MASK = 0x3c6
const DAC_READ_INDEX = 0x3c7
export const DAC_WRITE_INDEX = 0x3c8
export const DAC_DATA = 0x3c9

const VBE_INDEX = 0x1ce
const VBE_DATA = 0x1cf

/** Registers of Bochs' display interface. */
export const DISPI = {
  id: 0,
  xres: 1,
  yres: 2,
  bpp: 3,
  enable: 4,
  bank: 5,
  virtualWidth: 6,
  virtualHeight: 7,
  xOffset: 8,
  yOffset: 9,
  memory64k: 10,
} as const

/** Index port of the CRT controller: 3D4h, or 3B4h in monochrome. */
export function crtcPort({ machine }: Call): number {
  return machine.readLinear16(BDA.crtcPort) === 0x3b4 ? 0x3b4 : 0x3d4
}

/** Writes register `index` behind an index port with its data port after it. */
export function* setIndexed(call: Call, port: number, index: number, value: number): Steps {
  yield* call.out16(port, index | ((value & 0xff) << 8))
}

export function* getIndexed(call: Call, port: number, index: number): Steps<number> {
  yield* call.out8(port, index)
  return yield* call.in8(port + 1)
}

export function* setCrtc(call: Call, index: number, value: number): Steps {
  yield* setIndexed(call, crtcPort(call), index, value)
}

export function* getCrtc(call: Call, index: number): Steps<number> {
  return yield* getIndexed(call, crtcPort(call), index)
}

/** A 16-bit value in two CRT controller registers, high byte first. */
export function* setCrtcPair(call: Call, index: number, value: number): Steps {
  yield* setCrtc(call, index, value >>> 8)
  yield* setCrtc(call, index + 1, value & 0xff)
}

/** Reading input status 1 makes the attribute controller take an index next. */
function* resetFlipFlop(call: Call): Steps {
  yield* call.in8(crtcPort(call) + 6)
}

/** Writes attribute controller registers from `first` on, then shows the picture. */
export function* setAttributes(call: Call, first: number, values: ArrayLike<number>): Steps {
  yield* resetFlipFlop(call)
  for (let i = 0; i < values.length; i++) {
    yield* call.out8(ATTRIBUTE, first + i)
    yield* call.out8(ATTRIBUTE, values[i])
  }
  yield* call.out8(ATTRIBUTE, SHOW_PICTURE)
}

export function* getAttribute(call: Call, index: number): Steps<number> {
  yield* resetFlipFlop(call)
  yield* call.out8(ATTRIBUTE, index)
  const value = yield* call.in8(ATTRIBUTE_READ)
  yield* resetFlipFlop(call)
  yield* call.out8(ATTRIBUTE, SHOW_PICTURE)
  yield* resetFlipFlop(call)
  return value
}

/** Writes DAC registers from `first` on; three bytes each. */
export function* setDac(call: Call, first: number, colours: Uint8Array): Steps {
  yield* call.out8(DAC_WRITE_INDEX, first & 0xff)
  for (let i = 0; i < colours.length; i++) yield* call.out8(DAC_DATA, colours[i])
}

export function* getDac(call: Call, first: number, count: number): Steps<Uint8Array> {
  const colours = new Uint8Array(3 * count)
  yield* call.out8(DAC_READ_INDEX, first & 0xff)
  for (let i = 0; i < colours.length; i++) colours[i] = yield* call.in8(DAC_DATA)
  return colours
}

/** Grey of the same brightness (30 % red, 59 % green, 11 % blue), for all three. */
export function sumToGrey(colours: Uint8Array): void {
  for (let i = 0; i + 2 < colours.length; i += 3) {
    const grey = (colours[i] * 77 + colours[i + 1] * 151 + colours[i + 2] * 28 + 128) >>> 8
    colours.fill(Math.min(grey, 0x3f), i, i + 3)
  }
}

export function* setDispi(call: Call, register: number, value: number): Steps {
  yield* call.out16(VBE_INDEX, register)
  yield* call.out16(VBE_DATA, value)
}

export function* getDispi(call: Call, register: number): Steps<number> {
  yield* call.out16(VBE_INDEX, register)
  return yield* call.in16(VBE_DATA)
}

/** Whether the adapter has the display interface. */
export function* hasDispi(call: Call): Steps<boolean> {
  return ((yield* getDispi(call, DISPI.id)) & 0xfff0) === 0xb0c0
}
