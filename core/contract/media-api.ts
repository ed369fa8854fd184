/** Images that were in drives before: what a drive's menu offers again. */
import { z } from '../base/schema.ts'
import { driveKindSchema } from './machine-spec.ts'
import { method } from './method.ts'

export const recentMediumSchema = z.object({
  /** Absolute path on the host. A connection that may not name host files may name these. */
  path: z.string(),
  fileName: z.string(),
  kind: driveKindSchema,
  /** ISO 8601, UTC. */
  usedAt: z.iso.datetime(),
  /** It is still there. */
  exists: z.boolean(),
})
export type RecentMedium = z.infer<typeof recentMediumSchema>

export const mediaApi = {
  /** The last media of floppy and CD drives, the latest first. */
  recent: method(z.strictObject({ kind: driveKindSchema.optional() }), z.array(recentMediumSchema)),
  /** Takes one off the list; the file stays. */
  forget: method(z.strictObject({ path: z.string() }), z.null()),
} as const
