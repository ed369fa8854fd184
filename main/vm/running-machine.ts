/**
 * A running machine of the library with everything that hangs on it: its log, serial files, the recent past of its serial
 * lines, viewers and thumbnails.
 */
import { toErrorRecord } from '../../core/contract/error-record.ts'
import type { ErrorRecord, Thumbnail } from '../../core/contract/machine-card.ts'
import type { DriveSlot, MachineSpec, SerialPortSpec } from '../../core/contract/machine-spec.ts'
import type { ResumeSource, RunOptions } from '../../core/contract/vm-thread.ts'
import { machineLogFile, writeThumbnail } from '../library/machine-folder.ts'
import { RotatingLog } from '../library/rotating-log.ts'
import type { ConsoleSubscription } from './console-subscription.ts'
import { createThumbnail } from './png-picture.ts'
import { openSerialEndpoint, type SerialEndpoint } from './serial-endpoint.ts'
import { type Ending, VmHost } from './vm-host.ts'
import type { ThreadPools } from './vm-pool.ts'

/** Without a viewer the picture is wanted for the thumbnail only. */
const THUMBNAIL_INTERVAL_MS = 2000
/** What a terminal that is opened late still sees. */
const SERIAL_PAST_BYTES = 64 << 10

/** What happens to it that others want to know. */
export interface RunningMachineEvents {
  onThumbnail(thumbnail: Thumbnail): void
  /** Something went wrong beside the machine: it goes on. */
  onProblem(error: ErrorRecord): void
}

export class RunningMachine {
  readonly vm: VmHost
  readonly log: RotatingLog
  /** Resolves when the machine has ended and its last thumbnail is saved; never rejects. */
  readonly settled: Promise<Ending>
  readonly discardsWrites: boolean
  /** Drives whose image was removed meanwhile, as far as that was said. */
  lostImages: ReadonlySet<DriveSlot> = new Set()
  readonly #folder: string
  readonly #events: RunningMachineEvents
  readonly #viewers = new Set<ConsoleSubscription>()
  readonly #past = new Map<number, Uint8Array<ArrayBuffer>>()
  readonly #lines = new Map<number, { readonly spec: SerialPortSpec; readonly endpoint: SerialEndpoint | undefined }>()
  #thumbnailTimer: NodeJS.Timeout | undefined
  #thumbnailDueMs = 0

  /** Starts the machine of `folder`. Paths in `spec` are absolute. Throws as VmHost does. */
  constructor(
    pools: ThreadPools,
    folder: string,
    spec: MachineSpec,
    options: RunOptions & { readonly resume: ResumeSource | null },
    events: RunningMachineEvents,
  ) {
    this.discardsWrites = options.discardWrites
    this.#folder = folder
    this.#events = events
    this.log = RunningMachine.logOf(folder)
    this.log.write(
      'info',
      `${options.resume ? 'Resume' : 'Power on'}: ${spec.cpu.profile}, ${spec.memoryMib} MiB${options.discardWrites ? ', writes are discarded' : ''}`,
    )
    try {
      const { resume, ...run } = options
      this.vm = new VmHost(pools, spec, run, resume)
    } catch (error) {
      this.log.write('error', error instanceof Error ? error.message : String(error))
      throw error
    }
    for (const port of spec.serialPorts) this.setSerialPort(port)
    this.vm.onLog.subscribe(({ level, message }) => this.log.write(level, message))
    this.vm.onSerial.subscribe(({ port, bytes }) => this.#serialOutput(port, bytes))
    this.vm.onPicture.subscribe(({ rectangle, whole }) => {
      for (const viewer of this.#viewers) viewer.pictureChanged(rectangle, whole)
      this.#planThumbnail()
    })
    this.vm.onPausedByError.subscribe((error) => {
      this.log.write('error', `Paused: ${error.message}`)
      events.onProblem(error)
    })
    this.#setFrameInterval()
    this.settled = this.#finish()
  }

  /** The log of the machine in `folder`, running or not. */
  static logOf(folder: string): RotatingLog {
    return new RotatingLog(machineLogFile(folder))
  }

  async #finish(): Promise<Ending> {
    const ending = await this.vm.ending
    clearTimeout(this.#thumbnailTimer)
    for (const { endpoint } of this.#lines.values()) endpoint?.close()
    this.#lines.clear()
    if (ending.kind === 'ended')
      this.log.write(
        'info',
        ending.end.kind === 'exit' ? `Exit with ${ending.end.value}` : `Power off by the ${ending.end.by}`,
      )
    else this.log.write('error', `${ending.kind === 'crashed' ? 'Crashed' : 'Not started'}: ${ending.error.message}`)
    const last = createThumbnail(this.vm.picture)
    if (last) {
      this.#events.onThumbnail(last.thumbnail)
      await writeThumbnail(this.#folder, last.png).catch(() => {})
    }
    return ending
  }

  /** What the screen shows now; undefined when it cannot be asked. */
  async thumbnailNow(): Promise<Thumbnail | undefined> {
    await this.vm.call({ type: 'draw' }).catch(() => {})
    return createThumbnail(this.vm.picture)?.thumbnail
  }

  addViewer(viewer: ConsoleSubscription): void {
    this.#viewers.add(viewer)
    viewer.attach(this.vm.picture)
    for (const [port, past] of this.#past) viewer.serialOutput(port, past)
    this.#setFrameInterval()
  }

  removeViewer(viewer: ConsoleSubscription): void {
    this.#viewers.delete(viewer)
    this.#setFrameInterval()
  }

  #setFrameInterval(): void {
    const intervals = [...this.#viewers]
      .map(({ frameIntervalMs }) => frameIntervalMs)
      .filter((intervalMs) => intervalMs > 0)
    this.vm.setFrameInterval(Math.min(THUMBNAIL_INTERVAL_MS, ...intervals))
  }

  #serialOutput(port: number, bytes: Uint8Array<ArrayBuffer>): void {
    const past = this.#past.get(port) ?? new Uint8Array(0)
    const joined = new Uint8Array(past.length + bytes.length)
    joined.set(past)
    joined.set(bytes, past.length)
    this.#past.set(port, joined.subarray(-SERIAL_PAST_BYTES))
    for (const viewer of this.#viewers) viewer.serialOutput(port, bytes)
    this.#lines.get(port)?.endpoint?.write(bytes)
  }

  /** Has the line of a COM port go where `spec` says, from now on. Its path is absolute. */
  setSerialPort(spec: SerialPortSpec): void {
    const { port } = spec
    const before = this.#lines.get(port)
    if (before && JSON.stringify(before.spec) === JSON.stringify(spec)) return
    before?.endpoint?.close()
    const endpoint = openSerialEndpoint(spec, {
      onInput: (bytes) => this.vm.send({ type: 'serial', port, bytes }),
      onNote: (message) => this.log.write('info', message),
      onProblem: (error) => {
        this.log.write('error', error.message)
        this.#events.onProblem(toErrorRecord(error))
      },
    })
    this.#lines.set(port, { spec, endpoint })
  }

  /** A thumbnail now, or when the last one is old enough. */
  #planThumbnail(): void {
    if (this.#thumbnailTimer) return
    const waitMs = Math.max(0, this.#thumbnailDueMs - performance.now())
    this.#thumbnailTimer = setTimeout(() => {
      this.#thumbnailTimer = undefined
      this.#thumbnailDueMs = performance.now() + THUMBNAIL_INTERVAL_MS
      const made = createThumbnail(this.vm.picture)
      if (made) this.#events.onThumbnail(made.thumbnail)
    }, waitMs)
  }
}
