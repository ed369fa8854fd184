/**
 * Uploads of image files through the connection. `begin`, then chunks as binary messages (binary.ts) until all bytes are
 * there, then the upload is named as a MediaSource. An upload that is not used goes away with its connection.
 */
import { z } from '../base/schema.ts'
import { method } from './method.ts'

/** Bytes of one chunk at most. */
export const UPLOAD_CHUNK_BYTES = 1 << 20

export const uploadApi = {
  begin: method(
    z.strictObject({ fileName: z.string().min(1).max(255), sizeBytes: z.int().min(1).max(Number.MAX_SAFE_INTEGER) }),
    z.object({ uploadId: z.int().positive() }),
  ),
  /** Forgets an upload and its bytes. */
  cancel: method(z.strictObject({ uploadId: z.int().positive() }), z.null()),
} as const
