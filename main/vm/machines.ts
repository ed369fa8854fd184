/**
 * Machines of the library as people meet them: a folder on disk, running or not. Power, media and cards; what runs is a
 * RunningMachine, what rests is a StoredMachine.
 */
import { basename, join, resolve } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import { toErrorRecord } from '../../core/contract/error-record.ts'
import type { HistoryKind } from '../../core/contract/history.ts'
import type { LogLevel } from '../../core/contract/library-api.ts'
import { splitPatch } from '../../core/contract/live-settings.ts'
import type { ErrorRecord, MachineCard, MachineState, Thumbnail } from '../../core/contract/machine-card.ts'
import type { DriveSlot, MachinePatch, MachineSpec } from '../../core/contract/machine-spec.ts'
import type { MachineSample } from '../../core/contract/stats.ts'
import type { ResumeSource, RunOptions, VmThreadStats } from '../../core/contract/vm-thread.ts'
import type { HostEvents } from '../host-events.ts'
import type { Library, StoredMachine } from '../library/library.ts'
import { storedPath, withAbsolutePaths } from '../library/machine-folder.ts'
import { recordHistory } from '../library/machine-history.ts'
import { addPending, applyPending, withoutAbsent } from '../library/pending-settings.ts'
import type { RecentMedia } from '../library/recent-media.ts'
import type { ConsoleSubscription } from './console-subscription.ts'
import { lostImages, MachineCards } from './machine-cards.ts'
import { toMachineSample, toMachineStats } from './machine-stats.ts'
import { RunningMachine } from './running-machine.ts'
import { StatsHistory } from './stats-history.ts'
import type { Ending, VmHost } from './vm-host.ts'
import type { ThreadPools } from './vm-pool.ts'

const NORMAL_RUN: RunOptions = {
  engine: 'auto',
  debugExit: false,
  discardWrites: false,
  requireBootable: false,
  stepped: false,
}

/** How a drive treats its image. */
interface DriveUse {
  writeProtected: boolean
  discardWrites: boolean
}

/** What snapshots have to do with starts and ends. */
export interface MachineHooks {
  /** Before a start: may refuse it. */
  beforeStart(id: string, run: Partial<RunOptions>): Promise<void>
  started(id: string): void
  /** The saved state `snapshot` has been taken up, and the guest goes on when this resolves. */
  resumed(id: string, snapshot: string): Promise<void>
  ended(id: string): void
  /** Whether others know where the machine's folder is, so that it keeps its name. */
  staysInPlace(id: string): Promise<boolean>
}

export class Machines {
  readonly library: Library
  readonly cards: MachineCards
  readonly media: RecentMedia
  hooks: MachineHooks = {
    beforeStart: async () => {},
    started() {},
    resumed: async () => {},
    ended() {},
    staysInPlace: async () => false,
  }
  readonly #pools: ThreadPools
  readonly #events: HostEvents
  readonly #running = new Map<string, RunningMachine>()
  /** Ends that are being worked off, or waited for. */
  readonly #ends = new Map<string, Promise<void>>()
  readonly #crashes = new Map<string, ErrorRecord>()
  readonly #stats = new Map<string, StatsHistory<MachineSample>>()
  readonly #viewers = new Map<string, Set<ConsoleSubscription>>()

  constructor(library: Library, pools: ThreadPools, events: HostEvents, media: RecentMedia) {
    this.library = library
    this.media = media
    this.cards = new MachineCards(library, events, (id) => ({
      state: this.state(id),
      crash: this.#crashes.get(id) ?? null,
      discardsWrites: this.#running.get(id)?.discardsWrites ?? false,
    }))
    this.#pools = pools
    this.#events = events
  }

  async card(id: string): Promise<MachineCard> {
    return this.cards.ofMachine(this.library.machine(id))
  }

  state(id: string): MachineState {
    const vm = this.#running.get(id)?.vm
    // A thread that has ended is worked off first: log, thumbnail, the reason of a crash.
    if (vm) return vm.isAlive ? vm.state : 'stopping'
    return this.#crashes.has(id) ? 'crashed' : 'off'
  }

  /** Throws `vm/invalid-state` unless the machine is off. */
  requireOff(id: string): void {
    this.library.machine(id)
    const running = this.#running.get(id)
    if (running)
      throw new AppError('vm/invalid-state', `The machine is ${running.vm.state}; switch it off first`, {
        context: { state: running.vm.state },
      })
  }

  /** The running machine. Throws `vm/not-found` or `vm/invalid-state`. */
  running(id: string): VmHost {
    const { spec } = this.library.machine(id)
    const running = this.#running.get(id)
    if (!running) throw new AppError('vm/invalid-state', `The machine ${JSON.stringify(spec.name)} is not running`)
    return running.vm
  }

  /** The running machine, if it runs. */
  runningVm(id: string): VmHost | undefined {
    const vm = this.#running.get(id)?.vm
    return vm?.isAlive ? vm : undefined
  }

  /** Writes a line into the log of a machine that runs. */
  note(id: string, message: string): void {
    this.#running.get(id)?.log.write('info', message)
  }

  /** The last picture of the machine's screen that is known. */
  thumbnail(id: string): Thumbnail | null {
    return this.cards.thumbnail(id)
  }

  /** What its screen shows now, or the last picture that is known. */
  async thumbnailNow(id: string): Promise<Thumbnail | null> {
    return (await this.#running.get(id)?.thumbnailNow()) ?? this.thumbnail(id)
  }

  /** The last lines of the log that contain `search`, case aside, and have one of `levels`. */
  logLines(id: string, count: number, search = '', levels?: readonly LogLevel[]): string[] {
    const { path } = this.library.machine(id)
    return (this.#running.get(id)?.log ?? RunningMachine.logOf(path)).tail(count, search, levels)
  }

  /** Keeps what has happened to the machine, and tells it. */
  happened(id: string, kind: HistoryKind, detail = ''): void {
    const machine = this.library.find(id)
    if (!machine) return
    const entry = recordHistory(machine.path, kind, detail)
    this.#events.emit('machine-history', { id, entry })
  }

  /** Samples of the last seconds in which it ran. */
  samples(id: string, seconds: number): MachineSample[] {
    this.library.machine(id)
    const history = this.#stats.get(id)
    // Those of a past run end when it ended.
    const endMs = this.#running.has(id) ? Date.now() : (history?.last?.atMs ?? 0)
    return history?.since(seconds, endMs) ?? []
  }

  /** What each running machine has told last. */
  runningSamples(): (MachineSample | undefined)[] {
    return [...this.#running.keys()].map((id) => this.#stats.get(id)?.last)
  }

  /** Switches a machine on; resolves when it runs. */
  async start(id: string, run: Partial<RunOptions>): Promise<void> {
    this.requireOff(id)
    await this.takePending(id)
    await this.hooks.beforeStart(id, run)
    // Whoever waited for the same start comes second.
    this.requireOff(id)
    const { path, spec } = this.library.machine(id)
    this.#crashes.delete(id)
    const options = { ...NORMAL_RUN, ...run }
    const resume = resumeSource(path, spec.present.resume)
    const running = new RunningMachine(
      this.#pools,
      path,
      withAbsolutePaths(spec, path),
      { ...options, resume },
      {
        onThumbnail: (thumbnail) => {
          this.cards.setThumbnail(id, thumbnail)
          this.#events.emit('machine-thumbnail', { id, thumbnail })
        },
        onProblem: (error) => this.#events.emit('notification', { level: 'error', machineId: id, error }),
      },
    )
    this.#running.set(id, running)
    this.library.hold(id)
    running.vm.onState.subscribe((state) => {
      // The end is told when it has been worked off.
      if (state !== 'off' && state !== 'crashed') this.#tellState(id)
    })
    running.vm.onTone.subscribe((frequencyHz) => this.#events.emit('machine-tone', { id, frequencyHz }))
    running.vm.onLights.subscribe((lights) => this.#events.emit('machine-lights', { id, lights }))
    const history = new StatsHistory<MachineSample>()
    this.#stats.set(id, history)
    let before: VmThreadStats | undefined
    running.vm.onPausedByError.subscribe((error) => this.happened(id, 'paused-by-error', error.message))
    running.vm.onStats.subscribe((stats) => {
      history.add(toMachineSample(stats, before))
      before = stats
      this.#events.emit('machine-stats', toMachineStats(id, stats))
      this.#lookForImages(id, running)
      // For a console that was opened since the last change.
      if (running.vm.lights) this.#events.emit('machine-lights', { id, lights: running.vm.lights })
    })
    for (const viewer of this.#viewers.get(id) ?? []) running.addViewer(viewer)
    this.#tellState(id)
    const end = this.#watchEnd(id, running)
    this.#ends.set(id, end)
    void end.then(() => {
      if (this.#ends.get(id) === end) this.#ends.delete(id)
    })
    await running.vm.started()
    if (resume) {
      // A run that forgets what it writes forgets nothing of the saved state.
      if (!options.discardWrites) await this.hooks.resumed(id, resume.id)
      await running.vm.goOn()
    }
    this.hooks.started(id)
    this.happened(id, resume ? 'resumed' : 'started', options.discardWrites ? 'Nothing is kept' : '')
    await this.cards.tellOne(id)
  }

  /** Settings that waited for the next power-on count from now, unless a saved state still wants the old ones. */
  async takePending(id: string): Promise<void> {
    const spec = this.library.find(id)?.spec
    if (!spec || spec.pending === null || spec.present.resume !== null || this.#running.has(id)) return
    await this.library.change(id, applyPending)
    await this.cards.tellOne(id)
  }

  /** Pulls the plug of a machine and waits until its end has been worked off. A machine that is off stays so. */
  async powerOff(id: string): Promise<void> {
    this.library.machine(id)
    const running = this.#running.get(id)
    if (!running) return
    await running.vm.powerOff()
    await this.#ends.get(id)
  }

  /** Switches everything off and waits for it. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ vm }) => vm.powerOff()))
    // The ends are worked off in turn, after the threads are gone.
    while (this.#ends.size > 0) await Promise.all(this.#ends.values())
  }

  get runningCount(): number {
    return this.#running.size
  }

  addViewer(id: string, viewer: ConsoleSubscription): void {
    this.library.machine(id)
    const viewers = this.#viewers.get(id) ?? new Set()
    this.#viewers.set(id, viewers.add(viewer))
    this.#running.get(id)?.addViewer(viewer)
  }

  removeViewer(id: string, viewer: ConsoleSubscription): void {
    viewer.dispose()
    this.#viewers.get(id)?.delete(viewer)
    this.#running.get(id)?.removeViewer(viewer)
  }

  /**
   * Changes settings. A machine that runs takes what it can at once and the rest at its next power-on, and so does one with a saved
   * state; the folder follows the name when the machine is off.
   */
  async update(id: string, patch: MachinePatch): Promise<void> {
    const { spec } = this.library.machine(id)
    const running = this.#running.get(id)
    const isHeld = running !== undefined || spec.present.resume !== null
    const { now, later } = isHeld ? splitPatch(spec, patch) : { now: patch, later: {} }
    if (!running && now.drives && later.drives === undefined && isHeld) {
      // A saved state has its media in its drives.
      later.drives = now.drives
      delete now.drives
    }
    if (running) await this.#changeLive(this.library.machine(id), running, now)
    const pending = isHeld ? addPending(this.library.machine(id).spec, patch, later) : null
    const moves = !running && !(await this.hooks.staysInPlace(id))
    const { folder } = this.library.machine(id)
    const saved = await this.library.save(id, { ...withoutAbsent(now), pending }, moves)
    if (running && now.snapshots) this.hooks.started(id)
    const changed = Object.keys(withoutAbsent(patch)).filter((key) => !NO_HISTORY.has(key))
    if (changed.length > 0) this.happened(id, 'settings-changed', changed.join(', '))
    if (saved.folder === folder) await this.cards.tellOne(id)
    else await this.cards.tell()
  }

  async discardPending(id: string): Promise<void> {
    await this.library.change(id, (spec) => ({ ...spec, pending: null }))
    await this.cards.tellOne(id)
  }

  /** Has a running machine take settings that can change at once. */
  async #changeLive(machine: StoredMachine, running: RunningMachine, now: MachinePatch): Promise<void> {
    const { id } = machine.spec
    if (now.cpu) await running.vm.call({ type: 'set-pace', ...pace(now.cpu) })
    for (const drive of now.drives ?? []) {
      const before = machine.spec.drives.find(({ slot }) => slot === drive.slot)
      if (before?.file === drive.file && before.writeProtected === drive.writeProtected) continue
      if (drive.kind === 'disk') continue
      if (drive.file === null) await this.eject(id, drive.slot)
      else await this.insert(id, drive.slot, absolute(machine, drive.file), drive.writeProtected)
    }
    for (const port of now.serialPorts ?? [])
      running.setSerialPort({ ...port, file: port.file === null ? null : resolve(machine.path, port.file) })
  }

  /** Puts the image at the absolute path `file` into a drive for media, now and for the next start. */
  async insert(id: string, slot: DriveSlot, file: string, writeProtected: boolean): Promise<void> {
    const machine = this.library.machine(id)
    const before = mediaDrive(machine.spec, slot)
    const running = this.#running.get(id)
    if (running) await running.vm.insert(slot, file, writeProtected, before.discardWrites)
    else await this.#pools.inspectMedium(file)
    if (running && before.file !== null) running.vm.releaseImage(absolute(machine, before.file), file)
    await this.#saveDrive(machine, slot, { file: storedPath(machine.path, file), writeProtected })
    this.media.used(file, before.kind)
    this.happened(id, 'media-inserted', `${slot}: ${basename(file)}`)
  }

  async eject(id: string, slot: DriveSlot): Promise<void> {
    const machine = this.library.machine(id)
    const { file } = mediaDrive(machine.spec, slot)
    await this.#running.get(id)?.vm.eject(slot, file === null ? null : absolute(machine, file))
    await this.#saveDrive(machine, slot, { file: null, writeProtected: false })
    if (file !== null) this.happened(id, 'media-ejected', `${slot}: ${basename(file)}`)
  }

  /** Changes how a drive treats its image. A medium in a running machine is taken out and put in again for it. */
  async setDrive(id: string, slot: DriveSlot, change: Partial<DriveUse>): Promise<void> {
    const machine = this.library.machine(id)
    const drive = machine.spec.drives.find((candidate) => candidate.slot === slot)
    if (!drive) throw new AppError('vm/invalid-state', `The machine has no drive ${slot}`, { context: { slot } })
    const running = this.#running.get(id)
    if (running && drive.kind !== 'disk' && drive.file !== null) {
      const file = absolute(machine, drive.file)
      const { writeProtected, discardWrites } = { ...drive, ...change }
      await running.vm.eject(slot, file)
      try {
        await running.vm.insert(slot, file, writeProtected, discardWrites)
      } catch (error) {
        await this.#saveDrive(machine, slot, { file: null, writeProtected: false })
        throw error
      }
    }
    await this.#saveDrive(machine, slot, change)
  }

  /** Says it once when the image of a running machine is removed; its card says it as long as it is so. */
  #lookForImages(id: string, running: RunningMachine): void {
    const machine = this.library.find(id)
    const lost = machine ? lostImages(machine) : []
    for (const { slot, error } of lost)
      if (slot && !running.lostImages.has(slot)) {
        this.#events.emit('notification', { level: 'warning', machineId: id, error })
        running.log.write('warn', error.message)
      }
    const before = running.lostImages.size
    running.lostImages = new Set(lost.flatMap(({ slot }) => slot ?? []))
    if (running.lostImages.size !== before) void this.cards.tellOne(id)
  }

  async #watchEnd(id: string, running: RunningMachine): Promise<void> {
    const ending = await running.settled
    this.#running.delete(id)
    this.library.release(id)
    if (ending.kind === 'crashed') {
      this.#crashes.set(id, ending.error)
      this.#events.emit('notification', { level: 'error', machineId: id, error: ending.error })
    }
    this.#events.emit('machine-tone', { id, frequencyHz: 0 })
    this.happened(id, ...endOf(ending))
    await this.takePending(id).catch((error: unknown) =>
      this.#events.emit('notification', { level: 'error', machineId: id, error: toErrorRecord(error) }),
    )
    this.#tellState(id)
    await this.cards.tellOne(id)
    this.hooks.ended(id)
  }

  #tellState(id: string): void {
    this.#events.emit('machine-state', { id, state: this.state(id), crash: this.#crashes.get(id) ?? null })
  }

  async #saveDrive(
    { spec }: StoredMachine,
    slot: DriveSlot,
    change: Partial<DriveUse & { file: string | null }>,
  ): Promise<void> {
    const { drives: present } = this.library.machine(spec.id).spec
    const drives = present.map((drive) => (drive.slot === slot ? { ...drive, ...change } : drive))
    await this.library.save(spec.id, { drives }, false)
    await this.cards.tellOne(spec.id)
  }
}

/** Settings that say nothing of what the machine is or does. */
const NO_HISTORY: ReadonlySet<string> = new Set(['notes', 'tags', 'group', 'name'])

function pace({ limitMips, capPercent }: MachineSpec['cpu']): Pick<MachineSpec['cpu'], 'limitMips' | 'capPercent'> {
  return { limitMips, capPercent }
}

function endOf(ending: Ending): [HistoryKind, string] {
  if (ending.kind !== 'ended') return ['crashed', ending.error.message]
  return ['stopped', ending.end.kind === 'power-off' ? `By the ${ending.end.by}` : `Exit with ${ending.end.value}`]
}

/** The files of the saved state in the folder of a machine. */
function resumeSource(path: string, id: string | null): ResumeSource | null {
  if (id === null) return null
  const folder = join(path, 'snapshots')
  return {
    id,
    stateFile: join(folder, id, 'state.vitrine'),
    memoryMap: join(folder, id, 'memory.map'),
    packFolder: join(folder, 'pages'),
  }
}

function absolute(machine: StoredMachine, file: string): string {
  return resolve(machine.path, file)
}

/** The drive in `slot`, when its media can be changed. */
function mediaDrive(spec: MachineSpec, slot: DriveSlot): MachineSpec['drives'][number] {
  const drive = spec.drives.find((candidate) => candidate.slot === slot)
  if (!drive) throw new AppError('vm/invalid-state', `The machine has no drive ${slot}`, { context: { slot } })
  if (drive.kind === 'disk')
    throw new AppError('vm/invalid-state', `${slot} is a hard disk: its image cannot be changed here`, {
      context: { slot },
    })
  return drive
}
