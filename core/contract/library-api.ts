/** The library: the machines on disk. */
import { z } from '../base/schema.ts'
import { newDiskImageSchema } from './disk-info.ts'
import { cardSchema, wholeCardSchema } from './machine-card.ts'
import {
  cpuProfileSchema,
  driveSlotSchema,
  MEMORY_MIB,
  machineGroupSchema,
  machineIdSchema,
  machineNameSchema,
  machinePatchSchema,
  machineSettingsSchema,
} from './machine-spec.ts'
import { mediaSourceSchema } from './media-source.ts'
import { method } from './method.ts'
import { templateIdSchema } from './template.ts'

const byId = z.strictObject({ id: machineIdSchema })

/** Where the first hard disk of a new machine comes from. */
const newDiskSchema = z.discriminatedUnion('kind', [
  /** An empty one in its folder; the size is the template's when it is not given. */
  z.strictObject({ kind: z.literal('new'), sizeMib: z.int().min(1).max(2_000_000).optional() }),
  /** An image. With `copy` it is copied into the folder of the machine, else a host's file is used where it is. */
  z.strictObject({ kind: z.literal('existing'), source: mediaSourceSchema, copy: z.boolean().default(true) }),
  z.strictObject({ kind: z.literal('none') }),
])

/** What is chosen when a machine is made from a template; what is left out is the template's. */
export const fromTemplateSchema = z.strictObject({
  template: templateIdSchema,
  name: machineNameSchema.optional(),
  group: machineGroupSchema.default(''),
  memoryMib: z.int().min(MEMORY_MIB.min).max(MEMORY_MIB.max).optional(),
  cpuProfile: cpuProfileSchema.optional(),
  /** Null is as fast as the host can. */
  limitMips: z.number().positive().max(100_000).nullable().optional(),
  disk: newDiskSchema.optional(),
  /** Floppies and CDs that are in the drives from the start; a host's files are used where they are. */
  media: z
    .array(z.strictObject({ slot: driveSlotSchema, source: mediaSourceSchema }))
    .max(3)
    .default([]),
})
export type FromTemplate = z.infer<typeof fromTemplateSchema>

export const libraryApi = {
  /** All cards, by name. */
  list: method(z.strictObject({}), z.array(cardSchema)),
  get: method(byId, wholeCardSchema),
  /** Makes a machine in a folder of its own, with `newDisks` in drives that `settings` leaves free. Image files stay where they are. */
  create: method(
    z.strictObject({
      settings: machineSettingsSchema,
      newDisks: z.array(newDiskImageSchema.extend({ slot: driveSlotSchema })).default([]),
    }),
    wholeCardSchema,
  ),
  /** Makes a machine for an operating system, whole or not at all. */
  createFromTemplate: method(fromTemplateSchema, wholeCardSchema),
  /** Makes a machine from a disk image: the image is copied into its folder and goes into the drive that fits it. */
  importImage: method(
    z.strictObject({ source: mediaSourceSchema, name: machineNameSchema.optional() }),
    wholeCardSchema,
  ),
  /** Changes settings. Refused with `vm/invalid-state` for what cannot change while the machine runs. */
  update: method(z.strictObject({ id: machineIdSchema, patch: machinePatchSchema }), wholeCardSchema),
  /** Copies the folder; the copy has its own identity. The machine must be off. */
  duplicate: method(z.strictObject({ id: machineIdSchema, name: machineNameSchema.optional() }), wholeCardSchema),
  /** Deletes the folder with its disks; image files elsewhere stay. The machine must be off. */
  delete: method(byId, z.null()),
  /** Gives the machine in `folder` a new identity: for a copy that was made by hand. */
  renewIdentity: method(z.strictObject({ folder: z.string() }), wholeCardSchema),
  /** The last lines of the machine's log. */
  logs: method(
    z.strictObject({ id: machineIdSchema, lines: z.int().min(1).max(10_000).default(200) }),
    z.object({ lines: z.array(z.string()) }),
  ),
} as const
