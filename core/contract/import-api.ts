/**
 * Files that become machines: the host looks into each, says what it would make of it, and makes it when told so. What was
 * inspected waits at the host until it is created, cancelled, or its connection ends.
 */
import { z } from '../base/schema.ts'
import { errorRecordSchema, wholeCardSchema } from './machine-card.ts'
import { driveKindSchema, MEMORY_MIB, machineNameSchema } from './machine-spec.ts'
import { mediaSourceSchema } from './media-source.ts'
import { method } from './method.ts'

/** Files that are looked at together: a kernel takes its initial file system from among them. */
export const MAX_IMPORT_SOURCES = 16

/** What a file may be as a whole. `machine` is one that `export` has written. */
const importKindSchema = z.enum([...driveKindSchema.options, 'kernel', 'machine'])

const proposalSchema = z.object({
  state: z.literal('proposal'),
  itemId: z.uuid(),
  /** Of the image itself, where it was taken out of an archive. */
  fileName: z.string(),
  /** The archive that it was in. */
  archive: z.string().nullable(),
  medium: z.object({
    kind: importKindSchema,
    /** raw, iso, qcow2, vdi, vmdk, vhd, bzImage, Multiboot, vitrine. */
    format: z.string(),
    /** Of the medium as the guest sees it, or of the file. */
    sizeBytes: z.number(),
    bootable: z.boolean(),
    /** Of its volume; "" when it has none. */
    label: z.string(),
  }),
  /** The system that was recognised, by name, and how sure that is. */
  system: z.object({ name: z.string(), strength: z.enum(['possible', 'likely', 'certain']) }).nullable(),
  /** What the machine will be, unless `create` is told otherwise. */
  name: machineNameSchema,
  template: z.string(),
  memoryMib: z.int().min(MEMORY_MIB.min).max(MEMORY_MIB.max),
  /** Why it is like that, in sentences. `system` is about what was recognised, the others about settings. */
  reasons: z.array(z.object({ about: z.string(), text: z.string() })),
  /** What may stand in its way. */
  warnings: z.array(z.string()),
})
export type ImportProposal = z.infer<typeof proposalSchema>

const choiceSchema = z.object({
  state: z.literal('choice'),
  itemId: z.uuid(),
  fileName: z.string(),
  /** The images in the archive. */
  members: z.array(z.object({ name: z.string(), sizeBytes: z.number(), kind: importKindSchema })),
})
export type ImportChoice = z.infer<typeof choiceSchema>

const importItemSchema = z.discriminatedUnion('state', [proposalSchema, choiceSchema])
export type ImportItem = z.infer<typeof importItemSchema>

export const importApi = {
  /**
   * Looks into files, unpacking those that are compressed. Files that are nothing we know are refused one by one. `importId` is the
   * caller's, for `cancel`; progress comes as `import-progress`.
   */
  inspect: method(
    z.strictObject({ importId: z.uuid(), sources: z.array(mediaSourceSchema).min(1).max(MAX_IMPORT_SOURCES) }),
    z.object({
      items: z.array(importItemSchema),
      refused: z.array(z.object({ fileName: z.string(), error: errorRecordSchema })),
    }),
  ),
  /** Takes one image out of an archive that holds several. The choice stays open for others. */
  choose: method(z.strictObject({ itemId: z.uuid(), member: z.string().max(4096) }), importItemSchema),
  /** The same item for another template: other settings, other reasons. */
  retarget: method(z.strictObject({ itemId: z.uuid(), template: z.string() }), proposalSchema),
  /** Makes the machine. The original file stays as it is. */
  create: method(
    z.strictObject({
      itemId: z.uuid(),
      name: machineNameSchema.optional(),
      template: z.string().optional(),
      memoryMib: z.int().min(MEMORY_MIB.min).max(MEMORY_MIB.max).optional(),
    }),
    wholeCardSchema,
  ),
  /** Ends an inspection that is under way (its `importId`), or forgets one item (its `itemId`). */
  cancel: method(z.strictObject({ id: z.uuid() }), z.null()),
} as const
