/**
 * Fetches one file whose size and hash are known. It lies beside its place as `.part` until it is verified, so that what was cut
 * off can go on, and nothing wrong is ever used. HTTPS only, plain HTTP from this computer itself excepted. Source: RFC 9110, 14.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import { syncFolder } from '../library/atomic-file.ts'

/** A connection that is cut is tried again so often. */
const MAX_ATTEMPTS = 5
const MAX_REDIRECTS = 5

export interface DownloadRequest {
  readonly url: string
  readonly bytes: number
  /** Of the whole file, in hexadecimal digits. */
  readonly sha256: string
  /** Absolute; it appears when it is whole and right. */
  readonly target: string
}

export interface DownloadWatch {
  readonly signal: AbortSignal
  readonly onProgress: (doneBytes: number) => void
}

/** Throws `library/io` for what servers and networks do, `disk/full`, `disk/corrupt-image` for a file that is not the right one. */
export async function downloadFile(request: DownloadRequest, watch: DownloadWatch): Promise<void> {
  const { bytes, target } = request
  const part = `${target}.part`
  await mkdir(dirname(target), { recursive: true })
  let doneBytes = await sizeOf(part)
  if (doneBytes > bytes) doneBytes = await restart(part)
  for (let attempt = 1; doneBytes < bytes; attempt++) {
    try {
      await fetchPart(request, part, doneBytes, watch)
      if ((await sizeOf(part)) <= doneBytes) throw new Error('the server sends nothing more')
    } catch (error) {
      if (watch.signal.aborted) throw new AppError('ipc/closed', 'Cancelled')
      if (error instanceof AppError) throw error
      if (attempt >= MAX_ATTEMPTS) throw networkError(error)
    }
    doneBytes = await sizeOf(part)
    if (doneBytes > bytes) {
      await rm(part, { force: true })
      throw new AppError('disk/corrupt-image', 'The server sends another file: it is larger than it should be')
    }
  }
  if ((await hashOf(part)) !== request.sha256.toLowerCase()) {
    await rm(part, { force: true })
    throw new AppError('disk/corrupt-image', 'What was downloaded is not what it should be: its SHA-256 is another one')
  }
  await rename(part, target)
  await syncFolder(dirname(target))
}

/** Adds to `part` what follows its first `from` bytes. */
async function fetchPart(request: DownloadRequest, part: string, from: number, watch: DownloadWatch): Promise<void> {
  const { url, bytes } = request
  const response = await fetchSafely(url, from > 0 ? { range: `bytes=${from}-` } : {}, watch.signal)
  if (response.status !== 200 && response.status !== 206) {
    await response.body?.cancel()
    // A range that the server does not have: what is there is of another file.
    if (response.status === 416) await rm(part, { force: true })
    throw new AppError('library/io', `The server answers with ${response.status} ${response.statusText}`.trim(), {
      context: { status: response.status, url },
    })
  }
  const isResumed = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${from}-`)
  // A server that does not know ranges begins anew.
  const file = await open(part, isResumed ? 'a' : 'w')
  try {
    let doneBytes = isResumed ? from : 0
    for await (const piece of response.body ?? []) {
      await file.write(piece)
      doneBytes += piece.length
      if (doneBytes > bytes) break
      watch.onProgress(doneBytes)
    }
    await file.sync()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw cause
    throw new AppError('disk/full', 'No space is left for the download; it goes on when there is', { cause })
  } finally {
    await file.close()
  }
}

/** Follows redirects by hand: every address on the way must be safe. */
async function fetchSafely(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  let address = new URL(url)
  for (let i = 0; i <= MAX_REDIRECTS; i++) {
    requireSafe(address)
    const response = await fetch(address, {
      headers: { ...headers, 'accept-encoding': 'identity' },
      signal,
      redirect: 'manual',
    })
    const next = response.headers.get('location')
    if (response.status < 300 || response.status >= 400 || next === null) return response
    await response.body?.cancel()
    address = new URL(next, address)
  }
  throw new AppError('library/io', 'The server sends from one address to the next without end')
}

function requireSafe({ protocol, hostname, href }: URL): void {
  if (protocol === 'https:') return
  if (protocol === 'http:' && (hostname === '127.0.0.1' || hostname === '[::1]')) return
  throw new AppError('ipc/forbidden', `Only files from https addresses are downloaded: ${href}`, {
    context: { url: href },
  })
}

function networkError(cause: unknown): AppError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  const reason = inner instanceof Error ? inner.message : String(inner)
  return new AppError('library/io', `The download was cut off (${reason}); started again, it goes on where it ended`, {
    cause,
  })
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

async function restart(part: string): Promise<number> {
  await rm(part, { force: true })
  return 0
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array)
  return hash.digest('hex')
}
