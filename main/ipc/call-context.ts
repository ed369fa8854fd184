/** Who calls a service, and what belongs to the caller's connection. */
import type { EventName } from '../../core/contract/events.ts'
import type { UploadStore } from './upload-store.ts'

/** What a shell grants its connections. */
export interface Grants {
  readonly shell: 'electron' | 'browser' | 'local'
  /** May name any file of the host. Otherwise only those inside `folders`, and what it uploads. */
  readonly hostPaths: boolean
  /** Absolute folders whose files may be named. */
  readonly folders: readonly string[]
}

export interface CallContext {
  readonly grants: Grants
  readonly uploads: UploadStore
  /** Replaces the events that this connection gets. */
  watch(events: readonly EventName[]): void
  /** Sends bytes to the client. */
  sendBinary(message: Uint8Array): void
  /** Bytes that wait to leave, where the carrier knows. */
  backlogBytes(): number
  /** Calls `action` when the connection ends. */
  onEnd(action: () => void): void
}
