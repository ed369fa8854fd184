/** Compares our pictures with those of another emulator. */
import { expect } from 'vitest'
import type { Picture } from './vga-rig.ts'

/**
 * Fails unless both pictures show the same. QEMU doubles low resolutions, and its colours are darker by up to `apart`: it fills
 * low bits with zeros in other places.
 */
export function expectAlike(ours: Picture, theirs: Picture, apart: number): void {
  const [scaleX, scaleY] = [theirs.width / ours.width, theirs.height / ours.height]
  expect([1, 2]).toContain(scaleX)
  expect([1, 2]).toContain(scaleY)
  const wrong: string[] = []
  for (let y = 0; y < theirs.height; y++) {
    for (let x = 0; x < theirs.width; x++) {
      const a = ours.pixels[Math.floor(y / scaleY) * ours.width + Math.floor(x / scaleX)] ?? -1
      const b = theirs.pixels[y * theirs.width + x] ?? -1
      const near = [0, 8, 16].every((shift) => Math.abs(((a >> shift) & 0xff) - ((b >> shift) & 0xff)) <= apart)
      if (!near) wrong.push(`${x},${y}: ${a.toString(16)} and ${b.toString(16)}`)
    }
  }
  expect(wrong.length, wrong.slice(0, 4).join('; ')).toBe(0)
}
