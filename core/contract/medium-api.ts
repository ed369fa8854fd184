/**
 * Ordinary files for a guest: the host makes a CD or a floppy of them, which any old system reads, and puts it into a drive.
 */
import { z } from '../base/schema.ts'
import { wholeCardSchema } from './machine-card.ts'
import { driveSlotSchema, machineIdSchema } from './machine-spec.ts'
import { method } from './method.ts'

/** Files and folders that one medium takes. */
export const MAX_MEDIUM_ENTRIES = 20_000
/** Bytes of files that one CD takes: what a DVD with two layers holds. */
export const MAX_MEDIUM_BYTES = 8_500_000_000
/** Bytes of one file: the format counts with 32 bits. */
export const MAX_MEDIUM_FILE_BYTES = 2 ** 32 - 1
/** Bytes of files that fit on a floppy of 1.44 MB, when they are few. */
export const FLOPPY_FILE_BYTES = 1_400_000

const mediumEntrySchema = z.strictObject({
  /** With "/" between names, below the top of the medium. */
  path: z.string().min(1).max(4096),
  isFolder: z.boolean(),
  sizeBytes: z.int().min(0),
  /** Milliseconds since 1970. */
  modifiedMs: z.number(),
})
export type MediumEntry = z.infer<typeof mediumEntrySchema>

const filesSourceSchema = z.discriminatedUnion('kind', [
  /** An upload that is the files of `entries` one behind the other; it is consumed. Null when they are all empty. */
  z.strictObject({
    kind: z.literal('upload'),
    uploadId: z.int().positive().nullable(),
    entries: z.array(mediumEntrySchema).min(1).max(MAX_MEDIUM_ENTRIES),
  }),
  /** Files and folders of the host, by absolute paths. */
  z.strictObject({ kind: z.literal('paths'), paths: z.array(z.string().min(1).max(4096)).min(1).max(1000) }),
])
export type FilesSource = z.infer<typeof filesSourceSchema>

export const mediumApi = {
  /** Makes a medium of files, keeps it in the folder of the machine and inserts it into this drive, floppy or CD. */
  insertFiles: method(
    z.strictObject({
      id: machineIdSchema,
      slot: driveSlotSchema,
      /** What the medium is called. */
      label: z.string().trim().min(1).max(32),
      files: filesSourceSchema,
    }),
    wholeCardSchema,
    { quiet: true },
  ),
} as const
