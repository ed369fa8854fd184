/** What happened to a machine: the lines of `logs/history.jsonl` in its folder. */
import { z } from '../base/schema.ts'

export const HISTORY_KINDS = [
  'created',
  'started',
  'resumed',
  'stopped',
  'saved',
  'crashed',
  'paused-by-error',
  'reset',
  'snapshot-taken',
  'snapshot-restored',
  'snapshot-deleted',
  'media-inserted',
  'media-ejected',
  'settings-changed',
] as const
export const historyKindSchema = z.enum(HISTORY_KINDS)
export type HistoryKind = z.infer<typeof historyKindSchema>

export const historyEntrySchema = z.object({
  /** ISO 8601, UTC. */
  at: z.iso.datetime(),
  kind: historyKindSchema,
  /** What it was about: the name of a snapshot or image, the reason of a crash, the settings; "" where the kind says all. */
  detail: z.string(),
})
export type HistoryEntry = z.infer<typeof historyEntrySchema>
