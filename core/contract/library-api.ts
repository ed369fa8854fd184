/** The library: the machines on disk. */
import { z } from '../base/schema.ts'
import { newDiskImageSchema } from './disk-info.ts'
import { historyEntrySchema } from './history.ts'
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
/** A card's `folder`. */
const byFolder = z.strictObject({ folder: z.string().min(1).max(4096) })

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
const logLevelSchema = z.enum(LOG_LEVELS)
export type LogLevel = z.infer<typeof logLevelSchema>

export const trashEntrySchema = z.object({
  entry: z.uuid(),
  /** Name of the machine, or of the folder of a broken one. */
  name: z.string(),
  template: z.string().nullable(),
  /** ISO 8601, UTC. */
  deletedAt: z.iso.datetime(),
  sizeBytes: z.number(),
})
export type TrashEntry = z.infer<typeof trashEntrySchema>

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
  /**
   * Changes settings. What cannot change while the machine runs, or while it has a saved state, is kept in `spec.pending` and counts
   * from the next power-on; a setting that is given its present value again is no longer pending.
   */
  update: method(z.strictObject({ id: machineIdSchema, patch: machinePatchSchema }), wholeCardSchema),
  /** Forgets the settings that wait for the next power-on. */
  discardPending: method(byId, wholeCardSchema),
  /** Every setting as JSON Schema, and those that change at once even while the machine runs, as paths ("cpu.limitMips"). */
  settingsSchema: method(
    z.strictObject({}),
    z.object({ schema: z.record(z.string(), z.unknown()), live: z.array(z.string()) }),
  ),
  /** Copies the folder; the copy has its own identity. The machine must be off. */
  duplicate: method(z.strictObject({ id: machineIdSchema, name: machineNameSchema.optional() }), wholeCardSchema),
  /** Puts the machine into the trash, or deletes its folder with its disks for good. It must be off. Image files elsewhere stay. */
  delete: method(z.strictObject({ id: machineIdSchema, permanently: z.boolean().default(false) }), z.null()),
  /** The same for a folder that cannot be used, by its name. */
  trashFolder: method(byFolder, z.null()),
  /** What is in the library's trash, the last first. */
  trash: method(z.strictObject({}), z.array(trashEntrySchema)),
  restoreFromTrash: method(z.strictObject({ entry: z.uuid() }), cardSchema),
  /** Deletes what is in the trash for good: all, or these entries. */
  emptyTrash: method(z.strictObject({ entries: z.array(z.uuid()).optional() }), z.null()),
  /** Moves the folder of a machine that is off into another folder of the host, or, with null, back into the library's own. */
  move: method(z.strictObject({ id: machineIdSchema, into: z.string().min(1).max(4096).nullable() }), wholeCardSchema),
  /** Takes a machine folder elsewhere on the host into the library, where it is. */
  addFolder: method(z.strictObject({ path: z.string().min(1).max(4096) }), cardSchema),
  /** Takes a folder elsewhere off the library; nothing of it is touched. */
  forgetFolder: method(byFolder, z.null()),
  /** Shows the folder in the file manager where the shell can; always says where it is. */
  showFolder: method(byFolder, z.object({ path: z.string(), shown: z.boolean() })),
  /** Gives the machine in `folder` a new identity: for a copy that was made by hand. */
  renewIdentity: method(z.strictObject({ folder: z.string() }), wholeCardSchema),
  /** The last lines of the machine's log that contain `search`, case aside, and have one of the levels. */
  logs: method(
    z.strictObject({
      id: machineIdSchema,
      lines: z.int().min(1).max(10_000).default(200),
      search: z.string().max(200).default(''),
      levels: z.array(logLevelSchema).optional(),
    }),
    z.object({ lines: z.array(z.string()) }),
  ),
  /** What happened to the machine, the last first. */
  history: method(
    z.strictObject({ id: machineIdSchema, entries: z.int().min(1).max(1000).default(100) }),
    z.array(historyEntrySchema),
  ),
} as const
