/** Events that the host sends to connections which watch them (`app.watch`). Pictures and serial bytes are binary messages instead. */
import { z } from '../base/schema.ts'
import { downloadRecordSchema } from './download-record.ts'
import { historyEntrySchema } from './history.ts'
import { cardSchema, errorRecordSchema, machineStateSchema, thumbnailSchema, wholeCardSchema } from './machine-card.ts'
import { driveSlotSchema, machineIdSchema } from './machine-spec.ts'
import { hostSampleSchema } from './stats.ts'

/** Sent once a second for each running machine; counters are since power-on. */
export const machineStatsSchema = z.object({
  id: machineIdSchema,
  /** Millions of guest instructions a second, over the last interval. */
  speedMips: z.number(),
  /** Part of the last interval that the guest was halted, 0 to 1. */
  idle: z.number(),
  /** Part of one host core used in the last interval, 0 to 1. */
  hostLoad: z.number(),
  /** The guest's time since power-on. */
  guestSeconds: z.number(),
  instructions: z.number(),
  /** Bytes moved per drive, for activity lights. */
  drives: z.array(z.object({ slot: driveSlotSchema, readBytes: z.number(), writtenBytes: z.number() })),
  /** Of the host that it has: the guest's memory, and what emulating it takes. */
  memoryBytes: z.number().default(0),
})
export type MachineStats = z.infer<typeof machineStatsSchema>

/** What a machine's front and its keyboard show. */
const lightsSchema = z.object({
  capsLock: z.boolean(),
  numLock: z.boolean(),
  scrollLock: z.boolean(),
  /** The guest has switched its mouse on. */
  mouse: z.boolean(),
  /** Drives that were read, and written, since the last time. */
  reading: z.array(driveSlotSchema),
  writing: z.array(driveSlotSchema),
})
export type Lights = z.infer<typeof lightsSchema>

export const events = {
  /** A machine was added or anything on its card but the thumbnail changed. */
  'card-changed': z.object({ card: cardSchema }),
  'card-removed': z.object({ folder: z.string() }),
  'machine-state': z.object({ id: machineIdSchema, state: machineStateSchema, crash: errorRecordSchema.nullable() }),
  'machine-stats': machineStatsSchema,
  /** Sent when lights go on or off, at most ten times a second, and with the stats. */
  'machine-lights': z.object({ id: machineIdSchema, lights: lightsSchema }),
  /** Something happened to a machine that its history keeps. */
  'machine-history': z.object({ id: machineIdSchema, entry: historyEntrySchema }),
  /** Once a second. */
  'host-stats': hostSampleSchema,
  /** The trash holds something else. */
  'trash-changed': z.object({}),
  'machine-thumbnail': z.object({ id: machineIdSchema, thumbnail: thumbnailSchema }),
  /** The PC speaker: a square wave of this frequency; 0 is silence. */
  'machine-tone': z.object({ id: machineIdSchema, frequencyHz: z.number() }),
  /** Bytes of an upload or of an import that copies a file. */
  'import-progress': z.object({
    fileName: z.string(),
    uploadId: z.int().nullable(),
    doneBytes: z.number(),
    totalBytes: z.number(),
  }),
  /** A download has begun, is further, or has ended. */
  'download-changed': z.object({ download: downloadRecordSchema }),
  /** The snapshots of a machine are others, or the present stands elsewhere: read the tree again. */
  'snapshots-changed': z.object({ id: machineIdSchema }),
  /** How far a long piece of work on a machine's snapshots or files is. The last event of each has `doneBytes` = `totalBytes`. */
  'snapshot-progress': z.object({
    id: machineIdSchema.nullable(),
    work: z.enum(['take', 'save', 'merge', 'clone', 'export', 'import']),
    doneBytes: z.number(),
    totalBytes: z.number(),
  }),
  /** How far work on an image is. The last event has `isDone`, however the work ended. */
  'disk-progress': z.object({
    /** As the caller named it. */
    task: z.string().nullable(),
    work: z.enum(['create', 'check', 'compact', 'resize', 'convert']),
    /** The machine whose disk it is, when it was named so. */
    machineId: machineIdSchema.nullable(),
    doneBytes: z.number(),
    /** 0 while it is not known. */
    totalBytes: z.number(),
    isDone: z.boolean(),
  }),
  /** Something the user should read; never blocks. */
  notification: z.object({
    level: z.enum(['info', 'warning', 'error']),
    machineId: machineIdSchema.nullable(),
    error: errorRecordSchema,
  }),
  /** Somebody (the command line, a file association) asks for this machine's console. */
  'open-console': z.object({ card: wholeCardSchema }),
} as const

export type EventName = keyof typeof events
export type EventData<E extends EventName> = z.infer<(typeof events)[E]>

export const eventNameSchema = z.enum(Object.keys(events) as [EventName, ...EventName[]])
