/** A profile of a running machine: where the host's time went while it was taken, and which guest code was hot. */
import { z } from '../base/schema.ts'

/**
 * What the machine's thread does. `compiled` and `interpreted` are guest code; `slow-paths` services of the processor that guest
 * code calls (page walks, segment loads, strings); `compiling` the making of compiled code; `devices` chips, firmware, disks and
 * timers; `idle` sleep; `other` everything else of the thread, garbage collection included.
 */
export const TIME_KINDS = ['compiled', 'interpreted', 'slow-paths', 'compiling', 'devices', 'idle', 'other'] as const
export type TimeKind = (typeof TIME_KINDS)[number]

export const hotRegionSchema = z.object({
  /** EIP of its first instruction. */
  address: z.number(),
  /** In words: "32-bit protected, user". */
  mode: z.string(),
  blocks: z.int(),
  instructions: z.int(),
  /** How often it was entered from outside since it was decoded. */
  executions: z.number(),
  seconds: z.number(),
  code: z.array(z.object({ address: z.number(), text: z.string() })),
})
export type HotRegion = z.infer<typeof hotRegionSchema>

/** Counters are of the time of the profile, unless said otherwise. */
export const profileSchema = z.object({
  seconds: z.number(),
  guestSeconds: z.number(),
  instructionsInterpreted: z.number(),
  instructionsCompiled: z.number(),
  regionsCompiled: z.number(),
  /** Regions that exist at the end. */
  regionsLive: z.number(),
  compileSeconds: z.number(),
  codeBytes: z.number(),
  /** How often compiled code was left, by reason. */
  exits: z.record(z.string(), z.number()),
  time: z.array(z.object({ kind: z.enum(TIME_KINDS), seconds: z.number() })),
  /** Functions of the host that took the most time, compiled guest code apart, the slowest first. */
  functions: z.array(z.object({ name: z.string(), kind: z.enum(TIME_KINDS), seconds: z.number() })),
  /** The hottest regions, the hottest first. */
  regions: z.array(hotRegionSchema),
})
export type MachineProfile = z.infer<typeof profileSchema>
