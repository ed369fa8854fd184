/**
 * What the host process and the thread of a running machine say to each other. Messages travel through a MessagePort; the
 * doorbell, a word of the control block, wakes a sleeping thread. Pictures go through a shared buffer.
 *
 *   control block, Int32 words
 *   0 DOORBELL          the host adds 1 after each message, and notifies
 *   1 FRAME_INTERVAL_MS how often the host wants pictures; 0: never
 *   2 FRAME_SEQUENCE    number of the picture in the frame buffer
 *   3 FRAME_TAKEN       number of the last picture that the host has copied; the thread draws the next one after that
 */

import type { Lights } from './events.ts'
import type { KeyEvent } from './key-codes.ts'
import type { KeyboardLayout } from './keyboard-layouts.ts'
import type { MouseEventRecord, ScreenText } from './machine-api.ts'
import type { ErrorRecord } from './machine-card.ts'
import type { DriveKind, DriveSlot, MachineSpec } from './machine-spec.ts'
import type { MachineProfile } from './profile.ts'

export const DOORBELL = 0
export const FRAME_INTERVAL_MS = 1
export const FRAME_SEQUENCE = 2
export const FRAME_TAKEN = 3
export const CONTROL_BYTES = 64

/** How one run of a machine differs from its spec. */
export interface RunOptions {
  readonly engine: 'auto' | 'interpreter' | 'compiler'
  readonly debugExit: boolean
  /** Every write of this run is forgotten. */
  readonly discardWrites: boolean
  /** Refuse to start (`disk/not-bootable`) when no medium in the boot order can boot. */
  readonly requireBootable: boolean
  /**
   * The guest runs only while a call that takes guest time (`type-text`, `input-read`, `wait-text`, `sleep`) is under way,
   * until `run-freely`. With the virtual clock this makes a script's every step happen at a repeatable instant.
   */
  readonly stepped: boolean
}

/** A saved state that the machine takes up instead of starting. Paths are absolute. */
export interface ResumeSource {
  /** Identity of the snapshot, which later ones may refer to. */
  readonly id: string
  readonly stateFile: string
  readonly memoryMap: string
  readonly packFolder: string
}

/** The task that the pool runs. Paths in `spec` are absolute; the port is transferred. */
export interface VmThreadTask<Port> {
  readonly spec: MachineSpec
  readonly options: RunOptions
  /** The machine is paused then, until it is told to resume. */
  readonly resume: ResumeSource | null
  readonly port: Port
  /** Leads to the thread that compiles; null: the machine's own thread does. */
  readonly compilerPort: Port | null
  readonly control: SharedArrayBuffer
}

/** What the host tells the thread. `call` numbers are answered by a `reply` or `failure`. */
export type VmThreadCommand =
  | { readonly type: 'keys'; readonly events: readonly KeyEvent[] }
  | { readonly type: 'mouse'; readonly events: readonly MouseEventRecord[] }
  | { readonly type: 'serial'; readonly port: number; readonly bytes: Uint8Array }
  | { readonly type: 'call'; readonly call: number; readonly request: VmThreadRequest }

export type VmThreadRequest =
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'reset' }
  | { readonly type: 'power-off' }
  | { readonly type: 'power-button' }
  /** Typed on `layout` (`us` when absent); characters that it lacks are refused, or left out with `skipMissing`. */
  | {
      readonly type: 'type-text'
      readonly text: string
      readonly layout?: KeyboardLayout
      readonly skipMissing?: boolean
    }
  /** Answered when the guest has read every key and movement sent before. */
  | { readonly type: 'input-read' }
  | {
      readonly type: 'insert'
      readonly slot: DriveSlot
      readonly file: string
      readonly writeProtected: boolean
      readonly discardWrites: boolean
    }
  | { readonly type: 'eject'; readonly slot: DriveSlot }
  /**
   * Takes the state of a moment and keeps its memory until `snapshot-end`. From that moment on writes of the drives go to
   * `overlays`, empty images that stand on the present ones.
   */
  | {
      readonly type: 'snapshot-begin'
      readonly overlays: readonly { readonly slot: DriveSlot; readonly file: string }[]
      /** The snapshot before: pages that were not written since need not be stored. */
      readonly base: string | null
    }
  /** The memory has been written; `id` is the snapshot that later ones may refer to, null when it failed. */
  | { readonly type: 'snapshot-end'; readonly id: string | null }
  | { readonly type: 'screen-text' }
  /** Draws the picture into the frame buffer at once and tells it as a `frame`. */
  | { readonly type: 'draw' }
  | { readonly type: 'stats' }
  | { readonly type: 'profile-start' }
  | { readonly type: 'profile-stop' }
  /**
   * Answered when the text screen or a serial line shows `text`, or guest time is over. Serial output counts from the end of
   * the last match on, so that nothing is missed between two waits. A `background` wait neither moves that point nor makes a
   * stepped machine run.
   */
  | {
      readonly type: 'wait-text'
      readonly text: string
      readonly timeoutSeconds: number | null
      readonly background: boolean
    }
  /** Answered after this much guest time. */
  | { readonly type: 'sleep'; readonly seconds: number }
  | { readonly type: 'run-freely' }
  /** How fast it may be from now on, as in `cpu` of its spec. */
  | { readonly type: 'set-pace'; readonly limitMips: number | null; readonly capPercent: number }

/** Results by request; those not listed answer with null. */
export interface VmThreadReplies {
  'snapshot-begin': SnapshotMoment
  /** The longest time that the guest did not run between two of its slices since the snapshot began. */
  'snapshot-end': { readonly longestGapMs: number }
  'screen-text': ScreenText
  stats: VmThreadStats
  'profile-stop': MachineProfile
  /** Where it was seen; `nowhere` when the time was over first. */
  'wait-text': { readonly seen: 'screen' | 'serial' | 'nowhere' }
}
export type VmThreadReply<T extends VmThreadRequest['type']> = T extends keyof VmThreadReplies
  ? VmThreadReplies[T]
  : null

/** A moment of a machine: its state, and what its memory is read from. */
export interface SnapshotMoment {
  readonly state: Uint8Array<ArrayBuffer>
  readonly memory: SharedArrayBuffer
  readonly savedOffset: number
  readonly pages: number
  readonly buffers: SharedPageBuffers
  /** For each page whether it was written since the base; null when that is not known. */
  readonly dirty: Uint8Array<ArrayBuffer> | null
  /** Contents of the floppies that the guest may have written. */
  readonly floppies: readonly { readonly slot: DriveSlot; readonly bytes: Uint8Array<ArrayBuffer> }[]
  readonly guestSeconds: number
}

/** See core/memory/copy-on-write.ts. */
export interface SharedPageBuffers {
  readonly claims: SharedArrayBuffer
  readonly spare: SharedArrayBuffer
  readonly returned: SharedArrayBuffer
}

export interface VmThreadStats {
  readonly speedMips: number
  readonly idle: number
  readonly hostLoad: number
  readonly guestSeconds: number
  readonly instructionsInterpreted: number
  readonly instructionsCompiled: number
  readonly regionsCompiled: number
  readonly compileSeconds: number
  /** Bytes of WebAssembly made. */
  readonly codeBytes: number
  /** Memory of the machine and of its thread: the guest's, tables, heap. What was never touched counts as well. */
  readonly memoryBytes: number
  readonly exits: Readonly<Record<string, number>>
  readonly drives: readonly { readonly slot: DriveSlot; readonly readBytes: number; readonly writtenBytes: number }[]
}

/** How a run ended. */
export type RunEnd =
  | { readonly kind: 'power-off'; readonly by: 'guest' | 'host' }
  | { readonly kind: 'exit'; readonly value: number }

/** What the thread tells the host. The task's own result is null: `ended` says how it ended, a rejection is a crash. */
export type VmThreadMessage =
  /** Files that the images of the drives consist of or stand on, besides themselves; sent before `started`. */
  | { readonly type: 'images'; readonly files: readonly { readonly file: string; readonly writes: boolean }[] }
  | { readonly type: 'started' }
  | { readonly type: 'reply'; readonly call: number; readonly result: unknown }
  | { readonly type: 'failure'; readonly call: number; readonly error: ErrorRecord }
  | { readonly type: 'serial'; readonly port: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'tone'; readonly frequencyHz: number }
  | { readonly type: 'log'; readonly level: 'debug' | 'info' | 'warn'; readonly message: string }
  | { readonly type: 'stats'; readonly stats: VmThreadStats }
  /** Lights have changed. */
  | { readonly type: 'lights'; readonly lights: Lights }
  /** The picture with FRAME_SEQUENCE is in the newest `frame-buffer`. */
  | { readonly type: 'frame'; readonly sequence: number; readonly mode: FrameMode }
  | { readonly type: 'frame-buffer'; readonly buffer: SharedArrayBuffer }
  /** A host file failed; the machine has been paused so that nothing is lost, and goes on with `resume`. */
  | { readonly type: 'paused-by-error'; readonly error: ErrorRecord }
  /** With the profile that was being taken, if any. */
  | {
      readonly type: 'ended'
      readonly end: RunEnd
      readonly stats: VmThreadStats
      readonly profile: MachineProfile | null
    }
  /** The machine could not be made; nothing has run. */
  | { readonly type: 'not-started'; readonly error: ErrorRecord }

export interface FrameMode {
  readonly widthPx: number
  readonly heightPx: number
  readonly aspectWidth: number
  readonly aspectHeight: number
}

/** What an image is, as the media task tells it. */
export interface MediumInfo {
  readonly kind: DriveKind
  /** Of the medium as the guest sees it. */
  readonly sizeBytes: number
  readonly bootable: boolean
}

/** What came of a media task: an AppError does not survive the way between threads, so it travels as a record. */
export type MediaTaskResult<T> = { readonly ok: T } | { readonly error: ErrorRecord }
