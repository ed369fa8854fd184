/** INT 10h AH=0Bh (CGA palette) and AH=10h (palette registers, DAC). */
import { BDA } from '../bios/bda.ts'
import { type Call, ES, type Steps } from '../call.ts'
import { DAC_MASK, getAttribute, getDac, setAttributes, setDac, sumToGrey } from './registers.ts'

const GREY = 0x02
const OVERSCAN = 0x11
const MODE_CONTROL = 0x10
const COLOUR_SELECT = 0x14
const BLINK = 0x08
/** Four banks of 64 colours, or sixteen of 16. */
const SIXTEENS = 0x80

/** AH=0Bh: BH=0 background and border, BH=1 one of the two palettes of mode 04h. */
export function* cgaPalette(call: Call): Steps {
  const { machine } = call
  const saved = machine.readLinear8(BDA.cgaPalette)
  if (call.bh === 0) {
    const colour = (call.bl & 7) | ((call.bl & 8) << 1)
    yield* setAttributes(call, 0, [colour])
    yield* setAttributes(call, OVERSCAN, [colour])
    machine.writeLinear8(BDA.cgaPalette, (saved & ~0x1f) | (call.bl & 0x1f))
    for (let i = 1; i < 4; i++) {
      const register = yield* getAttribute(call, i)
      yield* setAttributes(call, i, [(register & ~0x10) | (call.bl & 0x10)])
    }
    return
  }
  for (let i = 1; i < 4; i++) {
    const register = yield* getAttribute(call, i)
    yield* setAttributes(call, i, [(register & ~1) | (call.bl & 1)])
  }
  machine.writeLinear8(BDA.cgaPalette, (saved & ~0x20) | (call.bl & 1 ? 0x20 : 0))
}

/** AH=10h. */
export function* paletteService(call: Call): Steps {
  switch (call.al) {
    case 0x00:
      if (call.bl <= COLOUR_SELECT) yield* setAttributes(call, call.bl, [call.bh])
      return
    case 0x01:
      return yield* setAttributes(call, OVERSCAN, [call.bh])
    case 0x02:
      return yield* setAllPalette(call)
    case 0x03:
      return yield* setBlink(call, call.bl)
    case 0x07:
      if (call.bl <= COLOUR_SELECT) call.bh = yield* getAttribute(call, call.bl)
      return
    case 0x08:
      call.bh = yield* getAttribute(call, OVERSCAN)
      return
    case 0x09:
      return yield* getAllPalette(call)
    case 0x10:
      return yield* setColours(call, call.bx, Uint8Array.of(call.dh & 0x3f, call.ch & 0x3f, call.cl & 0x3f))
    case 0x12:
      return yield* setColourBlock(call)
    case 0x13:
      return yield* selectPage(call)
    case 0x15: {
      const [red, green, blue] = yield* getDac(call, call.bl, 1)
      call.dh = red
      call.ch = green
      call.cl = blue
      return
    }
    case 0x17:
      return yield* getColourBlock(call)
    case 0x18:
      return yield* call.out8(DAC_MASK, call.bl)
    case 0x19:
      call.bl = yield* call.in8(DAC_MASK)
      return
    case 0x1a:
      return yield* getPage(call)
    case 0x1b: {
      const colours = yield* getDac(call, call.bx, call.cx)
      sumToGrey(colours)
      return yield* setDac(call, call.bx, colours)
    }
  }
}

/** ES:DX: sixteen palette registers and the border. */
function* setAllPalette(call: Call): Steps {
  const table = new Uint8Array(17)
  const from = call.linear(ES, call.dx)
  yield* call.touch(from, 17, false)
  call.machine.readLinearBytes(from, table)
  yield* setAttributes(call, 0, table.subarray(0, 16))
  yield* setAttributes(call, OVERSCAN, [table[16]])
}

function* getAllPalette(call: Call): Steps {
  const table = new Uint8Array(17)
  for (let i = 0; i < 16; i++) table[i] = yield* getAttribute(call, i)
  table[16] = yield* getAttribute(call, OVERSCAN)
  const into = call.linear(ES, call.dx)
  yield* call.touch(into, 17, true)
  call.machine.writeLinearBytes(into, table)
}

/** BL=0: bit 7 of attributes is intensity of the background; BL=1: it blinks. */
function* setBlink(call: Call, blink: number): Steps {
  const { machine } = call
  const mode = yield* getAttribute(call, MODE_CONTROL)
  yield* setAttributes(call, MODE_CONTROL, [(mode & ~BLINK) | (blink & 1 ? BLINK : 0)])
  const control = machine.readLinear8(BDA.cgaMode)
  machine.writeLinear8(BDA.cgaMode, (control & ~0x20) | (blink & 1 ? 0x20 : 0))
}

function* setColours(call: Call, first: number, colours: Uint8Array): Steps {
  if (call.machine.readLinear8(BDA.vgaFlags) & GREY) sumToGrey(colours)
  yield* setDac(call, first, colours)
}

/** BX first, CX count, ES:DX three bytes each. */
function* setColourBlock(call: Call): Steps {
  const colours = new Uint8Array(3 * call.cx)
  const from = call.linear(ES, call.dx)
  yield* call.touch(from, colours.length, false)
  call.machine.readLinearBytes(from, colours)
  yield* setColours(call, call.bx, colours)
}

function* getColourBlock(call: Call): Steps {
  const colours = yield* getDac(call, call.bx, call.cx)
  const into = call.linear(ES, call.dx)
  yield* call.touch(into, colours.length, true)
  call.machine.writeLinearBytes(into, colours)
}

/** BL=0: BH chooses 4 × 64 or 16 × 16; BL=1: BH is the page. */
function* selectPage(call: Call): Steps {
  const mode = yield* getAttribute(call, MODE_CONTROL)
  if (call.bl === 0) {
    yield* setAttributes(call, MODE_CONTROL, [(mode & ~SIXTEENS) | (call.bh & 1 ? SIXTEENS : 0)])
    return
  }
  const page = mode & SIXTEENS ? call.bh & 0x0f : (call.bh & 3) << 2
  yield* setAttributes(call, COLOUR_SELECT, [page])
}

function* getPage(call: Call): Steps {
  const mode = yield* getAttribute(call, MODE_CONTROL)
  const select = yield* getAttribute(call, COLOUR_SELECT)
  call.bl = mode & SIXTEENS ? 1 : 0
  call.bh = mode & SIXTEENS ? select & 0x0f : (select >>> 2) & 3
}
