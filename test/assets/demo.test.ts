/** The demo disk is what its source says. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildDemo, demoImage } from '../../assets/demo/build.ts'
import { describeWith, pathOf } from '../support/needs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { tool } from '../support/tools.ts'

const nasm = tool('nasm')

describeWith([nasm], "The demo disk's source", () => {
  it('builds the image that is committed', () => {
    const target = join(temporaryFolder(), 'demo.img')
    buildDemo(pathOf(nasm), target)
    expect(readFileSync(target).equals(readFileSync(demoImage))).toBe(true)
  })
})

describe('The demo disk', () => {
  const image = readFileSync(demoImage)

  it('has a boot sector with one partition inside the disk', () => {
    expect(image.readUInt16LE(510)).toBe(0xaa55)
    const entries = [0, 1, 2, 3].map((n) => image.subarray(446 + 16 * n, 462 + 16 * n))
    expect(entries.map((entry) => [entry[0], entry[4], entry.readUInt32LE(8), entry.readUInt32LE(12)])).toEqual([
      [0x80, 0xda, 63, image.length / 512 - 63],
      ...Array.from({ length: 3 }, () => [0, 0, 0, 0]),
    ])
  })

  it('begins without boots and without a note', () => {
    expect(image.subarray(63 * 512).every((byte) => byte === 0)).toBe(true)
  })
})
