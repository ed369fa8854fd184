/** Pictures that somebody looked at, kept as PNG files in test/golden. `UPDATE_GOLDEN=1` writes them anew. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PNG } from 'pngjs'
import { expect } from 'vitest'
import type { Picture } from './vga-rig.ts'

const FOLDER = join(import.meta.dirname, '../golden')

function encode({ width, height, pixels }: Picture): Buffer {
  const png = new PNG({ width, height, colorType: 2 })
  for (const [i, pixel] of pixels.entries()) png.data.writeUInt32BE(((pixel << 8) | 0xff) >>> 0, i * 4)
  return PNG.sync.write(png, { colorType: 2 })
}

function decode(bytes: Buffer): Picture {
  const { width, height, data } = PNG.sync.read(bytes)
  const pixels = Uint32Array.from({ length: width * height }, (_, i) => data.readUInt32BE(i * 4) >>> 8)
  return { width, height, pixels }
}

/** Fails unless `picture` is, pixel by pixel, the one in test/golden under `name` ("display/text.png"). */
export function expectGolden(picture: Picture, name: string): void {
  const path = join(FOLDER, name)
  if (process.env['UPDATE_GOLDEN']) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, encode(picture))
  }
  expect(existsSync(path), `${name} is there (UPDATE_GOLDEN=1 writes it)`).toBe(true)
  const golden = decode(readFileSync(path))
  expect([picture.width, picture.height]).toEqual([golden.width, golden.height])
  expect(picture.pixels.findIndex((pixel, i) => pixel !== golden.pixels[i])).toBe(-1)
}
