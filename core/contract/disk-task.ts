/**
 * Finite tasks on disk images: what the host process asks of the disk threads. Progress and cancellation go through a shared
 * buffer, because a task does not look at messages while it runs.
 *
 *     bytes 0..3    Int32, 1: stop
 *     bytes 8..15   Float64, bytes done
 *     bytes 16..23  Float64, bytes in all
 */

export const DISK_TASK_CONTROL_BYTES = 24

/** Formats of images, as the command line names them. */
export const DISK_FORMATS = ['raw', 'qcow2', 'vdi', 'vmdk', 'vhd'] as const
export type DiskFormat = (typeof DISK_FORMATS)[number]

export type DiskOptions = Readonly<Record<string, string | number | boolean>>

/** Paths are absolute. */
export type DiskTask =
  | { readonly type: 'info'; readonly file: string }
  | {
      readonly type: 'create'
      readonly file: string
      readonly format: DiskFormat
      /** By default that of the backing file. */
      readonly sizeBytes: number | null
      readonly options: DiskOptions
      /** As it shall stand in the image: relative names are relative to its folder. */
      readonly backing: string | null
      readonly overwrite: boolean
    }
  | {
      readonly type: 'convert'
      readonly file: string
      readonly target: string
      readonly format: DiskFormat
      readonly options: DiskOptions
      readonly overwrite: boolean
    }
  | { readonly type: 'check'; readonly file: string; readonly repair: boolean }
  | { readonly type: 'compact'; readonly file: string }
  | { readonly type: 'resize'; readonly file: string; readonly sizeBytes: number; readonly shrink: boolean }

export interface DiskFileInfo {
  readonly file: string
  readonly format: DiskFormat
  /** Of the disk in it. */
  readonly sizeBytes: number
  /** That the file takes on the host, holes left out. */
  readonly allocatedBytes: number
  readonly details: Readonly<Record<string, string | number | boolean>>
}

/** The image and its backing files in order. */
export interface DiskInfo extends DiskFileInfo {
  readonly backing: readonly DiskFileInfo[]
}

export interface DiskCheck {
  readonly format: DiskFormat
  /** Whether the format has tables that can be checked. */
  readonly isCheckable: boolean
  readonly errors: number
  readonly leaks: number
  readonly remainingErrors: number
  readonly remainingLeaks: number
  readonly messages: readonly string[]
}

export interface DiskSizes {
  readonly beforeBytes: number
  readonly afterBytes: number
}

/** Results by task. Sizes are those of the file for `compact`, and of the disk for `resize`. */
export interface DiskTaskResults {
  readonly info: DiskInfo
  readonly create: DiskInfo
  readonly convert: DiskInfo
  readonly check: DiskCheck
  readonly compact: DiskSizes
  readonly resize: DiskSizes
}

export type DiskTaskOf<T extends DiskTask['type']> = Extract<DiskTask, { type: T }>
