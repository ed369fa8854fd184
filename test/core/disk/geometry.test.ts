import { describe, expect, it } from 'vitest'
import type { BlockDevice } from '../../../core/disk/block-device.ts'
import { biosGeometry, defaultGeometry, driveGeometry, partitionGeometry } from '../../../core/disk/geometry.ts'

/** A disk of which only the first sector matters: one partition that ends at `head` and `sector`. */
function partitioned(sectors: number, head: number, sector: number, signature = 0xaa55): BlockDevice {
  const mbr = new Uint8Array(512)
  const view = new DataView(mbr.buffer)
  mbr.set([0x80, 1, 1, 0, 6, head, sector, 0xff], 0x1be)
  view.setUint32(0x1be + 8, 63, true)
  view.setUint32(0x1be + 12, sectors - 63, true)
  view.setUint16(510, signature, true)
  return {
    sectorBytes: 512,
    sectors,
    readOnly: false,
    readSectors: (_lba, _count, into) => into.set(mbr),
    writeSectors: () => {},
    flush: () => {},
    close: () => {},
  }
}

const blank = (sectors: number) => partitioned(sectors, 0, 0, 0)
const GIB = 2 ** 21

describe('geometry of hard disks', () => {
  it.each([
    [1, { cylinders: 1, heads: 16, sectorsPerTrack: 63 }],
    [1_048_320, { cylinders: 1040, heads: 16, sectorsPerTrack: 63 }],
    [16_514_064, { cylinders: 16_383, heads: 16, sectorsPerTrack: 63 }],
    [2 ** 40, { cylinders: 16_383, heads: 16, sectorsPerTrack: 63 }],
  ])('of %i sectors is what drives of that size say', (sectors, geometry) => {
    expect(defaultGeometry(sectors)).toEqual(geometry)
  })

  it('follows a partition table that was made without translation', () => {
    const disk = partitioned(615 * 4 * 17, 3, 17)
    expect(driveGeometry(disk)).toEqual({ cylinders: 615, heads: 4, sectorsPerTrack: 17 })
    expect(biosGeometry(disk)).toEqual({ cylinders: 615, heads: 4, sectorsPerTrack: 17 })
  })

  it('keeps the default drive geometry under a translated partition table', () => {
    const disk = partitioned(4 * GIB, 254, 63 | 0xc0)
    expect(driveGeometry(disk)).toEqual({ cylinders: 8322, heads: 16, sectorsPerTrack: 63 })
    expect(biosGeometry(disk)).toEqual({ cylinders: 522, heads: 255, sectorsPerTrack: 63 })
  })

  it.each([
    ['no signature', partitioned(GIB, 15, 63, 0)],
    ['no sectors on a track', partitioned(GIB, 15, 0)],
    ['one head', partitioned(GIB, 0, 63)],
    ['more sectors on a cylinder than on the disk', partitioned(100, 254, 63)],
    ['too many cylinders', partitioned(GIB, 1, 1)],
  ])('does not believe a table with %s', (_what, disk) => {
    expect(partitionGeometry(disk)).toBeUndefined()
  })

  it.each([
    [500, { cylinders: 1015, heads: 16, sectorsPerTrack: 63 }],
    [1000, { cylinders: 1015, heads: 32, sectorsPerTrack: 63 }],
    [2000, { cylinders: 1015, heads: 64, sectorsPerTrack: 63 }],
    [4000, { cylinders: 1015, heads: 128, sectorsPerTrack: 63 }],
    [8000, { cylinders: 1019, heads: 255, sectorsPerTrack: 63 }],
    [20_000, { cylinders: 1024, heads: 255, sectorsPerTrack: 63 }],
  ])('is translated for the BIOS on a new disk of %i MiB', (mib, geometry) => {
    expect(biosGeometry(blank(mib * 2048))).toEqual(geometry)
  })
})
