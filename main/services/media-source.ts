/** A MediaSource as a file: one of the host, which is copied, or an upload, which is moved. */
import { rm } from 'node:fs/promises'
import { basename, isAbsolute } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { MediaSource } from '../../core/contract/media-source.ts'
import type { CallContext } from '../ipc/call-context.ts'
import { copyImage, moveImage } from '../library/media-files.ts'
import { requirePath } from './path-permission.ts'

export interface OpenedSource {
  readonly fileName: string
  readonly path: string
  /** Whether the file is the user's own, which may be used where it is. */
  readonly stays: boolean
  /** Copies or moves it to `target`. */
  putInto(target: string, onProgress: (doneBytes: number, totalBytes: number) => void): Promise<void>
  /** Removes an upload that was not put anywhere. */
  discard(): Promise<void>
}

/**
 * Throws `ipc/forbidden` for a path that the caller may not name, `ipc/invalid-argument` for an incomplete upload. Anybody may name
 * files that are known already, such as media that were in drives before.
 */
export async function openSource(
  source: MediaSource,
  context: CallContext,
  isKnown: (path: string) => boolean = () => false,
): Promise<OpenedSource> {
  if (source.kind === 'upload') {
    const { fileName, path } = await context.uploads.take(source.uploadId)
    return {
      fileName,
      path,
      stays: false,
      putInto: (target) => moveImage(path, target),
      discard: () => rm(path, { force: true }),
    }
  }
  const { path } = source
  if (!isAbsolute(path)) throw new AppError('ipc/invalid-argument', `The path of an image is absolute: ${path}`)
  if (!isKnown(path)) requirePath(context.grants, path)
  return {
    fileName: basename(path),
    path,
    stays: true,
    putInto: (target, onProgress) => copyImage(path, target, onProgress),
    discard: () => Promise.resolve(),
  }
}
