/** Settings of the app itself, kept outside of every library. */
import { z } from '../base/schema.ts'

export const appSettingsSchema = z.strictObject({
  /** Where the library is; null is the place that the platform has for what users make. Counts from the next start. */
  libraryFolder: z.string().min(1).max(4096).nullable().default(null),
  /** Deleted machines go to the trash of the system, where there is one, instead of the library's own. */
  systemTrash: z.boolean().default(false),
})
export type AppSettings = z.infer<typeof appSettingsSchema>
