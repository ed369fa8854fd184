/** Images on their way to becoming machines, with progress. */
import type { Client } from '../../../core/contract/client.ts'
import type { MachineCard } from '../../../core/contract/machine-card.ts'
import type { Notices } from '../../app/notices.svelte.ts'
import { strings } from '../../strings/en.ts'
import type { DroppedFiles, FileSender } from './dropped-files.ts'

export interface ImportJob {
  readonly id: number
  readonly fileName: string
  readonly totalBytes: number
  doneBytes: number
  cancelled: boolean
}

export class ImportsModel {
  jobs = $state<ImportJob[]>([])
  /** The machine that was added last, to point at it. */
  lastAddedId = $state<string | null>(null)
  readonly #client: Client
  readonly #notices: Notices
  readonly #sender: FileSender
  #lastId = 0

  constructor(client: Client, notices: Notices, sender: FileSender) {
    this.#client = client
    this.#notices = notices
    this.#sender = sender
    // Where the host copies a file by itself, it tells how far it is.
    client.on('import-progress', ({ fileName, uploadId, doneBytes }) => {
      const job = this.jobs.find((candidate) => candidate.fileName === fileName)
      if (job && uploadId === null) job.doneBytes = Math.min(doneBytes, job.totalBytes)
    })
  }

  /** Makes a machine of each file, one after the other; resolves with those that were made. */
  async add({ files, refused }: DroppedFiles): Promise<MachineCard[]> {
    for (const { name, title, detail } of refused)
      this.#notices.add(
        'error',
        name === '' ? title : strings.failed.import(name),
        name === '' ? detail : `${title}. ${detail}`,
      )
    const jobs = files.map((file) => ({ file, job: this.#begin(file) }))
    const cards: MachineCard[] = []
    for (const { file, job } of jobs) {
      const card = await this.#run(file, job)
      this.jobs = this.jobs.filter(({ id }) => id !== job.id)
      if (card) cards.push(card)
    }
    return cards
  }

  cancel(id: number): void {
    const job = this.jobs.find((candidate) => candidate.id === id)
    if (job) job.cancelled = true
  }

  #begin(file: File): ImportJob {
    this.jobs.push({ id: ++this.#lastId, fileName: file.name, totalBytes: file.size, doneBytes: 0, cancelled: false })
    // The reactive one: what is pushed is not what is watched.
    return this.jobs[this.jobs.length - 1] as ImportJob
  }

  async #run(file: File, job: ImportJob): Promise<MachineCard | undefined> {
    try {
      if (job.cancelled) return undefined
      const source = await this.#sender.send(file, {
        onProgress: (doneBytes) => {
          job.doneBytes = doneBytes
        },
        isCancelled: () => job.cancelled,
      })
      const card = await this.#client.api.library.importImage({ source })
      this.lastAddedId = card.id
      return card
    } catch (error) {
      if (!job.cancelled) this.#notices.fail(error, strings.failed.import(file.name))
      return undefined
    }
  }
}
