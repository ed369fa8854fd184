/** What the host process asks of the threads that look into foreign files. Paths are absolute. */

import type { MediumEntry } from './medium-api.ts'

/** Ways of packing that are unpacked. A zip has members, the others hold one file. */
export type Packing = 'gzip' | 'xz' | 'zstd' | 'bzip2' | 'zip'

/** What a medium shows of its system, as core/disk/recognise tells it. */
export interface RecognisedSystem {
  readonly system: string
  readonly strength: 'possible' | 'likely' | 'certain'
  readonly reasons: readonly string[]
  readonly version: string
}

export interface RecognisedFile {
  readonly kind: 'floppy' | 'disk' | 'cdrom' | 'kernel' | 'initrd' | 'machine'
  readonly format: string
  readonly sizeBytes: number
  readonly bootable: boolean
  readonly label: string
  readonly system: RecognisedSystem | undefined
  readonly obstacle: string | undefined
}

/** A file, or how it is packed. */
export type FileLook = { readonly packed: Packing } | { readonly file: RecognisedFile }

export interface ArchiveMember {
  readonly name: string
  readonly sizeBytes: number
  readonly kind: RecognisedFile['kind']
}

/** Files for a new medium: in one file one behind the other, or on the host. */
export type ComposeSource =
  | { readonly kind: 'pack'; readonly path: string | null; readonly entries: readonly MediumEntry[] }
  | { readonly kind: 'paths'; readonly paths: readonly string[] }

/** Requests and results by task. */
export interface ImportTasks {
  readonly look: { readonly request: { readonly path: string; readonly name: string }; readonly result: FileLook }
  /** The images in a zip. */
  readonly members: {
    readonly request: { readonly path: string; readonly name: string }
    readonly result: readonly ArchiveMember[]
  }
  /** Unpacks into a new file, which is gone again when that fails. Long runs of zeros become holes. Progress is of the packed file. */
  readonly unpack: {
    readonly request: {
      readonly path: string
      readonly name: string
      readonly packing: Packing
      /** Of a zip. */
      readonly member: string | null
      readonly target: string
    }
    readonly result: { readonly sizeBytes: number }
  }
  /** Makes a medium of ordinary files in a new file. */
  readonly compose: {
    readonly request: {
      readonly source: ComposeSource
      readonly medium: 'floppy' | 'cdrom'
      readonly label: string
      readonly target: string
    }
    readonly result: { readonly sizeBytes: number; readonly files: number }
  }
  /** Copies a file with holes for its runs of zeros. */
  readonly copy: {
    readonly request: { readonly path: string; readonly target: string }
    readonly result: { readonly sizeBytes: number }
  }
}
