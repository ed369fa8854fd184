/**
 * Machines of the library as people meet them: a folder on disk, running or not. Power, media and cards; what runs is a
 * RunningMachine, what rests is a StoredMachine.
 */
import { join, resolve } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { Card, ErrorRecord, MachineCard, MachineState, Thumbnail } from '../../core/contract/machine-card.ts'
import type { DriveSlot, MachineSettings, MachineSpec } from '../../core/contract/machine-spec.ts'
import type { ResumeSource, RunOptions } from '../../core/contract/vm-thread.ts'
import type { HostEvents } from '../host-events.ts'
import type { Library, LibraryEntry, StoredMachine } from '../library/library.ts'
import { readThumbnail, storedPath, withAbsolutePaths } from '../library/machine-folder.ts'
import type { ConsoleSubscription } from './console-subscription.ts'
import { toMachineStats } from './machine-stats.ts'
import { RunningMachine } from './running-machine.ts'
import type { VmHost } from './vm-host.ts'
import type { ThreadPools } from './vm-pool.ts'

const NORMAL_RUN: RunOptions = {
  engine: 'auto',
  debugExit: false,
  discardWrites: false,
  requireBootable: false,
  stepped: false,
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
  readonly #crashes = new Map<string, ErrorRecord>()
  readonly #thumbnails = new Map<string, Thumbnail | null>()
  readonly #viewers = new Map<string, Set<ConsoleSubscription>>()
  /** The folders and broken cards that were last told of, to say what has gone. */
  #known = new Map<string, string>()

  constructor(library: Library, pools: ThreadPools, events: HostEvents) {
    this.library = library
    this.#pools = pools
    this.#events = events
  }

  async cards(): Promise<Card[]> {
    await this.library.refresh()
    const cards = await Promise.all(this.library.entries().map((entry) => this.#card(entry)))
    this.#known = new Map(cards.map((card) => [card.folder, card.kind]))
    return cards.toSorted((a, b) => cardName(a).localeCompare(cardName(b)))
  }

  async card(id: string): Promise<MachineCard> {
    return this.#machineCard(this.library.machine(id))
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
    return this.#thumbnails.get(id) ?? null
  }

  logLines(id: string, count: number): string[] {
    const { path } = this.library.machine(id)
    return (this.#running.get(id)?.log ?? RunningMachine.logOf(path)).tail(count)
  }

  /** Switches a machine on; resolves when it runs. */
  async start(id: string, run: Partial<RunOptions>): Promise<void> {
    this.requireOff(id)
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
          this.#thumbnails.set(id, thumbnail)
          this.#events.emit('machine-thumbnail', { id, thumbnail })
        },
        onProblem: (error) => this.#events.emit('notification', { level: 'error', machineId: id, error }),
      },
    )
    this.#running.set(id, running)
    running.vm.onState.subscribe((state) => {
      // The end is told when it has been worked off.
      if (state !== 'off' && state !== 'crashed') this.#tellState(id)
    })
    running.vm.onTone.subscribe((frequencyHz) => this.#events.emit('machine-tone', { id, frequencyHz }))
    running.vm.onLights.subscribe((lights) => this.#events.emit('machine-lights', { id, lights }))
    running.vm.onStats.subscribe((stats) => {
      this.#events.emit('machine-stats', toMachineStats(id, stats))
      // For a console that was opened since the last change.
      if (running.vm.lights) this.#events.emit('machine-lights', { id, lights: running.vm.lights })
    })
    for (const viewer of this.#viewers.get(id) ?? []) running.addViewer(viewer)
    this.#tellState(id)
    void this.#watchEnd(id, running)
    await running.vm.started()
    if (resume) {
      // A run that forgets what it writes forgets nothing of the saved state.
      if (!options.discardWrites) await this.hooks.resumed(id, resume.id)
      await running.vm.goOn()
    }
    this.hooks.started(id)
    if (options.discardWrites) this.#events.emit('card-changed', { card: await this.card(id) })
  }

  /** Pulls the plug of a machine and waits until its end has been worked off. A machine that is off stays so. */
  async powerOff(id: string): Promise<void> {
    this.library.machine(id)
    const running = this.#running.get(id)
    if (!running) return
    await running.vm.powerOff()
    await running.settled
  }

  /** Switches everything off and waits for it. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ vm }) => vm.powerOff()))
    // The ends are worked off in turn, after the threads are gone.
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].map((running) => running.settled))
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

  /** Saves settings. A running machine takes them at its next start; the folder follows the name when it is off. */
  async update(id: string, settings: MachineSettings): Promise<void> {
    const moves = !this.#running.has(id) && !(await this.hooks.staysInPlace(id))
    await this.library.save(id, settings, moves)
    await this.tellCards()
  }

  /** Puts the image at the absolute path `file` into a drive for media, now and for the next start. */
  async insert(id: string, slot: DriveSlot, file: string, writeProtected: boolean): Promise<void> {
    const machine = this.library.machine(id)
    const before = mediaDrive(machine.spec, slot)
    const running = this.#running.get(id)
    if (running) await running.vm.insert(slot, file, writeProtected)
    else await this.#pools.inspectMedium(file)
    if (running && before.file !== null) running.vm.releaseImage(absolute(machine, before.file), file)
    await this.#saveDrive(machine, slot, { file: storedPath(machine.path, file), writeProtected })
  }

  async eject(id: string, slot: DriveSlot): Promise<void> {
    const machine = this.library.machine(id)
    const { file } = mediaDrive(machine.spec, slot)
    await this.#running.get(id)?.vm.eject(slot, file === null ? null : absolute(machine, file))
    await this.#saveDrive(machine, slot, { file: null, writeProtected: false })
  }

  /** Tells what has changed among the cards since the last time. */
  async tellCards(): Promise<void> {
    const known = this.#known
    const cards = await this.cards()
    for (const card of cards) this.#events.emit('card-changed', { card })
    for (const folder of known.keys()) if (!this.#known.has(folder)) this.#events.emit('card-removed', { folder })
  }

  async #watchEnd(id: string, running: RunningMachine): Promise<void> {
    const ending = await running.settled
    this.#running.delete(id)
    if (ending.kind === 'crashed') {
      this.#crashes.set(id, ending.error)
      this.#events.emit('notification', { level: 'error', machineId: id, error: ending.error })
    }
    this.#events.emit('machine-tone', { id, frequencyHz: 0 })
    this.#tellState(id)
    this.hooks.ended(id)
  }

  #tellState(id: string): void {
    this.#events.emit('machine-state', { id, state: this.state(id), crash: this.#crashes.get(id) ?? null })
  }

  async #saveDrive(
    { spec }: StoredMachine,
    slot: DriveSlot,
    change: { file: string | null; writeProtected: boolean },
  ): Promise<void> {
    const drives = spec.drives.map((drive) => (drive.slot === slot ? { ...drive, ...change } : drive))
    await this.library.save(spec.id, { ...this.library.machine(spec.id).spec, drives }, false)
    this.#events.emit('card-changed', { card: await this.card(spec.id) })
  }

  async #card(entry: LibraryEntry): Promise<Card> {
    if (entry.kind === 'broken') return { kind: 'broken', folder: entry.folder, error: entry.error }
    return this.#machineCard(entry)
  }

  async #machineCard({ folder, path, spec }: StoredMachine): Promise<MachineCard> {
    const { id } = spec
    if (!this.#thumbnails.has(id)) this.#thumbnails.set(id, await readThumbnail(path))
    return {
      kind: 'machine',
      id,
      folder,
      spec,
      state: this.state(id),
      crash: this.#crashes.get(id) ?? null,
      discardsWrites: this.#running.get(id)?.discardsWrites ?? false,
      thumbnail: this.#thumbnails.get(id) ?? null,
    }
  }
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

function cardName(card: Card): string {
  return card.kind === 'machine' ? card.spec.name : card.folder
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
