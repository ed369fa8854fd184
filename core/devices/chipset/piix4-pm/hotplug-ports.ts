/**
 * The ports by which the ACPI tables in SeaBIOS ask a PIIX4 board for events and for cards that come and go: none ever do here.
 * Those tables name fixed ports that no data sheet has; where they read as unclaimed ports, every event is pending and every
 * card asks to be removed, and an operating system takes its whole PCI bus away.
 * Source: QEMU's specifications "ACPI BIOS PCI hotplug interface" and "ACPI BIOS CPU hotplug interface" (the older part).
 */
import type { PortBus } from '../../../bus/port-bus.ts'

/** Cards pending in and out, features, removable cards: a bit for each PCI device, four bytes each. */
const PCI_CARDS = 0xae00
const PCI_CARDS_PORTS = 16
/** A bit for each processor by its APIC number. */
const PROCESSORS = 0xaf00
const PROCESSORS_PORTS = 32
/** General purpose events: two bytes of status, two of enable. */
const EVENTS = 0xafe0
const EVENTS_PORTS = 4

export class HotplugPorts {
  /** Which events the operating system wants to hear of. */
  readonly enabled = new Uint8Array(2)
  readonly #releases: readonly (() => void)[]

  constructor(ports: PortBus) {
    this.#releases = [
      ports.register(PCI_CARDS, PCI_CARDS_PORTS, { read8: () => 0 }),
      ports.register(PROCESSORS, PROCESSORS_PORTS, { read8: (port) => (port === PROCESSORS ? 1 : 0) }),
      ports.register(EVENTS, EVENTS_PORTS, {
        read8: (port) => (port < EVENTS + 2 ? 0 : this.enabled[port - EVENTS - 2]),
        write8: (port, value) => {
          if (port >= EVENTS + 2) this.enabled[port - EVENTS - 2] = value
        },
      }),
    ]
  }

  release(): void {
    for (const release of this.#releases) release()
  }
}
