/**
 * How long things take in a floppy drive, in nanoseconds. A fast drive has its disk turn and its head step some hundred times
 * as fast as they ever did, but nothing is instantaneous: drivers count on hearing of the end after they have asked.
 */

/** What drives and controller take. */
export interface FloppyTiming {
  /** From the end of a reset to the interrupt. */
  readonly resetNs: number
  /** A whole seek of `steps`, at the step rate of SPECIFY (its upper four bits). */
  seekNs(steps: number, stepRate: number, rateKbps: number): number
  /** From `nowNs` until the sector (1 to `sectors`) has passed under the head. `spunUpNs` is when the motor is at its speed. */
  sectorNs(nowNs: number, spunUpNs: number, sector: number, sectors: number): number
  /** How long an ID is looked for before it is missed: two turns of the disk. */
  readonly searchNs: number
  /** Whether a drive without a disk keeps the controller waiting for ever, as without index pulses it does. */
  readonly hangsWithoutDisk: boolean
}

const MS = 1_000_000
const TURN_NS = 200 * MS
/** Part of a sector's time that is gap. */
const GAP = 0.1

/** Delays that only keep the order of things. */
export const FAST: FloppyTiming = {
  resetNs: 100_000,
  seekNs: (steps) => 300_000 + 10_000 * steps,
  sectorNs: () => 60_000,
  searchNs: 2 * MS,
  hangsWithoutDisk: false,
}

/** A drive with 300 turns a minute (data sheet 4.3; the step rate doubles at half the data rate, table 5-3). */
export const ACCURATE: FloppyTiming = {
  resetNs: 100_000,
  seekNs: (steps, stepRate, rateKbps) => Math.max(steps, 1) * (16 - stepRate) * MS * (500 / rateKbps) + 15 * MS,
  sectorNs: (nowNs, spunUpNs, sector, sectors) => {
    const fromNs = Math.max(nowNs, spunUpNs)
    const sectorNs = TURN_NS / sectors
    const angleNs = fromNs % TURN_NS
    const startNs = (sector - 1) * sectorNs
    const waitNs = (startNs - angleNs + TURN_NS) % TURN_NS
    // The gap before a sector is still there for a controller that has just finished the one before.
    const missed = waitNs < TURN_NS - sectorNs * GAP
    return fromNs - nowNs + (missed ? waitNs : 0) + sectorNs
  },
  searchNs: 2 * TURN_NS,
  hangsWithoutDisk: true,
}

/** From switching a motor on until the disk turns at its speed. */
export const SPIN_UP_NS = 300 * MS
