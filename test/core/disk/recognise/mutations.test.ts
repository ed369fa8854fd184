/** Damaged and hostile media: recognition ends, with a result or an error of ours, and reads no more than a bound. */
import { describe, expect, test } from 'vitest'
import { AppError } from '../../../../core/base/errors.ts'
import type { ByteStore } from '../../../../core/disk/block-device.ts'
import { makeFatFloppy } from '../../../../core/disk/make/fat-floppy.ts'
import { planIso } from '../../../../core/disk/make/iso-image.ts'
import { BytesStore } from '../../../../core/disk/recognise/bytes-store.ts'
import { recognise } from '../../../../core/disk/recognise/recognise.ts'
import { fileImageHost } from '../../../../worker/files/image-host.ts'
import { xzStreams } from '../../../../worker/imports/xz-streams.ts'
import { Random } from '../../../support/random.ts'

/** Each sample is mutated so often; VITRINE_MUTATIONS asks for more. */
const MUTATIONS = Number(process.env['VITRINE_MUTATIONS'] ?? 700)
/** A folder of 4096 entries for each clue, and no more. */
const MAX_READ_BYTES = 512 << 20

class CountingStore extends BytesStore {
  readBytes = 0

  override read(position: number, into: Uint8Array, offset = 0, length = into.length - offset): void {
    this.readBytes += length
    super.read(position, into, offset, length)
  }
}

const FILES = ['IO.SYS', 'MSDOS.SYS', 'WINDOWS/WIN.COM', 'WINDOWS/PROGMAN.EXE', 'BOOT.INI', 'ISOLINUX/VMLINUZ']
const entries = FILES.map((path) => ({ path, isFolder: false, sizeBytes: 700, modifiedMs: 1e12 }))
const floppy = makeFatFloppy(entries, () => {}, { label: 'X', serialNumber: 1, timeZoneMinutes: 0 })

function cd(): Uint8Array {
  const plan = planIso(entries, { label: 'X', createdMs: 1e12 })
  const image = new Uint8Array(plan.sectors * 2048)
  image.set(plan.head)
  return image
}

function disk(): Uint8Array {
  const image = new Uint8Array(64 * 512 + floppy.length)
  image.set([0x80, 1, 1, 0, 6, 1, 1, 1, 63, 0, 0, 0, 0x40, 0x0b, 0, 0], 446)
  image.set([0, 1, 1, 0, 5, 1, 1, 1, 10, 0, 0, 0, 20, 0, 0, 0], 462)
  image.set([0x55, 0xaa], 510)
  image.set(floppy, 63 * 512)
  return image
}

/** Where structures are: [start, length]. */
const SAMPLES: readonly [string, Uint8Array, readonly (readonly [number, number])[]][] = [
  [
    'floppy',
    floppy,
    [
      [0, 64],
      [512, 512],
      [19 * 512, 1024],
      [33 * 512, 2048],
    ],
  ],
  [
    'disk',
    disk(),
    [
      [0, 512],
      [63 * 512, 64],
      [64 * 512, 512],
      [82 * 512, 1024],
    ],
  ],
  [
    'CD',
    cd(),
    [
      [16 * 2048, 2048],
      [19 * 2048, 8 * 2048],
    ],
  ],
]

function endsWell(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof AppError)) throw error
  }
}

describe('mutated media', () => {
  test.each(SAMPLES)(
    '%s',
    (name, image, areas) => {
      const random = new Random(4711)
      let most = 0
      for (let i = 0; i < MUTATIONS; i++) {
        const bytes = image.slice()
        for (let k = 1 + random.below(8); k > 0; k--) {
          const [start, length] = areas[random.below(areas.length)] ?? [0, 1]
          bytes[start + random.below(length)] = random.below(3) === 0 ? 0xff : random.below(256)
        }
        const store = new CountingStore(random.below(8) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes)
        endsWell(() => recognise(store as ByteStore, { name, image: { path: '/x', host: fileImageHost } }))
        most = Math.max(most, store.readBytes)
      }
      expect(most).toBeLessThan(MAX_READ_BYTES)
    },
    600_000,
  )

  test('indexes of .xz files', () => {
    const random = new Random(12)
    const index = [0, 1, 100, 50, 0, 0, 0, 0]
    const good = Uint8Array.from([...new Array(112).fill(1), ...index, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0x59, 0x5a])
    expect(xzStreams(new BytesStore(good), 'x')).toEqual([{ start: 0, end: good.length, unpackedBytes: 50 }])
    for (let i = 0; i < MUTATIONS * 4; i++) {
      const bytes = good.slice(0, random.below(4) === 0 ? random.below(good.length) : good.length)
      for (let k = random.below(4); k >= 0; k--) bytes[bytes.length - 1 - random.below(24)] = random.below(256)
      endsWell(() => xzStreams(new BytesStore(bytes), 'x'))
    }
  })
})
