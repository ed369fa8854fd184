/** Seeks of up to four drives at once (82077AA 5.2.3, 5.2.4): they run beside other commands and end with an interrupt. */
import type { Timer, TimerQueue } from '../../../time/timer-queue.ts'
import type { StateRecord } from '../../device.ts'
import type { FloppyDrive } from './floppy-drive.ts'
import { ST0_ABNORMAL, ST0_EQUIPMENT, ST0_HEAD, ST0_SEEK_END } from './registers.ts'

/** RECALIBRATE gives up after this many steps. */
const RECALIBRATE_STEPS = 79
const NO_STATUS = -1

/** A seek under way, or ended and not sensed yet. */
interface Seek {
  readonly timer: Timer
  /** Where to; -1 is outwards until the track 0 sensor answers. */
  target: number
  head: number
  /** Whether the drive's busy bit is set in the main status register. */
  busy: boolean
  /** Status of a seek that has ended, until it is sensed. */
  st0: number
}

/** The seeks of all drives. */
export class Seeks {
  readonly #drives: readonly FloppyDrive[]
  readonly #seeks: readonly Seek[]
  readonly #onEnd: () => void

  constructor(timers: TimerQueue, drives: readonly FloppyDrive[], onEnd: () => void) {
    this.#drives = drives
    this.#onEnd = onEnd
    this.#seeks = drives.map((_, unit) => ({
      timer: timers.create(`floppy seek ${unit}`, () => this.#end(unit)),
      target: 0,
      head: 0,
      busy: false,
      st0: NO_STATUS,
    }))
  }

  /** The drive busy bits of the main status register. */
  get busy(): number {
    return this.#seeks.reduce((bits, seek, unit) => bits | (seek.busy ? 1 << unit : 0), 0)
  }

  get anyEnded(): boolean {
    return this.#seeks.some((seek) => seek.st0 !== NO_STATUS)
  }

  seek(unit: number, head: number, target: number, delayNs: number): void {
    this.#start(unit, head, Math.max(target, 0), delayNs)
  }

  recalibrate(unit: number, delayNs: number): void {
    this.#start(unit, 0, -1, delayNs)
  }

  /** Takes the status of a seek that has ended. */
  takeEnded(): { readonly unit: number; readonly st0: number } | undefined {
    const unit = this.#seeks.findIndex((seek) => seek.st0 !== NO_STATUS)
    if (unit < 0) return undefined
    const seek = this.#seeks[unit]
    const { st0 } = seek
    seek.st0 = NO_STATUS
    seek.busy = false
    return { unit, st0 }
  }

  reset(): void {
    for (const seek of this.#seeks) {
      seek.timer.cancel()
      seek.busy = false
      seek.st0 = NO_STATUS
    }
  }

  save(): StateRecord {
    return {
      seeks: this.#seeks.map(({ timer, target, head, busy, st0 }) => ({
        deadlineNs: timer.armed ? timer.deadlineNs : -1,
        target,
        head,
        busy,
        st0,
      })),
    }
  }

  restore(record: StateRecord): void {
    const saved = record['seeks'] as readonly (Omit<Seek, 'timer'> & { readonly deadlineNs: number })[]
    this.#seeks.forEach((seek, unit) => {
      const { deadlineNs, target, head, busy, st0 } = saved[unit]
      Object.assign(seek, { target, head, busy, st0 })
      if (deadlineNs >= 0) seek.timer.arm(deadlineNs)
      else seek.timer.cancel()
    })
  }

  #start(unit: number, head: number, target: number, delayNs: number): void {
    const seek = this.#seeks[unit]
    seek.target = target
    seek.head = head
    seek.busy = true
    seek.st0 = NO_STATUS
    seek.timer.armAfter(delayNs)
  }

  #end(unit: number): void {
    const seek = this.#seeks[unit]
    const drive = this.#drives[unit]
    let status = ST0_SEEK_END | unit | (seek.head ? ST0_HEAD : 0)
    if (seek.target >= 0) drive.step(seek.target)
    else {
      drive.step(Math.max(drive.track - RECALIBRATE_STEPS, 0))
      if (!drive.exists || drive.track > 0) status |= ST0_ABNORMAL | ST0_EQUIPMENT
    }
    seek.st0 = status
    this.#onEnd()
  }
}
