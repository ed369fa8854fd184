/**
 * The two cascaded 8259A of a PC/AT at ports 0x20 and 0xA0, with ELCR at 0x4D0. The slave sits on input 2 of the master, and
 * what ISA calls IRQ2 is wired to input 1 of the slave (IRQ9). One chip's behaviour is in i8259-chip.ts.
 *
 * After saved state is loaded, devices drive their wires again: restore the pair after everything that is wired to it, so
 * that those changes are not taken for edges.
 */
import { parseWith, z } from '../../base/schema.ts'
import { type InterruptLine, SharedLine } from '../../bus/interrupt-line.ts'
import { type Device, type DeviceContext, defineDevice, type StateRecord } from '../device.ts'
import { chipState, I8259Chip } from './i8259-chip.ts'

const CASCADE = 2
/** IRQ 0, 1, 2, 8 and 13 are always edge-triggered (82371SB, ELCR1 and ELCR2). */
const ELCR_MASK = { MASTER: 0xf8, SLAVE: 0xde } as const

const options = z.strictObject({})

const stateSchema = z.strictObject({ master: chipState, slave: chipState })

/** The machine's interrupt controller pair. */
export class I8259 implements Device {
  /** Called when the CPU's INTR pin changes. */
  onOutput: (level: boolean) => void = () => {}
  readonly #master = new I8259Chip({ isMaster: true, elcrMask: ELCR_MASK.MASTER })
  readonly #slave = new I8259Chip({ isMaster: false, elcrMask: ELCR_MASK.SLAVE })
  readonly #lines: readonly SharedLine[]
  readonly #releases: (() => void)[]

  constructor(context: DeviceContext) {
    this.#master.onOutput = (level) => this.onOutput(level)
    this.#slave.onOutput = (level) => this.#master.setLine(CASCADE, level)
    this.#lines = Array.from({ length: 16 }, (_, line) => {
      const chip = line < 8 ? this.#master : this.#slave
      return new SharedLine({ set: (level) => chip.setLine(line & 7, level) })
    })
    this.#releases = [
      context.ports.register(0x20, 2, portsOf(this.#master)),
      context.ports.register(0xa0, 2, portsOf(this.#slave)),
      context.ports.register(0x4d0, 2, {
        read8: (port) => (port === 0x4d0 ? this.#master : this.#slave).elcr,
        write8: (port, value) => {
          const chip = port === 0x4d0 ? this.#master : this.#slave
          chip.elcr = value
        },
      }),
    ]
  }

  /** One more input of the shared wire of ISA interrupt request `line` (0 to 15; 2 is 9). */
  irqInput(line: number): InterruptLine {
    return this.#lines[line === CASCADE ? 9 : line].input()
  }

  /** Whether INTR is active. */
  get pending(): boolean {
    return this.#master.output
  }

  /** The CPU's acknowledge cycles: the vector of the request that goes into service (a spurious one is vector 7 of its chip). */
  acknowledge(): number {
    const { level, spurious } = this.#master.acknowledge()
    if (spurious || !this.#master.hasSlave(level)) return this.#master.vectorBase | level
    // A level without a chip behind it leaves the data bus floating; only input 2 has one.
    if (level !== CASCADE) return 0xff
    return this.#slave.vectorBase | this.#slave.acknowledge().level
  }

  reset(): void {
    this.#slave.reset()
    this.#master.reset()
  }

  save(): StateRecord {
    return { master: this.#master.save(), slave: this.#slave.save() }
  }

  restore(record: StateRecord): void {
    const { master, slave } = parseWith(stateSchema, record, 'State of the interrupt controllers', 'state/corrupt')
    this.#slave.restore(slave)
    this.#master.restore(master)
  }

  dispose(): void {
    for (const release of this.#releases) release()
  }
}

function portsOf(chip: I8259Chip) {
  return {
    read8: (port: number) => (port & 1 ? chip.readData() : chip.readCommand()),
    write8: (port: number, value: number) => (port & 1 ? chip.writeData(value) : chip.writeCommand(value)),
  }
}

export const i8259 = defineDevice({
  id: 'i8259',
  label: 'Intel 8259A interrupt controllers',
  role: 'interrupt',
  version: 1,
  options,
  create: (context) => new I8259(context),
})
