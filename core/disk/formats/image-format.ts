/** What the catalogue of formats lists: how an image of a format is recognised, opened, made and checked. */
import type { Schema } from '../../base/schema.ts'
import type { ByteStore } from '../block-device.ts'
import type { ImageFormatId, ImageHost, ImageLayer } from '../disk-image.ts'

/** One file being opened. */
export interface LayerRequest {
  readonly store: ByteStore
  readonly host: ImageHost
  /** Absolute, for names of other files in it; messages name the file by it. */
  readonly path: string
  readonly readOnly: boolean
}

/** A new image. Everything but the size has a default. */
export interface CreateRequest {
  /** A multiple of 512. */
  readonly sizeBytes: number
  readonly backing?: { readonly file: string; readonly format: ImageFormatId; readonly identity?: string | undefined }
  /** Values for the format's own options, such as `clusterBytes`. */
  readonly options?: Readonly<Record<string, string | number | boolean>>
  /** By which other images name it, where it replaces one. */
  readonly identity?: string
  /** Random bytes, for identifiers. */
  readonly entropy: (bytes: number) => Uint8Array
  /** Makes a further file for formats that have several; `name` is how the image names it. */
  readonly createPart?: (part: string) => { readonly store: ByteStore; readonly name: string }
  /** As the image will be called, for formats that have their own name in them. */
  readonly fileName?: string
  /** Seconds since 1970, for formats that note when they were made. */
  readonly nowSeconds: number
}

/** Damage by kind, as checks count it. */
export interface CheckReport {
  /** What would lose data or already has. */
  readonly errors: number
  /** Space that nothing uses. */
  readonly leaks: number
  /** After repair. */
  readonly remainingErrors: number
  readonly remainingLeaks: number
  /** The first of them in words. */
  readonly messages: readonly string[]
}

/** An object schema, whose keys are the options. */
export type OptionsSchema = Schema<object> & { readonly shape: Readonly<Record<string, unknown>> }

export interface ImageFormat {
  readonly id: ImageFormatId
  readonly label: string
  /** For file dialogs and new files; the first is the usual one. Never used to recognise one. */
  readonly extensions: readonly string[]
  /** What `create` can be told besides the size; everything has a default. The same names are in an image's details. */
  readonly options: OptionsSchema
  /** Whether the content is of this format. Raw has no such test: it is what remains. */
  probe(store: ByteStore): boolean
  /** Throws AppError for damage and for what is not supported; the store is the caller's until it returns. */
  open(request: LayerRequest): ImageLayer
  /** Makes an image in an empty store. */
  create(store: ByteStore, request: CreateRequest): void
  /** Compares the tables with each other. Writes only with `repair`. */
  check?(request: LayerRequest, repair: boolean): CheckReport
}
