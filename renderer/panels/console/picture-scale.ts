/** How large the guest's picture is shown. */
import type { Scaling } from '../../app/preferences.svelte.ts'

export interface PictureSize {
  readonly widthPx: number
  readonly heightPx: number
  /** The shape that the picture has on a monitor. */
  readonly aspectWidth: number
  readonly aspectHeight: number
}

export interface ScaleOptions {
  readonly scaling: Scaling
  readonly monitorShape: boolean
  /** Device pixels of one CSS pixel. */
  readonly pixelRatio: number
}

/** A size in CSS pixels. */
export interface Size {
  readonly width: number
  readonly height: number
}

/**
 * The size of `picture` inside `room`. `integer` is the largest whole multiple (in device pixels) of its lines that fits, and of
 * its columns too where the pixels are shown square; `original` does not care whether it fits.
 */
export function scaledSize(picture: PictureSize, room: Size, options: ScaleOptions): Size {
  const { widthPx, heightPx, aspectWidth, aspectHeight } = picture
  const hasShape = options.monitorShape && aspectWidth > 0 && aspectHeight > 0
  // Wider pixels make the picture wider, never lower: each line keeps its height.
  const shapeWidth = hasShape ? (heightPx * aspectWidth) / aspectHeight : widthPx
  // A picture of 720 × 400 is wider than 4:3 already: there the lines become higher instead.
  const natural =
    shapeWidth >= widthPx
      ? { width: shapeWidth, height: heightPx }
      : { width: widthPx, height: hasShape ? (widthPx * aspectHeight) / aspectWidth : heightPx }
  const ratio = options.pixelRatio > 0 ? options.pixelRatio : 1
  const fit = Math.min((room.width * ratio) / natural.width, (room.height * ratio) / natural.height)
  const factor = options.scaling === 'original' ? 1 : options.scaling === 'integer' ? Math.max(1, Math.floor(fit)) : fit
  const round = (value: number) => Math.max(1, Math.round(value * factor)) / ratio
  return { width: round(natural.width), height: round(natural.height) }
}

/** Whole multiple by which each pixel is repeated before the picture is brought to its final size, so that pixels stay sharp. */
export function sharpFactor(sourcePx: number, shownPx: number): number {
  return Math.min(8, Math.max(1, Math.ceil(shownPx / Math.max(1, sourcePx))))
}
