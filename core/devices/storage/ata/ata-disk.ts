/**
 * An ATA hard disk: the commands of ATA/ATAPI-6 (8), and of the older standards that DOS and early Unix use, on a block
 * device. Unsupported, and aborted as the standard says of such commands: READ and WRITE LONG, FORMAT TRACK, security, host
 * protected areas, device configuration, queued commands, logs.
 */
import type { BlockDevice } from '../../../disk/block-device.ts'
import { driveGeometry, type Geometry } from '../../../disk/geometry.ts'
import type { StateRecord } from '../../device.ts'
import { DISK_COMMANDS, type TransferRow } from './disk-commands.ts'
import { type CommandSet, type DriveEngine, STEP_OWN } from './drive-engine.ts'
import { type DriveIdentity, identifyDisk, MAX_LBA28_SECTORS, MAX_MULTIPLE } from './identify.ts'
import { ABORTED, COMMAND, NOT_FOUND, REGISTER } from './registers.ts'
import { addressForm, readAddress, writeAddress } from './sector-address.ts'
import { type HostErrorListener, SectorTransfer } from './sector-transfer.ts'
import { SMART, SMART_KEY_HIGH, SMART_KEY_MID, smartData, smartThresholds } from './smart.ts'
import { TransferModes } from './transfer-modes.ts'

const SECTOR_BYTES = 512
const STEP_VERIFY = STEP_OWN
const STEP_FLUSH = STEP_OWN + 1
/** The most cylinders that the registers can name. */
const MAX_CYLINDERS = 0xffff

const POWER_ACTIVE = 0xff
const POWER_STANDBY = 0x00

/** SET FEATURES subcommands (8.46). */
const FEATURE = {
  writeCacheOn: 0x02,
  transferMode: 0x03,
  lookAheadOff: 0x55,
  powerOnDefaultsOff: 0x66,
  writeCacheOff: 0x82,
  lookAheadOn: 0xaa,
  powerOnDefaultsOn: 0xcc,
} as const

/** What moves now: sectors of the disk, the sector buffer, or an answer. */
type Source = 'disk' | 'answer' | 'buffer'

/** What a disk is told when it is attached. */
export interface AtaDiskOptions {
  readonly identity: DriveIdentity
  readonly slave: boolean
  readonly onHostError: HostErrorListener
}

/** The commands of one disk. */
export class AtaDisk implements CommandSet {
  readonly kind = 'disk'
  readonly #engine: DriveEngine
  readonly #disk: BlockDevice
  readonly #options: AtaDiskOptions
  readonly #transfer: SectorTransfer
  readonly #geometry: Geometry
  /** Undefined after INITIALIZE DEVICE PARAMETERS with nonsense: only LBA works then. */
  #current: Geometry | undefined
  readonly #modes = new TransferModes()
  #multiple = MAX_MULTIPLE
  #writeCache = true
  #lookAhead = true
  #smart = true
  #power = POWER_ACTIVE
  /** Only a reset wakes a sleeping drive. */
  #asleep = false
  #source: Source = 'disk'
  /** The sector buffer of READ BUFFER and WRITE BUFFER, and an answer on its way. */
  readonly #scratch = new Uint8Array(SECTOR_BYTES)
  readonly #answer = new Uint8Array(SECTOR_BYTES)
  #answerLeft = false

  constructor(engine: DriveEngine, disk: BlockDevice, options: AtaDiskOptions) {
    this.#engine = engine
    this.#disk = disk
    this.#options = options
    this.#transfer = new SectorTransfer(engine, disk, options.onHostError)
    this.#geometry = driveGeometry(disk)
    this.#current = this.#geometry
  }

  execute(command: number): void {
    if (this.#asleep) {
      this.#engine.rest()
      return
    }
    const row = DISK_COMMANDS.get(command)
    const error = row ? this.#move(row) : this.#run(command)
    if (error !== undefined) this.#engine.endLater(error)
  }

  load(): number {
    if (this.#source === 'disk') return this.#transfer.load()
    if (!this.#answerLeft) return 0
    this.#answerLeft = false
    this.#engine.buffer.set(this.#answer)
    return SECTOR_BYTES
  }

  room(): number {
    if (this.#source === 'disk') return this.#transfer.room()
    return this.#answerLeft ? SECTOR_BYTES : 0
  }

  store(bytes: number): boolean {
    if (this.#source === 'disk') return this.#transfer.store(bytes)
    this.#scratch.set(this.#engine.buffer.subarray(0, SECTOR_BYTES))
    this.#answerLeft = false
    return true
  }

  drained(): void {
    const left = this.#source === 'disk' ? this.#transfer.left > 0 : this.#answerLeft
    if (left) this.#engine.nextBlock()
    else this.#engine.rest()
  }

  finish(): void {
    if (this.#source === 'disk') this.#transfer.finish()
    else this.#engine.end()
  }

  step(step: number): void {
    if (step === STEP_VERIFY) this.#transfer.verify()
    else if (step === STEP_FLUSH) this.#transfer.flush()
  }

  setSignature(): void {
    this.#engine.registers.setSignature(0, 0)
    this.#asleep = false
    this.#power = POWER_ACTIVE
  }

  save(): StateRecord {
    return {
      transfer: this.#transfer.save(),
      current: this.#current ? { ...this.#current } : null,
      modes: this.#modes.save(),
      multiple: this.#multiple,
      writeCache: this.#writeCache,
      lookAhead: this.#lookAhead,
      smart: this.#smart,
      power: this.#power,
      asleep: this.#asleep,
      source: this.#source,
      scratch: this.#scratch.slice(),
      answer: this.#answer.slice(),
      answerLeft: this.#answerLeft,
    }
  }

  restore(record: StateRecord): void {
    this.#transfer.restore(record['transfer'] as StateRecord)
    this.#current = (record['current'] as Geometry | null) ?? undefined
    this.#modes.restore(record['modes'] as StateRecord)
    this.#multiple = record['multiple'] as number
    this.#writeCache = record['writeCache'] as boolean
    this.#lookAhead = record['lookAhead'] as boolean
    this.#smart = record['smart'] as boolean
    this.#power = record['power'] as number
    this.#asleep = record['asleep'] as boolean
    this.#source = record['source'] as Source
    this.#scratch.set(record['scratch'] as Uint8Array)
    this.#answer.set(record['answer'] as Uint8Array)
    this.#answerLeft = record['answerLeft'] as boolean
  }

  /** Back to what a drive is after power-on, apart from its registers. */
  powerOn(): void {
    this.#current = this.#geometry
    this.#modes.reset()
    this.#multiple = MAX_MULTIPLE
    this.#writeCache = true
    this.#lookAhead = true
    this.#smart = true
    this.#scratch.fill(0)
  }

  /** Starts a command that moves sectors. The result is as that of `#run`. */
  #move(row: TransferRow): number | undefined {
    this.#source = 'disk'
    this.#power = POWER_ACTIVE
    const refusal = this.#transfer.begin(row, this.#current, this.#multiple)
    if (refusal) return refusal
    if (row.action === 'verify') this.#engine.later(STEP_VERIFY)
    else if (row.action === 'read') this.#engine.startIn(row.blocks === 'dma')
    else this.#engine.startOut(row.blocks === 'dma', false)
    return undefined
  }

  /** Runs a command. Returns the error bits that it ends with (0 for success), or undefined when it goes on by itself. */
  #run(command: number): number | undefined {
    const { registers } = this.#engine
    if ((command & 0xf0) === 0x10) return this.#recalibrate()
    if ((command & 0xf0) === 0x70) return this.#seek()
    switch (command) {
      case COMMAND.identify:
        return this.#reply(this.#identify())
      case COMMAND.initializeParameters:
        return this.#initialize()
      case COMMAND.setMultiple:
        return this.#setMultiple(registers.get(REGISTER.count))
      case COMMAND.setFeatures:
        return this.#setFeatures(registers.get(REGISTER.features))
      case COMMAND.flushCache:
      case COMMAND.flushCacheExt:
        this.#engine.later(STEP_FLUSH)
        return undefined
      case COMMAND.readNativeMax:
      case COMMAND.readNativeMaxExt:
        return this.#readNativeMax(command === COMMAND.readNativeMaxExt)
      case COMMAND.readBuffer:
        return this.#reply(this.#scratch)
      case COMMAND.writeBuffer:
        this.#source = 'buffer'
        this.#answerLeft = true
        this.#engine.startOut(false, false)
        return undefined
      case COMMAND.smart:
        return this.#smartCommand(registers.get(REGISTER.features))
      default:
        return this.#powerCommand(command)
    }
  }

  /** E0h to E6h; early drives had the same commands at 94h to 99h. */
  #powerCommand(command: number): number {
    const early = command >= 0x94 && command <= 0x99
    const code = early ? [0xe0, 0xe1, 0xe2, 0xe3, 0xe5, 0xe6][command - 0x94] : command
    if (code === COMMAND.standby || code === COMMAND.standbyImmediate) this.#power = POWER_STANDBY
    else if (code === COMMAND.idle || code === COMMAND.idleImmediate) this.#power = POWER_ACTIVE
    else if (code === COMMAND.checkPowerMode) this.#engine.registers.set(REGISTER.count, this.#power)
    else if (code === COMMAND.sleep) this.#asleep = true
    else return ABORTED
    return 0
  }

  /** Sends one sector of data that is no part of the disk. */
  #reply(data: Uint8Array): undefined {
    this.#source = 'answer'
    this.#answer.set(data)
    this.#answerLeft = true
    this.#engine.startIn(false)
    return undefined
  }

  #identify(): Uint8Array {
    return identifyDisk({
      identity: this.#options.identity,
      sectors: this.#disk.sectors,
      geometry: this.#geometry,
      current: this.#current,
      multiple: this.#multiple,
      modes: this.#modes,
      writeCache: this.#writeCache,
      lookAhead: this.#lookAhead,
      smart: this.#smart,
      slave: this.#options.slave,
    })
  }

  #recalibrate(): number {
    const { registers } = this.#engine
    registers.set(REGISTER.mid, 0)
    registers.set(REGISTER.high, 0)
    return 0
  }

  #seek(): number {
    const { registers } = this.#engine
    const lba = readAddress(registers, addressForm(registers, false), this.#current)
    return lba < 0 || lba >= this.#disk.sectors ? NOT_FOUND : 0
  }

  /** INITIALIZE DEVICE PARAMETERS: heads from the device register, sectors a track from the count register. */
  #initialize(): number {
    const { registers } = this.#engine
    const heads = (registers.get(REGISTER.device) & 0x0f) + 1
    const sectorsPerTrack = registers.get(REGISTER.count)
    const cylinders = Math.min(Math.floor(this.#disk.sectors / (heads * sectorsPerTrack)), MAX_CYLINDERS)
    this.#current = sectorsPerTrack > 0 && cylinders > 0 ? { cylinders, heads, sectorsPerTrack } : undefined
    return this.#current ? 0 : ABORTED
  }

  #setMultiple(count: number): number {
    const valid = count <= MAX_MULTIPLE && (count & (count - 1)) === 0
    this.#multiple = valid ? count : 0
    return valid ? 0 : ABORTED
  }

  #setFeatures(feature: number): number {
    const { registers } = this.#engine
    // Old systems expect to find the register cleared.
    registers.set(REGISTER.features, 0)
    if (feature === FEATURE.transferMode) return this.#modes.select(registers.get(REGISTER.count)) ? 0 : ABORTED
    if (feature === FEATURE.writeCacheOn || feature === FEATURE.writeCacheOff)
      this.#writeCache = feature === FEATURE.writeCacheOn
    else if (feature === FEATURE.lookAheadOn || feature === FEATURE.lookAheadOff)
      this.#lookAhead = feature === FEATURE.lookAheadOn
    else if (feature !== FEATURE.powerOnDefaultsOn && feature !== FEATURE.powerOnDefaultsOff) return ABORTED
    return 0
  }

  #readNativeMax(extended: boolean): number {
    const { registers } = this.#engine
    const last = (extended ? this.#disk.sectors : Math.min(this.#disk.sectors, MAX_LBA28_SECTORS)) - 1
    writeAddress(registers, addressForm(registers, extended), this.#current, last)
    return 0
  }

  #smartCommand(subcommand: number): number | undefined {
    const { registers } = this.#engine
    const keyed = registers.get(REGISTER.mid) === SMART_KEY_MID && registers.get(REGISTER.high) === SMART_KEY_HIGH
    if (!keyed || (!this.#smart && subcommand !== SMART.enable)) return ABORTED
    switch (subcommand) {
      case SMART.readData:
        return this.#reply(smartData())
      case SMART.readThresholds:
        return this.#reply(smartThresholds())
      case SMART.enable:
      case SMART.disable:
        this.#smart = subcommand === SMART.enable
        return 0
      // The status is good while the key stays as it is.
      case SMART.returnStatus:
      case SMART.autosave:
      case SMART.saveValues:
      case SMART.offlineImmediate:
      case SMART.autoOffline:
        return 0
      default:
        return ABORTED
    }
  }
}
