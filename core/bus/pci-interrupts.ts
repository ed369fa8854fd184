/**
 * How the interrupt pins of PCI devices reach the interrupt controller: bus 0 wires pin p of device d to one of the four
 * PIRQ# lines in rotation, and the south bridge routes each of those to an ISA interrupt request (82371SB 2.1.6).
 */
import { type InterruptLine, SharedLine } from './interrupt-line.ts'

const PIRQS = 4

/** The four PIRQ lines and where each of them goes. */
export class PciInterruptRouter {
  readonly #irq: (line: number) => InterruptLine
  readonly #shared: readonly SharedLine[]
  readonly #levels = new Array<boolean>(PIRQS).fill(false)
  readonly #routes = new Array<number | undefined>(PIRQS).fill(undefined)
  /** One input of each request line for each PIRQ: a wire is level-triggered and shared. */
  readonly #outputs: readonly (readonly InterruptLine[])[]

  /** `irq` gives inputs of the ISA request lines, as `DeviceContext.irq`. */
  constructor(irq: (line: number) => InterruptLine) {
    this.#irq = irq
    this.#shared = Array.from(
      { length: PIRQS },
      (_, pirq) => new SharedLine({ set: (level) => this.#drive(pirq, level) }),
    )
    this.#outputs = Array.from({ length: PIRQS }, () => Array.from({ length: 16 }, (_, line) => this.#irq(line)))
  }

  /** A new input of the PIRQ that pin `pin` (1 = INTA#) of `device` is wired to. Device 1's INTA# is PIRQA#. */
  input(device: number, pin: number): InterruptLine {
    return this.#shared[(device + pin - 2) & 3].input()
  }

  /** Sends PIRQ `pirq` (0 = PIRQA#) to ISA request `line`, or nowhere. */
  route(pirq: number, line: number | undefined): void {
    if (this.#routes[pirq] === line) return
    const level = this.#levels[pirq]
    this.#drive(pirq, false)
    this.#routes[pirq] = line
    this.#drive(pirq, level)
  }

  #drive(pirq: number, level: boolean): void {
    this.#levels[pirq] = level
    const line = this.#routes[pirq]
    if (line !== undefined) this.#outputs[pirq][line].set(level)
  }
}
