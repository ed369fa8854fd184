/** Uploads behind the contract; the bytes themselves come as binary messages to the connection. */
import type { Service } from '../../core/contract/api.ts'
import type { CallContext } from '../ipc/call-context.ts'

export function createUploadService(): Service<'upload', CallContext> {
  return {
    begin: async ({ fileName, sizeBytes }, { uploads }) => ({ uploadId: await uploads.begin(fileName, sizeBytes) }),
    async cancel({ uploadId }, { uploads }) {
      await uploads.cancel(uploadId)
      return null
    },
  }
}
