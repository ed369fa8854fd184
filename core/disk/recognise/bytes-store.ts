/** Bytes in memory as a store that is only read: files of a volume, beginnings of files. */
import { AppError } from '../../base/errors.ts'
import type { ByteStore } from '../block-device.ts'

export class BytesStore implements ByteStore {
  readonly readOnly = true
  readonly sizeBytes: number
  readonly #bytes: Uint8Array

  /** `sizeBytes` is that of the whole file where `bytes` is only its beginning; the rest reads as zero. */
  constructor(bytes: Uint8Array, sizeBytes = bytes.length) {
    this.#bytes = bytes
    this.sizeBytes = sizeBytes
  }

  read(position: number, into: Uint8Array, offset = 0, length = into.length - offset): void {
    const part = this.#bytes.subarray(position, position + length)
    into.set(part, offset)
    into.fill(0, offset + part.length, offset + length)
  }

  write(): void {
    throw new AppError('disk/read-only', 'These bytes are only read')
  }

  truncate(): void {
    this.write()
  }

  flush(): void {}

  close(): void {}
}
