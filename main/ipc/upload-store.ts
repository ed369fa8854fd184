/** Files that a connection uploads, until they are used or the connection ends. */
import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { UploadChunk } from '../../core/contract/binary.ts'
import { UPLOAD_CHUNK_BYTES } from '../../core/contract/upload-api.ts'

const MAX_UPLOADS = 16

interface Upload {
  readonly fileName: string
  readonly path: string
  readonly sizeBytes: number
  readonly file: FileHandle
  /** Numbers of the chunks that are there. */
  readonly chunks: Set<number>
  doneBytes: number
}

/** A complete upload: whoever takes it moves or removes the file. */
export interface TakenUpload {
  readonly fileName: string
  readonly path: string
}

export class UploadStore {
  readonly #folder: string
  readonly #onProgress: (uploadId: number, fileName: string, doneBytes: number, totalBytes: number) => void
  readonly #uploads = new Map<number, Upload>()
  #lastId = 0
  #disposed = false

  /** `folder` is on the file system of the library, so that finished uploads can be moved there. */
  constructor(
    folder: string,
    onProgress: (uploadId: number, fileName: string, doneBytes: number, totalBytes: number) => void,
  ) {
    this.#folder = folder
    this.#onProgress = onProgress
  }

  async begin(fileName: string, sizeBytes: number): Promise<number> {
    if (this.#uploads.size >= MAX_UPLOADS) throw new AppError('ipc/forbidden', `At most ${MAX_UPLOADS} uploads at once`)
    const id = ++this.#lastId
    const path = join(this.#folder, `${randomUUID()}.upload`)
    try {
      await mkdir(this.#folder, { recursive: true })
      await this.#requireSpace(fileName, sizeBytes)
      const file = await open(path, 'wx', 0o600)
      this.#uploads.set(id, { fileName, path, sizeBytes, file, chunks: new Set(), doneBytes: 0 })
    } catch (cause) {
      throw cause instanceof AppError ? cause : writeError(fileName, cause)
    }
    if (this.#disposed) await this.cancel(id)
    return id
  }

  /** Writes a chunk; each has its place, and all but the last the full length. */
  async write({ uploadId, position, bytes }: UploadChunk): Promise<null> {
    const upload = this.#get(uploadId)
    const expected = Math.min(UPLOAD_CHUNK_BYTES, upload.sizeBytes - position)
    if (position % UPLOAD_CHUNK_BYTES !== 0 || bytes.length !== expected || expected <= 0)
      throw new AppError('ipc/invalid-argument', `No chunk of ${bytes.length} bytes belongs at ${position}`)
    const chunk = position / UPLOAD_CHUNK_BYTES
    if (upload.chunks.has(chunk))
      throw new AppError('ipc/invalid-argument', `The chunk at ${position} is already there`)
    upload.chunks.add(chunk)
    try {
      await upload.file.write(bytes, 0, bytes.length, position)
    } catch (cause) {
      upload.chunks.delete(chunk)
      throw writeError(upload.fileName, cause)
    }
    upload.doneBytes += bytes.length
    this.#onProgress(uploadId, upload.fileName, upload.doneBytes, upload.sizeBytes)
    return null
  }

  /** Hands over a complete upload. Throws `ipc/invalid-argument` while bytes are missing. */
  async take(uploadId: number): Promise<TakenUpload> {
    const upload = this.#get(uploadId)
    if (upload.doneBytes < upload.sizeBytes)
      throw new AppError('ipc/invalid-argument', `The upload of ${upload.fileName} is not complete`)
    this.#uploads.delete(uploadId)
    try {
      await upload.file.sync()
    } catch (cause) {
      await rm(upload.path, { force: true })
      throw writeError(upload.fileName, cause)
    } finally {
      await upload.file.close()
    }
    return { fileName: upload.fileName, path: upload.path }
  }

  async cancel(uploadId: number): Promise<void> {
    const upload = this.#uploads.get(uploadId)
    if (!upload) return
    this.#uploads.delete(uploadId)
    await upload.file.close()
    await rm(upload.path, { force: true })
  }

  async dispose(): Promise<void> {
    this.#disposed = true
    await Promise.all([...this.#uploads.keys()].map((id) => this.cancel(id)))
  }

  /** Says so before the bytes of a file travel that has no room. */
  async #requireSpace(fileName: string, sizeBytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder)
    if (sizeBytes <= bavail * bsize) return
    const [size, free] = [sizeBytes, bavail * bsize].map((bytes) => `${(bytes / 2 ** 30).toFixed(1)} GiB`)
    throw new AppError('disk/full', `${fileName} has ${size}, and the disk of the library has ${free} left`, {
      context: { sizeBytes },
    })
  }

  #get(uploadId: number): Upload {
    const upload = this.#uploads.get(uploadId)
    if (!upload) throw new AppError('ipc/invalid-argument', `There is no upload ${uploadId}`)
    return upload
  }
}

function writeError(fileName: string, cause: unknown): AppError {
  const errno = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
  if (errno === 'ENOSPC' || errno === 'EDQUOT')
    return new AppError('disk/full', `No space is left for ${fileName}`, { cause })
  return new AppError('library/io', `Cannot store ${fileName} (${errno})`, { context: { errno }, cause })
}
