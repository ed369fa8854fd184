/**
 * One viewer of one machine: sends it pictures as fast as it draws them and not faster than it wants, and the serial lines it
 * asked for. What has changed meanwhile is sent with the next frame.
 */
import { BINARY_HEADER_BYTES, createFrameMessage, encodeSerialBytes } from '../../core/contract/binary.ts'
import { type Picture, type Rectangle, union } from './picture.ts'

/** Frames on the way that have not been drawn. */
const MAX_UNDRAWN = 2
/** A carrier with this much waiting gets no more pictures until it has sent them. */
const MAX_BACKLOG_BYTES = 8 << 20

export interface ViewerLink {
  sendBinary(message: Uint8Array): void
  backlogBytes(): number
}

export class ConsoleSubscription {
  readonly id: number
  /** 0: no frames. */
  readonly frameIntervalMs: number
  readonly serialPorts: ReadonlySet<number>
  readonly #link: ViewerLink
  #picture: Picture | undefined
  #changed: Rectangle | undefined
  #whole = true
  #sent = 0
  #drawn = 0
  #lastMs = 0
  #timer: NodeJS.Timeout | undefined

  constructor(id: number, link: ViewerLink, maxFramesPerSecond: number, serialPorts: readonly number[]) {
    this.id = id
    this.#link = link
    this.frameIntervalMs = maxFramesPerSecond === 0 ? 0 : Math.max(1, Math.floor(1000 / maxFramesPerSecond))
    this.serialPorts = new Set(serialPorts)
  }

  /** Begins to show the pictures of a machine that has started. */
  attach(picture: Picture): void {
    this.#picture = picture
    this.#whole = true
    this.#changed = undefined
    if (picture.mode.widthPx > 0)
      this.pictureChanged({ left: 0, top: 0, right: picture.mode.widthPx, bottom: picture.mode.heightPx }, true)
  }

  pictureChanged(rectangle: Rectangle, whole: boolean): void {
    if (this.frameIntervalMs === 0) return
    if (whole) this.#whole = true
    this.#changed = whole ? rectangle : union(this.#changed, rectangle)
    this.#sendFrame()
  }

  serialOutput(port: number, bytes: Uint8Array): void {
    if (this.serialPorts.has(port)) this.#link.sendBinary(encodeSerialBytes(this.id, port, bytes))
  }

  /** The viewer has drawn frame `sequence`. */
  drawn(sequence: number): void {
    this.#drawn = Math.min(this.#sent, Math.max(this.#drawn, sequence))
    this.#sendFrame()
  }

  dispose(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#picture = undefined
    this.#changed = undefined
  }

  #sendFrame(): void {
    const picture = this.#picture
    if (!picture || !this.#changed || this.#timer || this.#sent - this.#drawn >= MAX_UNDRAWN) return
    const nowMs = performance.now()
    const waitMs = this.#link.backlogBytes() > MAX_BACKLOG_BYTES ? 100 : this.#lastMs + this.frameIntervalMs - nowMs
    if (waitMs > 1) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined
        this.#sendFrame()
      }, waitMs)
      return
    }
    const { widthPx, heightPx, aspectWidth, aspectHeight } = picture.mode
    const whole = this.#whole
    const { left, top, right, bottom } = whole ? { left: 0, top: 0, right: widthPx, bottom: heightPx } : this.#changed
    const message = createFrameMessage({
      whole,
      subscriptionId: this.id,
      sequence: ++this.#sent,
      pictureWidthPx: widthPx,
      pictureHeightPx: heightPx,
      left,
      top,
      widthPx: right - left,
      heightPx: bottom - top,
      aspectWidth,
      aspectHeight,
    })
    picture.copyTo({ left, top, right, bottom }, message.subarray(BINARY_HEADER_BYTES))
    this.#changed = undefined
    this.#whole = false
    this.#lastMs = nowMs
    this.#link.sendBinary(message)
  }
}
