/**
 * Waits for text on the guest's text screen or on its serial lines. Serial output is remembered from the last match on, so
 * that what comes between two waits is not missed; the screen counts as it is.
 */
import type { Machine } from '../../core/machine/machine.ts'

/** Guest time between two looks at the screen. */
const SCREEN_GAP_NS = 20_000_000
/** Serial output that is remembered for a wait that has not begun. */
const MOST_CHARACTERS = 1 << 20

export interface TextWait {
  /** Null: nothing is looked for, only time passes. */
  readonly text: string | null
  /** On the guest's clock; Infinity: for ever. */
  readonly deadlineNs: number
  readonly background: boolean
  seen(where: 'screen' | 'serial' | 'nowhere'): void
}

export class TextWatch {
  readonly #machine: Machine
  #waits: TextWait[] = []
  /** What each port has sent since the last match, one character per byte. */
  readonly #serial = new Map<number, string>()
  #fresh = false
  #nextLookNs = 0

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** Whether a wait is under way that lets guest time pass. */
  get foreground(): boolean {
    return this.#waits.some(({ background }) => !background)
  }

  add(wait: TextWait): void {
    this.#waits.push(wait)
    this.#nextLookNs = 0
    this.#fresh = true
  }

  serialOutput(port: number, bytes: Uint8Array): void {
    const text =
      (this.#serial.get(port) ?? '') + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    this.#serial.set(port, text.length > MOST_CHARACTERS ? text.slice(-MOST_CHARACTERS / 2) : text)
    this.#fresh = true
  }

  /** Looks, and answers the waits that are over. `nowNs` is the guest's time, moved on by what it slept without a timer. */
  check(nowNs: number): void {
    if (this.#waits.length === 0) return
    if (this.#fresh) this.#lookAtSerial()
    this.#fresh = false
    if (nowNs >= this.#nextLookNs && this.#looking) {
      this.#nextLookNs = nowNs + SCREEN_GAP_NS
      this.#lookAtScreen()
    }
    this.#settle((wait) => (nowNs >= wait.deadlineNs ? 'nowhere' : undefined))
  }

  /** When the next look is due on the guest's clock, Infinity without a wait. */
  nextNs(): number {
    if (this.#waits.length === 0) return Number.POSITIVE_INFINITY
    const lookNs = this.#looking ? this.#nextLookNs : Number.POSITIVE_INFINITY
    return this.#waits.reduce((earliest, { deadlineNs }) => Math.min(earliest, deadlineNs), lookNs)
  }

  /** Whether some wait is for text, not for time alone. */
  get #looking(): boolean {
    return this.#waits.some(({ text }) => text !== null)
  }

  #lookAtSerial(): void {
    this.#settle((wait) => {
      if (wait.text === null) return undefined
      // A guest sends bytes; text beyond ASCII is looked for as UTF-8.
      const wanted = Buffer.from(wait.text, 'utf8').toString('latin1')
      for (const [port, sent] of this.#serial) {
        const at = sent.indexOf(wanted)
        if (at < 0) continue
        if (!wait.background) this.#serial.set(port, sent.slice(at + wanted.length))
        return 'serial'
      }
      return undefined
    })
  }

  #lookAtScreen(): void {
    const { lines } = this.#machine.display.text()
    const screen = lines.join('\n')
    this.#settle((wait) => (wait.text !== null && screen.includes(wait.text) ? 'screen' : undefined))
  }

  #settle(verdict: (wait: TextWait) => 'screen' | 'serial' | 'nowhere' | undefined): void {
    const waits = this.#waits
    this.#waits = []
    for (const wait of waits) {
      const where = verdict(wait)
      if (where) wait.seen(where)
      else this.#waits.push(wait)
    }
  }
}
