/**
 * The commands that work on sectors (82077AA 5.1): reading, writing, formatting, verifying and scanning, sector by sector as
 * they pass under the head, by DMA channel 2 or byte by byte through the FIFO. No disk here has deleted data marks.
 */
import { AppError } from '../../../base/errors.ts'
import type { DmaChannel } from '../../../bus/dma.ts'
import type { StateRecord } from '../../device.ts'
import type { FloppyDrive } from './floppy-drive.ts'
import {
  type FdcAction,
  MFM,
  MULTI_TRACK,
  SKIP,
  ST0_ABNORMAL,
  ST0_HEAD,
  ST1_DATA_ERROR,
  ST1_END_OF_CYLINDER,
  ST1_MISSING_MARK,
  ST1_NO_DATA,
  ST1_NOT_WRITABLE,
  ST1_OVERRUN,
  ST2_CONTROL_MARK,
  ST2_DATA_ERROR,
  ST2_SCAN_HIT,
  ST2_SCAN_MISS,
} from './registers.ts'

const SECTOR_BYTES = 512
/** Bytes of an ID field that FORMAT TRACK takes for each sector. */
const ID_BYTES = 4
const SCAN_WILDCARD = 0xff

/** What a sector's turn led to. */
export type Progress =
  /** Another sector comes. */
  | 'next'
  /** The command is over; `result` has its seven bytes. */
  | 'done'
  /** The host must first give or take the bytes in `buffer`. */
  | 'host'
  /** The DMA channel does not answer. */
  | 'wait'

/** How data moves: through a DMA channel, or through the FIFO when there is none. */
export type Mover = DmaChannel | undefined

/** One command on its way round the disk. */
export class FloppyTransfer {
  /** Told when the host's disk failed under a guest's command. */
  onHostError: (error: AppError) => void = () => {}
  /** One sector, or one ID field, on its way through the FIFO. */
  readonly buffer = new Uint8Array(SECTOR_BYTES)
  action: FdcAction = 'read'
  /** Bytes of `buffer` that the FIFO moves, and how many it has moved. */
  length = 0
  position = 0
  #modifiers = 0
  #unit = 0
  #head = 0
  #cylinder = 0
  #idHead = 0
  #sector = 1
  #size = 2
  #endOfTrack = 0
  /** Data length; step of SCAN; number of sectors for VERIFY. */
  #extra = 0
  #filler = 0
  /** Sectors done. */
  #done = 0
  #st0 = 0
  #st1 = 0
  #st2 = 0

  /** Takes a command: its first byte and its parameters. */
  begin(action: FdcAction, bytes: Uint8Array): void {
    this.action = action
    this.#modifiers = bytes[0]
    this.#unit = bytes[1] & 3
    this.#head = (bytes[1] >>> 2) & 1
    this.#done = 0
    this.#st0 = 0
    this.#st1 = 0
    this.#st2 = 0
    this.length = 0
    this.position = 0
    if (action === 'read-id') return
    if (action === 'format') {
      this.#size = bytes[2]
      this.#endOfTrack = bytes[3]
      this.#filler = bytes[5]
      return
    }
    this.#cylinder = bytes[2]
    this.#idHead = bytes[3]
    this.#sector = bytes[4]
    this.#size = bytes[5]
    this.#endOfTrack = bytes[6]
    this.#extra = bytes[8]
    // Enable count: the last parameter is the number of sectors to verify.
    if (action === 'verify' && !(bytes[1] & 0x80)) this.#extra = 0
  }

  get unit(): number {
    return this.#unit
  }

  get head(): number {
    return this.#head
  }

  /** The cylinder that the command names, for implied seeks. */
  get cylinder(): number {
    return this.#cylinder
  }

  /** The sector whose turn is next. */
  get sector(): number {
    return this.action === 'read-track' || this.action === 'format' ? this.#done + 1 : this.#sector
  }

  /** Whether data goes to the host. */
  get toHost(): boolean {
    return this.action === 'read' || this.action === 'read-deleted' || this.action === 'read-track'
  }

  /** Whether no data goes over the bus at all. */
  get silent(): boolean {
    return this.action === 'verify' || this.action === 'read-id'
  }

  /** Status registers and the address after the command (6; table 5-2). */
  get result(): readonly number[] {
    const st0 = this.#st0 | (this.#head ? ST0_HEAD : 0) | this.#unit
    return [st0, this.#st1, this.#st2, this.#cylinder, this.#idHead, this.#sector, this.#size]
  }

  /** A sector passes under the head. */
  turn(drive: FloppyDrive, rateKbps: number, mover: Mover): Progress {
    if (!(this.#modifiers & MFM) || !drive.hears(rateKbps)) return this.fail(ST1_MISSING_MARK)
    if (this.action === 'read-id') return this.#readId(drive)
    if (this.#writes && drive.disk?.readOnly) return this.fail(ST1_NOT_WRITABLE)
    if (this.action === 'format') return this.#formatSector(drive, mover)
    if (this.action === 'read-track') return this.#readTrackSector(drive, mover)
    const found = drive.locate(this.#head, [this.#cylinder, this.#idHead, this.#sector, this.#size])
    if (!('lba' in found)) return this.fail(found.st1, found.st2)
    if (this.toHost || this.action === 'verify') return this.#readSector(drive, found.lba, mover)
    return this.#fromHost(SECTOR_BYTES, mover, (terminal) => this.#take(drive, found.lba, terminal))
  }

  /** The FIFO has moved the whole buffer. */
  moved(drive: FloppyDrive): Progress {
    if (this.toHost) return this.#advance(false)
    if (this.action === 'format') return this.#formatId(drive, false)
    const found = drive.locate(this.#head, [this.#cylinder, this.#idHead, this.#sector, this.#size])
    return 'lba' in found ? this.#take(drive, found.lba, false) : this.fail(found.st1, found.st2)
  }

  /** The DMA channel never answered. */
  overrun(): Progress {
    return this.fail(ST1_OVERRUN)
  }

  /** Nothing like an ID was heard. */
  missed(): Progress {
    return this.fail(ST1_MISSING_MARK)
  }

  fail(st1: number, st2 = 0): 'done' {
    this.#st0 = ST0_ABNORMAL
    this.#st1 |= st1
    this.#st2 |= st2
    return 'done'
  }

  save(): StateRecord {
    return {
      buffer: this.buffer.slice(),
      action: this.action,
      length: this.length,
      position: this.position,
      numbers: [
        ...[this.#modifiers, this.#unit, this.#head, this.#cylinder, this.#idHead, this.#sector, this.#size],
        ...[this.#endOfTrack, this.#extra, this.#filler, this.#done, this.#st0, this.#st1, this.#st2],
      ],
    }
  }

  restore(record: StateRecord): void {
    this.buffer.set(record['buffer'] as Uint8Array)
    this.action = record['action'] as FdcAction
    this.length = record['length'] as number
    this.position = record['position'] as number
    const numbers = record['numbers'] as number[]
    ;[this.#modifiers, this.#unit, this.#head, this.#cylinder, this.#idHead, this.#sector, this.#size] = numbers
    ;[this.#endOfTrack, this.#extra, this.#filler, this.#done, this.#st0, this.#st1, this.#st2] = numbers.slice(7)
  }

  get #writes(): boolean {
    return this.action === 'write' || this.action === 'write-deleted' || this.action === 'format'
  }

  /** The first ID that comes by. */
  #readId(drive: FloppyDrive): Progress {
    if (drive.sectorsUnder(this.#head) === 0) return this.fail(ST1_MISSING_MARK)
    this.#cylinder = drive.cylinder
    this.#idHead = this.#head
    this.#sector = 1
    this.#size = 2
    return 'done'
  }

  #readSector(drive: FloppyDrive, lba: number, mover: Mover): Progress {
    const marked = this.action === 'read-deleted'
    // The sector has an ordinary mark: it is skipped, or read and the last one.
    if (marked && this.#modifiers & SKIP) return this.#advance(false)
    if (!this.#access(() => drive.disk?.readSectors(lba, 1, this.buffer))) return 'done'
    if (marked) this.#st2 |= ST2_CONTROL_MARK
    if (this.action === 'verify') return this.#advance(this.#extra > 0 && this.#done + 1 >= this.#extra)
    return this.#toHost(mover, (terminal) => this.#advance(terminal || marked))
  }

  /** READ TRACK takes the sectors in the order they come, whatever their IDs say. */
  #readTrackSector(drive: FloppyDrive, mover: Mover): Progress {
    const number = this.#done + 1
    const found = drive.locate(this.#head, [drive.cylinder, this.#head, number, 2])
    if (!('lba' in found)) return this.fail(found.st1)
    const named = drive.locate(this.#head, [this.#cylinder, this.#idHead, this.#sector, this.#size])
    if (!('lba' in named) || named.lba !== found.lba) this.#st1 |= ST1_NO_DATA
    if (!this.#access(() => drive.disk?.readSectors(found.lba, 1, this.buffer))) return 'done'
    return this.#toHost(mover, (terminal) => this.#advance(terminal))
  }

  /** Hands the buffer to the host. `then` goes on, told whether terminal count was reached. */
  #toHost(mover: Mover, then: (terminal: boolean) => Progress): Progress {
    if (!mover) return this.#askHost(SECTOR_BYTES)
    if (!mover.ready) return 'wait'
    const { terminalCount } = mover.write(this.buffer, 0, SECTOR_BYTES)
    return then(terminalCount)
  }

  /** Fetches `length` bytes from the host into the buffer; what terminal count cuts off is zero. */
  #fromHost(length: number, mover: Mover, then: (terminal: boolean) => Progress): Progress {
    if (!mover) return this.#askHost(length)
    if (!mover.ready) return 'wait'
    this.buffer.fill(0)
    const { terminalCount } = mover.read(this.buffer, 0, length)
    return then(terminalCount)
  }

  #askHost(length: number): Progress {
    this.length = length
    this.position = 0
    return 'host'
  }

  /** Uses a sector's worth of data from the host. */
  #take(drive: FloppyDrive, lba: number, terminal: boolean): Progress {
    if (!this.#writes) return this.#scan(drive, lba, terminal)
    if (!this.#access(() => drive.disk?.writeSectors(lba, 1, this.buffer))) return 'done'
    return this.#advance(terminal)
  }

  /** SCAN compares the disk's bytes with the host's; FFh on either side fits everything (5.1.7). */
  #scan(drive: FloppyDrive, lba: number, terminal: boolean): Progress {
    const sector = new Uint8Array(SECTOR_BYTES)
    if (!this.#access(() => drive.disk?.readSectors(lba, 1, sector))) return 'done'
    let difference = 0
    for (let i = 0; i < SECTOR_BYTES && difference === 0; i++)
      if (sector[i] !== SCAN_WILDCARD && this.buffer[i] !== SCAN_WILDCARD) difference = sector[i] - this.buffer[i]
    if (difference === 0) this.#st2 = ST2_SCAN_HIT
    const met =
      difference === 0 ||
      (this.action === 'scan-low' && difference < 0) ||
      (this.action === 'scan-high' && difference > 0)
    if (met) return this.#advance(true)
    this.#st2 = ST2_SCAN_MISS
    const step = Math.max(this.#extra, 1)
    if (terminal || this.#sector + step > this.#endOfTrack) return this.#advance(true)
    this.#sector += step
    return 'next'
  }

  /** FORMAT TRACK: for each sector the host gives an ID. The image keeps its format; others cannot be made of it. */
  #formatSector(drive: FloppyDrive, mover: Mover): Progress {
    const sectors = drive.sectorsUnder(this.#head)
    if (sectors === 0 || this.#endOfTrack !== sectors || this.#size !== 2) return this.fail(ST1_NO_DATA)
    return this.#fromHost(ID_BYTES, mover, (terminal) => this.#formatId(drive, terminal))
  }

  #formatId(drive: FloppyDrive, terminal: boolean): Progress {
    const [cylinder, idHead, sector, size] = this.buffer
    const found = drive.locate(this.#head, [cylinder, idHead, sector, size])
    if (!('lba' in found)) return this.fail(ST1_NO_DATA)
    const filled = new Uint8Array(SECTOR_BYTES).fill(this.#filler)
    if (!this.#access(() => drive.disk?.writeSectors(found.lba, 1, filled))) return 'done'
    this.#done++
    return terminal || this.#done >= this.#endOfTrack ? 'done' : 'next'
  }

  /** One sector is done: which is the next, and is there one? */
  #advance(terminal: boolean): Progress {
    this.#done++
    if (this.action === 'read-track') {
      this.#sector++
      if (terminal) return 'done'
      return this.#done >= this.#endOfTrack ? this.#endOfCylinder() : 'next'
    }
    const last = this.#sector === this.#endOfTrack
    if (!last) this.#sector = (this.#sector + 1) & 0xff
    else {
      // On both sides the other one follows; after the second, or on one side, the next cylinder would.
      const twoSides = (this.#modifiers & MULTI_TRACK) !== 0
      this.#sector = 1
      if (twoSides) this.#idHead ^= 1
      if (!twoSides || this.#head === 1) this.#cylinder++
      const goesOn = twoSides && this.#head === 0
      if (goesOn && !terminal) this.#head ^= 1
      if (!goesOn && !terminal) return this.action === 'verify' && this.#extra === 0 ? 'done' : this.#endOfCylinder()
    }
    return terminal ? 'done' : 'next'
  }

  #endOfCylinder(): 'done' {
    return this.fail(ST1_END_OF_CYLINDER)
  }

  #access(access: () => void): boolean {
    try {
      access()
      return true
    } catch (cause) {
      if (!(cause instanceof AppError)) throw cause
      this.onHostError(cause)
      this.fail(ST1_DATA_ERROR, ST2_DATA_ERROR)
      return false
    }
  }
}
