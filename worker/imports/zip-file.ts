/** Zip archives: which of their members are images, and one member as a stream. */
import { closeSync, openSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { type Entry, fromFd, type ZipFile } from 'yauzl'
import { AppError } from '../../core/base/errors.ts'
import type { ArchiveMember } from '../../core/contract/import-tasks.ts'
import { HEAD_BYTES, kindOfHead } from '../../core/disk/recognise/file-head.ts'
import { hostError } from '../files/file-byte-store.ts'

/** Members that are looked at; an archive with more is none of images. */
const MAX_MEMBERS = 10_000
/** Images that are offered. */
const MAX_IMAGES = 200
const STORED = 0
const DEFLATED = 8

/** The images in an archive, by the beginnings of its members. */
export async function imageMembers(path: string, name: string): Promise<ArchiveMember[]> {
  const members: ArchiveMember[] = []
  await walk(path, name, async (entry, open) => {
    refuseEncrypted(entry, name)
    // Other methods are rare, and only refused when they are what somebody wants.
    if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) return 'next'
    const kind = kindOfHead(await headOf(await open()), entry.uncompressedSize)
    if (kind) members.push({ name: entry.fileName, sizeBytes: entry.uncompressedSize, kind })
    return members.length < MAX_IMAGES ? 'next' : 'end'
  })
  return members
}

/** Passes the contents of one member to `use`. */
export async function withMember(
  path: string,
  name: string,
  member: string,
  use: (stream: Readable, sizeBytes: number) => Promise<void>,
): Promise<void> {
  let isFound = false
  await walk(path, name, async (entry, open) => {
    if (entry.fileName !== member) return 'next'
    refuseEncrypted(entry, name)
    isFound = true
    await use(await open(), entry.uncompressedSize)
    return 'end'
  })
  if (!isFound) throw new AppError('disk/not-found', `${name} holds no file called ${member}`)
}

function refuseEncrypted(entry: Entry, name: string): void {
  if (entry.isEncrypted()) throw new AppError('disk/unsupported-format', `${name} is encrypted; unpack it first`)
}

type Visit = (entry: Entry, open: () => Promise<Readable>) => Promise<'next' | 'end'>

/** Calls `visit` for each file in the archive that has contents, one after the other. */
async function walk(path: string, name: string, visit: Visit): Promise<void> {
  const fd = openFile(path)
  try {
    const zip = await openZip(fd)
    if (zip.entryCount > MAX_MEMBERS)
      throw new AppError('disk/unsupported-format', `${name} holds ${zip.entryCount} files: it is no archive of images`)
    await eachEntry(zip, async (entry) => {
      if (entry.fileName.endsWith('/') || entry.uncompressedSize === 0) return 'next'
      return visit(entry, () => openEntry(zip, entry))
    })
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AppError('disk/corrupt-image', `${name} is damaged (${reason})`, { cause })
  } finally {
    closeSync(fd)
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    throw hostError('read', path, cause)
  }
}

function openZip(fd: number): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    fromFd(fd, { lazyEntries: true, autoClose: false, validateEntrySizes: true }, (error, zip) =>
      zip ? resolve(zip) : reject(error),
    )
  })
}

function openEntry(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => (stream ? resolve(stream) : reject(error)))
  })
}

function eachEntry(zip: ZipFile, visit: (entry: Entry) => Promise<'next' | 'end'>): Promise<void> {
  return new Promise((resolve, reject) => {
    zip.on('error', reject)
    zip.on('end', resolve)
    zip.on('entry', (entry: Entry) => {
      visit(entry).then((step) => (step === 'next' ? zip.readEntry() : resolve()), reject)
    })
    zip.readEntry()
  })
}

async function headOf(stream: Readable): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of stream as AsyncIterable<Uint8Array>) {
    pieces.push(piece)
    length += piece.length
    // Leaving the loop ends the stream.
    if (length >= HEAD_BYTES) break
  }
  return Buffer.concat(pieces).subarray(0, HEAD_BYTES)
}
