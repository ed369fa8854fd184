/** Pictures as PNG files and thumbnails. */
import { PNG } from 'pngjs'
import type { Thumbnail } from '../../core/contract/machine-card.ts'
import type { Picture } from './picture.ts'

const THUMBNAIL = { widthPx: 320, heightPx: 240 } as const

/** The whole picture, a pixel per guest pixel. A machine without a picture yet gives one black pixel. */
export function encodePng(picture: Picture): { widthPx: number; heightPx: number; png: Buffer } {
  const widthPx = Math.max(1, picture.mode.widthPx)
  const heightPx = Math.max(1, picture.mode.heightPx)
  const png = new PNG({ width: widthPx, height: heightPx })
  if (picture.pixels.length > 0)
    png.data.set(new Uint8Array(picture.pixels.buffer, picture.pixels.byteOffset, widthPx * heightPx * 4))
  else png.data.set([0, 0, 0, 255])
  return { widthPx, heightPx, png: PNG.sync.write(png, { colorType: 2 }) }
}

/** A small picture in the shape of a monitor; each of its pixels is the mean of the guest's pixels under it. */
export function createThumbnail(picture: Picture): { thumbnail: Thumbnail; png: Buffer } | undefined {
  const { widthPx: sourceWidth, heightPx: sourceHeight, aspectWidth, aspectHeight } = picture.mode
  if (sourceWidth === 0 || sourceHeight === 0) return undefined
  const scale = Math.min(THUMBNAIL.widthPx / aspectWidth, THUMBNAIL.heightPx / aspectHeight)
  const widthPx = Math.max(1, Math.round(aspectWidth * scale))
  const heightPx = Math.max(1, Math.round(aspectHeight * scale))
  const png = new PNG({ width: widthPx, height: heightPx })
  for (let y = 0, at = 0; y < heightPx; y++) {
    const top = Math.floor((y * sourceHeight) / heightPx)
    const bottom = Math.max(top + 1, Math.floor(((y + 1) * sourceHeight) / heightPx))
    for (let x = 0; x < widthPx; x++, at += 4) {
      const left = Math.floor((x * sourceWidth) / widthPx)
      const right = Math.max(left + 1, Math.floor(((x + 1) * sourceWidth) / widthPx))
      writeMean(picture.pixels, sourceWidth, { left, top, right, bottom }, png.data, at)
    }
  }
  const bytes = PNG.sync.write(png, { colorType: 2 })
  return { thumbnail: { widthPx, heightPx, pngBase64: bytes.toString('base64') }, png: bytes }
}

function writeMean(
  pixels: Uint32Array,
  stride: number,
  { left, top, right, bottom }: { left: number; top: number; right: number; bottom: number },
  target: Uint8Array,
  at: number,
): void {
  let red = 0
  let green = 0
  let blue = 0
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const pixel = pixels[y * stride + x] ?? 0
      red += pixel & 0xff
      green += (pixel >>> 8) & 0xff
      blue += (pixel >>> 16) & 0xff
    }
  }
  const count = (right - left) * (bottom - top)
  target[at] = red / count
  target[at + 1] = green / count
  target[at + 2] = blue / count
  target[at + 3] = 255
}
