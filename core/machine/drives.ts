/** The machine's drives by slot: what is attached where, media coming and going, and what firmware sees of them. */
import { AppError } from '../base/errors.ts'
import type { DriveKind, DriveSlot } from '../contract/machine-spec.ts'
import type { IdeSlot, Piix3Ide } from '../devices/storage/ata/piix3-ide.ts'
import type { I82077aa } from '../devices/storage/i82077aa/i82077aa.ts'
import type { BlockDevice } from '../disk/block-device.ts'
import { MeteredDisk } from '../disk/metered.ts'
import type { DriveConfig } from './machine.ts'

const IDE_SLOTS: Readonly<Record<string, IdeSlot>> = { hda: [0, 0], hdb: [0, 1], hdc: [1, 0], hdd: [1, 1] }

/** One drive and what is in it. */
export interface Drive {
  readonly slot: DriveSlot
  readonly kind: DriveKind
  medium: MeteredDisk | undefined
  /** Insertions and removals since power-on. */
  changes: number
}

/** Index of a floppy drive (A: is 0). */
const floppyIndex = (slot: DriveSlot): 0 | 1 => (slot === 'fdb' ? 1 : 0)

export const ideSlot = (slot: DriveSlot): IdeSlot => IDE_SLOTS[slot] as IdeSlot

export class Drives {
  readonly all: readonly Drive[]
  readonly #ide: Piix3Ide
  readonly #floppies: I82077aa

  constructor(configs: readonly DriveConfig[], ide: Piix3Ide, floppies: I82077aa) {
    this.#ide = ide
    this.#floppies = floppies
    this.all = configs.map(({ slot, kind, medium }) => ({
      slot,
      kind,
      medium: medium && new MeteredDisk(medium),
      changes: 0,
    }))
    for (const drive of this.all) this.#attach(drive)
  }

  #attach({ slot, kind, medium }: Drive): void {
    if (kind === 'disk') {
      if (!medium) throw new AppError('spec/invalid', `Disk ${slot} has no medium`)
      this.#ide.attachDisk(ideSlot(slot), medium)
    } else if (kind === 'cdrom') {
      this.#ide.attachCdDrive(ideSlot(slot))
      if (medium) this.#ide.insert(ideSlot(slot), medium)
    } else if (medium) this.#floppies.insert(floppyIndex(slot), medium)
  }

  /** Drives of one kind, in slot order. */
  ofKind(kind: DriveKind): Drive[] {
    return this.all.filter((drive) => drive.kind === kind).sort((a, b) => (a.slot < b.slot ? -1 : 1))
  }

  #removable(slot: DriveSlot): Drive {
    const drive = this.all.find((d) => d.slot === slot)
    if (!drive || drive.kind === 'disk')
      throw new AppError('vm/invalid-state', `There is no drive with a removable medium at ${slot}`)
    return drive
  }

  insert(slot: DriveSlot, medium: BlockDevice): void {
    const drive = this.#removable(slot)
    const before = drive.medium
    drive.medium = new MeteredDisk(medium)
    this.tellChange(drive)
    before?.close()
  }

  eject(slot: DriveSlot): void {
    const drive = this.#removable(slot)
    const before = drive.medium
    if (!before) return
    drive.medium = undefined
    this.tellChange(drive)
    before.close()
  }

  /** Has the drive in `slot` go on with `medium`, which holds the same; returns the one before, still open. */
  switchMedium(slot: DriveSlot, medium: BlockDevice): BlockDevice {
    const present = this.all.find((drive) => drive.slot === slot)?.medium
    if (!present || present.sectors !== medium.sectors)
      throw new AppError('vm/invalid-state', `The drive ${slot} has no medium of that size`, { context: { slot } })
    return present.switchTo(medium)
  }

  /** The medium of `drive` is another than its controller knows. */
  tellChange(drive: Drive): void {
    drive.changes++
    if (drive.kind === 'cdrom') this.#ide.insert(ideSlot(drive.slot), drive.medium)
    else this.#floppies.insert(floppyIndex(drive.slot), drive.medium)
  }

  /** Flushes and closes every medium; the first failure is thrown after all have been tried. */
  close(): void {
    let failure: unknown
    for (const { medium } of this.all) {
      try {
        medium?.flush()
      } catch (error) {
        failure ??= error
      }
      try {
        medium?.close()
      } catch (error) {
        failure ??= error
      }
    }
    if (failure) throw failure
  }
}
