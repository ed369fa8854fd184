/**
 * The host's copy of a guest's picture. Each new picture is compared with the last one, so that viewers are told only of the
 * rectangle that changed.
 */
import type { FrameMode } from '../../core/contract/vm-thread.ts'

/** Half-open: `right` and `bottom` are outside. */
export interface Rectangle {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** The smallest rectangle with both in it. */
export function union(a: Rectangle | undefined, b: Rectangle): Rectangle {
  if (!a) return b
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  }
}

const NO_MODE: FrameMode = { widthPx: 0, heightPx: 0, aspectWidth: 4, aspectHeight: 3 }

export class Picture {
  mode: FrameMode = NO_MODE
  /** RGBA, row after row. */
  pixels = new Uint32Array(0)

  /** Takes over a picture. Returns what changed: a whole rectangle for a new mode, undefined for nothing. */
  update(source: Uint32Array, mode: FrameMode): { rectangle: Rectangle; whole: boolean } | undefined {
    const { widthPx, heightPx } = mode
    const old = this.mode
    const sameMode =
      old.widthPx === widthPx &&
      old.heightPx === heightPx &&
      old.aspectWidth === mode.aspectWidth &&
      old.aspectHeight === mode.aspectHeight
    if (!sameMode) {
      this.mode = mode
      this.pixels = source.slice(0, widthPx * heightPx)
      return { rectangle: { left: 0, top: 0, right: widthPx, bottom: heightPx }, whole: true }
    }
    const rectangle = this.#takeChanges(source)
    return rectangle && { rectangle, whole: false }
  }

  /** Copies the changed rows and returns the rectangle around the changes. */
  #takeChanges(source: Uint32Array): Rectangle | undefined {
    const { widthPx, heightPx } = this.mode
    const { pixels } = this
    let left = widthPx
    let right = 0
    let top = heightPx
    let bottom = 0
    for (let y = 0, start = 0; y < heightPx; y++, start += widthPx) {
      let first = 0
      while (first < widthPx && pixels[start + first] === source[start + first]) first++
      if (first === widthPx) continue
      let last = widthPx - 1
      while (pixels[start + last] === source[start + last]) last--
      pixels.set(source.subarray(start + first, start + last + 1), start + first)
      left = Math.min(left, first)
      right = Math.max(right, last + 1)
      top = Math.min(top, y)
      bottom = y + 1
    }
    return top < bottom ? { left, top, right, bottom } : undefined
  }

  /** Copies the pixels of `rectangle` to `target`, row after row. */
  copyTo(rectangle: Rectangle, target: Uint8Array): void {
    const { left, top, right, bottom } = rectangle
    const rowBytes = (right - left) * 4
    const bytes = new Uint8Array(this.pixels.buffer, this.pixels.byteOffset, this.pixels.byteLength)
    for (let y = top, at = 0; y < bottom; y++, at += rowBytes) {
      const from = (y * this.mode.widthPx + left) * 4
      target.set(bytes.subarray(from, from + rowBytes), at)
    }
  }
}
