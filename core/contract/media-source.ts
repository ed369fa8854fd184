/** Where an image comes from: a file of the host, or one that this connection has uploaded. */
import { z } from '../base/schema.ts'

export const mediaSourceSchema = z.discriminatedUnion('kind', [
  /** An absolute path. Refused with `ipc/forbidden` where the connection may not name host files. */
  z.strictObject({ kind: z.literal('path'), path: z.string().min(1).max(4096) }),
  /** A completed upload; it is consumed. */
  z.strictObject({ kind: z.literal('upload'), uploadId: z.int().positive() }),
])
export type MediaSource = z.infer<typeof mediaSourceSchema>
