/** Registers, status bits and commands of the floppy controller. Source: Intel 82077AA data sheet (290166-007), 2, 5 and 6. */

export const PORT = { dor: 0x3f2, tdr: 0x3f3, msr: 0x3f4, fifo: 0x3f5, dir: 0x3f7 } as const

/** Digital output register (2.1.2). */
export const DOR_DRIVE = 0x03
export const DOR_RUN = 0x04
/** Lets interrupt and DMA request through. */
export const DOR_GATE = 0x08
export const DOR_MOTOR = 0x10

/** Main status register (2.1.4). */
export const MSR_REQUEST = 0x80
export const MSR_TO_HOST = 0x40
export const MSR_NO_DMA = 0x20
export const MSR_BUSY = 0x10

export const DSR_RESET = 0x80
export const DSR_RATE = 0x03
export const DIR_CHANGED = 0x80

/** Status register 0 (6.1): how a command ended, seek end, equipment check. */
export const ST0_ABNORMAL = 0x40
export const ST0_INVALID = 0x80
export const ST0_POLLING = 0xc0
export const ST0_SEEK_END = 0x20
export const ST0_EQUIPMENT = 0x10
export const ST0_HEAD = 0x04

/** Status register 1 (6.2). */
export const ST1_END_OF_CYLINDER = 0x80
export const ST1_DATA_ERROR = 0x20
export const ST1_OVERRUN = 0x10
export const ST1_NO_DATA = 0x04
export const ST1_NOT_WRITABLE = 0x02
export const ST1_MISSING_MARK = 0x01

/** Status register 2 (6.3). */
export const ST2_CONTROL_MARK = 0x40
export const ST2_DATA_ERROR = 0x20
export const ST2_WRONG_CYLINDER = 0x10
export const ST2_SCAN_HIT = 0x08
export const ST2_SCAN_MISS = 0x04
export const ST2_BAD_CYLINDER = 0x02

/** Status register 3 (6.4). Ready and two sides are always told. */
export const ST3_PROTECTED = 0x40
export const ST3_READY = 0x20
export const ST3_TRACK0 = 0x10
export const ST3_TWO_SIDED = 0x08

/** Modifiers in the first byte of commands that move data: both sides, MFM, skip marked sectors. */
export const MULTI_TRACK = 0x80
export const MFM = 0x40
export const SKIP = 0x20

/** What the controller can be asked to do. */
export type FdcAction =
  | 'read'
  | 'read-deleted'
  | 'read-track'
  | 'read-id'
  | 'write'
  | 'write-deleted'
  | 'format'
  | 'verify'
  | 'scan-equal'
  | 'scan-low'
  | 'scan-high'
  | 'specify'
  | 'sense-drive'
  | 'sense-interrupt'
  | 'recalibrate'
  | 'seek'
  | 'relative-seek'
  | 'dump-registers'
  | 'version'
  | 'perpendicular'
  | 'configure'
  | 'lock'

/** A command: the bits of its first byte that name it, and the bytes that follow. */
export interface FdcCommand {
  readonly action: FdcAction
  readonly code: number
  readonly mask: number
  readonly parameters: number
}

/** The low five bits name commands that have modifiers above them. */
const MODIFIED = 0x1f
const PLAIN = 0xff

/** Table 5-1. A byte that fits none is an invalid command, PART ID of the successor among them. */
export const FDC_COMMANDS: readonly FdcCommand[] = [
  { action: 'read', code: 0x06, mask: MODIFIED, parameters: 8 },
  { action: 'read-deleted', code: 0x0c, mask: MODIFIED, parameters: 8 },
  { action: 'write', code: 0x05, mask: MODIFIED, parameters: 8 },
  { action: 'write-deleted', code: 0x09, mask: MODIFIED, parameters: 8 },
  { action: 'read-track', code: 0x02, mask: MODIFIED, parameters: 8 },
  { action: 'verify', code: 0x16, mask: MODIFIED, parameters: 8 },
  { action: 'scan-equal', code: 0x11, mask: MODIFIED, parameters: 8 },
  { action: 'scan-low', code: 0x19, mask: MODIFIED, parameters: 8 },
  { action: 'scan-high', code: 0x1d, mask: MODIFIED, parameters: 8 },
  { action: 'read-id', code: 0x0a, mask: 0xbf, parameters: 1 },
  { action: 'format', code: 0x0d, mask: 0xbf, parameters: 5 },
  { action: 'version', code: 0x10, mask: PLAIN, parameters: 0 },
  { action: 'recalibrate', code: 0x07, mask: PLAIN, parameters: 1 },
  { action: 'sense-interrupt', code: 0x08, mask: PLAIN, parameters: 0 },
  { action: 'specify', code: 0x03, mask: PLAIN, parameters: 2 },
  { action: 'sense-drive', code: 0x04, mask: PLAIN, parameters: 1 },
  { action: 'configure', code: 0x13, mask: PLAIN, parameters: 3 },
  { action: 'seek', code: 0x0f, mask: PLAIN, parameters: 2 },
  { action: 'relative-seek', code: 0x8f, mask: 0xbf, parameters: 2 },
  { action: 'dump-registers', code: 0x0e, mask: PLAIN, parameters: 0 },
  { action: 'perpendicular', code: 0x12, mask: PLAIN, parameters: 1 },
  { action: 'lock', code: 0x14, mask: 0x7f, parameters: 0 },
]
