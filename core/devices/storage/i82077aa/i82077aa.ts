/**
 * Intel 82077AA floppy disk controller in AT mode, with two drives, interrupt 6 and DMA channel 2. It listens at the data rate
 * that software sets, so that a disk of another density is not read; formats are those of floppy-formats.ts.
 * Source: Intel 82077AA data sheet (290166-007). Unsupported: tape drives, formats with other sector sizes or several of them
 * on a track, deleted data marks (they are neither kept nor found), the power-down mode.
 */
import type { AppError } from '../../../base/errors.ts'
import { z } from '../../../base/schema.ts'
import type { DmaChannel } from '../../../bus/dma.ts'
import type { InterruptLine } from '../../../bus/interrupt-line.ts'
import type { BlockDevice } from '../../../disk/block-device.ts'
import type { FloppyDriveType } from '../../../disk/floppy-formats.ts'
import type { Timer } from '../../../time/timer-queue.ts'
import { type Device, type DeviceContext, defineDevice, type StateRecord } from '../../device.ts'
import { FloppyDrive } from './floppy-drive.ts'
import * as registers from './registers.ts'
import { type FdcCommand, PORT } from './registers.ts'
import { Seeks } from './seeks.ts'
import { ACCURATE, FAST, type FloppyTiming, SPIN_UP_NS } from './timing.ts'
import { FloppyTransfer, type Progress } from './transfer.ts'

const IRQ = 6
const DMA_CHANNEL = 2
const VERSION = 0x90
/** Rates by the two bits of DSR and CCR (table 2-7), in kilobits a second. */
const RATES_KBPS = [500, 300, 250, 1000] as const
const RATE_AFTER_RESET = 2
/** CONFIGURE (5.2.7): implied seeks, no polling; and the bits that LOCK keeps through a software reset. */
const CONFIG_IMPLIED_SEEK = 0x40
const CONFIG_NO_POLLING = 0x10
const CONFIG_FIFO = 0x2f
const CONFIG_AFTER_RESET = 0x20
const SPECIFY_NO_DMA = 0x01
const RELATIVE_INWARD = 0x40
const LOCK_SET = 0x80
/** How often a DMA channel that does not answer is asked again, and for how long. */
const DMA_RETRY_NS = 50_000
const DMA_PATIENCE_NS = 500_000_000

const driveTypes = z.enum(['auto', 'none', '360k', '1200k', '720k', '1440k', '2880k'])
const options = z.strictObject({
  driveA: driveTypes
    .default('auto')
    .meta({ title: 'Drive A', description: 'Kind of the first floppy drive; auto is the one for the disk in it.' }),
  driveB: driveTypes.default('none').meta({ title: 'Drive B', description: 'Kind of the second floppy drive.' }),
  fast: z
    .boolean()
    .default(true)
    .meta({ title: 'Fast drives', description: 'Disks turn and heads step at once, not as slowly as they did.' }),
})
/** What can be set of the controller. */
export type I82077aaOptions = z.infer<typeof options>

type Phase = 'idle' | 'command' | 'execution' | 'host' | 'result'

/** A channel behind the closed gate of the digital output register. */
const CLOSED: DmaChannel = {
  ready: false,
  read: () => ({ moved: 0, terminalCount: false }),
  write: () => ({ moved: 0, terminalCount: false }),
}

/** The controller. Disks come and go by `insert`. */
export class I82077aa implements Device {
  /** A medium could not be read or written on the host; the guest saw a bad sector. */
  onHostError: (unit: 0 | 1, error: AppError) => void = () => {}
  readonly #context: DeviceContext
  readonly #line: InterruptLine
  readonly #dma: DmaChannel
  readonly #timing: FloppyTiming
  readonly #drives: readonly FloppyDrive[]
  readonly #transfer = new FloppyTransfer()
  readonly #seeks: Seeks
  readonly #execution: Timer
  readonly #resetEnd: Timer
  readonly #releases: readonly (() => void)[]
  readonly #motorReadyNs = [0, 0, 0, 0]
  #phase: Phase = 'idle'
  #dor = 0
  #tdr = 0
  #rate = RATE_AFTER_RESET
  /** The two bytes of SPECIFY, those of CONFIGURE, and the perpendicular mode. */
  #specify = new Uint8Array(2)
  #config = CONFIG_AFTER_RESET
  #precompensationTrack = 0
  #perpendicular = 0
  #locked = false
  #lastTrackSectors = 0
  #bytes = new Uint8Array(0)
  #expected = 0
  #result = new Uint8Array(0)
  #interrupt = false
  /** Drives whose status after a reset software has not sensed yet. */
  #unpolled = 0
  #waitUntilNs = 0

  constructor(context: DeviceContext, settings: I82077aaOptions) {
    this.#context = context
    this.#line = context.irq(IRQ)
    this.#dma = context.dma.channel(DMA_CHANNEL)
    this.#timing = settings.fast ? FAST : ACCURATE
    const none = () => new FloppyDrive('none')
    this.#drives = [new FloppyDrive(settings.driveA), new FloppyDrive(settings.driveB), none(), none()]
    this.#seeks = new Seeks(context.timers, this.#drives, () => this.#tellSeekEnd())
    this.#execution = context.timers.create('floppy', () => this.#turn())
    this.#resetEnd = context.timers.create('floppy reset', () => this.#endReset())
    this.#transfer.onHostError = (error) => this.#hostError(error)
    this.#releases = [
      context.ports.register(PORT.dor, 4, {
        read8: (port) => this.#read(port),
        write8: (port, value) => this.#write(port, value),
      }),
      context.ports.register(PORT.dir, 1, {
        read8: () => (this.#drives[this.#dor & registers.DOR_DRIVE].changeLine ? registers.DIR_CHANGED : 0),
        write8: (_port, value) => {
          this.#rate = value & registers.DSR_RATE
        },
      }),
    ]
  }

  /** Puts a disk (0 is drive A) in, or takes it out. False when there is no such drive. */
  insert(unit: 0 | 1, disk: BlockDevice | undefined): boolean {
    if (!this.#drives[unit].exists) return false
    this.#drives[unit].insert(disk)
    return true
  }

  /** The kind of a drive, for CMOS and the equipment list. */
  driveType(unit: 0 | 1): FloppyDriveType {
    return this.#drives[unit].type
  }

  reset(): void {
    this.#hold()
    this.#dor = 0
    this.#tdr = 0
    this.#rate = RATE_AFTER_RESET
    this.#specify.fill(0)
    this.#perpendicular = 0
    this.#locked = false
    this.#config = CONFIG_AFTER_RESET
    this.#precompensationTrack = 0
    this.#lastTrackSectors = 0
    for (const drive of this.#drives) drive.reset()
  }

  save(): StateRecord {
    return {
      drives: this.#drives.map((drive) => drive.save()),
      transfer: this.#transfer.save(),
      seeks: this.#seeks.save(),
      executionNs: this.#execution.armed ? this.#execution.deadlineNs : -1,
      resetNs: this.#resetEnd.armed ? this.#resetEnd.deadlineNs : -1,
      motorReadyNs: [...this.#motorReadyNs],
      phase: this.#phase,
      dor: this.#dor,
      tdr: this.#tdr,
      rate: this.#rate,
      specify: this.#specify.slice(),
      config: this.#config,
      precompensationTrack: this.#precompensationTrack,
      perpendicular: this.#perpendicular,
      locked: this.#locked,
      lastTrackSectors: this.#lastTrackSectors,
      bytes: this.#bytes.slice(),
      expected: this.#expected,
      result: this.#result.slice(),
      interrupt: this.#interrupt,
      unpolled: this.#unpolled,
      waitUntilNs: this.#waitUntilNs,
    }
  }

  restore(record: StateRecord): void {
    const drives = record['drives'] as readonly StateRecord[]
    this.#drives.forEach((drive, unit) => {
      drive.restore(drives[unit])
    })
    this.#transfer.restore(record['transfer'] as StateRecord)
    this.#seeks.restore(record['seeks'] as StateRecord)
    restoreTimer(this.#execution, record['executionNs'] as number)
    restoreTimer(this.#resetEnd, record['resetNs'] as number)
    ;(record['motorReadyNs'] as readonly number[]).forEach((ns, unit) => {
      this.#motorReadyNs[unit] = ns
    })
    this.#phase = record['phase'] as Phase
    this.#dor = record['dor'] as number
    this.#tdr = record['tdr'] as number
    this.#rate = record['rate'] as number
    this.#specify.set(record['specify'] as Uint8Array)
    this.#config = record['config'] as number
    this.#precompensationTrack = record['precompensationTrack'] as number
    this.#perpendicular = record['perpendicular'] as number
    this.#locked = record['locked'] as boolean
    this.#lastTrackSectors = record['lastTrackSectors'] as number
    this.#bytes = (record['bytes'] as Uint8Array<ArrayBuffer>).slice()
    this.#expected = record['expected'] as number
    this.#result = (record['result'] as Uint8Array<ArrayBuffer>).slice()
    this.#unpolled = record['unpolled'] as number
    this.#waitUntilNs = record['waitUntilNs'] as number
    this.#setInterrupt(record['interrupt'] as boolean)
  }

  dispose(): void {
    for (const release of this.#releases) release()
    this.#seeks.reset()
    this.#execution.cancel()
    this.#resetEnd.cancel()
  }

  #read(port: number): number {
    if (port === PORT.dor) return this.#dor
    if (port === PORT.tdr) return this.#tdr
    return port === PORT.msr ? this.#mainStatus() : this.#readFifo()
  }

  #write(port: number, value: number): void {
    if (port === PORT.dor) this.#writeDor(value)
    else if (port === PORT.tdr) this.#tdr = value & 3
    else if (port === PORT.fifo) this.#writeFifo(value)
    else {
      this.#rate = value & registers.DSR_RATE
      if (!(value & registers.DSR_RESET)) return
      this.#hold()
      this.#release()
    }
  }

  get #running(): boolean {
    return (this.#dor & registers.DOR_RUN) !== 0 && !this.#resetEnd.armed
  }

  #mainStatus(): number {
    if (!this.#running) return 0
    const seeking = this.#seeks.busy
    switch (this.#phase) {
      case 'idle':
        return registers.MSR_REQUEST | seeking
      case 'command':
        return registers.MSR_REQUEST | registers.MSR_BUSY | seeking
      case 'execution':
        return registers.MSR_BUSY | seeking | (this.#usesDma ? 0 : registers.MSR_NO_DMA)
      case 'host': {
        const direction = this.#transfer.toHost ? registers.MSR_TO_HOST : 0
        return registers.MSR_REQUEST | direction | registers.MSR_NO_DMA | registers.MSR_BUSY | seeking
      }
      case 'result':
        return registers.MSR_REQUEST | registers.MSR_TO_HOST | registers.MSR_BUSY | seeking
    }
  }

  #writeDor(value: number): void {
    const before = this.#dor
    this.#dor = value
    for (let unit = 0; unit < this.#drives.length; unit++) {
      const bit = registers.DOR_MOTOR << unit
      if (value & ~before & bit) this.#motorReadyNs[unit] = this.#context.clock.nowNs() + SPIN_UP_NS
    }
    if (!(value & registers.DOR_RUN)) this.#hold()
    else if (!(before & registers.DOR_RUN)) this.#release()
    this.#driveLine()
  }

  /** Enters reset. LOCK keeps what CONFIGURE has set. */
  #hold(): void {
    this.#phase = 'idle'
    this.#bytes = new Uint8Array(0)
    this.#result = new Uint8Array(0)
    this.#unpolled = 0
    this.#execution.cancel()
    this.#resetEnd.cancel()
    this.#seeks.reset()
    this.#setInterrupt(false)
    if (!this.#locked) {
      this.#config = (this.#config & ~CONFIG_FIFO) | CONFIG_AFTER_RESET
      this.#precompensationTrack = 0
    }
    this.#config &= ~(CONFIG_IMPLIED_SEEK | CONFIG_NO_POLLING)
  }

  #release(): void {
    this.#resetEnd.armAfter(this.#timing.resetNs)
  }

  /** Polling finds that all four drives have changed from not ready to ready, and interrupts. */
  #endReset(): void {
    this.#unpolled = this.#drives.length
    this.#setInterrupt(true)
  }

  #setInterrupt(level: boolean): void {
    this.#interrupt = level
    this.#driveLine()
  }

  #driveLine(): void {
    this.#line.set(this.#interrupt && (this.#dor & registers.DOR_GATE) !== 0)
  }

  #readFifo(): number {
    if (!this.#running) return 0
    if (this.#phase === 'host' && this.#transfer.toHost) {
      const byte = this.#transfer.buffer[this.#transfer.position]
      this.#hostMoved()
      return byte
    }
    if (this.#phase !== 'result') return 0
    this.#setInterrupt(false)
    const byte = this.#result[0]
    this.#result = this.#result.subarray(1)
    if (this.#result.length === 0) {
      this.#phase = 'idle'
      if (this.#seeks.anyEnded) this.#setInterrupt(true)
    }
    return byte
  }

  #writeFifo(value: number): void {
    if (!this.#running) return
    if (this.#phase === 'host' && !this.#transfer.toHost) {
      this.#transfer.buffer[this.#transfer.position] = value
      this.#hostMoved()
    } else if (this.#phase === 'idle') this.#begin(value)
    else if (this.#phase === 'command') {
      this.#bytes = Uint8Array.of(...this.#bytes, value)
      if (this.#bytes.length === this.#expected) this.#execute()
    }
  }

  /** The host has moved one byte of programmed I/O: each asks for an interrupt of its own. */
  #hostMoved(): void {
    this.#setInterrupt(false)
    if (++this.#transfer.position < this.#transfer.length) this.#setInterrupt(true)
    else this.#follow(this.#transfer.moved(this.#drives[this.#transfer.unit]))
  }

  #begin(value: number): void {
    const command = findCommand(value)
    // Only sensing takes the status after a reset; other commands show that software does not care for it.
    if (command?.action !== 'sense-interrupt') this.#unpolled = 0
    if (!command) {
      this.#reply(registers.ST0_INVALID)
      return
    }
    this.#bytes = Uint8Array.of(value)
    this.#expected = 1 + command.parameters
    this.#phase = 'command'
    if (command.parameters === 0) this.#execute()
  }

  #execute(): void {
    const bytes = this.#bytes
    const command = findCommand(bytes[0])
    this.#phase = 'idle'
    switch (command?.action) {
      case 'specify':
        this.#specify.set(bytes.subarray(1, 3))
        break
      case 'sense-drive':
        this.#reply(this.#driveStatus(bytes[1]))
        break
      case 'sense-interrupt':
        this.#senseInterrupt()
        break
      case 'recalibrate':
        this.#seeks.recalibrate(bytes[1] & 3, this.#seekNs(bytes[1] & 3, 0))
        break
      case 'seek':
        this.#seek(bytes[1], bytes[2])
        break
      case 'relative-seek': {
        const { track } = this.#drives[bytes[1] & 3]
        this.#seek(bytes[1], bytes[0] & RELATIVE_INWARD ? track + bytes[2] : track - bytes[2])
        break
      }
      case 'dump-registers':
        this.#reply(...this.#dump())
        break
      case 'version':
        this.#reply(VERSION)
        break
      case 'perpendicular':
        this.#perpendicular = bytes[1] & 0x3f
        break
      case 'configure':
        this.#config = bytes[2] & 0x7f
        this.#precompensationTrack = bytes[3]
        break
      case 'lock':
        this.#locked = (bytes[0] & LOCK_SET) !== 0
        this.#reply(this.#locked ? 0x10 : 0)
        break
      default:
        if (command) this.#start(command)
    }
  }

  #reply(...bytes: readonly number[]): void {
    this.#result = Uint8Array.from(bytes)
    this.#phase = 'result'
  }

  #driveStatus(selection: number): number {
    const drive = this.#drives[selection & 3]
    const track0 = drive.exists && drive.track === 0 ? registers.ST3_TRACK0 : 0
    const isProtected = drive.disk?.readOnly ? registers.ST3_PROTECTED : 0
    return registers.ST3_READY | registers.ST3_TWO_SIDED | track0 | isProtected | (selection & 7)
  }

  /** Tells why there was an interrupt: a reset, or the end of a seek. Without either the command is invalid. */
  #senseInterrupt(): void {
    this.#setInterrupt(false)
    if (this.#unpolled > 0) {
      const unit = this.#drives.length - this.#unpolled--
      this.#reply(registers.ST0_POLLING | unit, this.#drives[unit].track)
      return
    }
    const ended = this.#seeks.takeEnded()
    if (ended) this.#reply(ended.st0, this.#drives[ended.unit].track)
    else this.#reply(registers.ST0_INVALID)
  }

  /** A seek that ends while a command runs waits with its interrupt for the end of the command. */
  #tellSeekEnd(): void {
    if (this.#phase === 'idle' || this.#phase === 'command') this.#setInterrupt(true)
  }

  #seek(selection: number, track: number): void {
    const unit = selection & 3
    this.#seeks.seek(unit, (selection >>> 2) & 1, track, this.#seekNs(unit, track))
  }

  #seekNs(unit: number, track: number): number {
    const steps = Math.abs(this.#drives[unit].track - track)
    return this.#timing.seekNs(steps, this.#specify[0] >>> 4, RATES_KBPS[this.#rate])
  }

  #dump(): readonly number[] {
    const tracks = this.#drives.map((drive) => drive.track)
    const modes = (this.#locked ? 0x80 : 0) | this.#perpendicular
    return [...tracks, ...this.#specify, this.#lastTrackSectors, modes, this.#config, this.#precompensationTrack]
  }

  get #usesDma(): boolean {
    return !(this.#specify[1] & SPECIFY_NO_DMA)
  }

  /** Starts a command that works on sectors. */
  #start(command: FdcCommand): void {
    const transfer = this.#transfer
    transfer.begin(command.action, this.#bytes)
    if (command.action === 'format') this.#lastTrackSectors = this.#bytes[3]
    else if (command.action !== 'read-id') this.#lastTrackSectors = this.#bytes[6]
    this.#phase = 'execution'
    this.#waitUntilNs = 0
    let delayNs = 0
    if (this.#config & CONFIG_IMPLIED_SEEK && command.action !== 'format' && command.action !== 'read-id') {
      delayNs = this.#seekNs(transfer.unit, transfer.cylinder)
      this.#drives[transfer.unit].step(transfer.cylinder)
    }
    this.#armTurn(delayNs)
  }

  /** Waits until the next sector has passed under the head. */
  #armTurn(extraNs: number): void {
    const { unit, head, sector } = this.#transfer
    const drive = this.#drives[unit]
    const motorOn = (this.#dor & (registers.DOR_MOTOR << unit)) !== 0
    if (this.#timing.hangsWithoutDisk && (!drive.disk || !motorOn)) return
    const sectors = drive.sectorsUnder(head)
    const nowNs = this.#context.clock.nowNs()
    const delayNs =
      sectors === 0
        ? this.#timing.searchNs
        : this.#timing.sectorNs(nowNs + extraNs, this.#motorReadyNs[unit], sector, sectors)
    this.#execution.arm(nowNs + extraNs + delayNs)
  }

  /** A sector is under the head. */
  #turn(): void {
    const drive = this.#drives[this.#transfer.unit]
    const gated = this.#dor & registers.DOR_GATE ? this.#dma : CLOSED
    const mover = this.#usesDma ? gated : undefined
    this.#follow(drive.disk ? this.#transfer.turn(drive, RATES_KBPS[this.#rate], mover) : this.#transfer.missed())
  }

  #follow(progress: Progress): void {
    if (progress === 'wait') this.#waitForDma()
    else if (progress === 'host') {
      this.#phase = 'host'
      this.#setInterrupt(true)
    } else if (progress === 'next') {
      this.#phase = 'execution'
      this.#waitUntilNs = 0
      this.#armTurn(0)
    } else {
      this.#reply(...this.#transfer.result)
      this.#setInterrupt(true)
    }
  }

  #waitForDma(): void {
    const nowNs = this.#context.clock.nowNs()
    if (this.#waitUntilNs === 0) this.#waitUntilNs = nowNs + DMA_PATIENCE_NS
    if (nowNs >= this.#waitUntilNs) this.#follow(this.#transfer.overrun())
    else this.#execution.arm(nowNs + DMA_RETRY_NS)
  }

  #hostError(error: AppError): void {
    const unit = this.#transfer.unit === 1 ? 1 : 0
    this.#context.log.warn(`floppy drive ${unit === 0 ? 'A' : 'B'}: ${error.message}`)
    this.onHostError(unit, error)
  }
}

function findCommand(value: number): FdcCommand | undefined {
  return registers.FDC_COMMANDS.find(({ code, mask }) => (value & mask) === code)
}

function restoreTimer(timer: Timer, deadlineNs: number): void {
  if (deadlineNs >= 0) timer.arm(deadlineNs)
  else timer.cancel()
}

export const i82077aa = defineDevice({
  id: 'i82077aa',
  label: 'Intel 82077AA floppy controller',
  role: 'storage',
  version: 1,
  options,
  create: (context, settings) => new I82077aa(context, settings),
})
