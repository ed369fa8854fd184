/**
 * Snapshots on the machine's thread: the moment itself, in which disks change over to their overlays and the state is taken, and
 * the time after it, in which the old content of pages is kept for whoever writes it down.
 */
import { AppError } from '../../core/base/errors.ts'
import type { MachineSpec } from '../../core/contract/machine-spec.ts'
import type { ResumeSource, SnapshotMoment, VmThreadRequest } from '../../core/contract/vm-thread.ts'
import type { BlockDevice } from '../../core/disk/block-device.ts'
import type { Machine, SliceEnd } from '../../core/machine/machine.ts'
import { createCopyOnWriteBuffers, PagePreserver } from '../../core/memory/copy-on-write.ts'
import { ROM_BASE, ROM_BYTES } from '../../core/memory/layout.ts'
import { readWhole } from '../files/durable-files.ts'
import { openMediumFile } from '../files/open-medium.ts'
import type { SavedMemory } from '../snapshot/load-memory.ts'
import { type FailureGuard, GuardedMedium } from './guarded-medium.ts'

type Begin = Extract<VmThreadRequest, { type: 'snapshot-begin' }>

const PAGE_BYTES = 4096
/** Of the guest's time, between two looks whether its firmware is at rest. */
const STEP_NS = 20_000
/** Firmware services end within milliseconds. */
const LONGEST_WAIT_MS = 3000

/** Pages that a saved state of this machine has. */
const pagesOf = (machine: Machine): number => machine.memory.saved.length / PAGE_BYTES

/** Puts a fresh machine into a saved state; `memory` is that of the same moment. */
export async function resumeMachine(
  machine: Machine,
  { stateFile }: ResumeSource,
  memory: SavedMemory,
  realTimeMs: number | undefined,
): Promise<void> {
  // A machine that has just been made has its firmware in the ROM area, and nothing anywhere else.
  await memory.putInto(machine.memory.saved, ROM_BYTES)
  machine.restoreState(readWhole(stateFile))
  if (realTimeMs !== undefined) machine.setRealTimeClock(realTimeMs)
}

/** What the loop does for it. */
export interface SnapshotPointPorts {
  runSlice(budgetNs: number): SliceEnd
  readonly onDiskFailure: FailureGuard
}

export class SnapshotPoint {
  readonly #machine: Machine
  readonly #ports: SnapshotPointPorts
  readonly #spec: MachineSpec
  readonly #discardWrites: boolean
  /** The snapshot since which writes are tracked; null when it is none that later ones may refer to. */
  #base: string | null
  #taking = false
  /** Media that were given up for overlays: closed when what was written to them is durable. */
  #retired: BlockDevice[] = []

  constructor(
    machine: Machine,
    spec: MachineSpec,
    discardWrites: boolean,
    base: string | null,
    ports: SnapshotPointPorts,
  ) {
    this.#machine = machine
    this.#ports = ports
    this.#spec = spec
    this.#discardWrites = discardWrites
    this.#base = base
    if (base !== null) machine.memory.writes.begin(pagesOf(machine))
  }

  /** Takes the moment. The guest must stand still between two slices; it is run for some microseconds where it has to. */
  begin(request: Begin): SnapshotMoment {
    this.#check()
    this.#settleFirmware()
    const machine = this.#machine
    const { memory } = machine
    const { writes } = memory
    const pages = pagesOf(machine)
    const state = machine.saveState()
    const floppies = this.#readFloppies()
    this.#switchDisks(request.overlays)
    const dirty = this.#base !== null && this.#base === request.base ? writes.dirtyPages(pages) : null
    const buffers = createCopyOnWriteBuffers(pages)
    const preserver = new PagePreserver(memory.saved, buffers)
    writes.begin(pages)
    writes.beforeFirstWrite = (page) => preserver.preserve(page)
    this.#taking = true
    this.#base = null
    return {
      state,
      memory: memory.buffer,
      savedOffset: ROM_BASE,
      pages,
      buffers,
      dirty,
      floppies,
      guestSeconds: machine.clock.nowNs() / 1e9,
    }
  }

  /** The memory has been written, or will not be. */
  end(id: string | null): void {
    this.#machine.memory.writes.beforeFirstWrite = undefined
    this.#base = id
    this.#taking = false
    this.closeRetired()
  }

  /** Closes media that were given up; the first failure is thrown after all have been tried. */
  closeRetired(): void {
    const retired = this.#retired
    this.#retired = []
    let failed: { readonly error: unknown } | undefined
    for (const medium of retired) {
      try {
        medium.close()
      } catch (error) {
        failed ??= { error }
      }
    }
    if (failed) throw failed.error
  }

  #check(): void {
    if (this.#taking) throw new AppError('vm/invalid-state', 'A snapshot of this machine is being taken')
    const discards =
      this.#discardWrites || this.#spec.drives.some((drive) => drive.discardWrites && drive.kind === 'disk')
    if (discards)
      throw new AppError('vm/invalid-state', 'The machine discards what it writes, so no snapshot can be taken of it')
  }

  #settleFirmware(): void {
    const startMs = performance.now()
    while (!this.#machine.canSave) {
      if (performance.now() - startMs > LONGEST_WAIT_MS)
        throw new AppError('vm/invalid-state', 'The guest stays in a service of its firmware; try again')
      const { reason } = this.#ports.runSlice(STEP_NS)
      if (reason === 'power-off' || reason === 'exit')
        throw new AppError('vm/invalid-state', 'The machine has just switched itself off')
    }
  }

  #readFloppies(): SnapshotMoment['floppies'] {
    return this.#spec.drives.flatMap(({ slot, kind, writeProtected }) => {
      const medium = kind === 'floppy' && !writeProtected ? this.#machine.medium(slot) : undefined
      if (!medium || medium.readOnly) return []
      const bytes = new Uint8Array(medium.sectors * medium.sectorBytes)
      medium.readSectors(0, medium.sectors, bytes)
      return [{ slot, bytes }]
    })
  }

  /** All of them or none. What the present images hold back goes to their files first. */
  #switchDisks(overlays: Begin['overlays']): void {
    for (const { slot } of overlays) settle(this.#machine.medium(slot))
    const opened: { slot: Begin['overlays'][number]['slot']; medium: BlockDevice }[] = []
    try {
      for (const { slot, file } of overlays) {
        const medium = openMediumFile({ file, kind: 'disk', writeProtected: false, discardWrites: false })
        opened.push({ slot, medium: new GuardedMedium(medium, this.#ports.onDiskFailure) })
      }
    } catch (error) {
      for (const { medium } of opened) medium.close()
      throw error
    }
    for (const { slot, medium } of opened) this.#retired.push(this.#machine.switchMedium(slot, medium))
  }
}

/** Hands tables that a format holds back to its file, without waiting for the disk. */
function settle(medium: BlockDevice | undefined): void {
  medium?.settle?.()
}
