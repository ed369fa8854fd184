/**
 * The 64 Ki I/O ports. Devices register handlers for ranges; wider accesses than a handler offers are split into narrower
 * ones as the ISA bus does, low byte first. Unclaimed ports read as all ones and ignore writes.
 */

/** Accesses of one range. `port` is the absolute port number. Values are unsigned. */
export interface PortHandler {
  read8?(port: number): number
  write8?(port: number, value: number): void
  read16?(port: number): number
  write16?(port: number, value: number): void
  read32?(port: number): number
  write32?(port: number, value: number): void
}

const PORTS = 0x10000

/** The port address space of one machine. */
export class PortBus {
  readonly #map: (PortHandler | undefined)[] = new Array(PORTS).fill(undefined)

  /** Claims `count` ports from `first`. A later claim of the same port wins, as PCI devices may be moved over others. Returns the release. */
  register(first: number, count: number, handler: PortHandler): () => void {
    const before = this.#map.slice(first, first + count)
    for (let port = first; port < first + count; port++) this.#map[port & 0xffff] = handler
    return () => {
      for (let i = 0; i < count; i++) if (this.#map[first + i] === handler) this.#map[first + i] = before[i]
    }
  }

  read8(port: number): number {
    const handler = this.#map[port]
    return handler?.read8 ? handler.read8(port) & 0xff : 0xff
  }

  read16(port: number): number {
    const handler = this.#map[port]
    if (handler?.read16) return handler.read16(port) & 0xffff
    return this.read8(port) | (this.read8((port + 1) & 0xffff) << 8)
  }

  /** Result is unsigned. */
  read32(port: number): number {
    const handler = this.#map[port]
    if (handler?.read32) return handler.read32(port) >>> 0
    return (this.read16(port) | (this.read16((port + 2) & 0xffff) << 16)) >>> 0
  }

  write8(port: number, value: number): void {
    this.#map[port]?.write8?.(port, value & 0xff)
  }

  write16(port: number, value: number): void {
    const handler = this.#map[port]
    if (handler?.write16) handler.write16(port, value & 0xffff)
    else {
      this.write8(port, value)
      this.write8((port + 1) & 0xffff, value >>> 8)
    }
  }

  write32(port: number, value: number): void {
    const handler = this.#map[port]
    if (handler?.write32) handler.write32(port, value >>> 0)
    else {
      this.write16(port, value)
      this.write16((port + 2) & 0xffff, value >>> 16)
    }
  }
}
