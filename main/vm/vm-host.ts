/**
 * One running machine as the host process sees it: its thread, its state, its picture. It ends with the machine; the next
 * start makes a new one. What happens inside the thread, even its death, ends here as a state with a reason.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { Emitter } from '../../core/base/emitter.ts'
import { AppError } from '../../core/base/errors.ts'
import { fromErrorRecord, toErrorRecord } from '../../core/contract/error-record.ts'
import type { Lights } from '../../core/contract/events.ts'
import type { ErrorRecord, MachineState } from '../../core/contract/machine-card.ts'
import type { DriveSlot, MachineSpec } from '../../core/contract/machine-spec.ts'
import type { MachineProfile } from '../../core/contract/profile.ts'
import {
  CONTROL_BYTES,
  DOORBELL,
  FRAME_INTERVAL_MS,
  FRAME_TAKEN,
  type ResumeSource,
  type RunEnd,
  type RunOptions,
  type SnapshotMoment,
  type VmThreadCommand,
  type VmThreadMessage,
  type VmThreadReply,
  type VmThreadRequest,
  type VmThreadStats,
} from '../../core/contract/vm-thread.ts'
import { ImageLocks, type ImageUse, imageUse } from '../library/image-locks.ts'
import { Picture, type Rectangle } from './picture.ts'
import type { ThreadPools } from './vm-pool.ts'

/** A thread that has not ended this long after it was told to is killed. */
const STOP_TIMEOUT_MS = 10_000

interface PendingCall {
  resolve(result: unknown): void
  reject(error: AppError): void
}

/** How the machine came to its end: by itself, before it began, or by a crash. */
export type Ending =
  | {
      readonly kind: 'ended'
      readonly end: RunEnd
      readonly stats: VmThreadStats
      readonly profile: MachineProfile | null
    }
  | { readonly kind: 'not-started'; readonly error: AppError }
  | { readonly kind: 'crashed'; readonly error: ErrorRecord }

export class VmHost {
  readonly spec: MachineSpec
  readonly picture = new Picture()
  /** What was last told of them. */
  lights: Lights | null = null
  readonly onState = new Emitter<MachineState>()
  readonly onSerial = new Emitter<{ port: number; bytes: Uint8Array<ArrayBuffer> }>()
  readonly onPicture = new Emitter<{ rectangle: Rectangle; whole: boolean }>()
  readonly onTone = new Emitter<number>()
  readonly onLights = new Emitter<Lights>()
  readonly onStats = new Emitter<VmThreadStats>()
  readonly onLog = new Emitter<{ level: 'debug' | 'info' | 'warn'; message: string }>()
  readonly onPausedByError = new Emitter<ErrorRecord>()
  /** Resolves when the thread has ended, however it did; never rejects. */
  readonly ending: Promise<Ending>
  readonly #port: MessagePort
  readonly #control = new Int32Array(new SharedArrayBuffer(CONTROL_BYTES))
  readonly #locks = new ImageLocks()
  /** What hard disks write into at present. */
  readonly #diskFiles = new Map<DriveSlot, string>()
  readonly #abort = new AbortController()
  readonly #calls = new Map<number, PendingCall>()
  readonly #discardWrites: boolean
  #frameBuffer = new Uint32Array(new SharedArrayBuffer(0))
  #state: MachineState = 'starting'
  #lastCall = 0
  #stopTimer: NodeJS.Timeout | undefined
  #early: Ending | undefined

  /** Starts the machine, or takes up a saved state, paused until `goOn`. Paths in `spec` are absolute. Throws `library/locked` when another machine writes one of its images. */
  constructor(pools: ThreadPools, spec: MachineSpec, options: RunOptions, resume: ResumeSource | null = null) {
    this.spec = spec
    this.#discardWrites = options.discardWrites
    try {
      for (const drive of spec.drives) {
        const use = imageUse(drive, options.discardWrites)
        if (use) this.#locks.take(use)
        if (use?.writes && drive.kind === 'disk') this.#diskFiles.set(drive.slot, use.file)
      }
    } catch (error) {
      this.#locks.releaseAll()
      throw error
    }
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    port1.on('message', (message: VmThreadMessage) => this.#onMessage(message))
    const control = this.#control.buffer as SharedArrayBuffer
    const task = pools.runMachine({ spec, options, resume, port: port2, control }, this.#abort.signal)
    this.ending = task.then(
      () => this.#finish(),
      (error: unknown) => this.#finish(error),
    )
  }

  get state(): MachineState {
    return this.#state
  }

  /** Whether the thread can still be asked. */
  get isAlive(): boolean {
    return this.#early === undefined && this.#state !== 'off' && this.#state !== 'crashed'
  }

  /** Resolves when the machine runs; rejects with what kept it from starting. */
  async started(): Promise<void> {
    if (this.#state !== 'starting') return
    const running = Promise.withResolvers<void>()
    const unsubscribe = this.onState.subscribe((state) => {
      if (state === 'running') running.resolve()
    })
    const ending = await Promise.race([running.promise, this.ending])
    unsubscribe()
    if (ending?.kind === 'not-started') throw ending.error
    if (ending?.kind === 'crashed')
      throw new AppError('vm/crashed', ending.error.message, { context: ending.error.context })
  }

  /** Takes a profile for `seconds`, or joins the one that is being taken. */
  profile(seconds: number): Promise<MachineProfile> {
    this.#profile ??= this.#takeProfile(seconds).finally(() => {
      this.#profile = undefined
    })
    return this.#profile
  }
  #profile: Promise<MachineProfile> | undefined

  async #takeProfile(seconds: number): Promise<MachineProfile> {
    await this.call({ type: 'profile-start' })
    const over = new AbortController()
    await Promise.race([delay(seconds * 1000, undefined, { signal: over.signal }).catch(() => {}), this.ending])
    over.abort()
    return this.call({ type: 'profile-stop' })
  }

  /** Asks the thread and waits for its answer. Rejects with `vm/invalid-state` when the machine ends first. */
  call<T extends VmThreadRequest['type']>(request: Extract<VmThreadRequest, { type: T }>): Promise<VmThreadReply<T>> {
    if (!this.isAlive) return Promise.reject(endedError())
    const call = ++this.#lastCall
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#calls.set(call, { resolve, reject })
    this.send({ type: 'call', call, request })
    return promise as Promise<VmThreadReply<T>>
  }

  /** Tells the thread something that needs no answer. */
  send(command: VmThreadCommand): void {
    this.#port.postMessage(command)
    Atomics.add(this.#control, DOORBELL, 1)
    Atomics.notify(this.#control, DOORBELL)
  }

  async pause(): Promise<void> {
    this.#require('running')
    await this.call({ type: 'pause' })
    this.#become('paused')
  }

  /** Lets a machine that has taken up a saved state go on. */
  async goOn(): Promise<void> {
    await this.call({ type: 'resume' })
  }

  async resume(): Promise<void> {
    this.#require('paused')
    await this.call({ type: 'resume' })
    this.#become('running')
  }

  /** Pulls the plug and waits for the end. A thread that does not react is killed. */
  async powerOff(): Promise<void> {
    if (this.#state !== 'off' && this.#state !== 'crashed') {
      this.#become('stopping')
      this.#stopTimer ??= setTimeout(() => this.#abort.abort(), STOP_TIMEOUT_MS)
      this.call({ type: 'power-off' }).catch(() => {})
    }
    await this.ending
  }

  /** Kills the thread: for a machine that hangs, and for tests of what happens then. */
  kill(): void {
    this.#abort.abort()
  }

  /** Puts the image at `file` into a drive; `forgets`: what the guest writes goes with the medium. */
  async insert(slot: DriveSlot, file: string, writeProtected: boolean, forgets?: boolean): Promise<void> {
    const drive = this.spec.drives.find((candidate) => candidate.slot === slot)
    const kind = drive?.kind ?? 'disk'
    const discardWrites = this.#discardWrites || (forgets ?? drive?.discardWrites ?? false)
    const use = imageUse({ file, kind, writeProtected, discardWrites }, false)
    if (use) this.#locks.take(use)
    try {
      await this.call({ type: 'insert', slot, file, writeProtected, discardWrites })
    } catch (error) {
      this.#locks.release(file)
      throw error
    }
  }

  /** Frees the lock of an image that a drive has given up for `successor`. */
  releaseImage(file: string, successor: string): void {
    if (file !== successor) this.#locks.release(file)
  }

  /** `file` is what the drive held, whose lock is freed. */
  async eject(slot: DriveSlot, file: string | null): Promise<void> {
    await this.call({ type: 'eject', slot })
    if (file !== null) this.#locks.release(file)
  }

  /** Whether the guest may write the disk in `slot` into its image. */
  writes(slot: DriveSlot): boolean {
    const drive = this.spec.drives.find((candidate) => candidate.slot === slot)
    return drive !== undefined && imageUse(drive, this.#discardWrites)?.writes === true
  }

  /** Whether the machine holds the image at `file` for writing. */
  hasImage(file: string): boolean {
    return this.#locks.has(file)
  }

  /** Takes the moment of a snapshot; from then on the disks write into `overlays`. */
  async beginSnapshot(
    overlays: readonly { readonly slot: DriveSlot; readonly file: string }[],
    base: string | null,
  ): Promise<SnapshotMoment> {
    const taken: string[] = []
    try {
      for (const { file } of overlays) {
        this.#locks.take({ file, writes: true })
        taken.push(file)
      }
      const moment = await this.call({ type: 'snapshot-begin', overlays, base })
      for (const { slot, file } of overlays) {
        // What the guest wrote until now belongs to the snapshot; machines may stand on it.
        const before = this.#diskFiles.get(slot)
        if (before !== undefined) this.#locks.writeNoMore(before)
        this.#diskFiles.set(slot, file)
      }
      return moment
    } catch (error) {
      for (const file of taken) this.#locks.release(file)
      throw error
    }
  }

  /** Its memory has been written (`id`), or will not be (null). */
  endSnapshot(id: string | null): Promise<VmThreadReply<'snapshot-end'>> {
    return this.call({ type: 'snapshot-end', id })
  }

  /** How often pictures are wanted; 0 is never. */
  setFrameInterval(intervalMs: number): void {
    const before = Atomics.exchange(this.#control, FRAME_INTERVAL_MS, intervalMs)
    if (before === intervalMs) return
    Atomics.add(this.#control, DOORBELL, 1)
    Atomics.notify(this.#control, DOORBELL)
  }

  #require(state: MachineState): void {
    if (this.#state !== state)
      throw new AppError('vm/invalid-state', `The machine is ${this.#state}, not ${state}`, {
        context: { state: this.#state },
      })
  }

  #become(state: MachineState): void {
    if (this.#state === state || this.#state === 'off' || this.#state === 'crashed') return
    if (this.#state === 'stopping' && state !== 'off' && state !== 'crashed') return
    this.#state = state
    this.onState.emit(state)
  }

  #onMessage(message: VmThreadMessage): void {
    switch (message.type) {
      case 'images':
        return this.#lockFiles(message.files)
      case 'started':
        // One whose files are not to be had is ended before it runs.
        if (!this.#early) this.#become('running')
        return
      case 'reply':
        return this.#settle(message.call, (call) => call.resolve(message.result))
      case 'failure':
        return this.#settle(message.call, (call) => call.reject(fromErrorRecord(message.error)))
      case 'serial':
        return this.onSerial.emit(message)
      case 'tone':
        return this.onTone.emit(message.frequencyHz)
      case 'log':
        return this.onLog.emit(message)
      case 'stats':
        return this.onStats.emit(message.stats)
      case 'lights':
        this.lights = message.lights
        return this.onLights.emit(message.lights)
      case 'frame-buffer':
        this.#frameBuffer = new Uint32Array(message.buffer)
        return
      case 'frame': {
        const change = this.picture.update(this.#frameBuffer, message.mode)
        Atomics.store(this.#control, FRAME_TAKEN, message.sequence)
        Atomics.notify(this.#control, FRAME_TAKEN)
        if (change) this.onPicture.emit(change)
        return
      }
      case 'paused-by-error':
        this.#become('paused')
        return this.onPausedByError.emit(message.error)
      case 'ended':
        this.#early = { kind: 'ended', end: message.end, stats: message.stats, profile: message.profile }
        return
      case 'not-started':
        this.#early = { kind: 'not-started', error: fromErrorRecord(message.error) }
        return
    }
  }

  /** Locks what the images stand on. A machine that cannot have it ends as one that has not started. */
  #lockFiles(files: readonly ImageUse[]): void {
    try {
      for (const { file, writes } of files)
        if (writes) this.#locks.take({ file, writes })
        else this.#locks.takeBacking(file)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      this.#early = { kind: 'not-started', error }
      this.#abort.abort()
    }
  }

  #settle(number: number, settle: (call: PendingCall) => void): void {
    const call = this.#calls.get(number)
    this.#calls.delete(number)
    if (call) settle(call)
  }

  /** The thread is gone: takes its last messages, frees what it held, and says how it ended. */
  #finish(error?: unknown): Ending {
    clearTimeout(this.#stopTimer)
    // The task's end overtakes messages that are still in the port.
    for (let last = receiveMessageOnPort(this.#port); last; last = receiveMessageOnPort(this.#port))
      this.#onMessage(last.message)
    this.#port.close()
    this.#locks.releaseAll()
    const ending = this.#early ?? { kind: 'crashed', error: crashRecord(error) }
    this.#become(ending.kind === 'crashed' ? 'crashed' : 'off')
    for (const call of this.#calls.values()) call.reject(endedError())
    this.#calls.clear()
    return ending
  }
}

function endedError(): AppError {
  return new AppError('vm/invalid-state', 'The machine is not running')
}

function crashRecord(error: unknown): ErrorRecord {
  if (error === undefined)
    return { code: 'vm/crashed', message: 'The thread of the machine ended without saying why', context: {} }
  const { name, code } = error as NodeJS.ErrnoException
  if (name === 'AbortError')
    return { code: 'vm/crashed', message: 'The machine did not react and was ended', context: {} }
  if (code === 'ERR_WORKER_OUT_OF_MEMORY')
    return { code: 'vm/crashed', message: 'The machine ran out of memory on this computer', context: {} }
  return { ...toErrorRecord(error), code: 'vm/crashed' }
}
