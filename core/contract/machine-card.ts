/** What the library shows of one machine, whether it is whole or broken. */
import { z } from '../base/schema.ts'
import { machineIdSchema, machineSpecSchema } from './machine-spec.ts'

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

export const wholeCardSchema = z.object({
  kind: z.literal('machine'),
  id: machineIdSchema,
  /** Name of its folder in the library; unique. */
  folder: z.string(),
  spec: machineSpecSchema,
  state: machineStateSchema,
  /** Why it crashed, in state `crashed`. */
  crash: errorRecordSchema.nullable(),
  /** It runs, and every write of this run is forgotten at its end. */
  discardsWrites: z.boolean().default(false),
  /** The last picture of its screen. */
  thumbnail: thumbnailSchema.nullable(),
})
export type MachineCard = z.infer<typeof wholeCardSchema>

/** A folder that holds a machine file which cannot be used as it is. Nothing in it is touched. */
const brokenCardSchema = z.object({ kind: z.literal('broken'), folder: z.string(), error: errorRecordSchema })
export type BrokenCard = z.infer<typeof brokenCardSchema>

export const cardSchema = z.discriminatedUnion('kind', [wholeCardSchema, brokenCardSchema])
export type Card = z.infer<typeof cardSchema>
