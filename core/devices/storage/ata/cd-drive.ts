/**
 * An ATAPI CD-ROM drive: the packet protocol (ATA/ATAPI-6 9.8), its tray and its disc, and the packet commands of data discs
 * (MMC-3). A disc has one data track that begins at sector 0. Unsupported: audio tracks, writing, sub-channels other than Q.
 */
import type { BlockDevice } from '../../../disk/block-device.ts'
import type { StateRecord } from '../../device.ts'
import { type CdMechanism, type Outcome, runPacket } from './cd-commands.ts'
import { SENSE, type Sense } from './cd-packets.ts'
import { type CdStatus, MEDIA_EVENT } from './cd-replies.ts'
import type { CommandSet, DriveEngine } from './drive-engine.ts'
import { type DriveIdentity, identifyCdDrive } from './identify.ts'
import { PacketTransfer, REASON_DONE, REASON_PACKET } from './packet-transfer.ts'
import { ABORTED, COMMAND, REGISTER } from './registers.ts'
import type { HostErrorListener } from './sector-transfer.ts'
import { TransferModes } from './transfer-modes.ts'

const PACKET_BYTES = 12
/** Features of PACKET: DMA, and overlapped commands. */
const PACKET_DMA = 0x01
const PACKET_OVERLAP = 0x02
const SIGNATURE_MID = 0x14
const SIGNATURE_HIGH = 0xeb
const FEATURE_TRANSFER_MODE = 0x03

/** What goes over the data register now. */
type Phase = 'none' | 'identify' | 'packet' | 'reply' | 'parameters'

/** What a CD drive is told when it is attached. */
export interface CdDriveOptions {
  readonly identity: DriveIdentity
  readonly onHostError: HostErrorListener
  /** The guest opened the tray: the disc may be taken out. */
  readonly onTrayOpened: () => void
}

/** One CD drive. */
export class CdDrive implements CommandSet, CdMechanism {
  readonly kind = 'cdrom'
  readonly #engine: DriveEngine
  readonly #options: CdDriveOptions
  readonly #modes = new TransferModes()
  readonly #transfer: PacketTransfer
  #disc: BlockDevice | undefined
  #trayOpen = false
  #locked = false
  /** A disc was put in since the last command that would tell. */
  #changed = false
  #event: number = MEDIA_EVENT.none
  #sense: Sense = SENSE.none
  #phase: Phase = 'none'
  /** Bytes of a parameter list that the host still sends. */
  #parameterBytes = 0

  constructor(engine: DriveEngine, options: CdDriveOptions) {
    this.#engine = engine
    this.#options = options
    this.#transfer = new PacketTransfer(engine, () => (this.#trayOpen ? undefined : this.#disc))
  }

  get identity(): DriveIdentity {
    return this.#options.identity
  }

  get status(): CdStatus {
    return { sectors: this.#trayOpen ? 0 : (this.#disc?.sectors ?? 0), trayOpen: this.#trayOpen, locked: this.#locked }
  }

  get lastSense(): Sense {
    return this.#sense
  }

  /** Puts a disc in (closing the tray) or takes it out. The disc that was there before stays open: it is its owner's. */
  insert(disc: BlockDevice | undefined): void {
    this.#disc = disc
    this.#trayOpen = false
    this.#changed = disc !== undefined
    this.#event = disc ? MEDIA_EVENT.newMedia : MEDIA_EVENT.removal
  }

  /** Takes the news of a changed disc. */
  takeChange(): boolean {
    const changed = this.#changed
    this.#changed = false
    return changed
  }

  takeEvent(): number {
    const event = this.#event
    this.#event = MEDIA_EVENT.none
    return event
  }

  lock(locked: boolean): void {
    this.#locked = locked
  }

  /** Opens or closes the tray as the guest wants. False when it is locked. */
  moveTray(open: boolean): boolean {
    if (open && this.#locked) return false
    if (open === this.#trayOpen) return true
    this.#trayOpen = open
    this.#changed = !open && this.#disc !== undefined
    this.#event = this.#changed ? MEDIA_EVENT.newMedia : MEDIA_EVENT.removal
    if (open) this.#options.onTrayOpened()
    return true
  }

  execute(command: number): void {
    const engine = this.#engine
    const { registers } = engine
    if (command === COMMAND.packet) this.#receivePacket()
    else if (command === COMMAND.identifyPacket) {
      this.#phase = 'identify'
      engine.startIn(false)
    } else if (command === COMMAND.identify || command === COMMAND.readSectors) {
      // Software that takes it for a disk is told what it is by the signature (8.15.5.2, 8.27.5.2).
      registers.setSignature(SIGNATURE_MID, SIGNATURE_HIGH)
      engine.endLater(ABORTED)
    } else if (command === COMMAND.setFeatures) engine.endLater(this.#setFeatures() ? 0 : ABORTED)
    else if (command === COMMAND.checkPowerMode) {
      registers.set(REGISTER.count, 0xff)
      engine.endLater()
    } else if (command >= COMMAND.standbyImmediate && command <= COMMAND.sleep && command !== COMMAND.readBuffer)
      engine.endLater()
    else engine.endLater(ABORTED)
  }

  load(): number {
    if (this.#phase === 'identify') {
      const answer = identifyCdDrive(this.#options.identity, this.#modes)
      this.#engine.buffer.set(answer)
      return answer.length
    }
    const result = this.#transfer.load()
    if ('bytes' in result) return result.bytes
    const sense = result.failure === 'no-disc' ? SENSE.noMedium : SENSE.readError
    if (result.failure !== 'no-disc') this.#options.onHostError(result.failure)
    this.#sense = sense
    this.#engine.registers.set(REGISTER.count, REASON_DONE)
    this.#engine.end(senseError(sense))
    return -1
  }

  room(): number {
    return this.#phase === 'packet' ? PACKET_BYTES : this.#parameterBytes
  }

  store(bytes: number): boolean {
    if (this.#phase === 'packet') {
      this.#phase = 'none'
      this.#follow(runPacket(this, this.#engine.buffer.slice(0, PACKET_BYTES)))
      return false
    }
    this.#parameterBytes -= bytes
    return true
  }

  drained(): void {
    // The answer to IDENTIFY ends with its last word; a packet command has its own end, with an interrupt.
    if (this.#phase === 'identify') this.#engine.rest()
    else this.#engine.nextBlock()
  }

  finish(): void {
    this.#phase = 'none'
    this.#sense = SENSE.none
    this.#engine.registers.set(REGISTER.count, REASON_DONE)
    this.#engine.end()
  }

  step(): void {}

  setSignature(): void {
    this.#engine.registers.setSignature(SIGNATURE_MID, SIGNATURE_HIGH)
    // Not ready until the first command, so that software does not take it for a disk.
    this.#engine.status = 0
    this.#phase = 'none'
  }

  /** Back to what a drive is after power-on, apart from its registers. */
  powerOn(): void {
    this.#modes.reset()
    this.#locked = false
    this.#trayOpen = false
    this.#changed = false
    this.#event = MEDIA_EVENT.none
    this.#sense = SENSE.none
  }

  save(): StateRecord {
    return {
      modes: this.#modes.save(),
      transfer: this.#transfer.save(),
      trayOpen: this.#trayOpen,
      locked: this.#locked,
      changed: this.#changed,
      event: this.#event,
      sense: [...this.#sense],
      phase: this.#phase,
      parameterBytes: this.#parameterBytes,
    }
  }

  restore(record: StateRecord): void {
    this.#modes.restore(record['modes'] as StateRecord)
    this.#transfer.restore(record['transfer'] as StateRecord)
    this.#trayOpen = record['trayOpen'] as boolean
    this.#locked = record['locked'] as boolean
    this.#changed = record['changed'] as boolean
    this.#event = record['event'] as number
    this.#sense = record['sense'] as unknown as Sense
    this.#phase = record['phase'] as Phase
    this.#parameterBytes = record['parameterBytes'] as number
  }

  /** Goes on as the packet command has decided. */
  #follow(outcome: Outcome): void {
    if (outcome === 'good') this.#end(SENSE.none)
    else if (outcome.kind === 'check') this.#end(outcome.sense)
    else if (outcome.kind === 'parameters') this.#receiveParameters(outcome.bytes)
    else {
      this.#phase = 'reply'
      const { kind } = outcome
      const empty = kind === 'sectors' ? outcome.count === 0 : Math.min(outcome.bytes.length, outcome.allocated) === 0
      if (empty) this.#end(SENSE.none)
      else if (kind === 'reply') this.#transfer.sendReply(outcome.bytes.slice(0, outcome.allocated))
      else this.#transfer.sendSectors(outcome.lba, outcome.count, outcome.flags)
    }
  }

  /** Ends the packet command: with success, or with CHECK CONDITION and a reason that REQUEST SENSE will give. */
  #end(sense: Sense): void {
    this.#sense = sense
    this.#engine.registers.set(REGISTER.count, REASON_DONE)
    this.#engine.endLater(senseError(sense))
  }

  /** Takes a parameter list from the host. There is nothing in it that could be changed. */
  #receiveParameters(bytes: number): void {
    if (bytes === 0) {
      this.#end(SENSE.none)
      return
    }
    const { registers } = this.#engine
    this.#phase = 'parameters'
    this.#parameterBytes = bytes
    registers.set(REGISTER.count, 0)
    registers.set(REGISTER.mid, bytes & 0xff)
    registers.set(REGISTER.high, bytes >>> 8)
    this.#engine.startOut(this.#transfer.dma, true)
  }

  #receivePacket(): void {
    const { registers } = this.#engine
    const features = registers.get(REGISTER.features)
    if (features & PACKET_OVERLAP) {
      this.#engine.endLater(ABORTED)
      return
    }
    this.#transfer.begin((features & PACKET_DMA) !== 0)
    this.#phase = 'packet'
    registers.set(REGISTER.count, REASON_PACKET)
    this.#engine.startOut(false, false)
  }

  #setFeatures(): boolean {
    const { registers } = this.#engine
    const feature = registers.get(REGISTER.features)
    registers.set(REGISTER.features, 0)
    return feature === FEATURE_TRANSFER_MODE && this.#modes.select(registers.get(REGISTER.count))
  }
}

/** The error register at the end of a packet command: the sense key, and the abort bit for a command that made no sense (9.8). */
function senseError([key]: Sense): number {
  return (key << 4) | (key === 5 ? ABORTED : 0)
}
