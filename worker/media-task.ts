/** The thread of finite tasks on images. */
import { resolve } from 'node:path'
import { AppError } from '../core/base/errors.ts'
import { toErrorRecord } from '../core/contract/error-record.ts'
import type { MediaTaskResult, MediumInfo } from '../core/contract/vm-thread.ts'
import type { ByteStore } from '../core/disk/block-device.ts'
import { isBootable } from '../core/disk/bootable.ts'
import { probeFormat } from '../core/disk/formats/catalogue.ts'
import { mediumKindOf, openMedium } from '../core/disk/open.ts'
import { openFileByteStore } from './files/file-byte-store.ts'
import { fileImageHost } from './files/image-host.ts'
import { loneHost } from './imports/look.ts'

interface MediaTask {
  readonly path: string
  readonly name: string
  /** Whether the file will be copied: it must not need others then. */
  readonly isAlone: boolean
}

/** Tells what the image at `path`, called `name`, is; fails for what no drive takes. */
export function inspectMedium({ path, name, isAlone }: MediaTask): MediaTaskResult<MediumInfo> {
  try {
    const store = openFileByteStore(path, true)
    try {
      return { ok: inspect(store, path, name, isAlone) }
    } finally {
      store.close()
    }
  } catch (error) {
    return { error: toErrorRecord(error) }
  }
}

function inspect(store: ByteStore, path: string, name: string, isAlone: boolean): MediumInfo {
  const kind = mediumKindOf(store)
  const isRaw = probeFormat(store).id === 'raw'
  const medium = openMedium(store, {
    kind,
    writeProtected: true,
    name,
    image: { path: resolve(path), host: isAlone ? loneHost(name) : fileImageHost },
  })
  try {
    const bootable = isBootable(medium, kind)
    // Any other file would pass for a hard disk with nothing on it.
    if (kind === 'disk' && !bootable && isRaw && store.sizeBytes % medium.sectorBytes !== 0)
      throw new AppError('disk/unsupported-format', `${name} is no disk image: its size is no whole number of sectors`)
    return { kind, sizeBytes: medium.sectors * medium.sectorBytes, bootable }
  } finally {
    medium.close()
  }
}
