/**
 * What every chip of the machine is: a descriptor in the catalogue (devices/catalogue.ts) that creates it from its options
 * and the machine's buses. A device imports no other device, no CPU and no machine; it meets them through `DeviceContext`.
 */
import type { Schema } from '../base/schema.ts'
import type { DmaService } from '../bus/dma.ts'
import type { InterruptLine } from '../bus/interrupt-line.ts'
import type { PciBus } from '../bus/pci-bus.ts'
import type { PortBus } from '../bus/port-bus.ts'
import type { AddressMap } from '../memory/address-map.ts'
import type { StateMigrations } from '../state/state-reader.ts'
import type { StateRecord } from '../state/state-value.ts'
import type { TimerQueue } from '../time/timer-queue.ts'
import type { VirtualClock } from '../time/virtual-clock.ts'

/** Where log lines go. Devices log odd guest behaviour rate-limited; nothing a guest does throws. */
export interface LogSink {
  debug(message: string): void
  info(message: string): void
  warn(message: string): void
}

/** The machine as a device sees it. */
export interface DeviceContext {
  readonly clock: VirtualClock
  readonly timers: TimerQueue
  readonly ports: PortBus
  readonly memory: AddressMap
  readonly pci: PciBus
  readonly dma: DmaService
  readonly log: LogSink
  /** ISA interrupt request `line` (0 to 15) of the PIC pair. Each call gives one more input of that (shared) wire. */
  irq(line: number): InterruptLine
  /** PCI interrupt pin (1 = INTA#) of `device` on bus 0, routed by the south bridge. */
  pciInterrupt(device: number, pin: number): InterruptLine
  /** Asks the machine to do something at the end of the current instruction. */
  request(action: MachineAction): void
}

/** What a chip may ask of the whole machine. `exit` carries the value written to the isa-debug-exit port. */
export type MachineAction =
  | { kind: 'reset' }
  | { kind: 'power-off' }
  | { kind: 'cpu-reset' }
  | { kind: 'exit'; value: number }

export type { StateRecord }

/** A living chip. `save` returns a plain record; `restore` takes one of the same version, when the machine is stopped. */
export interface Device {
  /** Back to the state after power-on (the RESET# pin). */
  reset(): void
  save(): StateRecord
  restore(record: StateRecord): void
  dispose?(): void
}

/** A row of the device catalogue. `version` rises whenever the saved record changes. */
export interface DeviceDescriptor<Options, Instance extends Device> {
  readonly id: string
  /** As users know it: "Intel 8254 timer". */
  readonly label: string
  readonly role:
    | 'chipset'
    | 'interrupt'
    | 'timer'
    | 'storage'
    | 'net'
    | 'display'
    | 'input'
    | 'audio'
    | 'serial'
    | 'usb'
    | 'debug'
  readonly version: number
  /** How records of older versions become the next one's. */
  readonly migrations?: StateMigrations
  readonly options: Schema<Options>
  create(context: DeviceContext, options: Options): Instance
}

/** Declares a descriptor with its types inferred. */
export function defineDevice<Options, Instance extends Device>(
  descriptor: DeviceDescriptor<Options, Instance>,
): DeviceDescriptor<Options, Instance> {
  return descriptor
}
