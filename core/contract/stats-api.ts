/** The recent past of machines and of the host, in samples of one second, for charts. The present comes as events. */
import { z } from '../base/schema.ts'
import { machineIdSchema } from './machine-spec.ts'
import { method } from './method.ts'
import { hostSampleSchema, machineSampleSchema } from './stats.ts'

/** How far back a host remembers. */
export const STATS_HISTORY_SECONDS = 3600

const seconds = z.int().min(1).max(STATS_HISTORY_SECONDS).default(300)

export const statsApi = {
  /** Samples of one machine, oldest first; those of its last run where it does not run. */
  machine: method(z.strictObject({ id: machineIdSchema, seconds }), z.array(machineSampleSchema), { quiet: true }),
  /** Samples of the host, oldest first. It measures itself while a machine runs or somebody watches `host-stats`. */
  host: method(z.strictObject({ seconds }), z.array(hostSampleSchema), { quiet: true }),
} as const
