/** INT 10h AH=0Ch and 0Dh: single pixels. CX column, DX row, BH page, AL colour (bit 7 exclusive or, except with 256 colours). */
import type { Call, Steps } from '../call.ts'
import { addressOf, BankedWindow, type Canvas, currentCanvas, offsetOf, pixelBytes, touchWindow } from './canvas.ts'
import { GRAPHICS, SEQUENCER, setIndexed } from './registers.ts'

const XOR = 0x80
const XOR_FUNCTION = 0x18

export function* writePixel(call: Call): Steps {
  const canvas = yield* currentCanvas(call)
  if (!canvas || call.cx >= canvas.widthPx) return
  if (canvas.kind === 'planar') return yield* writePlanar(call, canvas)
  if (canvas.banked) {
    const window = new BankedWindow(call)
    yield* window.open()
    yield* window.write(offsetOf(canvas, call.cx, call.dx), Uint8Array.from(pixelBytes(canvas, call.al)))
    yield* window.close()
    return
  }
  yield* touchWindow(call, canvas)
  const at = addressOf(call, canvas, call.bh, call.cx, call.dx)
  const { machine } = call
  if (canvas.kind === 'packed') return machine.writeLinear8(at, call.al)
  const { shift, mask } = bitsOf(canvas, call.cx)
  const before = machine.readLinear8(at)
  const value = (call.al & mask) << shift
  machine.writeLinear8(at, call.al & XOR ? before ^ value : (before & ~(mask << shift)) | value)
}

function bitsOf(canvas: Canvas, x: number): { shift: number; mask: number } {
  return canvas.kind === 'cga4' ? { shift: 6 - 2 * (x & 3), mask: 3 } : { shift: 7 - (x & 7), mask: 1 }
}

/** Bit mask and set/reset leave the other seven pixels alone. */
function* writePlanar(call: Call, canvas: Canvas): Steps {
  const { machine } = call
  const window = canvas.banked ? new BankedWindow(call) : undefined
  if (window) yield* window.open()
  yield* setIndexed(call, SEQUENCER, 2, 0x0f)
  yield* setIndexed(call, GRAPHICS, 0, call.al & 0x0f)
  yield* setIndexed(call, GRAPHICS, 1, 0x0f)
  if (call.al & XOR) yield* setIndexed(call, GRAPHICS, 3, XOR_FUNCTION)
  yield* setIndexed(call, GRAPHICS, 5, 0)
  yield* setIndexed(call, GRAPHICS, 8, 0x80 >>> (call.cx & 7))
  yield* touchWindow(call, canvas)
  const at = window
    ? yield* window.seek(offsetOf(canvas, call.cx, call.dx))
    : addressOf(call, canvas, call.bh, call.cx, call.dx)
  machine.readLinear8(at)
  machine.writeLinear8(at, 0xff)
  yield* setIndexed(call, GRAPHICS, 0, 0)
  yield* setIndexed(call, GRAPHICS, 1, 0)
  yield* setIndexed(call, GRAPHICS, 3, 0)
  yield* setIndexed(call, GRAPHICS, 8, 0xff)
  if (window) yield* window.close()
}

export function* readPixel(call: Call): Steps {
  const canvas = yield* currentCanvas(call)
  call.al = 0
  if (!canvas || call.cx >= canvas.widthPx) return
  const { machine } = call
  if (canvas.kind === 'planar') {
    const at = addressOf(call, canvas, call.bh, call.cx, call.dx)
    let colour = 0
    for (let plane = 0; plane < 4; plane++) {
      yield* setIndexed(call, GRAPHICS, 4, plane)
      yield* touchWindow(call, canvas)
      if (machine.readLinear8(at) & (0x80 >>> (call.cx & 7))) colour |= 1 << plane
    }
    yield* setIndexed(call, GRAPHICS, 4, 0)
    call.al = colour
    return
  }
  if (canvas.banked) {
    const bytes = new Uint8Array(1)
    const window = new BankedWindow(call)
    yield* window.open()
    yield* window.read(offsetOf(canvas, call.cx, call.dx), bytes)
    yield* window.close()
    call.al = bytes[0]
    return
  }
  yield* touchWindow(call, canvas)
  const byte = machine.readLinear8(addressOf(call, canvas, call.bh, call.cx, call.dx))
  if (canvas.kind === 'packed') {
    call.al = byte
    return
  }
  const { shift, mask } = bitsOf(canvas, call.cx)
  call.al = (byte >>> shift) & mask
}
