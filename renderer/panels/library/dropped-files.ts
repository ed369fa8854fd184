/** Files from a drop or a file chooser, and how they reach the host: by path where that is allowed, else as an upload. */
import type { Client, UploadSource } from '../../../core/contract/client.ts'
import type { DriveSlot } from '../../../core/contract/machine-spec.ts'
import type { MediaSource } from '../../../core/contract/media-source.ts'
import { strings } from '../../strings/en.ts'
import { type Part, readParts } from '../console/dropped-contents.ts'

export interface RefusedFile {
  readonly name: string
  readonly title: string
  readonly detail: string
}

export interface DroppedFiles {
  readonly files: readonly File[]
  /** Folders whose contents the browser shows. */
  readonly folders: readonly FileSystemDirectoryEntry[]
  readonly refused: readonly RefusedFile[]
}

/** A dropped thing, as a browser gives it; `isDirectory` where the browser can tell. */
export interface DroppedItem {
  readonly file: File | null
  readonly name: string
  readonly isDirectory: boolean
  /** Of a directory, where the browser shows it. */
  readonly entry?: FileSystemDirectoryEntry
}

/** Whether a drag carries files (and not a piece of text). */
export function carriesFiles(transfer: DataTransfer | null): transfer is DataTransfer {
  return transfer?.types.includes('Files') ?? false
}

/** What was dropped. Must be called while the event is handled: the browser forgets it afterwards. */
export function itemsOf(transfer: DataTransfer): DroppedItem[] {
  return [...transfer.items]
    .filter((item) => item.kind === 'file')
    .map((item) => {
      const file = item.getAsFile()
      const entry = item.webkitGetAsEntry()
      const name = file?.name ?? entry?.name ?? ''
      if (!entry?.isDirectory) return { file, name, isDirectory: false }
      return { file, name, isDirectory: true, entry: entry as FileSystemDirectoryEntry }
    })
}

/** Sorts out what cannot be an image before a byte of it travels. */
export function sortDropped(items: readonly DroppedItem[]): DroppedFiles {
  const files: File[] = []
  const folders: FileSystemDirectoryEntry[] = []
  const refused: RefusedFile[] = []
  for (const { file, name, isDirectory, entry } of items) {
    if (entry) folders.push(entry)
    else if (isDirectory) refused.push(folderRefused(name))
    else if (file && file.size > 0) files.push(file)
    else refused.push({ name, title: strings.imports.empty, detail: strings.imports.emptyWhy })
  }
  return { files, folders, refused }
}

function folderRefused(name: string): RefusedFile {
  return { name, title: strings.imports.directory, detail: strings.imports.directoryWhy }
}

/** The same for a place that takes files alone. */
export function refuseFolders({ files, folders, refused }: DroppedFiles): DroppedFiles {
  return { files, folders: [], refused: [...refused, ...folders.map(({ name }) => folderRefused(name))] }
}

export function fromFileList(list: FileList | null): DroppedFiles {
  return sortDropped([...(list ?? [])].map((file) => ({ file, name: file.name, isDirectory: false })))
}

function uploadSource(file: File): UploadSource {
  return {
    fileName: file.name,
    sizeBytes: file.size,
    read: async (position, length) => new Uint8Array(await file.slice(position, position + length).arrayBuffer()),
  }
}

export interface SendOptions {
  readonly onProgress?: (doneBytes: number) => void
  readonly isCancelled?: () => boolean
}

/** Brings files to the host. */
export class FileSender {
  readonly #client: Client
  readonly #pathOf: (file: File) => string
  /** Shows what is on its way, where somebody does. */
  tracker: ((fileName: string, totalBytes: number) => SendOptions & { end(): void }) | undefined

  /** `pathOf` is "" for a file whose path is not known or may not be named. */
  constructor(client: Client, pathOf: (file: File) => string) {
    this.#client = client
    this.#pathOf = pathOf
  }

  /** Sends files one behind the other, and has the host make a medium of them. */
  async insertFiles(machineId: string, slot: DriveSlot, label: string, parts: readonly Part[]): Promise<void> {
    const sizeBytes = parts.reduce((sum, { entry }) => sum + entry.sizeBytes, 0)
    const track = this.tracker?.(label, sizeBytes)
    try {
      const read = (position: number, length: number) => readParts(parts, position, length)
      const options = track ?? {}
      const uploadId = sizeBytes === 0 ? null : await this.#client.upload({ fileName: label, sizeBytes, read }, options)
      const files = { kind: 'upload', uploadId, entries: parts.map(({ entry }) => entry) } as const
      await this.#client.api.medium.insertFiles({ id: machineId, slot, label, files })
    } finally {
      track?.end()
    }
  }

  async send(file: File, options: SendOptions = {}): Promise<MediaSource> {
    const path = this.#pathOf(file)
    if (path !== '') return { kind: 'path', path }
    return { kind: 'upload', uploadId: await this.#client.upload(uploadSource(file), options) }
  }
}
