/** What the library shows of one machine, whether it is whole or broken. */
import { z } from '../base/schema.ts'
import { driveSlotSchema, machineIdSchema, machineSpecSchema } from './machine-spec.ts'

const MACHINE_STATES = ['off', 'starting', 'running', 'paused', 'stopping', 'crashed'] as const
export const machineStateSchema = z.enum(MACHINE_STATES)
export type MachineState = z.infer<typeof machineStateSchema>

/** An error as it crosses a process border: `code` is an ErrorCode of core/base/errors.ts. */
export const errorRecordSchema = z.object({
  code: z.string(),
  message: z.string(),
  context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
})
export type ErrorRecord = z.infer<typeof errorRecordSchema>

/** A small picture of the screen, at most 320 × 240. */
export const thumbnailSchema = z.object({ widthPx: z.int(), heightPx: z.int(), pngBase64: z.string() })
export type Thumbnail = z.infer<typeof thumbnailSchema>

/** Something about a machine that its user should know before its next start: an image that is missing or in use elsewhere. */
export const cardProblemSchema = z.object({
  error: errorRecordSchema,
  /** The drive that it is about. */
  slot: driveSlotSchema.nullable(),
})
export type CardProblem = z.infer<typeof cardProblemSchema>

export const wholeCardSchema = z.object({
  kind: z.literal('machine'),
  id: machineIdSchema,
  /** Name of its folder in the library, or the path of a folder elsewhere; unique. */
  folder: z.string(),
  /** As it is now; `spec.pending` has what counts from the next power-on. */
  spec: machineSpecSchema,
  state: machineStateSchema,
  /** Why it crashed, in state `crashed`. */
  crash: errorRecordSchema.nullable(),
  /** It runs, and every write of this run is forgotten at its end. */
  discardsWrites: z.boolean().default(false),
  /** The last picture of its screen. */
  thumbnail: thumbnailSchema.nullable(),
  snapshots: z
    .object({
      count: z.int(),
      /** When the last one was taken: ISO 8601, UTC. */
      lastAt: z.string().nullable(),
    })
    .default({ count: 0, lastAt: null }),
  problems: z.array(cardProblemSchema).default([]),
})
export type MachineCard = z.infer<typeof wholeCardSchema>

/** What can be done about a folder that cannot be used: `library.renewIdentity`, `trashFolder`, `forgetFolder`, `showFolder`. */
const brokenActionSchema = z.enum(['renew-identity', 'trash', 'forget', 'show'])
export type BrokenAction = z.infer<typeof brokenActionSchema>

/** A folder that holds a machine file which cannot be used as it is. Nothing in it is touched. */
const brokenCardSchema = z.object({
  kind: z.literal('broken'),
  folder: z.string(),
  error: errorRecordSchema,
  actions: z.array(brokenActionSchema).default([]),
})
export type BrokenCard = z.infer<typeof brokenCardSchema>

export const cardSchema = z.discriminatedUnion('kind', [wholeCardSchema, brokenCardSchema])
export type Card = z.infer<typeof cardSchema>
