/**
 * Finite tasks on disk images: what the host process asks of the disk threads. Progress and cancellation go through a shared
 * buffer, because a task does not look at messages while it runs.
 *
 *     bytes 0..3    Int32, 1: stop
 *     bytes 8..15   Float64, bytes done
 *     bytes 16..23  Float64, bytes in all
 */

import type { DiskCheck, DiskFormat, DiskInfo, DiskOptions, DiskSizes } from './disk-info.ts'

export const DISK_TASK_CONTROL_BYTES = 24

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
