/** Downloads of free systems behind the contract. */
import type { Service } from '../../core/contract/api.ts'
import type { Downloads } from '../downloads/downloads.ts'
import type { CallContext } from '../ipc/call-context.ts'

export function createDownloadService(downloads: Downloads): Service<'download', CallContext> {
  return {
    start: ({ template }) => downloads.start(template),
    async cancel({ template }) {
      await downloads.cancel(template)
      return null
    },
    list: () => downloads.list(),
  }
}
