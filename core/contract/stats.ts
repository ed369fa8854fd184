/** Samples of one second. */
import { z } from '../base/schema.ts'

export const machineSampleSchema = z.object({
  /** End of the second, in milliseconds since 1970 UTC. */
  atMs: z.number(),
  /** Millions of guest instructions a second. */
  speedMips: z.number(),
  /** Part of the second that the guest was halted, 0 to 1. */
  idle: z.number(),
  /** Part of one host core, 0 to 1. */
  hostLoad: z.number(),
  /** Of the host that it has: the guest's memory, and what emulating it takes. */
  memoryBytes: z.number(),
  /** Of all drives, in this second. */
  readBytes: z.number(),
  writtenBytes: z.number(),
})
export type MachineSample = z.infer<typeof machineSampleSchema>

export const hostSampleSchema = z.object({
  atMs: z.number(),
  /** Part of all cores that anything on this computer used, 0 to 1. */
  cpu: z.number(),
  /** Part of all cores that Vitrine used, 0 to 1. */
  ownCpu: z.number(),
  memoryTotalBytes: z.number(),
  /** What programs could still have. */
  memoryFreeBytes: z.number(),
  /** What Vitrine has of it. */
  ownMemoryBytes: z.number(),
  /** What running machines are entitled to, whether they have touched it or not. */
  machinesMemoryBytes: z.number(),
  running: z.int(),
  /** Of all machines, in this second. */
  readBytes: z.number(),
  writtenBytes: z.number(),
})
export type HostSample = z.infer<typeof hostSampleSchema>
