/** How far a download is. */
import { z } from '../base/schema.ts'
import { errorRecordSchema } from './machine-card.ts'
import { templateIdSchema } from './template.ts'

export const downloadRecordSchema = z.object({
  template: templateIdSchema,
  title: z.string(),
  fileName: z.string(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  doneBytes: z.number(),
  totalBytes: z.number(),
  /** Why it failed. */
  error: errorRecordSchema.nullable(),
  /** Where the verified file is, in state `done`. */
  file: z.string().nullable(),
})
export type DownloadRecord = z.infer<typeof downloadRecordSchema>
