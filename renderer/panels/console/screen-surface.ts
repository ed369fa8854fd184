/**
 * Draws frames: changed rectangles go into a canvas of the picture's own size once per animation frame, and from there,
 * with each pixel repeated a whole number of times, into the canvas that is shown. The browser then only has to bring that to
 * its final size, which blurs no more than the edges between pixels.
 */
import type { ScreenFrame } from '../../../core/contract/binary.ts'
import type { PictureSize } from './picture-scale.ts'

export class ScreenSurface {
  /** Called when the size or the shape of the picture has changed. */
  onPicture: (picture: PictureSize) => void = () => {}
  readonly #source: OffscreenCanvas
  readonly #sourceContext: OffscreenCanvasRenderingContext2D | null
  readonly #drawn: (frame: ScreenFrame) => void
  #shown: HTMLCanvasElement | undefined
  #factorX = 1
  #factorY = 1
  #waiting: ScreenFrame[] = []
  #request = 0
  #shape = ''

  /** `drawn` is told of every frame that is on the screen. */
  constructor(drawn: (frame: ScreenFrame) => void) {
    this.#source = new OffscreenCanvas(1, 1)
    this.#sourceContext = this.#source.getContext('2d', { alpha: false })
    this.#drawn = drawn
  }

  /** The canvas to draw into; it shows what there is at once. */
  attach(canvas: HTMLCanvasElement): void {
    this.#shown = canvas
    this.#resizeShown()
  }

  detach(): void {
    this.#shown = undefined
    cancelAnimationFrame(this.#request)
    this.#request = 0
    this.#waiting = []
  }

  /** Repeats each pixel so often in both directions. */
  setFactors(x: number, y: number): void {
    if (x === this.#factorX && y === this.#factorY) return
    this.#factorX = x
    this.#factorY = y
    this.#resizeShown()
  }

  add(frame: ScreenFrame): void {
    this.#waiting.push(frame)
    if (this.#request === 0) this.#request = requestAnimationFrame(() => this.#draw())
  }

  /** The picture as it is, in its own pixels. */
  get picture(): OffscreenCanvas {
    return this.#source
  }

  #draw(): void {
    this.#request = 0
    const frames = this.#waiting
    this.#waiting = []
    for (const frame of frames) {
      if (frame.whole) this.#begin(frame)
      const { left, top, widthPx, heightPx, pixels } = frame
      const data = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.length)
      if (widthPx > 0 && heightPx > 0)
        this.#sourceContext?.putImageData(new ImageData(data, widthPx, heightPx), left, top)
      this.#copy(left, top, widthPx, heightPx)
    }
    for (const frame of frames) this.#drawn(frame)
  }

  #begin({ pictureWidthPx, pictureHeightPx, aspectWidth, aspectHeight }: ScreenFrame): void {
    const shape = [pictureWidthPx, pictureHeightPx, aspectWidth, aspectHeight].join()
    if (shape === this.#shape) return
    this.#shape = shape
    this.#source.width = Math.max(1, pictureWidthPx)
    this.#source.height = Math.max(1, pictureHeightPx)
    this.onPicture({ widthPx: pictureWidthPx, heightPx: pictureHeightPx, aspectWidth, aspectHeight })
    this.#resizeShown()
  }

  #resizeShown(): void {
    if (!this.#shown) return
    this.#shown.width = this.#source.width * this.#factorX
    this.#shown.height = this.#source.height * this.#factorY
    this.#copy(0, 0, this.#source.width, this.#source.height)
  }

  #copy(left: number, top: number, width: number, height: number): void {
    const context = this.#shown?.getContext('2d', { alpha: false })
    if (!context || width <= 0 || height <= 0) return
    const x = this.#factorX
    const y = this.#factorY
    context.imageSmoothingEnabled = false
    context.drawImage(this.#source, left, top, width, height, left * x, top * y, width * x, height * y)
  }
}
