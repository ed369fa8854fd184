/** What disk images are across process borders: formats with their options, and what is told of an image. */
import { z } from '../base/schema.ts'

/** Formats of images, as the command line names them. */
export const DISK_FORMATS = ['raw', 'qcow2', 'vdi', 'vmdk', 'vhd'] as const
export const diskFormatSchema = z.enum(DISK_FORMATS)
export type DiskFormat = z.infer<typeof diskFormatSchema>

/** What forms offer for a new image of each format. */
export interface DiskFormatFacts {
  /** Of its file, without the dot. */
  readonly extension: string
  /** Options with the values to choose from, the usual one first. Command line and contract take all that the format knows. */
  readonly options: Readonly<Record<string, readonly (string | number | boolean)[]>>
  /** Whether an empty image is as long as the disk. Where the host can, it takes no space all the same. */
  readonly startsFull: (options: DiskOptions) => boolean
}

export const diskOptionsSchema = z.record(z.string().max(40), z.union([z.string().max(100), z.number(), z.boolean()]))
export type DiskOptions = Readonly<z.infer<typeof diskOptionsSchema>>

const isFixed = (type: unknown) => type === 'fixed' || type === 'monolithicFlat'

/** The formats with their options. */
export const DISK_FORMAT_FACTS: Readonly<Record<DiskFormat, DiskFormatFacts>> = {
  raw: { extension: 'img', options: {}, startsFull: () => true },
  qcow2: {
    extension: 'qcow2',
    options: {
      version: [3, 2],
      clusterBytes: [65_536, 4096, 16_384, 262_144, 1_048_576, 2_097_152],
      lazyRefcounts: [false, true],
    },
    startsFull: () => false,
  },
  vdi: { extension: 'vdi', options: { type: ['dynamic', 'fixed'] }, startsFull: ({ type }) => isFixed(type) },
  vmdk: {
    extension: 'vmdk',
    options: { type: ['monolithicSparse', 'monolithicFlat'] },
    startsFull: ({ type }) => isFixed(type),
  },
  vhd: { extension: 'vhd', options: { type: ['dynamic', 'fixed'] }, startsFull: ({ type }) => isFixed(type) },
}

/** The largest disk of any format here; formats have limits of their own below it. */
const MAX_DISK_BYTES = 2 ** 50

/** Bytes of a disk. */
export const diskSizeSchema = z.int().min(512).max(MAX_DISK_BYTES).multipleOf(512)

/** A disk that shall be made. */
export const newDiskImageSchema = z.strictObject({
  sizeBytes: diskSizeSchema,
  format: diskFormatSchema.default('qcow2'),
  options: diskOptionsSchema.default({}),
  /** Name of its file, without folder and ending; by default that of the machine. */
  name: z.string().trim().min(1).max(80).optional(),
})
export type NewDisk = z.infer<typeof newDiskImageSchema>

const fileInfo = {
  /** Absolute. */
  file: z.string(),
  format: diskFormatSchema,
  /** Of the disk in it. */
  sizeBytes: z.number(),
  /** That the file takes on the host, holes left out. */
  allocatedBytes: z.number(),
  /** What else the format knows of itself. */
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
}
const diskFileInfoSchema = z.object(fileInfo)
export type DiskFileInfo = Readonly<z.infer<typeof diskFileInfoSchema>>

/** The image and its backing files in order. */
export const diskInfoSchema = z.object({ ...fileInfo, backing: z.array(diskFileInfoSchema) })
export type DiskInfo = Readonly<z.infer<typeof diskInfoSchema>>

export const diskCheckSchema = z.object({
  format: diskFormatSchema,
  /** Whether the format has tables that can be checked. */
  isCheckable: z.boolean(),
  /** What would lose data or already has. */
  errors: z.number(),
  /** Space that nothing uses. */
  leaks: z.number(),
  /** After repair. */
  remainingErrors: z.number(),
  remainingLeaks: z.number(),
  /** The first of them in words. */
  messages: z.array(z.string()).readonly(),
})
export type DiskCheck = Readonly<z.infer<typeof diskCheckSchema>>

export const diskSizesSchema = z.object({ beforeBytes: z.number(), afterBytes: z.number() })
export type DiskSizes = Readonly<z.infer<typeof diskSizesSchema>>
