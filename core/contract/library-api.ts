/** The library: the machines on disk. */
import { z } from '../base/schema.ts'
import { cardSchema, wholeCardSchema } from './machine-card.ts'
import { machineIdSchema, machineNameSchema, machinePatchSchema, machineSettingsSchema } from './machine-spec.ts'
import { mediaSourceSchema } from './media-source.ts'
import { method } from './method.ts'

const byId = z.strictObject({ id: machineIdSchema })

export const libraryApi = {
  /** All cards, by name. */
  list: method(z.strictObject({}), z.array(cardSchema)),
  get: method(byId, wholeCardSchema),
  /** Makes a machine in a folder of its own. Image files stay where they are. */
  create: method(z.strictObject({ settings: machineSettingsSchema }), wholeCardSchema),
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
