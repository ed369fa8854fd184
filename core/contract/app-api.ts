/** The app itself: what is running, and which events this connection wants. */
import { z } from '../base/schema.ts'
import { appSettingsSchema } from './app-settings.ts'
import { eventNameSchema } from './events.ts'
import { machineIdSchema } from './machine-spec.ts'
import { method } from './method.ts'

export const appApi = {
  /** Version, shell and place of the library. */
  info: method(
    z.strictObject({}),
    z.object({
      version: z.string(),
      shell: z.enum(['electron', 'browser', 'local']),
      platform: z.string(),
      libraryFolder: z.string(),
      /** Whether this connection may name files of the host by path. Otherwise it uploads them. */
      hostPaths: z.boolean(),
      hostMemoryMib: z.int(),
      hostCores: z.int(),
      /** Where the browser shell serves its page, with the token; null for other shells and for connections from a page. */
      pageUrl: z.string().nullable(),
    }),
  ),
  settings: method(z.strictObject({}), appSettingsSchema),
  /** Changes what is given. */
  changeSettings: method(appSettingsSchema.partial(), appSettingsSchema),
  /** Replaces the list of events that this connection receives. The client's `on` does this by itself. */
  watch: method(z.strictObject({ events: z.array(eventNameSchema) }), z.null(), { quiet: true }),
  /** Brings the console of a machine to the front, in the window or in the browser. */
  openConsole: method(z.strictObject({ id: machineIdSchema }), z.null()),
  /** Stops every running machine (power button pulled) and ends the host. */
  quit: method(z.strictObject({}), z.null()),
} as const
