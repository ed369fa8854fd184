/** Opens the image of a drive as a medium, refusing what cannot be one. */
import { resolve } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { DriveKind } from '../../core/contract/machine-spec.ts'
import type { BlockDevice, ByteStore } from '../../core/disk/block-device.ts'
import type { ImageHost } from '../../core/disk/disk-image.ts'
import { openMedium } from '../../core/disk/open.ts'
import { openFileByteStore } from './file-byte-store.ts'
import { fileImageHost } from './image-host.ts'

export interface MediumRequest {
  readonly file: string
  readonly kind: DriveKind
  readonly writeProtected: boolean
  readonly discardWrites: boolean
  /** Told of every further file that the image needs, when it has been opened. */
  readonly onFile?: ((file: string, writes: boolean) => void) | undefined
}

/**
 * Opens `request.file`. A floppy image that may not be written comes up write-protected, as a floppy with its notch closed
 * does; a hard disk is refused, because no guest expects one that cannot be written.
 */
export function openMediumFile(request: MediumRequest): BlockDevice {
  const { file, kind, writeProtected, discardWrites } = request
  const store = openStore(request)
  try {
    return openMedium(store, {
      kind,
      writeProtected,
      discardWrites,
      name: file,
      image: { path: resolve(file), host: request.onFile ? tellingHost(request.onFile) : fileImageHost },
    })
  } catch (error) {
    store.close()
    throw error
  }
}

function tellingHost(onFile: (file: string, writes: boolean) => void): ImageHost {
  return {
    ...fileImageHost,
    open(path, readOnly) {
      const store = fileImageHost.open(path, readOnly)
      onFile(path, !readOnly)
      return store
    },
  }
}

function openStore({ file, kind, writeProtected, discardWrites }: MediumRequest): ByteStore {
  if (kind === 'cdrom' || writeProtected || discardWrites) return openFileByteStore(file, true)
  try {
    return openFileByteStore(file, false)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'disk/read-only') throw error
    if (kind === 'floppy') return openFileByteStore(file, true)
    const message = `May not write the image, so start it with writes discarded: ${file}`
    throw new AppError('disk/read-only', message, { context: error.context, cause: error })
  }
}
