/** INT 10h AH=06h and 07h: scrolls a window of characters, in every mode. */
import { BDA } from '../bios/bda.ts'
import type { Call, Steps } from '../call.ts'
import { addressOf, BankedWindow, type Canvas, currentCanvas, offsetOf, pixelBytes, touchWindow } from './canvas.ts'
import { GRAPHICS, SEQUENCER, setIndexed } from './registers.ts'
import { charHeightOf, columnsOf, currentMode, pageBytesOf, rowsOf } from './video-state.ts'

/** A window in characters, edges included, and how far it moves: `lines` rows up, or down when `down`. 0 clears it. */
export interface ScrollWindow {
  readonly page: number
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
  readonly lines: number
  readonly down: boolean
  /** Attribute of new cells, or their colour in graphics. */
  readonly attribute: number
}

/** AH=06h (up), 07h (down) with the caller's registers; works on the page that is shown. */
export function* scrollService(call: Call): Steps {
  yield* scroll(call, {
    page: call.machine.readLinear8(BDA.page),
    top: call.ch,
    left: call.cl,
    bottom: call.dh,
    right: call.dl,
    lines: call.al,
    down: call.ah === 7,
    attribute: call.bh,
  })
}

export function* scroll(call: Call, wanted: ScrollWindow): Steps {
  const bottom = Math.min(wanted.bottom, rowsOf(call) - 1)
  const right = Math.min(wanted.right, columnsOf(call) - 1)
  if (wanted.top > bottom || wanted.left > right) return
  const height = bottom - wanted.top + 1
  const lines = wanted.lines === 0 || wanted.lines > height ? height : wanted.lines
  const window = { ...wanted, bottom, right, lines }
  const mode = currentMode(call)
  if (mode?.kind === 'text') return yield* scrollText(call, mode.segment << 4, window)
  const canvas = yield* currentCanvas(call)
  if (canvas) yield* scrollGraphics(call, canvas, window)
}

function* scrollText(call: Call, memory: number, window: ScrollWindow): Steps {
  const { machine } = call
  const pitch = columnsOf(call) * 2
  const bytes = (window.right - window.left + 1) * 2
  const rowAt = (row: number) => memory + pageBytesOf(call) * window.page + row * pitch + window.left * 2
  yield* call.touch(rowAt(window.top), (window.bottom - window.top + 1) * pitch, false)
  const cells = new Uint8Array(bytes)
  for (const [to, from] of moves(window)) {
    if (from === undefined) for (let i = 0; i < bytes; i += 2) cells.set([0x20, window.attribute], i)
    else machine.readLinearBytes(rowAt(from), cells)
    machine.writeLinearBytes(rowAt(to), cells)
  }
}

/** Rows in the order in which they can be moved in place: where to, and from where (undefined: blank). */
function* moves({ top, bottom, lines, down }: ScrollWindow): Generator<[number, number | undefined]> {
  for (let i = 0; i <= bottom - top; i++) {
    const to = down ? bottom - i : top + i
    const from = down ? to - lines : to + lines
    yield [to, from < top || from > bottom ? undefined : from]
  }
}

function* scrollGraphics(call: Call, canvas: Canvas, window: ScrollWindow): Steps {
  if (canvas.kind === 'planar') return yield* scrollPlanar(call, canvas, window)
  const height = charHeightOf(call)
  const pixels = (window.right - window.left + 1) * 8
  const x = window.left * 8
  const bytes = new Uint8Array(
    canvas.kind === 'cga4' ? pixels / 4 : canvas.kind === 'cga2' ? pixels / 8 : pixels * canvas.bytesPerPixel,
  )
  const blank = blankRow(canvas, bytes.length, window.attribute)
  const banked = canvas.banked ? new BankedWindow(call) : undefined
  if (banked) yield* banked.open()
  else yield* touchWindow(call, canvas)
  for (const [to, from] of moves(window)) {
    for (let line = 0; line < height; line++) {
      const y = to * height + line
      const source = from === undefined ? -1 : from * height + line
      if (banked) {
        if (source >= 0) yield* banked.read(offsetOf(canvas, x, source), bytes)
        yield* banked.write(offsetOf(canvas, x, y), source >= 0 ? bytes : blank)
      } else {
        if (source >= 0) call.machine.readLinearBytes(addressOf(call, canvas, window.page, x, source), bytes)
        call.machine.writeLinearBytes(addressOf(call, canvas, window.page, x, y), source >= 0 ? bytes : blank)
      }
    }
  }
  if (banked) yield* banked.close()
}

function blankRow(canvas: Canvas, bytes: number, attribute: number): Uint8Array {
  if (canvas.kind === 'cga4') return new Uint8Array(bytes).fill((attribute & 3) * 0x55)
  if (canvas.kind === 'cga2') return new Uint8Array(bytes).fill(attribute & 1 ? 0xff : 0)
  const pixel = pixelBytes(canvas, attribute)
  return Uint8Array.from({ length: bytes }, (_, i) => pixel[i % pixel.length])
}

/** Copies through the latches (write mode 1), all planes at once; new rows are filled by set/reset (write mode 0). */
function* scrollPlanar(call: Call, canvas: Canvas, window: ScrollWindow): Steps {
  const { machine } = call
  const height = charHeightOf(call)
  const columns = window.right - window.left + 1
  const banked = canvas.banked ? new BankedWindow(call) : undefined
  if (banked) yield* banked.open()
  const place = function* (column: number, y: number): Steps<number> {
    if (banked) return yield* banked.seek(offsetOf(canvas, column * 8, y))
    return addressOf(call, canvas, window.page, column * 8, y)
  }
  yield* setIndexed(call, SEQUENCER, 2, 0x0f)
  yield* setIndexed(call, GRAPHICS, 8, 0xff)
  yield* setIndexed(call, GRAPHICS, 0, window.attribute & 0x0f)
  for (const [to, from] of moves(window)) {
    yield* setIndexed(call, GRAPHICS, 5, from === undefined ? 0 : 1)
    yield* setIndexed(call, GRAPHICS, 1, from === undefined ? 0x0f : 0)
    yield* touchWindow(call, canvas)
    for (let line = 0; line < height; line++) {
      for (let i = 0; i < columns; i++) {
        if (from !== undefined) machine.readLinear8(yield* place(window.left + i, from * height + line))
        machine.writeLinear8(yield* place(window.left + i, to * height + line), 0)
      }
    }
  }
  yield* setIndexed(call, GRAPHICS, 0, 0)
  yield* setIndexed(call, GRAPHICS, 1, 0)
  yield* setIndexed(call, GRAPHICS, 5, 0)
  if (banked) yield* banked.close()
}
