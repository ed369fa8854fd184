/**
 * What is on the monitor: notices changes, draws the present mode, reads its text. Everything is derived from registers and
 * video memory; nothing here belongs to the guest's state.
 */
import type { Beam } from './beam.ts'
import type { Dac } from './dac.ts'
import { decodeMode, LineAddress, planeAddress, type VgaMode } from './display-mode.ts'
import { GraphicsRenderer } from './graphics-renderer.ts'
import { hashWords, LineHashes, type LineSource } from './line-hashes.ts'
import { LinearRenderer } from './linear-renderer.ts'
import { Palette } from './palette.ts'
import type { VgaRegisters } from './registers.ts'
import { readText, type TextScreen } from './screen-text.ts'
import { fontAddresses, TextRenderer } from './text-renderer.ts'
import type { VbeMode, VbeRegisters } from './vbe.ts'

const BLACK = 0xff00_0000
const PLANE_WORDS = 0x1_0000
const FONT_WORDS = 256 * 32
/** The planes that hold shapes, characters with attributes, and pixels. */
const FONT_PLANE = 0x00ff_0000
const TEXT_PLANES = 0x0000_ffff
const ALL_PLANES = -1
/** Shown while the adapter has not been programmed: an empty screen of the usual size. */
const DARK_WIDTH = 720
const DARK_HEIGHT = 400

/** Sizes are in pixels; the aspect is that of the whole picture on a monitor. */
export type PictureSize = {
  readonly width: number
  readonly height: number
  readonly aspectWidth: number
  readonly aspectHeight: number
}

/** The picture. */
export type Frame = PictureSize & {
  /** Something differs from the picture at the previous call. */
  readonly changed: boolean
  /** Rises with every change: for more than one viewer. */
  readonly serial: number
}

/** Where the picture comes from. `words` is video memory, one element per plane address. */
export type ScreenSources = {
  readonly registers: VgaRegisters
  readonly dac: Dac
  readonly vbe: VbeRegisters
  beam(): Beam
  readonly words: Uint32Array
}

/** The monitor's side of the adapter. */
export class Screen {
  readonly #sources: ScreenSources
  readonly #palette = new Palette()
  readonly #text: TextRenderer
  readonly #graphics: GraphicsRenderer
  readonly #linear: LinearRenderer
  readonly #hashes = new LineHashes()
  readonly #address = new LineAddress()
  #mode: VgaMode
  #vbeMode: VbeMode | undefined
  #start = 0
  #blank = true
  #cursorOn = true
  #blinkOn = true
  #fontHash = 0
  #generations = -1
  #serial = 0
  #reported = -1

  constructor(sources: ScreenSources) {
    this.#sources = sources
    this.#text = new TextRenderer(sources.words)
    this.#graphics = new GraphicsRenderer(sources.words)
    this.#linear = new LinearRenderer(sources.words)
    this.#mode = decodeMode(sources.registers)
  }

  /** Size and freshness of the picture. An unchanged picture costs little: see line-hashes.ts. */
  frame(): Frame {
    this.#lookAtRegisters()
    if (!this.#blank && this.#lookAtMemory()) this.#serial++
    const changed = this.#serial !== this.#reported
    this.#reported = this.#serial
    return { ...this.#size(), changed, serial: this.#serial }
  }

  /** The size alone, at no cost. */
  size(): PictureSize {
    this.#lookAtRegisters()
    return this.#size()
  }

  /** Draws the picture as it is now. `target` takes `stride` pixels a row, each with red in the lowest byte. */
  render(target: Uint32Array, stride: number): void {
    this.#lookAtRegisters()
    const { registers } = this.#sources
    const { width, height } = this.#size()
    if (this.#blank) {
      for (let y = 0; y < height; y++) target.fill(BLACK, y * stride, y * stride + width)
      return
    }
    const mode = this.#mode
    this.#palette.update(registers, this.#sources.dac, !this.#blinkOn)
    if (this.#vbeMode) this.#linear.render(this.#vbeMode, this.#palette, target, stride)
    else if (mode.format === 'text') {
      const blink = { cursor: this.#cursorOn, text: this.#blinkOn }
      this.#text.render(mode, this.#start, { registers, palette: this.#palette, blink }, target, stride)
    } else this.#graphics.render(mode, this.#start, this.#palette, target, stride)
  }

  /** The text on the screen, or null in graphics modes and while the screen is dark. */
  text(): TextScreen | null {
    this.#lookAtRegisters()
    if (this.#blank || this.#vbeMode || this.#mode.format !== 'text') return null
    return readText(this.#mode, this.#start, this.#sources.registers, this.#sources.words)
  }

  /** Brings everything up to date that follows from registers and time; a difference raises the serial. */
  #lookAtRegisters(): void {
    const { registers, dac, vbe } = this.#sources
    const generations = registers.generation + dac.generation
    const changed = generations !== this.#generations || vbe.mode !== this.#vbeMode
    if (changed) {
      this.#generations = generations
      this.#vbeMode = vbe.mode
      this.#mode = decodeMode(registers)
    }
    if (this.#lookAtTime(this.#sources.beam()) || changed) this.#serial++
  }

  /** What changes by itself: page flips at retrace, blinking, and a screen that stays off. */
  #lookAtTime(beam: Beam): boolean {
    const { registers } = this.#sources
    const start = beam.shownStart()
    const blank = beam.blank && (!this.#vbeMode || registers.paletteClosed)
    const frame = beam.frameNumber()
    const text = this.#mode.format === 'text'
    const cursorOn = !text || (frame & 8) === 0
    const blinks = (registers.attribute[0x10] & 0x08) !== 0
    const blinkOn = !blinks || (frame & 16) === 0
    const pictureDiffers = start !== this.#start || cursorOn !== this.#cursorOn || blinkOn !== this.#blinkOn
    const changed = blank !== this.#blank || (pictureDiffers && !blank && !this.#vbeMode)
    this.#start = start
    this.#blank = blank
    this.#cursorOn = cursorOn
    this.#blinkOn = blinkOn
    return changed
  }

  #lookAtMemory(): boolean {
    let fontChanged = false
    if (!this.#vbeMode && this.#mode.format === 'text') {
      const [first, second] = fontAddresses(this.#sources.registers.sequencer[3])
      const { words } = this.#sources
      let hash = hashWords(words, first, FONT_WORDS, FONT_PLANE)
      if (first !== second) hash ^= hashWords(words, second, FONT_WORDS, FONT_PLANE) << 1
      fontChanged = hash !== this.#fontHash
      this.#fontHash = hash
    }
    const source = this.#vbeMode ? this.#linearLines(this.#vbeMode) : this.#planeLines(this.#mode)
    const changed = this.#vbeMode ? this.#hashes.look(source) : this.#hashes.lookAtAll(source)
    return changed || fontChanged
  }

  #linearLines(mode: VbeMode): LineSource {
    const { words } = this.#sources
    const planar = mode.bitsPerPixel === 4
    const bytesPerPixel = (mode.bitsPerPixel + 7) >>> 3
    const bytes = planar ? (mode.width / 8 + 1) * 4 : mode.width * bytesPerPixel
    const pan = planar ? (mode.x >>> 3) * 4 : mode.x * bytesPerPixel
    const pitch = planar ? mode.pitch * 4 : mode.pitch
    return {
      lines: mode.height,
      hash: (y) => {
        const first = (mode.y + y) * pitch + pan
        return hashWords(words, first >>> 2, ((first + bytes + 3) >>> 2) - (first >>> 2), ALL_PLANES)
      },
    }
  }

  /** In text modes the lines of a character row hold the same memory, so that looking at the first is enough. */
  #planeLines(mode: VgaMode): LineSource {
    const { words } = this.#sources
    const address = this.#address
    const planes = mode.format === 'text' ? TEXT_PLANES : ALL_PLANES
    const span = ((mode.characters >>> mode.countShift) + 1) << mode.addressShift
    let counter = -1
    let rowHash = 0
    return {
      lines: mode.height,
      hash: (y) => {
        address.locate(mode, this.#start, y)
        if (address.counter === counter && !mode.rowScanBits) return rowHash
        counter = address.counter
        const first = planeAddress(mode, counter, address.rowScan)
        const straight = Math.min(span, PLANE_WORDS - first)
        rowHash = hashWords(words, first, straight, planes)
        if (straight < span) rowHash ^= hashWords(words, 0, span - straight, planes) << 1
        return rowHash
      },
    }
  }

  #size(): PictureSize {
    const vbe = this.#vbeMode
    if (vbe) {
      // The old low resolutions of VBE were made for a monitor of 4:3; the others have square pixels.
      const stretched = vbe.width <= 640 && vbe.width * 10 === vbe.height * 16
      const aspect = stretched ? { width: 4, height: 3 } : vbe
      return { width: vbe.width, height: vbe.height, aspectWidth: aspect.width, aspectHeight: aspect.height }
    }
    const { width, height } = this.#mode
    const dark = this.#blank && (width < 64 || height < 64)
    return { width: dark ? DARK_WIDTH : width, height: dark ? DARK_HEIGHT : height, aspectWidth: 4, aspectHeight: 3 }
  }
}
