/** Images in files for tests: made and opened as the app does, compared with a model of what they hold. */
import { closeSync, openSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
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
    const createPart = (part: string) => {
      const name = `${path}-${part}`
      closeSync(openSync(name, 'w'))
      return { store: openFileByteStore(name, false), name: basename(name) }
    }
    const request = { sizeBytes, options, entropy, nowSeconds: 1e9, createPart, ...(backing ? { backing } : {}) }
    imageFormat(format).create(store, request)
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

const CHUNK = 2048

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

  /** Writes a run to the disk and the model. */
  write(disk: BlockDevice, lba: number, count: number, value: number): void {
    this.note(lba, count, value)
    disk.writeSectors(lba, count, this.expected(lba, count))
  }

  note(lba: number, count: number, value: number): void {
    for (let i = 0; i < count; i++) this.#values.set(lba + i, value)
  }

  /** What sectors hold: zeros, or a pattern made of the value and the sector's number. */
  expected(lba: number, count: number): Uint8Array {
    const words = new Uint32Array(count * 128)
    for (let i = 0; i < count; i++) {
      const value = this.#values.get(lba + i) ?? 0
      if (value !== 0) words.fill((Math.imul(value, 0x9e37_79b1) ^ (lba + i)) | 1, i * 128, (i + 1) * 128)
    }
    return new Uint8Array(words.buffer)
  }

  /** First sector of a run that differs from the model, or -1. */
  difference(disk: BlockDevice, lba = 0, count = this.sectors): number {
    const bytes = new Uint8Array(CHUNK * 512)
    for (let at = lba; at < lba + count; at += CHUNK) {
      const here = Math.min(CHUNK, lba + count - at)
      disk.readSectors(at, here, bytes)
      const found = this.#compare(at, bytes.subarray(0, here * 512))
      if (found >= 0) return found
    }
    return -1
  }

  #compare(lba: number, bytes: Uint8Array): number {
    const expected = this.expected(lba, bytes.length / 512)
    if (Buffer.compare(bytes, expected) === 0) return -1
    return lba + Math.floor(bytes.findIndex((byte, i) => byte !== expected[i]) / 512)
  }

  /** The same with the bytes of the disk. */
  differenceOfBytes(bytes: Uint8Array): number {
    for (let lba = 0; lba < this.sectors; lba += CHUNK) {
      const found = this.#compare(lba, bytes.subarray(lba * 512, Math.min(lba + CHUNK, this.sectors) * 512))
      if (found >= 0) return found
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
