/** One floppy drive: its disk, its head, and where on the disk a sector is that the controller looks for. */
import type { BlockDevice } from '../../../disk/block-device.ts'
import {
  FLOPPY_DRIVES,
  type FloppyDriveType,
  type FloppyFormat,
  floppyFormatFor,
} from '../../../disk/floppy-formats.ts'
import type { StateRecord } from '../../device.ts'
import { ST1_MISSING_MARK, ST1_NO_DATA, ST2_BAD_CYLINDER, ST2_WRONG_CYLINDER } from './registers.ts'

/** `auto` is the drive that the disk in it at power-on belongs to; a 1.44 MB drive when there is none. */
export type DriveSetting = FloppyDriveType | 'auto'

/** All sectors are 512 bytes long: size code 2. */
const SIZE_CODE = 2
/** A drive steps no further in than this. */
const LAST_TRACK = 83
const LAST_TRACK_40 = 42

/** An ID field: cylinder, head, sector, size code. */
export type SectorId = readonly [cylinder: number, head: number, sector: number, size: number]

/** Where a sector is, or the bits of ST1 and ST2 that say why it is not found. */
export type Located = { readonly lba: number } | { readonly st1: number; readonly st2: number }

/** One of the drives of a controller. */
export class FloppyDrive {
  readonly #setting: DriveSetting
  #disk: BlockDevice | undefined
  #format: FloppyFormat | undefined
  /** Where the head stands. */
  track = 0
  /** Set until the head has stepped with a disk in the drive. */
  #changed = true

  constructor(setting: DriveSetting) {
    this.#setting = setting
  }

  get exists(): boolean {
    return this.#setting !== 'none'
  }

  /** The disk change line, which a drive that is not there does not drive. */
  get changeLine(): boolean {
    return this.exists && this.#changed
  }

  get disk(): BlockDevice | undefined {
    return this.#disk
  }

  get format(): FloppyFormat | undefined {
    return this.#format
  }

  /** The drive's type as CMOS names it. */
  get type(): FloppyDriveType {
    return this.#setting === 'auto' ? (this.#format?.drive ?? '1440k') : this.#setting
  }

  /** The number of the type in CMOS. */
  get typeNumber(): number {
    return FLOPPY_DRIVES[this.type]
  }

  insert(disk: BlockDevice | undefined): void {
    this.#disk = disk
    this.#format = disk && floppyFormatFor(disk.sectors)
    this.#changed = true
  }

  /** Moves the head; a step with a disk in the drive clears the change line. Returns the number of steps. */
  step(to: number): number {
    const last = this.type === '360k' ? LAST_TRACK_40 : LAST_TRACK
    const target = Math.min(Math.max(to, 0), last)
    const steps = Math.abs(target - this.track)
    this.track = target
    if (steps > 0 && this.#disk) this.#changed = false
    return steps
  }

  /** Whether bits come at the rate that the controller listens at. A slower 360 KB drive gives 250 where others give 300. */
  hears(rateKbps: number): boolean {
    const rate = this.#format?.rateKbps
    return rate === rateKbps || (rate === 300 && rateKbps === 250)
  }

  /** The cylinder of the disk that is under the head: a drive with 80 tracks steps twice for each of a disk with 40. */
  get cylinder(): number {
    return this.#doubleSteps ? this.track >> 1 : this.track
  }

  /** Sectors on a track under `head`; 0 where nothing is formatted. */
  sectorsUnder(head: number): number {
    const format = this.#format
    if (!format || head >= format.heads || this.cylinder >= format.cylinders) return 0
    return format.sectorsPerTrack
  }

  /** Looks for `id` under `head`. */
  locate(head: number, [cylinder, idHead, sector, size]: SectorId): Located {
    const format = this.#format
    const sectors = this.sectorsUnder(head)
    if (!format || sectors === 0) return { st1: ST1_MISSING_MARK, st2: 0 }
    // Software that takes an 80-track drive for a 40-track one does not step twice; its cylinder is the head's.
    const here = cylinder === this.cylinder || (this.#doubleSteps && cylinder === this.track)
    if (!here) return { st1: ST1_NO_DATA, st2: cylinder === 0xff ? ST2_BAD_CYLINDER : ST2_WRONG_CYLINDER }
    if (idHead !== head || size !== SIZE_CODE || sector < 1 || sector > sectors) return { st1: ST1_NO_DATA, st2: 0 }
    return { lba: (cylinder * format.heads + head) * format.sectorsPerTrack + sector - 1 }
  }

  reset(): void {
    this.#changed = true
  }

  save(): StateRecord {
    return { track: this.track, changed: this.#changed }
  }

  restore(record: StateRecord): void {
    this.track = record['track'] as number
    this.#changed = record['changed'] as boolean
  }

  get #doubleSteps(): boolean {
    return this.#format !== undefined && this.#format.cylinders <= LAST_TRACK_40 && this.type !== '360k'
  }
}
