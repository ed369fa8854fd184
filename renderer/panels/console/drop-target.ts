/** Which drive a dropped image goes into, and which a medium made of dropped files. */

import type { DriveSpec } from '../../../core/contract/machine-spec.ts'
import { FLOPPY_FILE_BYTES } from '../../../core/contract/medium-api.ts'
import type { Part } from './dropped-contents.ts'

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

const CLUSTER_BYTES = 512
/** Names, long ones among them, that the first folder of a floppy surely has room for. */
const FLOPPY_TOP_NAMES = 40

/** Whether files surely fit on a floppy of 1.44 MB, each in clusters of its own. */
function fitFloppy(parts: readonly Part[]): boolean {
  const bytes = parts.reduce(
    (sum, { entry }) => sum + Math.ceil(Math.max(entry.sizeBytes, 1) / CLUSTER_BYTES) * CLUSTER_BYTES + 128,
    0,
  )
  return bytes <= FLOPPY_FILE_BYTES && parts.filter(({ entry }) => !entry.path.includes('/')).length <= FLOPPY_TOP_NAMES
}

/**
 * The drive for a medium made of files: an empty floppy drive for what fits on a floppy, which every guest reads without a driver,
 * else the CD drive. Undefined when the machine has none.
 */
export function driveForFiles(drives: readonly DriveSpec[], parts: readonly Part[]): DriveSpec | undefined {
  const floppies = fitFloppy(parts) ? drives.filter(({ kind }) => kind === 'floppy') : []
  const cds = drives.filter(({ kind }) => kind === 'cdrom')
  const candidates = [...floppies, ...cds]
  return candidates.find(({ file }) => file === null) ?? cds[0] ?? floppies[0]
}
