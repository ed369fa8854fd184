/**
 * The hard disks of machines: made, described, changed. Work on one waits for what is being done with the machine and its
 * snapshots, and changes no image that a snapshot or another machine stands on.
 */
import { rm } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { MachineDisk } from '../../core/contract/disk-api.ts'
import {
  DISK_FORMAT_FACTS,
  type DiskCheck,
  type DiskFormat,
  type DiskInfo,
  type DiskOptions,
  type DiskSizes,
  type NewDisk,
} from '../../core/contract/disk-info.ts'
import { toErrorRecord } from '../../core/contract/error-record.ts'
import type { DriveSlot, DriveSpec } from '../../core/contract/machine-spec.ts'
import { wasLeft } from '../library/image-locks.ts'
import type { StoredMachine } from '../library/library.ts'
import { storedPath, withAbsolutePaths } from '../library/machine-folder.ts'
import { freeFilePath } from '../library/media-files.ts'
import { disksOf, refuse, type SnapshotWork, withDiskFiles } from '../snapshots/snapshot-work.ts'
import { type DiskUsers, diskUsers } from './disk-users.ts'
import type { Call, DiskWork } from './disk-work.ts'

/** In the order in which new disks take them: the third is where CD drives are. */
const DISK_SLOTS: readonly DriveSlot[] = ['hda', 'hdb', 'hdd', 'hdc']

type Change = 'check' | 'compact' | 'resize' | 'convert'

/** A drive with its image. */
interface FoundDisk {
  readonly machine: StoredMachine
  readonly slot: DriveSlot
  /** Absolute. */
  readonly file: string
}

export class MachineDisks {
  readonly #work: SnapshotWork
  readonly #disks: DiskWork
  readonly #tidyLater: (id: string) => void

  /** `tidyLater` removes, some time, what the snapshots of a machine no longer need. */
  constructor(work: SnapshotWork, disks: DiskWork, tidyLater: (id: string) => void) {
    this.#work = work
    this.#disks = disks
    this.#tidyLater = tidyLater
  }

  async list(id: string): Promise<MachineDisk[]> {
    const machine = this.#work.library.machine(id)
    const drives = machine.spec.drives.filter(({ kind }) => kind === 'disk')
    const users = await diskUsers(this.#work, machine)
    return Promise.all(drives.map((drive) => this.#describe(this.#find(id, drive.slot), drive, users)))
  }

  async #describe(disk: FoundDisk, drive: DriveSpec, users: DiskUsers): Promise<MachineDisk> {
    const refusal = (change: Change) => this.#refusal(disk, users, change)
    const described = await this.#disks.info(disk.file).then(
      (info) => ({ info, problem: null }),
      (error: unknown) => ({ info: null, problem: toErrorRecord(error) }),
    )
    return {
      slot: disk.slot,
      file: drive.file ?? '',
      ...described,
      refusals: {
        check: refusal('check'),
        compact: refusal('compact'),
        resize: refusal('resize'),
        convert: refusal('convert'),
      },
    }
  }

  /**
   * Puts right what was being written when a process ended without a word. Only VDI images need it: the others are in order at
   * any moment. What cannot be repaired is told when it is used.
   */
  async mendAll(): Promise<void> {
    for (const entry of this.#work.library.entries()) {
      if (entry.kind !== 'machine') continue
      const { spec, path } = entry
      for (const { file } of disksOf(withAbsolutePaths(spec, path)).filter((disk) => wasLeft(disk.file)))
        await this.#disks
          .call(undefined, async (call) => {
            if ((await this.#disks.info(file)).format !== 'vdi') return
            await this.#disks.run<'check'>({ type: 'check', file, repair: true }, call, spec.id)
          })
          .catch(() => {})
    }
  }

  info(id: string, slot: DriveSlot): Promise<DiskInfo> {
    return this.#disks.info(this.#find(id, slot).file)
  }

  /** Makes a disk in the folder of a machine, which may have no machine file yet. Returns the path as settings name it. */
  async make(folder: string, machineName: string, { sizeBytes, format, options, name }: NewDisk): Promise<string> {
    const { extension } = DISK_FORMAT_FACTS[format]
    const file = await freeFilePath(join(folder, 'disks'), `${name ?? machineName}.${extension}`)
    await this.#disks.call(undefined, (call) =>
      this.#disks.run<'create'>(
        { type: 'create', file, format, sizeBytes, options, backing: null, overwrite: false },
        call,
      ),
    )
    return storedPath(folder, file)
  }

  /** Gives a machine a new disk, in `slot` or the first free one. */
  add(id: string, slot: DriveSlot | undefined, disk: NewDisk): Promise<void> {
    return this.#work.exclusive(id, async () => {
      const { library, machines } = this.#work
      machines.requireOff(id)
      const { path, spec } = library.machine(id)
      requireNoState(spec.present.resume, 'get another disk')
      const taken = new Set(spec.drives.map((drive) => drive.slot))
      const free = slot ?? DISK_SLOTS.find((candidate) => !taken.has(candidate))
      if (free === undefined) refuse('All drives of the machine are taken')
      if (taken.has(free)) refuse(`The machine has a drive ${free} already`, { slot: free })
      if (!DISK_SLOTS.includes(free)) refuse(`${free} is no place for a hard disk`, { slot: free })
      const file = await this.make(path, spec.name, disk)
      const drive = newDrive(free, file)
      await library
        .change(id, (current) => ({ ...current, drives: [...current.drives, drive] }))
        .catch(async (error) => {
          await rm(resolve(path, file), { force: true }).catch(() => {})
          throw error
        })
    })
  }

  check(id: string, slot: DriveSlot, repair: boolean, call: Call): Promise<DiskCheck> {
    return this.#change(id, slot, repair ? 'compact' : 'check', ({ file }) =>
      this.#disks.run<'check'>({ type: 'check', file, repair }, call, id),
    )
  }

  compact(id: string, slot: DriveSlot, call: Call): Promise<DiskSizes> {
    return this.#change(id, slot, 'compact', ({ file }) =>
      this.#disks.run<'compact'>({ type: 'compact', file }, call, id),
    )
  }

  resize(
    id: string,
    slot: DriveSlot,
    { sizeBytes, shrink }: { sizeBytes: number; shrink: boolean },
    call: Call,
  ): Promise<DiskSizes> {
    return this.#change(id, slot, 'resize', ({ file }) =>
      this.#disks.run<'resize'>({ type: 'resize', file, sizeBytes, shrink }, call, id),
    )
  }

  /** Copies the present disk into `target`. */
  copy(
    id: string,
    slot: DriveSlot,
    image: { target: string; format: DiskFormat; options: DiskOptions; overwrite: boolean },
    call: Call,
  ): Promise<DiskInfo> {
    return this.#change(id, slot, 'check', ({ file }) =>
      this.#disks.run<'convert'>({ type: 'convert', file, ...image }, call, id),
    )
  }

  /** Puts a copy of the disk in its place, of another format and standing alone. */
  replace(
    id: string,
    slot: DriveSlot,
    { format, options }: { format: DiskFormat; options: DiskOptions },
    call: Call,
  ): Promise<DiskInfo> {
    return this.#change(id, slot, 'convert', async ({ machine, file }, users) => {
      const stem = basename(file, extname(file)).replace(/-[0-9a-f]{8}$/, '')
      const target = await freeFilePath(join(machine.path, 'disks'), `${stem}.${DISK_FORMAT_FACTS[format].extension}`)
      const before = await this.#disks.info(file)
      const info = await this.#disks.run<'convert'>(
        { type: 'convert', file, target, format, options, overwrite: false },
        call,
        id,
      )
      const { library } = this.#work
      await library.change(id, (spec) => withDiskFiles(spec, new Map([[slot, storedPath(machine.path, target)]])))
      const isOurs = file.startsWith(join(machine.path, '/')) && isOneFile(before)
      if (isOurs && !users.isUsedBesides(file, slot)) await rm(file, { force: true }).catch(() => {})
      this.#tidyLater(id)
      return info
    })
  }

  /** Runs `work` on the disk in `slot` when nothing else is done with the machine. Throws when it must not be changed so. */
  #change<T>(
    id: string,
    slot: DriveSlot,
    change: Change,
    work: (disk: FoundDisk, users: DiskUsers) => Promise<T>,
  ): Promise<T> {
    return this.#work.exclusive(id, async () => {
      const disk = this.#find(id, slot)
      const users = await diskUsers(this.#work, disk.machine)
      const refusal = this.#refusal(disk, users, change)
      if (refusal !== null) refuse(refusal, { slot })
      return work(disk, users)
    })
  }

  #find(id: string, slot: DriveSlot): FoundDisk {
    const machine = this.#work.library.machine(id)
    const drive = withAbsolutePaths(machine.spec, machine.path).drives.find((candidate) => candidate.slot === slot)
    if (!drive) throw new AppError('vm/invalid-state', `The machine has no drive ${slot}`, { context: { slot } })
    if (drive.kind !== 'disk' || drive.file === null)
      throw new AppError('vm/invalid-state', `${slot} is no hard disk`, { context: { slot } })
    return { machine, slot, file: drive.file }
  }

  /** Why the disk must not be changed so now, or null. */
  #refusal({ machine, file }: FoundDisk, users: DiskUsers, change: Change): string | null {
    const { id, name, present } = machine.spec
    const state = this.#work.machines.state(id)
    if (state !== 'off' && state !== 'crashed') return `The machine is ${state}; switch it off first`
    if (change === 'check') return null
    const keeper = users.keeperOf(file)
    if (keeper)
      return `The disk belongs to ${keeper}, so it is not changed; clone ${JSON.stringify(name)}, and change the clone`
    if (present.resume !== null && change !== 'compact')
      return 'The machine has a saved state, which would not fit another disk; start it, or discard the state first'
    return null
  }
}

function requireNoState(resume: string | null, what: string): void {
  if (resume !== null)
    refuse(`The machine has a saved state, so it cannot ${what}; start it, or discard the state first`)
}

/** A drive with a hard disk. */
export function newDrive(slot: DriveSlot, file: string): DriveSpec {
  return { slot, kind: 'disk', file, writeProtected: false, discardWrites: false }
}

/** Whether the image has no files besides its own. */
function isOneFile({ format, details }: DiskInfo): boolean {
  return format !== 'vmdk' || details['type'] === 'monolithicSparse' || details['type'] === 'streamOptimized'
}
