/** Opens the image of a drive as a Medium, refusing what cannot be one. */
import { AppError } from '../core/base/errors.ts'
import type { DriveKind } from '../core/contract/machine-spec.ts'
import type { ByteStore } from '../core/disk/block-device.ts'
import { checkMedium } from '../core/disk/inspect.ts'
import type { Medium } from '../core/machine/machine.ts'
import { DiscardingByteStore } from './discarding-byte-store.ts'
import { openFileByteStore } from './file-byte-store.ts'

export interface MediumRequest {
  readonly file: string
  readonly kind: DriveKind
  readonly writeProtected: boolean
  readonly discardWrites: boolean
}

/**
 * Opens `request.file`. A floppy image that may not be written comes up write-protected, as a floppy with its notch closed
 * does; a hard disk is refused, because no guest expects one that cannot be written.
 */
export function openMedium(request: MediumRequest): Medium {
  const { store, writeProtected } = openStore(request)
  try {
    checkMedium(store, request.kind, request.file)
  } catch (error) {
    store.close()
    throw error
  }
  return { store: request.discardWrites ? new DiscardingByteStore(store) : store, writeProtected }
}

function openStore({ file, kind, writeProtected, discardWrites }: MediumRequest): {
  store: ByteStore
  writeProtected: boolean
} {
  const readOnly = kind === 'cdrom' || writeProtected
  if (readOnly || discardWrites) return { store: openFileByteStore(file, true), writeProtected: readOnly }
  try {
    return { store: openFileByteStore(file, false), writeProtected: false }
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'disk/read-only') throw error
    if (kind === 'floppy') return { store: openFileByteStore(file, true), writeProtected: true }
    throw new AppError('disk/read-only', `May not write the image, so start it with writes discarded: ${file}`, {
      context: error.context,
      cause: error,
    })
  }
}
