/** What is in dropped files and folders: images that go into a drive as they are, and ordinary files that a medium is made of. */
import {
  MAX_MEDIUM_BYTES,
  MAX_MEDIUM_ENTRIES,
  MAX_MEDIUM_FILE_BYTES,
  type MediumEntry,
} from '../../../core/contract/medium-api.ts'
import { strings } from '../../strings/en.ts'
import { formatBytes } from '../../strings/format.ts'

/** A file or folder for a medium, with its contents where it has some. */
export interface Part {
  readonly entry: MediumEntry
  readonly file: File | null
}

const IMAGE_NAME = /\.(?:iso|cdr|toast|img|ima|flp|vfd|dsk|qcow2|vdi|vmdk|vhd)$/i
/** Where the descriptor of a CD stands (ECMA-119 6.7.1), and what it begins with. */
const DESCRIPTOR_AT = 0x8001
const DESCRIPTOR = 'CD001'
/** Sizes of floppies, in KiB. */
const FLOPPY_KIB = [160, 180, 320, 360, 720, 1200, 1440, 1680, 1722, 2880]

/** Whether a file is an image, by its name, its size, or the descriptor of a CD in it. */
export async function isImage(file: File): Promise<boolean> {
  if (IMAGE_NAME.test(file.name) || FLOPPY_KIB.some((kib) => kib * 1024 === file.size)) return true
  const bytes = await file.slice(DESCRIPTOR_AT, DESCRIPTOR_AT + DESCRIPTOR.length).text()
  return bytes === DESCRIPTOR
}

/** Too much for one medium, in a sentence. */
export class TooMuch extends Error {}

/** All files and folders, those in folders too. Stops with `TooMuch` as soon as they are more than one medium takes. */
export async function partsOf(files: readonly File[], folders: readonly FileSystemDirectoryEntry[]): Promise<Part[]> {
  const parts: Part[] = []
  let totalBytes = 0
  const add = (path: string, file: File | null) => {
    const sizeBytes = file?.size ?? 0
    totalBytes += sizeBytes
    if (parts.length >= MAX_MEDIUM_ENTRIES) throw new TooMuch(strings.console.tooManyFiles(MAX_MEDIUM_ENTRIES))
    if (sizeBytes > MAX_MEDIUM_FILE_BYTES) throw new TooMuch(strings.console.fileTooLarge(path, formatBytes(sizeBytes)))
    if (totalBytes > MAX_MEDIUM_BYTES) throw new TooMuch(strings.console.tooManyBytes(formatBytes(MAX_MEDIUM_BYTES)))
    const modifiedMs = file?.lastModified ?? 0
    parts.push({ entry: { path, isFolder: file === null, sizeBytes, modifiedMs }, file })
  }
  const addFolder = async (folder: FileSystemDirectoryEntry, path: string): Promise<void> => {
    add(path, null)
    const reader = folder.createReader()
    // A browser gives some of the entries at a time.
    for (let some = await readSome(reader); some.length > 0; some = await readSome(reader))
      for (const entry of some) {
        const inside = `${path}/${entry.name}`
        if (entry.isDirectory) await addFolder(entry as FileSystemDirectoryEntry, inside)
        else add(inside, await fileOf(entry as FileSystemFileEntry))
      }
  }
  for (const file of files) add(file.name, file)
  for (const folder of folders) await addFolder(folder, folder.name)
  return parts
}

function readSome(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject))
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject))
}

/** The files of `parts` one behind the other, as an upload reads them. */
export async function readParts(parts: readonly Part[], position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let start = 0
  for (const { file } of parts) {
    const size = file?.size ?? 0
    const from = Math.max(position, start)
    const to = Math.min(position + length, start + size)
    if (file && from < to) {
      const piece = new Uint8Array(await file.slice(from - start, to - start).arrayBuffer())
      bytes.set(piece, from - position)
    }
    start += size
    if (start >= position + length) break
  }
  return bytes
}
