/** What the tasks on disk images do. Each works on a file that nobody else writes: the host holds the locks. */
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { DiskCheck, DiskFileInfo, DiskInfo, DiskOptions, DiskSizes } from '../../core/contract/disk-info.ts'
import type { DiskTaskOf } from '../../core/contract/disk-task.ts'
import type { ByteStore } from '../../core/disk/block-device.ts'
import { copyDisk } from '../../core/disk/copy-disk.ts'
import type { LayerInfo } from '../../core/disk/disk-image.ts'
import { imageFormat, probeFormat } from '../../core/disk/formats/catalogue.ts'
import type { LayeredDisk } from '../../core/disk/layered-disk.ts'
import { refuseForeign } from '../../core/disk/open-image.ts'
import { openFileByteStore } from '../files/file-byte-store.ts'
import { fileImageHost } from '../files/image-host.ts'
import { allocatedBytes, makeImage, openImageFile } from './new-image.ts'

/** Told how far a task is; throws when it shall end. */
export type OnProgress = (doneBytes: number, totalBytes: number) => void

const SECTOR_BYTES = 512

function usage(message: string): AppError {
  return new AppError('usage/invalid', message)
}

/** Opens an image, lets `work` have it, and closes it. */
function withImage<T>(file: string, readOnly: boolean, work: (disk: LayeredDisk) => T): T {
  const disk = openImageFile(file, readOnly)
  try {
    return work(disk)
  } finally {
    disk.close()
  }
}

function fileInfo({ file, format, sizeBytes, details }: LayerInfo): DiskFileInfo {
  return { file, format, sizeBytes, allocatedBytes: allocatedBytes(file), details }
}

export function diskInfo(file: string): DiskInfo {
  return withImage(file, true, ({ chain }) => {
    const [own, ...backing] = chain.map(fileInfo)
    return { ...(own as DiskFileInfo), backing }
  })
}

/** Throws for a file that is there and shall not be overwritten, and for sizes that no disk has. */
function checkTarget(file: string, overwrite: boolean): void {
  if (existsSync(file) && !overwrite) throw usage(`There is such a file already: ${file}`)
}

function checkSize(sizeBytes: number): void {
  if (sizeBytes < SECTOR_BYTES || sizeBytes % SECTOR_BYTES !== 0)
    throw usage(`The size of a disk is a multiple of 512 bytes, not ${sizeBytes}`)
}

/** Checks options before a file is made. */
function checkOptions(format: DiskTaskOf<'create'>['format'], options: DiskOptions): void {
  const result = imageFormat(format).options.safeParse(options)
  if (result.success) return
  const issue = result.error.issues[0]
  throw usage(`Options of ${format}: ${[...(issue?.path ?? [])].join('.')} ${issue?.message ?? 'are not valid'}`)
}

export function createDisk(task: DiskTaskOf<'create'>): DiskInfo {
  const { file, format, options, overwrite } = task
  checkTarget(file, overwrite)
  checkOptions(format, options)
  const backing = task.backing === null ? undefined : backingOf(task.backing, file)
  const sizeBytes = task.sizeBytes ?? backing?.sizeBytes
  if (sizeBytes === undefined) throw usage('A new disk needs a size')
  checkSize(sizeBytes)
  makeImage({ file, format, sizeBytes, options, ...(backing ? { backing } : {}) }, () => {})
  return diskInfo(file)
}

/** What a new image has to know of the one that it will stand on. */
function backingOf(name: string, file: string) {
  return withImage(resolve(dirname(file), name), true, ({ format, sizeBytes, chain }) => ({
    file: name,
    format,
    sizeBytes,
    identity: chain[0]?.identity,
  }))
}

export function convertDisk(task: DiskTaskOf<'convert'>, onProgress: OnProgress): DiskInfo {
  const { file, target, format, options, overwrite } = task
  checkTarget(target, overwrite)
  checkOptions(format, options)
  withImage(file, true, (source) => {
    if (source.chain.some((layer) => layer.file === target)) throw usage('An image cannot be converted onto itself')
    makeImage({ file: target, format, sizeBytes: source.sizeBytes, options }, (made) =>
      copyDisk(source, made, { ownOnly: false, onProgress }),
    )
  })
  return diskInfo(target)
}

/** A file of which is told how much was read: how much there is to read, nobody knows before. */
class WatchedStore implements ByteStore {
  readonly readOnly = true
  readonly #store: ByteStore
  readonly #onProgress: OnProgress
  #doneBytes = 0

  constructor(store: ByteStore, onProgress: OnProgress) {
    this.#store = store
    this.#onProgress = onProgress
  }

  get sizeBytes(): number {
    return this.#store.sizeBytes
  }

  read(position: number, into: Uint8Array, offset = 0, length = into.length - offset): void {
    this.#doneBytes += length
    this.#onProgress(this.#doneBytes, 0)
    this.#store.read(position, into, offset, length)
  }

  write(position: number, from: Uint8Array, offset?: number, length?: number): void {
    this.#store.write(position, from, offset, length)
  }

  truncate(sizeBytes: number): void {
    this.#store.truncate(sizeBytes)
  }

  flush(): void {
    this.#store.flush()
  }

  close(): void {
    this.#store.close()
  }
}

export function checkDisk({ file, repair }: DiskTaskOf<'check'>, onProgress: OnProgress): DiskCheck {
  const opened = openFileByteStore(file, !repair)
  // Half a repair would be worse than none.
  const store = repair ? opened : new WatchedStore(opened, onProgress)
  try {
    const { id, check } = probeFormat(store)
    if (id === 'raw') refuseForeign(store, file)
    const nothing = { errors: 0, leaks: 0, remainingErrors: 0, remainingLeaks: 0, messages: [] }
    const report = check?.({ store, host: fileImageHost, path: file, readOnly: !repair }, repair) ?? nothing
    // A file that is missing below is found here.
    if (report.remainingErrors === 0) withImage(file, true, () => {})
    return { format: id, isCheckable: check !== undefined, ...report }
  } finally {
    store.close()
  }
}

/** The image anew, with what it has and no more; the old one stays when that is not smaller. */
export function compactDisk({ file }: DiskTaskOf<'compact'>, onProgress: OnProgress): DiskSizes {
  const beforeBytes = allocatedBytes(file)
  withImage(file, true, (disk) =>
    rewrite(file, disk, disk.sizeBytes, onProgress, (made) => allocatedBytes(made) < beforeBytes),
  )
  return { beforeBytes, afterBytes: allocatedBytes(file) }
}

export function resizeDisk({ file, sizeBytes, shrink }: DiskTaskOf<'resize'>, onProgress: OnProgress): DiskSizes {
  checkSize(sizeBytes)
  const beforeBytes = withImage(file, true, (disk) => disk.sizeBytes)
  const sizes = { beforeBytes, afterBytes: sizeBytes }
  if (sizeBytes === beforeBytes) return sizes
  if (sizeBytes < beforeBytes && !shrink)
    throw usage(`That cuts off the end of the disk, with what is there; --shrink does it all the same`)
  const isInPlace = withImage(file, false, (disk) => {
    const isDone = sizeBytes > beforeBytes && disk.grow(sizeBytes)
    if (isDone) disk.flush()
    return isDone
  })
  if (!isInPlace) withImage(file, true, (disk) => rewrite(file, disk, sizeBytes, onProgress))
  return sizes
}

/** Puts an image with the same options and backing file in the place of `file`. */
function rewrite(
  file: string,
  disk: LayeredDisk,
  sizeBytes: number,
  onProgress: OnProgress,
  isWanted?: (temporary: string) => boolean,
): void {
  const [own] = disk.chain as readonly [LayerInfo]
  const { format, details, backing, identity } = own
  if (details['internalSnapshots'])
    throw usage(`${file} has snapshots inside, which would be lost; delete them with qemu-img, or convert the image`)
  if (format === 'vmdk' && details['type'] !== 'monolithicSparse')
    throw usage(`${file} is a VMDK image of type ${details['type']}, which can only be converted`)
  const below = backing && { file: backing.file, format: backing.format ?? 'raw', identity: backing.identity }
  makeImage(
    {
      file,
      format,
      sizeBytes,
      options: sameOptions(own),
      ...(below ? { backing: below } : {}),
      ...(identity ? { identity } : {}),
      ...(isWanted ? { isWanted } : {}),
      beforeReplacing: () => disk.close(),
    },
    (made) => copyDisk(disk, made, { ownOnly: below !== undefined, onProgress }),
  )
}

/** Options that make an image like this one. */
function sameOptions({ format, details }: LayerInfo): DiskOptions {
  const keys = Object.keys(imageFormat(format).options.shape)
  return Object.fromEntries(keys.flatMap((key) => (details[key] === undefined ? [] : [[key, details[key]]])))
}
