/**
 * PCI bus 0 and configuration mechanism #1 (ports 0xCF8 and 0xCFC, PCI Local Bus Specification 2.1, 3.7.4.1). Functions
 * register by device and function number and answer for their 256 bytes of configuration space themselves, usually with
 * `PciConfig` (pci-config.ts).
 */
import type { PortBus } from './port-bus.ts'

/** One PCI function's configuration space, accessed in naturally aligned 1, 2 or 4 bytes. Values are unsigned. */
export interface PciFunction {
  readConfig(offset: number, size: 1 | 2 | 4): number
  writeConfig(offset: number, size: 1 | 2 | 4, value: number): void
}

/** Bus 0 of the machine. */
export class PciBus {
  readonly #functions = new Map<number, PciFunction>()
  #address = 0

  /** Connects the configuration mechanism to the machine's ports. */
  attach(ports: PortBus): void {
    ports.register(0xcf8, 8, {
      // Only 32-bit accesses at 0xCF8 reach the address register; 0xCF9 is the reset control register, owned by the south bridge.
      read32: (port) => (port === 0xcf8 ? this.#address : this.#access(port, 4)),
      write32: (port, value) => {
        if (port === 0xcf8) this.#address = value & 0x80ff_fffc
        else this.#store(port, 4, value)
      },
      read16: (port) => this.#access(port, 2),
      write16: (port, value) => this.#store(port, 2, value),
      read8: (port) => (port === 0xcf9 ? this.readResetControl() : this.#access(port, 1)),
      write8: (port, value) => (port === 0xcf9 ? this.onResetControl(value) : this.#store(port, 1, value)),
    })
  }

  /** Writes to port 0xCF9 (reset control), which lies inside the configuration ports. Set by the south bridge. */
  onResetControl: (value: number) => void = () => {}
  /** What port 0xCF9 reads as. Set by the south bridge. */
  readResetControl: () => number = () => 0xff

  /** Adds a function at `device` (0 to 31) and `fn` (0 to 7). */
  add(device: number, fn: number, config: PciFunction): void {
    this.#functions.set((device << 3) | fn, config)
  }

  /** Reads configuration space directly, as firmware does. */
  readConfig(device: number, fn: number, offset: number, size: 1 | 2 | 4): number {
    return (
      this.#functions.get((device << 3) | fn)?.readConfig(offset, size) ??
      (size === 1 ? 0xff : size === 2 ? 0xffff : 0xffff_ffff)
    )
  }

  writeConfig(device: number, fn: number, offset: number, size: 1 | 2 | 4, value: number): void {
    this.#functions.get((device << 3) | fn)?.writeConfig(offset, size, value)
  }

  /** The value of the address register, for saved state. */
  get address(): number {
    return this.#address
  }

  set address(value: number) {
    this.#address = value
  }

  #selected(): PciFunction | undefined {
    if ((this.#address & 0x80ff_0000) !== (0x8000_0000 | 0)) return undefined // disabled, or another bus
    return this.#functions.get((this.#address >>> 8) & 0xff)
  }

  #access(port: number, size: 1 | 2 | 4): number {
    if (port < 0xcfc) return port === 0xcf8 && size === 4 ? this.#address >>> 0 : size === 1 ? 0xff : 0xffff
    const offset = (this.#address & 0xfc) | (port & 3)
    return this.#selected()?.readConfig(offset, size) ?? (size === 1 ? 0xff : size === 2 ? 0xffff : 0xffff_ffff)
  }

  #store(port: number, size: 1 | 2 | 4, value: number): void {
    if (port >= 0xcfc) this.#selected()?.writeConfig((this.#address & 0xfc) | (port & 3), size, value)
  }
}
