/**
 * A graphics mode as the character services see it: where the bytes of a pixel row lie, and how many pixels there are. VBE modes
 * with a byte or more a pixel go through the 64 KiB window, whose bank moves as needed.
 */
import { BDA } from '../bios/bda.ts'
import type { Call, Steps } from '../call.ts'
import { DISPI, getDispi, setDispi } from './registers.ts'
import { currentMode, pageBytesOf } from './video-state.ts'

export interface Canvas {
  readonly kind: 'planar' | 'packed' | 'cga4' | 'cga2'
  readonly widthPx: number
  readonly heightPx: number
  /** From one row of pixels to the next (of the same bank in CGA modes). */
  readonly pitch: number
  /** 1 for packed modes with a palette; 2, 3 or 4 for direct colour. */
  readonly bytesPerPixel: number
  /** Bits of a pixel: 15 and 16 differ in their colours. */
  readonly bitsPerPixel: number
  /** Moves through the window. */
  readonly banked: boolean
}

const CGA_BANK = 0x2000
const WINDOW = 0xa_0000
const WINDOW_BYTES = 0x1_0000
const CGA_WINDOW = 0xb_8000

/** The present graphics mode, or undefined in text modes. */
export function* currentCanvas(call: Call): Steps<Canvas | undefined> {
  const mode = currentMode(call)
  const { machine } = call
  if (mode) {
    if (mode.kind === 'text') return undefined
    const lines = (machine.readLinear8(BDA.rows) + 1) * (machine.readLinear8(BDA.charHeight) || 8)
    const pitch = mode.kind === 'packed' ? mode.widthPx : mode.widthPx / 8
    const base = { kind: mode.kind, widthPx: mode.widthPx, bytesPerPixel: 1, bitsPerPixel: 8, banked: false }
    return { ...base, heightPx: lines, pitch: mode.kind === 'cga4' || mode.kind === 'cga2' ? 80 : pitch }
  }
  const bitsPerPixel = yield* getDispi(call, DISPI.bpp)
  const widthPx = yield* getDispi(call, DISPI.xres)
  const heightPx = yield* getDispi(call, DISPI.yres)
  const virtual = yield* getDispi(call, DISPI.virtualWidth)
  const bytesPerPixel = Math.ceil(bitsPerPixel / 8)
  if (bitsPerPixel === 0) return undefined
  if (bitsPerPixel === 4)
    return { kind: 'planar', widthPx, heightPx, pitch: virtual / 8, bytesPerPixel: 1, bitsPerPixel, banked: true }
  return {
    kind: 'packed',
    widthPx,
    heightPx,
    pitch: virtual * bytesPerPixel,
    bytesPerPixel,
    bitsPerPixel,
    banked: true,
  }
}

/** Linear address of the byte with pixel (x, y) in modes without banks. Pages follow one another. */
export function addressOf(call: Call, canvas: Canvas, page: number, x: number, y: number): number {
  const start = canvas.kind === 'packed' ? 0 : pageBytesOf(call) * page
  if (canvas.kind === 'cga4') return CGA_WINDOW + (y & 1) * CGA_BANK + (y >>> 1) * canvas.pitch + (x >>> 2)
  if (canvas.kind === 'cga2') return CGA_WINDOW + (y & 1) * CGA_BANK + (y >>> 1) * canvas.pitch + (x >>> 3)
  if (canvas.kind === 'planar') return WINDOW + ((start + y * canvas.pitch + (x >>> 3)) & 0xffff)
  return WINDOW + ((y * canvas.pitch + x * canvas.bytesPerPixel) & 0xffff)
}

/** Makes the window accessible. */
export function* touchWindow(call: Call, canvas: Canvas): Steps {
  const cga = canvas.kind === 'cga4' || canvas.kind === 'cga2'
  yield* call.touch(cga ? CGA_WINDOW : WINDOW, cga ? 2 * CGA_BANK : WINDOW_BYTES, false)
}

/** Offset of pixel (x, y) in video memory: bytes, or plane addresses. */
export function offsetOf(canvas: Canvas, x: number, y: number): number {
  return y * canvas.pitch + (canvas.kind === 'planar' ? x >>> 3 : x * canvas.bytesPerPixel)
}

/** Window access for banked modes: remembers which bank is set, and puts the first one back at the end. */
export class BankedWindow {
  readonly #call: Call
  #bank = -1
  #before = 0

  constructor(call: Call) {
    this.#call = call
  }

  *open(): Steps {
    this.#before = yield* getDispi(this.#call, DISPI.bank)
    yield* this.#call.touch(WINDOW, WINDOW_BYTES, false)
  }

  /** Selects the bank of `offset` and returns the byte's linear address. */
  *seek(offset: number): Steps<number> {
    const bank = offset >>> 16
    if (bank !== this.#bank) {
      yield* setDispi(this.#call, DISPI.bank, bank)
      yield* this.#call.touch(WINDOW, WINDOW_BYTES, false)
      this.#bank = bank
    }
    return WINDOW + (offset & 0xffff)
  }

  *read(offset: number, into: Uint8Array): Steps {
    for (let done = 0; done < into.length; ) {
      const count = Math.min(into.length - done, WINDOW_BYTES - ((offset + done) & 0xffff))
      const at = yield* this.seek(offset + done)
      this.#call.machine.readLinearBytes(at, into.subarray(done, done + count))
      done += count
    }
  }

  *write(offset: number, from: Uint8Array): Steps {
    for (let done = 0; done < from.length; ) {
      const count = Math.min(from.length - done, WINDOW_BYTES - ((offset + done) & 0xffff))
      const at = yield* this.seek(offset + done)
      this.#call.machine.writeLinearBytes(at, from.subarray(done, done + count))
      done += count
    }
  }

  *close(): Steps {
    yield* setDispi(this.#call, DISPI.bank, this.#before)
  }
}

/** Direct colours of the sixteen that characters have, as pixel bytes; palette modes take the number itself. */
export function pixelBytes(canvas: Canvas, colour: number): number[] {
  if (canvas.bytesPerPixel === 1) return [colour & 0xff]
  const high = colour & 8 ? 0x55 : 0
  const dark = (colour & 15) === 6
  const red = (colour & 4 ? 0xaa : 0) + high
  const green = dark ? 0x55 : (colour & 2 ? 0xaa : 0) + high
  const blue = (colour & 1 ? 0xaa : 0) + high
  if (canvas.bytesPerPixel >= 3) return [blue, green, red, 0].slice(0, canvas.bytesPerPixel)
  const word =
    canvas.bitsPerPixel === 15
      ? ((red >>> 3) << 10) | ((green >>> 3) << 5) | (blue >>> 3)
      : ((red >>> 3) << 11) | ((green >>> 2) << 5) | (blue >>> 3)
  return [word & 0xff, word >>> 8]
}
