/**
 * The protocol side of one ATA drive: status, data register, interrupt, delays, and the block-by-block movement of data by
 * programmed I/O or DMA (ATA/ATAPI-6, 9). What commands mean is the business of a `CommandSet`: a disk's or a CD drive's.
 *
 * A command never completes at once: software exists that loses an interrupt which arrives before its write has returned.
 */
import type { Timer, TimerQueue } from '../../../time/timer-queue.ts'
import type { StateRecord } from '../../device.ts'
import { BUSY, DIAGNOSTIC_PASSED, ERROR, READY, REQUEST, SEEK_DONE } from './registers.ts'
import { TaskFile, type TaskFileState } from './task-file.ts'

/** Data moves through a buffer of this size, a block at a time. */
export const BUFFER_BYTES = 0x1_0000
/** From the end of a reset to readiness; real drives take longer, and software waits for BSY. */
const RESET_NS = 100_000

/** What a drive needs of its channel. */
export interface DriveLink {
  /** From a command to its completion, and from one block to the next. */
  readonly delayNs: number
  /** Whether the bus master of the channel runs, so that DMA moves something. */
  readonly dmaActive: boolean
  /** Moves up to `length` bytes into guest memory; fewer when the bus master's table has ended. */
  dmaToMemory(data: Uint8Array, offset: number, length: number): number
  dmaFromMemory(data: Uint8Array, offset: number, length: number): number
  interruptChanged(): void
}

/** What a kind of drive does. `load`, `room` and `store` serve the transfer that `execute` started. */
export interface CommandSet {
  execute(command: number): void
  /** Puts the next block into the buffer. Returns its bytes, 0 at the end, -1 when it has failed and has said so. */
  load(): number
  /** Bytes of the next block to receive, 0 at the end. */
  room(): number
  /** Takes a block from the buffer. False when the command has ended, or went on to something else. */
  store(bytes: number): boolean
  /** Software has read a whole block. */
  drained(): void
  /** A transfer has moved everything. */
  finish(): void
  /** A delay of the command set's own is over. */
  step(step: number): void
  /** Registers and status as after a reset. */
  setSignature(): void
  save(): StateRecord
  restore(record: StateRecord): void
}

/** What the engine waits for. Numbers from `STEP_OWN` on belong to the command set. */
const STEP_NONE = 0
const STEP_BLOCK = 1
const STEP_STORE = 2
const STEP_DMA = 3
const STEP_RESULT = 4
const STEP_RESET = 5
const STEP_DIAGNOSTIC = 6
export const STEP_OWN = 16

/** What the data register, or the bus master, does now. */
type Phase = 'none' | 'in' | 'out' | 'dma-in' | 'dma-out'

/** One drive at its cable. */
export class DriveEngine {
  readonly registers = new TaskFile()
  readonly buffer = new Uint8Array(BUFFER_BYTES + 2)
  status = 0
  error = 0
  interrupt = false
  readonly #link: DriveLink
  readonly #timer: Timer
  #commands!: CommandSet
  #phase: Phase = 'none'
  #position = 0
  #end = 0
  #step = STEP_NONE
  /** Error register of a command whose completion is due; 0 is success. */
  #result = 0

  constructor(link: DriveLink, timers: TimerQueue, name: string) {
    this.#link = link
    this.#timer = timers.create(name, () => this.#due())
  }

  /** Connects the commands; called once by the drive that owns this engine. */
  connect(commands: CommandSet): void {
    this.#commands = commands
  }

  get busy(): boolean {
    return (this.status & BUSY) !== 0
  }

  get requesting(): boolean {
    return (this.status & REQUEST) !== 0
  }

  /** Software wrote the command register; the drive is idle. */
  execute(command: number): void {
    this.lowerInterrupt()
    this.#cancel()
    this.status = BUSY
    this.error = 0
    this.#commands.execute(command)
  }

  /** The command goes on at `step` when the delay is over. */
  later(step: number, delayNs = this.#link.delayNs): void {
    this.status = BUSY
    this.#step = step
    this.#timer.armAfter(delayNs)
  }

  /** Ends the command after the usual delay: with success, or with the bits of the error register given. */
  endLater(error = 0): void {
    this.#result = error
    this.later(STEP_RESULT)
  }

  /** Ends the command now, with an interrupt. */
  end(error = 0): void {
    this.rest(error)
    this.raiseInterrupt()
  }

  /** Ends the command without an interrupt. */
  rest(error = 0): void {
    this.#phase = 'none'
    this.error = error
    this.status = READY | SEEK_DONE | (error ? ERROR : 0)
  }

  /** Starts a transfer to the host: blocks of programmed I/O with an interrupt each, or DMA. */
  startIn(dma: boolean): void {
    this.#start(dma ? 'dma-in' : 'in', dma ? STEP_DMA : STEP_BLOCK)
  }

  /** Starts a transfer from the host. `announced`: the first block, too, is asked for with a delay and an interrupt. */
  startOut(dma: boolean, announced: boolean): void {
    if (dma || announced) this.#start(dma ? 'dma-out' : 'out', dma ? STEP_DMA : STEP_BLOCK)
    else {
      this.#phase = 'out'
      this.#request(this.#commands.room())
    }
  }

  /** The next block of programmed input follows after a delay. */
  nextBlock(): void {
    this.later(STEP_BLOCK)
  }

  raiseInterrupt(): void {
    this.interrupt = true
    this.#link.interruptChanged()
  }

  lowerInterrupt(): void {
    this.interrupt = false
    this.#link.interruptChanged()
  }

  readData(): number {
    if (this.#phase !== 'in' || !this.requesting) return 0
    const value = this.buffer[this.#position] | (this.buffer[this.#position + 1] << 8)
    this.#position += 2
    if (this.#position >= this.#end) this.#commands.drained()
    return value
  }

  writeData(value: number): void {
    if (this.#phase !== 'out' || !this.requesting) return
    this.buffer[this.#position] = value
    this.buffer[this.#position + 1] = value >>> 8
    this.#position += 2
    if (this.#position >= this.#end) this.later(STEP_STORE)
  }

  /** The bus master was started. */
  dmaStarted(): void {
    if (this.#phase.startsWith('dma') && this.requesting) this.later(STEP_DMA)
  }

  /** Power-on and RESET#: ready at once. */
  reset(): void {
    this.#cancel()
    this.interrupt = false
    this.#ready()
  }

  /** Software reset is asserted: busy until it is released. */
  holdReset(): void {
    this.#cancel()
    this.lowerInterrupt()
    this.status = BUSY
  }

  releaseReset(): void {
    this.later(STEP_RESET, RESET_NS)
  }

  /** DEVICE RESET, which only packet drives know; it needs no idle drive and gives no interrupt. */
  deviceReset(): void {
    this.#cancel()
    this.lowerInterrupt()
    this.later(STEP_RESET)
  }

  /** EXECUTE DEVICE DIAGNOSTIC, which both drives run and device 0 reports. */
  diagnose(reports: boolean): void {
    this.#cancel()
    this.lowerInterrupt()
    this.later(reports ? STEP_DIAGNOSTIC : STEP_RESET)
  }

  save(): StateRecord {
    return {
      registers: this.registers.save(),
      status: this.status,
      error: this.error,
      interrupt: this.interrupt,
      phase: this.#phase,
      position: this.#position,
      end: this.#end,
      data: this.buffer.slice(0, this.#valid),
      step: this.#step,
      result: this.#result,
      deadlineNs: this.#timer.armed ? this.#timer.deadlineNs : -1,
      commands: this.#commands.save(),
    }
  }

  restore(record: StateRecord): void {
    this.registers.restore(record['registers'] as TaskFileState)
    this.status = record['status'] as number
    this.error = record['error'] as number
    this.interrupt = record['interrupt'] as boolean
    this.#phase = record['phase'] as Phase
    this.#position = record['position'] as number
    this.#end = record['end'] as number
    this.buffer.fill(0)
    this.buffer.set(record['data'] as Uint8Array)
    this.#step = record['step'] as number
    this.#result = record['result'] as number
    const deadlineNs = record['deadlineNs'] as number
    if (deadlineNs >= 0) this.#timer.arm(deadlineNs)
    else this.#timer.cancel()
    this.#commands.restore(record['commands'] as StateRecord)
  }

  dispose(): void {
    this.#timer.cancel()
  }

  /** Bytes of the buffer that mean something: a block that was loaded, or what the host has given of one so far. */
  get #valid(): number {
    if (this.#phase === 'none') return 0
    return this.#phase === 'in' || this.#phase === 'dma-in' ? this.#end : this.#position
  }

  #start(phase: Phase, step: number): void {
    this.#phase = phase
    this.#position = 0
    this.#end = 0
    this.later(step)
  }

  #cancel(): void {
    this.#timer.cancel()
    this.#phase = 'none'
    this.#step = STEP_NONE
    this.#position = 0
    this.#end = 0
  }

  #due(): void {
    const step = this.#step
    this.#step = STEP_NONE
    if (step === STEP_BLOCK) this.#block()
    else if (step === STEP_STORE) this.#storeBlock()
    else if (step === STEP_DMA) this.#pump()
    else if (step === STEP_RESULT) this.end(this.#result)
    else if (step === STEP_RESET) this.#ready()
    else if (step === STEP_DIAGNOSTIC) {
      this.#ready()
      this.raiseInterrupt()
    } else if (step >= STEP_OWN) this.#commands.step(step)
  }

  #ready(): void {
    this.status = READY | SEEK_DONE
    this.error = DIAGNOSTIC_PASSED
    this.#commands.setSignature()
    this.#link.interruptChanged()
  }

  #block(): void {
    if (this.#phase === 'out') {
      this.#request(this.#commands.room())
      this.raiseInterrupt()
      return
    }
    const bytes = this.#commands.load()
    if (bytes === 0) this.#commands.finish()
    if (bytes <= 0) return
    // An odd last byte is read as a word whose other half is zero.
    this.buffer[bytes] = 0
    this.#phase = 'in'
    this.#request(bytes)
    this.raiseInterrupt()
  }

  #request(bytes: number): void {
    this.#position = 0
    this.#end = bytes
    this.status = READY | SEEK_DONE | REQUEST
  }

  #storeBlock(): void {
    if (!this.#commands.store(this.#end)) return
    const bytes = this.#commands.room()
    if (bytes === 0) {
      this.#commands.finish()
      return
    }
    this.#request(bytes)
    this.raiseInterrupt()
  }

  /** Moves data until everything is done or the bus master stops taking part; then the drive waits, asking for more. */
  #pump(): void {
    this.status = READY | SEEK_DONE | REQUEST
    while (this.#link.dmaActive) {
      if (this.#position === this.#end && !this.#nextDmaBlock()) return
      const left = this.#end - this.#position
      const moved =
        this.#phase === 'dma-in'
          ? this.#link.dmaToMemory(this.buffer, this.#position, left)
          : this.#link.dmaFromMemory(this.buffer, this.#position, left)
      this.#position += moved
      if (moved === 0) return
      // The last block is complete even if the bus master's table ended with it.
      if (this.#position === this.#end && !this.#link.dmaActive && !this.#nextDmaBlock()) return
    }
  }

  /** False when the command has ended, in one way or the other. */
  #nextDmaBlock(): boolean {
    const into = this.#phase === 'dma-in'
    if (!into && this.#end > 0 && !this.#commands.store(this.#end)) return false
    const bytes = into ? this.#commands.load() : this.#commands.room()
    if (bytes === 0) this.#commands.finish()
    if (bytes <= 0) return false
    this.#position = 0
    this.#end = bytes
    return true
  }
}
