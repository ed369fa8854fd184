/**
 * Downloads of free systems: only what the catalogue of templates names, only when somebody asks, verified before it can be used.
 * What is under way or done is told by `download-changed`. A finished file is named by its path, as any image.
 */
import { z } from '../base/schema.ts'
import { downloadRecordSchema } from './download-record.ts'
import { method } from './method.ts'
import { templateIdSchema } from './template.ts'

const byTemplate = z.strictObject({ template: templateIdSchema })

export const downloadApi = {
  /** Begins, or goes on where an earlier attempt has ended. Resolves at once. */
  start: method(byTemplate, downloadRecordSchema),
  /** Ends a download; what is there is kept, so that it can go on. */
  cancel: method(byTemplate, z.null()),
  /** All that were begun since the app was started, and files that are there from before. */
  list: method(z.strictObject({}), z.array(downloadRecordSchema)),
} as const
