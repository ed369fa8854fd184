/** Which drive a dropped image goes into. */
import type { DriveSpec } from '../../../core/contract/machine-spec.ts'

/** Floppies are at most this large (2.88 MB); everything above is a CD. */
const LARGEST_FLOPPY_BYTES = 2880 * 1024

/**
 * The drive for an image, by the ending of its name, then by its size; an empty one before one whose medium would have to go.
 * Undefined when the machine has none. The host looks into the image and refuses what does not fit.
 */
export function driveFor(drives: readonly DriveSpec[], fileName: string, sizeBytes: number): DriveSpec | undefined {
  const wanted = /\.(?:iso|cdr|toast)$/i.test(fileName) || sizeBytes > LARGEST_FLOPPY_BYTES ? 'cdrom' : 'floppy'
  const fitting = drives.filter(({ kind }) => kind === wanted)
  return fitting.find(({ file }) => file === null) ?? fitting[0]
}
