/**
 * Snapshots: what `record.json` in a snapshot's folder holds, and what the contract tells of one. The folder is the snapshot: it
 * appears by one rename when everything in it is durable.
 */
import { z } from '../base/schema.ts'
import { thumbnailSchema } from './machine-card.ts'
import { driveSlotSchema, machineIdSchema, machineSpecSchema, snapshotIdSchema } from './machine-spec.ts'
import { nameSchema } from './name-schema.ts'

/** Version of `record.json`. Raise it with every change that old apps cannot read, and add a migration. */
export const SNAPSHOT_RECORD_VERSION = 1

export const snapshotNameSchema = nameSchema(200)
export const snapshotDescriptionSchema = z.string().max(20_000)

/** Who wanted it: a person, a rule (before a start, every so often, before a restore), or `save`, whose state goes with its resume. */
const snapshotKindSchema = z.enum(['manual', 'automatic', 'saved'])
export type SnapshotKind = z.infer<typeof snapshotKindSchema>

export const snapshotRecordSchema = z.strictObject({
  recordVersion: z.literal(SNAPSHOT_RECORD_VERSION),
  id: snapshotIdSchema,
  name: snapshotNameSchema,
  description: snapshotDescriptionSchema.default(''),
  /** ISO 8601, UTC. */
  createdAt: z.iso.datetime(),
  parent: snapshotIdSchema.nullable(),
  kind: snapshotKindSchema,
  /** Neither deleted nor counted among the automatic ones. */
  pinned: z.boolean().default(false),
  /** What the machine did. */
  machineState: z.enum(['off', 'running', 'paused']),
  /** Memory and devices are saved in it: a restored machine goes on from there. */
  hasMemory: z.boolean(),
  /** The machine as it was; its disks are never written again. */
  spec: machineSpecSchema,
  /** Contents of writable floppies, in files of the folder. */
  floppies: z
    .array(z.strictObject({ slot: driveSlotSchema, file: z.string().regex(/^fd[ab]\.img\.zst$/) }))
    .default([]),
  thumbnail: thumbnailSchema.nullable().default(null),
})
export type SnapshotRecord = z.infer<typeof snapshotRecordSchema>

/** A snapshot as lists and trees show it. */
export const snapshotSchema = z.object({
  id: snapshotIdSchema,
  name: z.string(),
  description: z.string(),
  createdAt: z.string(),
  parent: snapshotIdSchema.nullable(),
  children: z.array(snapshotIdSchema),
  kind: snapshotKindSchema,
  pinned: z.boolean(),
  machineState: z.enum(['off', 'running', 'paused']),
  hasMemory: z.boolean(),
  memoryMib: z.int(),
  /** Bytes on disk that would go with it; memory that other snapshots use as well is not counted. */
  sizeBytes: z.number(),
  thumbnail: thumbnailSchema.nullable(),
  /** Machines that are linked clones of it: while there are any it cannot be deleted. */
  linkedClones: z.array(machineIdSchema),
  /** It cannot be read: why. Nothing of it is touched. */
  problem: z.string().nullable(),
})
export type Snapshot = z.infer<typeof snapshotSchema>

/** All snapshots of a machine, oldest first. */
export const snapshotTreeSchema = z.object({
  snapshots: z.array(snapshotSchema),
  /** What the present goes on from. */
  parent: snapshotIdSchema.nullable(),
  /** A saved state waits for the next start: the time it was saved. */
  savedAt: z.string().nullable(),
})
export type SnapshotTree = z.infer<typeof snapshotTreeSchema>
