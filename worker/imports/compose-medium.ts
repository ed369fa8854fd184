/** Writes a CD or a floppy with ordinary files: those of a pack that was uploaded, or files and folders of the host. */
import { randomInt } from 'node:crypto'
import { lstatSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { ComposeSource, ImportTasks } from '../../core/contract/import-tasks.ts'
import {
  MAX_MEDIUM_BYTES,
  MAX_MEDIUM_ENTRIES,
  MAX_MEDIUM_FILE_BYTES,
  type MediumEntry,
} from '../../core/contract/medium-api.ts'
import type { ByteStore } from '../../core/disk/block-device.ts'
import { makeFatFloppy } from '../../core/disk/make/fat-floppy.ts'
import { planIso } from '../../core/disk/make/iso-image.ts'
import { hostError, openFileByteStore } from '../files/file-byte-store.ts'
import { SparseFile } from './sparse-file.ts'
import type { Progress } from './unpack.ts'

const SECTOR_BYTES = 2048
const PIECE_BYTES = 1 << 20

type Read = (index: number, use: (store: ByteStore, position: number) => void) => void

/** Makes `request.target`, which is gone again when that fails. Throws `disk/too-large` for more than the medium takes. */
export function composeMedium(
  { source, medium, label, target }: ImportTasks['compose']['request'],
  onProgress: Progress,
): ImportTasks['compose']['result'] {
  const { entries, withFile, close } = openFiles(source)
  const file = new SparseFile(target)
  try {
    checkLimits(entries)
    if (medium === 'floppy') file.append(floppyOf(entries, label, withFile))
    else writeCd(file, entries, label, withFile, onProgress)
    file.finish()
    return { sizeBytes: file.sizeBytes, files: entries.filter(({ isFolder }) => !isFolder).length }
  } catch (error) {
    file.discard()
    throw error
  } finally {
    close()
  }
}

function checkLimits(entries: readonly MediumEntry[]): void {
  const huge = entries.find(({ sizeBytes }) => sizeBytes > MAX_MEDIUM_FILE_BYTES)
  if (huge) throw new AppError('disk/too-large', `${huge.path} has 4 GiB or more, which no file on a CD can have`)
  const totalBytes = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  if (totalBytes > MAX_MEDIUM_BYTES)
    throw new AppError('disk/too-large', 'The files have more than 8.5 GB, the most that one medium takes')
}

function floppyOf(entries: readonly MediumEntry[], label: string, withFile: Read): Uint8Array {
  const read = (index: number, into: Uint8Array) => withFile(index, (store, position) => store.read(position, into))
  return makeFatFloppy(entries, read, {
    label,
    serialNumber: randomInt(2 ** 32),
    timeZoneMinutes: -new Date().getTimezoneOffset(),
  })
}

function writeCd(
  file: SparseFile,
  entries: readonly MediumEntry[],
  label: string,
  withFile: Read,
  onProgress: Progress,
): void {
  const plan = planIso(entries, { label, createdMs: Date.now() })
  const totalBytes = plan.sectors * SECTOR_BYTES
  const piece = new Uint8Array(PIECE_BYTES)
  file.append(plan.head)
  for (const { index, sizeBytes } of plan.files) {
    if (sizeBytes === 0) continue
    withFile(index, (store, position) => {
      for (let at = 0; at < sizeBytes; at += PIECE_BYTES) {
        const length = Math.min(PIECE_BYTES, sizeBytes - at)
        // A file that has become shorter meanwhile ends in zeros.
        store.read(position + at, piece, 0, length)
        file.append(piece.subarray(0, length))
        onProgress(file.sizeBytes, totalBytes)
      }
    })
    file.append(new Uint8Array((SECTOR_BYTES - (sizeBytes % SECTOR_BYTES)) % SECTOR_BYTES))
  }
  while (file.sizeBytes < totalBytes) file.append(new Uint8Array(Math.min(PIECE_BYTES, totalBytes - file.sizeBytes)))
}

function openFiles(source: ComposeSource): { entries: readonly MediumEntry[]; withFile: Read; close(): void } {
  if (source.kind === 'paths') {
    const { entries, paths } = walk(source.paths)
    const withFile: Read = (index, use) => {
      const store = openFileByteStore(paths[index] ?? '', true)
      try {
        use(store, 0)
      } finally {
        store.close()
      }
    }
    return { entries, withFile, close: () => {} }
  }
  const { entries, path } = source
  const starts: number[] = []
  let next = 0
  for (const { sizeBytes } of entries) {
    starts.push(next)
    next += sizeBytes
  }
  const disagree = () => new AppError('ipc/invalid-argument', 'The upload and the list of its files do not agree')
  if (path === null) {
    if (next > 0) throw disagree()
    return { entries, withFile: () => {}, close: () => {} }
  }
  const store = openFileByteStore(path, true)
  if (store.sizeBytes !== next) {
    store.close()
    throw disagree()
  }
  return { entries, withFile: (index, use) => use(store, starts[index] ?? 0), close: () => store.close() }
}

/** Files and folders below `roots`. Links are not followed, so that nothing outside comes along; what is no file is left out. */
function walk(roots: readonly string[]): { entries: MediumEntry[]; paths: string[] } {
  const entries: MediumEntry[] = []
  const paths: string[] = []
  const add = (path: string, name: string) => {
    const stat = lstatSync(path)
    if (!stat.isFile() && !stat.isDirectory()) return
    if (entries.length >= MAX_MEDIUM_ENTRIES)
      throw new AppError(
        'disk/too-large',
        `There are more than ${MAX_MEDIUM_ENTRIES} files, the most that one medium takes`,
      )
    const isFolder = stat.isDirectory()
    entries.push({ path: name, isFolder, sizeBytes: isFolder ? 0 : stat.size, modifiedMs: stat.mtimeMs })
    paths.push(path)
    if (isFolder) for (const child of readdirSync(path).toSorted()) add(join(path, child), `${name}/${child}`)
  }
  for (const root of roots) {
    try {
      add(root, basename(root))
    } catch (cause) {
      throw cause instanceof AppError ? cause : hostError('read', root, cause)
    }
  }
  return { entries, paths }
}
