/** Snapshots of a machine: taken, restored, deleted, made into machines of their own; saved states; machines as one file. */
import { z } from '../base/schema.ts'
import { wholeCardSchema } from './machine-card.ts'
import { machineIdSchema, machineNameSchema, snapshotIdSchema } from './machine-spec.ts'
import { method } from './method.ts'
import { snapshotDescriptionSchema, snapshotNameSchema, snapshotSchema, snapshotTreeSchema } from './snapshot.ts'

const byId = z.strictObject({ id: machineIdSchema })
const one = z.strictObject({ id: machineIdSchema, snapshot: snapshotIdSchema })

export const snapshotApi = {
  /** All snapshots of the machine and where its present stands. */
  tree: method(byId, snapshotTreeSchema),
  /** Takes one of the machine as it is: running (it goes on meanwhile), paused or off. Resolves when all of it is on disk. */
  take: method(
    z.strictObject({
      id: machineIdSchema,
      name: snapshotNameSchema.optional(),
      description: snapshotDescriptionSchema.default(''),
    }),
    snapshotSchema,
  ),
  /**
   * Makes the snapshot the present: disks, settings and, where it has memory, the running machine, at the next start. With
   * `keepPresent` a snapshot of the present is taken before. A running machine is switched off.
   */
  restore: method(
    z.strictObject({ id: machineIdSchema, snapshot: snapshotIdSchema, keepPresent: z.boolean().default(true) }),
    wholeCardSchema,
  ),
  /** Deletes it; its children stay. Disks and memory that nothing needs any more go in the background. */
  delete: method(one, snapshotTreeSchema),
  update: method(
    z.strictObject({
      id: machineIdSchema,
      snapshot: snapshotIdSchema,
      name: snapshotNameSchema.optional(),
      description: snapshotDescriptionSchema.optional(),
      pinned: z.boolean().optional(),
    }),
    snapshotSchema,
  ),
  /**
   * A new machine from a snapshot, or from the present without one. A full clone stands alone; a linked one shares the disks of the
   * snapshot (of one taken for it, without one), which cannot be deleted as long. Where the snapshot has memory, the new machine's
   * first start goes on from it.
   */
  clone: method(
    z.strictObject({
      id: machineIdSchema,
      snapshot: snapshotIdSchema.nullable().default(null),
      name: machineNameSchema.optional(),
      linked: z.boolean().default(false),
    }),
    wholeCardSchema,
  ),
  /** Saves the state of a running or paused machine and switches it off: the next start goes on from there. */
  save: method(byId, wholeCardSchema),
  /** Forgets the saved state: the next start is a power-on, as after pulling the plug. */
  discardState: method(byId, wholeCardSchema),
  /** Writes the machine with its snapshots and disks into one file. It must be off. */
  exportMachine: method(
    z.strictObject({ id: machineIdSchema, file: z.string().min(1) }),
    z.object({ bytes: z.number() }),
  ),
  /** Makes a machine from such a file; it gets an identity of its own when the library has its identity already. */
  importMachine: method(
    z.strictObject({ file: z.string().min(1), name: machineNameSchema.optional() }),
    wholeCardSchema,
  ),
} as const
