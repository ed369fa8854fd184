/** Characters in graphics modes: drawn from the fonts behind INT 43h and INT 1Fh, and recognised again by comparison. */
import type { Call, Steps } from '../call.ts'
import { addressOf, BankedWindow, type Canvas, offsetOf, pixelBytes, touchWindow } from './canvas.ts'
import { GRAPHICS, SEQUENCER, setIndexed } from './registers.ts'
import { charHeightOf } from './video-state.ts'

/** Bit 7 of a colour combines it with what is there, except with 256 colours. */
const XOR = 0x80
const XOR_FUNCTION = 0x18

/** Where and how characters are drawn. */
export interface GlyphRun {
  readonly page: number
  readonly row: number
  readonly column: number
  readonly count: number
  readonly character: number
  readonly colour: number
  readonly background: number
}

/** Rows of dots of a character. CGA modes have the upper half of their characters behind INT 1Fh. */
function* glyphOf(call: Call, canvas: Canvas, character: number): Steps<Uint8Array> {
  const { machine } = call
  const height = charHeightOf(call)
  const upper = (canvas.kind === 'cga4' || canvas.kind === 'cga2') && character >= 0x80
  const pointer = machine.readLinear32((upper ? 0x1f : 0x43) * 4)
  const font = ((pointer >>> 16) << 4) + (pointer & 0xffff)
  const glyph = new Uint8Array(height)
  const at = font + (upper ? character - 0x80 : character) * height
  yield* call.touch(at, height, false)
  machine.readLinearBytes(at, glyph)
  return glyph
}

/** Draws `count` times the same character from a place on, as far as the row goes. */
export function* drawGlyphs(call: Call, canvas: Canvas, run: GlyphRun): Steps {
  const glyph = yield* glyphOf(call, canvas, run.character)
  const columns = Math.floor(canvas.widthPx / 8)
  const rows = Math.floor(canvas.heightPx / glyph.length)
  let { row, column } = run
  for (let left = run.count; left > 0 && row < rows; ) {
    const count = Math.min(left, columns - column)
    if (count > 0) yield* drawRow(call, canvas, { ...run, row, column, count }, glyph)
    left -= Math.max(count, 1)
    column = 0
    row++
  }
}

function* drawRow(call: Call, canvas: Canvas, run: GlyphRun, glyph: Uint8Array): Steps {
  if (canvas.kind === 'planar') return yield* drawPlanar(call, canvas, run, glyph)
  if (canvas.kind === 'packed') return yield* drawPacked(call, canvas, run, glyph)
  yield* touchWindow(call, canvas)
  drawCga(call, canvas, run, glyph)
}

/** One plane after the other; an exclusive or is made by the VGA from its latches. */
function* drawPlanar(call: Call, canvas: Canvas, run: GlyphRun, glyph: Uint8Array): Steps {
  const { machine } = call
  const xor = (run.colour & XOR) !== 0
  const window = canvas.banked ? new BankedWindow(call) : undefined
  if (window) yield* window.open()
  yield* setIndexed(call, GRAPHICS, 5, 0)
  yield* setIndexed(call, GRAPHICS, 8, 0xff)
  if (xor) yield* setIndexed(call, GRAPHICS, 3, XOR_FUNCTION)
  yield* touchWindow(call, canvas)
  for (let plane = 0; plane < 4; plane++) {
    yield* setIndexed(call, SEQUENCER, 2, 1 << plane)
    const lit = (run.colour >>> plane) & 1
    const unlit = (run.background >>> plane) & 1
    for (let y = 0; y < glyph.length; y++) {
      const dots = glyph[y]
      const value = (lit ? dots : 0) | (unlit && !xor ? ~dots & 0xff : 0)
      const line = run.row * glyph.length + y
      const first = run.column * 8
      for (let i = 0; i < run.count; i++) {
        const at = window
          ? yield* window.seek(offsetOf(canvas, first + 8 * i, line))
          : addressOf(call, canvas, run.page, first + 8 * i, line)
        if (xor) machine.readLinear8(at)
        machine.writeLinear8(at, value)
      }
    }
  }
  yield* setIndexed(call, SEQUENCER, 2, 0x0f)
  if (xor) yield* setIndexed(call, GRAPHICS, 3, 0)
  if (window) yield* window.close()
}

function* drawPacked(call: Call, canvas: Canvas, run: GlyphRun, glyph: Uint8Array): Steps {
  const colour = pixelBytes(canvas, run.colour)
  const background = pixelBytes(canvas, run.background)
  const window = canvas.banked ? new BankedWindow(call) : undefined
  if (window) yield* window.open()
  else yield* touchWindow(call, canvas)
  const bytes = new Uint8Array(8 * run.count * canvas.bytesPerPixel)
  for (let y = 0; y < glyph.length; y++) {
    for (let x = 0; x < 8 * run.count; x++)
      bytes.set(glyph[y] & (0x80 >>> (x & 7)) ? colour : background, x * canvas.bytesPerPixel)
    const line = run.row * glyph.length + y
    if (window) yield* window.write(offsetOf(canvas, run.column * 8, line), bytes)
    else call.machine.writeLinearBytes(addressOf(call, canvas, run.page, run.column * 8, line), bytes)
  }
  if (window) yield* window.close()
}

/** Two bits a pixel spread each dot to two; one bit a pixel is the glyph itself. */
function drawCga(call: Call, canvas: Canvas, run: GlyphRun, glyph: Uint8Array): void {
  const { machine } = call
  const wide = canvas.kind === 'cga4'
  for (let y = 0; y < glyph.length; y++) {
    const dots = glyph[y]
    const colour = wide ? (run.colour & 3) * 0x5555 : run.colour & 1 ? 0xff : 0
    const value = wide ? spread(dots) & colour : dots & colour
    const bytes = wide ? [value >>> 8, value & 0xff] : [value]
    for (let i = 0; i < run.count; i++) {
      const at = addressOf(call, canvas, 0, (run.column + i) * 8, run.row * glyph.length + y)
      bytes.forEach((byte, k) => {
        machine.writeLinear8(at + k, run.colour & XOR ? machine.readLinear8(at + k) ^ byte : byte)
      })
    }
  }
}

/** Every bit twice. */
function spread(dots: number): number {
  let wide = 0
  for (let bit = 0; bit < 8; bit++) if (dots & (1 << bit)) wide |= 3 << (2 * bit)
  return wide
}

/** AH=08h in graphics: the character whose dots are lit at a place; 0 when there is none. */
export function* recogniseGlyph(call: Call, canvas: Canvas, page: number, row: number, column: number): Steps<number> {
  const height = charHeightOf(call)
  const dots = new Uint8Array(height)
  for (let y = 0; y < height; y++) dots[y] = yield* litDots(call, canvas, page, column * 8, row * height + y)
  for (let character = 0; character < 256; character++) {
    const glyph = yield* glyphOf(call, canvas, character)
    if (glyph.every((value, i) => value === dots[i])) return character
  }
  return 0
}

/** Eight pixels of a row: 1 where they are not background (colour 0). */
function* litDots(call: Call, canvas: Canvas, page: number, x: number, y: number): Steps<number> {
  const { machine } = call
  if (canvas.kind === 'planar') {
    let lit = 0
    const at = addressOf(call, canvas, page, x, y)
    for (let plane = 0; plane < 4; plane++) {
      yield* setIndexed(call, GRAPHICS, 4, plane)
      yield* touchWindow(call, canvas)
      lit |= machine.readLinear8(at)
    }
    yield* setIndexed(call, GRAPHICS, 4, 0)
    return lit
  }
  let lit = 0
  if (canvas.kind === 'packed') {
    const bytes = new Uint8Array(8 * canvas.bytesPerPixel)
    if (canvas.banked) {
      const window = new BankedWindow(call)
      yield* window.open()
      yield* window.read(offsetOf(canvas, x, y), bytes)
      yield* window.close()
    } else {
      yield* touchWindow(call, canvas)
      machine.readLinearBytes(addressOf(call, canvas, page, x, y), bytes)
    }
    for (let i = 0; i < 8; i++) {
      const pixel = bytes.subarray(i * canvas.bytesPerPixel, (i + 1) * canvas.bytesPerPixel)
      if (pixel.some((byte) => byte !== 0)) lit |= 0x80 >>> i
    }
    return lit
  }
  yield* touchWindow(call, canvas)
  const at = addressOf(call, canvas, page, x, y)
  if (canvas.kind === 'cga2') return machine.readLinear8(at)
  const wide = (machine.readLinear8(at) << 8) | machine.readLinear8(at + 1)
  for (let i = 0; i < 8; i++) if (wide & (0xc000 >>> (2 * i))) lit |= 0x80 >>> i
  return lit
}
