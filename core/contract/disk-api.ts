/**
 * Disk images: made, described, checked, compacted, resized, converted. An image is named by its file, or by the drive of a
 * machine that it is in; then the machine's settings follow, and its snapshots are kept whole.
 */
import { z } from '../base/schema.ts'
import {
  diskCheckSchema,
  diskFormatSchema,
  diskInfoSchema,
  diskOptionsSchema,
  diskSizeSchema,
  diskSizesSchema,
  newDiskImageSchema,
} from './disk-info.ts'
import { errorRecordSchema, wholeCardSchema } from './machine-card.ts'
import { driveSlotSchema, machineIdSchema } from './machine-spec.ts'
import { method } from './method.ts'

const filePath = z.string().min(1).max(4096)

export const diskTargetSchema = z.discriminatedUnion('kind', [
  /** The hard disk in a drive of a machine, as it is at present. */
  z.strictObject({ kind: z.literal('drive'), id: machineIdSchema, slot: driveSlotSchema }),
  /** An absolute path. Refused with `ipc/forbidden` where the connection may not name host files. */
  z.strictObject({ kind: z.literal('file'), path: filePath }),
])
export type DiskTarget = z.infer<typeof diskTargetSchema>

/** Chosen by the caller: events of the work carry it, and `cancel` ends the work. */
const task = z.uuid().optional()

/** One hard disk of a machine. */
export const machineDiskSchema = z.object({
  slot: driveSlotSchema,
  /** As it stands in the settings. */
  file: z.string(),
  /** Null when the image cannot be read; then `problem` says why. */
  info: diskInfoSchema.nullable(),
  problem: errorRecordSchema.nullable(),
  /** Why it cannot be changed now, in words; null when it can. */
  refusals: z.object({
    check: z.string().nullable(),
    compact: z.string().nullable(),
    resize: z.string().nullable(),
    convert: z.string().nullable(),
  }),
})
export type MachineDisk = z.infer<typeof machineDiskSchema>

export const diskApi = {
  /** The hard disks of a machine. */
  ofMachine: method(z.strictObject({ id: machineIdSchema }), z.array(machineDiskSchema)),
  /** What is known of an image. It may be in use. */
  info: method(z.strictObject({ disk: diskTargetSchema }), diskInfoSchema),
  /** Makes an image in a file of the host. `sizeBytes` is by default that of the backing file. */
  create: method(
    z.strictObject({
      file: filePath,
      sizeBytes: diskSizeSchema.nullable().default(null),
      format: diskFormatSchema.default('qcow2'),
      options: diskOptionsSchema.default({}),
      /** An image that it stands on; relative names are relative to the new image. */
      backing: filePath.nullable().default(null),
      overwrite: z.boolean().default(false),
      task,
    }),
    diskInfoSchema,
  ),
  /** Makes a disk in the folder of a machine and puts it into a drive: `slot`, or the first that is free. The machine must be off. */
  add: method(
    z.strictObject({ id: machineIdSchema, slot: driveSlotSchema.optional(), disk: newDiskImageSchema }),
    wholeCardSchema,
  ),
  /** Compares the tables of the image with each other; `repair` puts right what can be. */
  check: method(z.strictObject({ disk: diskTargetSchema, repair: z.boolean().default(false), task }), diskCheckSchema),
  /** Gives space back that holds only zeros. Sizes are those of the file on the host. */
  compact: method(z.strictObject({ disk: diskTargetSchema, task }), diskSizesSchema),
  /** Makes the disk larger, or with `shrink` smaller, which loses what is at its end. Sizes are those of the disk. */
  resize: method(
    z.strictObject({
      disk: diskTargetSchema,
      sizeBytes: diskSizeSchema,
      shrink: z.boolean().default(false),
      task,
    }),
    diskSizesSchema,
  ),
  /**
   * Copies the disk, with everything that it stands on, into an image of its own. Without `target` the copy takes the place of the
   * image in its drive; what nothing needs any more is deleted.
   */
  convert: method(
    z.strictObject({
      disk: diskTargetSchema,
      target: filePath.nullable().default(null),
      format: diskFormatSchema,
      options: diskOptionsSchema.default({}),
      overwrite: z.boolean().default(false),
      task,
    }),
    diskInfoSchema,
  ),
  /** Ends work that goes on: it fails with `task/cancelled`, and everything is as before. Nothing to end is no error. */
  cancel: method(z.strictObject({ task: z.uuid() }), z.null()),
} as const
