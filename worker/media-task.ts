/** The thread of finite tasks on images. */
import { toErrorRecord } from '../core/contract/error-record.ts'
import type { MediaTaskResult, MediumInfo } from '../core/contract/vm-thread.ts'
import { isBootable } from '../core/disk/bootable.ts'
import { mediumKindOf, openMedium } from '../core/disk/open.ts'
import { openFileByteStore } from './files/file-byte-store.ts'

/** Tells what the image at `path`, called `name`, is; fails for what no drive takes. */
export function inspectMedium({ path, name }: { path: string; name: string }): MediaTaskResult<MediumInfo> {
  try {
    const store = openFileByteStore(path, true)
    try {
      const kind = mediumKindOf(store)
      const medium = openMedium(store, { kind, writeProtected: true, name })
      return { ok: { kind, sizeBytes: medium.sectors * medium.sectorBytes, bootable: isBootable(medium, kind) } }
    } finally {
      store.close()
    }
  } catch (error) {
    return { error: toErrorRecord(error) }
  }
}
