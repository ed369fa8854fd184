/** Opens an image with everything it stands on, and makes overlays. */
import { AppError } from '../base/errors.ts'
import type { ByteStore } from './block-device.ts'
import type { ImageFormatId, ImageHost, ImageLayer } from './disk-image.ts'
import { imageFormat, probeFormat } from './formats/catalogue.ts'
import { createQcow2 } from './formats/qcow2/create.ts'
import { foreignFormat } from './image-signatures.ts'
import { LayeredDisk, type LayeredDiskOptions } from './layered-disk.ts'

/** Longer chains are refused: each file of one is open. */
const MAX_CHAIN = 256

export interface OpenImageOptions extends LayeredDiskOptions {
  /** Absolute. */
  readonly path: string
  readonly readOnly: boolean
  /** What it is known to be; by its content otherwise. */
  readonly format?: ImageFormatId | undefined
}

/**
 * Opens the image in `store`. Throws `disk/unsupported-format` for formats and features that are not supported, by name,
 * `disk/corrupt-image` for damage, and what opening backing files throws. What it opened is closed then, but for `store`.
 */
export function openImage(store: ByteStore, host: ImageHost, options: OpenImageOptions): LayeredDisk {
  const layers: ImageLayer[] = []
  const paths = [options.path]
  try {
    layers.push(openLayer(store, host, options.path, options.readOnly, options.format))
    for (let backing = layers[0]?.backing; backing; backing = layers.at(-1)?.backing) {
      const path = host.resolve(paths.at(-1) as string, backing.file)
      if (paths.includes(path) || paths.length >= MAX_CHAIN)
        throw new AppError(
          'disk/corrupt-image',
          `${options.path} stands on itself, or on more than ${MAX_CHAIN} files`,
          {
            context: { path: options.path, backing: path },
          },
        )
      const below = openBacking(host, path, options.path)
      try {
        const layer = openLayer(below, host, path, true, backing.format)
        layers.push(layer)
        if (backing.identity !== undefined && layer.identity !== backing.identity) throw notTheParent(paths, path)
      } catch (error) {
        if (layers.length === paths.length) below.close()
        throw error
      }
      paths.push(path)
    }
  } catch (error) {
    // The first store is the caller's.
    for (const layer of layers.slice(1)) layer.close()
    throw error
  }
  return new LayeredDisk(layers, paths, options)
}

function notTheParent(paths: readonly string[], path: string): AppError {
  const message = `${paths.at(-1)} was made for another backing file than the one that is there now: ${path}`
  return new AppError('disk/corrupt-image', message, { context: { backing: path } })
}

function openBacking(host: ImageHost, path: string, top: string): ByteStore {
  try {
    return host.open(path, true)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'disk/not-found') throw error
    throw new AppError('disk/not-found', `${top} needs its backing file, which is missing: ${path}`, {
      context: { path: top, backing: path },
      cause: error,
    })
  }
}

function openLayer(
  store: ByteStore,
  host: ImageHost,
  path: string,
  readOnly: boolean,
  format: ImageFormatId | undefined,
): ImageLayer {
  const found = format === undefined ? probeFormat(store) : imageFormat(format)
  if (found.id === 'raw' && format === undefined) refuseForeign(store, path)
  return found.open({ store, host, path, readOnly })
}

/** Throws for files that are recognised and no format here. */
export function refuseForeign(store: ByteStore, name: string): void {
  const foreign = foreignFormat(store)
  if (!foreign) return
  const way =
    foreign.kind === 'archive' ? 'unpack it first' : 'convert it with: qemu-img convert -O qcow2 IMAGE disk.qcow2'
  throw new AppError('disk/unsupported-format', `${name} is a ${foreign.name} file, which is not supported; ${way}`, {
    context: { format: foreign.name },
  })
}

export interface NewOverlay {
  /** As the overlay names it: a name relative to the overlay's folder lets both move together. */
  readonly backingFile: string
  readonly backingFormat: ImageFormatId
  /** Of the disk; a multiple of 512, usually that of the backing file. */
  readonly sizeBytes: number
}

/** Makes, in an empty store, a qcow2 image with nothing in it that stands on `backingFile`. The caller flushes and closes. */
export function createOverlay(store: ByteStore, overlay: NewOverlay): void {
  const { backingFile, backingFormat, sizeBytes } = overlay
  createQcow2(store, { sizeBytes, backing: { file: backingFile, format: backingFormat } })
}
