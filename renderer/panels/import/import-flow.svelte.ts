/** Files on their way to becoming machines: sent, looked into by the host, and waiting as proposals for the user's word. */
import type { Client } from '../../../core/contract/client.ts'
import type { ImportChoice, ImportItem, ImportProposal } from '../../../core/contract/import-api.ts'
import type { MachineCard } from '../../../core/contract/machine-card.ts'
import type { MediaSource } from '../../../core/contract/media-source.ts'
import type { Notices } from '../../app/notices.svelte.ts'
import { strings } from '../../strings/en.ts'
import { errorText } from '../../strings/error-text.ts'
import { type DroppedFiles, type FileSender, refuseFolders, type SendOptions } from '../library/dropped-files.ts'

export interface ImportJob {
  readonly id: string
  readonly fileName: string
  /** What is being done: its bytes travel, or the host looks into it. */
  phase: 'sending' | 'looking' | 'making'
  totalBytes: number
  doneBytes: number
  cancelled: boolean
}

/** What the user has changed of a proposal. */
export interface ImportEdits {
  readonly name: string
  readonly template: string
  readonly memoryMib: number
}

export class ImportFlow {
  jobs = $state<ImportJob[]>([])
  /** What waits for a decision, the oldest first. */
  items = $state.raw<readonly ImportItem[]>([])
  /** The machine that was added last, to point at it. */
  lastAddedId = $state<string | null>(null)
  readonly #client: Client
  readonly #notices: Notices
  readonly #sender: FileSender

  constructor(client: Client, notices: Notices, sender: FileSender) {
    this.#client = client
    this.#notices = notices
    this.#sender = sender
    sender.tracker = (fileName, totalBytes) => this.track(fileName, totalBytes)
    // Where the host unpacks or copies a file, it tells how far it is.
    client.on('import-progress', ({ fileName, uploadId, doneBytes, totalBytes }) => {
      const job = this.jobs.find((candidate) => candidate.fileName === fileName && candidate.phase !== 'sending')
      if (!job || uploadId !== null) return
      job.totalBytes = totalBytes
      job.doneBytes = Math.min(doneBytes, totalBytes)
    })
  }

  /** Sends what was dropped and has the host look into it, all files together: a kernel may come with its initial ramdisk. */
  async add(dropped: DroppedFiles): Promise<void> {
    const { files, refused } = refuseFolders(dropped)
    for (const { name, title, detail } of refused)
      this.#notices.add(
        'error',
        name === '' ? title : strings.failed.import(name),
        name === '' ? detail : `${title}. ${detail}`,
      )
    const sent: { job: ImportJob; source: MediaSource }[] = []
    const waiting = files.map((file) => ({ file, job: this.#begin(file.name, file.size) }))
    for (const { file, job } of waiting) {
      const source = await this.#send(file, job)
      if (source) sent.push({ job, source })
      else this.#end(job)
    }
    if (sent.length > 0) await this.#inspect(sent)
  }

  /** Shows files on their way to a drive. */
  track(fileName: string, totalBytes: number): SendOptions & { end(): void } {
    const job = this.#begin(fileName, totalBytes)
    return {
      onProgress: (doneBytes) => {
        job.doneBytes = doneBytes
      },
      isCancelled: () => job.cancelled,
      end: () => this.#end(job),
    }
  }

  /** Ends a job; what it has sent is forgotten. */
  cancel(id: string): void {
    const job = this.jobs.find((candidate) => candidate.id === id)
    if (!job) return
    for (const each of this.jobs.filter(({ phase }) => phase === job.phase && phase === 'looking'))
      each.cancelled = true
    job.cancelled = true
    if (job.phase !== 'sending') void this.#client.api.import.cancel({ id: this.#running }).catch(() => {})
  }

  /** The inspection that is under way. */
  #running = ''

  /** Takes an image out of an archive; its proposal takes the place of the choice. */
  async choose(choice: ImportChoice, member: string): Promise<void> {
    const item = await this.#client.api.import.choose({ itemId: choice.itemId, member })
    this.#replace(choice.itemId, item)
    await this.#client.api.import.cancel({ id: choice.itemId })
  }

  /** The same item for another system. */
  async retarget({ itemId }: ImportProposal, template: string): Promise<ImportProposal> {
    return this.#client.api.import.retarget({ itemId, template })
  }

  /** Makes the machine. Throws what the host says; the proposal stays then. */
  async create({ itemId, fileName, medium }: ImportProposal, edits: ImportEdits): Promise<MachineCard> {
    const job = this.#begin(fileName, medium.sizeBytes)
    job.phase = 'making'
    this.#running = itemId
    try {
      const card = await this.#client.api.import.create({ itemId, ...edits })
      this.items = this.items.filter((item) => item.itemId !== itemId)
      this.lastAddedId = card.id
      return card
    } finally {
      this.#end(job)
    }
  }

  /** Forgets an item. */
  dismiss({ itemId }: ImportItem): void {
    this.items = this.items.filter((item) => item.itemId !== itemId)
    void this.#client.api.import.cancel({ id: itemId }).catch(() => {})
  }

  async #send(file: File, job: ImportJob): Promise<MediaSource | undefined> {
    try {
      if (job.cancelled) return undefined
      return await this.#sender.send(file, {
        onProgress: (doneBytes) => {
          job.doneBytes = doneBytes
        },
        isCancelled: () => job.cancelled,
      })
    } catch (error) {
      if (!job.cancelled) this.#notices.fail(error, strings.failed.import(file.name))
      return undefined
    }
  }

  async #inspect(sent: readonly { job: ImportJob; source: MediaSource }[]): Promise<void> {
    const importId = crypto.randomUUID()
    this.#running = importId
    for (const { job } of sent) {
      job.phase = 'looking'
      job.doneBytes = 0
    }
    try {
      const sources = sent.map(({ source }) => source)
      const { items, refused } = await this.#client.api.import.inspect({ importId, sources })
      this.items = [...this.items, ...items]
      for (const { fileName, error } of refused) {
        const name = fileName.split(/[\\/]/).at(-1) ?? fileName
        this.#notices.add('error', strings.failed.import(name), errorText(error).whole)
      }
    } catch (error) {
      const names = sent.map(({ job }) => job.fileName).join(', ')
      if (!sent.some(({ job }) => job.cancelled)) this.#notices.fail(error, strings.failed.import(names))
    } finally {
      for (const { job } of sent) this.#end(job)
    }
  }

  #replace(itemId: string, item: ImportItem): void {
    this.items = this.items.map((each) => (each.itemId === itemId ? item : each))
  }

  #begin(fileName: string, totalBytes: number): ImportJob {
    const id = crypto.randomUUID()
    this.jobs.push({ id, fileName, phase: 'sending', totalBytes, doneBytes: 0, cancelled: false })
    // The reactive one: what is pushed is not what is watched.
    return this.jobs[this.jobs.length - 1] as ImportJob
  }

  #end(job: ImportJob): void {
    this.jobs = this.jobs.filter(({ id }) => id !== job.id)
  }
}
