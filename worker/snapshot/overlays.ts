/** The files of disks under snapshots: empty overlays made, chains read. */
import { existsSync } from 'node:fs'
import { dirname, relative, resolve, sep } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { ByteStore } from '../../core/disk/block-device.ts'
import { createExtent, ExtentKind, type ImageFormatId } from '../../core/disk/disk-image.ts'
import { probeFormat } from '../../core/disk/formats/catalogue.ts'
import { createOverlay, openImage } from '../../core/disk/open-image.ts'
import { removeFile, syncFolder } from '../files/durable-files.ts'
import { createFileByteStore, openFileByteStore } from '../files/file-byte-store.ts'
import { fileImageHost } from '../files/image-host.ts'

const SECTOR_BYTES = 512

export interface OverlayRequest {
  readonly file: string
  /** What it stands on. Absolute, both. */
  readonly backing: string
}

/** Whether a file has the name of an overlay that was made for a snapshot. */
export function isOverlayFile(path: string): boolean {
  return /-[0-9a-f]{8}\.qcow2$/.test(path)
}

/** `backing` as an image at `file` names it: relative where both lie in one machine's folder, so that they move together. */
export function backingName(file: string, backing: string): string {
  const folder = dirname(file)
  const inside = relative(folder, backing)
  const machine = dirname(folder)
  const together = !relative(machine, backing).startsWith('..') && inside !== ''
  return together ? inside.split(sep).join('/') : backing
}

/** Makes empty overlays; durable when it returns. None is left when one cannot be made. */
export function prepareOverlays(overlays: readonly OverlayRequest[]): void {
  const made: string[] = []
  try {
    for (const { file, backing } of overlays) {
      const { sizeBytes, format } = imageFacts(backing)
      const store = createFileByteStore(file)
      made.push(file)
      try {
        createOverlay(store, { backingFile: backingName(file, backing), backingFormat: format, sizeBytes })
        store.flush()
      } finally {
        store.close()
      }
    }
    for (const folder of new Set(made.map((file) => dirname(file)))) syncFolder(folder)
  } catch (error) {
    for (const file of made) removeFile(file)
    throw error
  }
}

/** Size of the disk in an image and its format. */
export function imageFacts(path: string): { readonly sizeBytes: number; readonly format: ImageFormatId } {
  return withImage(path, (disk) => ({ sizeBytes: disk.sectors * SECTOR_BYTES, format: disk.format }))
}

/** Opens an image with its chain for reading. */
export function withImage<T>(path: string, work: (disk: ReturnType<typeof openImage>) => T): T {
  const store = openFileByteStore(path, true)
  let disk: ReturnType<typeof openImage>
  try {
    disk = openImage(store, fileImageHost, { path, readOnly: true })
  } catch (error) {
    store.close()
    throw error
  }
  try {
    return work(disk)
  } finally {
    disk.close()
  }
}

/** Whether the image at `path` holds nothing of its own. */
export function isUntouched(path: string): boolean {
  return withImage(path, (disk) => {
    const [own, below] = disk.chain
    if (own?.backing === undefined || own.sizeBytes !== below?.sizeBytes) return false
    const extent = createExtent()
    const { sizeBytes } = disk
    for (let at = 0; at < sizeBytes; at += extent.lengthBytes) {
      disk.mapOwn(at, Math.min(sizeBytes - at, 2 ** 40), extent)
      if (extent.kind !== ExtentKind.backing) return false
    }
    return true
  })
}

/** What the image at `path` alone stands on, as an absolute path; undefined for one that stands alone or cannot be read. */
export function backingOf(path: string): string | undefined {
  let store: ByteStore
  try {
    store = openFileByteStore(path, true)
  } catch {
    return undefined
  }
  try {
    const layer = probeFormat(store).open({ store, host: fileImageHost, path, readOnly: true })
    return layer.backing && fileImageHost.resolve(path, layer.backing.file)
  } catch {
    return undefined
  } finally {
    store.close()
  }
}

/** The image at `path` and everything beneath it, from the top. Throws `disk/not-found` for a file that is missing. */
export function chainOf(path: string): string[] {
  const chain: string[] = []
  for (let file: string | undefined = resolve(path); file !== undefined; file = backingOf(file)) {
    if (!existsSync(file))
      throw new AppError('disk/not-found', `There is no such file: ${file}`, { context: { path: file } })
    if (chain.includes(file)) break
    chain.push(file)
  }
  return chain
}
