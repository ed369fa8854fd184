/**
 * Draws the guest's picture into a buffer that the host reads, when the host wants pictures and has copied the last one. The
 * buffer is made anew when a mode needs a larger one.
 */
import { FRAME_INTERVAL_MS, FRAME_SEQUENCE, FRAME_TAKEN, type VmThreadMessage } from '../../core/contract/vm-thread.ts'
import type { MachineDisplay, ScreenMode } from '../../core/machine/machine.ts'

/** The host copies a picture within this, unless it is gone. */
const TAKE_TIMEOUT_MS = 2000

export class FramePublisher {
  readonly #display: MachineDisplay
  readonly #control: Int32Array<SharedArrayBuffer>
  readonly #post: (message: VmThreadMessage) => void
  #pixels = new Uint32Array(new SharedArrayBuffer(0))
  #lastMode: ScreenMode | undefined
  #lastMs = Number.NEGATIVE_INFINITY

  constructor(
    display: MachineDisplay,
    control: Int32Array<SharedArrayBuffer>,
    post: (message: VmThreadMessage) => void,
  ) {
    this.#display = display
    this.#control = control
    this.#post = post
  }

  /** Whether the host wants pictures at all. */
  get wanted(): boolean {
    return Atomics.load(this.#control, FRAME_INTERVAL_MS) > 0
  }

  /** Draws if it is time to and something has changed. `nowMs` is the host's time. */
  tick(nowMs: number): void {
    const intervalMs = Atomics.load(this.#control, FRAME_INTERVAL_MS)
    if (intervalMs === 0 || nowMs < this.#lastMs + intervalMs || !this.#isTaken()) return
    this.#lastMs = nowMs
    this.#draw(false)
  }

  /** Draws now, changed or not. */
  drawNow(): void {
    const sequence = Atomics.load(this.#control, FRAME_SEQUENCE)
    if (!this.#isTaken()) Atomics.wait(this.#control, FRAME_TAKEN, (sequence - 1) | 0, TAKE_TIMEOUT_MS)
    this.#draw(true)
  }

  #isTaken(): boolean {
    return Atomics.load(this.#control, FRAME_TAKEN) === Atomics.load(this.#control, FRAME_SEQUENCE)
  }

  #draw(force: boolean): void {
    const mode = this.#display.mode()
    const { widthPx, heightPx, aspectWidth, aspectHeight } = mode
    const last = this.#lastMode
    const changed =
      !last ||
      last.widthPx !== widthPx ||
      last.heightPx !== heightPx ||
      last.aspectWidth !== aspectWidth ||
      last.aspectHeight !== aspectHeight
    if (this.#pixels.length < widthPx * heightPx) {
      const buffer = new SharedArrayBuffer(widthPx * heightPx * 4)
      this.#pixels = new Uint32Array(buffer)
      this.#post({ type: 'frame-buffer', buffer })
    }
    if (!this.#display.render(this.#pixels, force || changed) && !force && !changed) return
    this.#lastMode = { widthPx, heightPx, aspectWidth, aspectHeight }
    const sequence = (Atomics.add(this.#control, FRAME_SEQUENCE, 1) + 1) | 0
    this.#post({ type: 'frame', sequence, mode: this.#lastMode })
  }
}
