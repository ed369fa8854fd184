/** Finite tasks on images, for the media pool. */
import { basename } from 'node:path'
import { toErrorRecord } from '../core/contract/error-record.ts'
import type { MediaTaskResult, MediumInfo } from '../core/contract/vm-thread.ts'
import { checkMedium, guessKind, isBootable, probeFormat } from '../core/disk/inspect.ts'
import { openFileByteStore } from './file-byte-store.ts'

/** Tells what the image at `path` is; fails for what no drive takes. */
export function inspectMedium(path: string): MediaTaskResult<MediumInfo> {
  try {
    const store = openFileByteStore(path, true)
    try {
      const kind = guessKind(store)
      checkMedium(store, kind, basename(path))
      return { ok: { kind, format: probeFormat(store), sizeBytes: store.sizeBytes, bootable: isBootable(store, kind) } }
    } finally {
      store.close()
    }
  } catch (error) {
    return { error: toErrorRecord(error) }
  }
}
