/** Downloads under way, and what came of them. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { DownloadRecord } from '../../core/contract/download-record.ts'
import { toErrorRecord } from '../../core/contract/error-record.ts'
import type { Template } from '../../core/contract/template.ts'
import type { HostEvents } from '../host-events.ts'
import { safeFileName } from '../library/folder-name.ts'
import { downloadFile } from './download-file.ts'

const TELL_INTERVAL_MS = 200

export class Downloads {
  readonly folder: string
  readonly #templates: readonly Template[]
  readonly #events: HostEvents
  readonly #records = new Map<string, DownloadRecord>()
  readonly #running = new Map<string, { readonly abort: AbortController; readonly end: Promise<void> }>()

  /** Files come into `folder`, each in a place of its own hash. */
  constructor(folder: string, templates: readonly Template[], events: HostEvents) {
    this.folder = folder
    this.#templates = templates
    this.#events = events
  }

  /** Begins the download of a template, unless it is under way or done. Throws `ipc/invalid-argument` where there is none. */
  start(templateId: string): DownloadRecord {
    const found = this.#templates.find(({ id }) => id === templateId)?.download
    if (!found) throw new AppError('ipc/invalid-argument', `There is nothing to download for ${templateId}`)
    const known = this.#record(templateId)
    if (known && (known.state === 'running' || known.state === 'done')) return known
    const { url, bytes, sha256 } = found
    const abort = new AbortController()
    const target = this.#target(found)
    const first = this.#tell({
      template: templateId,
      title: found.title,
      fileName: found.fileName,
      state: 'running',
      doneBytes: 0,
      totalBytes: bytes,
      error: null,
      file: null,
    })
    let toldMs = 0
    const onProgress = (doneBytes: number) => {
      const record = { ...(this.#records.get(templateId) ?? first), doneBytes }
      this.#records.set(templateId, record)
      const nowMs = performance.now()
      if (nowMs - toldMs < TELL_INTERVAL_MS) return
      toldMs = nowMs
      this.#tell(record)
    }
    const end = downloadFile({ url, bytes, sha256, target }, { signal: abort.signal, onProgress }).then(
      () => this.#finish(templateId, { state: 'done', doneBytes: bytes, file: target }),
      (error) =>
        this.#finish(
          templateId,
          abort.signal.aborted ? { state: 'cancelled' } : { state: 'failed', error: toErrorRecord(error) },
        ),
    )
    this.#running.set(templateId, { abort, end })
    return first
  }

  /** Ends a download; resolves when its file is closed. */
  async cancel(templateId: string): Promise<void> {
    const running = this.#running.get(templateId)
    running?.abort.abort()
    await running?.end
  }

  list(): DownloadRecord[] {
    return this.#templates.flatMap(({ id }) => this.#record(id) ?? [])
  }

  /** Ends all. */
  async dispose(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.cancel(id)))
  }

  #record(id: string): DownloadRecord | undefined {
    const known = this.#records.get(id)
    if (known) return known.state === 'done' && known.file && !existsSync(known.file) ? undefined : known
    const found = this.#templates.find((template) => template.id === id)?.download
    if (!found || !existsSync(this.#target(found))) return undefined
    const { title, fileName, bytes } = found
    const file = this.#target(found)
    return { template: id, title, fileName, state: 'done', doneBytes: bytes, totalBytes: bytes, error: null, file }
  }

  #target({ fileName, sha256 }: NonNullable<Template['download']>): string {
    return join(this.folder, sha256.slice(0, 16), safeFileName(fileName))
  }

  #finish(id: string, change: Partial<DownloadRecord>): void {
    this.#running.delete(id)
    const record = this.#records.get(id)
    if (record) this.#tell({ ...record, ...change })
  }

  #tell(record: DownloadRecord): DownloadRecord {
    this.#records.set(record.template, record)
    this.#events.emit('download-changed', { download: record })
    return record
  }
}
