/**
 * What disk images are to the rest of the app, and what formats are to disk images. An image is a chain of layers: the first is
 * the image itself, each further one the backing file of the one before. A layer knows only its own file (or files).
 */
import type { BlockDevice, ByteStore } from './block-device.ts'

export const IMAGE_FORMAT_IDS = ['raw', 'qcow2', 'vdi', 'vmdk', 'vhd'] as const
export type ImageFormatId = (typeof IMAGE_FORMAT_IDS)[number]

/** What a layer has at a place. */
export const ExtentKind = {
  /** Nothing: the backing file shows through, or zeros where there is none. */
  backing: 0,
  /** Zeros, whatever the backing file has. */
  zero: 1,
  /** Bytes in a file. */
  data: 2,
  /** Bytes that must be unpacked first. */
  packed: 3,
} as const
export type ExtentKind = (typeof ExtentKind)[keyof typeof ExtentKind]

/** A run of bytes that lies in one piece. Filled in by `ImageLayer.map`, and reused between calls. */
export interface Extent {
  kind: ExtentKind
  lengthBytes: number
  /** Where it is in `store`, when it is data. */
  position: number
  store: ByteStore | undefined
}

export function createExtent(): Extent {
  return { kind: ExtentKind.backing, lengthBytes: 0, position: 0, store: undefined }
}

/** The file that a layer stands on, as the layer names it. */
export interface BackingReference {
  readonly file: string
  /** Undefined when the layer does not tell: then the content decides. */
  readonly format: ImageFormatId | undefined
  /** What that file's `identity` must be, where the layer tells. */
  readonly identity?: string
}

/** What lies below a layer, for writes that fill only a part of a cluster. */
export interface LayerBase {
  /** Bytes past the end of what is below read as zero. */
  read(position: number, lengthBytes: number, into: Uint8Array, offset: number): void
  /** Whether all of it is known to be zero, without reading it. */
  isZero(position: number, lengthBytes: number): boolean
}

/** What an image says of itself, besides its size. Values are for people and for JSON. */
export type ImageDetails = Readonly<Record<string, string | number | boolean>>

/** One file of a chain. Positions and lengths in bytes, multiples of 512 but for the end of an image of an odd size. */
export interface ImageLayer {
  readonly format: ImageFormatId
  /** Of the disk in it. */
  readonly sizeBytes: number
  readonly readOnly: boolean
  /** What it allocates at once; boundaries of runs are multiples of it. */
  readonly granuleBytes: number
  readonly backing: BackingReference | undefined
  /** By which other images name it, in formats that do so besides the file name. */
  readonly identity?: string
  readonly details: ImageDetails
  /** Fills `extent` for the run at `position`, at most `lengthBytes` long and at least one granule where there is one. */
  map(position: number, lengthBytes: number, extent: Extent): void
  /** Reads within an extent that is packed. */
  readPacked(position: number, lengthBytes: number, into: Uint8Array, offset: number): void
  write(position: number, lengthBytes: number, from: Uint8Array, offset: number, base: LayerBase): void
  /** Makes a run zero without storing zeros where the format can. False when it cannot: write zeros then. */
  writeZeros?(position: number, lengthBytes: number, base: LayerBase): boolean
  /** Makes the disk larger where the file can stay as it is. */
  grow?(sizeBytes: number): void
  /** Hands tables that are held back to the file. */
  settle(): void
  /** Returns when everything written is on stable storage, tables included. */
  flush(): void
  /** Brings the file into its final state and closes it, even when it throws. */
  close(): void
}

/** One file of a chain, as `vitrine disk info` tells it. */
export interface LayerInfo {
  readonly file: string
  readonly format: ImageFormatId
  readonly sizeBytes: number
  readonly backing: BackingReference | undefined
  readonly identity: string | undefined
  readonly details: ImageDetails
}

/** A disk image with everything it stands on. */
export interface DiskImage extends BlockDevice {
  readonly format: ImageFormatId
  /** Of the disk in it, in bytes. Rounded up to whole sectors. */
  readonly sizeBytes: number
  /** The image itself, then its backing files. */
  readonly chain: readonly LayerInfo[]
  /**
   * What is at `position`: `backing` never comes out. Fills `extent` with a run of at most `lengthBytes`; `layer` is the index
   * in `chain` of the file that it is in.
   */
  locate(position: number, lengthBytes: number, extent: Extent & { layer: number }): void
  /** The allocation of the first layer alone. */
  mapOwn(position: number, lengthBytes: number, extent: Extent): void
  /** Makes sectors zero, without storing zeros where the format can. */
  writeZeros(lba: number, count: number): void
  settle(): void
}

/** Files of the host that images name, and unpacking: the core can do neither. */
export interface ImageHost {
  /** Absolute path of `name` as it stands in the image at `path`. */
  resolve(path: string, name: string): string
  /** Throws as `ByteStore` does. */
  open(path: string, readOnly: boolean): ByteStore
  /**
   * Unpacks one piece into `into` and returns how many bytes that made; what follows it in `from` is ignored. Throws AppError
   * `disk/corrupt-image` when it is damaged or longer than `into`.
   */
  unpack(method: 'deflate' | 'zlib' | 'zstd', from: Uint8Array, into: Uint8Array): number
}
