/**
 * Templates: what a machine for one operating system looks like, and why. The catalogue itself is core/templates; hosts tell it
 * with `template.list`.
 */
import { z } from '../base/schema.ts'
import { bootDeviceSchema, cpuProfileSchema, MEMORY_MIB } from './machine-spec.ts'

export const TEMPLATE_FAMILIES = ['dos', 'windows', 'windows-nt', 'os2', 'linux', 'bsd', 'unix', 'other'] as const
export const templateFamilySchema = z.enum(TEMPLATE_FAMILIES)
export type TemplateFamily = z.infer<typeof templateFamilySchema>

/** Settings whose choice a template explains. */
export const TEMPLATE_REASONS = ['cpu', 'speed', 'memory', 'disk', 'video', 'clock', 'acpi', 'boot', 'drives'] as const

const memory = z.int().min(MEMORY_MIB.min).max(MEMORY_MIB.max)

/** A file of a system that may be had for nothing. Its size and hash come from whoever publishes it. */
const downloadSchema = z.object({
  url: z.url({ protocol: /^https$/ }),
  fileName: z.string(),
  bytes: z.int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** What is in it: "FreeDOS 1.3, live CD". */
  title: z.string(),
})

export const templateIdSchema = z.string().regex(/^[a-z0-9-]{1,40}$/)

export const templateSchema = z.object({
  id: templateIdSchema,
  name: z.string(),
  family: templateFamilySchema,
  /** When it was published first and last; null goes on. */
  years: z.object({ first: z.int(), last: z.int().nullable() }),
  /** What it is, in one sentence. */
  summary: z.string(),
  cpu: z.object({
    profile: cpuProfileSchema,
    /** Most instructions a second, in millions; null is as fast as the host can. */
    limitMips: z.number().positive().nullable(),
  }),
  /** In MiB: what it starts with, what it is comfortable with, and more than which it cannot use or does not bear. */
  memoryMib: z.object({ min: memory, good: memory, max: memory }),
  /** Of the disk that is made for it, and the largest that it can use; null for systems that need none. */
  disk: z.object({ goodMib: z.int().positive(), maxMib: z.int().positive() }).nullable(),
  floppyDrives: z.int().min(0).max(2),
  cdDrives: z.int().min(0).max(1),
  videoMemoryMib: z.literal([1, 2, 4, 8, 16, 32, 64]),
  /** What it takes the real-time clock for. */
  rtc: z.enum(['local', 'utc']),
  bootOrder: z.array(bootDeviceSchema).min(1),
  acpi: z.boolean(),
  /** What to know when it is installed, one sentence each. */
  hints: z.array(z.string()),
  /** Why it is like that where it is unusual, one sentence each. */
  reasons: z.array(z.object({ setting: z.enum(TEMPLATE_REASONS), text: z.string() })),
  /** Whether Vitrine's own tests start it. */
  isTested: z.boolean(),
  download: downloadSchema.nullable(),
})
export type Template = z.infer<typeof templateSchema>
