/** Images in files for tests: made and opened as the app does, compared with a model of what they hold. */
import { closeSync, openSync, readFileSync } from 'node:fs'
import { AppError } from '../../core/base/errors.ts'
import type { BlockDevice, ByteStore } from '../../core/disk/block-device.ts'
import type { ImageFormatId, ImageHost } from '../../core/disk/disk-image.ts'
import { imageFormat } from '../../core/disk/formats/catalogue.ts'
import type { LayeredDisk } from '../../core/disk/layered-disk.ts'
import { openImage } from '../../core/disk/open-image.ts'
import { openFileByteStore } from '../../worker/files/file-byte-store.ts'
import { fileImageHost } from '../../worker/files/image-host.ts'
import type { Random } from './random.ts'

export const entropy = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, (_, i) => 17 * i + 3)

/** Makes an image at `path`. */
export function createImageFile(
  path: string,
  format: ImageFormatId,
  sizeBytes: number,
  options: Readonly<Record<string, string | number | boolean>> = {},
  backing?: { file: string; format: ImageFormatId },
): void {
  closeSync(openSync(path, 'w'))
  const store = openFileByteStore(path, false)
  try {
    imageFormat(format).create(store, { sizeBytes, options, entropy, nowSeconds: 1e9, ...(backing ? { backing } : {}) })
  } finally {
    store.close()
  }
}

/** Opens the image at `path`. */
export function openImageFile(path: string, readOnly = false, format?: ImageFormatId): LayeredDisk {
  const store = openFileByteStore(path, readOnly)
  try {
    return openImage(store, fileImageHost, { path, readOnly, format })
  } catch (error) {
    store.close()
    throw error
  }
}

/** What a disk holds, sector by sector: each is filled with one number, so that a million of them cost little. */
export class SectorModel {
  readonly sectors: number
  readonly #values = new Map<number, number>()

  constructor(sectors: number) {
    this.sectors = sectors
  }

  clone(): SectorModel {
    const copy = new SectorModel(this.sectors)
    for (const [lba, value] of this.#values) copy.#values.set(lba, value)
    return copy
  }

  /** Bytes of sector `lba`: all zero, or a pattern made from its value and its number. */
  static bytes(lba: number, value: number): Uint8Array {
    const bytes = new Uint8Array(512)
    if (value !== 0) new Uint32Array(bytes.buffer).fill((Math.imul(value, 0x9e37_79b1) ^ lba) | 1)
    return bytes
  }

  /** Writes a run to the disk and the model. */
  write(disk: BlockDevice, lba: number, count: number, value: number): void {
    const bytes = new Uint8Array(count * 512)
    for (let i = 0; i < count; i++) bytes.set(SectorModel.bytes(lba + i, value), i * 512)
    disk.writeSectors(lba, count, bytes)
    this.note(lba, count, value)
  }

  note(lba: number, count: number, value: number): void {
    for (let i = 0; i < count; i++) this.#values.set(lba + i, value)
  }

  expected(lba: number, count: number): Uint8Array {
    const bytes = new Uint8Array(count * 512)
    for (let i = 0; i < count; i++) bytes.set(SectorModel.bytes(lba + i, this.#values.get(lba + i) ?? 0), i * 512)
    return bytes
  }

  /** First sector of a run that differs from the model, or -1. */
  difference(disk: BlockDevice, lba = 0, count = this.sectors): number {
    const step = 2048
    const bytes = new Uint8Array(step * 512)
    for (let at = lba; at < lba + count; at += step) {
      const here = Math.min(step, lba + count - at)
      disk.readSectors(at, here, bytes)
      const expected = this.expected(at, here)
      for (let i = 0; i < here * 512; i++) if (bytes[i] !== expected[i]) return at + Math.floor(i / 512)
    }
    return -1
  }

  /** Sectors that were ever written. */
  get written(): readonly number[] {
    return [...this.#values.keys()]
  }

  /** The same with a raw image in memory or a file. */
  differenceOfBytes(bytes: Uint8Array): number {
    for (let lba = 0; lba < this.sectors; lba++) {
      const expected = SectorModel.bytes(lba, this.#values.get(lba) ?? 0)
      for (let i = 0; i < 512; i++) if ((bytes[lba * 512 + i] ?? 0) !== expected[i]) return lba
    }
    return -1
  }

  differenceOfFile(path: string): number {
    return this.differenceOfBytes(readFileSync(path))
  }
}

/** Writes `count` random runs, short ones and long ones. */
export function writeRandomly(
  disk: BlockDevice,
  model: SectorModel,
  random: Random,
  count: number,
  maxRun = 300,
): void {
  for (let i = 0; i < count; i++) {
    const lba = random.below(model.sectors)
    const run = 1 + random.below(random.below(4) === 0 ? maxRun : 8)
    model.write(disk, lba, Math.min(run, model.sectors - lba), random.below(6))
  }
}

/** A host whose files are in memory, by their names. */
export class MemoryImageHost implements ImageHost {
  readonly files = new Map<string, ByteStore>()

  resolve(_path: string, name: string): string {
    return name
  }

  open(path: string): ByteStore {
    const store = this.files.get(path)
    if (!store) throw new AppError('disk/not-found', `There is no such file: ${path}`)
    return store
  }

  unpack(method: 'deflate' | 'zlib' | 'zstd', from: Uint8Array, into: Uint8Array): number {
    return fileImageHost.unpack(method, from, into)
  }
}
