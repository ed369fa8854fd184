/** Media that were in drives lately, behind the contract. */
import type { Service } from '../../core/contract/api.ts'
import type { CallContext } from '../ipc/call-context.ts'
import type { RecentMedia } from '../library/recent-media.ts'

export function createMediaService(media: RecentMedia): Service<'media', CallContext> {
  return {
    recent: ({ kind }) => media.list(kind),
    forget({ path }) {
      media.forget(path)
      return null
    },
  }
}
