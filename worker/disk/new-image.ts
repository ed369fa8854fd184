/** Image files that appear whole or not at all: made under another name beside their place, then renamed. */

import { randomBytes, randomUUID } from 'node:crypto'
import { chmodSync, closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { ByteStore } from '../../core/disk/block-device.ts'
import type { ImageFormatId } from '../../core/disk/disk-image.ts'
import { imageFormat } from '../../core/disk/formats/catalogue.ts'
import type { CreateRequest } from '../../core/disk/formats/image-format.ts'
import type { LayeredDisk } from '../../core/disk/layered-disk.ts'
import { openImage } from '../../core/disk/open-image.ts'
import { syncFolder } from '../files/durable-files.ts'
import { openFileByteStore } from '../files/file-byte-store.ts'
import { fileImageHost } from '../files/image-host.ts'

export interface NewImageRequest extends Pick<CreateRequest, 'sizeBytes' | 'backing' | 'options' | 'identity'> {
  readonly file: string
  readonly format: ImageFormatId
  /** Asked when the image is finished, with the path that it still has; without it the old file stays. */
  readonly isWanted?: (temporary: string) => boolean
  /** Called before the old file is replaced: not all systems do that while it is open. */
  readonly beforeReplacing?: () => void
}

/** Opens the image at `file` with everything that it stands on. */
export function openImageFile(file: string, readOnly: boolean, format?: ImageFormatId): LayeredDisk {
  const store = openFileByteStore(file, readOnly)
  try {
    return openImage(store, fileImageHost, { path: file, readOnly, format })
  } catch (error) {
    store.close()
    throw error
  }
}

/**
 * Makes an image, lets `fill` write to it, and puts it at its place when that is done. When anything fails there is no new
 * file, and an old one at its place is as it was.
 */
export function makeImage(request: NewImageRequest, fill: (disk: LayeredDisk) => void): void {
  const { file, format } = request
  const folder = dirname(file)
  const made: { temporary: string; final: string }[] = []
  const make = (final: string): ByteStore => {
    const temporary = join(folder, `.${basename(final)}.${randomUUID()}.tmp`)
    closeSync(createFile(temporary))
    made.push({ temporary, final })
    return openFileByteStore(temporary, false)
  }
  try {
    const store = make(file)
    try {
      imageFormat(format).create(store, createRequest(request, make))
    } finally {
      store.close()
    }
    if (made.length === 1) fillImage(made[0]?.temporary as string, format, fill)
    else fillParts(made, format, fill)
    if (request.isWanted?.(made[0]?.temporary as string) === false) {
      for (const { temporary } of made) rmSync(temporary)
      return
    }
    request.beforeReplacing?.()
    // The parts first: the file that names them makes the image.
    for (const { temporary, final } of made.toReversed()) {
      const old = statSync(final, { throwIfNoEntry: false })
      if (old) chmodSync(temporary, old.mode & 0o777)
      renameSync(temporary, final)
    }
    syncFolder(folder)
  } catch (error) {
    for (const { temporary } of made) rmSync(temporary, { force: true })
    throw error
  }
}

function createRequest(request: NewImageRequest, make: (final: string) => ByteStore): CreateRequest {
  const { file, sizeBytes, backing, options, identity } = request
  return {
    sizeBytes,
    entropy: (bytes) => new Uint8Array(randomBytes(bytes)),
    nowSeconds: Math.floor(Date.now() / 1000),
    fileName: basename(file),
    createPart: (part) => {
      const name = `${basename(file, extname(file))}-${part}${extname(file)}`
      const final = join(dirname(file), name)
      if (existsSync(final))
        throw new AppError('usage/invalid', `There is such a file already: ${final}`, { context: { path: final } })
      return { store: make(final), name }
    },
    ...(backing ? { backing } : {}),
    ...(options ? { options } : {}),
    ...(identity ? { identity } : {}),
  }
}

function fillImage(path: string, format: ImageFormatId, fill: (disk: LayeredDisk) => void): void {
  const disk = openImageFile(path, false, format)
  try {
    fill(disk)
    disk.flush()
  } finally {
    disk.close()
  }
}

/** The image names its parts as they will be called, and they are not called so yet: they are opened under those names. */
function fillParts(
  made: readonly { temporary: string; final: string }[],
  format: ImageFormatId,
  fill: (disk: LayeredDisk) => void,
): void {
  const [{ temporary }] = made as [{ temporary: string; final: string }]
  const host = {
    ...fileImageHost,
    open: (path: string, readOnly: boolean) =>
      fileImageHost.open(made.find(({ final }) => final === path)?.temporary ?? path, readOnly),
  }
  const store = openFileByteStore(temporary, false)
  const disk = openImage(store, host, { path: temporary, readOnly: false, format })
  try {
    fill(disk)
    disk.flush()
  } finally {
    disk.close()
  }
}

function createFile(path: string): number {
  try {
    return openSync(path, 'wx', 0o666)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const known = {
      ENOENT: 'disk/not-found',
      ENOSPC: 'disk/full',
      EACCES: 'disk/read-only',
      EROFS: 'disk/read-only',
    } as const
    throw new AppError(
      known[code as keyof typeof known] ?? 'disk/io',
      `Cannot make a file in ${dirname(path)} (${code})`,
      {
        context: { path },
        cause,
      },
    )
  }
}

/** Bytes that a file takes on the host; those it is long where the system does not tell. */
export function allocatedBytes(path: string): number {
  const { blocks, size } = statSync(path)
  return process.platform === 'win32' ? size : blocks * 512
}
