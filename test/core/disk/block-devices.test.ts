import { describe, expect, it } from 'vitest'
import type { BlockDevice } from '../../../core/disk/block-device.ts'
import { IsoImage } from '../../../core/disk/iso.ts'
import { MemoryBlockDevice } from '../../../core/disk/memory-block-device.ts'
import { MeteredDisk } from '../../../core/disk/metered.ts'
import { OverlayDisk } from '../../../core/disk/overlay.ts'
import { RawDisk } from '../../../core/disk/raw.ts'
import { MemoryByteStore } from '../../support/memory-byte-store.ts'
import { Random } from '../../support/random.ts'

const SECTORS = 1000

function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256))
}

const devices: [string, () => BlockDevice][] = [
  ['MemoryBlockDevice', () => new MemoryBlockDevice(new Uint8Array(SECTORS * 512))],
  ['RawDisk', () => new RawDisk(new MemoryByteStore(SECTORS * 512))],
  ['RawDisk over an empty file', () => new RawDisk(new MemoryByteStore(0), { minSectors: SECTORS })],
  ['OverlayDisk', () => new OverlayDisk(new RawDisk(new MemoryByteStore(SECTORS * 512), { writeProtected: true }))],
  ['MeteredDisk', () => new MeteredDisk(new MemoryBlockDevice(new Uint8Array(SECTORS * 512)))],
]

describe.each(devices)('%s', (_name, create) => {
  it('reads back what random writes made of it', () => {
    const random = new Random(0xd15c)
    const device = create()
    const model = new Uint8Array(SECTORS * 512)
    for (let i = 0; i < 300; i++) {
      const count = 1 + random.below(200)
      const lba = random.below(SECTORS - count + 1)
      const offset = random.below(64)
      const buffer = new Uint8Array(offset + count * 512)
      if (random.below(2)) {
        buffer.set(randomBytes(random, count * 512), offset)
        device.writeSectors(lba, count, buffer, offset)
        model.set(buffer.subarray(offset), lba * 512)
      } else {
        device.readSectors(lba, count, buffer, offset)
        expect(Buffer.compare(buffer.subarray(offset), model.subarray(lba * 512, (lba + count) * 512))).toBe(0)
      }
    }
  })

  it('has exact bounds', () => {
    const device = create()
    expect([device.sectors, device.sectorBytes]).toEqual([SECTORS, 512])
    const buffer = new Uint8Array(1024)
    device.readSectors(SECTORS - 2, 2, buffer)
    expect(() => device.readSectors(SECTORS - 1, 2, buffer)).toThrow(RangeError)
    expect(() => device.writeSectors(-1, 1, buffer)).toThrow(RangeError)
  })
})

describe('RawDisk', () => {
  it('completes a last sector with zeros and grows the file when it is written', () => {
    const store = new MemoryByteStore(new Uint8Array(700).fill(7))
    const disk = new RawDisk(store)
    const sector = new Uint8Array(512).fill(1)
    expect(disk.sectors).toBe(2)
    disk.readSectors(1, 1, sector)
    expect([sector[187], sector[188], sector[511]]).toEqual([7, 0, 0])
    disk.writeSectors(1, 1, new Uint8Array(512).fill(9))
    expect([store.sizeBytes, store.bytes[699], store.bytes[1023]]).toEqual([1024, 9, 9])
  })

  it('writes nothing to a protected image', () => {
    const store = new MemoryByteStore(1024)
    const disk = new RawDisk(store, { writeProtected: true })
    expect(disk.readOnly).toBe(true)
    expect(() => disk.writeSectors(0, 1, new Uint8Array(512))).toThrow(
      expect.objectContaining({ code: 'disk/read-only' }),
    )
    expect(new RawDisk(new MemoryByteStore(512, { readOnly: true })).readOnly).toBe(true)
  })

  it('flushes and closes its store', () => {
    const store = new MemoryByteStore(512)
    const disk = new RawDisk(store)
    disk.flush()
    disk.close()
    expect([store.flushes, store.closed]).toEqual([1, true])
  })
})

describe('OverlayDisk', () => {
  it('never writes what it covers, and holds only what was written', () => {
    const bytes = randomBytes(new Random(3), 400 * 512)
    const store = new MemoryByteStore(bytes.slice(), { readOnly: true })
    const overlay = new OverlayDisk(new RawDisk(store))
    overlay.writeSectors(127, 2, new Uint8Array(1024).fill(0xaa))
    expect(store.bytes).toEqual(bytes)
    expect([overlay.readOnly, overlay.usedBytes]).toEqual([false, 0x2_0000])
    const read = new Uint8Array(4 * 512)
    overlay.readSectors(126, 4, read)
    const expected = bytes.slice(126 * 512, 130 * 512).fill(0xaa, 512, 1536)
    expect(read).toEqual(expected)
  })

  it('covers a CD as well', () => {
    const overlay = new OverlayDisk(new MemoryBlockDevice(new Uint8Array(50 * 2048), { sectorBytes: 2048 }))
    overlay.writeSectors(49, 1, new Uint8Array(2048).fill(5))
    const read = new Uint8Array(4096)
    overlay.readSectors(48, 2, read)
    expect([read[2047], read[2048], read[4095]]).toEqual([0, 5, 5])
  })
})

describe('MeteredDisk', () => {
  it('counts bytes in both directions', () => {
    const disk = new MeteredDisk(new MemoryBlockDevice(new Uint8Array(10 * 512)))
    const buffer = new Uint8Array(3 * 512)
    disk.readSectors(0, 3, buffer)
    disk.writeSectors(0, 1, buffer)
    expect([disk.readBytes, disk.writtenBytes]).toEqual([1536, 512])
  })
})

describe('IsoImage', () => {
  it('has sectors of 2048 bytes, the last one completed', () => {
    const iso = new IsoImage(new MemoryByteStore(new Uint8Array(5000).fill(1)))
    const sector = new Uint8Array(2048)
    iso.readSectors(2, 1, sector)
    expect([iso.sectors, iso.readOnly, sector[903], sector[904]]).toEqual([3, true, 1, 0])
    expect(() => iso.readSectors(3, 1, sector)).toThrow(RangeError)
  })

  it.each([
    [1, 16],
    [2, 24],
  ])('finds the user data in raw sectors of mode %i', (mode, dataOffset) => {
    const bytes = new Uint8Array(3 * 2352)
    for (let i = 0; i < 3; i++) {
      bytes.set([0, ...new Array(10).fill(0xff), 0, 0, 2, i, mode], i * 2352)
      bytes.fill(0x40 + i, i * 2352 + dataOffset, i * 2352 + dataOffset + 2048)
    }
    const iso = new IsoImage(new MemoryByteStore(bytes))
    const data = new Uint8Array(2 * 2048)
    iso.readSectors(1, 2, data)
    expect(iso.sectors).toBe(3)
    expect([...new Set(data.subarray(0, 2048))]).toEqual([0x41])
    expect([...new Set(data.subarray(2048))]).toEqual([0x42])
  })
})
