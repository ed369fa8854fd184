/**
 * The life of a running machine on its thread: slices of guest code, and between them the host's commands, keys, serial bytes,
 * pictures and statistics. The thread never returns to its event loop while the machine runs: commands are polled from the
 * port, and a halted guest sleeps on the doorbell until its next deadline.
 */
import { threadCpuUsage } from 'node:process'
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { AppError } from '../../core/base/errors.ts'
import { toErrorRecord } from '../../core/contract/error-record.ts'
import {
  DOORBELL,
  type RunEnd,
  type VmThreadCommand,
  type VmThreadMessage,
  type VmThreadRequest,
  type VmThreadTask,
} from '../../core/contract/vm-thread.ts'
import type { Machine, MachineConfig, SliceEnd } from '../../core/machine/machine.ts'
import { openMediumFile } from '../files/open-medium.ts'
import { SavedMemory } from '../snapshot/load-memory.ts'
import { FramePublisher } from './frame-publisher.ts'
import { type FailureGuard, GuardedMedium } from './guarded-medium.ts'
import { InputQueue } from './input-queue.ts'
import { LightWatch } from './light-watch.ts'
import { openMachineConfig, realTimeMs } from './machine-config.ts'
import { Profiler } from './profiler.ts'
import { regionThread } from './region-thread.ts'
import { SerialLines } from './serial-lines.ts'
import { resumeMachine, SnapshotPoint } from './snapshot-point.ts'
import { SpeedGovernor } from './speed-governor.ts'
import { StatsMeter } from './stats-meter.ts'
import { TextWatch } from './text-watch.ts'

/** A halted machine looks around this often all the same: statistics, the cursor's blinking for a viewer. */
const LONGEST_SLEEP_MS = 1000
const SETTLE_INTERVAL_MS = 1000
const LONGEST_SLEEP_WITH_VIEWER_MS = 100

/** Host time that stands still while the machine is paused. */
class PausableClock {
  #startMs = performance.now()
  #pausedAtMs: number | undefined

  nowNs(): number {
    return ((this.#pausedAtMs ?? performance.now()) - this.#startMs) * 1e6
  }

  pause(): void {
    this.#pausedAtMs ??= performance.now()
  }

  resume(): void {
    if (this.#pausedAtMs === undefined) return
    this.#startMs += performance.now() - this.#pausedAtMs
    this.#pausedAtMs = undefined
  }
}

/** Runs one machine from power-on to its end. A throw is a crash. */
export async function runMachineThread(
  task: VmThreadTask<MessagePort>,
  createMachine: (config: MachineConfig) => Machine,
): Promise<null> {
  const post = (message: VmThreadMessage) => task.port.postMessage(message)
  const clock = new PausableClock()
  const log = (level: 'debug' | 'info' | 'warn') => (message: string) => post({ type: 'log', level, message })
  const files: { file: string; writes: boolean }[] = []
  let machine: Machine
  let saved: SavedMemory | undefined
  let loop: VmLoop | undefined
  const onDiskFailure = (error: AppError) => loop?.waitForDisk(error) ?? false
  try {
    // Unpacked on other threads while the machine is made.
    saved = task.resume ? new SavedMemory(task.resume.memoryMap, task.resume.packFolder) : undefined
    const config = openMachineConfig(task.spec, task.options, {
      hostNowNs: () => clock.nowNs(),
      log: { debug: log('debug'), info: log('info'), warn: log('warn') },
      regionThread: task.compilerPort ? regionThread.bind(null, task.compilerPort) : undefined,
      onTone: (frequencyHz) => post({ type: 'tone', frequencyHz }),
      onDiskFailure,
      onImageFile: (file, writes) => files.push({ file, writes }),
    })
    try {
      machine = createMachine(config)
    } catch (error) {
      for (const { medium } of config.drives) medium?.close()
      throw error
    }
    if (saved) {
      // No time passes for the guest until it goes on.
      clock.pause()
      await takeUp(machine, task, saved)
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    post({ type: 'not-started', error: toErrorRecord(error) })
    return null
  } finally {
    saved?.close()
  }
  if (files.length > 0) post({ type: 'images', files })
  try {
    loop = new VmLoop(task, machine, clock, post, onDiskFailure)
    loop.run()
  } finally {
    machine.dispose()
  }
  return null
}

/** Goes on from the task's saved state, or throws with everything closed. */
async function takeUp(
  machine: Machine,
  { spec, resume }: VmThreadTask<MessagePort>,
  memory: SavedMemory,
): Promise<void> {
  const { source, resume: shows } = spec.clock
  try {
    if (resume)
      await resumeMachine(
        machine,
        resume,
        memory,
        source === 'host' && shows === 'present' ? realTimeMs(spec) : undefined,
      )
  } catch (error) {
    machine.dispose()
    throw error
  }
}

/** Answers a call, with an AppError for one that has failed. */
type Reply = (result: unknown) => void

function unread(): AppError {
  return new AppError('vm/invalid-state', 'The guest does not read its keyboard')
}

/** The machine was switched off while its guest stood in the middle of something. */
class Unplugged extends Error {}

class VmLoop {
  readonly #port: MessagePort
  readonly #machine: Machine
  readonly #clock: PausableClock
  readonly #post: (message: VmThreadMessage) => void
  readonly #control: Int32Array<SharedArrayBuffer>
  readonly #virtual: boolean
  readonly #discardWrites: boolean
  readonly #governor: SpeedGovernor
  readonly #input: InputQueue
  readonly #serial: SerialLines
  readonly #watch: TextWatch
  readonly #frames: FramePublisher
  readonly #stats: StatsMeter
  readonly #lights: LightWatch
  readonly #profiler: Profiler
  readonly #snapshots: SnapshotPoint
  readonly #onDiskFailure: FailureGuard
  /** The guest, or what is done for it, can stand still in the middle of an access to a disk. */
  #mayWait = false
  /** It does. */
  #waits = false
  /** For so long in all. */
  #waitedMs = 0
  #resetWanted = false
  /** Unless it is resumed before it has been reset. */
  #pausedAfterReset = false
  #paused = false
  #settledMs = 0
  #stepped: boolean
  #end: RunEnd | undefined
  #doorbell = -1
  /** Calls under way that let a stepped machine run. */
  #timedCalls = 0
  /** Guest time that could not pass, because the guest waits without any timer: waits for text go on by the host's. */
  #timelessNs = 0
  #lastInstructions = 0
  /** When the last slice had ended, and whatever sleep came after it. */
  #awakeMs = performance.now()
  /** The longest time between two slices since the last snapshot began, but for sleeps. */
  #longestGapMs = 0
  /** What this thread had of a core when the last slice ended. */
  #lastCoreNs = Number.POSITIVE_INFINITY

  constructor(
    task: VmThreadTask<MessagePort>,
    machine: Machine,
    clock: PausableClock,
    post: (message: VmThreadMessage) => void,
    onDiskFailure: FailureGuard,
  ) {
    this.#port = task.port
    this.#machine = machine
    this.#clock = clock
    this.#post = post
    this.#control = new Int32Array(task.control)
    this.#virtual = task.spec.clock.source === 'virtual'
    this.#discardWrites = task.options.discardWrites
    this.#stepped = task.options.stepped
    this.#governor = new SpeedGovernor(task.spec.cpu.limitMips, task.spec.cpu.capPercent)
    this.#input = new InputQueue(machine)
    this.#watch = new TextWatch(machine)
    this.#serial = new SerialLines(machine.serialPorts, (port, bytes) => {
      this.#watch.serialOutput(port, bytes)
      post({ type: 'serial', port, bytes })
    })
    this.#frames = new FramePublisher(machine.display, this.#control, post)
    this.#stats = new StatsMeter(machine)
    this.#lights = new LightWatch(machine)
    this.#profiler = new Profiler(machine)
    this.#onDiskFailure = onDiskFailure
    this.#snapshots = new SnapshotPoint(machine, task.spec, this.#discardWrites, task.resume?.id ?? null, {
      runSlice: (budgetNs) => this.#guarded(() => machine.runSlice(budgetNs)),
      onDiskFailure,
    })
    if (task.resume) this.#pause()
  }

  run(): void {
    this.#post({ type: 'started' })
    while (!this.#end) {
      this.#obey()
      if (this.#end) break
      if (this.#paused || (this.#stepped && this.#timedCalls === 0)) this.#stand()
      else this.#runOnce()
    }
    this.#serial.flush()
    this.#watch.check(this.#guestNs())
    this.#frames.drawNow()
    this.#snapshots.closeRetired()
    const profile = this.#profiler.active ? this.#profiler.stop() : null
    this.#post({ type: 'ended', end: this.#end, stats: this.#stats.measure(), profile })
  }

  /** The guest's time as waits see it. */
  #guestNs(): number {
    return this.#machine.clock.nowNs() + this.#timelessNs
  }

  /** Sleeps until the host says something. */
  #stand(): void {
    this.#clock.pause()
    if (this.#paused) this.#frames.tick(performance.now())
    Atomics.wait(this.#control, DOORBELL, this.#doorbell)
    if (!this.#paused) this.#clock.resume()
    this.#awakeMs = performance.now()
  }

  #runOnce(): void {
    this.#input.feed(this.#guestNs())
    this.#serial.feed()
    const startMs = performance.now()
    const waitedMs = this.#waitedMs
    this.#longestGapMs = Math.max(this.#longestGapMs, startMs - this.#awakeMs)
    let end: SliceEnd
    try {
      end = this.#guarded(() => {
        if (startMs - this.#settledMs >= SETTLE_INTERVAL_MS) this.#settle(startMs)
        return this.#machine.runSlice(this.#governor.budgetNs)
      })
    } catch (error) {
      if (error instanceof Unplugged) return
      if (!(error instanceof AppError) || !error.code.startsWith('disk/')) throw error
      this.#pause()
      this.#post({ type: 'paused-by-error', error: toErrorRecord(error) })
      return
    }
    if (this.#resetWanted) {
      this.#reset()
      if (this.#pausedAfterReset) this.#pause()
    }
    const nowMs = performance.now()
    this.#serial.flush()
    this.#watch.check(this.#guestNs())
    this.#frames.tick(nowMs)
    this.#stats.tick(nowMs, this.#post)
    this.#lights.tick(nowMs, this.#post)
    if (end.reason === 'power-off') this.#end = { kind: 'power-off', by: 'guest' }
    else if (end.reason === 'exit') this.#end = { kind: 'exit', value: end.exitValue }
    else if (end.reason === 'halted') this.#sleep(end.wakeNs, nowMs)
    else if (this.#governor.active) this.#brake((nowMs - startMs - (this.#waitedMs - waitedMs)) * 1e6)
    // What came between the slice and a sleep, or the next slice.
    this.#awakeMs = end.reason === 'halted' || this.#governor.active ? performance.now() : nowMs
  }

  /** Runs what may stand still in the middle of an access to a disk. */
  #guarded<Result>(work: () => Result): Result {
    this.#mayWait = true
    try {
      return work()
    } finally {
      this.#mayWait = false
    }
  }

  /**
   * The host's disk has failed under the guest, which stands still right there until it is told to go on: true, try again. False:
   * the guest shall know, because it is reset anyway, or nothing stands that could wait. Throws when the machine is switched off.
   */
  waitForDisk(error: AppError): boolean {
    if (!this.#mayWait || this.#end) return false
    const startMs = performance.now()
    this.#pause()
    this.#serial.flush()
    this.#post({ type: 'paused-by-error', error: toErrorRecord(error) })
    this.#waits = true
    while (this.#paused && !this.#end) {
      this.#stand()
      this.#obey()
    }
    this.#waits = false
    this.#waitedMs += performance.now() - startMs
    if (this.#end) throw new Unplugged()
    return !this.#resetWanted
  }

  #reset(): void {
    this.#resetWanted = false
    this.#machine.reset()
    this.#input.clear()
  }

  /** Sleeps a halted guest until its deadline, the doorbell, or something else is due. */
  #sleep(wakeNs: number, nowMs: number): void {
    const longestMs = this.#frames.wanted ? LONGEST_SLEEP_WITH_VIEWER_MS : LONGEST_SLEEP_MS
    const dueNs = Math.min(
      wakeNs - this.#machine.clock.nowNs(),
      this.#watch.nextNs() - this.#guestNs(),
      longestMs * 1e6,
    )
    // Typed text goes on by the guest's clock, which stands when no timer is armed.
    const timeoutMs = (this.#input.waiting ? Math.min(dueNs, 1e6) : dueNs) / 1e6
    if (timeoutMs <= 0) return
    Atomics.wait(this.#control, DOORBELL, this.#doorbell, timeoutMs)
    const sleptNs = (performance.now() - nowMs) * 1e6
    this.#governor.slept(sleptNs)
    if (this.#virtual) this.#timelessNs += sleptNs
  }

  /** Sleeps as the governor asks, in parts: a key must not wait for it. */
  #brake(busyNs: number): void {
    const { instructionsInterpreted, instructionsCompiled } = this.#machine.counters()
    const instructions = instructionsInterpreted + instructionsCompiled
    const { user, system } = threadCpuUsage()
    const coreNs = (user + system) * 1000
    const sleepNs = this.#governor.afterSlice(
      busyNs,
      instructions - this.#lastInstructions,
      Math.max(0, coreNs - this.#lastCoreNs),
    )
    this.#lastCoreNs = coreNs
    this.#lastInstructions = instructions
    if (sleepNs === 0) return
    const startMs = performance.now()
    Atomics.wait(this.#control, DOORBELL, this.#doorbell, sleepNs / 1e6)
    this.#governor.slept((performance.now() - startMs) * 1e6)
  }

  /** Takes the host's messages, if the bell was rung since the last time. */
  #obey(): void {
    const rung = Atomics.load(this.#control, DOORBELL)
    if (rung === this.#doorbell) return
    this.#doorbell = rung
    for (let received = receiveMessageOnPort(this.#port); received; received = receiveMessageOnPort(this.#port)) {
      this.#command(received.message as VmThreadCommand)
    }
  }

  #command(command: VmThreadCommand): void {
    if (command.type === 'keys') this.#input.keys(command.events)
    else if (command.type === 'mouse') this.#input.mouse(command.events)
    else if (command.type === 'serial') this.#serial.send(command.port, command.bytes)
    else this.#call(command.call, command.request)
  }

  #call(call: number, request: VmThreadRequest): void {
    const reply: Reply = (result) => {
      if (result instanceof AppError) this.#post({ type: 'failure', call, error: toErrorRecord(result) })
      else this.#post({ type: 'reply', call, result })
    }
    try {
      const result = this.#answer(request, reply)
      if (result !== undefined) reply(result)
    } catch (error) {
      // Calls that are under way at the end are answered by it.
      if (error instanceof Unplugged) return
      if (!(error instanceof AppError)) throw error
      reply(error)
    }
  }

  /** Does what is asked. Undefined: `reply` is called later, with guest time going on until then. */
  #answer(request: VmThreadRequest, reply: Reply): unknown {
    if (this.#waits && /^(insert|eject|snapshot-begin)$/.test(request.type))
      throw new AppError('vm/invalid-state', 'The machine waits for its disk; make room, and resume it first')
    switch (request.type) {
      case 'pause':
        this.#pause()
        return null
      case 'resume':
        this.#pausedAfterReset = false
        this.#goOn()
        return null
      case 'reset':
        if (!this.#waits) this.#reset()
        else {
          this.#resetWanted = true
          this.#pausedAfterReset = true
          this.#goOn()
        }
        return null
      case 'power-off':
        this.#end = { kind: 'power-off', by: 'host' }
        return null
      case 'power-button':
        this.#machine.pressPowerButton()
        return null
      case 'insert':
        this.#insert(request)
        return null
      case 'eject':
        this.#machine.eject(request.slot)
        return null
      case 'snapshot-begin':
        return this.#takeSnapshot(request)
      case 'snapshot-end':
        this.#snapshots.end(request.id)
        return { longestGapMs: this.#longestGapMs }
      case 'screen-text':
        return this.#machine.display.text()
      case 'draw':
        this.#frames.drawNow()
        return null
      case 'stats':
        return this.#stats.measure()
      case 'profile-start':
        this.#profiler.start()
        return null
      case 'profile-stop':
        return this.#profiler.stop()
      case 'set-pace':
        this.#governor.set(request.limitMips, request.capPercent)
        return null
      case 'run-freely':
        this.#stepped = false
        this.#clock.resume()
        return null
      default:
        this.#begin(request, reply)
        return undefined
    }
  }

  /** Calls that are over when guest time has brought something about. */
  #begin(
    request: Extract<VmThreadRequest, { type: 'type-text' | 'input-read' | 'wait-text' | 'sleep' }>,
    reply: Reply,
  ): void {
    const timed: Reply = (result) => {
      this.#timedCalls--
      reply(result)
    }
    switch (request.type) {
      case 'type-text':
        this.#input.type(request.text, (read) => timed(read ? null : unread()), request)
        this.#timedCalls++
        return
      case 'input-read':
        this.#timedCalls++
        this.#input.whenRead(() => timed(null))
        return
      case 'sleep':
        this.#timedCalls++
        this.#watch.add({
          text: null,
          deadlineNs: this.#guestNs() + request.seconds * 1e9,
          background: false,
          seen: () => timed(null),
        })
        return
      case 'wait-text': {
        const { text, timeoutSeconds, background } = request
        if (!background) this.#timedCalls++
        const deadlineNs = timeoutSeconds === null ? Number.POSITIVE_INFINITY : this.#guestNs() + timeoutSeconds * 1e9
        this.#watch.add({
          text,
          deadlineNs,
          background,
          seen: (where) => (background ? reply({ seen: where }) : timed({ seen: where })),
        })
        return
      }
    }
  }

  #insert(request: Extract<VmThreadRequest, { type: 'insert' }>): void {
    const { slot, file, writeProtected } = request
    const kind = slot.startsWith('f') ? 'floppy' : 'cdrom'
    const medium = openMediumFile({
      file,
      kind,
      writeProtected,
      discardWrites: request.discardWrites || this.#discardWrites,
    })
    try {
      this.#machine.insert(slot, new GuardedMedium(medium, this.#onDiskFailure))
    } catch (error) {
      medium.close()
      throw error
    }
  }

  /** What disk images hold back gets into their files soon, should the guest never flush its disks. */
  #settle(nowMs: number): void {
    this.#settledMs = nowMs
    this.#machine.settleMedia()
  }

  /** A paused guest may have to go on for some microseconds, for which its clock runs. */
  #takeSnapshot(request: Extract<VmThreadRequest, { type: 'snapshot-begin' }>): unknown {
    const stands = (this.#paused || this.#stepped) && !this.#machine.canSave
    if (stands) this.#clock.resume()
    this.#longestGapMs = 0
    try {
      return this.#snapshots.begin(request)
    } finally {
      this.#serial.flush()
      if (stands) this.#clock.pause()
    }
  }

  #pause(): void {
    this.#paused = true
    this.#clock.pause()
  }

  #goOn(): void {
    this.#paused = false
    this.#clock.resume()
  }
}
