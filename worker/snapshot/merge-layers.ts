/**
 * Two layers of a chain become one, when nobody wants the lower one alone any more. At every moment of it the upper one shows the
 * same disk, so that a crash leaves nothing to repair: either the lower layer's clusters are copied into the upper one, which then
 * stands on what the lower one stood on, or the upper one's into the lower one, which then takes its place.
 */
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { SnapshotTasks } from '../../core/contract/snapshot-tasks.ts'
import { createExtent, ExtentKind } from '../../core/disk/disk-image.ts'
import { setBacking } from '../../core/disk/formats/qcow2/rebase.ts'
import { openImage } from '../../core/disk/open-image.ts'
import { listFolder } from '../files/durable-files.ts'
import { openFileByteStore } from '../files/file-byte-store.ts'
import { fileImageHost } from '../files/image-host.ts'
import { backingName, backingOf, imageFacts, isOverlayFile, withImage } from './overlays.ts'

const SECTOR_BYTES = 512
const PIECE_BYTES = 1 << 20

export interface MergeRequest {
  readonly below: string
  readonly above: string
  /** Images that stand on `above`. */
  readonly children: readonly string[]
  readonly progress: SharedArrayBuffer
}

export interface Merged {
  /** Which of the two is the disk now; the other one may go. */
  readonly kept: 'above' | 'below'
}

type Disk = ReturnType<typeof openImage>

/** Merges; durable when it returns. */
export function mergeLayers(request: MergeRequest): Merged {
  const { below, above, children } = request
  // A user's own image stays the disk that it was; overlays of ours go.
  if (!isOverlayFile(below) && pushDown(request)) {
    const { format } = imageFacts(below)
    for (const child of children) changeBacking(child, { file: backingName(child, below), format })
    return { kept: 'below' }
  }
  pullUp(request)
  const beneath = backingOf(below)
  changeBacking(
    above,
    beneath === undefined ? undefined : { file: backingName(above, beneath), format: imageFacts(beneath).format },
  )
  return { kept: 'above' }
}

/** Images in `folder` that stand on a file that has moved stand on it where it is now. */
export function moveBacking({ folder, moved }: SnapshotTasks['moveBacking']['request']): null {
  for (const name of listFolder(folder)) {
    const file = join(folder, name)
    const place = moved.find(({ from }) => from === backingOf(file))
    if (place) changeBacking(file, { file: backingName(file, place.to), format: imageFacts(place.to).format })
  }
  return null
}

function changeBacking(path: string, backing: Parameters<typeof setBacking>[2]): void {
  makeWritable(path)
  const store = openFileByteStore(path, false)
  try {
    setBacking(store, path, backing)
  } finally {
    store.close()
  }
}

/** Disks of snapshots are protected from being written by mistake. */
function makeWritable(path: string): void {
  try {
    chmodSync(path, 0o644)
  } catch {
    // Opening it says what is wrong.
  }
}

function openForWriting(path: string): Disk {
  makeWritable(path)
  const store = openFileByteStore(path, false)
  try {
    return openImage(store, fileImageHost, { path, readOnly: false })
  } catch (error) {
    store.close()
    throw error
  }
}

/** Copies what `above` has of its own into `below`. False when that image cannot be written, or is of another size. */
function pushDown({ below, above, progress }: MergeRequest): boolean {
  let target: Disk
  try {
    growTo(below, imageFacts(above).sizeBytes)
    target = openForWriting(below)
  } catch (error) {
    if (error instanceof AppError && /^disk\/(read-only|unsupported-format)$/.test(error.code)) return false
    throw error
  }
  try {
    if (target.readOnly) return false
    const canHold = withImage(above, (source) => {
      if (source.sectors !== target.sectors) return false
      const extent = createExtent()
      each(source, progress, (position, lengthBytes) => {
        source.mapOwn(position, lengthBytes, extent)
        if (extent.kind === ExtentKind.zero)
          target.writeZeros(position / SECTOR_BYTES, Math.ceil(extent.lengthBytes / SECTOR_BYTES))
        else if (extent.kind !== ExtentKind.backing) copy(source, target, position, extent.lengthBytes)
        return extent.lengthBytes
      })
      return true
    })
    if (!canHold) return false
    target.flush()
  } finally {
    target.close()
  }
  return true
}

/** Makes the disk at `path` as large as one that has grown above it, where its format can. Nobody sees the new end yet. */
function growTo(path: string, sizeBytes: number): void {
  if (imageFacts(path).sizeBytes >= sizeBytes) return
  const disk = openForWriting(path)
  try {
    if (!disk.readOnly && disk.grow(sizeBytes)) disk.flush()
  } finally {
    disk.close()
  }
}

/** Copies into `above` what it shows of `below`. */
function pullUp({ below, above, progress }: MergeRequest): void {
  const standsAlone = backingOf(below) === undefined
  const disk = openForWriting(above)
  try {
    const extent = { ...createExtent(), layer: 0 }
    each(disk, progress, (position, lengthBytes) => {
      disk.locate(position, lengthBytes, extent)
      // Zeros of a layer that stands on another hide what is beneath it; zeros of the last one are there without being stored.
      const wanted = extent.layer === 1 && (extent.kind !== ExtentKind.zero || !standsAlone)
      if (wanted) copy(disk, disk, position, extent.lengthBytes)
      return extent.lengthBytes
    })
    disk.flush()
  } finally {
    disk.close()
  }
}

/** Calls `visit` for runs of the whole disk; it returns how long the run was. Word 0 of `progress` counts MiB; word 1 ends the work. */
function each(disk: Disk, progress: SharedArrayBuffer, visit: (position: number, lengthBytes: number) => number): void {
  const words = new Int32Array(progress)
  const { sizeBytes } = disk
  for (let position = 0; position < sizeBytes; ) {
    if (Atomics.load(words, 1) !== 0)
      throw new AppError('vm/invalid-state', 'The disks are merged later: the machine is wanted')
    position += visit(position, Math.min(sizeBytes - position, 2 ** 30))
    Atomics.store(words, 0, position / 2 ** 20)
  }
}

function copy(from: Disk, to: Disk, position: number, lengthBytes: number): void {
  const piece = new Uint8Array(Math.min(PIECE_BYTES, Math.ceil(lengthBytes / SECTOR_BYTES) * SECTOR_BYTES))
  for (let done = 0; done < lengthBytes; done += piece.length) {
    const sectors = Math.ceil(Math.min(piece.length, lengthBytes - done) / SECTOR_BYTES)
    const lba = (position + done) / SECTOR_BYTES
    from.readSectors(lba, sectors, piece)
    to.writeSectors(lba, sectors, piece)
  }
}
