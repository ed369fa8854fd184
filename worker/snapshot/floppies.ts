/** Floppies come back with a snapshot: as a file of its own, where the image holds something else by now. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { AppError } from '../../core/base/errors.ts'
import { readWhole, writeDurably } from '../files/durable-files.ts'

const LARGEST_FLOPPY_BYTES = 2880 * 1024

export interface FloppyRequest {
  /** What the snapshot has. */
  readonly saved: string
  /** The image that was in the drive. */
  readonly image: string | null
  /** Where the content goes when the image is another one now. */
  readonly copy: string
}

/** For each the image that holds the saved content: the one that was in the drive, or the copy. */
export function restoreFloppies({ floppies }: { floppies: readonly FloppyRequest[] }): string[] {
  return floppies.map(({ saved, image, copy }) => {
    let bytes: Buffer
    try {
      bytes = zstdDecompressSync(readWhole(saved), { maxOutputLength: LARGEST_FLOPPY_BYTES })
    } catch (cause) {
      if (cause instanceof AppError) throw cause
      throw new AppError('state/corrupt', `The saved floppy is damaged: ${saved}`, { cause })
    }
    if (image !== null && existsSync(image) && readFileSync(image).equals(bytes)) return image
    mkdirSync(dirname(copy), { recursive: true })
    writeDurably(copy, bytes)
    return copy
  })
}
