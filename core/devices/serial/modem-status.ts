/** The modem status register of a 16550A: four lines, what changed of them, and what loopback makes of them. */
import { z } from '../../base/schema.ts'
import { MCR, MSR } from './uart-registers.ts'

const byte = z.int().min(0).max(0xff)
/** The record of the modem lines. */
export const modemState = z.strictObject({ lines: byte, seen: byte, deltas: byte })
export type ModemState = z.infer<typeof modemState>

/** The modem's lines as the UART sees them. */
export interface ModemLines {
  readonly clearToSend: boolean
  readonly dataSetReady: boolean
  readonly ringIndicator: boolean
  readonly carrierDetect: boolean
}

/** A terminal is connected and ready. */
const CONNECTED: number = MSR.CTS | MSR.DSR | MSR.DCD

/** Upper half of the register and its deltas. */
export class ModemStatus {
  /** What the modem drives, also while loopback hides it. */
  #lines = CONNECTED
  #seen = CONNECTED
  #deltas = 0

  /** Whether a delta was not read yet. */
  get hasChanged(): boolean {
    return this.#deltas !== 0
  }

  /** The power-on state of the chip: the modem's lines stay as they are. */
  reset(): void {
    this.update(0)
    this.#deltas = 0
  }

  setLines(lines: ModemLines, modemControl: number): void {
    this.#lines =
      (lines.clearToSend ? MSR.CTS : 0) |
      (lines.dataSetReady ? MSR.DSR : 0) |
      (lines.ringIndicator ? MSR.RI : 0) |
      (lines.carrierDetect ? MSR.DCD : 0)
    this.update(modemControl)
  }

  /** Looks at the lines, or in loopback at RTS, DTR, OUT1 and OUT2, which come back as CTS, DSR, RI and DCD. */
  update(modemControl: number): void {
    const now = modemControl & MCR.LOOP ? loopedBack(modemControl) : this.#lines
    const changed = ((this.#seen ^ now) >> 4) & MSR.DELTAS
    // Of the ring indicator only the end of a ring counts.
    this.#deltas |= now & MSR.RI ? changed & ~MSR.TERI : changed
    this.#seen = now
  }

  /** Reads the register, which clears the deltas. */
  read(): number {
    const status = this.#seen | this.#deltas
    this.#deltas = 0
    return status
  }

  save(): ModemState {
    return { lines: this.#lines, seen: this.#seen, deltas: this.#deltas }
  }

  restore(state: ModemState): void {
    this.#lines = state.lines
    this.#seen = state.seen
    this.#deltas = state.deltas
  }
}

function loopedBack(modemControl: number): number {
  return (
    (modemControl & MCR.RTS ? MSR.CTS : 0) |
    (modemControl & MCR.DTR ? MSR.DSR : 0) |
    (modemControl & MCR.OUT1 ? MSR.RI : 0) |
    (modemControl & MCR.OUT2 ? MSR.DCD : 0)
  )
}
