/**
 * Intel PIIX3 (82371SB), function 0: the PCI to ISA bridge with the routing of PCI interrupts and the reset control register at
 * port CF9h. The ISA chips it integrates (interrupt controllers, timers, DMA) are devices of their own; so are its IDE function
 * and the power management function, which comes from its successor PIIX4.
 * Source: Intel 82371FB/82371SB data sheet (290550-002), 2.1 and 2.5.
 */
import { z } from '../../base/schema.ts'
import { PciConfig, type PciConfigState } from '../../bus/pci-config.ts'
import { PciInterruptRouter } from '../../bus/pci-interrupts.ts'
import { type Device, type DeviceContext, defineDevice, type StateRecord } from '../device.ts'

/** PIRQA# to PIRQD# route control (2.1.6): bit 7 disables, bits 3-0 are the ISA interrupt. */
const PIRQRC = 0x60
const PIRQS = 4
/** Interrupts that a PIRQ may be sent to; the others belong to timer, keyboard, cascade, clock and coprocessor. */
const ROUTABLE = 0b1101_1110_1111_1000
/** Reset control, port CF9h (2.5.6). */
const RESET_CPU = 0x04
const RESET_HARD = 0x02

/** There is nothing to set. */
const options = z.strictObject({})

/** Device 1, function 0. `interrupts` is what `DeviceContext.pciInterrupt` gives inputs of. */
export class Piix3 implements Device {
  readonly interrupts: PciInterruptRouter
  readonly #context: DeviceContext
  readonly #config = new PciConfig({
    vendorId: 0x8086,
    deviceId: 0x7000,
    classCode: 0x06_0100,
    multiFunction: true,
    subsystemVendorId: 0x1af4,
    subsystemId: 0x1100,
  })
  #resetControl = 0

  constructor(context: DeviceContext) {
    this.#context = context
    this.interrupts = new PciInterruptRouter((line) => context.irq(line))
    defineRegisters(this.#config)
    this.#config.onWrite = (offset, size) => {
      if (offset + size > PIRQRC && offset < PIRQRC + PIRQS) this.#route()
    }
    context.pci.add(1, 0, this.#config)
    context.pci.onResetControl = (value) => this.#writeResetControl(value)
    context.pci.readResetControl = () => this.#resetControl
  }

  reset(): void {
    this.#config.reset()
    this.#resetControl = 0
    this.#route()
  }

  save(): StateRecord {
    return { config: this.#config.save(), resetControl: this.#resetControl }
  }

  restore(record: StateRecord): void {
    this.#config.restore(record['config'] as PciConfigState)
    this.#resetControl = record['resetControl'] as number
    this.#route()
  }

  #route(): void {
    for (let pirq = 0; pirq < PIRQS; pirq++) {
      const value = this.#config.read(PIRQRC + pirq, 1)
      const line = value & 0x0f
      this.interrupts.route(pirq, value & 0x80 || !((ROUTABLE >>> line) & 1) ? undefined : line)
    }
  }

  /** The rising edge of bit 2 resets, bit 1 says whether the whole machine or only the processor. */
  #writeResetControl(value: number): void {
    const rising = value & ~this.#resetControl & RESET_CPU
    this.#resetControl = value & (RESET_CPU | RESET_HARD)
    if (rising) this.#context.request({ kind: value & RESET_HARD ? 'reset' : 'cpu-reset' })
  }
}

function defineRegisters(config: PciConfig): void {
  // I/O, memory and bus mastering cannot be turned off (2.1.3).
  config.define(0x04, 2, 0x0007, { writable: 0x0108 })
  config.define(0x06, 2, 0x0200, { clearable: 0x7800 })
  config.define(0x0c, 2, 0)
  config.define(0x3c, 1, 0)
  config.define(0x4c, 1, 0x4d, { writable: 0xff }) // ISA I/O recovery timer
  config.define(0x4e, 2, 0x0003, { writable: 0x01ff }) // X-bus chip select
  for (let pirq = 0; pirq < PIRQS; pirq++) config.define(PIRQRC + pirq, 1, 0x80, { writable: 0x8f })
  config.define(0x64, 1, 0x10, { writable: 0xff }) // serial interrupts
  config.define(0x69, 1, 0x02, { writable: 0xfe }) // top of memory
  config.define(0x6a, 2, 0, { writable: 0x0041, clearable: 0x8000 }) // miscellaneous status
  config.define(0x70, 2, 0x8080, { writable: 0xefef }) // motherboard device interrupt routes
  config.define(0x76, 2, 0x0c0c, { writable: 0x8f8f }) // motherboard device DMA
  config.define(0x78, 2, 0x0002, { writable: 0xffff }) // programmable chip select
  config.define(0x80, 1, 0, { writable: 0x7f }) // I/O APIC base address
  config.define(0x82, 1, 0, { writable: 0x0f }) // deterministic latency
  config.define(0xa0, 1, 0x08, { writable: 0x1f }) // SMI control
  config.define(0xa2, 2, 0, { writable: 0x00ff }) // SMI enable
  config.define(0xa4, 4, 0, { writable: 0xffff_ffff }) // system event enable
  config.define(0xa8, 1, 0x0f, { writable: 0xff }) // fast-off timer
  config.define(0xaa, 2, 0, { writable: 0x00ff }) // SMI request
  config.define(0xac, 1, 0, { writable: 0xff }) // clock throttle, low
  config.define(0xae, 1, 0, { writable: 0xff }) // clock throttle, high
}

export const piix3 = defineDevice({
  id: 'piix3',
  label: 'Intel PIIX3 ISA bridge',
  role: 'chipset',
  version: 1,
  options,
  create: (context) => new Piix3(context),
})
